/* Who waits for an output: from an edge of the graph to instances. Shared by the triggers, who tell
 * them, and the commands that take back what they were told. */
#ifndef ROUSE_POOL_CHILDREN_H
#define ROUSE_POOL_CHILDREN_H

#include "scheduler/config/workflow.h"

/* The points of the child instances that an edge (EDGE_TASK) leads to from `parent`, ascending. Of
 * an absolute trigger the first child only: that one is spawned by it. */
struct edge_children {
    const struct workflow *workflow;
    bool is_absolute;
    cycle_point absolute; /* POINT_NONE: none, or taken */
    struct offset_children relative;
};
void edge_children_begin(struct edge_children *children, const struct workflow *workflow,
                         const struct edge *edge, cycle_point parent);
/* POINT_NONE after the last. */
cycle_point edge_children_next(struct edge_children *children);

#endif

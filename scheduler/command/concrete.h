/* The graph between two points, task by task and point by point. Pure. */
#ifndef ROUSE_CONCRETE_H
#define ROUSE_CONCRETE_H

#include "base/vec.h"
#include "scheduler/config/workflow.h"

enum { CONCRETE_MAX = 10000000 }; /* nodes, and edges, of one graph */

struct concrete_node {
    const char *name; /* of a task or family; "@label" of an xtrigger */
    cycle_point point;
};
struct concrete_edge {
    struct concrete_node from, to;
};

struct concrete_request {
    cycle_point start;         /* POINT_NONE: the initial point */
    cycle_point stop;          /* POINT_NONE: the third point at which anything runs */
    bool suicide;              /* also edges that remove a task */
    const char *const *groups; /* families to be shown as one node; "<all>": all of them */
    size_t n_groups;
};

struct concrete { /* sorted, each once */
    VEC(struct concrete_node) nodes;
    VEC(struct concrete_edge) edges;
    VEC(char *) names; /* of xtriggers */
};

/* As Cylc draws it: an edge from before the first point is left out, [^] counts from `start`, and
 * nodes are sorted by name and number (integer cycling) or by the text of point and name. The
 * workflow must outlive it. -E2BIG if it has more than CONCRETE_MAX nodes or edges. */
int concrete_build(const struct workflow *workflow, const struct concrete_request *request,
                   struct concrete *ret_concrete, struct error *error);
/* The same between points as a user writes them; NULL or empty: none given. */
int concrete_between(const struct workflow *workflow, const char *start, const char *stop,
                     struct concrete_request request, struct concrete *ret_concrete,
                     struct error *error);
void concrete_release(struct concrete *concrete);

#endif

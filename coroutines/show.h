/* The read model as JSON: one instance in full or in short, a definition, the workflow. The names
 * of the items are those of Cylc 8.4's `show --json` and `dump`. */
#ifndef ROUSE_SHOW_H
#define ROUSE_SHOW_H

#include "coroutines/view.h"
#include <jansson.h>

/* An instance as a query sees it, in the pool or not. */
struct instance_view {
    cycle_point point;
    uint32_t task;
    const struct view_task *live; /* NULL: not in the pool */
    enum task_status status;
    struct flow_list flows;
    uint32_t submit;
    uint64_t outputs;
    bool past; /* not in the pool, and it has run */
};

/* Of an instance in the pool. */
struct instance_view instance_view_of(const struct view_task *task);

struct show_context {
    const struct view *view;
    const char *owner, *workflow_id;
};

/* All of it: definition, prerequisites, outputs, xtriggers. New references. */
json_t *show_instance(const struct show_context *context, const struct instance_view *instance);
/* What a list has of each: name, point, state, flags, flows, submit number, completed outputs. */
json_t *show_summary(const struct view *view, const struct instance_view *instance);
/* [meta] of a definition: title, description, URL and whatever else is there. */
json_t *show_meta(const struct key_value *meta, uint32_t n);
/* "1/a" */
char *show_name(const struct view *view, cycle_point point, uint32_t task);
/* "[1, 2]" */
char *show_flows(const struct flow_list *flows);

#endif

/* What the set command's outputs and prerequisites mean for one task. */
#ifndef ROUSE_POOL_SET_ITEMS_H
#define ROUSE_POOL_SET_ITEMS_H

#include "pool/inside.h"

/* The command's text: ids, one a line; after an empty line the items, one a line. */
void set_items_split(struct slice text, struct slice *ret_ids, struct slice *ret_items);

/* Outputs by name ("x", "succeed", "succeeded") or message; `required` (also: no items): those the
 * task cannot do without; `skip`: those of skip mode. What is no output of the task is added to
 * `problems`. */
uint64_t set_items_outputs(const struct workflow *workflow, uint32_t task, struct slice items,
                           struct text *problems);

struct set_child {
    cycle_point point;
    uint32_t task;
    struct instance *instance; /* NULL: only look what could be satisfied */
};

/* Satisfies by force what the items name: "all" (conditions; not xtriggers
 * apart from them), "CYCLE/TASK[:OUTPUT]",
 * "xtrigger/LABEL", "xtrigger/all". Says what it did, no more: the caller looks what follows from
 * it. What the child does not wait for is added to `problems`. False if it is all of them. Before
 * the instance is there any xtrigger of the workflow may be one of its. */
bool set_items_satisfy(struct pool *pool, const struct set_child *child, struct slice items,
                       struct text *problems);

#endif

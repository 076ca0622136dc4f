/* What the pool remembers of instances it no longer holds: so that none runs twice in a flow and no
 * submit number is used again. What lies behind the horizon is only in the database. */
#ifndef ROUSE_POOL_HISTORY_H
#define ROUSE_POOL_HISTORY_H

#include "pool/cycle.h"
#include "pool/flow.h"

struct past {
    cycle_point point; /* point and task: the key */
    uint32_t task;
    uint32_t submit;
    uint64_t outputs;
    const struct flow_list *flows;
    struct past *older; /* the same instance in other flows */
    struct past *next_in_cycle;
    UT_hash_handle hh;
    enum task_status status;
    bool flow_wait;
    bool is_all; /* first of a chain: nothing more of it is in the database alone */
};

struct history { /* all zero: empty, nothing behind the horizon */
    struct past *table;
    cycle_point horizon; /* of points before this one the database knows more */
};

void history_init(struct history *history);
void history_release(struct history *history);
/* Newest first, by `older`; NULL if nothing is known. */
struct past *history_find(const struct history *history, cycle_point point, uint32_t task);
/* Remember `past` (copied; flows: the one copy). The same flows once more: the newer counts. */
void history_add(struct history *history, struct cycle *cycle, const struct past *past);
/* Forget all of one cycle. */
void history_forget(struct history *history, struct cycle *cycle);

/* Out of these flows (none: out of all); what is left of it counts for the others only. */
void history_leave(struct history *history, struct flow_sets *sets, cycle_point point,
                   uint32_t task, const struct flow_list *flows);

/* Highest submit number of a chain; 0 for none. */
uint32_t past_submit(const struct past *past);
/* The finished run among those that overlap `flows`, else any that overlaps, else NULL. */
const struct past *past_in(const struct past *past, const struct flow_list *flows);

#endif

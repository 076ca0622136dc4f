/* Prerequisites: which of a task's conditions hold, given a bit for each atom that is satisfied.
 * Conditions that only join atoms by AND, the usual ones, are a comparison of bit masks. */
#ifndef ROUSE_POOL_PREREQUISITE_H
#define ROUSE_POOL_PREREQUISITE_H

#include "base/bits.h"
#include "scheduler/config/workflow.h"

/* A condition in postfix order over the bits; no terms: true. */
bool terms_hold(const struct term *terms, uint32_t n, const uint64_t *bits);

struct condition {
    bool all;       /* every atom of `mask`; else the terms decide */
    uint64_t *mask; /* atoms it speaks of */
};

struct conditions { /* of all tasks; immutable */
    const struct graph *graph;
    struct condition **of_task; /* by task, then dependency */
};

void conditions_init(struct conditions *conditions, const struct graph *graph);
void conditions_release(struct conditions *conditions);

/* Whether dependency `d` of the task counts at point: its sequence contains it. */
bool conditions_apply(const struct conditions *conditions, uint32_t task, uint32_t d,
                      cycle_point point);
/* All dependencies that apply, apart from suicide ones. */
bool conditions_hold(const struct conditions *conditions, uint32_t task, cycle_point point,
                     const uint64_t *bits);
/* There is a suicide dependency that applies, and all of them hold. */
bool conditions_suicide(const struct conditions *conditions, uint32_t task, cycle_point point,
                        const uint64_t *bits);
/* Some dependency that applies speaks of the atom. */
bool conditions_mention(const struct conditions *conditions, uint32_t task, cycle_point point,
                        uint32_t atom);

#endif

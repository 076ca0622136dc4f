/* Prerequisites: which of a task's conditions hold, given a bit for each atom that is satisfied.
 * Conditions that only join atoms by AND, the usual ones, are a comparison of bit masks. */
#ifndef ROUSE_POOL_PREREQUISITE_H
#define ROUSE_POOL_PREREQUISITE_H

#include "base/bits.h"
#include "scheduler/config/workflow.h"

/* A condition over the bits; no terms: true. PRE: it speaks of no xtriggers. */
bool terms_hold(const struct term *terms, uint32_t n, const uint64_t *bits);

/* What holds of an instance's conditions. */
struct truth {
    const uint64_t *bits;  /* satisfied atoms; NULL: take all of them as satisfied */
    uint64_t alternatives; /* satisfied xtriggers, by number among the task's alternatives */
};

struct condition {
    bool all;       /* every atom of `mask`; else the terms decide */
    uint64_t *mask; /* atoms it speaks of */
};

struct conditions { /* of all tasks; immutable but for `strays` */
    const struct graph *graph;
    struct condition **of_task; /* by task, then dependency */
    bool strays; /* there may be instances off their task's sequences: it was defined otherwise */
};

void conditions_init(struct conditions *conditions, const struct graph *graph);
void conditions_release(struct conditions *conditions);

/* Whether dependency `d` of the task counts at point: its sequence contains it. */
bool conditions_apply(const struct conditions *conditions, uint32_t task, uint32_t d,
                      cycle_point point);
/* All dependencies that apply, apart from suicide ones. */
bool conditions_hold(const struct conditions *conditions, uint32_t task, cycle_point point,
                     const struct truth *truth);
/* There is a suicide dependency that applies, and all of them hold. */
bool conditions_suicide(const struct conditions *conditions, uint32_t task, cycle_point point,
                        const struct truth *truth);
/* Some dependency that applies speaks of the atom. */
bool conditions_mention(const struct conditions *conditions, uint32_t task, cycle_point point,
                        uint32_t atom);

#endif

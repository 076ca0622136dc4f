/* The ready queue and dispatcher of one loop: an intrusive FIFO of coroutines. */
#ifndef ROUSE_READY_H
#define ROUSE_READY_H

#include "coroutines/co.h"

struct ready {
    struct co *head, *tail;
    struct co *running;
    uint64_t n;
    uint64_t resumed; /* how many resumptions so far */
    uint64_t now;     /* microseconds, monotonic: set by the env once a turn */
    /* Called when the queue stops being empty, so that the loop takes a turn. May be NULL. */
    void (*on_first)(void *context);
    void *context;
    struct profile *profile; /* NULL: nothing is measured */
    /* Simulation: which of n coroutines runs next (0 = the oldest). NULL: always the oldest. */
    uint64_t (*choose)(void *context, uint64_t n);
};

void ready_init(struct ready *ready);
/* Resume at most `max` coroutines; true if more are ready. */
bool ready_run(struct ready *ready, unsigned max);

#endif

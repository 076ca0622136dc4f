/* Deadlines of coroutines: a heap; the world supplies one alarm for each clock. */
#ifndef ROUSE_TIMERS_H
#define ROUSE_TIMERS_H

#include "base/heap.h"
#include "coroutines/co.h"

struct env_timer {
    struct co *co;     /* woken when it fires */
    uint64_t deadline; /* microseconds */
    uint64_t order;    /* breaks ties: first started, first fired */
    size_t index;      /* in the heap, from 1; 0 = not started */
    bool fired;
};

/* One heap for one clock. Zero-initialised is empty. */
struct timers {
    struct heap heap;
    uint64_t order;
};

void timers_add(struct timers *timers, struct env_timer *timer, struct co *co, uint64_t deadline);
void timers_remove(struct timers *timers, struct env_timer *timer); /* not started: no effect */
/* UINT64_MAX when empty. */
uint64_t timers_next(const struct timers *timers);
/* Fire (set fired, wake) everything due at `now`, in order of deadline. Returns how many. */
size_t timers_fire(struct timers *timers, uint64_t now);
void timers_release(struct timers *timers);

#endif

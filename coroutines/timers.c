/* Timers of one clock, on a heap. */
#include "coroutines/timers.h"

#include "base/banned.h"

static bool fires_before(const void *a, const void *b)
{
    const struct env_timer *x = a, *y = b;
    return x->deadline != y->deadline ? x->deadline < y->deadline : x->order < y->order;
}

static size_t *place(void *timer)
{
    return &((struct env_timer *)timer)->index;
}

static const struct heap_type timer_heap = {fires_before, place};

void timers_add(struct timers *timers, struct env_timer *timer, struct co *co, uint64_t deadline)
{
    PRE(timer->index == 0);
    timers->heap.type = &timer_heap;
    *timer = (struct env_timer){.co = co, .deadline = deadline, .order = timers->order++};
    heap_add(&timers->heap, timer);
}

void timers_remove(struct timers *timers, struct env_timer *timer)
{
    if (timer->index)
        heap_remove(&timers->heap, timer);
}

uint64_t timers_next(const struct timers *timers)
{
    const struct env_timer *first = heap_first(&timers->heap);
    return first ? first->deadline : UINT64_MAX;
}

size_t timers_fire(struct timers *timers, uint64_t now)
{
    size_t fired = 0;
    for (struct env_timer *timer; (timer = heap_first(&timers->heap)) && timer->deadline <= now;) {
        heap_remove(&timers->heap, timer);
        timer->fired = true;
        co_wake(timer->co);
        fired++;
    }
    return fired;
}

void timers_release(struct timers *timers)
{
    heap_release(&timers->heap);
}

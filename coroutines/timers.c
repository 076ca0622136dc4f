/* A binary heap of timers that know their place in it. heap[0] is unused, so that index 0 can mean
 * "not started". */
#include "coroutines/timers.h"
#include "base/memory.h"
#include <stdlib.h>

#include "base/banned.h"

static bool before(const struct env_timer *a, const struct env_timer *b)
{
    return a->deadline != b->deadline ? a->deadline < b->deadline : a->order < b->order;
}

static void put(struct timers *timers, size_t index, struct env_timer *timer)
{
    timers->heap[index] = timer;
    timer->index = index;
}

static void sift_up(struct timers *timers, size_t index)
{
    struct env_timer *timer = timers->heap[index];
    while (index > 1 && before(timer, timers->heap[index / 2])) {
        put(timers, index, timers->heap[index / 2]);
        index /= 2;
    }
    put(timers, index, timer);
}

static void sift_down(struct timers *timers, size_t index)
{
    struct env_timer *timer = timers->heap[index];
    for (;;) {
        size_t child = index * 2;
        if (child > timers->n)
            break;
        if (child < timers->n && before(timers->heap[child + 1], timers->heap[child]))
            child++;
        if (!before(timers->heap[child], timer))
            break;
        put(timers, index, timers->heap[child]);
        index = child;
    }
    put(timers, index, timer);
}

void timers_add(struct timers *timers, struct env_timer *timer, struct co *co, uint64_t deadline)
{
    PRE(timer->index == 0);
    if (timers->n + 1 >= timers->capacity) {
        timers->capacity = timers->capacity ? timers->capacity * 2 : 16;
        timers->heap = mem_resize_array(timers->heap, timers->capacity, sizeof *timers->heap);
    }
    *timer = (struct env_timer){.co = co, .deadline = deadline, .order = timers->order++};
    put(timers, ++timers->n, timer);
    sift_up(timers, timers->n);
}

void timers_remove(struct timers *timers, struct env_timer *timer)
{
    size_t index = timer->index;
    if (!index)
        return;
    INVARIANT(timers->heap[index] == timer);
    struct env_timer *last = timers->heap[timers->n--];
    timer->index = 0;
    if (last == timer)
        return;
    put(timers, index, last);
    sift_up(timers, index);
    sift_down(timers, last->index);
}

uint64_t timers_next(const struct timers *timers)
{
    return timers->n ? timers->heap[1]->deadline : UINT64_MAX;
}

size_t timers_fire(struct timers *timers, uint64_t now)
{
    size_t fired = 0;
    while (timers->n && timers->heap[1]->deadline <= now) {
        struct env_timer *timer = timers->heap[1];
        timers_remove(timers, timer);
        timer->fired = true;
        co_wake(timer->co);
        fired++;
    }
    return fired;
}

void timers_release(struct timers *timers)
{
    free(timers->heap);
    *timers = (struct timers){0};
}

/* Entering states, and the ready queue: co.h and ready.h are two views of one thing. */
#include "coroutines/ready.h"
#include "base/trace.h"
#include "coroutines/co.h"
#include "coroutines/profile.h"
#include <stddef.h>

#include "base/banned.h"

void co_init(struct co *co, const struct co_type *type, struct ready *ready)
{
    *co = (struct co){.type = type, .ready = ready, .since = ready->now};
}

void co_wake(struct co *co)
{
    if (co->queued)
        return;
    struct ready *ready = co->ready;
    co->queued = true;
    co->next = NULL;
    bool first = !ready->head;
    if (first)
        ready->head = co;
    else
        ready->tail->next = co;
    ready->tail = co;
    ready->n++;
    if (first && ready->on_first)
        ready->on_first(ready->context);
}

/* Take the coroutine after `previous` (NULL: the first) out of the queue. */
static struct co *unlink_after(struct ready *ready, struct co *previous)
{
    struct co *co = previous ? previous->next : ready->head;
    if (previous)
        previous->next = co->next;
    else
        ready->head = co->next;
    if (ready->tail == co)
        ready->tail = previous;
    co->next = NULL;
    co->queued = false;
    ready->n--;
    return co;
}

void co_cancel(struct co *co)
{
    if (!co->queued)
        return;
    struct co *previous = NULL;
    for (struct co *each = co->ready->head; each != co; each = each->next)
        previous = each;
    unlink_after(co->ready, previous);
}

const char *co_state_name(const struct co *co)
{
    PRE(co->state < co->type->n_states);
    return co->type->states[co->state];
}

void co_enter(struct co *co, unsigned state)
{
    PRE(state < co->type->n_states);
    if (co->state == state)
        return;
    co->state = (uint16_t)state;
    co->since = co->ready->now;
    trace(co->type->name, (int64_t)state, 0);
}

void ready_init(struct ready *ready)
{
    *ready = (struct ready){0};
}

static struct co *take_next(struct ready *ready)
{
    struct co *previous = NULL;
    if (ready->choose && ready->n > 1) {
        uint64_t skip = ready->choose(ready->context, ready->n);
        INVARIANT(skip < ready->n);
        for (; skip; skip--)
            previous = previous ? previous->next : ready->head;
    }
    return unlink_after(ready, previous);
}

bool ready_run(struct ready *ready, unsigned max)
{
    PRE(!ready->running);
    for (; max && ready->head; max--) {
        struct co *co = take_next(ready);
        ready->running = co;
        ready->resumed++;
        const struct co_type *type = co->type;
        uint64_t began = ready->profile ? profile_now(ready->profile) : 0;
        enum co_result result = type->step(co);
        if (ready->profile)
            profile_add(ready->profile, type, began);
        ready->running = NULL;
        if (result == CO_READY)
            co_wake(co);
        else if (result == CO_DONE) {
            co_cancel(co);
            if (co->type->done)
                co->type->done(co);
        }
    }
    return ready->head != NULL;
}

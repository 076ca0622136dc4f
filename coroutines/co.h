/* Stackless coroutines with named states.
 *
 * A coroutine is a struct that begins with a struct co, and a step function that is entered again
 * at the state it was left in:
 *
 *     enum fetch_state { FETCH_START, FETCH_WAITING, FETCH_END };
 *     struct fetch { struct co co; struct env_timer timer; };
 *
 *     static enum co_result fetch_step(struct co *co)
 *     {
 *         struct fetch *self = (struct fetch *)co;
 *         CO_BEGIN(co, fetch_state, FETCH_START);
 *         env_timer_start(...);
 *         CO_AWAIT(co, FETCH_WAITING, self->timer.fired);
 *         ...
 *         CO_END(co, FETCH_END);
 *     }
 *
 * The switch names every state exactly once: a forgotten or doubled one does not compile
 * (-Wswitch-enum, -Werror); a corrupt state aborts. Nothing local survives an await: keep it in the
 * struct. A coroutine sleeps until co_wake; wakes may be spurious, so an await re-tests its
 * condition. Only the dispatcher (ready.h) calls step functions. */
#ifndef ROUSE_CO_H
#define ROUSE_CO_H

#include "base/check.h"
#include <stdbool.h>
#include <stdint.h>

enum co_result {
    CO_ASLEEP, /* waits for a wake */
    CO_READY,  /* has more to do: goes to the end of the ready queue (bounded work a turn) */
    CO_DONE    /* over: `done` is called, then nobody touches the coroutine any more */
};

struct co;
struct ready;
typedef enum co_result co_step(struct co *co);

/* One for each kind of coroutine. */
struct co_type {
    const char *name;
    co_step *step;
    const char *const *states; /* names by state number, for `rouse why` */
    unsigned n_states;
    void (*done)(struct co *co); /* after CO_DONE; usually frees; may be NULL */
};

struct co {
    const struct co_type *type;
    struct ready *ready;
    struct co *next; /* in the ready queue */
    uint64_t since;  /* microseconds, monotonic: when `state` was entered */
    uint16_t state;
    bool queued; /* is in the ready queue */
};

/* Embed; state 0 is the first. It sleeps until the first co_wake. */
void co_init(struct co *co, const struct co_type *type, struct ready *ready);
/* Put it at the end of the ready queue, once; O(1). Never runs it. */
void co_wake(struct co *co);
/* Take it out of the ready queue if it is there (before its owner frees it). O(length). */
void co_cancel(struct co *co);
const char *co_state_name(const struct co *co);
/* Used by the macros. */
void co_enter(struct co *co, unsigned state);

#define CO_BEGIN(co_, enum_, first_)                                                               \
    switch ((enum enum_)(co_)->state) {                                                            \
    default:                                                                                       \
        IMPOSSIBLE("corrupt coroutine state");                                                     \
    case first_:

/* Wait here, at `state_`, until condition holds. */
#define CO_AWAIT(co_, state_, condition_)                                                          \
    co_enter((co_), (state_));                                                                     \
    __attribute__((fallthrough));                                                                  \
    case state_:                                                                                   \
        if (!(condition_))                                                                         \
        return CO_ASLEEP

/* Let others run, then go on from `state_`. */
#define CO_YIELD(co_, state_)                                                                      \
    co_enter((co_), (state_));                                                                     \
    return CO_READY;                                                                               \
    case state_:                                                                                   \
        (void)0

#define CO_END(co_, last_)                                                                         \
    co_enter((co_), (last_));                                                                      \
    __attribute__((fallthrough));                                                                  \
    case last_:                                                                                    \
        break;                                                                                     \
        }                                                                                          \
        return CO_DONE

#endif

/* See host_builtin.h. A function may be woken from any thread: the woken stand in a list under a
 * lock, and a bell calls the loop to empty it. */
#include "coroutines/host_builtin.h"
#include "base/memory.h"
#include "coroutines/plugin_thread.h"
#include "xtriggers/loader.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct blocking { /* a function with a thread */
    const struct rouse_xtrigger *xtrigger;
    struct plugin_thread *thread;
    bool left_behind; /* hangs */
    struct blocking *next;
};

struct host_builtin {
    struct host host;
    struct co co;
    struct actor *actor;
    struct blocking *blocking;
    bool hung; /* some thread was left behind */
    struct env_bell bell;
    pthread_mutex_t lock;
    struct rouse_waker *woken; /* under the lock */
};

/* What the host knows of a call: its waker is given to the function. */
struct rouse_waker {
    struct host_builtin *builtin;
    struct host_call *call;
    const struct rouse_xtrigger *xtrigger;
    bool on_thread;           /* its thread has it */
    bool woken;               /* under the lock, with next */
    struct rouse_waker *next; /* in the list of the woken */
};

static struct env *env_of(const struct host_builtin *self)
{
    return self->actor->context->env;
}

static struct host_call *host_call_of(struct call *call)
{
    return (struct host_call *)((char *)call - offsetof(struct host_call, call));
}

/* --- being woken --- */

static void wake(struct rouse_waker *waker)
{
    struct host_builtin *self = waker->builtin;
    pthread_mutex_lock(&self->lock);
    bool first = !self->woken;
    if (!waker->woken) {
        waker->woken = true;
        waker->next = self->woken;
        self->woken = waker;
    }
    if (first && self->bell.backend)
        env_of(self)->ops->bell_ring(&self->bell);
    pthread_mutex_unlock(&self->lock);
}

static void wake_the_woken(struct host_builtin *self)
{
    pthread_mutex_lock(&self->lock);
    while (self->woken) {
        struct rouse_waker *waker = self->woken;
        self->woken = waker->next;
        waker->woken = false;
        watch_woken(waker->call);
    }
    pthread_mutex_unlock(&self->lock);
}

static void forget_wake(struct rouse_waker *waker)
{
    struct host_builtin *self = waker->builtin;
    pthread_mutex_lock(&self->lock);
    struct rouse_waker **at = &self->woken;
    while (waker->woken && *at != waker)
        at = &(*at)->next;
    if (waker->woken)
        *at = waker->next;
    pthread_mutex_unlock(&self->lock);
}

/* --- asking --- */

static struct plugin_thread *thread_of(struct host_builtin *self,
                                       const struct rouse_xtrigger *xtrigger, struct error *error)
{
    struct blocking *blocking = self->blocking;
    while (blocking && blocking->xtrigger != xtrigger)
        blocking = blocking->next;
    if (blocking)
        return blocking->thread;
    struct plugin_thread *thread = plugin_thread_create(env_of(self), &self->co, xtrigger, error);
    if (!thread)
        return NULL;
    blocking = NEW(struct blocking);
    *blocking = (struct blocking){.xtrigger = xtrigger, .thread = thread, .next = self->blocking};
    self->blocking = blocking;
    return thread;
}

static struct rouse_waker *seat_of(struct host_builtin *self, struct host_call *call)
{
    if (call->seat)
        return call->seat;
    struct rouse_waker *waker = NEW(struct rouse_waker);
    *waker = (struct rouse_waker){
        .builtin = self, .call = call, .xtrigger = builtin_find(call->call.function)};
    PRE(waker->xtrigger);
    call->seat = waker;
    call->call.call.waker = waker;
    call->call.call.wake = wake;
    call->wants_kept = waker->xtrigger->kept != NULL;
    return waker;
}

static void log_lines(struct host_call *call)
{
    size_t at = 0;
    for (const char *line; (line = call_log_line(&call->call, &at));)
        watch_log(call, line);
    text_clear(&call->call.log);
}

static void say_answer(struct host_call *call)
{
    log_lines(call);
    watch_answered(call);
}

static void ask(struct host *host, struct host_call *call)
{
    struct host_builtin *self = (struct host_builtin *)host;
    struct rouse_waker *seat = seat_of(self, call);
    if (!(seat->xtrigger->flags & ROUSE_BLOCKS)) {
        call_ask(&call->call, seat->xtrigger);
        say_answer(call);
        return;
    }
    struct error error = {0};
    struct plugin_thread *thread = thread_of(self, seat->xtrigger, &error);
    if (thread) {
        seat->on_thread = true;
        plugin_thread_ask(thread, &call->call);
        return;
    }
    call_clear_answer(&call->call);
    call->call.verdict = ROUSE_ERROR;
    text_add(&call->call.failure, error.text);
    watch_answered(call);
}

static bool cancel(struct host *host, struct host_call *call)
{
    (void)host;
    struct rouse_waker *seat = call->seat;
    if (!seat)
        return true;
    if (seat->on_thread)
        return false;
    if (seat->xtrigger->drop)
        seat->xtrigger->drop(&call->call.call);
    forget_wake(seat);
    free(seat);
    call->seat = NULL;
    return true;
}

static void kept(struct host *host, struct host_call *call)
{
    (void)host;
    const struct rouse_waker *seat = call->seat;
    seat->xtrigger->kept(&call->call.call);
}

static const struct host_type builtin_type = {.ask = ask, .cancel = cancel, .kept = kept};

/* --- what comes from the threads --- */

enum builtin_state { BUILTIN_LISTENING, BUILTIN_ENDED };
static const char *const builtin_states[] = {"listening", "ended"};

static void take_answers(struct blocking *blocking)
{
    for (struct call *call; (call = plugin_thread_answer(blocking->thread));) {
        struct host_call *back = host_call_of(call);
        ((struct rouse_waker *)back->seat)->on_thread = false;
        say_answer(back);
    }
}

static enum co_result builtin_step(struct co *co)
{
    struct host_builtin *self =
        (struct host_builtin *)((char *)co - offsetof(struct host_builtin, co));
    self->bell.rung = false;
    wake_the_woken(self);
    for (struct blocking *blocking = self->blocking; blocking; blocking = blocking->next)
        take_answers(blocking);
    return CO_ASLEEP;
}

static const struct co_type builtin_co = {"built-in xtriggers", builtin_step, builtin_states,
                                          BUILTIN_ENDED + 1, NULL};

/* --- its life --- */

struct host_builtin *host_builtin_create(struct actor *actor)
{
    struct host_builtin *self = NEW(struct host_builtin);
    self->host.type = &builtin_type;
    self->actor = actor;
    pthread_mutex_init(&self->lock, NULL);
    struct env *env = env_of(self);
    co_init(&self->co, &builtin_co, &env->ready);
    int result = env->ops->bell_open(env, &self->bell, &self->co);
    INVARIANT(result == 0);
    return self;
}

struct host *host_builtin_host(struct host_builtin *self)
{
    return &self->host;
}

/* What has come back, and what was not begun. */
static void reclaim_calls(struct plugin_thread *thread)
{
    struct call *call;
    while ((call = plugin_thread_answer(thread)) || (call = plugin_thread_take_back(thread)))
        ((struct rouse_waker *)host_call_of(call)->seat)->on_thread = false;
}

void host_builtin_end(struct host_builtin *self)
{
    for (struct blocking *blocking = self->blocking; blocking; blocking = blocking->next) {
        reclaim_calls(blocking->thread);
        blocking->left_behind = !plugin_thread_destroy(blocking->thread);
        if (!blocking->left_behind)
            continue;
        self->hung = true;
        actor_log(self->actor, LOG_WARNING_LEVEL, "xtrigger %s hangs: its thread is left behind",
                  blocking->xtrigger->name);
    }
    struct env *env = env_of(self);
    pthread_mutex_lock(&self->lock);
    env->ops->bell_close(env, &self->bell);
    pthread_mutex_unlock(&self->lock);
    co_cancel(&self->co);
}

void host_builtin_destroy(struct host_builtin *self)
{
    if (!self || self->hung)
        return;
    while (self->blocking) {
        struct blocking *blocking = self->blocking;
        self->blocking = blocking->next;
        free(blocking);
    }
    pthread_mutex_destroy(&self->lock);
    free(self);
}

/* The xtriggers: one small coroutine (a watch) for each distinct signature somebody waits for.
 *
 * A watch asks its plugin; "not yet" says when to ask again (after some seconds, at a time, when a
 * file changes), and the watch sleeps until the first of these. Satisfied signatures are remembered
 * until nobody waits for them, and over restarts. A plugin that blocks is asked on a thread of its
 * own. */
#include "base/memory.h"
#include "base/table.h"
#include "coroutines/actor.h"
#include "coroutines/plugin_thread.h"
#include "coroutines/xtrigger_check.h"
#include "db/restart.h"
#include "xtriggers/loader.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { RETRY_INTERVAL = 10 }; /* seconds, where a definition gives none */
/* Seconds. However a plugin would have it: nobody is asked in a busy loop or after the end of time.
 */
static const double ask_delay_min = 0.01, ask_delay_max = 1e9, ask_time_max = 1e12;

struct blocking { /* an xtrigger with a thread */
    const struct rouse_xtrigger *xtrigger;
    struct plugin_thread *thread;
    bool left_behind; /* hangs in the plugin */
    struct blocking *next;
};

struct xtriggers {
    struct actor actor;
    struct loader *loader;
    struct watch *watches;  /* by signature */
    struct watch *orphans;  /* dropped while their plugin was being asked */
    struct result *results; /* satisfied before this start */
    struct blocking *blocking;
    bool hung; /* some thread was left behind */
};

struct result {
    char *signature, *results;
    UT_hash_handle hh;
};

enum watch_state { WATCH_START, WATCH_ASKED, WATCH_WAITING, WATCH_SATISFIED, WATCH_ENDED };
static const char *const watch_states[] = {"start", "being asked", "waiting to be asked again",
                                           "satisfied", "ended"};

struct watch {
    struct co co;
    struct xtriggers *owner;
    struct call call;
    const struct rouse_xtrigger *xtrigger;
    double interval;
    struct env_timer timer; /* interval or again_after */
    struct env_timer clock; /* again_at */
    struct env_watch file;  /* again_when_changed */
    char *followed;         /* the path `file` is watching; NULL: none */
    unsigned changes_seen;  /* of it, before the last question */
    bool asked_twice; /* a path is new: asked again at once, for what came before we watched */
    bool unwatchable; /* the watch broke: the interval holds */
    bool asked;       /* on the plugin's thread */
    bool dropped;     /* nobody waits any more */
    struct watch *next_orphan, *previous_orphan;
    UT_hash_handle hh;
};

static struct env *env_of(const struct xtriggers *self)
{
    return self->actor.context->env;
}

/* --- saying --- */

static void say(struct xtriggers *self, enum topic topic, const char *signature, const char *detail)
{
    actor_say(
        &self->actor,
        &(struct message){.topic = topic, .text = slice_of(signature), .detail = slice_of(detail)});
}

static void say_satisfied(struct watch *watch)
{
    struct text results = {0};
    call_results(&watch->call, &results);
    say(watch->owner, TOPIC_XTRIGGER_SATISFIED, watch->call.call.signature, text_string(&results));
    text_release(&results);
}

static void say_problem(struct watch *watch)
{
    const char *signature = watch->call.call.signature, *reason = text_string(&watch->call.failure);
    actor_log(&watch->owner->actor, LOG_WARNING_LEVEL, "xtrigger %s: %s", signature, reason);
    say(watch->owner, TOPIC_XTRIGGER_PROBLEM, signature, reason);
}

/* --- asking --- */

static struct plugin_thread *thread_of(struct xtriggers *self,
                                       const struct rouse_xtrigger *xtrigger, struct error *error)
{
    struct blocking *blocking = self->blocking;
    while (blocking && blocking->xtrigger != xtrigger)
        blocking = blocking->next;
    if (blocking)
        return blocking->thread;
    struct plugin_thread *thread =
        plugin_thread_create(env_of(self), &self->actor.co, xtrigger, error);
    if (!thread)
        return NULL;
    blocking = NEW(struct blocking);
    *blocking = (struct blocking){.xtrigger = xtrigger, .thread = thread, .next = self->blocking};
    self->blocking = blocking;
    return thread;
}

/* Ask at once, or hand the call to the plugin's thread. */
static void ask(struct watch *watch)
{
    struct env *env = env_of(watch->owner);
    watch->call.call.now = (double)env_wall(env) / 1e6;
    watch->call.call.dice = env->ops->random(env);
    watch->changes_seen = watch->file.changes;
    if (!(watch->xtrigger->flags & ROUSE_BLOCKS)) {
        call_ask(&watch->call, watch->xtrigger);
        return;
    }
    struct error error = {0};
    struct plugin_thread *thread = thread_of(watch->owner, watch->xtrigger, &error);
    if (thread) {
        watch->asked = true;
        plugin_thread_ask(thread, &watch->call);
        return;
    }
    watch->call.verdict = ROUSE_ERROR;
    text_clear(&watch->call.failure);
    text_add(&watch->call.failure, error.text);
}

static void stop_timers(struct watch *watch)
{
    struct env *env = env_of(watch->owner);
    env->ops->timer_stop(env, &watch->timer);
    env->ops->timer_stop(env, &watch->clock);
    watch->timer.fired = watch->clock.fired = false;
}

static void unfollow(struct watch *watch)
{
    struct env *env = env_of(watch->owner);
    env->ops->watch_stop(env, &watch->file);
    free(watch->followed);
    watch->followed = NULL;
}

/* Something happened to the path: it may be another one by the same name now. */
static void follow_anew(struct watch *watch)
{
    struct env *env = env_of(watch->owner);
    if (watch->file.changes == watch->changes_seen || watch->file.error)
        return;
    env->ops->watch_stop(env, &watch->file);
    if (env->ops->watch_start(env, &watch->file, &watch->co, watch->followed) < 0)
        unfollow(watch);
}

/* Watch the path that the answer names. True if that is new: a change between the answer and now
 * would not be told, so the plugin has to be asked again. The watch stays while it is asked. */
static bool follow(struct watch *watch)
{
    struct env *env = env_of(watch->owner);
    const char *path = watch->call.verdict == ROUSE_NOT_YET ? text_string(&watch->call.path) : "";
    watch->unwatchable = watch->unwatchable || (watch->followed && watch->file.error);
    if (watch->followed && !watch->unwatchable && strcmp(watch->followed, path) == 0)
        return false;
    unfollow(watch);
    if (!*path || watch->unwatchable ||
        env->ops->watch_start(env, &watch->file, &watch->co, path) < 0)
        return false;
    watch->followed = str_copy(path);
    return true;
}

static void start_timer(struct watch *watch, double seconds)
{
    struct env *env = env_of(watch->owner);
    seconds = seconds < ask_delay_min ? ask_delay_min : seconds;
    seconds = seconds > ask_delay_max ? ask_delay_max : seconds;
    env->ops->timer_start(env, &watch->timer, &watch->co, (uint64_t)(seconds * 1e6));
}

/* Arm what the answer asked for, and the interval if that is nothing. */
static void start_timers(struct watch *watch)
{
    struct env *env = env_of(watch->owner);
    const struct call *answer = &watch->call;
    double after = answer->after;
    if (answer->verdict == ROUSE_ERROR || (!watch->followed && answer->at < 0 && answer->after < 0))
        after = watch->interval;
    else if (watch->asked_twice || (answer->at >= 0 && answer->at <= watch->call.call.now))
        after = 0; /* it does not mean to wait, or names another path each time */
    else if (answer->at >= 0)
        env->ops->timer_start_at(
            env, &watch->clock, &watch->co,
            (int64_t)((answer->at < ask_time_max ? answer->at : ask_time_max) * 1e6));
    if (after >= 0)
        start_timer(watch, after);
}

/* True: ask again at once. */
static bool wait_for_more(struct watch *watch)
{
    bool is_new = follow(watch);
    if (is_new && !watch->asked_twice)
        return watch->asked_twice = true;
    watch->asked_twice = is_new;
    start_timers(watch);
    watch->asked_twice = false;
    return false;
}

static void log_lines(struct watch *watch)
{
    struct text *log = &watch->call.log;
    for (char *line = log->at; line && *line;) {
        char *end = strchr(line, '\n');
        *end = '\0';
        actor_log(&watch->owner->actor, LOG_INFO_LEVEL, "xtrigger %s: %s",
                  watch->call.call.signature, line);
        line = end + 1;
    }
    text_clear(log);
}

static bool is_due(const struct watch *watch)
{
    return watch->timer.fired || watch->clock.fired || watch->file.changes != watch->changes_seen;
}

static enum co_result watch_step(struct co *co)
{
    struct watch *watch = (struct watch *)co;
    CO_BEGIN(co, watch_state, WATCH_START);
    if (!watch->dropped)
        ask(watch);
    CO_AWAIT(co, WATCH_ASKED, !watch->asked);
    log_lines(watch);
    if (!watch->dropped && watch->call.verdict != ROUSE_SATISFIED) {
        if (watch->call.verdict == ROUSE_ERROR)
            say_problem(watch);
        if (!wait_for_more(watch)) {
            CO_AWAIT(co, WATCH_WAITING, is_due(watch) || watch->dropped);
            stop_timers(watch);
            if (watch->followed)
                follow_anew(watch);
        }
        co_enter(co, WATCH_START);
        return CO_READY;
    }
    unfollow(watch);
    if (!watch->dropped)
        say_satisfied(watch);
    CO_AWAIT(co, WATCH_SATISFIED, watch->dropped);
    CO_END(co, WATCH_ENDED);
}

/* --- a watch's life --- */

static void link_orphan(struct watch *watch)
{
    struct xtriggers *self = watch->owner;
    HASH_DEL(self->watches, watch);
    watch->dropped = true;
    watch->previous_orphan = NULL;
    watch->next_orphan = self->orphans;
    if (self->orphans)
        self->orphans->previous_orphan = watch;
    self->orphans = watch;
}

static void unlink_orphan(struct watch *watch)
{
    if (watch->previous_orphan)
        watch->previous_orphan->next_orphan = watch->next_orphan;
    else
        watch->owner->orphans = watch->next_orphan;
    if (watch->next_orphan)
        watch->next_orphan->previous_orphan = watch->previous_orphan;
}

static void watch_free(struct watch *watch)
{
    co_cancel(&watch->co);
    stop_timers(watch);
    unfollow(watch);
    if (watch->xtrigger->drop)
        watch->xtrigger->drop(&watch->call.call);
    call_release(&watch->call);
    free(watch);
}

static void watch_done(struct co *co)
{
    struct watch *watch = (struct watch *)co;
    unlink_orphan(watch);
    watch_free(watch);
}

static const struct co_type watch_type = {"xtrigger watch", watch_step, watch_states,
                                          WATCH_ENDED + 1, watch_done};

static struct watch *find(struct xtriggers *self, struct slice signature)
{
    struct watch *watch;
    HASH_FIND(hh, self->watches, signature.at, signature.n, watch);
    return watch;
}

static int watch_init(struct watch *watch, struct xtriggers *self, const char *signature,
                      const char *text, uint32_t index, struct error *error)
{
    const struct workflow *workflow = self->actor.context->workflow;
    if (call_init(&watch->call, *text ? text : signature, signature, error) < 0)
        return error->code;
    watch->xtrigger = loader_find(self->loader, watch->call.function);
    int result = watch->xtrigger
                     ? call_validate(&watch->call, watch->xtrigger, error)
                     : error_set(error, -ENOENT, "no such xtrigger: %s", watch->call.function);
    if (result < 0) {
        call_release(&watch->call);
        return result;
    }
    watch->owner = self;
    watch->call.call.run_dir = self->actor.context->run_dir;
    watch->interval =
        index < workflow->n_xtriggers ? workflow->xtriggers[index].interval : RETRY_INTERVAL;
    watch->call.call.interval = watch->interval;
    return 0;
}

/* A watch for a signature that nobody waited for yet. */
static void watch_create(struct xtriggers *self, const struct message *message)
{
    struct watch *watch = NEW(struct watch);
    struct error error = {0};
    char *signature = slice_copy(message->text), *text = slice_copy(message->detail);
    if (watch_init(watch, self, signature, text, message->number, &error) < 0) {
        actor_log(&self->actor, LOG_ERROR_LEVEL, "xtrigger %s: %s", signature, error.text);
        say(self, TOPIC_XTRIGGER_PROBLEM, signature, error.text);
        free(watch);
    } else {
        co_init(&watch->co, &watch_type, &env_of(self)->ready);
        HASH_ADD_KEYPTR(hh, self->watches, watch->call.call.signature, message->text.n, watch);
        co_wake(&watch->co);
    }
    free(signature);
    free(text);
}

static void watch_drop(struct watch *watch)
{
    link_orphan(watch);
    co_wake(&watch->co);
}

/* --- what the pool says --- */

static void hear_watch(struct xtriggers *self, const struct message *message)
{
    struct result *known;
    HASH_FIND(hh, self->results, message->text.at, message->text.n, known);
    struct watch *watch = find(self, message->text);
    if (known)
        say(self, TOPIC_XTRIGGER_SATISFIED, known->signature, known->results);
    else if (watch && watch->co.state == WATCH_SATISFIED)
        say_satisfied(watch);
    else if (!watch)
        watch_create(self, message);
}

static void result_free(struct xtriggers *self, struct result *result)
{
    HASH_DEL(self->results, result);
    free(result->signature);
    free(result->results);
    free(result);
}

static void forget_result(struct xtriggers *self, struct slice signature)
{
    struct result *result;
    HASH_FIND(hh, self->results, signature.at, signature.n, result);
    if (result)
        result_free(self, result);
}

static void xtriggers_hear(struct actor *actor, const struct message *message)
{
    struct xtriggers *self = (struct xtriggers *)actor;
    if (message->topic == TOPIC_XTRIGGER_WATCH) {
        hear_watch(self, message);
    } else if (message->topic == TOPIC_XTRIGGER_DROP) {
        struct watch *watch = find(self, message->text);
        if (watch)
            watch_drop(watch);
        forget_result(self, message->text);
    }
}

static struct watch *watch_of(struct call *call)
{
    return (struct watch *)((char *)call - offsetof(struct watch, call));
}

/* Calls come back from the threads of plugins that block. */
static bool xtriggers_work(struct actor *actor)
{
    struct xtriggers *self = (struct xtriggers *)actor;
    for (struct blocking *blocking = self->blocking; blocking; blocking = blocking->next)
        for (struct call *call; (call = plugin_thread_answer(blocking->thread));) {
            struct watch *watch = watch_of(call);
            watch->asked = false;
            co_wake(&watch->co);
        }
    return false;
}

/* Nothing is said once the outbox is closed: nobody waits for any signature now. */
static bool xtriggers_may_close(struct actor *actor)
{
    struct xtriggers *self = (struct xtriggers *)actor;
    struct watch *watch, *next;
    HASH_ITER(hh, self->watches, watch, next)
    watch_drop(watch);
    return true;
}

static void xtriggers_start(struct actor *actor)
{
    actor_say(actor, &(struct message){.topic = TOPIC_XTRIGGER_READY});
}

/* --- beginning and end --- */

/* What has come back, and what was not begun. */
static void reclaim_calls(struct plugin_thread *thread)
{
    struct call *call;
    while ((call = plugin_thread_answer(thread)) || (call = plugin_thread_take_back(thread)))
        watch_of(call)->asked = false;
}

static void end_threads(struct xtriggers *self)
{
    for (struct blocking *blocking = self->blocking; blocking; blocking = blocking->next) {
        reclaim_calls(blocking->thread);
        blocking->left_behind = !plugin_thread_destroy(blocking->thread);
        if (!blocking->left_behind)
            continue;
        self->hung = true;
        actor_log(&self->actor, LOG_WARNING_LEVEL, "xtrigger %s hangs: its thread is left behind",
                  blocking->xtrigger->name);
    }
}

static bool hangs(const struct xtriggers *self, const struct watch *watch)
{
    const struct blocking *blocking = self->blocking;
    while (blocking && blocking->xtrigger != watch->xtrigger)
        blocking = blocking->next;
    return watch->asked && blocking && blocking->left_behind;
}

/* A watch whose plugin hangs is left to its thread. */
static void free_watches(struct xtriggers *self)
{
    struct watch *watch, *next;
    HASH_ITER(hh, self->watches, watch, next)
    link_orphan(watch);
    while (self->orphans) {
        watch = self->orphans;
        unlink_orphan(watch);
        if (hangs(self, watch))
            stop_timers(watch), unfollow(watch), co_cancel(&watch->co);
        else
            watch_free(watch);
    }
}

static void xtriggers_end(struct actor *actor)
{
    struct xtriggers *self = (struct xtriggers *)actor;
    end_threads(self);
    free_watches(self);
}

/* Every xtrigger the graph waits for must be there and accept its arguments. */
static int check_definitions(const struct xtriggers *self, const struct cast_context *context,
                             const struct workflow *workflow, struct error *error)
{
    int code = 0;
    bool *called = xtriggers_called(workflow);
    for (uint32_t i = 0; i < workflow->n_xtriggers && code == 0; i++)
        if (called[i])
            code = xtrigger_check(&workflow->xtriggers[i], self->loader, context->run_dir, error);
    free(called);
    return code;
}

/* Every xtrigger of the next version must be there and accept its arguments. */
static int xtriggers_settle(struct actor *actor, const struct workflow *next, struct error *error)
{
    const struct xtriggers *self = (const struct xtriggers *)actor;
    return check_definitions(self, actor->context, next, error);
}

/* The pool says anew what is to be watched; signatures, intervals may be others. */
static void xtriggers_swap(struct actor *actor)
{
    struct xtriggers *self = (struct xtriggers *)actor;
    struct watch *watch, *next;
    HASH_ITER(hh, self->watches, watch, next)
    watch_drop(watch);
}

static const struct actor_type xtriggers_type = {.member = XTRIGGERS,
                                                 .start = xtriggers_start,
                                                 .hear = xtriggers_hear,
                                                 .work = xtriggers_work,
                                                 .may_close = xtriggers_may_close,
                                                 .settle = xtriggers_settle,
                                                 .swap = xtriggers_swap,
                                                 .end = xtriggers_end};

static void remember_results(struct xtriggers *self, const struct restart *restart)
{
    for (size_t i = 0; restart && i < restart->n_results; i++) {
        struct result *result = NEW(struct result);
        result->signature = str_copy(restart->results[i].signature);
        result->results = str_copy(restart->results[i].results);
        HASH_ADD_KEYPTR(hh, self->results, result->signature, strlen(result->signature), result);
    }
}

static void xtriggers_destroy(void *member)
{
    struct xtriggers *self = member;
    if (!self)
        return;
    if (self->actor.context)
        actor_release(&self->actor);
    struct result *result, *next;
    HASH_ITER(hh, self->results, result, next)
    result_free(self, result);
    while (self->blocking) {
        struct blocking *blocking = self->blocking;
        self->blocking = blocking->next;
        free(blocking);
    }
    if (self->hung)
        loader_leave(self->loader);
    else
        loader_destroy(self->loader);
    free(self);
}

static void *xtriggers_create(const struct cast_context *context, struct error *error)
{
    struct xtriggers *self = NEW(struct xtriggers);
    self->loader = loader_create(context->run_dir, error);
    if (!self->loader || check_definitions(self, context, context->workflow, error) < 0) {
        xtriggers_destroy(self);
        return NULL;
    }
    remember_results(self, context->restart);
    actor_init(&self->actor, &xtriggers_type, context);
    return self;
}

const struct cast_entry cast_xtriggers = {xtriggers_create, xtriggers_destroy};

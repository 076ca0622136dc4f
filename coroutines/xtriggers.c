/* The xtriggers: one small coroutine (a watch) for each distinct signature somebody waits for.
 *
 * A watch asks its plugin; "not yet" says when to ask again (after some seconds, at a time, when a
 * file changes), and the watch sleeps until the first of these. Satisfied signatures are remembered
 * until nobody waits for them, and over restarts. A plugin that blocks is asked on a thread of its
 * own. */
#include "base/memory.h"
#include "coroutines/actor.h"
#include "coroutines/plugin_thread.h"
#include "db/restart.h"
#include "xtriggers/loader.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/banned.h"

enum { RETRY_INTERVAL = 10 }; /* seconds, where a definition gives none */

struct blocking { /* an xtrigger with a thread */
    const struct rouse_xtrigger *xtrigger;
    struct plugin_thread *thread;
    struct blocking *next;
};

struct xtriggers {
    struct actor actor;
    struct loader *loader;
    struct watch *watches;  /* by signature */
    struct watch *orphans;  /* dropped while their plugin was being asked */
    struct result *results; /* satisfied before this start */
    struct blocking *blocking;
    bool hung; /* a plugin's thread was left behind */
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
    unsigned changes_seen;
    bool asked;   /* on the plugin's thread */
    bool dropped; /* nobody waits any more */
    struct watch *next_orphan;
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
    *blocking = (struct blocking){xtrigger, thread, self->blocking};
    self->blocking = blocking;
    return thread;
}

/* Ask at once, or hand the call to the plugin's thread. */
static void ask(struct watch *watch)
{
    struct env *env = env_of(watch->owner);
    watch->call.call.now = (double)env_wall(env) / 1e6;
    watch->call.call.dice = env->ops->random(env);
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

static void stop_waiting(struct watch *watch)
{
    struct env *env = env_of(watch->owner);
    env->ops->timer_stop(env, &watch->timer);
    env->ops->timer_stop(env, &watch->clock);
    env->ops->watch_stop(env, &watch->file);
    watch->timer.fired = watch->clock.fired = false;
}

/* Arm what the answer asked for. A path that cannot be watched falls back on the interval. */
static void wait_for_more(struct watch *watch)
{
    struct env *env = env_of(watch->owner);
    const struct call *answer = &watch->call;
    bool watching =
        answer->verdict == ROUSE_NOT_YET && answer->path.n &&
        env->ops->watch_start(env, &watch->file, &watch->co, text_string(&answer->path)) == 0;
    watch->changes_seen = watch->file.changes;
    double after = answer->after;
    bool waits = watching || answer->at >= 0 || after >= 0;
    if (answer->verdict == ROUSE_ERROR || !waits)
        after = watch->interval;
    if (after >= 0)
        env->ops->timer_start(env, &watch->timer, &watch->co, (uint64_t)(after * 1e6));
    if (answer->verdict == ROUSE_NOT_YET && answer->at >= 0)
        env->ops->timer_start_at(env, &watch->clock, &watch->co, (int64_t)(answer->at * 1e6));
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
    ask(watch);
    CO_AWAIT(co, WATCH_ASKED, !watch->asked);
    log_lines(watch);
    if (!watch->dropped && watch->call.verdict != ROUSE_SATISFIED) {
        if (watch->call.verdict == ROUSE_ERROR)
            say_problem(watch);
        wait_for_more(watch);
        CO_AWAIT(co, WATCH_WAITING, is_due(watch) || watch->dropped);
        stop_waiting(watch);
        if (!watch->dropped) {
            co_enter(co, WATCH_START);
            return CO_READY;
        }
    }
    if (!watch->dropped)
        say_satisfied(watch);
    CO_AWAIT(co, WATCH_SATISFIED, watch->dropped);
    CO_END(co, WATCH_ENDED);
}

/* --- a watch's life --- */

static void unlink_orphan(struct watch *watch)
{
    struct watch **at = &watch->owner->orphans;
    while (*at != watch)
        at = &(*at)->next_orphan;
    *at = watch->next_orphan;
}

static void watch_free(struct watch *watch)
{
    co_cancel(&watch->co);
    stop_waiting(watch);
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
                      uint32_t index, struct error *error)
{
    const struct workflow *workflow = self->actor.context->workflow;
    if (call_init(&watch->call, signature, error) < 0)
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
static void watch_create(struct xtriggers *self, struct slice text, uint32_t index)
{
    struct watch *watch = NEW(struct watch);
    struct error error = {0};
    char *signature = slice_copy(text);
    if (watch_init(watch, self, signature, index, &error) < 0) {
        actor_log(&self->actor, LOG_ERROR_LEVEL, "xtrigger %s: %s", signature, error.text);
        say(self, TOPIC_XTRIGGER_PROBLEM, signature, error.text);
        free(watch);
    } else {
        co_init(&watch->co, &watch_type, &env_of(self)->ready);
        HASH_ADD_KEYPTR(hh, self->watches, watch->call.call.signature, text.n, watch);
        co_wake(&watch->co);
    }
    free(signature);
}

static void watch_drop(struct xtriggers *self, struct watch *watch)
{
    HASH_DEL(self->watches, watch);
    watch->dropped = true;
    watch->next_orphan = self->orphans;
    self->orphans = watch;
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
        watch_create(self, message->text, message->number);
}

static void xtriggers_hear(struct actor *actor, const struct message *message)
{
    struct xtriggers *self = (struct xtriggers *)actor;
    if (message->topic == TOPIC_XTRIGGER_WATCH) {
        hear_watch(self, message);
    } else if (message->topic == TOPIC_XTRIGGER_DROP) {
        struct watch *watch = find(self, message->text);
        if (watch)
            watch_drop(self, watch);
    }
}

/* Calls come back from the threads of plugins that block. */
static bool xtriggers_work(struct actor *actor)
{
    struct xtriggers *self = (struct xtriggers *)actor;
    for (struct blocking *blocking = self->blocking; blocking; blocking = blocking->next)
        for (struct call *call; (call = plugin_thread_answer(blocking->thread));) {
            struct watch *watch = (struct watch *)((char *)call - offsetof(struct watch, call));
            watch->asked = false;
            co_wake(&watch->co);
        }
    return false;
}

static void xtriggers_start(struct actor *actor)
{
    actor_say(actor, &(struct message){.topic = TOPIC_XTRIGGER_READY});
}

/* --- beginning and end --- */

static void free_blocking(struct xtriggers *self)
{
    while (self->blocking) {
        struct blocking *blocking = self->blocking;
        self->blocking = blocking->next;
        if (!plugin_thread_destroy(blocking->thread)) {
            self->hung = true;
            actor_log(&self->actor, LOG_WARNING_LEVEL,
                      "xtrigger %s hangs: its thread is left behind", blocking->xtrigger->name);
        }
        free(blocking);
    }
}

/* A watch whose plugin hangs is left to its thread. */
static void free_watches(struct xtriggers *self)
{
    struct watch *watch, *next;
    HASH_ITER(hh, self->watches, watch, next)
    {
        HASH_DEL(self->watches, watch);
        watch->next_orphan = self->orphans;
        self->orphans = watch;
    }
    while (self->orphans) {
        watch = self->orphans;
        self->orphans = watch->next_orphan;
        if (watch->asked && self->hung)
            stop_waiting(watch), co_cancel(&watch->co);
        else
            watch_free(watch);
    }
}

static void xtriggers_end(struct actor *actor)
{
    struct xtriggers *self = (struct xtriggers *)actor;
    free_blocking(self);
    free_watches(self);
}

static const struct actor_type xtriggers_type = {.member = XTRIGGERS,
                                                 .start = xtriggers_start,
                                                 .hear = xtriggers_hear,
                                                 .work = xtriggers_work,
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

/* Every xtrigger of the workflow must be there. */
static int check_definitions(const struct xtriggers *self, const struct workflow *workflow,
                             struct error *error)
{
    for (uint32_t i = 0; i < workflow->n_xtriggers; i++)
        if (!loader_find(self->loader, workflow->xtriggers[i].function))
            return error_set(
                error, -ENOENT,
                "xtrigger @%s: there is no \"%s\"; built in or in lib/xtriggers are: %s",
                workflow->xtriggers[i].label, workflow->xtriggers[i].function,
                loader_names(self->loader));
    return 0;
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
    {
        HASH_DEL(self->results, result);
        free(result->signature);
        free(result->results);
        free(result);
    }
    if (!self->hung)
        loader_destroy(self->loader);
    free(self);
}

static void *xtriggers_create(const struct cast_context *context, struct error *error)
{
    struct xtriggers *self = NEW(struct xtriggers);
    self->loader = loader_create(context->run_dir, error);
    if (!self->loader || check_definitions(self, context->workflow, error) < 0) {
        xtriggers_destroy(self);
        return NULL;
    }
    remember_results(self, context->restart);
    actor_init(&self->actor, &xtriggers_type, context);
    return self;
}

const struct cast_entry cast_xtriggers = {xtriggers_create, xtriggers_destroy};

/* See watch.h. All times of an xtrigger are here: when it is asked, how long it may take, what it
 * waits for until the next call. */
#include "coroutines/watch.h"
#include "base/memory.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Seconds. However a plugin would have it: nobody is asked in a busy loop or after the end of time.
 */
static const double ask_delay_min = 0.01, ask_delay_max = 1e9;

enum watch_state { WATCH_START, WATCH_ASKED, WATCH_WAITING, WATCH_SATISFIED, WATCH_ENDED };
static const char *const watch_states[] = {"start", "being asked", "waiting to be asked again",
                                           "satisfied", "ended"};

static struct env *env_of(const struct watch *watch)
{
    return watch->actor->context->env;
}

static struct watch *watch_of(struct host_call *call)
{
    return (struct watch *)((char *)call - offsetof(struct watch, call));
}

const char *watch_signature(const struct watch *watch)
{
    return watch->call.call.call.signature;
}

/* --- saying --- */

static void say(struct watch *watch, enum topic topic, const char *detail)
{
    actor_say(watch->actor, &(struct message){.topic = topic,
                                              .text = slice_of(watch_signature(watch)),
                                              .detail = slice_of(detail)});
}

void watch_say_satisfied(struct watch *watch)
{
    struct text results = {0};
    call_results(&watch->call.call, &results);
    say(watch, TOPIC_XTRIGGER_SATISFIED, text_string(&results));
    text_release(&results);
}

void watch_problem(struct host_call *call, const char *why)
{
    struct watch *watch = watch_of(call);
    if (!watch->dropped)
        say(watch, TOPIC_XTRIGGER_PROBLEM, why);
}

static void say_failure(struct watch *watch)
{
    const char *why = text_string(&watch->call.call.failure);
    actor_log(watch->actor, LOG_WARNING_LEVEL, "xtrigger %s: %s", watch_signature(watch), why);
    watch_problem(&watch->call, why);
}

void watch_well(struct host_call *call)
{
    struct watch *watch = watch_of(call);
    if (!watch->dropped)
        say(watch, TOPIC_XTRIGGER_PROBLEM, "");
}

void watch_log(struct host_call *call, const char *line)
{
    struct watch *watch = watch_of(call);
    actor_log(watch->actor, LOG_INFO_LEVEL, "xtrigger %s: %s", watch_signature(watch), line);
}

static void say_asked(struct watch *watch, enum xtrigger_asked how, const char *found)
{
    bool told = how == ASKED_NOT_YET && (watch->followed || watch->call.call.when_woken);
    actor_say(watch->actor, &(struct message){.topic = TOPIC_XTRIGGER_ASKED,
                                              .number = how,
                                              .id = watch->n_asked,
                                              .value = watch->next,
                                              .flags = told,
                                              .text = slice_of(watch_signature(watch)),
                                              .detail = slice_of(found)});
}

/* --- what its host says --- */

void watch_begun(struct host_call *call)
{
    struct watch *watch = watch_of(call);
    struct env *env = env_of(watch);
    env->ops->timer_start(env, &watch->limit, &watch->co, (uint64_t)(call->deadline * 1e6));
}

static void stop_limit(struct watch *watch)
{
    struct env *env = env_of(watch);
    env->ops->timer_stop(env, &watch->limit);
    watch->limit.fired = false;
}

void watch_watching(struct host_call *call)
{
    struct watch *watch = watch_of(call);
    stop_limit(watch);
    if (!watch->dropped)
        say_asked(watch, ASKED_WATCHING, "");
}

void watch_queued(struct host_call *call)
{
    struct watch *watch = watch_of(call);
    stop_limit(watch);
    if (!watch->dropped)
        say_asked(watch, ASKED_NOW, "");
}

void watch_answered(struct host_call *call)
{
    struct watch *watch = watch_of(call);
    stop_limit(watch);
    watch->told = !watch->asked;
    watch->asked = false;
    co_wake(&watch->co);
}

void watch_woken(struct host_call *call)
{
    struct watch *watch = watch_of(call);
    watch->woken = watch->woke = true;
    co_wake(&watch->co);
}

/* --- asking --- */

static void ask(struct watch *watch)
{
    struct env *env = env_of(watch);
    struct rouse_call *call = &watch->call.call.call;
    call->now = (double)env_wall(env) / 1e6;
    call->dice = env->ops->random(env);
    watch->asked_at = env->ops->monotonic(env);
    watch->changes_seen = watch->file.changes;
    watch->n_asked += !watch->woke;
    watch->woken = watch->woke = watch->told = false;
    watch->asked = true;
    watch->next = -1;
    watch->call.retry = 0;
    watch->call.host->type->ask(watch->call.host, &watch->call);
    if (watch->asked)
        say_asked(watch, ASKED_NOW, "");
}

/* The call took too long: it is over, whatever its function does. */
static void give_up(struct watch *watch)
{
    struct call *call = &watch->call.call;
    stop_limit(watch);
    watch->asked = false;
    call_clear_answer(call);
    call->verdict = ROUSE_ERROR;
    text_addf(&call->failure, "it did not answer within %g s", watch->call.deadline);
    watch->call.host->type->late(watch->call.host, &watch->call);
}

static void stop_timers(struct watch *watch)
{
    struct env *env = env_of(watch);
    env->ops->timer_stop(env, &watch->timer);
    env->ops->timer_stop(env, &watch->clock);
    watch->timer.fired = watch->clock.fired = false;
}

static void unfollow(struct watch *watch)
{
    struct env *env = env_of(watch);
    env->ops->watch_stop(env, &watch->file);
    free(watch->followed);
    watch->followed = NULL;
}

/* Something happened to the path: it may be another one by the same name now. */
static void follow_anew(struct watch *watch)
{
    struct env *env = env_of(watch);
    if (watch->file.changes == watch->changes_seen || watch->file.error)
        return;
    env->ops->watch_stop(env, &watch->file);
    if (env->ops->watch_start(env, &watch->file, &watch->co, watch->followed) < 0)
        unfollow(watch);
}

/* Watch the path that the answer names. True if that is new: a change between the answer and now
 * would not be told, so the plugin has to be asked again; or if it is new that it cannot be
 * watched, since the plugin may know another way. The watch stays while it is asked. */
static bool follow(struct watch *watch)
{
    struct env *env = env_of(watch);
    const struct call *answer = &watch->call.call;
    const char *path = answer->verdict == ROUSE_NOT_YET ? text_string(&answer->path) : "";
    watch->unwatchable = watch->unwatchable || (watch->followed && watch->file.error);
    if (watch->followed && !watch->unwatchable && strcmp(watch->followed, path) == 0)
        return false;
    unfollow(watch);
    if (!*path)
        return false;
    int code =
        watch->unwatchable ? -EIO : env->ops->watch_start(env, &watch->file, &watch->co, path);
    if (code < 0) {
        bool is_news = code != -ENOENT && !watch->call.call.deaf; /* what is gone may come again */
        watch->call.call.deaf = watch->call.call.deaf || is_news;
        return is_news;
    }
    watch->followed = str_copy(path);
    return true;
}

static void start_timer(struct watch *watch, double seconds)
{
    struct env *env = env_of(watch);
    seconds = seconds < ask_delay_min ? ask_delay_min : seconds;
    seconds = seconds > ask_delay_max ? ask_delay_max : seconds;
    env->ops->timer_start(env, &watch->timer, &watch->co, (uint64_t)(seconds * 1e6));
    int64_t when = env_wall(env) + (int64_t)(seconds * 1e6);
    if (watch->next < 0 || when < watch->next)
        watch->next = when;
}

static void start_clock(struct watch *watch, double time)
{
    struct env *env = env_of(watch);
    watch->next = (int64_t)((time < CALL_TIME_MAX ? time : CALL_TIME_MAX) * 1e6);
    env->ops->timer_start_at(env, &watch->clock, &watch->co, watch->next);
}

/* Whether the answer names nothing to wait for. */
static bool says_nothing(const struct watch *watch)
{
    const struct call *answer = &watch->call.call;
    return !watch->followed && answer->at < 0 && answer->after < 0 && !answer->when_woken;
}

/* Arm what the answer asked for, and the interval if that is nothing. */
static void start_timers(struct watch *watch)
{
    const struct call *answer = &watch->call.call;
    double after = answer->after, retry = watch->call.retry;
    if (answer->verdict == ROUSE_ERROR)
        after = retry > watch->interval ? retry : watch->interval;
    else if (says_nothing(watch))
        after = watch->interval;
    else if (watch->asked_twice || (answer->at >= 0 && answer->at <= answer->call.now))
        after = 0; /* it does not mean to wait, or names another path each time */
    else if (answer->at >= 0)
        start_clock(watch, answer->at);
    if (after >= 0)
        start_timer(watch, after);
}

/* A wake is followed at once, but not in a busy loop. */
static void heed_wake(struct watch *watch)
{
    struct env *env = env_of(watch);
    uint64_t since = env->ops->monotonic(env) - watch->asked_at;
    if (!watch->woken || (double)since >= ask_delay_min * 1e6)
        return;
    watch->woken = false;
    start_timer(watch, ask_delay_min - (double)since / 1e6);
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
    say_asked(watch, watch->call.call.verdict == ROUSE_ERROR ? ASKED_ERROR : ASKED_NOT_YET,
              text_string(&watch->call.call.note));
    return false;
}

static bool is_due(struct watch *watch)
{
    heed_wake(watch);
    return watch->dropped || watch->told || watch->woken || watch->timer.fired ||
           watch->clock.fired || watch->file.changes != watch->changes_seen;
}

/* What is satisfied and dropped waits for the commit, if its host wants to know of it. */
static bool is_over(const struct watch *watch)
{
    return watch->dropped && (watch->kept || !watch->call.wants_kept || watch->cancelled);
}

static enum co_result watch_step(struct co *co)
{
    struct watch *watch = (struct watch *)co;
    CO_BEGIN(co, watch_state, WATCH_START);
    if (!watch->dropped && !watch->told)
        ask(watch);
    watch->told = false;
    CO_AWAIT(co, WATCH_ASKED, !watch->asked || watch->limit.fired);
    if (watch->asked) /* else it was dropped as its time ran out */
        give_up(watch);
    if (!watch->dropped && watch->call.call.verdict != ROUSE_SATISFIED) {
        if (watch->call.call.verdict == ROUSE_ERROR)
            say_failure(watch);
        if (!wait_for_more(watch)) {
            CO_AWAIT(co, WATCH_WAITING, is_due(watch));
            stop_timers(watch);
            if (watch->followed)
                follow_anew(watch);
        }
        co_enter(co, WATCH_START);
        return CO_READY;
    }
    unfollow(watch);
    if (!watch->dropped)
        watch_say_satisfied(watch);
    CO_AWAIT(co, WATCH_SATISFIED, is_over(watch));
    CO_END(co, WATCH_ENDED);
}

/* --- its life --- */

static void cancel(struct watch *watch)
{
    if (!watch->cancelled)
        watch->cancelled = watch->call.host->type->cancel(watch->call.host, &watch->call);
    if (watch->cancelled)
        watch->asked = false;
}

static void watch_done(struct co *co)
{
    struct watch *watch = (struct watch *)co;
    watch->gone(watch);
}

static const struct co_type watch_type = {"xtrigger watch", watch_step, watch_states,
                                          WATCH_ENDED + 1, watch_done};

struct watch *watch_create(struct actor *actor, struct host *host, struct call *call,
                           double interval, void (*gone)(struct watch *watch))
{
    struct watch *watch = NEW(struct watch);
    const struct cast_context *context = actor->context;
    co_init(&watch->co, &watch_type, &context->env->ready);
    call_move(&watch->call.call, call);
    watch->call.call.call.run_dir = context->run_dir;
    watch->call.call.call.interval = interval;
    watch->call.host = host;
    watch->call.deadline = context->workflow->process_pool_timeout;
    watch->actor = actor;
    watch->interval = interval;
    watch->gone = gone;
    co_wake(&watch->co);
    return watch;
}

void watch_drop(struct watch *watch)
{
    watch->dropped = true;
    if (!watch_is_satisfied(watch))
        cancel(watch);
    co_wake(&watch->co);
}

void watch_keep(struct watch *watch)
{
    if (!watch_is_satisfied(watch) || watch->kept)
        return;
    watch->kept = true;
    if (watch->call.wants_kept)
        watch->call.host->type->kept(watch->call.host, &watch->call);
    co_wake(&watch->co);
}

bool watch_is_satisfied(const struct watch *watch)
{
    return watch->co.state == WATCH_SATISFIED;
}

bool watch_destroy(struct watch *watch)
{
    co_cancel(&watch->co);
    stop_timers(watch);
    stop_limit(watch);
    unfollow(watch);
    cancel(watch);
    if (!watch->cancelled)
        return false;
    call_release(&watch->call.call);
    free(watch);
    return true;
}

/* The task pool's coroutine: a thin shell around the pure pool (pool/). What it hears becomes an
 * event of the pool; what the pool says is stamped, logged and published. */
#include "coroutines/task_pool.h"
#include "base/memory.h"
#include "coroutines/actor.h"
#include "coroutines/change.h"
#include "coroutines/pool_log.h"
#include "db/restart.h"
#include "pool/pool.h"
#include <stdlib.h>

#include "base/banned.h"

enum { KEPT_PER_TURN = 256 };

struct task_pool {
    struct actor actor;
    struct pool *pool;
    struct change change;
    struct pool_log log;
    struct env_timer clock; /* for stop_time */
    int64_t stop_time;      /* of the pool, as the clock is set */
    bool said;              /* something, since the last pool.turn */
};

static void say(void *context, struct message *message)
{
    struct task_pool *self = context;
    pool_log_message(&self->log, message);
    actor_say(&self->actor, message);
    self->said = true;
    if (message->topic == TOPIC_LOG_LEVEL)
        self->actor.context->env->ops->log_level(self->actor.context->env,
                                                 (enum log_level)message->number);
    if (message->topic == TOPIC_WORKFLOW_SHUTDOWN)
        self->actor.shutting_down = true;
}

/* The recorder commits what one event caused as a whole. */
static void end_turn(struct task_pool *self)
{
    if (self->said)
        actor_say(&self->actor, &(struct message){.topic = TOPIC_POOL_TURN});
    self->said = false;
}

/* A run that begins in the middle: what these tasks wait for counts as done. */
static void start_from_tasks(struct task_pool *self)
{
    const struct cast_context *context = self->actor.context;
    char *text = str_format("%s\n\nall", context->start_tasks);
    const struct message command = {.topic = TOPIC_POOL_COMMAND,
                                    .number = POOL_SET_PREREQUISITES,
                                    .flows = {.n = 1, .at = {1}},
                                    .text = slice_of(text)};
    pool_handle(self->pool, &command, env_wall(context->env));
    free(text);
}

static void task_pool_start(struct actor *actor)
{
    struct task_pool *self = (struct task_pool *)actor;
    self->said = true; /* the first turn is told, whatever it says */
    if (actor->context->restart)
        pool_restore(self->pool, actor->context->restart, env_wall(actor->context->env));
    else
        pool_start(self->pool);
    if (!actor->context->restart && actor->context->start_tasks)
        start_from_tasks(self);
    end_turn(self);
}

static void task_pool_hear(struct actor *actor, const struct message *message)
{
    struct task_pool *self = (struct task_pool *)actor;
    if (pool_is_shut_down(self->pool))
        return; /* what comes now is found again by the next start */
    if (!change_takes(&self->change, message)) {
        pool_log_heard(&self->log, message);
        pool_handle(self->pool, message, env_wall(actor->context->env));
    }
    end_turn(self);
}

/* `stop --wall-clock`. A time that has gone by while nothing ran counts no more. */
static void watch_clock(struct task_pool *self)
{
    struct env *env = self->actor.context->env;
    int64_t when = pool_stop_time(self->pool);
    if (when != self->stop_time) {
        self->stop_time = when;
        env->ops->timer_stop(env, &self->clock);
        self->clock.fired = false;
        if (when >= 0 && when * 1000000 > env_wall(env))
            env->ops->timer_start_at(env, &self->clock, &self->actor.co, when * 1000000);
    }
    if (!self->clock.fired)
        return;
    self->clock.fired = false;
    actor_log(&self->actor, LOG_INFO_LEVEL, "Wall clock stop time reached");
    char *text = str_format("%lld", (long long)when);
    const struct message command = {.topic = TOPIC_POOL_COMMAND,
                                    .number = POOL_STOP,
                                    .flags = STOP_AT,
                                    .detail = slice_of(text)};
    task_pool_hear(&self->actor, &command);
    free(text);
}

static void task_pool_end(struct actor *actor)
{
    struct task_pool *self = (struct task_pool *)actor;
    actor->context->env->ops->timer_stop(actor->context->env, &self->clock);
}

/* A reload goes on, and what it kept happens after it. */
static bool task_pool_work(struct actor *actor)
{
    struct task_pool *self = (struct task_pool *)actor;
    for (unsigned i = 0; i < KEPT_PER_TURN; i++) {
        watch_clock(self);
        if (pool_is_shut_down(self->pool))
            return false;
        change_go(&self->change, &self->pool);
        self->log.pool = self->pool;
        end_turn(self);
        const struct message *kept = change_kept(&self->change);
        if (!kept)
            return false;
        task_pool_hear(actor, kept);
    }
    return true;
}

static const struct actor_type task_pool_type = {.member = TASK_POOL,
                                                 .start = task_pool_start,
                                                 .hear = task_pool_hear,
                                                 .work = task_pool_work,
                                                 .end = task_pool_end};

static void *task_pool_create(const struct cast_context *context, struct error *error)
{
    (void)error;
    struct task_pool *self = NEW(struct task_pool);
    const struct pool_options options = {.start_paused = context->start_paused,
                                         .abort_on_failure = context->abort_on_failure,
                                         .mode = context->mode,
                                         .workflow = context->workflow_id,
                                         .owner = context->owner,
                                         .run_dir = context->run_dir};
    const struct pool_sink sink = {.context = self, .say = say};
    self->pool = pool_create(context->workflow, &options, &sink);
    pool_log_init(&self->log, context, self->pool);
    self->stop_time = -1;
    change_init(&self->change, context, &self->actor.co, &sink);
    actor_init(&self->actor, &task_pool_type, context);
    return self;
}

static void task_pool_destroy(void *member)
{
    struct task_pool *self = member;
    if (!self)
        return;
    actor_release(&self->actor);
    change_release(&self->change);
    pool_destroy(self->pool);
    free(self);
}

const struct pool *task_pool_inside(const void *member)
{
    return ((const struct task_pool *)member)->pool;
}

const struct cast_entry cast_task_pool = {task_pool_create, task_pool_destroy};

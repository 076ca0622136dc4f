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
    bool said; /* something, since the last pool.turn */
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

static void task_pool_start(struct actor *actor)
{
    struct task_pool *self = (struct task_pool *)actor;
    if (actor->context->restart)
        pool_restore(self->pool, actor->context->restart);
    else
        pool_start(self->pool);
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

/* A reload goes on, and what it kept happens after it. */
static bool task_pool_work(struct actor *actor)
{
    struct task_pool *self = (struct task_pool *)actor;
    for (unsigned i = 0; i < KEPT_PER_TURN; i++) {
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

static const struct actor_type task_pool_type = {
    .member = TASK_POOL, .start = task_pool_start, .hear = task_pool_hear, .work = task_pool_work};

static void *task_pool_create(const struct cast_context *context, struct error *error)
{
    (void)error;
    struct task_pool *self = NEW(struct task_pool);
    const struct pool_options options = {.start_paused = context->start_paused,
                                         .mode = context->mode,
                                         .workflow = context->workflow_id,
                                         .owner = context->owner,
                                         .run_dir = context->run_dir};
    const struct pool_sink sink = {.context = self, .say = say};
    self->pool = pool_create(context->workflow, &options, &sink);
    pool_log_init(&self->log, context, self->pool);
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

/* The handlers: what is done because time passes or something happened to the workflow as a whole.
 * Four timeouts of [scheduler][events], each one timer: stall, inactivity, workflow, restart. */
#include "base/memory.h"
#include "coroutines/actor.h"
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

enum timeout { STALL, INACTIVITY, WORKFLOW_RUN, RESTART, TIMEOUTS };

static const char *const timeout_names[TIMEOUTS] = {"stall", "inactivity", "workflow", "restart"};

struct handlers {
    struct actor actor;
    struct env_timer timers[TIMEOUTS];
    bool stalled;
};

static const struct timeout_def *definition(const struct handlers *self, enum timeout timeout)
{
    const struct workflow *workflow = self->actor.context->workflow;
    switch (timeout) {
    case STALL:
        return &workflow->stall_timeout;
    case INACTIVITY:
        return &workflow->inactivity_timeout;
    case WORKFLOW_RUN:
        return &workflow->workflow_timeout;
    case RESTART:
        return &workflow->restart_timeout;
    case TIMEOUTS:
        break;
    }
    IMPOSSIBLE("no such timeout");
}

static struct env *env_of(const struct handlers *self)
{
    return self->actor.context->env;
}

static void start(struct handlers *self, enum timeout timeout)
{
    double seconds = definition(self, timeout)->seconds;
    if (seconds >= 0)
        env_of(self)->ops->timer_start(env_of(self), &self->timers[timeout], &self->actor.co,
                                       (uint64_t)(seconds * 1e6));
}

static void stop(struct handlers *self, enum timeout timeout)
{
    env_of(self)->ops->timer_stop(env_of(self), &self->timers[timeout]);
    self->timers[timeout].fired = false;
}

static void expire(struct handlers *self, enum timeout timeout)
{
    const struct timeout_def *def = definition(self, timeout);
    self->timers[timeout].fired = false;
    actor_log(&self->actor, LOG_WARNING_LEVEL, "%s timed out after %gs", timeout_names[timeout],
              def->seconds);
    if (timeout == RESTART) {
        actor_say(&self->actor, &(struct message){.topic = TOPIC_POOL_COMMAND,
                                                  .number = POOL_STOP,
                                                  .flags = STOP_AUTOMATIC});
    } else if (def->abort) {
        char reason[64];
        int n = snprintf(reason, sizeof reason, "\"abort on %s timeout\" is set",
                         timeout_names[timeout]);
        actor_say(&self->actor, &(struct message){.topic = TOPIC_POOL_COMMAND,
                                                  .number = POOL_ABORT,
                                                  .text = {reason, (size_t)n}});
    }
}

static void hear_workflow_state(struct handlers *self, const struct message *message)
{
    bool stalled = message->flags & WORKFLOW_STALLED;
    if (stalled && !self->stalled)
        start(self, STALL);
    else if (!stalled && self->stalled)
        stop(self, STALL);
    self->stalled = stalled;
    if (message->flags & WORKFLOW_COMPLETE_AT_START)
        start(self, RESTART);
    else
        stop(self, RESTART);
}

static void handlers_start(struct actor *actor)
{
    struct handlers *self = (struct handlers *)actor;
    start(self, WORKFLOW_RUN);
    start(self, INACTIVITY);
}

static void handlers_hear(struct actor *actor, const struct message *message)
{
    struct handlers *self = (struct handlers *)actor;
    if (message->topic == TOPIC_WORKFLOW_STATE)
        hear_workflow_state(self, message);
    else if (message->topic == TOPIC_TASK_STATE && definition(self, INACTIVITY)->seconds >= 0)
        start(self, INACTIVITY);
}

static bool handlers_work(struct actor *actor)
{
    struct handlers *self = (struct handlers *)actor;
    for (int timeout = 0; timeout < TIMEOUTS; timeout++)
        if (self->timers[timeout].fired && !actor->shutting_down)
            expire(self, (enum timeout)timeout);
    return false;
}

static void handlers_end(struct actor *actor)
{
    struct handlers *self = (struct handlers *)actor;
    for (int timeout = 0; timeout < TIMEOUTS; timeout++)
        stop(self, (enum timeout)timeout);
}

static const struct actor_type handlers_type = {.member = HANDLERS,
                                                .start = handlers_start,
                                                .hear = handlers_hear,
                                                .work = handlers_work,
                                                .end = handlers_end};

static void *handlers_create(const struct cast_context *context, struct error *error)
{
    (void)error;
    struct handlers *self = NEW(struct handlers);
    actor_init(&self->actor, &handlers_type, context);
    return self;
}

static void handlers_destroy(void *member)
{
    struct handlers *self = member;
    if (!self)
        return;
    actor_release(&self->actor);
    free(self);
}

const struct cast_entry cast_handlers = {handlers_create, handlers_destroy};

/* See actor.h. States: listening until the shutdown allows the outbox to be closed, then draining
 * until every outbox it hears is closed and read. */
#include "coroutines/actor.h"
#include <errno.h>

#include "base/banned.h"

enum actor_state { ACTOR_LISTENING, ACTOR_DRAINING, ACTOR_ENDED };
static const char *const state_names[] = {"listening", "draining", "ended"};

/* A step to the next version of the definition. Before the first message heard after it, so that
 * none meets a member that is half way. */
static void change(struct actor *actor)
{
    const struct actor_type *type = actor->type;
    struct error error = {0};
    int result = 0;
    if (holder_is_due(&actor->holder, STEP_SETTLE)) {
        const struct workflow *next = holder_next(&actor->holder, &error);
        if (next && type->settle)
            result = type->settle(actor, next, &error);
        if (result != -EINPROGRESS)
            holder_done(&actor->holder, &error);
    }
    if (holder_is_due(&actor->holder, STEP_SWAP)) {
        if (type->swap)
            type->swap(actor);
        holder_done(&actor->holder, &error);
    }
}

/* One piece of work, with what a change of the definition waits for before it or after it. True if
 * there is more to do. */
static bool work(struct actor *actor)
{
    change(actor);
    bool more = actor->type->work && actor->type->work(actor);
    change(actor);
    return more;
}

static void set_log_level(struct env *env, const struct message *message)
{
    if (message->number < LOG_LEVELS)
        env->ops->log_level(env, (enum log_level)message->number);
}

/* Hear at most one burst. True if there may be more. */
static bool hear_burst(struct actor *actor)
{
    struct message message;
    for (unsigned i = 0; i < ACTOR_BURST; i++) {
        if (!bus_receive(actor->context->bus, actor->type->member, &message))
            return false;
        if (message.topic == TOPIC_FAULT) {
            actor->faulted = true;
            atomic_store(actor->context->exit_status, 1);
            return false;
        }
        if (message.topic == TOPIC_WORKFLOW_SHUTDOWN) {
            actor->shutting_down = true;
            atomic_store(actor->context->exit_status, (int)message.value);
        }
        holder_hear(&actor->holder, &message);
        if (message.topic == TOPIC_LOG_LEVEL)
            set_log_level(actor->context->env, &message);
        else
            actor->type->hear(actor, &message);
        if (work(actor))
            return true;
    }
    return true;
}

/* One turn; true if another one is needed at once. */
static bool take_turn(struct actor *actor)
{
    if (!actor->started) {
        actor->started = true;
        if (actor->type->start)
            actor->type->start(actor);
    }
    if (work(actor))
        return true;
    return hear_burst(actor) && !actor->faulted;
}

static bool may_close(struct actor *actor)
{
    if (actor->faulted)
        return true;
    return actor->shutting_down && (!actor->type->may_close || actor->type->may_close(actor));
}

/* The outbox is closed: what still comes is read, so that every outbox ends, and not acted upon.
 * What matters of it is found again by the next start, or answered by the server when it ends. */
static bool is_drained(struct actor *actor)
{
    struct message message;
    unsigned n = 0;
    while (n++ < ACTOR_BURST && bus_receive(actor->context->bus, actor->type->member, &message))
        actor->faulted = actor->faulted || message.topic == TOPIC_FAULT;
    if (n > ACTOR_BURST)
        co_wake(&actor->co);
    return actor->faulted || bus_drained(actor->context->bus, actor->type->member, 0);
}

static enum co_result actor_step(struct co *co)
{
    struct actor *actor = (struct actor *)co;
    CO_BEGIN(co, actor_state, ACTOR_LISTENING);
    if (take_turn(actor))
        return CO_READY;
    if (!may_close(actor))
        return CO_ASLEEP;
    bus_close(actor->context->bus, actor->type->member);
    CO_AWAIT(co, ACTOR_DRAINING, actor->faulted || is_drained(actor));
    CO_END(co, ACTOR_ENDED);
}

static void actor_done(struct co *co)
{
    struct actor *actor = (struct actor *)co;
    actor->done = true;
    bus_attach(actor->context->bus, actor->type->member, NULL); /* what comes now wakes nobody */
    if (actor->type->end)
        actor->type->end(actor);
    actor->context->member_done(actor->context->context, actor->type->member);
}

static const struct co_type co_types[MEMBERS] = {
#define ACTOR_CO_TYPE_(member, name)                                                               \
    [member] = {name, actor_step, state_names, ACTOR_ENDED + 1, actor_done}
    ACTOR_CO_TYPE_(SERVER, "server"), /* the real one is its own; the simulated one is an actor */
    ACTOR_CO_TYPE_(COMMANDS, "commands"), ACTOR_CO_TYPE_(TASK_POOL, "task_pool"),
    ACTOR_CO_TYPE_(TRIGGERS, "triggers"), ACTOR_CO_TYPE_(XTRIGGERS, "xtriggers"),
    ACTOR_CO_TYPE_(VIEWER, "viewer"),     ACTOR_CO_TYPE_(HANDLERS, "handlers"),
    ACTOR_CO_TYPE_(HEALTH, "health"),     ACTOR_CO_TYPE_(JOBS, "jobs"),
};

void actor_init(struct actor *actor, const struct actor_type *type,
                const struct cast_context *context)
{
    PRE(co_types[type->member].step);
    co_init(&actor->co, &co_types[type->member], &context->env->ready);
    actor->type = type;
    actor->context = context;
    holder_init(&actor->holder, type->member, context, &actor->co);
    bus_attach(context->bus, type->member, &actor->co);
    co_wake(&actor->co);
}

void actor_release(struct actor *actor)
{
    if (actor->done)
        return;
    co_cancel(&actor->co);
    if (actor->type->end)
        actor->type->end(actor);
}

void actor_say(struct actor *actor, struct message *message)
{
    message->when = env_wall(actor->context->env);
    bus_publish(actor->context->bus, actor->type->member, message);
}

void actor_log(struct actor *actor, enum log_level level, const char *format, ...)
{
    struct text line = {0};
    va_list args;
    va_start(args, format);
    text_vaddf(&line, format, args);
    va_end(args);
    actor->context->env->ops->log(actor->context->env, level, text_string(&line));
    text_release(&line);
}

/* See loop.h. */
#include "coroutines/loop.h"
#include "coroutines/definitions.h"

#include "base/banned.h"

enum porter_state { PORTER_BARRIER, PORTER_NEWS, PORTER_ENDED };
static const char *const porter_states[] = {"waiting for all to listen", "waiting for news",
                                            "ended"};

static void member_done(void *context, enum member member)
{
    struct loop *loop = context;
    loop->living &= ~MEMBER_BIT(member);
    if (loop->ending)
        loop->ending(loop->house);
    else if (!loop->living)
        env_uv_stop(loop->context.env);
}

static void fail(struct loop *loop)
{
    loop->failed = true;
    env_uv_stop(loop->context.env);
}

static void let_in(struct loop *loop)
{
    loop->living = loop->local;
    for (int member = 0; member < MEMBERS && !loop->failed; member++) {
        if (!(loop->local & MEMBER_BIT(member)))
            continue;
        loop->members[member] = cast[member]->create(&loop->context, &loop->error);
        if (!loop->members[member])
            fail(loop);
    }
    if (!loop->failed && loop->opened)
        loop->opened(loop->house);
}

static void take_news(struct loop *loop)
{
    loop->news.rung = false;
    unsigned lost = atomic_exchange(&loop->lost, 0);
    for (int member = 0; member < MEMBERS; member++)
        if (lost & MEMBER_BIT(member))
            bus_lost(loop->context.bus, (enum member)member);
    if (atomic_load(&loop->stop))
        fail(loop);
}

static enum co_result porter_step(struct co *co)
{
    struct loop *loop = (struct loop *)co;
    if (loop->news.rung)
        take_news(loop);
    CO_BEGIN(co, porter_state, PORTER_BARRIER);
    if (!bus_zmq_started(loop->context.bus))
        return CO_ASLEEP;
    let_in(loop);
    CO_AWAIT(co, PORTER_NEWS, false);
    CO_END(co, PORTER_ENDED);
}

static const struct co_type porter_type = {"porter", porter_step, porter_states, PORTER_ENDED + 1,
                                           NULL};

int loop_open(struct loop *loop, const struct cast_context *context, unsigned local,
              const struct env_uv_options *env_options, const struct bus_zmq_options *bus_options,
              struct error *error)
{
    loop->context = *context;
    loop->context.member_done = member_done;
    loop->context.context = loop;
    loop->local = local;
    loop->context.env = env_uv_create(env_options, error);
    if (!loop->context.env)
        return error->code;
    loop->context.bus = bus_zmq_create(loop->context.env, bus_options, error);
    if (!loop->context.bus) {
        env_uv_destroy(loop->context.env);
        return error->code;
    }
    loop->context.definitions = definitions_create(&loop->context);
    co_init(&loop->porter, &porter_type, &loop->context.env->ready);
    loop->context.env->ops->bell_open(loop->context.env, &loop->news, &loop->porter);
    bus_zmq_when_started(loop->context.bus, &loop->porter);
    co_wake(&loop->porter);
    return 0;
}

int loop_run(struct loop *loop)
{
    env_uv_run(loop->context.env);
    return loop->failed ? loop->error.code ? loop->error.code : -1 : 0;
}

void loop_close(struct loop *loop)
{
    for (int member = MEMBERS - 1; member >= 0; member--)
        if (loop->members[member])
            cast[member]->destroy(loop->members[member]);
    co_cancel(&loop->porter);
    loop->context.env->ops->bell_close(loop->context.env, &loop->news);
    bus_destroy(loop->context.bus);
    env_uv_destroy(loop->context.env); /* what is being loaded is awaited here */
    definitions_destroy(loop->context.definitions);
}

void loop_lost(struct loop *loop, enum member member)
{
    atomic_fetch_or(&loop->lost, MEMBER_BIT(member));
    loop->context.env->ops->bell_ring(&loop->news);
}

void loop_give_up(struct loop *loop)
{
    atomic_store(&loop->stop, true);
    loop->context.env->ops->bell_ring(&loop->news);
}

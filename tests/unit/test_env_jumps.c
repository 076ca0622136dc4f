/* The clock of a simulation that does not wait: it jumps to the next timer when nothing runs. */
#include "base/memory.h"
#include "coroutines/env.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#define ROUSE_TOUCHES_THE_WORLD
#include "base/banned.h"

static const uint64_t hour = UINT64_C(3600) * 1000000;

/* Sleeps an hour by one clock, then a day by the other; meanwhile a process may run. */
struct sleeper {
    struct co co;
    struct env *env;
    struct env_timer timer;
    struct env_process process;
    int64_t begun, after_an_hour, after_a_day;
};

enum sleeper_state { SLEEPER_BEGIN, SLEEPER_HOUR, SLEEPER_DAY, SLEEPER_END };
static const char *const states[] = {"begin", "hour", "day", "end"};

static enum co_result sleeper_step(struct co *co)
{
    struct sleeper *self = (struct sleeper *)co;
    const struct env_ops *ops = self->env->ops;
    CO_BEGIN(co, sleeper_state, SLEEPER_BEGIN);
    self->begun = ops->wall(self->env);
    ops->timer_start(self->env, &self->timer, co, hour);
    CO_AWAIT(co, SLEEPER_HOUR, self->timer.fired);
    self->timer.fired = false;
    self->after_an_hour = ops->wall(self->env);
    ops->timer_start_at(self->env, &self->timer, co, self->begun + (int64_t)(24 * hour));
    CO_AWAIT(co, SLEEPER_DAY, self->timer.fired);
    self->after_a_day = ops->wall(self->env);
    CO_END(co, SLEEPER_END);
}

static const struct co_type sleeper_type = {"sleeper", sleeper_step, states, SLEEPER_END + 1, NULL};

static struct env *jumping_env(void)
{
    const struct env_uv_options options = {.log_fd = -1, .utc = true, .jumps = true};
    struct error error = {0};
    struct env *env = env_uv_create(&options, &error);
    assert_non_null(env);
    return env;
}

static int64_t true_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void a_day_takes_no_time(void **state)
{
    (void)state;
    struct sleeper sleeper = {.env = jumping_env()};
    int64_t begun = true_seconds();
    co_init(&sleeper.co, &sleeper_type, &sleeper.env->ready);
    co_wake(&sleeper.co);
    env_uv_run(sleeper.env);
    assert_true(true_seconds() - begun < 60);
    assert_true(sleeper.after_an_hour - sleeper.begun >= (int64_t)hour);
    assert_true(sleeper.after_an_hour - sleeper.begun < (int64_t)(2 * hour));
    assert_true(sleeper.after_a_day - sleeper.begun >= (int64_t)(24 * hour));
    assert_true(sleeper.after_a_day - sleeper.begun < (int64_t)(25 * hour));
    env_uv_destroy(sleeper.env);
}

/* A process ends, an hour has not passed for it. */
struct waiter {
    struct co co;
    struct env *env;
    struct env_timer timer;
    struct env_process process;
    bool timer_came_first;
};

enum waiter_state { WAITER_BEGIN, WAITER_WAITING, WAITER_END };
static const char *const waiter_states[] = {"begin", "waiting", "end"};

static enum co_result waiter_step(struct co *co)
{
    struct waiter *self = (struct waiter *)co;
    static const char *const argv[] = {"true", NULL};
    const struct env_spawn options = {.argv = argv};
    CO_BEGIN(co, waiter_state, WAITER_BEGIN);
    self->env->ops->timer_start(self->env, &self->timer, co, hour);
    assert_int_equal(self->env->ops->spawn(self->env, &self->process, co, &options), 0);
    CO_AWAIT(co, WAITER_WAITING, self->process.exited || self->timer.fired);
    self->timer_came_first = self->timer.fired;
    self->env->ops->timer_stop(self->env, &self->timer);
    CO_END(co, WAITER_END);
}

static const struct co_type waiter_type = {"waiter", waiter_step, waiter_states, WAITER_END + 1,
                                           NULL};

static void a_process_is_waited_for(void **state)
{
    (void)state;
    struct waiter waiter = {.env = jumping_env()};
    co_init(&waiter.co, &waiter_type, &waiter.env->ready);
    co_wake(&waiter.co);
    env_uv_run(waiter.env);
    assert_true(waiter.process.exited);
    assert_false(waiter.timer_came_first);
    waiter.env->ops->process_close(waiter.env, &waiter.process);
    env_uv_destroy(waiter.env);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_takes_no_time),
        cmocka_unit_test(a_process_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The queue between a thread and the loop. */
#include "coroutines/channel.h"
#include "tests/lib/env_fixture.h"
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define ROUSE_TOUCHES_THE_WORLD
#include "base/banned.h"

enum { MANY = 100000 };

static void *number(uintptr_t n)
{
    return (void *)n;
}

static void items_come_in_order_and_run_out(void **state)
{
    (void)state;
    struct channel *channel = channel_create(0, NULL);
    void *got = NULL;
    assert_int_equal(channel_try_get(channel, &got), -EAGAIN);
    for (uintptr_t i = 1; i <= 3; i++)
        assert_int_equal(channel_try_put(channel, number(i)), 0);
    assert_int_equal(channel_count(channel), 3);
    for (uintptr_t i = 1; i <= 3; i++) {
        assert_int_equal(channel_try_get(channel, &got), 0);
        assert_ptr_equal(got, number(i));
    }
    assert_int_equal(channel_try_get(channel, &got), -EAGAIN);
    assert_ptr_equal(got, number(3));
    channel_destroy(channel);
}

static void a_closed_channel_refuses_a_put_and_drains(void **state)
{
    (void)state;
    struct channel *channel = channel_create(0, NULL);
    void *got;
    assert_int_equal(channel_try_put(channel, number(1)), 0);
    channel_close(channel);
    channel_close(channel);
    assert_int_equal(channel_try_put(channel, number(2)), -EPIPE);
    assert_int_equal(channel_put(channel, number(2)), -EPIPE);
    assert_int_equal(channel_get(channel, &got), 0);
    assert_ptr_equal(got, number(1));
    assert_int_equal(channel_get(channel, &got), -EPIPE);
    assert_int_equal(channel_try_get(channel, &got), -EPIPE);
    channel_destroy(channel);
}

static void a_full_channel_says_so(void **state)
{
    (void)state;
    struct channel *channel = channel_create(2, NULL);
    void *got;
    assert_int_equal(channel_try_put(channel, number(1)), 0);
    assert_int_equal(channel_try_put(channel, number(2)), 0);
    assert_int_equal(channel_try_put(channel, number(3)), -EAGAIN);
    assert_int_equal(channel_try_get(channel, &got), 0);
    assert_int_equal(channel_try_put(channel, number(3)), 0);
    channel_close(channel);
    assert_int_equal(channel_try_put(channel, number(4)), -EPIPE);
    channel_destroy(channel);
}

static unsigned dropped;

static void count_dropped(void *item)
{
    dropped += item == number(7);
}

static void what_nobody_got_is_dropped(void **state)
{
    (void)state;
    struct channel *channel = channel_create(0, count_dropped);
    for (int i = 0; i < 3; i++)
        assert_int_equal(channel_try_put(channel, number(7)), 0);
    channel_destroy(channel);
    assert_int_equal(dropped, 3);
    channel_destroy(NULL);
}

static void a_cancelled_wait_loses_nothing(void **state)
{
    (void)state;
    struct channel *channel = channel_create(1, NULL);
    void *got;
    channel_cancel(channel);
    assert_int_equal(channel_get(channel, &got), -ECANCELED);
    channel_cancel(channel);
    assert_int_equal(channel_put(channel, number(1)), 0); /* had not to wait */
    assert_int_equal(channel_put(channel, number(2)), -ECANCELED);
    assert_int_equal(channel_get(channel, &got), 0);
    assert_ptr_equal(got, number(1));
    channel_destroy(channel);
}

static void *get_in_thread(void *argument)
{
    void *got;
    return number((uintptr_t)-channel_get(argument, &got));
}

static void *put_in_thread(void *argument)
{
    return number((uintptr_t)-channel_put(argument, number(2)));
}

static uintptr_t result_after(struct channel *channel, void *(*run)(void *),
                              void (*then)(struct channel *))
{
    pthread_t thread;
    void *result;
    assert_int_equal(pthread_create(&thread, NULL, run, channel), 0);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL); /* most likely it waits by now */
    then(channel);
    assert_int_equal(pthread_join(thread, &result), 0);
    return (uintptr_t)result;
}

static void get_one(struct channel *channel)
{
    void *got;
    assert_int_equal(channel_try_get(channel, &got), 0);
}

static void a_waiting_thread_is_ended_by_close_and_by_cancel(void **state)
{
    (void)state;
    struct channel *channel = channel_create(1, NULL);
    assert_int_equal(result_after(channel, get_in_thread, channel_cancel), ECANCELED);
    assert_int_equal(channel_try_put(channel, number(1)), 0);
    assert_int_equal(result_after(channel, put_in_thread, channel_cancel), ECANCELED);
    assert_int_equal(result_after(channel, put_in_thread, get_one), 0);
    assert_int_equal(result_after(channel, put_in_thread, channel_close), EPIPE);
    get_one(channel);
    channel_destroy(channel);
    channel = channel_create(1, NULL);
    assert_int_equal(result_after(channel, get_in_thread, channel_close), EPIPE);
    channel_destroy(channel);
}

/* --- between a thread and the loop --- */

struct end {
    struct co co;
    struct channel *channel;
    uintptr_t n;     /* items put or got so far */
    unsigned waited; /* how often turned away */
    bool puts;
};

enum end_state { END_RUNNING, END_END };
static const char *const end_states[] = {"running", "end"};

static int move_one(struct end *self)
{
    if (self->puts) {
        if (self->n == MANY) {
            channel_close(self->channel);
            return -EPIPE;
        }
        int result = channel_try_put(self->channel, number(self->n + 1));
        self->n += result == 0;
        return result;
    }
    void *got;
    int result = channel_try_get(self->channel, &got);
    if (result == 0)
        assert_ptr_equal(got, number(++self->n));
    return result;
}

static enum co_result end_step(struct co *co)
{
    struct end *self = (struct end *)co;
    CO_BEGIN(co, end_state, END_RUNNING);
    int result;
    while ((result = move_one(self)) == 0)
        ;
    if (result == -EAGAIN) {
        self->waited++;
        return CO_ASLEEP;
    }
    assert_int_equal(result, -EPIPE);
    channel_detach(self->channel);
    channel_detach(self->channel);
    CO_END(co, END_END);
}

static const struct co_type end_type = {"end", end_step, end_states, 2, NULL};

static void *produce(void *argument)
{
    for (uintptr_t i = 1; i <= MANY; i++)
        if (channel_put(argument, number(i)) < 0)
            return number(1);
    channel_close(argument);
    return NULL;
}

static void *consume(void *argument)
{
    void *got;
    uintptr_t n = 0;
    while (channel_get(argument, &got) == 0)
        if (got != number(++n))
            return number(1);
    return number(n == MANY ? 0 : 1);
}

static void run_with_thread(size_t capacity, bool puts)
{
    struct env *env = env_fixture_env();
    struct channel *channel = channel_create(capacity, NULL);
    struct end end = {.channel = channel, .puts = puts};
    co_init(&end.co, &end_type, &env->ready);
    assert_int_equal(channel_attach(channel, env, &end.co), 0);
    pthread_t thread;
    void *result;
    assert_int_equal(pthread_create(&thread, NULL, puts ? consume : produce, channel), 0);
    env_uv_run(env);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_null(result);
    assert_int_equal(end.co.state, END_END);
    assert_int_equal(end.n, MANY);
    channel_destroy(channel);
    env_uv_destroy(env);
}

static void the_loop_hears_a_thread_to_the_end(void **state)
{
    (void)state;
    run_with_thread(0, false);
    run_with_thread(1, false);
    run_with_thread(100, false);
}

static void a_thread_hears_the_loop_to_the_end(void **state)
{
    (void)state;
    run_with_thread(0, true);
    run_with_thread(1, true);
    run_with_thread(100, true);
}

static void an_unlimited_channel_never_holds_up_its_producer(void **state)
{
    (void)state;
    struct env *env = env_fixture_env();
    struct channel *channel = channel_create(0, NULL);
    struct end end = {.channel = channel};
    co_init(&end.co, &end_type, &env->ready);
    assert_int_equal(channel_attach(channel, env, &end.co), 0);
    /* The loop does not run: whoever waited for it would wait for ever. */
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, produce, channel), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    env_uv_run(env);
    assert_int_equal(end.n, MANY);
    channel_destroy(channel);
    env_uv_destroy(env);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_in_order_and_run_out),
        cmocka_unit_test(a_closed_channel_refuses_a_put_and_drains),
        cmocka_unit_test(a_full_channel_says_so),
        cmocka_unit_test(what_nobody_got_is_dropped),
        cmocka_unit_test(a_cancelled_wait_loses_nothing),
        cmocka_unit_test(a_waiting_thread_is_ended_by_close_and_by_cancel),
        cmocka_unit_test(the_loop_hears_a_thread_to_the_end),
        cmocka_unit_test(a_thread_hears_the_loop_to_the_end),
        cmocka_unit_test(an_unlimited_channel_never_holds_up_its_producer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

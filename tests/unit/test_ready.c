/* Coroutines, the ready queue and timers. */
#include "base/memory.h"
#include "coroutines/ready.h"
#include "coroutines/timers.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

/* --- a coroutine that writes down when it runs --- */

enum walker_state { WALKER_START, WALKER_WAITING, WALKER_YIELDED, WALKER_ENDED };
static const char *const walker_states[] = {"start", "waiting", "yielded", "ended"};

static char steps[64];
static unsigned n_done;

struct walker {
    struct co co;
    char name;
    bool go;
    bool stay_ready;
    struct co *wakes;
};

static enum co_result walker_step(struct co *co)
{
    struct walker *self = (struct walker *)co;
    size_t n = strlen(steps);
    assert_true(n + 1 < sizeof steps);
    steps[n] = self->name;
    steps[n + 1] = '\0';
    assert_ptr_equal(co->ready->running, co);
    if (self->wakes)
        co_wake(self->wakes);
    if (self->stay_ready)
        return CO_READY;
    CO_BEGIN(co, walker_state, WALKER_START);
    CO_AWAIT(co, WALKER_WAITING, self->go);
    CO_YIELD(co, WALKER_YIELDED);
    CO_END(co, WALKER_ENDED);
}

static void walker_done(struct co *co)
{
    (void)co;
    n_done++;
}

static const struct co_type walker_type = {"walker", walker_step, walker_states, WALKER_ENDED + 1,
                                           walker_done};

static void walker_init(struct walker *walker, char name, struct ready *ready)
{
    *walker = (struct walker){.name = name};
    co_init(&walker->co, &walker_type, ready);
}

static struct ready fresh_ready(void)
{
    struct ready ready;
    ready_init(&ready);
    steps[0] = '\0';
    n_done = 0;
    return ready;
}

static void the_woken_run_in_order_each_once(void **state)
{
    (void)state;
    struct ready ready = fresh_ready();
    struct walker a, b, c;
    walker_init(&a, 'a', &ready);
    walker_init(&b, 'b', &ready);
    walker_init(&c, 'c', &ready);
    assert_false(ready_run(&ready, 10));
    co_wake(&b.co);
    co_wake(&a.co);
    co_wake(&b.co);
    co_wake(&c.co);
    assert_int_equal(ready.n, 3);
    assert_string_equal(steps, "");
    assert_false(ready_run(&ready, 10));
    assert_string_equal(steps, "bac");
    assert_int_equal(ready.n, 0);
    assert_int_equal(ready.resumed, 3);
}

static void a_spurious_wake_changes_nothing(void **state)
{
    (void)state;
    struct ready ready = fresh_ready();
    struct walker a;
    walker_init(&a, 'a', &ready);
    ready.now = 5;
    for (int i = 0; i < 3; i++) {
        co_wake(&a.co);
        ready_run(&ready, 1);
        ready.now++;
    }
    assert_string_equal(co_state_name(&a.co), "waiting");
    assert_int_equal(a.co.since, 5);
    assert_int_equal(n_done, 0);
    a.go = true;
    co_wake(&a.co);
    assert_true(ready_run(&ready, 1));
    assert_string_equal(co_state_name(&a.co), "yielded");
    assert_int_equal(a.co.since, 8);
    assert_false(ready_run(&ready, 1));
    assert_string_equal(co_state_name(&a.co), "ended");
    assert_int_equal(n_done, 1);
}

static void one_that_stays_ready_lets_the_others_run(void **state)
{
    (void)state;
    struct ready ready = fresh_ready();
    struct walker a, b;
    walker_init(&a, 'a', &ready);
    walker_init(&b, 'b', &ready);
    a.stay_ready = true;
    co_wake(&a.co);
    co_wake(&b.co);
    assert_true(ready_run(&ready, 3));
    assert_string_equal(steps, "aba");
    assert_true(ready_run(&ready, 2));
    assert_string_equal(steps, "abaaa");
    assert_true(a.co.queued);
}

static void who_is_woken_by_itself_runs_again_later(void **state)
{
    (void)state;
    struct ready ready = fresh_ready();
    struct walker a, b;
    walker_init(&a, 'a', &ready);
    walker_init(&b, 'b', &ready);
    a.wakes = &a.co;
    co_wake(&a.co);
    co_wake(&b.co);
    assert_true(ready_run(&ready, 3));
    assert_string_equal(steps, "aba");
    /* Done while it is queued: it is not run any more. */
    a.go = true;
    ready_run(&ready, 2);
    assert_int_equal(n_done, 1);
    assert_false(ready_run(&ready, 5));
    assert_string_equal(steps, "abaaa");
}

static void who_is_cancelled_does_not_run(void **state)
{
    (void)state;
    for (int which = 0; which < 3; which++) {
        struct ready ready = fresh_ready();
        struct walker each[3], late;
        for (int i = 0; i < 3; i++) {
            walker_init(&each[i], (char)('a' + i), &ready);
            co_wake(&each[i].co);
        }
        walker_init(&late, 'z', &ready);
        co_cancel(&late.co);
        co_cancel(&each[which].co);
        assert_false(each[which].co.queued);
        assert_int_equal(ready.n, 2);
        co_wake(&late.co); /* the end of the queue is right */
        assert_false(ready_run(&ready, 10));
        assert_string_equal(steps, which == 0 ? "bcz" : which == 1 ? "acz" : "abz");
    }
}

static unsigned rung;

static void ring(void *context)
{
    rung += *(unsigned *)context;
}

static void the_loop_is_told_of_the_first_only(void **state)
{
    (void)state;
    struct ready ready = fresh_ready();
    unsigned one = 1;
    rung = 0;
    ready.on_first = ring;
    ready.context = &one;
    struct walker a, b;
    walker_init(&a, 'a', &ready);
    walker_init(&b, 'b', &ready);
    co_wake(&a.co);
    co_wake(&b.co);
    assert_int_equal(rung, 1);
    ready_run(&ready, 2);
    co_wake(&b.co);
    assert_int_equal(rung, 2);
}

static uint64_t choose_last(void *context, uint64_t n)
{
    (void)context;
    return n - 1;
}

static void simulation_may_choose_who_is_next(void **state)
{
    (void)state;
    struct ready ready = fresh_ready();
    ready.choose = choose_last;
    struct walker a, b, c;
    walker_init(&a, 'a', &ready);
    walker_init(&b, 'b', &ready);
    walker_init(&c, 'c', &ready);
    co_wake(&a.co);
    co_wake(&b.co);
    co_wake(&c.co);
    ready_run(&ready, 10);
    assert_string_equal(steps, "cba");
}

static void a_corrupt_state_aborts(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        (void)signal(SIGABRT, SIG_DFL);
        struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        close(STDERR_FILENO);
        struct ready ready = fresh_ready();
        struct walker a;
        walker_init(&a, 'a', &ready);
        a.co.state = 77;
        co_wake(&a.co);
        ready_run(&ready, 1);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* --- timers --- */

static void timers_fire_by_deadline_and_then_by_order(void **state)
{
    (void)state;
    struct ready ready = fresh_ready();
    struct timers timers = {0};
    struct walker walkers[5];
    struct env_timer each[5] = {0};
    static const uint64_t deadlines[5] = {30, 10, 20, 10, 40};
    assert_true(timers_next(&timers) == UINT64_MAX);
    for (int i = 0; i < 5; i++) {
        walker_init(&walkers[i], (char)('a' + i), &ready);
        timers_add(&timers, &each[i], &walkers[i].co, deadlines[i]);
    }
    assert_int_equal(timers_next(&timers), 10);
    assert_int_equal(timers_fire(&timers, 9), 0);
    assert_int_equal(timers_fire(&timers, 20), 3);
    ready_run(&ready, 10);
    assert_string_equal(steps, "bdc");
    assert_true(each[1].fired && each[2].fired && each[3].fired);
    assert_false(each[0].fired || each[4].fired);
    timers_remove(&timers, &each[0]);
    timers_remove(&timers, &each[0]);
    timers_remove(&timers, &each[1]);
    assert_int_equal(timers_fire(&timers, UINT64_MAX - 1), 1);
    assert_false(each[0].fired);
    timers_release(&timers);
}

static void a_timer_started_again_has_not_fired(void **state)
{
    (void)state;
    struct ready ready = fresh_ready();
    struct timers timers = {0};
    struct walker a;
    struct env_timer timer = {0};
    walker_init(&a, 'a', &ready);
    timers_add(&timers, &timer, &a.co, 1);
    timers_fire(&timers, 1);
    assert_true(timer.fired);
    timers_add(&timers, &timer, &a.co, 2);
    assert_false(timer.fired);
    timers_remove(&timers, &timer);
    assert_int_equal(timers_fire(&timers, 5), 0);
    assert_false(timer.fired);
    timers_release(&timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_woken_run_in_order_each_once),
        cmocka_unit_test(a_spurious_wake_changes_nothing),
        cmocka_unit_test(one_that_stays_ready_lets_the_others_run),
        cmocka_unit_test(who_is_woken_by_itself_runs_again_later),
        cmocka_unit_test(who_is_cancelled_does_not_run),
        cmocka_unit_test(the_loop_is_told_of_the_first_only),
        cmocka_unit_test(simulation_may_choose_who_is_next),
        cmocka_unit_test(a_corrupt_state_aborts),
        cmocka_unit_test(timers_fire_by_deadline_and_then_by_order),
        cmocka_unit_test(a_timer_started_again_has_not_fired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

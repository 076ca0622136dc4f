/* Commands of users, queues, flows and the ways to stop. */
#include "tests/lib/pool_world.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define FLOW(rest)                                                                                 \
    "[scheduler]\nallow implicit tasks = True\n[scheduling]\n"                                     \
    "cycling mode = integer\ninitial cycle point = 1\nfinal cycle point = 4\n" rest

static void a_pause_holds_back_all_but_what_is_triggered(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_create_paused(FLOW("[[graph]]\nR1 = \"\"\"\na => b\nc\n\"\"\"\n"));
    pool_world_start(w);
    assert_said(w, "workflow paused\n");
    assert_string_equal(pool_world_active(w), "");
    assert_int_equal(pool_world_command(w, POOL_TRIGGER, "1/c", 0), 0);
    assert_string_equal(pool_world_active(w), "1/c");
    pool_world_succeed(w, "1/c");
    assert_string_equal(pool_world_active(w), "");
    pool_world_command(w, POOL_RESUME, "", 0);
    assert_string_equal(pool_world_active(w), "1/a");
    pool_world_command(w, POOL_PAUSE, "", 0);
    pool_world_succeed(w, "1/a");
    assert_string_equal(pool_world_active(w), "");
    assert_not_said(w, "shutdown");
    pool_world_destroy(w);
}

static void a_command_is_answered_after_all_that_follows_from_it(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create_paused(FLOW("[[graph]]\nR1 = a\n"));
    pool_world_start(w);
    pool_world_clear(w);
    pool_world_command(w, POOL_RESUME, "", 0);
    const char *submit = strstr(pool_world_log(w), "submit 1/a");
    const char *outcome = strstr(pool_world_log(w), "outcome");
    assert_non_null(submit);
    assert_true(submit < outcome);
    pool_world_destroy(w);
}

static void a_paused_workflow_neither_stalls_nor_ends(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nR1 = a & b\n"));
    pool_world_start(w);
    pool_world_command(w, POOL_PAUSE, "", 0);
    pool_world_succeed(w, "1/a");
    pool_world_fail(w, "1/b");
    assert_false(w->stalled);
    pool_world_command(w, POOL_RESUME, "", 0);
    assert_true(w->stalled);
    pool_world_destroy(w);
}

static void a_held_task_waits_and_its_successors_with_it(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nR1 = a => b & c\n"));
    pool_world_start(w);
    assert_int_equal(pool_world_command(w, POOL_HOLD, "1/b", 0), 0);
    assert_said(w, "hold 1/b\n");
    pool_world_succeed(w, "1/a");
    assert_string_equal(pool_world_active(w), "1/c");
    assert_string_equal(pool_world_rows(w), "1/b waiting held [1]; 1/c preparing [1]");
    pool_world_succeed(w, "1/c");
    assert_false(w->stalled);
    assert_int_equal(pool_world_command(w, POOL_RELEASE, "1/b", 0), 0);
    assert_said(w, "unhold 1/b\n");
    assert_string_equal(pool_world_active(w), "1/b");
    pool_world_destroy(w);
}

static void a_pattern_holds_what_is_in_the_pool_only(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nR1 = a => b\n"));
    pool_world_start(w);
    assert_int_equal(pool_world_command(w, POOL_HOLD, "*/b*", 0), ENOENT);
    assert_int_equal(pool_world_command(w, POOL_HOLD, "*/a", 0), 0);
    pool_world_succeed(w, "1/a");
    assert_string_equal(pool_world_active(w), "1/b");
    pool_world_destroy(w);
}

static void release_all_releases_also_what_has_not_come(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nR1 = a => b & c => d\n"));
    pool_world_start(w);
    pool_world_command(w, POOL_HOLD, "1/b 1/c 1/d", 0);
    pool_world_succeed(w, "1/a");
    assert_string_equal(pool_world_active(w), "");
    pool_world_command(w, POOL_RELEASE_ALL, "", 0);
    assert_string_equal(pool_world_active(w), "1/b 1/c");
    pool_world_succeed(w, "1/b");
    pool_world_succeed(w, "1/c");
    assert_string_equal(pool_world_active(w), "1/d");
    pool_world_destroy(w);
}

static void ids_may_be_families_states_and_whole_cycles(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(
        FLOW("[[graph]]\nR1 = FAM:succeed-all => x\nR1 = y\n[runtime]\n[[FAM]]\n[[m1, m2]]\n"
             "inherit = FAM\n[[y]]\n"));
    pool_world_start(w);
    pool_world_clear(w);
    pool_world_command(w, POOL_HOLD, "1/FAM", 0);
    assert_string_equal(pool_world_lines(w, "hold"), "hold 1/m1\nhold 1/m2\n");
    pool_world_fail(w, "1/m1");
    pool_world_clear(w);
    pool_world_command(w, POOL_RELEASE, "1/*:failed", 0);
    assert_string_equal(pool_world_lines(w, "unhold"), "unhold 1/m1\n");
    pool_world_clear(w);
    pool_world_command(w, POOL_HOLD, "1", 0);
    assert_string_equal(pool_world_lines(w, "hold"), "hold 1/m1\nhold 1/y\n");
    pool_world_destroy(w);
}

static void an_unknown_id_is_named_in_the_answer(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nR1 = a\n"));
    pool_world_start(w);
    assert_int_equal(pool_world_command(w, POOL_TRIGGER, "1/nope 9/a", 0), ENOENT);
    assert_said(w, "no task matches: 1/nope, 9/a\n");
    assert_int_equal(pool_world_command(w, POOL_TRIGGER, "1/a", 0), EALREADY);
    assert_said(w, "already active: 1/a\n");
    assert_int_equal(pool_world_command(w, POOL_COMMANDS, "1/a", 0), ENOTSUP);
    pool_world_destroy(w);
}

static void a_queue_lets_as_many_run_as_its_limit(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[queues]]\n[[[q]]]\nlimit = 2\nmembers = a, b, "
                                                  "c, d\n[[graph]]\nR1 = a & b & c & d & e\n"));
    pool_world_start(w);
    assert_string_equal(pool_world_active(w), "1/a 1/b 1/e");
    assert_said(w, "state 1/c waiting queued\n");
    pool_world_succeed(w, "1/b");
    assert_string_equal(pool_world_active(w), "1/a 1/e 1/c");
    pool_world_fail(w, "1/a");
    assert_string_equal(pool_world_active(w), "1/e 1/c 1/d");
    pool_world_destroy(w);
}

static void the_more_urgent_leave_a_queue_first_and_equals_in_order(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(
        FLOW("[[queues]]\n[[[default]]]\nlimit = 1\n[[graph]]\nR1 = z => a & b & c & d & e\n"
             "[runtime]\n[[z, a, b]]\n[[c, e]]\npriority = 2\n[[d]]\npriority = 10\n"));
    pool_world_start(w);
    pool_world_succeed(w, "1/z");
    static const char *const order[] = {"1/a", "1/d", "1/c", "1/e", "1/b"};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (i == 1)
            pool_world_restart(w);
        assert_string_equal(pool_world_active(w), order[i]);
        pool_world_succeed(w, order[i]);
    }
    pool_world_destroy(w);
}

static void triggering_a_queued_task_runs_it_past_the_limit(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(
        FLOW("[[queues]]\n[[[default]]]\nlimit = 1\n[[graph]]\nR1 = a & b & c\n"));
    pool_world_start(w);
    assert_string_equal(pool_world_active(w), "1/a");
    pool_world_command(w, POOL_TRIGGER, "1/c", 0);
    assert_string_equal(pool_world_active(w), "1/a 1/c");
    pool_world_succeed(w, "1/a");
    assert_string_equal(pool_world_active(w), "1/c"); /* the limit holds again */
    pool_world_succeed(w, "1/c");
    assert_string_equal(pool_world_active(w), "1/b");
    pool_world_destroy(w);
}

/* What it also depends on is watched, as of any task that waits below the limit. */
static void one_from_beyond_the_runahead_limit_waits_in_a_full_queue(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(
        FLOW("runahead limit = P0\n[[queues]]\n[[[default]]]\nlimit = 1\n"
             "[[xtriggers]]\ne = echo(%(point)s)\n[[graph]]\nR1 = a\nP1 = @e => w\n"));
    assert_int_equal(pool_world_command(w, POOL_TRIGGER, "4/w", 0), 0);
    assert_said(w, "state 4/w waiting queued manual\n");
    pool_world_succeed(w, "1/a");
    assert_string_equal(pool_world_active(w), "4/w");
    pool_world_destroy(w);
}

static void a_triggered_task_waits_in_a_full_queue_until_triggered_again(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_create(FLOW("[[queues]]\n[[[default]]]\nlimit = 1\n[[graph]]\n"
                               "R1 = \"\"\"\na => b\na => c\na => d\nh\n\"\"\"\n"));
    pool_world_start(w);
    assert_string_equal(pool_world_active(w), "1/a");
    pool_world_command(w, POOL_TRIGGER, "1/b 1/c", 0);
    assert_string_equal(pool_world_active(w), "1/a");
    pool_world_command(w, POOL_TRIGGER, "1/c", 0);
    assert_string_equal(pool_world_active(w), "1/a 1/c");
    pool_world_command(w, POOL_HOLD, "1/h", 0); /* was queued: as good as there */
    pool_world_command(w, POOL_TRIGGER, "1/h", 0);
    assert_string_equal(pool_world_active(w), "1/a 1/c 1/h");
    pool_world_succeed(w, "1/c");
    pool_world_succeed(w, "1/h");
    assert_string_equal(pool_world_active(w), "1/a");
    pool_world_succeed(w, "1/a");
    assert_string_equal(pool_world_active(w), "1/b"); /* its parents do not matter */
    pool_world_destroy(w);
}

static void a_task_that_ran_runs_again_under_the_next_number(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_create(FLOW("[[graph]]\nR1 = \"\"\"\na:fail? => fix\na? => c\n\"\"\"\n"));
    pool_world_start(w);
    pool_world_fail(w, "1/a");
    assert_int_equal(pool_world_command(w, POOL_TRIGGER, "1/a", 0), 0);
    assert_said(w, "submit 1/a 2 try 1 [1] [] manual\n");
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "1/c");
    pool_world_succeed(w, "1/fix");
    assert_said(w, "shutdown AUTOMATIC 0\n");
    pool_world_destroy(w);
}

static void a_new_flow_runs_everything_again(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nR1 = a => b => c\n"));
    pool_world_start(w);
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "1/b");
    assert_int_equal(pool_world_command(w, POOL_TRIGGER, "1/a", POOL_FLOW_NEW), 0);
    assert_said(w, "submit 1/a 2 try 1 [2] [] manual\n");
    assert_said(w, "param flow 2 = no description\n");
    pool_world_succeed(w, "1/c");
    pool_world_succeed(w, "1/a");
    assert_said(w, "submit 1/b 2 try 1 [2] ['1/a']\n");
    pool_world_succeed(w, "1/b");
    assert_said(w, "submit 1/c 2 try 1 [2] ['1/b']\n");
    pool_world_succeed(w, "1/c");
    assert_said(w, "shutdown AUTOMATIC 0\n");
    pool_world_destroy(w);
}

static void without_a_flow_nothing_flows_on(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nR1 = a => b => c\n"));
    pool_world_start(w);
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "1/b");
    pool_world_command(w, POOL_TRIGGER, "1/a", POOL_FLOW_NONE);
    assert_said(w, "submit 1/a 2 try 1 [] [] manual\n");
    pool_world_succeed(w, "1/a");
    assert_string_equal(pool_world_active(w), "1/c");
    pool_world_succeed(w, "1/c");
    assert_said(w, "shutdown AUTOMATIC 0\n");
    pool_world_destroy(w);
}

static void flows_merge_in_a_waiting_task(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_create(FLOW("[[graph]]\nR1 = \"\"\"\na => b\nc => b\na => x\n\"\"\"\n"));
    pool_world_start(w);
    pool_world_succeed(w, "1/a");
    pool_world_command(w, POOL_TRIGGER, "1/a", POOL_FLOW_NEW);
    pool_world_succeed(w, "1/x");
    pool_world_succeed(w, "1/a");
    assert_said(w, "submit 1/x 2 try 1 [2] ['1/a']\n");
    pool_world_succeed(w, "1/x");
    pool_world_succeed(w, "1/c");
    assert_said(w, "submit 1/b 1 try 1 [1,2] ['1/a', '1/c']\n");
    pool_world_succeed(w, "1/b");
    assert_said(w, "shutdown AUTOMATIC 0\n");
    pool_world_destroy(w);
}

static void a_flow_that_waits_triggers_when_it_has_caught_up(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nR1 = a => b => c => d\n"));
    pool_world_start(w);
    pool_world_command(w, POOL_TRIGGER, "1/c", POOL_FLOW_WAIT);
    pool_world_succeed(w, "1/c");
    assert_not_said(w, "spawned 1/d");
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "1/b");
    assert_said(w, "submit 1/d 1 try 1 [1] ['1/c']\n");
    assert_string_equal(pool_world_lines(w, "submit 1/c"), "submit 1/c 1 try 1 [1] [] manual\n");
    pool_world_succeed(w, "1/d");
    assert_said(w, "shutdown AUTOMATIC 0\n");
    pool_world_destroy(w);
}

static void an_incomplete_task_runs_again_when_a_flow_reaches_it(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nR1 = a => b\n"));
    pool_world_start(w);
    pool_world_succeed(w, "1/a");
    pool_world_fail(w, "1/b");
    assert_true(w->stalled);
    pool_world_command(w, POOL_TRIGGER, "1/a", POOL_FLOW_NEW);
    pool_world_succeed(w, "1/a");
    assert_said(w, "submit 1/b 2 try 1 [1,2] ['1/a']\n");
    pool_world_destroy(w);
}

static void a_clean_stop_waits_for_jobs_and_submits_none(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nR1 = a => b\n"));
    pool_world_start(w);
    pool_world_job(w, TOPIC_JOB_STARTED, "1/a");
    assert_int_equal(pool_world_command(w, POOL_STOP, "", STOP_CLEAN), 0);
    assert_said(w, "workflow stopping\n");
    assert_int_equal(pool_world_command(w, POOL_TRIGGER, "1/b", 0), ESHUTDOWN);
    pool_world_job(w, TOPIC_JOB_SUCCEEDED, "1/a");
    assert_not_said(w, "submit 1/b");
    assert_said(w, "shutdown REQUEST(CLEAN) 0\n");
    assert_string_equal(pool_world_rows(w), "1/b waiting [1]");
    pool_world_destroy(w);
}

static void a_killing_stop_holds_and_kills(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(
        FLOW("[[graph]]\nR1 = a\n[runtime]\n[[a]]\nexecution retry delays = PT0S\n"));
    pool_world_start(w);
    pool_world_job(w, TOPIC_JOB_STARTED, "1/a");
    pool_world_command(w, POOL_STOP, "", STOP_KILL);
    assert_said(w, "kill 1/a 1\n");
    pool_world_job(w, TOPIC_JOB_FAILED, "1/a");
    assert_said(w, "shutdown REQUEST(KILL) 0\n");
    pool_world_destroy(w);
}

static void a_stop_now_ends_after_the_answer(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nR1 = a\n"));
    pool_world_start(w);
    assert_int_equal(pool_world_command(w, POOL_STOP, "", STOP_NOW), 0);
    const char *last = strstr(pool_world_log(w), "shutdown REQUEST(NOW) 0\n");
    assert_non_null(last);
    assert_string_equal(last, "shutdown REQUEST(NOW) 0\n");
    pool_world_job(w, TOPIC_JOB_SUCCEEDED, "1/a"); /* nothing is said any more */
    pool_world_destroy(w);
}

static void an_abort_says_why(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nR1 = a\n"));
    pool_world_start(w);
    pool_world_hear(w, (struct message){.topic = TOPIC_POOL_COMMAND,
                                        .number = POOL_ABORT,
                                        .text = slice_of("the contact file is gone")});
    assert_said(w, "shutdown the contact file is gone 1\n");
    pool_world_destroy(w);
}

static void stop_after(struct pool_world *w, const char *what)
{
    pool_world_hear(w, (struct message){.topic = TOPIC_POOL_COMMAND,
                                        .id = 1,
                                        .number = POOL_STOP,
                                        .flags = STOP_CLEAN,
                                        .detail = slice_of(what)});
}

static void a_stop_after_a_point_lets_the_point_finish(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nP1 = a[-P1] => a\n"));
    pool_world_start(w);
    stop_after(w, "2");
    assert_said(w, "param stopcp = 2\n");
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "2/a");
    assert_said(w, "shutdown AUTOMATIC 0\n");
    assert_string_equal(pool_world_rows(w), "3/a waiting [1]");
    pool_world_destroy(w);
}

static void a_stop_after_a_point_calls_back_what_was_released(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_create(FLOW("[[queues]]\n[[[default]]]\nlimit = 1\n[[graph]]\nP1 = a\n"));
    pool_world_start(w);
    stop_after(w, "2");
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "2/a");
    assert_said(w, "shutdown AUTOMATIC 0\n");
    pool_world_destroy(w);
}

static void a_stop_after_a_task_waits_for_no_other(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nR1 = a & b\n"));
    pool_world_start(w);
    stop_after(w, "1/b");
    pool_world_succeed(w, "1/b");
    assert_said(w, "shutdown AUTOMATIC 0\n");
    pool_world_destroy(w);
}

static void hold_after_a_point_holds_what_comes(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nP1 = a[-P1] => a\n"));
    pool_world_start(w);
    pool_world_hear(w, (struct message){.topic = TOPIC_POOL_COMMAND,
                                        .number = POOL_HOLD,
                                        .detail = slice_of("1")});
    assert_said(w, "param holdcp = 1\n");
    pool_world_succeed(w, "1/a");
    assert_string_equal(pool_world_rows(w), "2/a waiting held [1]");
    assert_false(w->stalled);
    pool_world_command(w, POOL_RELEASE_ALL, "", 0);
    assert_string_equal(pool_world_active(w), "2/a");
    pool_world_destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_holds_back_all_but_what_is_triggered),
        cmocka_unit_test(a_command_is_answered_after_all_that_follows_from_it),
        cmocka_unit_test(a_paused_workflow_neither_stalls_nor_ends),
        cmocka_unit_test(a_held_task_waits_and_its_successors_with_it),
        cmocka_unit_test(a_pattern_holds_what_is_in_the_pool_only),
        cmocka_unit_test(release_all_releases_also_what_has_not_come),
        cmocka_unit_test(ids_may_be_families_states_and_whole_cycles),
        cmocka_unit_test(an_unknown_id_is_named_in_the_answer),
        cmocka_unit_test(a_queue_lets_as_many_run_as_its_limit),
        cmocka_unit_test(the_more_urgent_leave_a_queue_first_and_equals_in_order),
        cmocka_unit_test(triggering_a_queued_task_runs_it_past_the_limit),
        cmocka_unit_test(one_from_beyond_the_runahead_limit_waits_in_a_full_queue),
        cmocka_unit_test(a_triggered_task_waits_in_a_full_queue_until_triggered_again),
        cmocka_unit_test(a_task_that_ran_runs_again_under_the_next_number),
        cmocka_unit_test(a_new_flow_runs_everything_again),
        cmocka_unit_test(without_a_flow_nothing_flows_on),
        cmocka_unit_test(flows_merge_in_a_waiting_task),
        cmocka_unit_test(a_flow_that_waits_triggers_when_it_has_caught_up),
        cmocka_unit_test(an_incomplete_task_runs_again_when_a_flow_reaches_it),
        cmocka_unit_test(a_clean_stop_waits_for_jobs_and_submits_none),
        cmocka_unit_test(a_killing_stop_holds_and_kills),
        cmocka_unit_test(a_stop_now_ends_after_the_answer),
        cmocka_unit_test(an_abort_says_why),
        cmocka_unit_test(a_stop_after_a_point_lets_the_point_finish),
        cmocka_unit_test(a_stop_after_a_point_calls_back_what_was_released),
        cmocka_unit_test(a_stop_after_a_task_waits_for_no_other),
        cmocka_unit_test(hold_after_a_point_holds_what_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* remove: out of flows, as if it had never run. */
#include "tests/lib/pool_world.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint32_t take_away(struct pool_world *w, const char *ids, uint32_t flow)
{
    return pool_world_in_flow(w, POOL_REMOVE, ids, flow);
}

static void a_waiting_task_goes_and_does_not_hold_up_the_end(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a & b? => c\nb:fail? => z"));
    pool_world_succeed(w, "1/a");
    pool_world_fail(w, "1/b");
    assert_int_equal(take_away(w, "1/c", 0), 0);
    assert_said(w, "removed 1/c from-flows []\n");
    pool_world_succeed(w, "1/z");
    assert_said(w, "shutdown AUTOMATIC 0\n");
    pool_world_destroy(w);
}

static void a_running_job_is_killed(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a => b\nz"));
    pool_world_job(w, TOPIC_JOB_STARTED, "1/a");
    assert_int_equal(take_away(w, "1/a", 0), 0);
    assert_said(w, "kill 1/a 1\n");
    assert_said(w, "state 1/a failed");
    assert_string_equal(pool_world_rows(w), "1/z preparing [1]");
    pool_world_job(w, TOPIC_JOB_FAILED, "1/a");
    assert_not_said(w, "spawned 1/b");
    pool_world_destroy(w);
}

static void a_job_that_is_not_running_yet_has_failed_to_be_submitted(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a => b\nz"));
    assert_int_equal(take_away(w, "1/a", 0), 0);
    assert_said(w, "state 1/a submit-failed");
    pool_world_destroy(w);
}

static void the_workflow_does_not_end_before_the_killed_job_has(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a => b"));
    pool_world_job(w, TOPIC_JOB_STARTED, "1/a");
    assert_int_equal(take_away(w, "1/a", 0), 0);
    assert_not_said(w, "shutdown");
    pool_world_job(w, TOPIC_JOB_FAILED, "1/a");
    assert_said(w, "shutdown AUTOMATIC 0\n");
    pool_world_destroy(w);
}

static void a_task_that_has_run_may_run_again_in_the_flow(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a => b => c\nz"));
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "1/b");
    pool_world_succeed(w, "1/c");
    assert_int_equal(take_away(w, "1/a 1/b", 0), 0);
    pool_world_command(w, POOL_TRIGGER, "1/a", 0);
    pool_world_succeed(w, "1/a");
    assert_string_equal(pool_world_active(w), "1/z 1/b");
    pool_world_succeed(w, "1/b");
    assert_string_equal(pool_world_active(w), "1/z"); /* c was not removed */
    pool_world_destroy(w);
}

static void the_removal_of_the_past_survives_a_restart(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a => b => c\nz"));
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "1/b");
    pool_world_succeed(w, "1/c");
    take_away(w, "1/b", 0);
    pool_world_restart(w);
    pool_world_command(w, POOL_TRIGGER, "1/a", 0);
    pool_world_succeed(w, "1/a");
    assert_string_equal(pool_world_active(w), "1/z 1/b");
    pool_world_destroy(w);
}

static void what_it_satisfied_is_satisfied_no_longer(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a & b => c\nz"));
    pool_world_succeed(w, "1/a");
    assert_int_equal(take_away(w, "1/a", 0), 0);
    assert_said(w, "unsatisfied 1/c 0\n");
    assert_said(w, "removed 1/c by-command\n"); /* nothing else had brought it */
    pool_world_succeed(w, "1/b");
    assert_string_equal(pool_world_rows(w), "1/c waiting [1]; 1/z preparing [1]");
    pool_world_destroy(w);
}

static void a_child_that_something_else_brought_stays(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a & b & d => c\nz"));
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "1/b");
    take_away(w, "1/a", 0);
    pool_world_succeed(w, "1/d");
    assert_string_equal(pool_world_rows(w), "1/c waiting [1]; 1/z preparing [1]");
    pool_world_restart(w);
    assert_string_equal(pool_world_active(w), "1/z");
    pool_world_destroy(w);
}

static void a_child_in_a_queue_is_taken_out_of_it(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_begin(FOUR_CYCLES("[[queues]]\n[[[default]]]\nlimit = 1\n[[graph]]\nR1 = "
                                     "\"\"\"\na & b => c\nb => d\n\"\"\"\n"));
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "1/b");
    assert_string_equal(pool_world_rows(w), "1/c preparing [1]; 1/d waiting [1]");
    take_away(w, "1/b", 0);
    assert_string_equal(pool_world_rows(w), "1/c preparing [1]");
    pool_world_destroy(w);
}

static void an_active_child_runs_on(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a => b\nz"));
    pool_world_succeed(w, "1/a");
    take_away(w, "1/a", 0);
    assert_string_equal(pool_world_active(w), "1/z 1/b");
    pool_world_destroy(w);
}

static void what_a_user_satisfied_stays_satisfied(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a & b => c\nz"));
    pool_world_set(w, POOL_SET_PREREQUISITES, "1/c", "1/a", 0);
    pool_world_succeed(w, "1/a");
    take_away(w, "1/a", 0);
    assert_not_said(w, "unsatisfied");
    pool_world_succeed(w, "1/b");
    assert_string_equal(pool_world_active(w), "1/z 1/c");
    pool_world_destroy(w);
}

static void a_member_of_a_family_is_taken_back_from_its_group(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(
        FOUR_CYCLES("[[graph]]\nR1 = \"\"\"\nFAM:succeed-all & b => "
                    "c\nz\n\"\"\"\n[runtime]\n[[FAM]]\n[[m1, m2]]\ninherit = FAM\n[[b, z]]\n"));
    pool_world_succeed(w, "1/m1");
    pool_world_succeed(w, "1/m2");
    assert_int_equal(take_away(w, "1/m1", 0), 0);
    assert_said(w, "ungroup FAM:succeed-all m1\n");
    pool_world_restart(w);
    pool_world_succeed(w, "1/b");
    assert_string_equal(pool_world_active(w), "1/z");
    pool_world_command(w, POOL_TRIGGER, "1/m1", 0);
    pool_world_succeed(w, "1/m1");
    assert_string_equal(pool_world_active(w), "1/z 1/c");
    pool_world_destroy(w);
}

static void out_of_one_of_two_flows_it_stays_in_the_other(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a => b\nc => b\na => x"));
    pool_world_succeed(w, "1/a");
    pool_world_command(w, POOL_TRIGGER, "1/a", POOL_FLOW_NEW);
    pool_world_succeed(w, "1/a");
    assert_said(w, "satisfied 1/b 0\n");
    assert_int_equal(take_away(w, "1/b", 2), 0);
    assert_said(w, "removed 1/b from-flows [2]\n");
    assert_string_equal(pool_world_rows(w),
                        "1/b waiting [1]; 1/c preparing [1]; 1/x preparing [1,2]");
    pool_world_destroy(w);
}

static void who_is_not_in_the_flow_is_named(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a => b\nz"));
    pool_world_succeed(w, "1/a");
    assert_int_equal(take_away(w, "1/a 1/b", 3), ENOENT);
    assert_said(w, "not removed, for they are in none of these flows: 1/b, 1/a\n");
    assert_int_equal(take_away(w, "1/nope", 0), ENOENT);
    pool_world_destroy(w);
}

static void a_task_without_a_flow_can_be_removed(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a => b\nz"));
    pool_world_succeed(w, "1/a");
    pool_world_command(w, POOL_TRIGGER, "1/a", POOL_FLOW_NONE);
    pool_world_fail(w, "1/a");
    assert_int_equal(take_away(w, "1/a", 0), 0);
    assert_string_equal(pool_world_rows(w), "1/b preparing [1]; 1/z preparing [1]");
    pool_world_destroy(w);
}

static void it_waits_until_what_is_under_way_has_had_its_effect(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a & b => c\nz"));
    pool_world_job(w, TOPIC_JOB_STARTED, "1/a");
    w->hold_answers = true; /* the triggers have not answered yet */
    pool_world_job(w, TOPIC_JOB_SUCCEEDED, "1/a");
    pool_world_hear(w, (struct message){.topic = TOPIC_POOL_COMMAND,
                                        .id = 7,
                                        .number = POOL_REMOVE,
                                        .text = slice_of("1/a")});
    assert_not_said(w, "outcome 7");
    w->hold_answers = false;
    pool_world_run(w);
    assert_said(w, "outcome 7 0");
    assert_said(w, "removed 1/c by-command\n");
    pool_world_destroy(w);
}

/* Two histories become one: of a run in flow 2, and of outputs that were set in flow 1. */
static void no_submit_number_is_used_again_when_histories_meet(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("y => a => b\nz"));
    assert_int_equal(pool_world_set(w, POOL_SET_OUTPUTS, "1/a", "succeeded", 0), 0);
    assert_int_equal(pool_world_command(w, POOL_TRIGGER, "1/a", POOL_FLOW_NEW), 0);
    pool_world_succeed(w, "1/a");
    pool_world_restart(w);
    assert_int_equal(take_away(w, "1/a", 0), 0);
    pool_world_restart(w);
    assert_int_equal(pool_world_command(w, POOL_TRIGGER, "1/a", 0), 0);
    assert_said(w, "submit 1/a 2");
    pool_world_destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_submit_number_is_used_again_when_histories_meet),
        cmocka_unit_test(a_waiting_task_goes_and_does_not_hold_up_the_end),
        cmocka_unit_test(a_running_job_is_killed),
        cmocka_unit_test(a_job_that_is_not_running_yet_has_failed_to_be_submitted),
        cmocka_unit_test(the_workflow_does_not_end_before_the_killed_job_has),
        cmocka_unit_test(a_task_that_has_run_may_run_again_in_the_flow),
        cmocka_unit_test(the_removal_of_the_past_survives_a_restart),
        cmocka_unit_test(what_it_satisfied_is_satisfied_no_longer),
        cmocka_unit_test(a_child_that_something_else_brought_stays),
        cmocka_unit_test(a_child_in_a_queue_is_taken_out_of_it),
        cmocka_unit_test(an_active_child_runs_on),
        cmocka_unit_test(what_a_user_satisfied_stays_satisfied),
        cmocka_unit_test(a_member_of_a_family_is_taken_back_from_its_group),
        cmocka_unit_test(out_of_one_of_two_flows_it_stays_in_the_other),
        cmocka_unit_test(who_is_not_in_the_flow_is_named),
        cmocka_unit_test(a_task_without_a_flow_can_be_removed),
        cmocka_unit_test(it_waits_until_what_is_under_way_has_had_its_effect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

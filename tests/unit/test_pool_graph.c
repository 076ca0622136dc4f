/* Spawning on outputs, prerequisites, completion and stall: what the graph makes happen. */
#include "tests/lib/pool_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define FLOW(graph)                                                                                \
    "[scheduler]\nallow implicit tasks = True\n[scheduling]\n"                                     \
    "cycling mode = integer\ninitial cycle point = 1\nfinal cycle point = 3\n[[graph]]\n" graph

static void a_chain_runs_to_completion(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("R1 = a => b => c\n"));
    pool_world_start(w);
    assert_string_equal(pool_world_active(w), "1/a");
    pool_world_succeed(w, "1/a");
    assert_string_equal(pool_world_active(w), "1/b");
    assert_said(w, "submit 1/b 1 try 1 [1] ['1/a']");
    pool_world_succeed(w, "1/b");
    pool_world_succeed(w, "1/c");
    assert_said(w, "shutdown AUTOMATIC 0\n");
    assert_true(pool_is_shut_down(w->pool));
    assert_int_equal(pool_size(w->pool), 0);
    pool_world_destroy(w);
}

static void effects_come_before_the_settlement(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("R1 = a => b\n"));
    pool_world_start(w);
    pool_world_clear(w);
    pool_world_succeed(w, "1/a");
    const char *settled = strstr(pool_world_log(w), "settled 1/a succeeded\n");
    const char *submit = strstr(pool_world_log(w), "submit 1/b");
    assert_non_null(submit);
    assert_non_null(settled);
    assert_true(submit < settled);
    pool_world_destroy(w);
}

static void a_parent_stays_until_its_outputs_are_settled(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("R1 = a => b\n"));
    pool_world_start(w);
    w->hold_answers = true;
    pool_world_succeed(w, "1/a");
    assert_int_equal(pool_size(w->pool), 1);
    assert_int_equal(pool_in_flight(w->pool), 3);
    assert_not_said(w, "shutdown");
    w->hold_answers = false;
    pool_world_run(w);
    assert_int_equal(pool_in_flight(w->pool), 0);
    assert_string_equal(pool_world_active(w), "1/b");
    pool_world_destroy(w);
}

static void and_waits_for_all_and_or_for_one(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("R1 = (a & b) | c => d\n"));
    pool_world_start(w);
    assert_string_equal(pool_world_active(w), "1/a 1/b 1/c");
    pool_world_succeed(w, "1/a");
    assert_not_said(w, "submit 1/d");
    pool_world_succeed(w, "1/b");
    assert_said(w, "submit 1/d 1 try 1 [1] ['1/a', '1/b']");
    pool_world_succeed(w, "1/d");
    pool_world_succeed(w, "1/c"); /* no second run */
    assert_said(w, "shutdown AUTOMATIC");
    assert_string_equal(pool_world_lines(w, "submit 1/d"),
                        "submit 1/d 1 try 1 [1] ['1/a', '1/b']\n");
    pool_world_destroy(w);
}

static void parents_before_the_initial_point_count_as_done(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("P1 = a[-P1] & x => a\n"));
    pool_world_start(w);
    pool_world_succeed(w, "1/x");
    assert_said(w, "submit 1/a 1 try 1 [1] ['0/a', '1/x']");
    pool_world_succeed(w, "2/x");
    assert_not_said(w, "submit 2/a");
    pool_world_succeed(w, "1/a");
    assert_said(w, "submit 2/a 1 try 1 [1] ['1/a', '2/x']");
    pool_world_destroy(w);
}

static void an_absolute_trigger_serves_every_cycle(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("R1 = prep\nP1 = prep[^] & b => a\n"));
    pool_world_start(w);
    pool_world_succeed(w, "2/b");
    assert_not_said(w, "submit 2/a");
    pool_world_succeed(w, "1/prep");
    assert_said(w, "submit 2/a 1 try 1 [1] ['1/prep', '2/b']");
    pool_world_succeed(w, "3/b");
    assert_said(w, "submit 3/a 1 try 1 [1] ['1/prep', '3/b']");
    pool_world_destroy(w);
}

static void only_an_absolute_trigger_waits_in_each_cycle(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("R1 = prep\nP1 = prep[^] => a\n"));
    pool_world_start(w);
    assert_string_equal(pool_world_active(w), "1/prep");
    pool_world_succeed(w, "1/prep");
    assert_string_equal(pool_world_active(w), "1/a 2/a 3/a");
    pool_world_destroy(w);
}

static void an_output_by_message_triggers_before_the_end(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(
        FLOW("R1 = a:x => b\n[runtime]\n[[a]]\n[[[outputs]]]\nx = the x message\n"));
    pool_world_start(w);
    pool_world_job(w, TOPIC_JOB_STARTED, "1/a");
    pool_world_message(w, "1/a", "x");
    assert_not_said(w, "submit 1/b");
    assert_said(w, "event 1/a message info: x\n");
    pool_world_message(w, "1/a", "the x message");
    assert_said(w, "output 1/a x [1]\n");
    assert_said(w, "event 1/a x: the x message\n");
    assert_string_equal(pool_world_active(w), "1/a 1/b");
    pool_world_destroy(w);
}

static void what_would_complete_a_task_is_told_where_nothing_is_required(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a?"));
    pool_world_job(w, TOPIC_JOB_SUBMIT_FAILED, "1/a");
    assert_said(w, "incomplete: 1/a (submit-failed; missing: succeeded or failed)\n");
    pool_world_destroy(w);
}

static void a_required_output_that_is_missing_stalls(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_create(FLOW("R1 = a:x => b\n[runtime]\n[[a]]\n[[[outputs]]]\nx = xx\n"));
    pool_world_start(w);
    pool_world_succeed(w, "1/a");
    assert_said(w, "state 1/a succeeded incomplete\n");
    assert_said(w, "workflow running stalled: incomplete: 1/a (succeeded; missing: x)\n");
    assert_string_equal(pool_world_rows(w), "1/a succeeded [1]");
    pool_world_destroy(w);
}

/* No required output is missing: it must have been submitted to be complete. */
static void a_stall_tells_what_would_complete_a_task_that_lacks_no_output(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a? => b"));
    pool_world_job(w, TOPIC_JOB_SUBMIT_FAILED, "1/a");
    assert_true(w->stalled);
    assert_said(w, "incomplete: 1/a (submit-failed; missing: ");
    assert_not_said(w, "missing:)");
    pool_world_destroy(w);
}

static void a_failure_nobody_expects_stalls_and_a_trigger_helps(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("R1 = a => b\n"));
    pool_world_start(w);
    pool_world_fail(w, "1/a");
    assert_said(w, "state 1/a failed incomplete\n");
    assert_true(w->stalled);
    pool_world_clear(w);
    assert_int_equal(pool_world_command(w, POOL_TRIGGER, "1/a", 0), 0);
    assert_false(w->stalled);
    assert_said(w, "submit 1/a 2 try 1 [1] [] manual\n");
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "1/b");
    assert_said(w, "shutdown AUTOMATIC 0\n");
    pool_world_destroy(w);
}

static void an_optional_failure_takes_its_branch(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("R1 = \"\"\"\na:fail? => f\na? => g\n\"\"\"\n"));
    pool_world_start(w);
    pool_world_fail(w, "1/a");
    assert_string_equal(pool_world_active(w), "1/f");
    pool_world_succeed(w, "1/f");
    assert_said(w, "shutdown AUTOMATIC 0\n");
    assert_not_said(w, "spawned 1/g");
    pool_world_destroy(w);
}

static void a_partly_satisfied_task_stalls(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("R1 = a & b? => c\n"));
    pool_world_start(w);
    pool_world_succeed(w, "1/a");
    pool_world_fail(w, "1/b");
    assert_said(w, "stalled: unsatisfied: 1/c (waits for 1/b:succeeded)\n");
    assert_string_equal(pool_world_rows(w), "1/c waiting [1]");
    pool_world_destroy(w);
}

static void a_suicide_trigger_removes_the_task_for_good(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_create(FLOW("R1 = \"\"\"\na:fail? & x => b\na? => !b\na? => c\n\"\"\"\n"));
    pool_world_start(w);
    pool_world_succeed(w, "1/x");
    assert_said(w, "spawned 1/b [1]\n");
    pool_world_succeed(w, "1/a");
    assert_said(w, "removed 1/b suicide\n");
    pool_world_succeed(w, "1/c");
    assert_said(w, "shutdown AUTOMATIC 0\n");
    pool_world_destroy(w);
}

static void a_family_is_one_node_and_brings_its_children_once(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(
        FLOW("R1 = FAM:succeed-all => x & y\n[runtime]\n[[FAM]]\n[[m1, m2, m3]]\ninherit = FAM\n"));
    pool_world_start(w);
    pool_world_succeed(w, "1/m2");
    assert_said(w, "spawned 1/x [1]\n");
    assert_said(w, "spawned 1/y [1]\n");
    pool_world_clear(w);
    pool_world_succeed(w, "1/m1");
    assert_string_equal(pool_world_lines(w, "spawned"), "");
    assert_string_equal(pool_world_lines(w, "satisfied"), "");
    pool_world_succeed(w, "1/m3");
    assert_said(w, "submit 1/x 1 try 1 [1] ['1/m1', '1/m2', '1/m3']\n");
    assert_said(w, "submit 1/y 1 try 1 [1] ['1/m1', '1/m2', '1/m3']\n");
    pool_world_destroy(w);
}

static void any_member_is_enough_and_the_others_change_nothing(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(
        FLOW("R1 = FAM:succeed-any? => x\n[runtime]\n[[FAM]]\n[[m1, m2]]\ninherit = FAM\n"));
    pool_world_start(w);
    pool_world_fail(w, "1/m1");
    assert_not_said(w, "submit 1/x");
    pool_world_succeed(w, "1/m2");
    assert_said(w, "submit 1/x 1 try 1 [1] ['1/m2']\n");
    pool_world_succeed(w, "1/x");
    assert_said(w, "shutdown AUTOMATIC 0\n");
    pool_world_destroy(w);
}

static void a_sequential_task_waits_for_its_last_instance(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(
        "[scheduler]\nallow implicit tasks = True\n[scheduling]\ncycling mode = integer\n"
        "initial cycle point = 1\nfinal cycle point = 4\n[[special tasks]]\nsequential = a\n"
        "[[graph]]\nP2 = a => b\n+P1/P2 = a => c\n");
    pool_world_start(w);
    assert_string_equal(pool_world_active(w), "1/a");
    assert_said(w, "submit 1/a 1 try 1 [1] []\n");
    pool_world_succeed(w, "1/a");
    assert_string_equal(pool_world_active(w), "2/a 1/b");
    assert_said(w, "submit 2/a 1 try 1 [1] ['1/a']\n");
    pool_world_succeed(w, "2/a");
    assert_said(w, "submit 3/a 1 try 1 [1] ['2/a']\n");
    pool_world_destroy(w);
}

static void a_failed_sequential_task_stalls_its_successors(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(
        "[scheduler]\nallow implicit tasks = True\n[scheduling]\ncycling mode = integer\n"
        "initial cycle point = 1\nfinal cycle point = 2\n[[special tasks]]\nsequential = a\n"
        "[[graph]]\nP1 = a?\n");
    pool_world_start(w);
    pool_world_fail(w, "1/a");
    assert_true(w->stalled);
    assert_said(w, "2/a (waits for its previous instance)");
    pool_world_destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stall_tells_what_would_complete_a_task_that_lacks_no_output),
        cmocka_unit_test(a_chain_runs_to_completion),
        cmocka_unit_test(effects_come_before_the_settlement),
        cmocka_unit_test(a_parent_stays_until_its_outputs_are_settled),
        cmocka_unit_test(and_waits_for_all_and_or_for_one),
        cmocka_unit_test(parents_before_the_initial_point_count_as_done),
        cmocka_unit_test(an_absolute_trigger_serves_every_cycle),
        cmocka_unit_test(only_an_absolute_trigger_waits_in_each_cycle),
        cmocka_unit_test(an_output_by_message_triggers_before_the_end),
        cmocka_unit_test(a_required_output_that_is_missing_stalls),
        cmocka_unit_test(what_would_complete_a_task_is_told_where_nothing_is_required),
        cmocka_unit_test(a_failure_nobody_expects_stalls_and_a_trigger_helps),
        cmocka_unit_test(an_optional_failure_takes_its_branch),
        cmocka_unit_test(a_partly_satisfied_task_stalls),
        cmocka_unit_test(a_suicide_trigger_removes_the_task_for_good),
        cmocka_unit_test(a_family_is_one_node_and_brings_its_children_once),
        cmocka_unit_test(any_member_is_enough_and_the_others_change_nothing),
        cmocka_unit_test(a_sequential_task_waits_for_its_last_instance),
        cmocka_unit_test(a_failed_sequential_task_stalls_its_successors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

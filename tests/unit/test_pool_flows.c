/* Flows: how they begin, go on, meet, end; what of users' wishes outlives a restart. */
#include "tests/lib/pool_world.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define X_OF_B "[runtime]\n[[b]]\n[[[outputs]]]\nx = the x\n"

static void a_task_without_parents_goes_on_in_its_new_flow(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(
        FOUR_CYCLES("runahead limit = P1\n[[graph]]\nP1 = \"\"\"\na\nz[-P1] => z\n\"\"\"\n"));
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "2/a");
    assert_int_equal(pool_world_in_flow(w, POOL_TRIGGER, "1/a", 2), 0);
    assert_said(w, "cursor a 1 [2]\n");
    assert_string_equal(pool_world_active(w), "1/z 1/a 2/a");
    assert_said(w, "state 3/a waiting runahead\n"); /* the one beyond the limit is in both */
    pool_world_restart(w);
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "2/a");
    pool_world_succeed(w, "1/z");
    assert_said(w, "submit 3/a 1 try 1 [1,2]");
    pool_world_destroy(w);
}

static void where_a_flow_has_been_nothing_goes_on_again(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(
        FOUR_CYCLES("runahead limit = P1\n[[graph]]\nP1 = \"\"\"\na\nz[-P1] => z\n\"\"\"\n"));
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "2/a");
    pool_world_in_flow(w, POOL_TRIGGER, "1/a", 1);
    assert_string_equal(pool_world_active(w), "1/z 1/a");
    pool_world_destroy(w);
}

static void a_task_with_parents_does_not_go_on_by_itself(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(FOUR_CYCLES("[[graph]]\nP1 = a[-P1] => a\n"));
    pool_world_succeed(w, "1/a");
    pool_world_in_flow(w, POOL_TRIGGER, "1/a", 2);
    assert_not_said(w, "cursor");
    pool_world_destroy(w);
}

static void a_stopped_flow_leaves_the_pool_and_active_tasks_go_on_alone(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a & b => c\na => d\nz"));
    pool_world_succeed(w, "1/a");
    pool_world_in_flow(w, POOL_TRIGGER, "1/a", 2);
    pool_world_succeed(w, "1/a");
    pool_world_job(w, TOPIC_JOB_STARTED, "1/d");
    assert_int_equal(pool_world_in_flow(w, POOL_STOP_FLOW, "", 1), 0);
    assert_string_equal(pool_world_rows(w),
                        "1/b preparing []; 1/c waiting [2]; 1/d running [2]; 1/z preparing []");
    assert_int_equal(pool_world_in_flow(w, POOL_STOP_FLOW, "", 2), 0);
    assert_string_equal(pool_world_rows(w), "1/b preparing []; 1/d running []; 1/z preparing []");
    assert_int_equal(pool_world_in_flow(w, POOL_STOP_FLOW, "", 7), ENOENT);
    pool_world_destroy(w);
}

static void a_stopped_flow_does_not_go_on_after_a_restart(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_begin(FOUR_CYCLES("runahead limit = P1\n[[graph]]\nP1 = a => b\n"));
    pool_world_in_flow(w, POOL_STOP_FLOW, "", 1);
    assert_said(w, "no cursor [1]\n");
    pool_world_restart(w);
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "2/a");
    assert_not_said(w, "spawned 4/a");
    assert_not_said(w, "spawned 1/b");
    assert_said(w, "shutdown AUTOMATIC 0\n");
    pool_world_destroy(w);
}

static void more_flows_than_one_task_can_be_in_are_refused(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a & b => c\nz"));
    pool_world_succeed(w, "1/a");
    for (uint32_t flow = 2; flow <= FLOWS_PER_TASK_MAX; flow++) {
        assert_int_equal(pool_world_in_flow(w, POOL_TRIGGER, "1/a", flow), 0);
        pool_world_succeed(w, "1/a"); /* 1/c is in all of them */
    }
    assert_int_equal(pool_world_command(w, POOL_TRIGGER, "1/a", POOL_FLOW_NEW), E2BIG);
    assert_said(w, "more than 15 flows at a time\n");
    assert_int_equal(pool_world_in_flow(w, POOL_TRIGGER, "1/a", 77), E2BIG);
    assert_int_equal(pool_world_set(w, POOL_SET_OUTPUTS, "1/a", "failed", POOL_FLOW_NEW), E2BIG);
    assert_string_equal(pool_world_active(w), "1/b 1/z");
    pool_world_in_flow(w, POOL_STOP_FLOW, "", 3);
    assert_int_equal(pool_world_command(w, POOL_TRIGGER, "1/a", POOL_FLOW_NEW), 0);
    assert_said(w, "submit 1/a 16 try 1 [16]"); /* and not 3 again */
    pool_world_destroy(w);
}

static void all_flows_are_those_that_are_active(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a => b\nz"));
    pool_world_succeed(w, "1/a");
    pool_world_in_flow(w, POOL_TRIGGER, "1/a", 4);
    pool_world_command(w, POOL_TRIGGER, "1/b", 0);
    pool_world_succeed(w, "1/b");
    pool_world_command(w, POOL_TRIGGER, "1/b", 0);
    assert_said(w, "submit 1/b 2 try 1 [1,4]");
    pool_world_destroy(w);
}

static void a_named_flow_is_not_given_out_again(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a => b\nz"));
    pool_world_succeed(w, "1/a");
    pool_world_in_flow(w, POOL_TRIGGER, "1/a", 2);
    pool_world_succeed(w, "1/a");
    pool_world_restart(w);
    pool_world_command(w, POOL_TRIGGER, "1/a", POOL_FLOW_NEW);
    assert_said(w, "submit 1/a 3 try 1 [3]");
    pool_world_destroy(w);
}

static void a_triggered_task_tries_again_though_its_parents_have_not_run(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(
        FOUR_CYCLES("[[graph]]\nR1 = a => b\n[runtime]\n[[b]]\nexecution retry delays = PT1S\n"));
    pool_world_command(w, POOL_TRIGGER, "1/b", 0);
    pool_world_fail(w, "1/b");
    pool_world_restart(w);
    pool_world_satisfy(w, text_string(&w->watches.at[0]), "{}");
    assert_said(w, "submit 1/b 2 try 2");
    pool_world_destroy(w);
}

static void satisfy_retry(struct pool_world *w)
{
    VEC_EACH (struct text, watch, &w->watches)
        if (strncmp(text_string(watch), "wall_clock", 10) == 0) {
            char *signature = str_copy(text_string(watch));
            pool_world_satisfy(w, signature, "{}");
            free(signature);
            return;
        }
    fail_msg("nothing waits for a retry delay");
}

static void a_triggered_task_tries_again_though_its_xtrigger_is_not_satisfied(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(
        FOUR_CYCLES("[[xtriggers]]\ne = echo(succeed=False)\n[[graph]]\nR1 = @e => b\n"
                    "[runtime]\n[[b]]\nexecution retry delays = 2*PT1S\n"));
    pool_world_command(w, POOL_TRIGGER, "1/b", 0);
    pool_world_fail(w, "1/b");
    satisfy_retry(w);
    assert_said(w, "submit 1/b 2 try 2");
    pool_world_fail(w, "1/b");
    pool_world_restart(w);
    satisfy_retry(w);
    assert_said(w, "submit 1/b 3 try 3");
    pool_world_destroy(w);
}

static void what_runs_again_in_a_joint_flow_tells_its_children(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_begin(ONE_CYCLE("a => b\nb:start & y => c\nb:x & y => d\ny\nz") X_OF_B);
    pool_world_succeed(w, "1/a");
    pool_world_message(w, "1/b", "the x");
    pool_world_fail(w, "1/b");
    pool_world_in_flow(w, POOL_TRIGGER, "1/a", 2);
    pool_world_succeed(w, "1/a");
    pool_world_restart(w);
    pool_world_job(w, TOPIC_JOB_STARTED, "1/b");
    pool_world_message(w, "1/b", "the x");
    assert_non_null(strstr(pool_world_rows(w), "1/c waiting [1,2]; 1/d waiting [1,2]"));
    pool_world_destroy(w);
}

static void what_retries_beyond_the_limit_goes_on_after_a_restart(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_begin(FOUR_CYCLES("runahead limit = P0\n[[graph]]\nP1 = a\n[runtime]\n[[a]]\n"
                                     "execution retry delays = PT1S\n"));
    pool_world_command(w, POOL_TRIGGER, "2/a", 0);
    pool_world_fail(w, "2/a");
    pool_world_restart(w);
    satisfy_retry(w);
    assert_said(w, "submit 2/a 2 try 2");
    pool_world_destroy(w);
}

/* Or, when both have run, nothing would show that the limit is at 3. */
static void the_next_takes_the_place_of_one_triggered_beyond_the_limit(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_begin(FOUR_CYCLES("runahead limit = P0\n[[graph]]\nP1 = a\nR1/4 = z\n"));
    pool_world_in_flow(w, POOL_TRIGGER, "2/a", 2);
    assert_said(w, "spawned 3/a [1,2]\n");
    pool_world_succeed(w, "2/a");
    pool_world_succeed(w, "1/a");
    assert_string_equal(pool_world_active(w), "3/a");
    pool_world_set(w, POOL_SET_OUTPUTS, "4/a", "succeeded", 0);
    assert_string_equal(pool_world_active(w), "3/a");
    pool_world_destroy(w);
}

static void a_flow_that_has_caught_up_does_so_once(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a => b => c => d\nz"));
    pool_world_set(w, POOL_SET_OUTPUTS, "1/c", "succeeded", POOL_FLOW_WAIT);
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "1/b");
    assert_string_equal(pool_world_active(w), "1/z 1/d");
    pool_world_restart(w);
    pool_world_clear(w);
    pool_world_command(w, POOL_TRIGGER, "1/b", 0);
    pool_world_succeed(w, "1/b");
    assert_not_said(w, "output 1/c");
    pool_world_destroy(w);
}

static void on_resume_a_triggered_task_waits_for_it(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a => b"));
    pool_world_command(w, POOL_PAUSE, "", 0);
    assert_int_equal(pool_world_command(w, POOL_TRIGGER, "1/b", POOL_ON_RESUME), 0);
    assert_string_equal(pool_world_active(w), "1/a");
    pool_world_restart(w);
    assert_string_equal(pool_world_active(w), "1/a");
    pool_world_command(w, POOL_RESUME, "", 0);
    assert_string_equal(pool_world_active(w), "1/a 1/b");
    pool_world_destroy(w);
}

static void a_hold_point_and_a_stop_task_survive_a_restart(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(FOUR_CYCLES("[[graph]]\nP1 = a[-P1] => a\nR1 = z\n"));
    pool_world_command_detail(w, POOL_HOLD, "1");
    pool_world_hear(w, (struct message){.topic = TOPIC_POOL_COMMAND,
                                        .number = POOL_STOP,
                                        .flags = STOP_CLEAN,
                                        .detail = slice_of("1/z")});
    pool_world_restart(w);
    pool_world_succeed(w, "1/a");
    assert_string_equal(pool_world_rows(w), "1/z preparing [1]; 2/a waiting held [1]");
    pool_world_succeed(w, "1/z");
    assert_said(w, "shutdown AUTOMATIC 0\n");
    pool_world_destroy(w);
}

static void a_member_done_in_one_flow_does_not_count_in_another_after_a_restart(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(
        FOUR_CYCLES("[[graph]]\nR1 = \"\"\"\nFAM:succeed-any & m1 & b => "
                    "c\nz\n\"\"\"\n[runtime]\n[[FAM]]\n[[m1, m2]]\ninherit = FAM\n[[b, z]]\n"));
    pool_world_succeed(w, "1/m1");
    pool_world_succeed(w, "1/m2");
    pool_world_succeed(w, "1/b");
    pool_world_succeed(w, "1/c");
    pool_world_in_flow(w, POOL_TRIGGER, "1/m2", 2);
    pool_world_succeed(w, "1/m2");
    pool_world_restart(w);
    pool_world_in_flow(w, POOL_TRIGGER, "1/b", 2);
    pool_world_succeed(w, "1/b");
    assert_string_equal(pool_world_active(w), "1/z"); /* m1 has not run in flow 2 */
    pool_world_destroy(w);
}

static void the_groups_of_past_cycles_are_forgotten_in_the_database_too(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(
        FOUR_CYCLES("runahead limit = P1\n[[graph]]\nP1 = \"\"\"\nFAM:succeed-all => c\nc[-P1] => "
                    "m1\n\"\"\"\n[runtime]\n[[FAM]]\n[[m1, m2]]\ninherit = FAM\n"));
    for (int i = 1; i <= 2; i++) {
        char id[16];
        static const char *const tasks[] = {"m1", "m2", "c"};
        for (int task = 0; task < 3; task++) {
            snprintf(id, sizeof id, "%d/%s", i, tasks[task]);
            pool_world_succeed(w, id);
        }
    }
    assert_said(w, "groups past\n");
    pool_world_destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_without_parents_goes_on_in_its_new_flow),
        cmocka_unit_test(where_a_flow_has_been_nothing_goes_on_again),
        cmocka_unit_test(a_task_with_parents_does_not_go_on_by_itself),
        cmocka_unit_test(a_stopped_flow_leaves_the_pool_and_active_tasks_go_on_alone),
        cmocka_unit_test(a_stopped_flow_does_not_go_on_after_a_restart),
        cmocka_unit_test(more_flows_than_one_task_can_be_in_are_refused),
        cmocka_unit_test(all_flows_are_those_that_are_active),
        cmocka_unit_test(a_named_flow_is_not_given_out_again),
        cmocka_unit_test(a_triggered_task_tries_again_though_its_parents_have_not_run),
        cmocka_unit_test(a_triggered_task_tries_again_though_its_xtrigger_is_not_satisfied),
        cmocka_unit_test(what_runs_again_in_a_joint_flow_tells_its_children),
        cmocka_unit_test(what_retries_beyond_the_limit_goes_on_after_a_restart),
        cmocka_unit_test(the_next_takes_the_place_of_one_triggered_beyond_the_limit),
        cmocka_unit_test(a_flow_that_has_caught_up_does_so_once),
        cmocka_unit_test(on_resume_a_triggered_task_waits_for_it),
        cmocka_unit_test(a_hold_point_and_a_stop_task_survive_a_restart),
        cmocka_unit_test(a_member_done_in_one_flow_does_not_count_in_another_after_a_restart),
        cmocka_unit_test(the_groups_of_past_cycles_are_forgotten_in_the_database_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

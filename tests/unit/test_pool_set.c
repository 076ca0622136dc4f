/* set: outputs and prerequisites by force. */
#include "tests/lib/pool_world.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint32_t set(struct pool_world *w, const char *ids, const char *outputs)
{
    return pool_world_set(w, POOL_SET_OUTPUTS, ids, outputs, 0);
}

static uint32_t pre(struct pool_world *w, const char *ids, const char *prerequisites)
{
    return pool_world_set(w, POOL_SET_PREREQUISITES, ids, prerequisites, 0);
}

static void success_implies_submission_and_start(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("z => a => b"));
    assert_int_equal(set(w, "1/a", "succeeded"), 0);
    assert_said(w, "output 1/a submitted [1] forced\n");
    assert_said(w, "output 1/a started [1] forced\n");
    assert_said(w, "output 1/a succeeded [1] forced\n");
    assert_string_equal(pool_world_active(w), "1/z 1/b");
    pool_world_destroy(w);
}

static void expiry_and_custom_outputs_imply_nothing(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(
        FOUR_CYCLES("[[graph]]\nR1 = \"\"\"\nz => a\na:x => b\na:expired? => c\n\"\"\"\n" X_AND_Y));
    assert_int_equal(set(w, "1/a", "x"), 0);
    assert_not_said(w, "output 1/a started");
    assert_string_equal(pool_world_active(w), "1/z 1/b");
    assert_int_equal(set(w, "1/a", "expired"), 0);
    assert_not_said(w, "output 1/a submitted");
    assert_said(w, "state 1/a expired");
    assert_string_equal(pool_world_active(w), "1/z 1/b 1/c");
    pool_world_destroy(w);
}

static void an_output_is_found_by_its_name_its_message_and_its_short_name(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(
        FOUR_CYCLES("[[graph]]\nR1 = \"\"\"\nz => a\na:x => b\na:y => c\n\"\"\"\n" X_AND_Y));
    assert_int_equal(pool_world_set(w, POOL_SET_OUTPUTS, "1/a", "x", 0), 0);
    assert_int_equal(set(w, "1/a", "start"), 0);
    assert_said(w, "output 1/a x [1] forced\n");
    assert_said(w, "output 1/a started [1] forced\n");
    assert_int_equal(set(w, "1/a", "succeed"), 0);
    assert_said(w, "output 1/a succeeded [1] forced\n");
    pool_world_destroy(w);
}

static void what_is_no_output_is_named_and_the_others_are_set(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("z => a => b"));
    assert_int_equal(set(w, "1/a", "nope succeeded"), EINVAL);
    assert_said(w, "1/a has no output \"nope\"");
    assert_string_equal(pool_world_active(w), "1/z 1/b");
    pool_world_destroy(w);
}

static void by_default_the_required_outputs_are_set(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(
        FOUR_CYCLES("[[graph]]\nR1 = \"\"\"\nz => a\na:x => b\na:y? => c\n\"\"\"\n" X_AND_Y));
    assert_int_equal(set(w, "1/a", ""), 0);
    assert_said(w, "output 1/a x [1] forced\n");
    assert_said(w, "output 1/a succeeded [1] forced\n");
    assert_not_said(w, "output 1/a y");
    assert_string_equal(pool_world_active(w), "1/z 1/b");
    pool_world_destroy(w);
}

static void an_optional_success_is_not_required(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("z => a? => b"));
    assert_int_equal(set(w, "1/a", "required"), 0);
    assert_not_said(w, "output 1/a");
    assert_not_said(w, "spawned 1/b");
    pool_world_succeed(w, "1/z"); /* it was recorded as removed, in Cylc's sense */
    assert_not_said(w, "submit 1/a");
    pool_world_destroy(w);
}

static void skip_sets_what_skip_mode_would(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_begin(FOUR_CYCLES("[[graph]]\nR1 = \"\"\"\nz => a\na:x? => b\na:y? => "
                                     "c\n\"\"\"\n[runtime]\n[[a]]\n[[[skip]]]\noutputs = "
                                     "x\n[[[outputs]]]\nx = the x\ny = the y\n"));
    assert_int_equal(set(w, "1/a", "skip"), 0);
    assert_said(w, "output 1/a x [1] forced\n");
    assert_said(w, "output 1/a succeeded [1] forced\n");
    assert_not_said(w, "output 1/a y");
    pool_world_destroy(w);
}

static void an_incomplete_task_is_completed(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a => b"));
    pool_world_fail(w, "1/a");
    assert_true(w->stalled);
    assert_int_equal(set(w, "1/a", ""), 0);
    assert_string_equal(pool_world_rows(w), "1/b preparing [1]");
    assert_false(w->stalled);
    pool_world_destroy(w);
}

static void a_running_task_is_done_with_and_its_job_unheeded(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a => b"));
    pool_world_job(w, TOPIC_JOB_STARTED, "1/a");
    assert_int_equal(set(w, "1/a", "succeeded"), 0);
    assert_string_equal(pool_world_rows(w), "1/b preparing [1]");
    pool_world_clear(w);
    pool_world_job(w, TOPIC_JOB_FAILED, "1/a");
    assert_not_said(w, "state 1/a");
    pool_world_destroy(w);
}

static void a_failure_that_is_set_is_not_tried_again(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(FOUR_CYCLES(
        "[[graph]]\nR1 = a:fail? => b\n[runtime]\n[[a]]\nexecution retry delays = PT1S\n"));
    pool_world_job(w, TOPIC_JOB_STARTED, "1/a");
    assert_int_equal(set(w, "1/a", "failed"), 0);
    assert_said(w, "output 1/a failed [1]\n"); /* as Cylc records it: not by force */
    assert_said(w, "removed 1/a complete\n");
    assert_string_equal(pool_world_active(w), "1/a 1/b"); /* the old job of 1/a runs on */
    pool_world_destroy(w);
}

static void a_start_that_is_set_changes_no_state(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("z => a\na:start => b"));
    assert_int_equal(set(w, "1/a", "started"), 0);
    assert_string_equal(pool_world_active(w), "1/z 1/b");
    pool_world_succeed(w, "1/z");
    assert_string_equal(pool_world_active(w), "1/b 1/a"); /* it still runs */
    pool_world_destroy(w);
}

static void a_future_task_does_not_come_into_the_pool(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(FOUR_CYCLES("[[graph]]\nP1 = a[-P1] => a => b\n"));
    assert_int_equal(set(w, "2/a", "succeeded"), 0);
    assert_said(w, "removed 2/a not-needed\n");
    assert_string_equal(pool_world_active(w), "1/a 3/a 2/b");
    pool_world_succeed(w, "1/a");
    assert_not_said(w, "submit 2/a");
    pool_world_destroy(w);
}

static void a_future_task_with_a_custom_output_runs_when_its_time_comes(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_begin(FOUR_CYCLES("[[graph]]\nR1 = \"\"\"\nz => a\na:x => b\n\"\"\"\n" X_AND_Y));
    set(w, "1/a", "x");
    pool_world_succeed(w, "1/b");
    pool_world_restart(w);
    pool_world_succeed(w, "1/z");
    assert_string_equal(pool_world_active(w), "1/a");
    pool_world_succeed(w, "1/a"); /* x is remembered */
    assert_said(w, "shutdown AUTOMATIC 0\n");
    pool_world_destroy(w);
}

static void a_future_task_that_was_set_failed_comes_as_incomplete(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("z => a => b"));
    set(w, "1/a", "failed");
    assert_said(w, "removed 1/a not-needed\n");
    pool_world_succeed(w, "1/z");
    assert_string_equal(pool_world_rows(w), "1/a failed [1]");
    assert_true(w->stalled);
    pool_world_destroy(w);
}

static void a_past_task_gets_another_output(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_begin(FOUR_CYCLES("[[graph]]\nR1 = \"\"\"\na & z\na:x? => b\n\"\"\"\n" X_AND_Y));
    pool_world_succeed(w, "1/a");
    assert_int_equal(set(w, "1/a", "x"), 0);
    assert_string_equal(pool_world_active(w), "1/z 1/b");
    assert_not_said(w, "submit 1/a 2");
    pool_world_destroy(w);
}

static void outputs_completed_before_are_not_told_again(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("z & a\na => b"));
    pool_world_succeed(w, "1/a");
    pool_world_clear(w);
    assert_int_equal(set(w, "1/a", "succeeded"), 0);
    assert_not_said(w, "output 1/a");
    pool_world_destroy(w);
}

static void an_active_task_cannot_expire(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a:expired? => b\na?"));
    assert_int_equal(set(w, "1/a", "expired"), EINVAL);
    assert_said(w, "1/a is active: it cannot expire any more");
    pool_world_destroy(w);
}

static void a_held_queued_task_that_is_set_leaves_its_queue(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(FOUR_CYCLES(
        "[[queues]]\n[[[default]]]\nlimit = 1\n[[graph]]\nR1 = \"\"\"\na & b\nb => c\n\"\"\"\n"));
    assert_string_equal(pool_world_active(w), "1/a");
    assert_int_equal(set(w, "1/b", "succeeded"), 0);
    pool_world_succeed(w, "1/a");
    assert_string_equal(pool_world_active(w), "1/c");
    pool_world_destroy(w);
}

static void globs_and_families_mean_what_is_in_the_pool(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_begin(FOUR_CYCLES("[[graph]]\nR1 = FAM:succeed-all & a => "
                                     "b\n[runtime]\n[[FAM]]\n[[m1, m2]]\ninherit = FAM\n[[a]]\n"));
    assert_int_equal(set(w, "1/FAM", "succeeded"), 0);
    assert_string_equal(pool_world_rows(w), "1/a preparing [1]; 1/b waiting [1]");
    assert_int_equal(set(w, "*/m*", "succeeded"), ENOENT);
    assert_int_equal(set(w, "1/*", "succeeded"), 0);
    assert_said(w, "shutdown AUTOMATIC 0\n"); /* 1/a and 1/b, too */
    pool_world_destroy(w);
}

static void one_prerequisite_is_set(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a & b => c"));
    assert_int_equal(pre(w, "1/c", "1/a"), 0);
    assert_said(w, "spawned 1/c [1]\n");
    assert_said(w, "satisfied 1/c 0 forced\n");
    pool_world_succeed(w, "1/b");
    assert_string_equal(pool_world_active(w), "1/a 1/c");
    pool_world_destroy(w);
}

static void all_prerequisites_let_it_run(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a & b => c => d"));
    assert_int_equal(pre(w, "1/c", "all"), 0);
    assert_string_equal(pool_world_active(w), "1/a 1/b 1/c");
    pool_world_destroy(w);
}

static void a_prerequisite_is_kept_over_a_restart(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a & b => c"));
    pre(w, "1/c", "1/a:succeeded");
    pool_world_restart(w);
    pool_world_succeed(w, "1/b");
    assert_string_equal(pool_world_active(w), "1/a 1/c");
    pool_world_destroy(w);
}

static void what_is_no_prerequisite_is_named(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a => b\nc"));
    assert_int_equal(pre(w, "1/b", "1/c 2/a 1/a:failed"), EINVAL);
    assert_said(w, "1/b does not depend on \"1/c\", \"2/a\", \"1/a:failed\"");
    assert_not_said(w, "spawned 1/b");
    assert_int_equal(pre(w, "1/b", "1/c 1/a"), EINVAL); /* one of them is */
    assert_said(w, "spawned 1/b");
    pool_world_destroy(w);
}

static void a_task_that_has_run_does_not_come_back_for_a_prerequisite(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a => b\nz"));
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "1/b");
    assert_int_equal(pre(w, "1/b", "all"), EINVAL);
    assert_said(w, "1/b has run in this flow already");
    assert_string_equal(pool_world_active(w), "1/z");
    pool_world_destroy(w);
}

static void an_xtrigger_is_satisfied_for_one_task_only(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(
        FOUR_CYCLES("[[xtriggers]]\nx = xrandom(0)\ny = echo(1, succeed=False)\n[[graph]]\nR1 = "
                    "\"\"\"\n@x => a\n@x & @y => b\n\"\"\"\n"));
    assert_int_equal(pre(w, "1/a", "xtrigger/x"), 0);
    assert_string_equal(pool_world_active(w), "1/a");
    assert_int_equal(pre(w, "1/b", "xtrigger/y:succeeded"), 0);
    assert_string_equal(pool_world_active(w), "1/a");
    pool_world_restart(w);
    assert_string_equal(pool_world_active(w), "1/a");
    assert_int_equal(pre(w, "1/b", "xtrigger/all"), 0);
    assert_string_equal(pool_world_active(w), "1/a 1/b");
    assert_int_equal(pre(w, "1/b", "xtrigger/z"), EINVAL);
    pool_world_destroy(w);
}

static void all_prerequisites_leave_xtriggers_alone(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(FOUR_CYCLES(
        "[[xtriggers]]\nx = xrandom(0)\n[[graph]]\nR1 = \"\"\"\na & @x => b\n\"\"\"\n"));
    assert_int_equal(pre(w, "1/b", "all"), 0);
    assert_string_equal(pool_world_active(w), "1/a");
    assert_int_equal(pre(w, "1/b", "xtrigger/all"), 0);
    assert_string_equal(pool_world_active(w), "1/a 1/b");
    pool_world_destroy(w);
}

static void members_of_a_family_count_for_its_trigger(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(FOUR_CYCLES(
        "[[graph]]\nR1 = FAM:succeed-all => b\n[runtime]\n[[FAM]]\n[[m1, m2]]\ninherit = FAM\n"));
    pool_world_succeed(w, "1/m1");
    assert_int_equal(pre(w, "1/b", "1/m2:succeeded"), 0);
    assert_string_equal(pool_world_active(w), "1/m2 1/b");
    pool_world_destroy(w);
}

#define FAMILY "[runtime]\n[[FAM]]\n[[m1, m2]]\ninherit = FAM\n"

static void all_members_named_satisfy_the_family_for_that_child_alone(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_begin(FOUR_CYCLES("[[graph]]\nR1 = FAM:succeed-all => b & c\n" FAMILY));
    assert_int_equal(pre(w, "1/b", "1/m1 1/m2:succeeded"), 0);
    assert_string_equal(pool_world_active(w), "1/m1 1/m2 1/b");
    pool_world_restart(w);
    pool_world_succeed(w, "1/m1");
    assert_string_equal(pool_world_active(w), "1/b 1/m2");
    pool_world_succeed(w, "1/m2");
    assert_string_equal(pool_world_active(w), "1/b 1/c");
    pool_world_destroy(w);
}

static void one_member_is_enough_for_any(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_begin(FOUR_CYCLES("[[graph]]\nR1 = FAM:succeed-any => b & c\n" FAMILY));
    assert_int_equal(pre(w, "1/b", "1/m2"), 0);
    assert_string_equal(pool_world_active(w), "1/m1 1/m2 1/b");
    pool_world_destroy(w);
}

static void a_member_finishes_by_success_or_by_failure(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_begin(FOUR_CYCLES("[[graph]]\nR1 = FAM:finish-all => b\n" FAMILY));
    assert_int_equal(pre(w, "1/b", "1/m1:failed 1/m2:succeeded"), 0);
    assert_string_equal(pool_world_active(w), "1/m1 1/m2 1/b");
    pool_world_destroy(w);
}

static void another_output_of_a_member_is_no_prerequisite(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_begin(FOUR_CYCLES("[[graph]]\nR1 = FAM:succeed-all => b\n" FAMILY));
    assert_int_equal(pre(w, "1/b", "1/m1:failed 1/FAM"), EINVAL);
    assert_said(w, "1/b does not depend on \"1/m1:failed\", \"1/FAM\"");
    assert_not_said(w, "spawned 1/b");
    pool_world_destroy(w);
}

static void members_of_another_cycle_do_not_count(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(
        FOUR_CYCLES("[[graph]]\nR1/2 = FAM[-P1]:succeed-all => b\nR1/1 = FAM\n" FAMILY));
    assert_int_equal(pre(w, "2/b", "2/m1 2/m2"), EINVAL);
    assert_int_equal(pre(w, "2/b", "1/m1 1/m2"), 0);
    assert_string_equal(pool_world_active(w), "1/m1 1/m2 2/b");
    pool_world_destroy(w);
}

static void a_family_set_by_its_members_is_not_taken_back_with_one_of_them(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_begin(FOUR_CYCLES("[[graph]]\nR1 = FAM:succeed-all & z => b\n" FAMILY));
    assert_int_equal(pre(w, "1/b", "1/m1 1/m2"), 0);
    pool_world_succeed(w, "1/m1");
    pool_world_succeed(w, "1/m2");
    assert_int_equal(pool_world_command(w, POOL_REMOVE, "1/m1", 0), 0);
    pool_world_restart(w);
    pool_world_succeed(w, "1/z");
    assert_string_equal(pool_world_active(w), "1/b");
    pool_world_destroy(w);
}

static void a_forced_prerequisite_is_not_undone_by_the_family_beside_it(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(
        FOUR_CYCLES("[[graph]]\nR1 = \"\"\"\nFAM:succeed-any & m1 & z => "
                    "b\n\"\"\"\n[runtime]\n[[FAM]]\n[[m1, m2]]\ninherit = FAM\n[[z]]\n"));
    assert_int_equal(pre(w, "1/b", "1/m1:succeeded"), 0);
    pool_world_succeed(w, "1/m2");
    pool_world_restart(w);
    pool_world_succeed(w, "1/z");
    assert_string_equal(pool_world_active(w), "1/m1 1/b");
    pool_world_destroy(w);
}

static void outputs_in_no_flow_bring_no_children(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("z => a => b"));
    assert_int_equal(pool_world_set(w, POOL_SET_OUTPUTS, "1/a", "succeeded", POOL_FLOW_NONE), 0);
    assert_said(w, "output 1/a succeeded [] forced\n");
    assert_string_equal(pool_world_active(w), "1/z");
    pool_world_succeed(w, "1/z");
    assert_string_equal(pool_world_active(w), "1/a");
    pool_world_destroy(w);
}

static void outputs_that_wait_for_their_flow_tell_nobody_until_it_comes(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("z => a => b"));
    assert_int_equal(pool_world_set(w, POOL_SET_OUTPUTS, "1/a", "succeeded", POOL_FLOW_WAIT), 0);
    assert_string_equal(pool_world_active(w), "1/z");
    pool_world_restart(w);
    pool_world_succeed(w, "1/z");
    assert_string_equal(pool_world_active(w), "1/b");
    pool_world_destroy(w);
}

static void a_new_flow_begins_with_the_children(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(ONE_CYCLE("a => b => c\nz"));
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "1/b");
    pool_world_succeed(w, "1/c");
    assert_int_equal(pool_world_set(w, POOL_SET_OUTPUTS, "1/a", "succeeded", POOL_FLOW_NEW), 0);
    assert_said(w, "spawned 1/b [2]\n");
    assert_string_equal(pool_world_active(w), "1/z 1/b");
    pool_world_destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(success_implies_submission_and_start),
        cmocka_unit_test(expiry_and_custom_outputs_imply_nothing),
        cmocka_unit_test(an_output_is_found_by_its_name_its_message_and_its_short_name),
        cmocka_unit_test(what_is_no_output_is_named_and_the_others_are_set),
        cmocka_unit_test(by_default_the_required_outputs_are_set),
        cmocka_unit_test(an_optional_success_is_not_required),
        cmocka_unit_test(skip_sets_what_skip_mode_would),
        cmocka_unit_test(an_incomplete_task_is_completed),
        cmocka_unit_test(a_running_task_is_done_with_and_its_job_unheeded),
        cmocka_unit_test(a_failure_that_is_set_is_not_tried_again),
        cmocka_unit_test(a_start_that_is_set_changes_no_state),
        cmocka_unit_test(a_future_task_does_not_come_into_the_pool),
        cmocka_unit_test(a_future_task_with_a_custom_output_runs_when_its_time_comes),
        cmocka_unit_test(a_future_task_that_was_set_failed_comes_as_incomplete),
        cmocka_unit_test(a_past_task_gets_another_output),
        cmocka_unit_test(outputs_completed_before_are_not_told_again),
        cmocka_unit_test(an_active_task_cannot_expire),
        cmocka_unit_test(a_held_queued_task_that_is_set_leaves_its_queue),
        cmocka_unit_test(globs_and_families_mean_what_is_in_the_pool),
        cmocka_unit_test(one_prerequisite_is_set),
        cmocka_unit_test(all_prerequisites_let_it_run),
        cmocka_unit_test(a_prerequisite_is_kept_over_a_restart),
        cmocka_unit_test(what_is_no_prerequisite_is_named),
        cmocka_unit_test(a_task_that_has_run_does_not_come_back_for_a_prerequisite),
        cmocka_unit_test(an_xtrigger_is_satisfied_for_one_task_only),
        cmocka_unit_test(all_prerequisites_leave_xtriggers_alone),
        cmocka_unit_test(members_of_a_family_count_for_its_trigger),
        cmocka_unit_test(a_forced_prerequisite_is_not_undone_by_the_family_beside_it),
        cmocka_unit_test(all_members_named_satisfy_the_family_for_that_child_alone),
        cmocka_unit_test(one_member_is_enough_for_any),
        cmocka_unit_test(a_member_finishes_by_success_or_by_failure),
        cmocka_unit_test(another_output_of_a_member_is_no_prerequisite),
        cmocka_unit_test(members_of_another_cycle_do_not_count),
        cmocka_unit_test(a_family_set_by_its_members_is_not_taken_back_with_one_of_them),
        cmocka_unit_test(outputs_in_no_flow_bring_no_children),
        cmocka_unit_test(outputs_that_wait_for_their_flow_tell_nobody_until_it_comes),
        cmocka_unit_test(a_new_flow_begins_with_the_children),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What jobs report: moves of the state, retries, stale and doubled events, messages. */
#include "tests/lib/pool_world.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define FLOW(rest)                                                                                 \
    "[scheduler]\nallow implicit tasks = True\n[scheduling]\n"                                     \
    "cycling mode = integer\ninitial cycle point = 1\nfinal cycle point = 3\n[[graph]]\n" rest

static void outputs_that_were_missed_are_made_up_for(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("R1 = a:submit & a:start & a => b\n"));
    pool_world_start(w);
    pool_world_job(w, TOPIC_JOB_SUCCEEDED, "1/a");
    assert_string_equal(pool_world_lines(w, "output 1/a"),
                        "output 1/a submitted [1]\noutput 1/a started [1]\n"
                        "output 1/a succeeded [1]\n");
    assert_string_equal(pool_world_lines(w, "event 1/a"),
                        "event 1/a submitted\nevent 1/a started\nevent 1/a succeeded\n");
    assert_string_equal(pool_world_active(w), "1/b");
    pool_world_destroy(w);
}

static struct message event(struct pool_world *w, enum topic topic, const char *id, uint32_t submit)
{
    struct message message = {.topic = topic, .submit = submit, .value = -1};
    pool_world_id(w, id, &message.point, &message.task);
    return message;
}

static void an_event_of_another_submit_number_changes_nothing(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("R1 = a => b\n"));
    pool_world_start(w);
    pool_world_clear(w);
    pool_world_hear(w, event(w, TOPIC_JOB_SUCCEEDED, "1/a", 2));
    pool_world_hear(w, event(w, TOPIC_JOB_FAILED, "1/a", 0));
    pool_world_hear(w, event(w, TOPIC_JOB_STARTED, "1/b", 1));
    assert_string_equal(pool_world_log(w), "");
    pool_world_destroy(w);
}

static void nothing_goes_back(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_create(FLOW("R1 = a:x => b\n[runtime]\n[[a]]\n[[[outputs]]]\nx = x\n"));
    pool_world_start(w);
    pool_world_job(w, TOPIC_JOB_STARTED, "1/a");
    pool_world_hear(w, event(w, TOPIC_JOB_SUBMITTED, "1/a", 1));
    assert_not_said(w, "state 1/a submitted");
    pool_world_job(w, TOPIC_JOB_SUCCEEDED, "1/a"); /* stays: x is missing */
    pool_world_clear(w);
    pool_world_hear(w, event(w, TOPIC_JOB_STARTED, "1/a", 1));
    pool_world_hear(w, event(w, TOPIC_JOB_SUCCEEDED, "1/a", 1));
    pool_world_hear(w, event(w, TOPIC_JOB_FAILED, "1/a", 1));
    pool_world_hear(w, event(w, TOPIC_JOB_SUBMIT_FAILED, "1/a", 1));
    assert_string_equal(pool_world_log(w), "");
    pool_world_destroy(w);
}

static void late_truth_beats_what_was_believed(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("R1 = a\n"));
    pool_world_start(w);
    pool_world_job(w, TOPIC_JOB_SUBMIT_FAILED, "1/a");
    assert_true(w->stalled);
    pool_world_hear(w, event(w, TOPIC_JOB_STARTED, "1/a", 1)); /* it runs after all */
    assert_said(w, "state 1/a running\n");
    assert_false(w->stalled);
    pool_world_hear(w, event(w, TOPIC_JOB_FAILED, "1/a", 1));
    assert_true(w->stalled);
    pool_world_hear(w, event(w, TOPIC_JOB_SUCCEEDED, "1/a", 1));
    assert_said(w, "shutdown AUTOMATIC 0\n");
    pool_world_destroy(w);
}

#define RETRIES FLOW("R1 = a => b\n[runtime]\n[[a]]\nexecution retry delays = PT0S, PT8S\n")

static void a_failure_with_retries_left_waits_and_runs_again(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(RETRIES);
    pool_world_start(w);
    pool_world_fail(w, "1/a");
    assert_said(w, "state 1/a waiting retrying\n");
    assert_said(w, "watch wall_clock(trigger_time=1767225600)\n");
    assert_said(w, "xtrigger 1/a wall_clock(trigger_time=1767225600)\n");
    assert_not_said(w, "output 1/a failed");
    assert_false(w->stalled);
    pool_world_satisfy(w, "wall_clock(trigger_time=1767225600)", "{}");
    assert_said(w, "submit 1/a 2 try 2 [1] []\n");
    assert_said(w, "drop wall_clock(trigger_time=1767225600)\n");
    pool_world_fail(w, "1/a");
    assert_said(w, "watch wall_clock(trigger_time=1767225608)\n");
    assert_said(w, "event 1/a retry: job failed, retrying in PT8S (after 2026-01-01T00:00:08Z)\n");
    pool_world_satisfy(w, "wall_clock(trigger_time=1767225608)", "{}");
    pool_world_fail(w, "1/a");
    assert_said(w, "output 1/a failed [1]\n");
    assert_true(w->stalled);
    pool_world_destroy(w);
}

static void events_of_the_failed_try_are_ignored_while_it_waits(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(RETRIES);
    pool_world_start(w);
    pool_world_fail(w, "1/a");
    pool_world_clear(w);
    pool_world_hear(w, event(w, TOPIC_JOB_FAILED, "1/a", 1));
    pool_world_hear(w, event(w, TOPIC_JOB_STARTED, "1/a", 1));
    pool_world_hear(w, event(w, TOPIC_JOB_SUCCEEDED, "1/a", 1));
    assert_string_equal(pool_world_log(w), "");
    pool_world_destroy(w);
}

static void a_held_task_that_failed_retries_when_it_is_released(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(RETRIES);
    pool_world_start(w);
    pool_world_job(w, TOPIC_JOB_STARTED, "1/a");
    pool_world_command(w, POOL_HOLD, "1/a", 0);
    pool_world_job(w, TOPIC_JOB_FAILED, "1/a");
    pool_world_satisfy(w, "wall_clock(trigger_time=1767225600)", "{}");
    assert_string_equal(pool_world_active(w), "");
    assert_string_equal(pool_world_rows(w), "1/a waiting held [1]");
    pool_world_command(w, POOL_RELEASE, "1/a", 0);
    assert_string_equal(pool_world_active(w), "1/a");
    pool_world_destroy(w);
}

static void triggering_a_waiting_retry_keeps_the_try_number(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(RETRIES);
    pool_world_start(w);
    pool_world_fail(w, "1/a");
    pool_world_clear(w);
    assert_int_equal(pool_world_command(w, POOL_TRIGGER, "1/a", 0), 0);
    assert_said(w, "submit 1/a 2 try 2 [1] [] manual\n");
    assert_said(w, "drop wall_clock(trigger_time=1767225600)\n");
    pool_world_destroy(w);
}

static void delays_are_told_as_they_are(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(
        FLOW("R1 = a\n[runtime]\n[[a]]\nexecution retry delays = PT0.5S, P1DT1M\n"));
    pool_world_start(w);
    pool_world_fail(w, "1/a");
    assert_said(w, "retrying in PT0,5S (after 2026-01-01T00:00:01Z)");
    pool_world_satisfy(w, "wall_clock(trigger_time=1767225601)", "{}");
    pool_world_fail(w, "1/a");
    assert_said(w, "retrying in P1DT1M (after 2026-01-02T00:01:00Z)");
    pool_world_destroy(w);
}

static void submission_is_retried_without_a_new_try(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_create(FLOW("R1 = \"\"\"\na:submit-fail? => b\na?\n\"\"\"\n[runtime]\n[[a]]\n"
                               "submission retry delays = PT0S\n"));
    pool_world_start(w);
    pool_world_job(w, TOPIC_JOB_SUBMIT_FAILED, "1/a");
    assert_said(w, "event 1/a submission retry: job submission failed, retrying in P0Y (after "
                   "2026-01-01T00:00:00Z)\n");
    pool_world_satisfy(w, "wall_clock(trigger_time=1767225600)", "{}");
    assert_said(w, "submit 1/a 2 try 1 [1] []\n");
    pool_world_job(w, TOPIC_JOB_SUBMIT_FAILED, "1/a");
    assert_said(w, "event 1/a submission failed\n");
    assert_said(w, "output 1/a submit-failed [1]\n");
    assert_string_equal(pool_world_active(w), "1/b");
    pool_world_destroy(w);
}

static void the_reason_of_a_failure_is_an_event(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("R1 = a & b\n"));
    pool_world_start(w);
    struct message failed = event(w, TOPIC_JOB_FAILED, "1/a", 1);
    failed.text = slice_of("failed/ERR");
    pool_world_hear(w, failed);
    assert_said(w, "event 1/a signaled: ERR\nevent 1/a critical: failed/ERR\n");
    assert_said(w, "event 1/a failed\n");
    struct message aborted = event(w, TOPIC_JOB_FAILED, "1/b", 1);
    aborted.text = slice_of("aborted/\"tea is cold\"");
    pool_world_hear(w, aborted);
    assert_said(w, "event 1/b aborted: aborted/\"tea is cold\"\n");
    assert_said(w, "event 1/b failed: \"tea is cold\"\n");
    pool_world_destroy(w);
}

static void a_message_is_answered_after_its_effects(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_create(FLOW("R1 = a:x => b\n[runtime]\n[[a]]\n[[[outputs]]]\nx = xx\n"));
    pool_world_start(w);
    pool_world_job(w, TOPIC_JOB_STARTED, "1/a");
    pool_world_clear(w);
    struct message m = event(w, TOPIC_JOB_MESSAGE, "1/a", 1);
    m.text = slice_of("xx");
    m.value = 40;
    m.id = 9;
    pool_world_hear(w, m);
    const char *output = strstr(pool_world_log(w), "output 1/a x [1]\n");
    const char *answer = strstr(pool_world_log(w), "job-settled 1/a 1 40\noutcome 9 0\n");
    assert_non_null(output);
    assert_non_null(answer);
    assert_true(output < answer);
    pool_world_clear(w);
    pool_world_hear(w, m); /* once more: answered, nothing else */
    assert_string_equal(pool_world_log(w), "job-settled 1/a 1 40\noutcome 9 0\n");
    pool_world_destroy(w);
}

static void a_message_of_nobody_is_answered_too(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("R1 = a => b\n"));
    pool_world_start(w);
    pool_world_clear(w);
    struct message m = event(w, TOPIC_JOB_MESSAGE, "1/b", 3);
    m.text = slice_of("succeeded");
    m.id = 4;
    pool_world_hear(w, m);
    assert_string_equal(pool_world_log(w), "outcome 4 0\n");
    pool_world_destroy(w);
}

static void a_message_by_hand_may_end_a_task(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("R1 = a => b\n"));
    pool_world_start(w);
    pool_world_job(w, TOPIC_JOB_STARTED, "1/a");
    pool_world_message(w, "1/a", "succeeded");
    assert_said(w, "submit 1/b");
    pool_world_clear(w);
    pool_world_job(w, TOPIC_JOB_SUCCEEDED, "1/a"); /* the real one */
    assert_string_equal(pool_world_log(w), "");
    pool_world_destroy(w);
}

static void severities_are_remembered(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("R1 = a\n"));
    pool_world_start(w);
    pool_world_job(w, TOPIC_JOB_STARTED, "1/a");
    struct message m = event(w, TOPIC_JOB_MESSAGE, "1/a", 1);
    m.text = slice_of("careful now");
    m.number = SEVERITY_WARNING;
    pool_world_hear(w, m);
    assert_said(w, "event 1/a message warning: careful now\nevent 1/a warning: careful now\n");
    m.number = SEVERITY_DEBUG;
    pool_world_clear(w);
    pool_world_hear(w, m);
    assert_string_equal(pool_world_log(w), "event 1/a message debug: careful now\n");
    pool_world_destroy(w);
}

/* --- kill and poll --- */

static void a_killed_task_with_retries_waits_held_until_it_is_released(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_create(FLOW("R1 = a\n[runtime]\n[[a]]\nexecution retry delays = PT0S\n"));
    pool_world_start(w);
    pool_world_job(w, TOPIC_JOB_STARTED, "1/a");
    assert_int_equal(pool_world_command(w, POOL_KILL, "1/a", 0), 0);
    assert_said(w, "kill 1/a 1\n");
    assert_not_said(w, "hold 1/a\n");
    pool_world_fail(w, "1/a");
    pool_world_satisfy(w, "wall_clock(trigger_time=1767225600)", "{}");
    assert_string_equal(pool_world_active(w), "");
    pool_world_restart(w);
    assert_string_equal(pool_world_active(w), "");
    assert_int_equal(pool_world_command(w, POOL_RELEASE_ALL, "", 0), 0);
    assert_string_equal(pool_world_active(w), "1/a");
    pool_world_destroy(w);
}

static void the_next_of_a_killed_task_is_not_held(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("R1 = a? & b\n"));
    pool_world_start(w);
    pool_world_job(w, TOPIC_JOB_STARTED, "1/a");
    pool_world_command(w, POOL_KILL, "1/a", 0);
    pool_world_fail(w, "1/a");
    pool_world_clear(w);
    pool_world_command(w, POOL_TRIGGER, "1/a", 0);
    assert_not_said(w, "(held)");
    assert_string_equal(pool_world_active(w), "1/b 1/a");
    pool_world_destroy(w);
}

static void only_jobs_under_way_can_be_killed_or_polled(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("R1 = a & z => b\n"));
    pool_world_start(w);
    assert_int_equal(pool_world_command(w, POOL_POLL, "*/*", 0), 0);
    assert_string_equal(pool_world_lines(w, "poll"), "poll 1/a 1\npoll 1/z 1\n");
    pool_world_clear(w);
    assert_int_equal(pool_world_command(w, POOL_KILL, "1/b 1/z", 0), EINVAL);
    assert_said(w, "no job is under way, so there is nothing to kill: 1/b");
    assert_string_equal(pool_world_lines(w, "kill"), "kill 1/z 1\n");
    assert_int_equal(pool_world_command(w, POOL_POLL, "9/a", 0), ENOENT);
    pool_world_clear(w);
    assert_int_equal(pool_world_command(w, POOL_POLL, "1/b*", 0), EINVAL);
    pool_world_destroy(w);
}

static void a_pattern_kills_the_jobs_that_are_under_way_and_passes_over_the_rest(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("R1 = a & z => b\n"));
    pool_world_start(w);
    pool_world_job(w, TOPIC_JOB_STARTED, "1/a");
    pool_world_succeed(w, "1/a");
    assert_int_equal(pool_world_command(w, POOL_KILL, "*", 0), 0);
    assert_string_equal(pool_world_lines(w, "kill"), "kill 1/z 1\n");
    pool_world_destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outputs_that_were_missed_are_made_up_for),
        cmocka_unit_test(an_event_of_another_submit_number_changes_nothing),
        cmocka_unit_test(nothing_goes_back),
        cmocka_unit_test(late_truth_beats_what_was_believed),
        cmocka_unit_test(a_failure_with_retries_left_waits_and_runs_again),
        cmocka_unit_test(events_of_the_failed_try_are_ignored_while_it_waits),
        cmocka_unit_test(a_held_task_that_failed_retries_when_it_is_released),
        cmocka_unit_test(triggering_a_waiting_retry_keeps_the_try_number),
        cmocka_unit_test(delays_are_told_as_they_are),
        cmocka_unit_test(submission_is_retried_without_a_new_try),
        cmocka_unit_test(the_reason_of_a_failure_is_an_event),
        cmocka_unit_test(a_message_is_answered_after_its_effects),
        cmocka_unit_test(a_message_of_nobody_is_answered_too),
        cmocka_unit_test(a_message_by_hand_may_end_a_task),
        cmocka_unit_test(severities_are_remembered),
        cmocka_unit_test(a_killed_task_with_retries_waits_held_until_it_is_released),
        cmocka_unit_test(the_next_of_a_killed_task_is_not_held),
        cmocka_unit_test(only_jobs_under_way_can_be_killed_or_polled),
        cmocka_unit_test(a_pattern_kills_the_jobs_that_are_under_way_and_passes_over_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A pool built again from what was recorded goes on as if nothing had happened. */
#include "tests/lib/pool_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define FLOW(rest)                                                                                 \
    "[scheduler]\nallow implicit tasks = True\n[scheduling]\n"                                     \
    "cycling mode = integer\ninitial cycle point = 1\nfinal cycle point = 4\n" rest

static void jobs_are_followed_and_not_launched_again(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nR1 = a => b\n"));
    pool_world_start(w);
    pool_world_job(w, TOPIC_JOB_STARTED, "1/a");
    pool_world_clear(w);
    pool_world_restart(w);
    assert_said(w, "workflow running restart\n");
    assert_said(w, "follow 1/a 1 running\n");
    assert_not_said(w, "submit");
    assert_false(w->stalled);
    pool_world_job(w, TOPIC_JOB_SUCCEEDED, "1/a");
    assert_said(w, "submit 1/b 1 try 1 [1] ['1/a']\n");
    pool_world_destroy(w);
}

static void partial_prerequisites_are_kept(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nR1 = a & b => c\n"));
    pool_world_start(w);
    pool_world_succeed(w, "1/a");
    pool_world_restart(w);
    pool_world_job(w, TOPIC_JOB_SUCCEEDED, "1/b");
    assert_said(w, "submit 1/c 1 try 1 [1] ['1/a', '1/b']\n");
    pool_world_destroy(w);
}

static void family_members_are_kept(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_create(FLOW("[[graph]]\nR1 = FAM:succeed-all => x\n[runtime]\n"
                               "[[FAM]]\n[[m1, m2]]\ninherit = FAM\n"));
    pool_world_start(w);
    pool_world_succeed(w, "1/m1");
    pool_world_restart(w);
    pool_world_job(w, TOPIC_JOB_SUCCEEDED, "1/m2");
    assert_said(w, "submit 1/x 1 try 1 [1] ['1/m1', '1/m2']\n");
    pool_world_destroy(w);
}

static void a_new_child_of_a_family_comes_with_the_next_member(void **state)
{
    (void)state;
#define MEMBERS "\n[runtime]\n[[FAM]]\n[[m1, m2]]\ninherit = FAM\n"
    struct pool_world *w =
        pool_world_create(FLOW("[[graph]]\nR1 = FAM:succeed-any => x\n" MEMBERS));
    pool_world_start(w);
    pool_world_succeed(w, "1/m1");
    pool_world_succeed(w, "1/x");
    pool_world_restart_as(w, FLOW("[[graph]]\nR1 = FAM:succeed-any => x & y\n" MEMBERS));
    pool_world_succeed(w, "1/m2");
    assert_string_equal(pool_world_active(w), "1/y"); /* and x not again */
    pool_world_destroy(w);
}

static void a_retry_tells_new_children_what_its_job_does(void **state)
{
    (void)state;
#define RETRY "\n[runtime]\n[[a]]\nexecution retry delays = PT1S, PT1S\n"
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nR1 = a => b\n" RETRY));
    pool_world_start(w);
    pool_world_job(w, TOPIC_JOB_STARTED, "1/a");
    pool_world_restart_as(w, FLOW("[[graph]]\nR1 = a & a:start => b & c\n" RETRY));
    pool_world_job(w, TOPIC_JOB_FAILED, "1/a");
    pool_world_satisfy(w, "wall_clock(trigger_time=1767225601)", "");
    pool_world_job(w, TOPIC_JOB_STARTED, "1/a");
    assert_said(w, "spawned 1/c");
    pool_world_job(w, TOPIC_JOB_SUCCEEDED, "1/a");
    assert_string_equal(pool_world_active(w), "1/b 1/c");
    pool_world_destroy(w);
}

static void what_is_off_its_sequence_now_waits_for_nobody(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nP1 = z & b => a\n"));
    pool_world_start(w);
    pool_world_succeed(w, "2/b");
    pool_world_restart_as(w, FLOW("[[graph]]\nR1 = z & b => a\nP1 = z & b\n"));
    assert_said(w, "submit 2/a 1 try 1 [1]");
    assert_not_said(w, "submit 1/a");
    pool_world_destroy(w);
}

static void an_unsettled_output_has_its_effect_after_all(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nR1 = a => b\n"));
    pool_world_start(w);
    w->hold_answers = true; /* the triggers never get to it */
    pool_world_succeed(w, "1/a");
    assert_not_said(w, "spawned 1/b");
    w->hold_answers = false;
    pool_world_restart(w);
    assert_said(w, "submit 1/b 1 try 1 [1] ['1/a']\n");
    assert_said(w, "settled 1/a succeeded\n");
    pool_world_succeed(w, "1/b");
    assert_said(w, "shutdown AUTOMATIC 0\n");
    pool_world_destroy(w);
}

/* What a user satisfied, no remove takes back. */
static void an_unsettled_output_that_was_set_has_its_effect_by_force(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nR1 = a & b => c\n"));
    pool_world_start(w);
    w->hold_answers = true;
    pool_world_hear(w, (struct message){.topic = TOPIC_POOL_COMMAND,
                                        .id = 7,
                                        .number = POOL_SET_OUTPUTS,
                                        .text = slice_of("1/a\n\nsucceeded")});
    assert_said(w, "output 1/a succeeded [1] forced\n");
    assert_not_said(w, "spawned 1/c");
    w->hold_answers = false;
    pool_world_clear(w);
    pool_world_restart(w);
    assert_said(w, "output 1/a succeeded [1] forced\n");
    assert_said(w, "satisfied 1/c 0 forced\n");
    pool_world_command(w, POOL_REMOVE, "1/a", 0);
    pool_world_succeed(w, "1/b");
    assert_string_equal(pool_world_active(w), "1/c");
    pool_world_destroy(w);
}

static void a_retry_delay_goes_on(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(
        FLOW("[[graph]]\nR1 = a\n[runtime]\n[[a]]\nexecution retry delays = PT8S\n"));
    pool_world_start(w);
    pool_world_fail(w, "1/a");
    pool_world_clear(w);
    pool_world_restart(w);
    assert_said(w, "watch wall_clock(trigger_time=1767225608)\n");
    assert_not_said(w, "submit");
    pool_world_satisfy(w, "wall_clock(trigger_time=1767225608)", "{}");
    assert_said(w, "submit 1/a 2 try 2 [1] []\n");
    pool_world_destroy(w);
}

static void holds_and_pause_are_kept(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nR1 = a => b => c\n"));
    pool_world_start(w);
    pool_world_command(w, POOL_HOLD, "1/b 1/c", 0);
    pool_world_command(w, POOL_PAUSE, "", 0);
    pool_world_succeed(w, "1/a");
    pool_world_restart(w);
    assert_said(w, "workflow paused restart\n");
    pool_world_command(w, POOL_RESUME, "", 0);
    assert_string_equal(pool_world_active(w), "");
    pool_world_command(w, POOL_RELEASE, "1/b", 0);
    pool_world_succeed(w, "1/b");
    assert_string_equal(pool_world_active(w), "");
    assert_string_equal(pool_world_rows(w), "1/c waiting held [1]");
    pool_world_destroy(w);
}

static void a_stalled_workflow_is_stalled_again(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nP1 = a => b\n"));
    pool_world_start(w);
    pool_world_fail(w, "1/a");
    pool_world_command(w, POOL_STOP, "", STOP_NOW);
    pool_world_restart(w);
    pool_world_succeed(w, "2/a");
    pool_world_succeed(w, "2/b");
    pool_world_succeed(w, "3/a");
    pool_world_succeed(w, "3/b");
    pool_world_succeed(w, "4/a");
    pool_world_succeed(w, "4/b");
    assert_true(w->stalled);
    assert_string_equal(pool_world_rows(w), "1/a failed [1]");
    pool_world_destroy(w);
}

static void what_is_complete_waits_at_the_start(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nR1 = a\n"));
    pool_world_start(w);
    pool_world_succeed(w, "1/a");
    pool_world_restart(w);
    assert_said(w, "workflow running restart complete");
    assert_int_equal(w->shutdowns, 0);
    assert_int_equal(pool_world_command(w, POOL_TRIGGER, "1/a", 0), 0);
    assert_said(w, "submit 1/a 2 try 1 [1] [] manual\n");
    pool_world_succeed(w, "1/a");
    assert_int_equal(w->shutdowns, 1);
    pool_world_restart(w);
    assert_int_equal(pool_world_command(w, POOL_STOP, "", STOP_AUTOMATIC), 0);
    assert_int_equal(w->shutdowns, 1);
    pool_world_destroy(w);
}

static void an_absolute_output_is_remembered(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(
        FLOW("runahead limit = P0\n[[graph]]\nR1 = prep\nP1 = prep[^] & b => a\n"));
    pool_world_start(w);
    pool_world_succeed(w, "1/prep");
    pool_world_succeed(w, "1/b");
    pool_world_restart(w);
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "2/b");
    assert_said(w, "submit 2/a 1 try 1 [1] ['1/prep', '2/b']\n");
    pool_world_destroy(w);
}

/* Triggered by hand it ran before its time. */
static void an_unsettled_success_does_not_run_the_next_again(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_begin(FLOW("[[special tasks]]\nsequential = a\n[[graph]]\nP1 = a\n"));
    assert_int_equal(pool_world_command(w, POOL_TRIGGER, "2/a", 0), 0);
    pool_world_succeed(w, "2/a");
    pool_world_restart(w);
    pool_world_clear(w);
    w->hold_answers = true;
    pool_world_job(w, TOPIC_JOB_STARTED, "1/a");
    pool_world_job(w, TOPIC_JOB_SUCCEEDED, "1/a");
    pool_world_run_one(w); /* the database's answer: what 2/a did */
    assert_said(w, "state 1/a succeeded");
    pool_world_restart(w);
    w->hold_answers = false;
    pool_world_run(w);
    assert_not_said(w, "submit 2/a");
    pool_world_destroy(w);
}

static void a_sequential_task_finds_out_about_its_past(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_create(FLOW("[[special tasks]]\nsequential = a\n[[graph]]\nP1 = b => a\n"));
    pool_world_start(w);
    pool_world_succeed(w, "1/b");
    pool_world_succeed(w, "1/a"); /* 2/a comes and waits for 2/b */
    pool_world_restart(w);
    assert_said(w, "ask 1/a\n");
    pool_world_job(w, TOPIC_JOB_SUCCEEDED, "2/b");
    assert_said(w, "submit 2/a 1 try 1 [1] ['1/a', '2/b']\n");
    pool_world_destroy(w);
}

static void nothing_runs_twice_after_a_restart(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nR1 = \"\"\"\na | b => c\n\"\"\"\n"));
    pool_world_start(w);
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "1/c");
    pool_world_restart(w);
    pool_world_clear(w);
    pool_world_job(w, TOPIC_JOB_SUCCEEDED, "1/b");
    assert_said(w, "ask 1/c\n");
    assert_not_said(w, "spawned 1/c");
    assert_said(w, "shutdown AUTOMATIC 0\n");
    pool_world_destroy(w);
}

static void flows_are_kept(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nR1 = a => b => c\n"));
    pool_world_start(w);
    pool_world_succeed(w, "1/a");
    pool_world_command(w, POOL_TRIGGER, "1/a", POOL_FLOW_NEW);
    pool_world_restart(w);
    pool_world_job(w, TOPIC_JOB_SUCCEEDED, "1/b");
    pool_world_job(w, TOPIC_JOB_SUCCEEDED, "1/a");
    assert_said(w, "submit 1/c 1 try 1 [1] ['1/b']\n");
    assert_said(w, "submit 1/b 2 try 1 [2] ['1/a']\n");
    pool_world_command(w, POOL_TRIGGER, "1/a", POOL_FLOW_NEW);
    assert_said(w, "submit 1/a 3 try 1 [3] [] manual\n");
    pool_world_destroy(w);
}

/* The pool held it in flow 2 only; that it ran in flow 1 before, the database knows. */
static void other_flows_of_a_restored_task_are_asked_for(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW("[[graph]]\nR1 = a => b => c\n"));
    pool_world_start(w);
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "1/b");
    pool_world_command(w, POOL_TRIGGER, "1/b", POOL_FLOW_NEW);
    pool_world_restart(w);
    pool_world_job(w, TOPIC_JOB_SUCCEEDED, "1/b");
    pool_world_clear(w);
    pool_world_hear(w, (struct message){.topic = TOPIC_POOL_COMMAND,
                                        .number = POOL_TRIGGER,
                                        .flows = {.n = 1, .at = {1}},
                                        .text = slice_of("1/a")});
    pool_world_job(w, TOPIC_JOB_SUCCEEDED, "1/a");
    assert_said(w, "ask 1/b\n");
    assert_not_said(w, "spawned 1/b");
    pool_world_destroy(w);
}

static void xtriggers_that_were_satisfied_stay_so(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(
        FLOW("[[xtriggers]]\ne = echo(1, succeed=True)\nf = echo(2, succeed=True)\n[[graph]]\n"
             "R1 = @e & @f => a\n"));
    pool_world_start(w);
    pool_world_satisfy(w, "echo(1, succeed=True)", "{\"k\": \"v\"}");
    pool_world_clear(w);
    pool_world_restart(w);
    assert_string_equal(pool_world_lines(w, "watch"), "watch echo(2, succeed=True)\n");
    pool_world_satisfy(w, "echo(2, succeed=True)", "{}");
    assert_said(w, "submit 1/a 1 try 1 [1] [] {\"e_k\":\"v\"}\n");
    pool_world_destroy(w);
}

static void a_crash_loses_only_what_was_not_committed(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create_durable(FLOW("[[graph]]\nR1 = a => b\n"));
    pool_world_start(w);
    pool_world_commit(w);
    pool_world_succeed(w, "1/a"); /* told, and forgotten again */
    assert_said(w, "submit 1/b 1");
    pool_world_clear(w);
    pool_world_crash(w);
    pool_world_run(w);
    assert_said(w, "follow 1/a 1 preparing\n");
    pool_world_job(w, TOPIC_JOB_SUCCEEDED, "1/a");
    assert_said(w, "submit 1/b 1 try 1 [1] ['1/a']\n");
    pool_world_destroy(w);
}

static void hear(struct pool_world *w, struct message message)
{
    message.submit = 1;
    pool_world_id(w, "1/a", &message.point, &message.task);
    pool_world_clear(w);
    pool_world_hear(w, message);
}

static void time_out(struct pool_world *w, const char *event)
{
    hear(w,
         (struct message){.topic = TOPIC_JOB_TIMEOUT, .text = slice_of(event), .value = 60000000});
}

static void crash(struct pool_world *w)
{
    pool_world_commit(w);
    pool_world_clear(w);
    pool_world_crash(w);
    pool_world_run(w);
}

static void a_timeout_is_told_once_for_each_job(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create_durable(
        FLOW("[[graph]]\nR1 = a\n[runtime]\n[[a]]\nexecution retry delays = PT0S\n"));
    pool_world_start(w);
    pool_world_commit(w);
    hear(w, (struct message){.topic = TOPIC_JOB_SUBMITTED, .value = 61000000});
    crash(w);
    assert_said(w, "follow 1/a 1 submitted timeout 61000000\n");
    time_out(w, "submission timeout");
    assert_said(w, "event 1/a submission timeout: submission timeout after PT1M\n");
    crash(w);
    assert_said(w, "follow 1/a 1 submitted\n");
    hear(w, (struct message){.topic = TOPIC_JOB_STARTED, .value = 70000000});
    crash(w);
    assert_said(w, "follow 1/a 1 running timeout 70000000\n");
    time_out(w, "execution timeout");
    assert_said(w, "event 1/a execution timeout: execution timeout after PT1M\n");
    crash(w);
    assert_said(w, "follow 1/a 1 running\n");
    pool_world_destroy(w);
}

#define BROADCAST(mode) "{\"mode\": \"" mode "\", \"points\": [\"1\"], \"namespaces\": [\"a\"]"
#define RETRIES "[\"execution retry delays\", \"PT0S\"]"

static void an_active_job_keeps_the_settings_it_was_submitted_with(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create_paused(FLOW("[[graph]]\nR1 = a & b\n"));
    pool_world_start(w);
    pool_world_command_detail(w, POOL_BROADCAST, BROADCAST("set") ", \"settings\": [" RETRIES "]}");
    pool_world_command(w, POOL_RESUME, "", 0);
    pool_world_job(w, TOPIC_JOB_STARTED, "1/a");
    pool_world_command_detail(w, POOL_BROADCAST, BROADCAST("clear") "}");
    pool_world_command_detail(w, POOL_BROADCAST,
                              "{\"mode\": \"set\", \"points\": [\"1\"], "
                              "\"namespaces\": [\"b\"], \"settings\": [" RETRIES "]}");
    pool_world_clear(w);
    pool_world_restart(w);
    assert_said(w, "follow 1/a 1 running [[\"execution retry delays\",\"PT0S\"]]\n");
    assert_said(w, "follow 1/b 1 preparing\n");
    pool_world_job(w, TOPIC_JOB_FAILED, "1/a");
    pool_world_job(w, TOPIC_JOB_FAILED, "1/b");
    assert_said(w, "event 1/a retry: ");
    assert_said(w, "event 1/b failed");
    pool_world_destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timeout_is_told_once_for_each_job),
        cmocka_unit_test(an_active_job_keeps_the_settings_it_was_submitted_with),
        cmocka_unit_test(jobs_are_followed_and_not_launched_again),
        cmocka_unit_test(partial_prerequisites_are_kept),
        cmocka_unit_test(family_members_are_kept),
        cmocka_unit_test(a_new_child_of_a_family_comes_with_the_next_member),
        cmocka_unit_test(a_retry_tells_new_children_what_its_job_does),
        cmocka_unit_test(what_is_off_its_sequence_now_waits_for_nobody),
        cmocka_unit_test(an_unsettled_output_has_its_effect_after_all),
        cmocka_unit_test(an_unsettled_output_that_was_set_has_its_effect_by_force),
        cmocka_unit_test(a_retry_delay_goes_on),
        cmocka_unit_test(holds_and_pause_are_kept),
        cmocka_unit_test(a_stalled_workflow_is_stalled_again),
        cmocka_unit_test(what_is_complete_waits_at_the_start),
        cmocka_unit_test(an_absolute_output_is_remembered),
        cmocka_unit_test(an_unsettled_success_does_not_run_the_next_again),
        cmocka_unit_test(a_sequential_task_finds_out_about_its_past),
        cmocka_unit_test(nothing_runs_twice_after_a_restart),
        cmocka_unit_test(flows_are_kept),
        cmocka_unit_test(other_flows_of_a_restored_task_are_asked_for),
        cmocka_unit_test(xtriggers_that_were_satisfied_stay_so),
        cmocka_unit_test(a_crash_loses_only_what_was_not_committed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

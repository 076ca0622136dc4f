/* Jobs that run: their messages, the reports of their clients, and a scheduler that is started
 * again or stopped meanwhile. */
#include "base/memory.h"
#include "scheduler/job/paths.h"
#include "tests/lib/jobs_fixture.h"
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUSE_TOUCHES_THE_WORLD
#include "base/banned.h"

/* --- what time does, after a restart --- */

static void follow_with_timeout(struct jobs_fixture *fixture, enum task_status status,
                                int64_t since, int64_t timeout)
{
    jobs_say(fixture, TASK_POOL,
             &(struct message){.topic = TOPIC_JOB_FOLLOW,
                               .point = 1,
                               .submit = 1,
                               .try_ = 1,
                               .flows = {.n = 1, .at = {1}},
                               .status = status,
                               .when = since,
                               .id = (uint64_t)timeout});
}

/* The setting counts only for what begins anew. */
static void a_timeout_comes_when_it_was_recorded_to_come(void **state)
{
    struct jobs_fixture *fixture = *state;
    fixture->task->runtime.execution_timeout = 3600;
    jobs_submit(fixture, "sleep 60");
    jobs_await(fixture, "job.started");
    jobs_restart(fixture);
    int64_t now = fixture->env->ops->wall(fixture->env);
    follow_with_timeout(fixture, STATUS_RUNNING, now - 50000000, now + 100000);
    jobs_await(fixture, "job.timeout 1 execution timeout");
    jobs_ask(fixture, TOPIC_JOB_KILL);
    jobs_await(fixture, "job.failed");
}

static void a_timeout_that_was_told_is_not_told_again(void **state)
{
    struct jobs_fixture *fixture = *state;
    fixture->task->runtime.execution_timeout = 0.05;
    jobs_submit(fixture, "sleep 60");
    jobs_await(fixture, "job.timeout");
    jobs_restart(fixture);
    follow_with_timeout(fixture, STATUS_RUNNING, 1, 0);
    jobs_linger(fixture, 300);
    assert_int_equal(jobs_count_heard(fixture, "job.timeout"), 0);
    jobs_ask(fixture, TOPIC_JOB_KILL);
    jobs_await(fixture, "job.failed");
}

/* --- messages and reports --- */

static void messages_are_said_once_and_in_order(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_submit(fixture, jobs_message_script);
    jobs_await(fixture, "job.message 1 INFO id 0 at ");
    jobs_await(fixture, "job.message 1 WARNING id 0 at ");
    jobs_let_go(fixture);
    jobs_await(fixture, "job.succeeded");
    assert_int_equal(fixture->heard.n, 6);
    assert_non_null(strstr(fixture->heard.at[2], " one"));
    assert_non_null(strstr(fixture->heard.at[3], " two"));
    assert_non_null(strstr(fixture->heard.at[4], " last"));
}

static void a_report_is_answered_when_its_outcome_is_recorded(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_submit(fixture, "sleep 60");
    jobs_await(fixture, "job.started");
    jobs_report(fixture, 7, "1/a/01", "by hand", -1);
    jobs_await(fixture, "job.message 1 INFO id 7 at -1 by hand");
    uint64_t before = fixture->last_said;
    jobs_say_outcome(fixture, 7);
    uint64_t outcome = fixture->last_said;
    fixture->last_said = before;
    jobs_say_recorded(fixture);
    jobs_linger(fixture, 50);
    assert_int_equal(jobs_count_heard(fixture, "reply"), 0);
    fixture->last_said = outcome;
    jobs_say_recorded(fixture);
    jobs_await(fixture, "reply 7 done");
    jobs_ask(fixture, TOPIC_JOB_KILL);
    jobs_await(fixture, "job.failed");
}

static void a_report_of_a_message_read_before_is_said_again_with_its_id(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_submit(fixture, jobs_message_script);
    jobs_await(fixture, "job.message 1 WARNING");
    int64_t offset = jobs_end_of_file(fixture, "job.status");
    jobs_report(fixture, 8, "1/a/01", "two", offset);
    char *expected = str_format("job.message 1 INFO id 8 at %lld two", (long long)offset);
    jobs_await(fixture, expected);
    free(expected);
    jobs_let_go(fixture);
    jobs_await(fixture, "job.succeeded");
}

static void a_report_makes_the_spool_be_read(void **state)
{
    struct jobs_fixture *fixture = *state;
    fixture->ops.watch_start = jobs_refuse_watch;
    jobs_submit(fixture, "sleep 60");
    for (int i = 0; i < 1000 && !jobs_pid(fixture); i++)
        jobs_linger(fixture, 10);
    jobs_linger(fixture, 50);
    jobs_put_file(fixture, "job.status",
                  "CYLC_MESSAGE=2026-01-01T00:00:00Z|INFO|first\n"
                  "CYLC_MESSAGE=2026-01-01T00:00:00Z|CUSTOM|second\n",
                  ENV_APPEND);
    jobs_report(fixture, 9, "1/a/01", "second", jobs_end_of_file(fixture, "job.status"));
    jobs_await(fixture, "job.message 1 INFO id 0 at ");
    jobs_await(fixture, "job.message 1 CUSTOM id 9 at ");
    assert_int_equal(jobs_count_heard(fixture, "job.message"), 2);
    jobs_ask(fixture, TOPIC_JOB_KILL);
    jobs_await(fixture, "job.failed");
}

static void a_report_of_no_job_is_refused_by_name(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_report(fixture, 1, "1/zz/01", "x", -1);
    jobs_await(fixture, "reply 1 error no task \"zz\"");
    jobs_report(fixture, 2, "1/a", "x", -1);
    jobs_await(fixture, "reply 2 error \"1/a\" is no job");
    jobs_report(fixture, 3, "1/a/NN", "x", -1);
    jobs_await(fixture, "reply 3 error \"1/a/NN\" is no job");
    jobs_report(fixture, 4, "soon/a/01", "x", -1);
    jobs_await(fixture, "reply 4 error ");
    jobs_report(fixture, 5, "", "x", -1);
    jobs_await(fixture, "reply 5 error ");
}

static void a_report_of_a_job_that_is_over_is_for_the_pool_to_judge(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_report(fixture, 3, "1/a/01", "late", 1000);
    jobs_await(fixture, "job.message 1 INFO id 3 at 1000 late");
    jobs_say_outcome(fixture, 3);
    jobs_say_recorded(fixture);
    jobs_await(fixture, "reply 3 done");
}

/* --- after a restart --- */

static void a_running_job_is_followed_by_the_next_scheduler(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_submit(fixture, jobs_message_script);
    jobs_await(fixture, "job.message 1 WARNING");
    int64_t settled = jobs_end_of_file(fixture, "job.status");
    jobs_restart(fixture);
    jobs_follow(fixture, STATUS_RUNNING, settled);
    jobs_linger(fixture, 50);
    jobs_expect_heard(fixture, "");
    jobs_let_go(fixture);
    jobs_await(fixture, "job.message 1 INFO");
    jobs_await(fixture, "job.succeeded");
    assert_int_equal(fixture->heard.n, 2);
}

static void what_was_not_settled_is_said_again(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_submit(fixture, jobs_message_script);
    jobs_await(fixture, "job.message 1 WARNING");
    jobs_restart(fixture);
    jobs_follow(fixture, STATUS_PREPARING, 0);
    jobs_await(fixture, "job.submitted");
    jobs_await(fixture, "job.started");
    jobs_await(fixture, "job.message 1 INFO");
    jobs_await(fixture, "job.message 1 WARNING");
    jobs_let_go(fixture);
    jobs_await(fixture, "job.succeeded");
}

static void a_job_that_ended_meanwhile_is_told_at_once(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_submit(fixture, "true");
    jobs_await(fixture, "job.succeeded");
    jobs_restart(fixture);
    jobs_follow(fixture, STATUS_RUNNING, 0);
    jobs_await(fixture, "job.succeeded");
    jobs_expect_heard(fixture, "job.succeeded 1\n");
}

static void a_job_that_vanished_has_failed(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_submit(fixture, "kill -9 $$");
    jobs_await(fixture, "job.failed");
    jobs_restart(fixture);
    jobs_follow(fixture, STATUS_RUNNING, 0);
    jobs_await(fixture, "job.failed");
    jobs_expect_heard(fixture, "job.failed 1\n");
}

static void a_submitted_job_without_a_trace_has_failed(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_follow(fixture, STATUS_SUBMITTED, 0);
    jobs_await(fixture, "job.failed");
}

static void a_preparing_job_is_launched_again(void **state)
{
    struct jobs_fixture *fixture = *state;
    fixture->task->runtime.script = "true";
    jobs_follow(fixture, STATUS_PREPARING, 0);
    jobs_await(fixture, "job.succeeded");
    jobs_expect_heard(fixture, "job.submitted 1\njob.started 1\njob.succeeded 1\n");
}

static void a_process_that_got_the_number_since_is_not_the_job(void **state)
{
    struct jobs_fixture *fixture = *state;
    char *status = str_format("CYLC_JOB_RUNNER_NAME=background\nCYLC_JOB_ID=%d\n"
                              "CYLC_JOB_PID=%d\nCYLC_JOB_INIT_TIME=2026-01-01T00:00:00Z\n",
                              (int)getpid(), (int)getpid());
    jobs_put_file(fixture, "job.status", status, 0);
    free(status);
    jobs_follow(fixture, STATUS_RUNNING, 0);
    jobs_await(fixture, "job.failed");
}

static int not_yet_there; /* as often the status file is not found */

static int late_read(struct env *env, const char *path, uint64_t offset, struct text *out)
{
    if (strstr(path, "job.status") && not_yet_there-- > 0)
        return -ENOENT;
    return jobs_real_ops.file_read(env, path, offset, out);
}

/* The first scheduler died between launching and seeing the claim; the second launches again. */
static void the_first_of_two_launches_is_followed(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_submit(fixture, jobs_message_script);
    jobs_await(fixture, "job.message 1 WARNING");
    int64_t pid = jobs_pid(fixture);
    jobs_restart(fixture);
    jobs_real_ops = fixture->ops;
    fixture->ops.file_read = late_read;
    not_yet_there = 2;
    jobs_follow(fixture, STATUS_PREPARING, 0);
    jobs_await(fixture, "job.started");
    jobs_let_go(fixture);
    jobs_await(fixture, "job.succeeded");
    assert_int_equal(jobs_pid(fixture), pid);
    char *out = jobs_contents(fixture, "job.out");
    assert_non_null(strstr(out, "INFO - succeeded"));
    free(out);
}

static void an_empty_claim_is_a_failed_submission(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_put_file(fixture, "job.status", "", 0);
    jobs_follow(fixture, STATUS_PREPARING, 0);
    jobs_await(fixture, "job.submit-failed 1 ended with status 0 before it began");
}

static void a_poll_looks_again(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_submit(fixture, "sleep 60");
    jobs_await(fixture, "job.started");
    jobs_ask(fixture, TOPIC_JOB_POLL);
    jobs_linger(fixture, 20);
    jobs_ask(fixture, TOPIC_JOB_KILL);
    jobs_await(fixture, "job.failed");
    jobs_expect_heard(fixture, "job.submitted 1\njob.started 1\njob.failed 1\n");
}

/* --- the end --- */

static void a_job_outlives_the_scheduler(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_submit(fixture, jobs_message_script);
    jobs_await(fixture, "job.started");
    jobs_restart(fixture);
    int64_t pid = jobs_pid(fixture);
    assert_int_equal(kill((pid_t)pid, 0), 0);
    assert_int_equal(getsid((pid_t)pid), pid);
    jobs_let_go(fixture);
    jobs_follow(fixture, STATUS_RUNNING, 0);
    jobs_await(fixture, "job.succeeded");
}

static void a_shutdown_waits_for_what_is_settled_to_be_recorded(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_report(fixture, 3, "1/a/01", "late", -1);
    jobs_await(fixture, "job.message");
    jobs_say_outcome(fixture, 3);
    jobs_say(fixture, TASK_POOL, &(struct message){.topic = TOPIC_WORKFLOW_SHUTDOWN});
    bus_close(fixture->bus, TASK_POOL);
    jobs_linger(fixture, 20);
    assert_false(bus_closed(fixture->bus, JOBS));
    jobs_report(fixture, 4, "1/a/01", "too late", -1);
    jobs_await(fixture, "reply 4 error the workflow is shutting down");
    jobs_say_recorded(fixture);
    jobs_await(fixture, "reply 3 done");
    assert_true(bus_closed(fixture->bus, JOBS));
}

static void a_fault_ends_it_at_once(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_submit(fixture, "true");
    jobs_ask_submit(fixture, 2, NULL);
    jobs_await(fixture, "job.started");
    jobs_say(fixture, RECORDER,
             &(struct message){.topic = TOPIC_FAULT, .text = slice_of("disk full")});
    for (int i = 0; i < 100 && !fixture->done; i++)
        jobs_linger(fixture, 10);
    assert_true(fixture->done);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, jobs_setup, jobs_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_timeout_comes_when_it_was_recorded_to_come),
        TEST(a_timeout_that_was_told_is_not_told_again),
        TEST(messages_are_said_once_and_in_order),
        TEST(a_report_is_answered_when_its_outcome_is_recorded),
        TEST(a_report_of_a_message_read_before_is_said_again_with_its_id),
        TEST(a_report_makes_the_spool_be_read),
        TEST(a_report_of_no_job_is_refused_by_name),
        TEST(a_report_of_a_job_that_is_over_is_for_the_pool_to_judge),
        TEST(a_running_job_is_followed_by_the_next_scheduler),
        TEST(what_was_not_settled_is_said_again),
        TEST(a_job_that_ended_meanwhile_is_told_at_once),
        TEST(a_job_that_vanished_has_failed),
        TEST(a_submitted_job_without_a_trace_has_failed),
        TEST(a_preparing_job_is_launched_again),
        TEST(a_process_that_got_the_number_since_is_not_the_job),
        TEST(the_first_of_two_launches_is_followed),
        TEST(an_empty_claim_is_a_failed_submission),
        TEST(a_poll_looks_again),
        TEST(a_job_outlives_the_scheduler),
        TEST(a_shutdown_waits_for_what_is_settled_to_be_recorded),
        TEST(a_fault_ends_it_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

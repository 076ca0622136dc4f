/* Jobs from job.submit to their end, with real processes. */
#include "base/memory.h"
#include "coroutines/job_command.h"
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

/* --- launching --- */

static void a_job_is_not_launched_before_it_is_recorded(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_ask_submit(fixture, 1, NULL);
    jobs_linger(fixture, 100);
    assert_false(jobs_exists(fixture, "job"));
    assert_int_equal(fixture->heard.n, 0);
    jobs_say_recorded(fixture);
    jobs_await(fixture, "job.succeeded");
}

static void what_is_recorded_later_is_launched_later(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_ask_submit(fixture, 1, NULL);
    jobs_say_recorded(fixture);
    jobs_ask_submit(fixture, 2, NULL);
    jobs_await(fixture, "job.succeeded 1");
    jobs_linger(fixture, 100);
    assert_int_equal(jobs_count_heard(fixture, "job.submitted 2"), 0);
    jobs_say_recorded(fixture);
    jobs_await(fixture, "job.succeeded 2");
}

static void a_job_succeeds(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_submit(fixture, "true");
    jobs_await(fixture, "job.succeeded");
    jobs_expect_heard(fixture, "job.submitted 1\njob.started 1\njob.succeeded 1\n");
}

static void the_newest_job_is_linked(void **state)
{
    struct jobs_fixture *fixture = *state;
    char target[8] = "", *link = job_link_path(fixture->run_dir, "1", "a");
    jobs_submit(fixture, "true");
    jobs_ask_submit(fixture, 2, NULL);
    jobs_say_recorded(fixture);
    jobs_await(fixture, "job.succeeded");
    jobs_await(fixture, "job.succeeded");
    assert_int_equal(readlink(link, target, sizeof target - 1), 2);
    assert_string_equal(target, "02");
    free(link);
}

static void many_jobs_are_launched_in_turns(void **state)
{
    struct jobs_fixture *fixture = *state;
    enum { MANY = 30 };
    for (uint32_t i = 1; i <= MANY; i++)
        jobs_ask_submit(fixture, i, NULL);
    jobs_say_recorded(fixture);
    for (int i = 0; i < MANY; i++)
        jobs_await(fixture, "job.succeeded");
    assert_int_equal(jobs_count_heard(fixture, "job.started"), MANY);
}

static void a_job_asked_for_twice_runs_once(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_ask_submit(fixture, 1, NULL);
    jobs_submit(fixture, "true");
    jobs_await(fixture, "job.succeeded");
    jobs_linger(fixture, 50);
    assert_int_equal(jobs_count_heard(fixture, "job.submitted"), 1);
}

/* The recorder does not read: its queue fills up, and nothing is launched until it has. */
static void nothing_is_launched_while_a_listener_is_congested(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_linger(fixture, 10);
    bus_attach(fixture->bus, RECORDER, NULL);
    for (int i = 0; i < BUS_DEPTH_LIMIT; i++)
        jobs_say(fixture, TASK_POOL,
                 &(struct message){.topic = TOPIC_POOL_OUTCOME, .id = 1000000 + (uint64_t)i});
    jobs_submit(fixture, "true");
    jobs_linger(fixture, 500);
    assert_false(jobs_exists(fixture, "job"));
    bus_attach(fixture->bus, RECORDER, &fixture->recorder.co);
    jobs_await(fixture, "job.succeeded");
}

static void results_of_xtriggers_are_variables(void **state)
{
    struct jobs_fixture *fixture = *state;
    fixture->task->runtime.script = "echo \"$up_a|$up_n\"";
    jobs_ask_submit(fixture, 1, "{\"up_a\": \"it's $5\", \"up_n\": 7, \"not a name\": \"\"}");
    jobs_say_recorded(fixture);
    jobs_await(fixture, "job.succeeded");
    jobs_expect_in(fixture, "job.out", "it's $5|7\n");
}

static void the_runs_name_is_no_part_of_the_workflows_name(void **state)
{
    struct jobs_fixture *fixture = *state;
    char *flow = str_format("%s/flow", fixture->run_dir);
    char *run = str_format("%s/run1", flow), *installed = str_format("%s/_cylc-install", flow);
    assert_int_equal(mkdir(flow, 0777) | mkdir(run, 0777) | mkdir(installed, 0777), 0);
    fixture->context.run_dir = run;
    jobs_restart(fixture);
    jobs_submit(fixture, "echo \"$CYLC_WORKFLOW_ID $CYLC_WORKFLOW_NAME\" >\"$HOME/names\"");
    jobs_await(fixture, "job.succeeded");
    jobs_expect_in(fixture, "names", "flow/run1 flow\n");
    jobs_restart(fixture);
    fixture->context.run_dir = fixture->run_dir;
    free(flow);
    free(run);
    free(installed);
}

/* --- what goes wrong --- */

static void a_failing_job_says_why(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_submit(fixture, "false");
    jobs_await(fixture, "job.failed");
    jobs_expect_heard(fixture, "job.submitted 1\njob.started 1\njob.failed 1 ERR\n");
}

static void an_abort_says_why(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_submit(fixture, "cylc__job_abort 'tea is cold'");
    jobs_await(fixture, "job.failed 1 aborted/\"tea is cold\"");
}

static void a_job_killed_without_a_word_gives_the_signal(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_submit(fixture, "kill -9 $$");
    jobs_await(fixture, "job.failed 1 KILL");
}

static void a_syntax_error_is_a_failed_submission(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_submit(fixture, "if");
    jobs_await(fixture, "job.submit-failed 1 ended with status 2 before it began: ");
    assert_non_null(strstr(fixture->heard.at[0], "syntax error"));
    assert_int_equal(fixture->heard.n, 1);
}

static void an_unknown_platform_is_a_failed_submission(void **state)
{
    struct jobs_fixture *fixture = *state;
    fixture->task->runtime.platform = "hpc";
    jobs_submit(fixture, "true");
    jobs_await(fixture, "job.submit-failed 1 no platform matches \"hpc\"");
}

static void a_directory_that_cannot_be_made_is_a_failed_submission(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_put_file(fixture, "log/job/2", "a file", 0);
    fixture->task->runtime.script = "";
    jobs_say(fixture, TASK_POOL,
             &(struct message){.topic = TOPIC_JOB_SUBMIT, .point = 2, .submit = 1, .try_ = 1});
    jobs_say_recorded(fixture);
    jobs_await(fixture, "job.submit-failed 1 cannot make directory ");
}

static int refuse_spawn(struct env *env, struct env_process *process, struct co *co,
                        const struct env_spawn *options)
{
    (void)env;
    (void)process;
    (void)co;
    (void)options;
    return -EAGAIN;
}

static void a_process_that_cannot_be_started_is_a_failed_submission(void **state)
{
    struct jobs_fixture *fixture = *state;
    fixture->ops.spawn = refuse_spawn;
    jobs_submit(fixture, "true");
    jobs_await(fixture, "job.submit-failed 1 cannot start ");
    assert_non_null(strstr(fixture->heard.at[0], strerror(EAGAIN)));
}

static int refuse_write(struct env *env, const char *path, const void *bytes, size_t n,
                        unsigned flags)
{
    (void)env;
    (void)path;
    (void)bytes;
    (void)n;
    (void)flags;
    return -ENOSPC;
}

static void a_full_disk_is_a_failed_submission(void **state)
{
    struct jobs_fixture *fixture = *state;
    fixture->ops.file_write = refuse_write;
    jobs_submit(fixture, "true");
    jobs_await(fixture, "job.submit-failed 1 cannot write ");
}

static int refuse_link(struct env *env, const char *target, const char *path)
{
    (void)env;
    (void)target;
    (void)path;
    return -EPERM;
}

static void a_link_that_cannot_be_made_is_a_failed_submission(void **state)
{
    struct jobs_fixture *fixture = *state;
    fixture->ops.link_make = refuse_link;
    jobs_submit(fixture, "true");
    jobs_await(fixture, "job.submit-failed 1 cannot link ");
}

static void without_watches_the_file_is_looked_at(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_real_ops = fixture->ops;
    fixture->ops.watch_start = jobs_refuse_watch;
    jobs_submit(fixture, "sleep 60");
    fixture->ops.timer_start = jobs_hurried_timer;
    jobs_linger(fixture, 1000 * JOBS_HURRY / 4);
    fixture->ops.timer_start = jobs_real_ops.timer_start;
    jobs_await(fixture, "job.started");
    jobs_ask(fixture, TOPIC_JOB_KILL);
    jobs_await(fixture, "job.failed");
}

/* --- platforms --- */

static void a_platform_may_be_what_a_command_prints(void **state)
{
    struct jobs_fixture *fixture = *state;
    fixture->task->runtime.platform = "$(echo warning: slow >&2; echo localhost)";
    jobs_submit(fixture, "true");
    jobs_await(fixture, "job.succeeded");
    assert_false(jobs_exists(fixture, ".platform"));
}

static void a_platform_command_that_fails_is_a_failed_submission(void **state)
{
    struct jobs_fixture *fixture = *state;
    fixture->task->runtime.platform = "$(echo no licence; false)";
    jobs_submit(fixture, "true");
    jobs_await(
        fixture,
        "job.submit-failed 1 platform = $(echo no licence; false): /bin/bash ended with status 1");
    fixture->task->runtime.platform = "$NO_SUCH_VARIABLE";
    jobs_ask_submit(fixture, 2, NULL);
    jobs_say_recorded(fixture);
    jobs_await(fixture, "job.submit-failed 2 platform = $NO_SUCH_VARIABLE: it is empty");
}

static void a_platform_command_that_hangs_is_ended(void **state)
{
    struct jobs_fixture *fixture = *state;
    fixture->task->runtime.platform = "$(sleep 100)";
    fixture->workflow->process_pool_timeout = 0.2;
    jobs_submit(fixture, "true");
    jobs_await(fixture,
               "job.submit-failed 1 platform = $(sleep 100): /bin/bash did not end within 0.2 s");
}

enum { PROCESS_POOL_SIZE = 4 }; /* global.cylc's default */

static void commands_wait_for_a_place(void **state)
{
    struct jobs_fixture *fixture = *state;
    enum { MANY = 3 * PROCESS_POOL_SIZE };
    fixture->task->runtime.platform = "$(sleep 0.05; echo localhost)";
    for (uint32_t i = 1; i <= MANY; i++)
        jobs_ask_submit(fixture, i, NULL);
    jobs_say_recorded(fixture);
    for (int i = 0; i < MANY; i++)
        jobs_await(fixture, "job.succeeded");
}

static void a_scheduler_that_stops_starts_no_command_that_waits(void **state)
{
    struct jobs_fixture *fixture = *state;
    enum { MANY = 2 * PROCESS_POOL_SIZE };
    char *platform =
        str_format("$(echo x >>%s/begun; sleep 0.3; echo localhost)", fixture->run_dir);
    fixture->task->runtime.platform = platform;
    for (uint32_t i = 1; i <= MANY; i++)
        jobs_ask_submit(fixture, i, NULL);
    jobs_say_recorded(fixture);
    jobs_linger(fixture, 150);
    jobs_restart(fixture);
    jobs_linger(fixture, 600);
    char *path = str_format("%s/begun", fixture->run_dir);
    struct text lines = {0};
    fixture->ops.file_read(fixture->env, path, 0, &lines);
    assert_int_equal(lines.n, 2 * PROCESS_POOL_SIZE);
    jobs_expect_heard(fixture, "");
    text_release(&lines);
    free(path);
    fixture->task->runtime.platform = "";
    free(platform);
}

/* --- timeouts and polls --- */

static void a_timeout_is_told_once_and_ends_nothing(void **state)
{
    struct jobs_fixture *fixture = *state;
    fixture->task->runtime.execution_timeout = 0.1;
    jobs_submit(fixture, "sleep 0.5");
    jobs_await(fixture, "job.timeout 1 execution timeout");
    jobs_await(fixture, "job.succeeded");
    assert_int_equal(jobs_count_heard(fixture, "job.timeout"), 1);
}

static void a_poll_at_intervals_finds_what_no_watch_tells(void **state)
{
    struct jobs_fixture *fixture = *state;
    static const double intervals[] = {0.05};
    fixture->ops.watch_start = jobs_refuse_watch;
    fixture->task->runtime.submission_polling = (struct delays){intervals, 1};
    jobs_submit(fixture, "sleep 60");
    jobs_linger(fixture, 500);
    jobs_ask(fixture, TOPIC_JOB_POLL);
    jobs_await(fixture, "job.started");
    jobs_ask(fixture, TOPIC_JOB_KILL);
    jobs_await(fixture, "job.failed");
}

/* --- killing --- */

static void a_killed_job_fails_without_a_signal(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_submit(fixture, "sleep 60");
    jobs_await(fixture, "job.started");
    jobs_ask(fixture, TOPIC_JOB_KILL);
    jobs_await(fixture, "job.failed");
    assert_string_equal(*vec_last(&fixture->heard), "job.failed 1");
    jobs_expect_in(fixture, "job.status", "CYLC_JOB_EXIT=TERM\n");
}

static void a_kill_waits_until_it_is_recorded(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_submit(fixture, "sleep 60");
    jobs_await(fixture, "job.started");
    jobs_say(fixture, TASK_POOL,
             &(struct message){.topic = TOPIC_JOB_KILL, .point = 1, .submit = 1});
    jobs_linger(fixture, 200);
    assert_int_equal(jobs_count_heard(fixture, "job.failed"), 0);
    jobs_say_recorded(fixture);
    jobs_await(fixture, "job.failed");
}

static void a_job_killed_before_its_launch_is_not_launched(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_ask_submit(fixture, 1, NULL);
    jobs_ask(fixture, TOPIC_JOB_KILL);
    jobs_say_recorded(fixture);
    jobs_await(fixture, "job.submit-failed 1 killed before it was launched");
    assert_false(jobs_exists(fixture, "job"));
}

static void a_job_that_ignores_the_signal_is_killed_for_good(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_real_ops = fixture->ops;
    fixture->task->runtime.err_script = "touch $CYLC_WORKFLOW_RUN_DIR/stubborn; sleep 60";
    jobs_submit(fixture, "sleep 60");
    jobs_await(fixture, "job.started");
    fixture->ops.timer_start = jobs_hurried_timer;
    jobs_ask(fixture, TOPIC_JOB_KILL);
    jobs_linger(fixture, 100 * JOBS_HURRY);
    fixture->ops.timer_start = jobs_real_ops.timer_start;
    jobs_await(fixture, "job.failed");
    jobs_expect_in(fixture, "job.status", "CYLC_JOB_EXIT=TERM\n");
}

/* A zombie has no command line. */
static bool is_alive(struct jobs_fixture *fixture, pid_t pid)
{
    char *path = str_format("/proc/%d/cmdline", (int)pid);
    struct text line = {0};
    bool alive = fixture->ops.file_read(fixture->env, path, 0, &line) == 0 && line.n;
    text_release(&line);
    free(path);
    return alive;
}

static void what_is_left_of_a_killed_job_is_killed_too(void **state)
{
    struct jobs_fixture *fixture = *state;
    jobs_real_ops = fixture->ops;
    jobs_submit(fixture,
                "(trap '' TERM; echo $BASHPID >$CYLC_WORKFLOW_RUN_DIR/left; exec sleep 60) &"
                "wait");
    jobs_await(fixture, "job.started");
    for (int i = 0; i < 1000 && !jobs_exists(fixture, "left"); i++)
        jobs_linger(fixture, 10);
    jobs_linger(fixture, 20);
    char *left = jobs_contents(fixture, "left");
    pid_t pid = (pid_t)strtol(left, NULL, 10);
    free(left);
    fixture->ops.timer_start = jobs_hurried_timer;
    jobs_ask(fixture, TOPIC_JOB_KILL);
    jobs_linger(fixture, 50 * JOBS_HURRY);
    assert_int_equal(jobs_count_heard(fixture, "job.failed"), 1);
    assert_true(is_alive(fixture, pid));
    jobs_linger(fixture, 300 * JOBS_HURRY);
    fixture->ops.timer_start = jobs_real_ops.timer_start;
    assert_false(is_alive(fixture, pid));
}

static void the_time_limit_kills(void **state)
{
    struct jobs_fixture *fixture = *state;
    fixture->task->runtime.execution_time_limit = 1;
    jobs_submit(fixture, "sleep 60");
    jobs_await(fixture, "job.failed 1 XCPU");
}

/* --- simulation mode --- */

static void a_simulated_job_is_only_time(void **state)
{
    struct jobs_fixture *fixture = *state;
    fixture->context.mode = RUN_SIMULATION;
    fixture->task->runtime.simulation_run_length = 0.05;
    jobs_submit(fixture, "false");
    jobs_await(fixture, "job.succeeded");
    jobs_expect_heard(fixture, "job.submitted 1\njob.started 1\n"
                               "job.message 1 INFO id 0 at -1 x-msg\njob.succeeded 1\n");
    assert_false(jobs_exists(fixture, "job"));
}

static void a_simulated_job_fails_once_if_it_shall(void **state)
{
    struct jobs_fixture *fixture = *state;
    fixture->context.mode = RUN_SIMULATION;
    fixture->task->runtime.simulated_failures.everywhere = true;
    jobs_submit(fixture, "");
    jobs_await(fixture, "job.failed 1");
    jobs_ask_submit(fixture, 2, NULL);
    jobs_say_recorded(fixture);
    jobs_await(fixture, "job.succeeded 2");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, jobs_setup, jobs_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_job_is_not_launched_before_it_is_recorded),
        TEST(what_is_recorded_later_is_launched_later),
        TEST(a_job_succeeds),
        TEST(the_newest_job_is_linked),
        TEST(many_jobs_are_launched_in_turns),
        TEST(a_job_asked_for_twice_runs_once),
        TEST(nothing_is_launched_while_a_listener_is_congested),
        TEST(results_of_xtriggers_are_variables),
        TEST(the_runs_name_is_no_part_of_the_workflows_name),
        TEST(a_failing_job_says_why),
        TEST(an_abort_says_why),
        TEST(a_job_killed_without_a_word_gives_the_signal),
        TEST(a_syntax_error_is_a_failed_submission),
        TEST(an_unknown_platform_is_a_failed_submission),
        TEST(a_directory_that_cannot_be_made_is_a_failed_submission),
        TEST(a_process_that_cannot_be_started_is_a_failed_submission),
        TEST(a_full_disk_is_a_failed_submission),
        TEST(a_link_that_cannot_be_made_is_a_failed_submission),
        TEST(without_watches_the_file_is_looked_at),
        TEST(a_killed_job_fails_without_a_signal),
        TEST(a_platform_may_be_what_a_command_prints),
        TEST(a_platform_command_that_fails_is_a_failed_submission),
        TEST(a_platform_command_that_hangs_is_ended),
        TEST(commands_wait_for_a_place),
        TEST(a_scheduler_that_stops_starts_no_command_that_waits),
        TEST(a_timeout_is_told_once_and_ends_nothing),
        TEST(a_poll_at_intervals_finds_what_no_watch_tells),
        TEST(a_kill_waits_until_it_is_recorded),
        TEST(a_job_killed_before_its_launch_is_not_launched),
        TEST(a_job_that_ignores_the_signal_is_killed_for_good),
        TEST(what_is_left_of_a_killed_job_is_killed_too),
        TEST(the_time_limit_kills),
        TEST(a_simulated_job_is_only_time),
        TEST(a_simulated_job_fails_once_if_it_shall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

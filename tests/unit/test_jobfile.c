/* Job files: what is in them, and what bash makes of them. */
#include "base/memory.h"
#include "scheduler/job/environment.h"
#include "scheduler/job/jobfile.h"
#include "scheduler/job/paths.h"
#include "scheduler/job/runner.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUSE_TOUCHES_THE_WORLD
#include "base/banned.h"

enum { JOB_SECONDS = 30 };

struct fixture {
    char run_dir[64];
    char *job_dir, *job;
    struct task_def task;
    struct platform platform;
    struct jobfile_options options;
};

static const char *const ancestors[] = {"t", "FAM", "root"};

static void run_command(const char *what, const char *path)
{
    char *command = str_format("%s %s", what, path);
    assert_int_equal(system(command), 0);
    free(command);
}

static int setup(void **state)
{
    struct fixture *fixture = NEW(struct fixture);
    snprintf(fixture->run_dir, sizeof fixture->run_dir, "/tmp/rouse-job-XXXXXX");
    assert_non_null(mkdtemp(fixture->run_dir));
    fixture->job_dir = job_path(fixture->run_dir, "1", "t", 1, NULL);
    fixture->job = job_path(fixture->run_dir, "1", "t", 1, "job");
    run_command("mkdir -p", fixture->job_dir);
    fixture->task = (struct task_def){.name = "t", .ancestors = ancestors, .n_ancestors = 3};
    fixture->platform = (struct platform){.name = "localhost",
                                          .shell = "/bin/bash",
                                          .cylc_path = "",
                                          .global_init_script = "",
                                          .job_runner_command_template = "",
                                          .use_login_shell = true};
    fixture->options = (struct jobfile_options){.task = &fixture->task,
                                                .point = "1",
                                                .submit = 1,
                                                .try_ = 1,
                                                .flows = "1,2",
                                                .workflow_id = "a/flow/run1",
                                                .workflow_name = "a/flow",
                                                .run_dir = fixture->run_dir,
                                                .initial = "1",
                                                .final = "None",
                                                .cycling_mode = "integer",
                                                .owner = "owner",
                                                .host = "host",
                                                .uuid = "uuid",
                                                .runner = "background",
                                                .platform = &fixture->platform};
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    run_command("rm -rf", fixture->run_dir);
    free(fixture->job_dir);
    free(fixture->job);
    free(fixture);
    return 0;
}

static char *text_of(struct fixture *fixture)
{
    struct text text = {0};
    jobfile_write(&fixture->options, &text);
    return text_take(&text);
}

/* --- running one --- */

static void write_job(struct fixture *fixture)
{
    char *text = text_of(fixture);
    int fd = open(fixture->job, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    free(text);
}

static pid_t start_job(struct fixture *fixture)
{
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid)
        return pid;
    int nothing = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++)
        dup2(nothing, fd);
    setsid();
    alarm(JOB_SECONDS);
    setenv("HOME", fixture->run_dir, 1);
    execl(fixture->job, fixture->job, (char *)NULL);
    _exit(127);
}

/* Exit status, or minus the signal. */
static int end_of(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int run_job(struct fixture *fixture)
{
    write_job(fixture);
    return end_of(start_job(fixture));
}

/* Contents, "" if it is not there. */
static char *contents(const struct fixture *fixture, const char *name)
{
    char *path = str_format("%s/%s", name[0] == 'j' ? fixture->job_dir : fixture->run_dir, name);
    struct text text = {0};
    FILE *file = fopen(path, "re");
    free(path);
    for (int c; file && (c = getc(file)) != EOF;)
        text_add_char(&text, (char)c);
    if (file)
        fclose(file);
    char *all = str_copy(text_string(&text));
    text_release(&text);
    return all;
}

static void expect_in(struct fixture *fixture, const char *name, const char *part)
{
    char *all = contents(fixture, name);
    if (!strstr(all, part))
        fail_msg("\"%s\" is not in %s:\n%s", part, name, all);
    free(all);
}

static void expect_not_in(struct fixture *fixture, const char *name, const char *part)
{
    char *all = contents(fixture, name);
    if (strstr(all, part))
        fail_msg("\"%s\" is in %s:\n%s", part, name, all);
    free(all);
}

static void unlink_status(const struct fixture *fixture)
{
    char *path = str_format("%s/job.status", fixture->job_dir);
    unlink(path);
    free(path);
}

static void wait_for(struct fixture *fixture, const char *name, const char *part)
{
    for (int i = 0; i < JOB_SECONDS * 1000; i++) {
        char *all = contents(fixture, name);
        bool found = strstr(all, part);
        free(all);
        if (found)
            return;
        usleep(1000);
    }
    fail_msg("no \"%s\" in %s", part, name);
}

static int count(const char *all, const char *part)
{
    int n = 0;
    for (const char *at = all; (at = strstr(at, part)); at += strlen(part))
        n++;
    return n;
}

/* --- the text --- */

static void the_environment_keeps_its_order_and_form(void **state)
{
    struct fixture *fixture = *state;
    static const struct key_value environment[] = {{"Z", "1"}, {"A", "$Z"}, {"M", "$((A + 1))"}};
    fixture->task.runtime.environment = environment;
    fixture->task.runtime.n_environment = 3;
    char *text = text_of(fixture);
    assert_non_null(strstr(text, "\ncylc__job__inst__user_env() {\n"
                                 "    # TASK RUNTIME ENVIRONMENT:\n"
                                 "    export Z A M\n"
                                 "    Z=\"1\"\n"
                                 "    A=\"$Z\"\n"
                                 "    M=\"$((A + 1))\"\n"
                                 "}\n"));
    free(text);
}

static void a_task_is_told_its_parameters(void **state)
{
    struct fixture *fixture = *state;
    static const struct key_value environment[] = {{"A", "%(m)03d-%(w)s"}, {"B", "100% of $A"}};
    static const struct key_value parameters[] = {{"m", "7"}, {"w", "cat"}};
    fixture->task.runtime.environment = environment;
    fixture->task.runtime.n_environment = 2;
    fixture->task.parameters = parameters;
    fixture->task.n_parameters = 2;
    struct text text = {0};
    jobfile_write(&fixture->options, &text);
    assert_non_null(strstr(text_string(&text), "    export CYLC_TASK_PARAM_m=\"7\"\n"
                                               "    export CYLC_TASK_PARAM_w=\"cat\"\n"));
    assert_non_null(strstr(text_string(&text), "    A=\"007-cat\"\n    B=\"100% of $A\"\n"));
    text_release(&text);
}

static void the_header_is_cylcs(void **state)
{
    struct fixture *fixture = *state;
    char *text = text_of(fixture);
    assert_int_equal(
        strncmp(text, "#!/bin/bash -l\n#\n# ++++ THIS IS A CYLC JOB SCRIPT ++++\n", 55), 0);
    free(text);
}

static void values_are_quoted_as_cylc_does(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"test", "\"test\""},
        {"~", "~"},
        {"~a", "~a"},
        {"~/a", "~/\"a\""},
        {"~foo/bar bar", "~foo/\"bar bar\""},
        {"~one ~two", "\"~one ~two\""},
        {"", "\"\""},
        {"$(echo \"a  b\")", "\"$(echo \"a  b\")\""},
        {"~/", "~/\"\""},
        {"a ~/b", "\"a ~/b\""},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct text text = {0};
        environment_add_value(&text, pairs[i][0]);
        assert_string_equal(text_string(&text), pairs[i][1]);
        text_release(&text);
    }
}

static void what_is_literal_stays_literal(void **state)
{
    (void)state;
    struct text text = {0};
    environment_add_literal(&text, "a \"b\" $c `d` \\e");
    assert_string_equal(text_string(&text), "\"a \\\"b\\\" \\$c \\`d\\` \\\\e\"");
    text_release(&text);
}

/* --- success --- */

static void a_job_says_what_it_is_and_how_it_went(void **state)
{
    struct fixture *fixture = *state;
    fixture->task.runtime.script = "echo to-out; echo to-err >&2";
    assert_int_equal(run_job(fixture), 0);
    char *out = contents(fixture, "job.out");
    char *head = str_format("Workflow : a/flow/run1\nJob : 1/t/01 (try 1)\nUser@Host: ");
    assert_int_equal(strncmp(out, head, strlen(head)), 0);
    assert_non_null(strstr(out, " INFO - started\nto-out\n"));
    assert_non_null(strstr(out, " INFO - succeeded\n"));
    free(head);
    free(out);
    char *err = contents(fixture, "job.err");
    assert_string_equal(err, "to-err\n");
    free(err);
}

static void the_status_file_has_its_lines_in_order(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(run_job(fixture), 0);
    char *status = contents(fixture, "job.status");
    static const char *const keys[] = {"CYLC_JOB_RUNNER_NAME=background\n",
                                       "CYLC_JOB_ID=",
                                       "CYLC_JOB_RUNNER_SUBMIT_TIME=",
                                       "CYLC_JOB_PID=",
                                       "CYLC_JOB_INIT_TIME=",
                                       "CYLC_JOB_EXIT=SUCCEEDED\n",
                                       "CYLC_JOB_EXIT_TIME="};
    const char *at = status;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        assert_int_equal(strncmp(at, keys[i], strlen(keys[i])), 0);
        at = strchr(at, '\n') + 1;
    }
    assert_string_equal(at, "");
    free(status);
}

static void the_scripts_run_in_cylcs_order(void **state)
{
    struct fixture *fixture = *state;
    static const struct key_value environment[] = {{"FROM_ENV", "from-env-${ENVS:-unset}"}};
    fixture->task.runtime = (struct runtime){
        .init_script =
            "L=$CYLC_WORKFLOW_RUN_DIR/log.txt; echo \"init ${FROM_ENV:-no-env}\" >>\"$L\"",
        .env_script = "echo \"env ${FROM_ENV:-no-env} ${CYLC_TASK_ID}\" >>\"$L\"; ENVS=1",
        .environment = environment,
        .n_environment = 1,
        .pre_script = "echo \"pre $FROM_ENV ${PWD##*/work/}\" >>\"$L\"",
        .script = "echo \"script $ENVS\" >>\"$L\"",
        .post_script = "echo post >>\"$L\"",
        .exit_script = "echo exit >>\"$L\"",
        .err_script = "echo \"err $1\" >>\"$L\""};
    assert_int_equal(run_job(fixture), 0);
    char *log = contents(fixture, "log.txt");
    assert_string_equal(log,
                        "init no-env\nenv no-env 1/t\npre from-env-1 1/t\nscript 1\npost\nexit\n");
    free(log);
}

static void exit_0_in_a_script_is_success(void **state)
{
    struct fixture *fixture = *state;
    fixture->task.runtime = (struct runtime){.pre_script = "exit 0",
                                             .script = "echo script >>../../../log.txt",
                                             .exit_script = "echo exit >>../../../log.txt"};
    assert_int_equal(run_job(fixture), 0);
    char *log = contents(fixture, "log.txt");
    assert_string_equal(log, "exit\n");
    free(log);
    expect_in(fixture, "job.status", "CYLC_JOB_EXIT=SUCCEEDED\n");
}

static void a_script_of_comments_is_success(void **state)
{
    struct fixture *fixture = *state;
    fixture->task.runtime.script = "   # nothing\n";
    assert_int_equal(run_job(fixture), 0);
}

static void a_script_may_trap_and_exec(void **state)
{
    struct fixture *fixture = *state;
    fixture->task.runtime.script = "trap 'echo mine' EXIT; exec bash -c 'echo replaced'";
    assert_int_equal(run_job(fixture), 0);
    expect_in(fixture, "job.out", "replaced\n");
    expect_in(fixture, "job.status", "CYLC_JOB_EXIT=SUCCEEDED\n");
}

static void a_failing_exit_script_does_not_spoil_success(void **state)
{
    struct fixture *fixture = *state;
    fixture->task.runtime.exit_script = "exit 3";
    assert_int_equal(run_job(fixture), 0);
    expect_in(fixture, "job.status", "CYLC_JOB_EXIT=SUCCEEDED\nCYLC_JOB_EXIT_TIME=");
}

static void the_environment_is_expanded_by_the_job(void **state)
{
    struct fixture *fixture = *state;
    static const struct key_value environment[] = {{"A", "one  two"},
                                                   {"B", "$A|$(echo three)"},
                                                   {"C", "~/x y"},
                                                   {"D", "$up_x-d"},
                                                   {"E", "it's"}};
    static const struct key_value results[] = {{"up_x", "$HOME `false` \"q\""}};
    fixture->options.results = results;
    fixture->options.n_results = 1;
    fixture->task.runtime.environment = environment;
    fixture->task.runtime.n_environment = 5;
    fixture->task.runtime.script = "env | grep -E '^([A-E]|up_x)=' | sort";
    assert_int_equal(run_job(fixture), 0);
    expect_in(fixture, "job.out", "A=one  two\nB=one  two|three\nC=/tmp/rouse-job-");
    expect_in(fixture, "job.out",
              "/x y\nD=$HOME `false` \"q\"-d\nE=it's\nup_x=$HOME `false` \"q\"\n");
}

static void the_cylc_variables_are_there(void **state)
{
    struct fixture *fixture = *state;
    fixture->options.utc = true;
    fixture->options.cycling_mode = "gregorian";
    fixture->task.runtime.script = "env | grep -E '^(CYLC_|TZ|ISO)' | sort";
    assert_int_equal(run_job(fixture), 0);
    static const char *const lines[] = {"\nCYLC_CYCLING_MODE=gregorian\n",
                                        "\nCYLC_TASK_FLOW_NUMBERS=1,2\n",
                                        "\nCYLC_TASK_ID=1/t\n",
                                        "\nCYLC_TASK_JOB=1/t/01\n",
                                        "\nCYLC_TASK_NAMESPACE_HIERARCHY=root FAM t\n",
                                        "\nCYLC_UTC=True\n",
                                        "\nCYLC_WORKFLOW_FINAL_CYCLE_POINT=None\n",
                                        "\nCYLC_WORKFLOW_NAME=a/flow\n",
                                        "\nCYLC_WORKFLOW_NAME_BASE=flow\n",
                                        "\nISODATETIMECALENDAR=gregorian\n",
                                        "\nISODATETIMEREF=1\n",
                                        "\nTZ=UTC\n"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        expect_in(fixture, "job.out", lines[i]);
    char *out = contents(fixture, "job.out");
    assert_int_equal(count(out, "\nCYLC_"), 45); /* as many as Cylc 8.4.4 sets */
    free(out);
}

static void the_work_directory_is_made_where_it_is_asked_for(void **state)
{
    struct fixture *fixture = *state;
    fixture->task.runtime.work_sub_directory = "shared/$CYLC_TASK_CYCLE_POINT";
    fixture->task.runtime.script = "touch here";
    assert_int_equal(run_job(fixture), 0);
    char *path = str_format("%s/work/shared/1/here", fixture->run_dir);
    assert_int_equal(access(path, F_OK), 0);
    free(path);
}

static void cylc_is_found_behind_the_users_path(void **state)
{
    struct fixture *fixture = *state;
    fixture->options.program_dir = "/opt/rouse here/bin";
    fixture->task.runtime.script = "type -P cylc || echo \"PATH=$PATH\"";
    assert_int_equal(run_job(fixture), 0);
    char *out = contents(fixture, "job.out");
    if (!strstr(out, "/cylc\n"))
        expect_in(fixture, "job.out", ":/opt/rouse here/bin\n");
    free(out);
    expect_in(fixture, "job", "CYLC_WORKFLOW_RUN_DIR}/bin");
}

/* --- failure --- */

static void a_failing_command_fails_the_job(void **state)
{
    struct fixture *fixture = *state;
    fixture->task.runtime.script = "false\necho not here";
    assert_int_equal(run_job(fixture), 1);
    expect_in(fixture, "job.status", "CYLC_JOB_EXIT=ERR\nCYLC_JOB_EXIT_TIME=");
    expect_in(fixture, "job.err", " CRITICAL - failed/ERR\n");
    expect_not_in(fixture, "job.out", "not here");
}

static void every_kind_of_error_is_ERR(void **state)
{
    struct fixture *fixture = *state;
    static const char *const scripts[] = {"exit 5", "echo \"$NO_SUCH_VARIABLE\"", "false | true",
                                          "cd /no/such/place", "bash -c 'kill -9 $$'"};
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        fixture->task.runtime.script = scripts[i];
        assert_int_equal(run_job(fixture), 1);
        expect_in(fixture, "job.status", "\nCYLC_JOB_EXIT=ERR\n");
        unlink_status(fixture);
    }
}

static void an_error_in_the_environment_fails_the_job(void **state)
{
    struct fixture *fixture = *state;
    static const struct key_value environment[] = {{"A", "$(no-such-command-at-all)"}};
    fixture->task.runtime.environment = environment;
    fixture->task.runtime.n_environment = 1;
    fixture->task.runtime.script = "echo not here";
    assert_int_equal(run_job(fixture), 1);
    expect_not_in(fixture, "job.out", "not here");
}

static void the_error_script_is_told_why(void **state)
{
    struct fixture *fixture = *state;
    fixture->task.runtime = (struct runtime){
        .script = "false",
        .err_script = "echo \"err script: $1\"; false; exit 9",
        .exit_script = "echo not here",
    };
    assert_int_equal(run_job(fixture), 1);
    expect_in(fixture, "job.err", "err script: ERR\n");
    expect_not_in(fixture, "job.out", "not here");
    expect_in(fixture, "job.status", "CYLC_JOB_EXIT=ERR\nCYLC_JOB_EXIT_TIME=");
}

static void an_abort_gives_its_reason(void **state)
{
    struct fixture *fixture = *state;
    fixture->task.runtime.script = "cylc__job_abort 'tea is cold'";
    assert_int_equal(run_job(fixture), 1);
    expect_in(fixture, "job.status", "CYLC_JOB_EXIT=aborted/\"tea is cold\"\nCYLC_JOB_EXIT_TIME=");
    expect_in(fixture, "job.err", " CRITICAL - aborted/\"tea is cold\"\n");
    char *status = contents(fixture, "job.status");
    assert_int_equal(count(status, "CYLC_JOB_EXIT="), 1);
    free(status);
}

static void exit_0_before_the_scripts_is_no_success(void **state)
{
    struct fixture *fixture = *state;
    fixture->task.runtime.init_script = "exit 0";
    assert_int_equal(run_job(fixture), 1);
    expect_in(fixture, "job.status", "CYLC_JOB_EXIT=EXIT\n");
}

static void signalled(struct fixture *fixture, int signal, bool group, const char *line)
{
    fixture->task.runtime.script = "echo running; sleep 60";
    write_job(fixture);
    pid_t pid = start_job(fixture);
    wait_for(fixture, "job.out", "running");
    kill(group ? -pid : pid, signal);
    assert_int_equal(end_of(pid), 1);
    kill(-pid, SIGKILL); /* what is left of it, where the leader alone was signalled */
    expect_in(fixture, "job.status", line);
}

static void a_signal_to_the_group_is_named(void **state)
{
    signalled(*state, SIGTERM, true, "CYLC_JOB_EXIT=TERM\n");
}

static void a_signal_to_the_leader_is_handled_at_once(void **state)
{
    signalled(*state, SIGXCPU, false, "CYLC_JOB_EXIT=XCPU\n");
}

static void wait_until_gone(pid_t pid)
{
    for (int i = 0; kill(pid, 0) == 0; i++) {
        if (i == JOB_SECONDS * 1000)
            fail_msg("process %d is still there", (int)pid);
        usleep(1000);
    }
}

/* From the claim on, wherever the signal meets it: also where the subshell was just forked. */
static void a_signal_at_any_time_is_told_once(void **state)
{
    struct fixture *fixture = *state;
    enum { TIMES = 60, STEP = 60 };
    fixture->task.runtime.script = "sleep 60";
    write_job(fixture);
    for (unsigned i = 0; i < TIMES; i++) {
        pid_t pid = start_job(fixture);
        wait_for(fixture, "job.status", "CYLC_JOB_PID=");
        usleep(i * STEP);
        kill(-pid, SIGTERM);
        assert_int_equal(end_of(pid), 1);
        wait_until_gone(-pid); /* nobody has missed it between fork and exec */
        char *status = contents(fixture, "job.status");
        assert_non_null(strstr(status, "\nCYLC_JOB_EXIT=TERM\n"));
        assert_int_equal(count(status, "CYLC_JOB_EXIT"), 2);
        free(status);
        unlink_status(fixture);
    }
}

/* Signals go to a group: one in a group of its own, and one that ignores it, are met all the same.
 */
static void nothing_of_its_session_outlives_a_signalled_job(void **state)
{
    static const char *const scripts[] = {"set -m; sleep 60 & set +m; echo $! one; wait",
                                          "(trap '' TERM; exec sleep 60) & echo $! two; wait"};
    static const char *const words[] = {" one\n", " two\n"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < 2; i++) {
        fixture->task.runtime.script = scripts[i];
        write_job(fixture);
        pid_t pid = start_job(fixture);
        wait_for(fixture, "job.out", words[i]);
        char *out = contents(fixture, "job.out");
        char *line = strstr(out, words[i]);
        while (line > out && line[-1] != '\n')
            line--;
        pid_t child = (pid_t)strtol(line, NULL, 10);
        free(out);
        assert_int_equal(kill(child, 0), 0);
        kill(-pid, SIGTERM);
        assert_int_equal(end_of(pid), 1);
        wait_until_gone(child);
        expect_in(fixture, "job.status", "CYLC_JOB_EXIT=TERM\n");
        unlink_status(fixture);
    }
}

static void a_killed_job_says_nothing(void **state)
{
    struct fixture *fixture = *state;
    fixture->task.runtime.script = "kill -9 $$";
    assert_int_equal(run_job(fixture), -SIGKILL);
    expect_not_in(fixture, "job.status", "CYLC_JOB_EXIT");
}

static void a_syntax_error_ends_it_before_it_begins(void **state)
{
    struct fixture *fixture = *state;
    fixture->task.runtime.init_script = "touch $CYLC_WORKFLOW_RUN_DIR/touched";
    fixture->task.runtime.script = "if";
    assert_int_not_equal(run_job(fixture), 0);
    char *status = str_format("%s/job.status", fixture->job_dir);
    assert_int_not_equal(access(status, F_OK), 0);
    free(status);
}

/* --- the claim --- */

static void a_second_launch_leaves_no_trace(void **state)
{
    struct fixture *fixture = *state;
    fixture->task.runtime.script = "echo ran >>$CYLC_WORKFLOW_RUN_DIR/log.txt";
    assert_int_equal(run_job(fixture), 0);
    char *status = contents(fixture, "job.status"), *out = contents(fixture, "job.out");
    assert_int_equal(end_of(start_job(fixture)), 0);
    char *status_after = contents(fixture, "job.status"), *out_after = contents(fixture, "job.out");
    assert_string_equal(status, status_after);
    assert_string_equal(out, out_after);
    expect_in(fixture, "log.txt", "ran\n");
    expect_not_in(fixture, "log.txt", "ran\nran\n");
    free(status);
    free(status_after);
    free(out);
    free(out_after);
}

static void of_many_launches_one_runs(void **state)
{
    struct fixture *fixture = *state;
    enum { LAUNCHES = 8 };
    pid_t pids[LAUNCHES];
    fixture->task.runtime.script = "echo ran >>$CYLC_WORKFLOW_RUN_DIR/log.txt";
    write_job(fixture);
    for (int i = 0; i < LAUNCHES; i++)
        pids[i] = start_job(fixture);
    for (int i = 0; i < LAUNCHES; i++)
        assert_int_equal(end_of(pids[i]), 0);
    char *log = contents(fixture, "log.txt");
    assert_string_equal(log, "ran\n");
    free(log);
}

static void a_job_without_scripts_starts_no_process(void **state)
{
    struct fixture *fixture = *state;
    char *profile = str_format("%s/.bash_profile", fixture->run_dir);
    FILE *file = fopen(profile, "we");
    assert_non_null(file);
    /* Every command of the job file, wherever it is run. */
    fputs("trap 'echo \"$BASH_COMMAND\" >>\"$HOME/commands\"' DEBUG\nset -T\n", file);
    fclose(file);
    free(profile);
    char *work = job_work_path(fixture->run_dir, "1", "t");
    run_command("mkdir -p", work);
    free(work);
    assert_int_equal(run_job(fixture), 0);
    expect_in(fixture, "commands", "cylc__job__claim");
    expect_not_in(fixture, "commands", "mkdir");
    expect_not_in(fixture, "commands", "cylc__job__run_parts");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_environment_keeps_its_order_and_form),
        TEST(a_task_is_told_its_parameters),
        TEST(the_header_is_cylcs),
        TEST(values_are_quoted_as_cylc_does),
        TEST(what_is_literal_stays_literal),
        TEST(a_job_says_what_it_is_and_how_it_went),
        TEST(the_status_file_has_its_lines_in_order),
        TEST(the_scripts_run_in_cylcs_order),
        TEST(exit_0_in_a_script_is_success),
        TEST(a_script_of_comments_is_success),
        TEST(a_script_may_trap_and_exec),
        TEST(a_failing_exit_script_does_not_spoil_success),
        TEST(the_environment_is_expanded_by_the_job),
        TEST(the_cylc_variables_are_there),
        TEST(the_work_directory_is_made_where_it_is_asked_for),
        TEST(cylc_is_found_behind_the_users_path),
        TEST(a_failing_command_fails_the_job),
        TEST(every_kind_of_error_is_ERR),
        TEST(an_error_in_the_environment_fails_the_job),
        TEST(the_error_script_is_told_why),
        TEST(an_abort_gives_its_reason),
        TEST(exit_0_before_the_scripts_is_no_success),
        TEST(a_signal_to_the_group_is_named),
        TEST(a_signal_to_the_leader_is_handled_at_once),
        TEST(a_signal_at_any_time_is_told_once),
        TEST(nothing_of_its_session_outlives_a_signalled_job),
        TEST(a_killed_job_says_nothing),
        TEST(a_syntax_error_ends_it_before_it_begins),
        TEST(a_second_launch_leaves_no_trace),
        TEST(of_many_launches_one_runs),
        TEST(a_job_without_scripts_starts_no_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

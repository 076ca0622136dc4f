/* Ids as users type them become run directories and task ids. */
#include "base/memory.h"
#include "scheduler/run/process.h"
#include "scheduler/run/resolve.h"
#include "scheduler/run/start_files.h"
#include "tests/lib/home.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

static int set_up(void **state)
{
    struct error error = {0};
    char *home = home_make();
    home_write(home, "cylc-run/flow/run1/flow.cylc", "");
    home_write(home, "cylc-run/flow/run2/flow.cylc", "");
    home_write(home, "cylc-run/plain/flow.cylc", "");
    home_write(home, "cylc-run/a/b/c/flow.cylc", "");
    home_write(home, "cylc-run/gone/notes", "");
    home_write(home, "src/flow.cylc", "");
    char *link = str_format("%s/cylc-run/flow/runN", home);
    assert_int_equal(link_replace("run2", link, &error), 0);
    free(link);
    *state = home;
    return 0;
}

static int tear_down(void **state)
{
    home_remove(*state);
    return 0;
}

static void assert_resolves(const char *text, const char *id)
{
    struct error error = {0};
    struct workflow_place place;
    int code = resolve_workflow(text, &place, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(code, 0);
    assert_string_equal(place.id, id);
    char *run_dir = rundir_of(id);
    assert_string_equal(place.run_dir, run_dir);
    free(run_dir);
    workflow_place_release(&place);
}

static void assert_refused(const char *text, int expected)
{
    struct error error = {0};
    struct workflow_place place;
    assert_int_equal(resolve_workflow(text, &place, &error), expected);
    assert_true(error.text[0] != '\0');
}

static void a_name_means_its_latest_run(void **state)
{
    (void)state;
    assert_resolves("flow", "flow/run2");
    assert_resolves("flow/runN", "flow/run2");
    assert_resolves("flow/", "flow/run2");
    assert_resolves("flow/run1", "flow/run1");
    assert_resolves("plain", "plain");
    assert_resolves("a/b/c", "a/b/c");
}

static void a_path_to_a_run_directory_is_understood(void **state)
{
    char *path = str_format("%s/cylc-run/flow/run1", (const char *)*state);
    assert_resolves(path, "flow/run1");
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(path), 0);
    assert_resolves(".", "flow/run1");
    assert_resolves("../run2", "flow/run2");
    assert_int_equal(chdir(before), 0);
    free(path);
}

static void our_own_name_in_front_is_understood(void **state)
{
    (void)state;
    char *user = process_user();
    char *text = str_format("~%s/plain", user);
    assert_resolves(text, "plain");
    free(text);
    free(user);
    assert_refused("~nobody-else/plain", -EPERM);
}

static void what_cannot_be_is_refused(void **state)
{
    char *source = str_format("%s/src", (const char *)*state);
    assert_refused("nowhere", -ENOENT);
    assert_refused("flow/run3", -ENOENT);
    assert_refused("plain//1/a", -EINVAL);
    assert_refused("", -EINVAL);
    assert_refused("a b", -EINVAL);
    assert_refused("plain/../flow", -EINVAL);
    assert_refused(source, -EINVAL);
    assert_refused("/no/such/path", -ENOENT);
    free(source);
}

static void definitions_are_found_by_path_and_by_id(void **state)
{
    struct error error = {0};
    char *path;
    char *source = str_format("%s/src", (const char *)*state);
    char *expected = str_format("%s/flow.cylc", source);
    assert_int_equal(resolve_definition(source, &path, &error), 0);
    assert_non_null(strstr(path, "/src/flow.cylc"));
    free(path);
    assert_int_equal(resolve_definition(expected, &path, &error), 0);
    assert_non_null(strstr(path, "/src/flow.cylc"));
    free(path);
    assert_int_equal(resolve_definition("flow", &path, &error), 0);
    assert_non_null(strstr(path, "/cylc-run/flow/run2/flow.cylc"));
    free(path);
    assert_int_equal(resolve_definition("gone", &path, &error), -ENOENT);
    free(expected);
    free(source);
}

static int targets_of(struct targets *targets, bool allow_ids, bool need_ids, int n, ...)
{
    struct error error = {0};
    char *arguments[8];
    va_list args;
    va_start(args, n);
    for (int i = 0; i < n; i++)
        arguments[i] = va_arg(args, char *);
    va_end(args);
    return resolve_targets(n, arguments, allow_ids, need_ids, targets, &error);
}

static void tasks_are_gathered_by_workflow(void **state)
{
    (void)state;
    struct targets targets;
    assert_int_equal(targets_of(&targets, true, true, 4, "flow//1/a", "plain", "//2/b", "//3/c"),
                     0);
    assert_int_equal(targets.n, 2);
    assert_string_equal(targets.at[0].place.id, "flow/run2");
    assert_int_equal(targets.at[0].ids.n, 1);
    assert_string_equal(targets.at[0].ids.at[0], "1/a");
    assert_int_equal(targets.at[1].ids.n, 2);
    assert_string_equal(targets.at[1].ids.at[1], "3/c");
    targets_release(&targets);
    assert_int_equal(targets_of(&targets, true, true, 2, "flow//1/a", "flow/run2//1/b"), 0);
    assert_int_equal(targets.n, 1);
    assert_int_equal(targets.at[0].ids.n, 2);
    targets_release(&targets);
}

static void a_pattern_means_workflows_that_run(void **state)
{
    struct targets targets;
    home_write(*state, "cylc-run/flow/run1/.service/contact", "");
    home_write(*state, "cylc-run/a/b/c/.service/contact", "");
    assert_int_equal(targets_of(&targets, true, true, 3, "flow/run2//1/z", "*//1/a", "//2/b"), 0);
    assert_int_equal(targets.n, 3);
    assert_int_equal(targets.at[0].ids.n, 1);
    assert_string_equal(targets.at[1].place.id, "a/b/c");
    assert_string_equal(targets.at[2].place.id, "flow/run1");
    assert_int_equal(targets.at[1].ids.n, 2);
    assert_string_equal(targets.at[2].ids.at[1], "2/b");
    targets_release(&targets);
    assert_int_equal(targets_of(&targets, false, false, 1, "pl*"), -ENOENT);
}

static void tasks_too_few_or_too_many_are_refused(void **state)
{
    (void)state;
    struct targets targets;
    assert_int_equal(targets_of(&targets, true, true, 1, "flow"), -EINVAL);
    assert_int_equal(targets_of(&targets, true, true, 2, "flow//1/a", "plain"), -EINVAL);
    assert_int_equal(targets_of(&targets, false, false, 1, "flow//1/a"), -EINVAL);
    assert_int_equal(targets_of(&targets, true, false, 1, "//1/a"), -EINVAL);
    assert_int_equal(targets_of(&targets, true, false, 1, "flow//1/a/x/y"), -EINVAL);
    assert_int_equal(targets_of(&targets, false, false, 0), -EINVAL);
}

static void all_workflows_are_listed_in_order(void **state)
{
    (void)state;
    static const char *const expected[] = {"a/b/c", "flow/run1", "flow/run2", "plain"};
    struct resolve_names names = {0};
    resolve_list(&names);
    assert_int_equal(names.n, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(names.at[i], expected[i]);
    resolve_names_release(&names);
}

static void log_files_are_numbered_and_linked(void **state)
{
    struct error error = {0};
    struct start_files files;
    char *run_dir = str_format("%s/cylc-run/plain", (const char *)*state);
    assert_int_equal(rundir_prepare(run_dir, &error), 0);
    assert_int_equal(start_files_open(run_dir, &files, &error), 0);
    assert_false(files.is_restart);
    assert_non_null(strstr(files.log, "/log/scheduler/01-start-01.log"));
    rundir_log(files.log_fd, 0, true, "INFO", "hello");
    start_files_release(&files);
    char *text = home_read(run_dir, "log/scheduler/log");
    assert_non_null(strstr(text, "Z INFO - hello\n"));
    free(text);
    assert_int_equal(start_files_open(run_dir, &files, &error), 0); /* the first one failed */
    assert_non_null(strstr(files.log, "/02-start-01.log"));
    start_files_release(&files);
    home_write(run_dir, "log/db", "");
    assert_int_equal(start_files_open(run_dir, &files, &error), 0);
    assert_true(files.is_restart);
    assert_non_null(strstr(files.log, "/03-restart-02.log"));
    assert_non_null(strstr(files.config, "/log/config/01-restart-02.cylc"));
    start_files_release(&files);
    home_write(run_dir, "log/config/01-start-01.cylc", ""); /* they have numbers of their own */
    char *reload = start_files_reload(run_dir);
    assert_non_null(strstr(reload, "/log/config/02-reload-02.cylc"));
    free(reload);
    home_write(run_dir, "log/config/02-reload-02.cylc", "");
    assert_int_equal(start_files_open(run_dir, &files, &error), 0);
    assert_non_null(strstr(files.config, "/log/config/03-restart-03.cylc"));
    start_files_release(&files);
    free(run_dir);
}

static void a_full_log_goes_on_in_the_next_file(void **state)
{
    struct error error = {0};
    struct start_files files;
    char *run_dir = str_format("%s/cylc-run/rolled", (const char *)*state);
    assert_int_equal(directory_make(run_dir, &error), 0);
    assert_int_equal(rundir_prepare(run_dir, &error), 0);
    assert_int_equal(start_files_open(run_dir, &files, &error), 0);
    int fd = files.log_fd;
    for (unsigned i = 1; i <= 4; i++) {
        char *line = str_format("line %u", i);
        rundir_log(fd, 0, true, "INFO", line);
        assert_int_equal(start_files_roll(&files, 3, &error), 0);
        assert_int_equal(files.log_fd, fd);
        free(line);
    }
    rundir_log(fd, 0, true, "INFO", "the last line");
    assert_non_null(strstr(files.log, "/05-start-01.log"));
    start_files_release(&files);
    char *text = home_read(run_dir, "log/scheduler/log");
    assert_non_null(strstr(text, "the last line"));
    assert_null(strstr(text, "line 4"));
    free(text);
    text = home_read(run_dir, "log/scheduler/03-start-01.log");
    assert_non_null(strstr(text, "line 3"));
    free(text);
    char *old = str_format("%s/log/scheduler/02-start-01.log", run_dir);
    assert_int_equal(access(old, F_OK), -1);
    free(old);
    free(run_dir);
}

/* What another process is told. */
static int lock_elsewhere(const char *run_dir)
{
    struct error error = {0};
    pid_t pid = fork();
    if (!pid)
        _exit(rundir_lock(run_dir, &error) == -EWOULDBLOCK && strstr(error.text, "(process "));
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status) ? -EWOULDBLOCK : 0;
}

static void a_run_directory_is_locked_once(void **state)
{
    struct error error = {0};
    char *run_dir = str_format("%s/cylc-run/plain", (const char *)*state);
    assert_int_equal(rundir_prepare(run_dir, &error), 0);
    int first = rundir_lock(run_dir, &error);
    assert_true(first >= 0);
    assert_int_equal(lock_elsewhere(run_dir), -EWOULDBLOCK);
    assert_int_equal(close(first), 0);
    assert_int_equal(lock_elsewhere(run_dir), 0);
    free(run_dir);
}

/* A scheduler that is killed may leave a child between fork and exec. */
static void a_child_that_was_forked_does_not_hold_the_lock(void **state)
{
    struct error error = {0};
    char *run_dir = str_format("%s/cylc-run/plain", (const char *)*state);
    assert_int_equal(rundir_prepare(run_dir, &error), 0);
    int line[2];
    assert_int_equal(pipe(line), 0);
    pid_t scheduler = fork();
    if (!scheduler) {
        char byte;
        if (rundir_lock(run_dir, &error) < 0)
            _exit(1);
        if (fork())
            _exit(0);
        close(line[1]);
        _exit(read(line[0], &byte, 1) == 0 ? 0 : 1); /* lives until we let it go */
    }
    int status;
    assert_int_equal(waitpid(scheduler, &status, 0), scheduler);
    assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
    int fd = rundir_lock(run_dir, &error);
    assert_true(fd >= 0);
    close(fd);
    close(line[0]);
    close(line[1]);
    free(run_dir);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_name_means_its_latest_run),
        CASE(a_path_to_a_run_directory_is_understood),
        CASE(our_own_name_in_front_is_understood),
        CASE(what_cannot_be_is_refused),
        CASE(definitions_are_found_by_path_and_by_id),
        CASE(tasks_are_gathered_by_workflow),
        CASE(a_pattern_means_workflows_that_run),
        CASE(tasks_too_few_or_too_many_are_refused),
        CASE(all_workflows_are_listed_in_order),
        CASE(log_files_are_numbered_and_linked),
        CASE(a_full_log_goes_on_in_the_next_file),
        CASE(a_run_directory_is_locked_once),
        CASE(a_child_that_was_forked_does_not_hold_the_lock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

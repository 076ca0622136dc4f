/* Installing: what is copied, where it goes, what is refused. */
#include "base/memory.h"
#include "base/text.h"
#include "scheduler/run/clean.h"
#include "scheduler/run/install.h"
#include "scheduler/run/resolve.h"
#include "tests/lib/home.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

struct fixture {
    char *home, *source;
};

static int set_up(void **state)
{
    struct fixture *f = NEW(struct fixture);
    f->home = home_make();
    f->source = str_format("%s/src/flow", f->home);
    home_write(f->source, "flow.cylc", "[scheduling]\n");
    home_write(f->source, "bin/tool", "#!/bin/sh\n");
    home_write(f->source, "lib/log/kept", "x");
    home_write(f->source, ".git/config", "x");
    home_write(f->source, "log/old", "x");
    home_write(f->source, "work/old", "x");
    home_write(f->source, "share/old", "x");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    home_remove(f->home);
    free(f->source);
    free(f);
    return 0;
}

static int install(const struct fixture *f, struct install_options options, const char *id,
                   struct error *error)
{
    struct installed installed;
    options.source = options.source ? options.source : f->source;
    int code = install_workflow(&options, &installed, error);
    if (code)
        return code;
    assert_string_equal(installed.id, id);
    installed_release(&installed);
    return 0;
}

static void assert_link(const struct fixture *f, const char *path, const char *target)
{
    char buffer[4096];
    char *full = str_format("%s/%s", f->home, path);
    ssize_t n = readlink(full, buffer, sizeof buffer - 1);
    assert_true(n > 0);
    buffer[n] = '\0';
    assert_string_equal(buffer, target);
    free(full);
}

static void directories_lie_where_they_are_told_to(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    struct install_options options = {
        .symlinks = {.at = {"~/a", "$HOME/b", "~/a", "", "${HOME}/c", NULL}}};
    assert_int_equal(install(f, options, "flow/run1", &error), 0);
    char *run = str_format("%s/a/cylc-run/flow/run1", f->home);
    char *log = str_format("%s/b/cylc-run/flow/run1/log", f->home);
    char *job = str_format("%s/c/cylc-run/flow/run1/log/job", f->home);
    assert_link(f, "cylc-run/flow/run1", run);
    assert_link(f, "cylc-run/flow/run1/log", log);
    assert_link(f, "cylc-run/flow/run1/log/job", job);
    assert_false(home_has(f->home, "cylc-run/flow/run1/share")); /* with the run */
    assert_true(home_has(f->home, "a/cylc-run/flow/run1/bin/tool"));
    char *lines = home_read(f->home, "cylc-run/flow/run1/log/install/01-install.log");
    char *line = str_format("Symlink created: %s/cylc-run/flow/run1 -> %s\n", f->home, run);
    assert_non_null(strstr(lines, line));
    struct resolve_names names = {0};
    resolve_list(&names);
    assert_int_equal(names.n, 1);
    assert_string_equal(names.at[0], "flow/run1");
    resolve_names_release(&names);
    assert_int_equal(clean_run("flow/run1", &error), 0);
    assert_false(home_has(f->home, "a/cylc-run/flow"));
    assert_false(home_has(f->home, "b/cylc-run/flow"));
    assert_false(home_has(f->home, "c/cylc-run/flow"));
    assert_false(home_has(f->home, "cylc-run/flow"));
    free(line);
    free(lines);
    free(job);
    free(log);
    free(run);
}

static void what_cannot_be_linked_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    home_write(f->home, "b/cylc-run/flow/run1/work/old", "x");
    struct install_options options = {.symlinks = {.at = {"~/a", NULL, NULL, "~/b"}}};
    assert_int_equal(install(f, options, "", &error), -EEXIST);
    assert_non_null(strstr(error.text, "Symlink dir target already exists: ("));
    options.symlinks.at[3] = "$NOT_SET_AT_ALL/b";
    assert_int_equal(install(f, options, "", &error), -EINVAL);
    assert_non_null(strstr(error.text, "contains an invalid environment variable"));
    options.symlinks.at[3] = "b";
    assert_int_equal(install(f, options, "", &error), -EINVAL);
    assert_false(home_has(f->home, "a/cylc-run/flow/run1"));
    assert_false(home_has(f->home, "cylc-run/flow"));
    assert_true(home_has(f->home, "b/cylc-run/flow/run1/work/old"));
    assert_int_equal(install(f, (struct install_options){0}, "flow/run1", &error), 0);
}

static void names_are_looked_for_in_the_source_dirs_in_order(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    static const char *const dirs[] = {"~/none", "$HOME/src"};
    const struct install_options options = {
        .source = "flow", .source_dirs = dirs, .n_source_dirs = 2};
    assert_int_equal(install(f, options, "flow/run1", &error), 0);
    home_write(f->home, "cylc-src/flow/flow.cylc", "");
    struct install_options usual = {.source = "flow", .workflow_name = "other"};
    assert_int_equal(install(f, usual, "other/run1", &error), 0);
    char *source = str_format("%s/cylc-src/flow", f->home);
    assert_link(f, "cylc-run/other/_cylc-install/source", source);
    free(source);
}

static void symlink_dirs_are_read_from_an_option(void **state)
{
    (void)state;
    struct error error = {0};
    struct symlink_dirs dirs = {0};
    char good[] = " run = ~/x , log/job=/y ,", unknown[] = "logs=/x", bare[] = "log";
    assert_int_equal(symlink_dirs_parse(good, &dirs, &error), 0);
    assert_string_equal(dirs.at[0], "~/x");
    assert_string_equal(dirs.at[4], "/y");
    assert_null(dirs.at[1]);
    assert_int_equal(symlink_dirs_parse(unknown, &dirs, &error), -EINVAL);
    assert_int_equal(symlink_dirs_parse(bare, &dirs, &error), -EINVAL);
}

static void runs_are_numbered_and_the_link_follows(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    assert_int_equal(install(f, (struct install_options){0}, "flow/run1", &error), 0);
    assert_link(f, "cylc-run/flow/runN", "run1");
    assert_int_equal(install(f, (struct install_options){0}, "flow/run2", &error), 0);
    assert_link(f, "cylc-run/flow/runN", "run2");
    assert_link(f, "cylc-run/flow/_cylc-install/source", f->source);
}

static void a_run_directory_gets_the_source_and_no_more(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    home_write(f->source, ".cylcignore", "# notes\n*.tmp\ndata/\n");
    home_write(f->source, "x.tmp", "x");
    home_write(f->source, "data/big", "x");
    assert_int_equal(install(f, (struct install_options){0}, "flow/run1", &error), 0);
    assert_true(home_has(f->home, "cylc-run/flow/run1/flow.cylc"));
    assert_true(home_has(f->home, "cylc-run/flow/run1/bin/tool"));
    assert_true(home_has(f->home, "cylc-run/flow/run1/lib/log/kept"));
    assert_true(home_has(f->home, "cylc-run/flow/run1/log/install/01-install.log"));
    assert_false(home_has(f->home, "cylc-run/flow/run1/.git"));
    assert_false(home_has(f->home, "cylc-run/flow/run1/log/old"));
    assert_false(home_has(f->home, "cylc-run/flow/run1/work"));
    assert_false(home_has(f->home, "cylc-run/flow/run1/share"));
    assert_false(home_has(f->home, "cylc-run/flow/run1/x.tmp"));
    assert_false(home_has(f->home, "cylc-run/flow/run1/data"));
    assert_false(home_has(f->home, "cylc-run/flow/run1/.cylcignore"));
}

static void modes_and_links_are_kept(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    struct stat status;
    char *tool = str_format("%s/bin/tool", f->source);
    char *link = str_format("%s/link", f->source);
    assert_int_equal(chmod(tool, 0755), 0);
    assert_int_equal(symlink("bin/tool", link), 0);
    assert_int_equal(install(f, (struct install_options){0}, "flow/run1", &error), 0);
    char *copy = str_format("%s/cylc-run/flow/run1/bin/tool", f->home);
    assert_int_equal(stat(copy, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0755);
    assert_link(f, "cylc-run/flow/run1/link", "bin/tool");
    free(copy);
    free(link);
    free(tool);
}

static void without_run_names_it_goes_straight_there_once(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    const struct install_options options = {.no_run_name = true};
    assert_int_equal(install(f, options, "flow", &error), 0);
    assert_true(home_has(f->home, "cylc-run/flow/flow.cylc"));
    assert_link(f, "cylc-run/flow/_cylc-install/source", f->source);
    assert_int_equal(install(f, options, "flow", &error), -EEXIST);
    assert_non_null(strstr(error.text, "already exists"));
    assert_int_equal(install(f, (struct install_options){0}, "", &error), -EEXIST);
}

static void named_runs_do_not_mix_with_numbered_ones(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    const struct install_options named = {.run_name = "spring"};
    assert_int_equal(install(f, named, "flow/spring", &error), 0);
    assert_false(home_has(f->home, "cylc-run/flow/runN"));
    assert_int_equal(install(f, named, "", &error), -EEXIST);
    assert_int_equal(install(f, (struct install_options){0}, "", &error), -EINVAL);
    const struct install_options other = {.workflow_name = "other"};
    assert_int_equal(install(f, other, "other/run1", &error), 0);
    const struct install_options late = {.workflow_name = "other", .run_name = "late"};
    assert_int_equal(install(f, late, "", &error), -EINVAL);
    assert_non_null(strstr(error.text, "numbered runs"));
}

static void names_that_cannot_be_are_refused(void **state)
{
    static const char *const names[] = {"/abs", "a//b", "-x", ".x", "a/.b", "a b", "a\"b", ""};
    static const char *const runs[] = {"run7", "runN", "_cylc-install", "a/b"};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct error error = {0};
        const struct install_options options = {.workflow_name = names[i]};
        assert_int_equal(install(f, options, "", &error), -EINVAL);
    }
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        struct error error = {0};
        const struct install_options options = {.run_name = runs[i]};
        assert_int_equal(install(f, options, "", &error), -EINVAL);
    }
    assert_false(home_has(f->home, "cylc-run"));
}

static void a_source_without_a_definition_is_refused(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    home_write(f->home, "src/empty/readme", "x");
    char *source = str_format("%s/src/empty", f->home);
    const struct install_options options = {.source = source};
    assert_int_equal(install(f, options, "", &error), -ENOENT);
    assert_non_null(strstr(error.text, "flow.cylc"));
    assert_false(home_has(f->home, "cylc-run/empty"));
    free(source);
}

static void a_run_directory_is_no_source_and_holds_no_other(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    assert_int_equal(install(f, (struct install_options){0}, "flow/run1", &error), 0);
    char *source = str_format("%s/cylc-run/flow/run1", f->home);
    const struct install_options inside = {.source = source};
    assert_int_equal(install(f, inside, "", &error), -EINVAL);
    const struct install_options nested = {.workflow_name = "flow/run1/sub"};
    assert_int_equal(install(f, nested, "", &error), -EINVAL);
    assert_non_null(strstr(error.text, "Nested"));
    free(source);
}

static void a_source_that_holds_the_run_directories_is_refused(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    home_write(f->home, "flow.cylc", "[scheduling]\n");
    assert_int_equal(install(f, (struct install_options){.source = f->home}, "", &error), -EINVAL);
    assert_non_null(strstr(error.text, "cannot hold the run directories"));
}

static void another_source_for_the_same_name_is_refused(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    assert_int_equal(install(f, (struct install_options){0}, "flow/run1", &error), 0);
    home_write(f->home, "elsewhere/flow/flow.cylc", "");
    char *source = str_format("%s/elsewhere/flow", f->home);
    const struct install_options options = {.source = source};
    assert_int_equal(install(f, options, "", &error), -EINVAL);
    assert_false(home_has(f->home, "cylc-run/flow/run2"));
    free(source);
}

static void a_name_is_looked_up_in_cylc_src(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    home_write(f->home, "cylc-src/known/flow.cylc", "");
    const struct install_options options = {.source = "known"};
    assert_int_equal(install(f, options, "known/run1", &error), 0);
}

static void what_a_failed_copy_left_is_removed(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    struct text deep = {0};
    for (int i = 0; i < 70; i++)
        text_add(&deep, "d/");
    text_add(&deep, "file");
    home_write(f->source, text_string(&deep), "x");
    assert_int_equal(install(f, (struct install_options){0}, "", &error), -ELOOP);
    assert_false(home_has(f->home, "cylc-run/flow/run1"));
    assert_false(home_has(f->home, "cylc-run/flow/runN"));
    text_release(&deep);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(directories_lie_where_they_are_told_to),
        CASE(what_cannot_be_linked_leaves_nothing),
        CASE(names_are_looked_for_in_the_source_dirs_in_order),
        CASE(symlink_dirs_are_read_from_an_option),
        CASE(runs_are_numbered_and_the_link_follows),
        CASE(a_run_directory_gets_the_source_and_no_more),
        CASE(modes_and_links_are_kept),
        CASE(without_run_names_it_goes_straight_there_once),
        CASE(named_runs_do_not_mix_with_numbered_ones),
        CASE(names_that_cannot_be_are_refused),
        CASE(a_source_without_a_definition_is_refused),
        CASE(a_run_directory_is_no_source_and_holds_no_other),
        CASE(a_source_that_holds_the_run_directories_is_refused),
        CASE(another_source_for_the_same_name_is_refused),
        CASE(a_name_is_looked_up_in_cylc_src),
        CASE(what_a_failed_copy_left_is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Reinstalling: what is new, what differs, what is gone, what the run has made, what is refused. */
#include "base/memory.h"
#include "base/text.h"
#include "scheduler/run/install.h"
#include "scheduler/run/reinstall.h"
#include "tests/lib/home.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

#define RUN "cylc-run/flow/run1/"

struct fixture {
    char *home;
    struct workflow_place place;
    struct text changes; /* "+PATH" or "-PATH", a line each */
};

static int set_up(void **state)
{
    struct fixture *f = NEW(struct fixture);
    struct installed installed;
    struct error error = {0};
    f->home = home_make();
    home_write(f->home, "src/flow/flow.cylc", "[scheduling]\n");
    home_write(f->home, "src/flow/bin/tool", "one");
    home_write(f->home, "src/flow/etc/gone", "x");
    char *source = str_format("%s/src/flow", f->home);
    const struct install_options options = {.source = source};
    assert_int_equal(install_workflow(&options, &installed, &error), 0);
    f->place = (struct workflow_place){str_copy(installed.id), str_copy(installed.run_dir)};
    installed_release(&installed);
    free(source);
    home_write(f->home, RUN "work/1/a/x", "made by the run");
    home_write(f->home, RUN "log/job/1/a/01/job", "made by the run");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    home_remove(f->home);
    workflow_place_release(&f->place);
    text_release(&f->changes);
    free(f);
    return 0;
}

static void note(void *context, const char *path, bool removed)
{
    struct fixture *f = context;
    text_addf(&f->changes, "%c%s\n", removed ? '-' : '+', path);
}

static int reinstall(struct fixture *f, bool dry, struct error *error)
{
    char *source = NULL;
    text_clear(&f->changes);
    int n = reinstall_workflow(&f->place, dry, note, f, &source, error);
    free(source);
    return n;
}

static bool run_has(const struct fixture *f, const char *path, const char *text)
{
    char *full = str_format(RUN "%s", path);
    char *found = home_has(f->home, full) ? home_read(f->home, full) : NULL;
    bool same = found && !strcmp(found, text);
    free(found);
    free(full);
    return same;
}

static void nothing_changed_nothing_done(void **state)
{
    struct error error = {0};
    assert_int_equal(reinstall(*state, false, &error), 0);
    assert_false(home_has(((struct fixture *)*state)->home, RUN "log/install/02-reinstall.log"));
}

static void the_run_becomes_like_its_source(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    char *gone = str_format("%s/src/flow/etc/gone", f->home);
    home_write(f->home, "src/flow/bin/tool", "two"); /* as long as before */
    home_write(f->home, "src/flow/new/file", "y");
    assert_int_equal(unlink(gone), 0);
    free(gone);
    assert_int_equal(reinstall(f, true, &error), 3); /* only said */
    assert_true(run_has(f, "bin/tool", "one"));
    assert_int_equal(reinstall(f, false, &error), 3);
    assert_non_null(strstr(text_string(&f->changes), "+bin/tool\n"));
    assert_non_null(strstr(text_string(&f->changes), "+new/file\n"));
    assert_non_null(strstr(text_string(&f->changes), "-etc/gone\n"));
    assert_true(run_has(f, "bin/tool", "two"));
    assert_true(run_has(f, "new/file", "y"));
    assert_false(home_has(f->home, RUN "etc/gone"));
    assert_true(run_has(f, "work/1/a/x", "made by the run"));
    assert_true(run_has(f, "log/job/1/a/01/job", "made by the run"));
    assert_true(home_has(f->home, RUN "log/install/02-reinstall.log"));
    assert_int_equal(reinstall(f, false, &error), 0);
}

static void files_and_directories_take_each_others_place(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    char *bin = str_format("%s/src/flow/bin", f->home), *tool = str_format("%s/tool", bin);
    char *gone = str_format("%s/src/flow/etc/gone", f->home);
    assert_int_equal(unlink(tool) | rmdir(bin) | unlink(gone), 0);
    home_write(f->home, "src/flow/bin", "a file now");
    home_write(f->home, "src/flow/etc/gone/inside", "a directory now");
    assert_int_equal(reinstall(f, false, &error), 2);
    assert_true(run_has(f, "bin", "a file now"));
    assert_true(run_has(f, "etc/gone/inside", "a directory now"));
    free(gone);
    free(tool);
    free(bin);
}

static void a_mode_is_a_difference(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    struct stat status;
    char *tool = str_format("%s/src/flow/bin/tool", f->home);
    char *there = str_format("%s/bin/tool", f->place.run_dir);
    assert_int_equal(chmod(tool, 0755), 0);
    assert_int_equal(reinstall(f, false, &error), 1);
    assert_int_equal(stat(there, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0755);
    free(there);
    free(tool);
}

static void without_a_source_it_is_refused(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    char *from = str_format("%s/src/flow", f->home), *to = str_format("%s/src/moved", f->home);
    assert_int_equal(rename(from, to), 0);
    assert_int_equal(reinstall(f, false, &error), -ENOENT);
    assert_non_null(strstr(error.text, "or the source is gone"));
    char *link = str_format("%s/cylc-run/flow/_cylc-install/source", f->home);
    assert_int_equal(unlink(link), 0);
    assert_int_equal(reinstall(f, false, &error), -ENOENT);
    assert_non_null(strstr(error.text, "was not installed from a source"));
    assert_true(run_has(f, "bin/tool", "one"));
    free(link);
    free(to);
    free(from);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_changed_nothing_done),
        TEST(the_run_becomes_like_its_source),
        TEST(files_and_directories_take_each_others_place),
        TEST(a_mode_is_a_difference),
        TEST(without_a_source_it_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

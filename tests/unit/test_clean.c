/* Cleaning: exactly what was named goes, and what is empty after it. */
#include "base/memory.h"
#include "scheduler/run/clean.h"
#include "scheduler/run/rundir.h"
#include "tests/lib/home.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

static void link_run_n(const char *home, const char *target)
{
    struct error error = {0};
    char *link = str_format("%s/cylc-run/flow/runN", home);
    assert_int_equal(link_replace(target, link, &error), 0);
    free(link);
}

static int set_up(void **state)
{
    char *home = home_make();
    home_write(home, "cylc-run/flow/run1/flow.cylc", "");
    home_write(home, "cylc-run/flow/run2/flow.cylc", "");
    home_write(home, "cylc-run/flow/run2/work/1/a/x", "");
    home_write(home, "cylc-run/flow/run2/log/job/1/a/01/job", "");
    home_write(home, "cylc-run/flow/run2/log/db", "");
    home_write(home, "cylc-run/flow/_cylc-install/source", "");
    home_write(home, "cylc-run/flower/flow.cylc", "");
    home_write(home, "outside/file", "");
    link_run_n(home, "run2");
    *state = home;
    return 0;
}

static int tear_down(void **state)
{
    home_remove(*state);
    return 0;
}

static void a_name_means_all_its_runs_and_no_others(void **state)
{
    (void)state;
    struct error error = {0};
    struct resolve_names ids = {0};
    assert_int_equal(clean_find("flow/", &ids, &error), 0);
    assert_int_equal(ids.n, 2);
    assert_string_equal(ids.at[0], "flow/run1");
    assert_string_equal(ids.at[1], "flow/run2");
    resolve_names_release(&ids);
    assert_int_equal(clean_find("nothing", &ids, &error), -ENOENT);
    assert_int_equal(clean_find("../outside", &ids, &error), -EINVAL);
}

static void the_link_goes_with_the_run_it_leads_to(void **state)
{
    struct error error = {0};
    assert_int_equal(clean_run("flow/run1", &error), 0);
    assert_false(home_has(*state, "cylc-run/flow/run1"));
    assert_true(home_has(*state, "cylc-run/flow/runN"));
    assert_int_equal(clean_run("flow/run2", &error), 0);
    assert_false(home_has(*state, "cylc-run/flow"));
    assert_true(home_has(*state, "cylc-run/flower"));
}

static void parts_are_removed_and_the_rest_stays(void **state)
{
    struct error error = {0};
    assert_int_equal(clean_parts("flow/run2", "work:log/j*", &error), 0);
    assert_false(home_has(*state, "cylc-run/flow/run2/work"));
    assert_false(home_has(*state, "cylc-run/flow/run2/log/job"));
    assert_true(home_has(*state, "cylc-run/flow/run2/log/db"));
    assert_true(home_has(*state, "cylc-run/flow/run2/flow.cylc"));
}

static void parts_that_lead_out_are_refused(void **state)
{
    static const char *const parts[] = {"..", "../run1", "work/../../run1", "/",
                                        "",   ".",       "work/.."};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct error error = {0};
        assert_int_equal(clean_parts("flow/run2", parts[i], &error), -EINVAL);
    }
    assert_true(home_has(*state, "cylc-run/flow/run1/flow.cylc"));
    assert_true(home_has(*state, "cylc-run/flow/run2/flow.cylc"));
}

static void links_are_not_followed(void **state)
{
    struct error error = {0};
    char *target = str_format("%s/outside", (const char *)*state);
    char *link = str_format("%s/cylc-run/flow/run2/share", (const char *)*state);
    assert_int_equal(link_replace(target, link, &error), 0);
    assert_int_equal(clean_run("flow/run2", &error), 0);
    assert_true(home_has(*state, "outside/file"));
    free(link);
    free(target);
}

static bool exists(const char *home, const char *path)
{
    char *full = str_format("%s/%s", home, path);
    bool there = access(full, F_OK) == 0;
    free(full);
    return there;
}

static void link_to(const char *home, const char *target, const char *path)
{
    char *to = str_format("%s/%s", home, target), *from = str_format("%s/%s", home, path);
    assert_int_equal(symlink(to, from), 0);
    free(from);
    free(to);
}

static void patterns_reach_any_depth_and_follow_no_links(void **state)
{
    const char *home = *state;
    struct error error = {0};
    home_write(home, "cylc-run/flow/run2/share/a.tmp", "");
    home_write(home, "cylc-run/flow/run2/share/deep/er/b.tmp", "");
    home_write(home, "cylc-run/flow/run2/share/deep/keep", "");
    home_write(home, "outside/c.tmp", "");
    link_to(home, "outside", "cylc-run/flow/run2/share/away");
    assert_int_equal(clean_parts("flow/run2", "**/*.tmp:share/away/file:log/job/[1-3]", &error), 0);
    assert_false(exists(home, "cylc-run/flow/run2/share/a.tmp"));
    assert_false(exists(home, "cylc-run/flow/run2/share/deep/er/b.tmp"));
    assert_false(exists(home, "cylc-run/flow/run2/log/job/1"));
    assert_true(exists(home, "cylc-run/flow/run2/share/deep/keep"));
    assert_true(exists(home, "outside/c.tmp"));
    assert_true(exists(home, "outside/file"));
    assert_int_equal(clean_parts("flow/run2", "share/**", &error), 0);
    assert_false(exists(home, "cylc-run/flow/run2/share/deep"));
    assert_false(exists(home, "cylc-run/flow/run2/share/away"));
    assert_true(exists(home, "outside/file"));
}

static void directories_that_installing_put_elsewhere_go_with_the_run(void **state)
{
    const char *home = *state;
    struct error error = {0};
    home_write(home, "disk/cylc-run/flow/run1/share/x", "");
    home_write(home, "disk/cylc-run/flow/run1/work/y", "");
    link_to(home, "disk/cylc-run/flow/run1/share", "cylc-run/flow/run1/share");
    link_to(home, "disk/cylc-run/flow/run1/work", "cylc-run/flow/run1/work");
    link_to(home, "outside", "cylc-run/flow/run1/log"); /* not made by installing */
    assert_int_equal(clean_parts("flow/run1", "work", &error), 0);
    assert_false(exists(home, "disk/cylc-run/flow/run1/work"));
    assert_true(exists(home, "disk/cylc-run/flow/run1/share/x"));
    assert_int_equal(clean_parts("flow/run1", "share/x", &error), 0);
    assert_false(exists(home, "disk/cylc-run/flow/run1/share/x"));
    assert_true(exists(home, "disk/cylc-run/flow/run1/share"));
    assert_int_equal(clean_run("flow/run1", &error), 0);
    assert_false(exists(home, "cylc-run/flow/run1"));
    assert_false(exists(home, "disk/cylc-run/flow"));
    assert_true(exists(home, "disk/cylc-run"));
    assert_true(exists(home, "outside/file"));
}

static void run_n_means_the_latest_run(void **state)
{
    (void)state;
    struct error error = {0};
    struct resolve_names ids = {0};
    assert_int_equal(clean_find("flow/runN", &ids, &error), 0);
    assert_int_equal(ids.n, 1);
    assert_string_equal(ids.at[0], "flow/run2");
    resolve_names_release(&ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(patterns_reach_any_depth_and_follow_no_links, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(directories_that_installing_put_elsewhere_go_with_the_run,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(run_n_means_the_latest_run, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_means_all_its_runs_and_no_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_link_goes_with_the_run_it_leads_to, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parts_are_removed_and_the_rest_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parts_that_lead_out_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(links_are_not_followed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What task ids mean: names, families, patterns, states, jobs, first and last points, and tasks
 * that are not there yet. */
#include "tests/lib/pool_world.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define FLOW                                                                                       \
    "[scheduling]\ncycling mode = integer\ninitial cycle point = 1\nfinal cycle point = 9\n"       \
    "runahead limit = P1\n[[graph]]\nP1 = a & b & c\n[runtime]\n[[F]]\n[[a, b]]\ninherit = "       \
    "F\n[[c]]\n"

static struct pool_world *begin(void)
{
    struct pool_world *w = pool_world_create_paused(FLOW);
    pool_world_start(w);
    pool_world_clear(w);
    return w;
}

static void expect_held(const char *ids, const char *held)
{
    struct pool_world *w = begin();
    assert_int_equal(pool_world_command(w, POOL_HOLD, ids, 0), held ? 0 : ENOENT);
    assert_string_equal(pool_world_lines(w, "hold "), held ? held : "");
    pool_world_destroy(w);
}

static void ids_mean_what_is_there(void **state)
{
    (void)state;
    expect_held("1/a", "hold 1/a\n");
    expect_held("//1/a", "hold 1/a\n");
    expect_held("*/c", "hold 1/c\nhold 2/c\nhold 3/c\n");
    expect_held("1/F", "hold 1/a\nhold 1/b\n");
    expect_held("1/[ab]", "hold 1/a\nhold 1/b\n");
    expect_held("2", "hold 2/a\nhold 2/b\nhold 2/c\n");
    expect_held("1/a:waiting", "hold 1/a\n");
    expect_held("1/a:failed", NULL);
    expect_held("nonsense/a", NULL);
}

static void a_state_that_is_none_is_said_to_be(void **state)
{
    (void)state;
    struct pool_world *w = begin();
    assert_int_equal(pool_world_command(w, POOL_HOLD, "1/a:nonsense 1/b", 0), EINVAL);
    assert_said(w, "\"nonsense\" is no task state (1/a:nonsense)");
    assert_said(w, "hold 1/b\n");
    pool_world_destroy(w);
}

static void first_and_last_points_have_names(void **state)
{
    (void)state;
    expect_held("^/a", "hold 1/a\n");
    expect_held("$/a", "hold 9/a\n");
    expect_held("^/F $/c", "hold 1/a\nhold 1/b\nhold 9/c\n");
}

static void families_and_patterns_mean_future_tasks_of_a_point_once(void **state)
{
    (void)state;
    expect_held("7/F", "hold 7/a\nhold 7/b\n");
    expect_held("7/F 7/a 7/[bc]", "hold 7/a\nhold 7/b\nhold 7/c\n");
    expect_held("77/F", NULL); /* beyond the end */
    expect_held("7", NULL);    /* nothing of it is there */
}

static void a_job_is_that_of_its_submit_number(void **state)
{
    (void)state;
    struct pool_world *w = begin();
    pool_world_command(w, POOL_RESUME, "", 0);
    assert_int_equal(pool_world_command(w, POOL_KILL, "1/a/02", 0), ENOENT);
    assert_int_equal(pool_world_command(w, POOL_KILL, "1/a/x", 0), ENOENT);
    assert_not_said(w, "kill");
    assert_int_equal(pool_world_command(w, POOL_KILL, "1/a/01 1/b/NN", 0), 0);
    assert_string_equal(pool_world_lines(w, "kill"), "kill 1/a 1\nkill 1/b 1\n");
    pool_world_destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_mean_what_is_there),
        cmocka_unit_test(a_state_that_is_none_is_said_to_be),
        cmocka_unit_test(first_and_last_points_have_names),
        cmocka_unit_test(families_and_patterns_mean_future_tasks_of_a_point_once),
        cmocka_unit_test(a_job_is_that_of_its_submit_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

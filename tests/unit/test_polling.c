/* Delays between polls, with and without a time limit. */
#include "scheduler/job/polling.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/banned.h"

static const double intervals[] = {10, 30}, after[] = {60, 120};

static void expect(struct polling *polling, const double *expected, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_float_equal(polling_next(polling), expected[i], 1e-9);
}

static void the_last_interval_is_used_again_and_again(void **state)
{
    (void)state;
    struct polling polling = {.intervals = {intervals, 2}};
    expect(&polling, (const double[]){10, 30, 30, 30, 30}, 5);
    assert_float_equal(polling.elapsed, 130, 1e-9);
}

static void without_intervals_there_is_no_poll(void **state)
{
    (void)state;
    struct polling polling = {0};
    expect(&polling, (const double[]){-1, -1}, 2);
}

static void beyond_the_limit_other_intervals_count_from_it(void **state)
{
    (void)state;
    struct polling polling = {.intervals = {intervals, 2}, .limit = 90, .after_limit = {after, 2}};
    /* at 10, 40, 70, 90 + 60, and so on */
    expect(&polling, (const double[]){10, 30, 30, 80, 120, 120}, 6);
}

static void an_interval_longer_than_the_limit_is_left_out(void **state)
{
    (void)state;
    struct polling polling = {.intervals = {intervals, 2}, .limit = 5, .after_limit = {after, 2}};
    expect(&polling, (const double[]){65, 120}, 2);
    struct polling neither = {.limit = 5, .after_limit = {after, 1}};
    expect(&neither, (const double[]){65, 60, 60}, 3);
    struct polling nothing_after = {.intervals = {intervals, 2}, .limit = 15};
    expect(&nothing_after, (const double[]){10, -1, -1}, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_interval_is_used_again_and_again),
        cmocka_unit_test(without_intervals_there_is_no_poll),
        cmocka_unit_test(beyond_the_limit_other_intervals_count_from_it),
        cmocka_unit_test(an_interval_longer_than_the_limit_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

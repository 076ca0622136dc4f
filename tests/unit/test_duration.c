/* Durations of configuration items, in seconds. */
#include "base/error.h"
#include "scheduler/cycling/cycling.h"
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void durations_are_seconds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double seconds;
    } cases[] = {
        {"PT10S", 10},
        {"PT1.5S", 1.5},
        {"PT0,25S", 0.25},
        {"PT1.5H", 5400},
        {"PT0.001M", 0.06},
        {"P1DT6H", 30 * 3600},
        {"P1W", 7 * 86400},
        {"P1M", 30 * 86400},
        {"P1Y", 365 * 86400},
        {"P1Y2M3DT4H", 428 * 86400 + 4 * 3600},
        {"-PT1H", -3600},
        {"PT0S", 0},
        {"P", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error error;
        double seconds = -1;
        assert_int_equal(duration_parse(cases[i].text, &seconds, &error), 0);
        assert_true(fabs(seconds - cases[i].seconds) < 1e-6);
    }
}

static void what_is_no_duration_is_refused_and_named(void **state)
{
    (void)state;
    static const char *const bad[] = {"",       "10",     "10S",    "P1.5D",
                                      "2*PT1H", "P1WT1H", "PT1H30", "T1H"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct error error = {0};
        double seconds = 77;
        assert_int_equal(duration_parse(bad[i], &seconds, &error), -EINVAL);
        assert_true(fabs(seconds - 77) < 1e-9);
        assert_non_null(strstr(error.text, bad[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_seconds),
        cmocka_unit_test(what_is_no_duration_is_refused_and_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

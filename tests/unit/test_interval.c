/* Intervals: reading, writing and adding. */
#include "base/error.h"
#include "scheduler/cycling/cycling.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct cycling *create(enum cycling_mode mode, enum calendar calendar)
{
    struct error error;
    struct cycling *cycling =
        cycling_create(&(struct cycling_options){.mode = mode, .calendar = calendar}, &error);
    assert_non_null(cycling);
    return cycling;
}

struct example {
    const char *text, *normal; /* NULL: refused */
};

static void check(const struct cycling *cycling, const struct example *examples, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct interval interval = {.count = 77};
        struct error error = {0};
        char text[POINT_TEXT_MAX];
        const int code = interval_parse(cycling, examples[i].text, &interval, &error);
        if ((code == 0) != (examples[i].normal != NULL))
            print_error("%s\n", examples[i].text);
        assert_int_equal(code == 0, examples[i].normal != NULL);
        if (code == 0) {
            assert_string_equal(interval_format(cycling, &interval, text), examples[i].normal);
        } else {
            assert_true(interval.count == 77);
            assert_non_null(strstr(error.text, examples[i].text));
        }
    }
}

static void durations_are_read_and_written_in_normal_form(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"P1D", "P1D"},
        {"PT36H", "PT36H"},
        {"P1Y2M3DT4H5M6S", "P1Y2M3DT4H5M6S"},
        {"P2W", "P2W"},
        {"-P2W", "-P2W"},
        {"+PT6H", "PT6H"},
        {"-P1Y2MT3M", "-P1Y2MT3M"},
        {"P-1D", "-P1D"},
        {"P01D", "P1D"},
        {"PT1.5H", "PT1H30M"},
        {"PT1,25H", "PT1H15M"},
        {"PT1.5M", "PT1M30S"},
        {"PT0.0S", "P0Y"},
        {"P0D", "P0Y"},
        {"P", "P0Y"},
        {"PT", "P0Y"},
        {"P1DT", "P1D"},
        {"P0001-02-03T04:05:06", "P1Y2M3DT4H5M6S"},
        {"P00010600T000000", "P1Y6M"},
        {"P999999999Y999999999M999999999DT999999999H999999999M999999999S",
         "P999999999Y999999999M999999999DT999999999H999999999M999999999S"},
        {"", NULL},
        {"1D", NULL},
        {"p1d", NULL},
        {"P1", NULL},
        {"P1H", NULL},
        {"PT1D", NULL},
        {"PT6", NULL},
        {"P1.5D", NULL},
        {"PT1.5H1M", NULL},
        {"PT1.H", NULL},
        {"PT0.1S", NULL},
        {"P1W1D", NULL},
        {"P1D1M", NULL},
        {"P1D1D", NULL},
        {"P1M-P1D", NULL},
        {"P1Y-1M", NULL},
        {"-P-1D", NULL},
        {"--P1D", NULL},
        {"P 1D", NULL},
        {"P1D ", NULL},
        {"PW", NULL},
        {"P1000000000D", NULL},
        {"PT0.1234567890S", NULL},
    };
    struct cycling *cycling = create(CYCLING_DATETIME, CALENDAR_GREGORIAN);
    check(cycling, examples, sizeof examples / sizeof examples[0]);
    cycling_destroy(cycling);
}

static void integer_intervals_are_a_p_and_a_number(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"P3", "P3"},   {"P0", "P0"},   {"+P2", "P2"},
        {"-P2", "-P2"}, {"P007", "P7"}, {"-P0", "P0"},
        {"3", NULL},    {"P", NULL},    {"P1D", NULL},
        {"PT1H", NULL}, {"P 1", NULL},  {"--P1", NULL},
        {"P-1", NULL},  {"P1.5", NULL}, {"P99999999999999999999", NULL},
    };
    struct cycling *cycling = create(CYCLING_INTEGER, CALENDAR_GREGORIAN);
    check(cycling, examples, sizeof examples / sizeof examples[0]);
    cycling_destroy(cycling);
}

static void an_interval_is_null_if_all_of_it_is(void **state)
{
    (void)state;
    assert_true(interval_is_null(&(struct interval){0}));
    const struct interval some[] = {{.count = 1}, {.years = 1}, {.months = 1},  {.weeks = 1},
                                    {.days = -1}, {.hours = 1}, {.minutes = 1}, {.seconds = 1}};
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++)
        assert_false(interval_is_null(&some[i]));
}

static void adding_goes_by_the_exact_part_then_months_then_years(void **state)
{
    (void)state;
    static const struct {
        enum calendar calendar;
        const char *from, *interval;
        int64_t times;
        const char *to;
    } cases[] = {
        {CALENDAR_GREGORIAN, "20260131", "P1M", 1, "20260228T0000Z"},
        {CALENDAR_GREGORIAN, "20260131", "P1M", 2, "20260328T0000Z"},
        {CALENDAR_GREGORIAN, "20240831", "P6M", 1, "20250228T0000Z"},
        {CALENDAR_GREGORIAN, "20010301", "P11M30D", -1, "20000229T0000Z"},
        {CALENDAR_GREGORIAN, "20010301", "P1Y1D", -1, "20000228T0000Z"},
        {CALENDAR_GREGORIAN, "20000229", "P1Y2M3DT4H5M", -1, "19981225T1955Z"},
        {CALENDAR_GREGORIAN, "20000229", "P1Y2M", 1, "20010429T0000Z"},
        {CALENDAR_GREGORIAN, "20000229", "P1Y", 4, "20040229T0000Z"},
        {CALENDAR_GREGORIAN, "20000101", "PT45S", 1, "20000101T0000Z"},
        {CALENDAR_GREGORIAN, "20000101", "PT45S", -1, "19991231T2359Z"},
        {CALENDAR_GREGORIAN, "20000101", "P1D", 0, "20000101T0000Z"},
        {CALENDAR_360DAY, "20260130", "P1M", 1, "20260230T0000Z"},
        {CALENDAR_360DAY, "20260230", "P1D", 1, "20260301T0000Z"},
        {CALENDAR_365DAY, "20240228", "P1D", 1, "20240301T0000Z"},
        {CALENDAR_366DAY, "20250228", "P1D", 1, "20250229T0000Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cycling *cycling = create(CYCLING_DATETIME, cases[i].calendar);
        struct interval interval;
        struct error error;
        char text[POINT_TEXT_MAX];
        cycle_point point;
        assert_int_equal(point_parse(cycling, cases[i].from, &point, &error), 0);
        assert_int_equal(interval_parse(cycling, cases[i].interval, &interval, &error), 0);
        point = point_add(cycling, point, &interval, cases[i].times);
        assert_string_equal(point_format(cycling, point, text), cases[i].to);
        cycling_destroy(cycling);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_read_and_written_in_normal_form),
        cmocka_unit_test(integer_intervals_are_a_p_and_a_number),
        cmocka_unit_test(an_interval_is_null_if_all_of_it_is),
        cmocka_unit_test(adding_goes_by_the_exact_part_then_months_then_years),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

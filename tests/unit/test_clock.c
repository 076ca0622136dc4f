/* Which time of the clock belongs to a cycle point. */
#include "scheduler/config/clock.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static struct cycling *cycling_for(enum cycling_mode mode, int zone, const char *format)
{
    struct error error = {0};
    const struct cycling_options options = {
        .mode = mode, .utc_offset_minutes = zone, .format = format};
    struct cycling *cycling = cycling_create(&options, &error);
    assert_non_null(cycling);
    return cycling;
}

/* `expected` written as a date to the second. */
static void expect(const struct cycling *cycling, const char *args, const char *point,
                   const char *expected)
{
    struct error error = {0};
    cycle_point from;
    int64_t time;
    char text[POINT_TEXT_MAX];
    struct cycling *exact = cycling_to_the_second(cycling);
    assert_int_equal(point_parse(cycling, point, &from, &error), 0);
    if (clock_time(cycling, args, from, &time, &error) < 0)
        fail_msg("(%s): %s", args, error.text);
    assert_string_equal(point_format(exact, time, text), expected);
    cycling_destroy(exact);
}

static void refuse(const struct cycling *cycling, const char *args, const char *says)
{
    struct error error = {0};
    int64_t time = 7;
    assert_true(clock_time(cycling, args, 0, &time, &error) < 0);
    if (!strstr(error.text, says))
        fail_msg("(%s): %s", args, error.text);
    assert_int_equal(time, 7);
}

static void an_offset_is_added(void **state)
{
    (void)state;
    struct cycling *dates = cycling_for(CYCLING_DATETIME, 0, NULL);
    expect(dates, "", "20260131T00Z", "20260131T000000");
    expect(dates, "None", "20260131T00Z", "20260131T000000");
    expect(dates, "offset=None", "20260131T00Z", "20260131T000000");
    expect(dates, "PT1H", "20260131T00Z", "20260131T010000");
    expect(dates, "offset = '-P1D'", "20260131T00Z", "20260130T000000");
    expect(dates, "offset=P1M", "20260131T00Z", "20260228T000000");
    refuse(dates, "offset=soon", "expected an ISO 8601 duration");
    refuse(dates, "PT1H, PT2H", "takes one argument");
    refuse(dates, "when=PT1H", "takes one argument");
    refuse(dates, "P99999Y", "so far away");
    cycling_destroy(dates);
}

static void trigger_at_is_a_time_at_or_after_the_point(void **state)
{
    (void)state;
    struct cycling *dates = cycling_for(CYCLING_DATETIME, 0, NULL);
    expect(dates, "trigger_at=T0630", "20260131T00Z", "20260131T063000");
    expect(dates, "trigger_at=T0630", "20260131T0630Z", "20260131T063000");
    expect(dates, "trigger_at=T0630", "20260131T0631Z", "20260201T063000");
    expect(dates, "trigger_at=\"T06+PT30M\"", "20260131T12Z", "20260201T063000");
    expect(dates, "trigger_at=01T12", "20260131T12Z", "20260201T120000");
    expect(dates, "trigger_at=+PT90S", "20260131T12Z", "20260131T120130");
    expect(dates, "trigger_at='2026-03-01T06:30:15Z'", "20260131T12Z", "20260301T063015");
    expect(dates, "trigger_at=20250101T00Z", "20260131T12Z", "20250101T000000");
    refuse(dates, "trigger_at=noon", "expected a time such as");
    refuse(dates, "trigger_at=", "expected a time such as");
    refuse(dates, "trigger_at=^+P1D", "expected a time such as");
    refuse(dates, "trigger_at=T06, offset=PT1H", "takes one argument");
    cycling_destroy(dates);
}

static void trigger_at_is_exact_where_points_are_coarse(void **state)
{
    (void)state;
    struct cycling *days = cycling_for(CYCLING_DATETIME, 0, "CCYYMMDD");
    expect(days, "trigger_at=T063001", "20260131", "20260131T063001");
    cycling_destroy(days);
}

static void trigger_at_is_meant_in_the_time_zone_of_the_points(void **state)
{
    (void)state;
    struct cycling *east = cycling_for(CYCLING_DATETIME, 330, NULL);
    expect(east, "trigger_at=T06", "20260131T0000+0530", "20260131T060000");
    expect(east, "trigger_at=20260131T06Z", "20260131T0000+0530", "20260131T113000");
    cycling_destroy(east);
}

static void integer_points_have_dates_only(void **state)
{
    (void)state;
    struct cycling *integers = cycling_for(CYCLING_INTEGER, 0, NULL);
    expect(integers, "trigger_at=2026-01-01T06Z", "5", "20260101T060000");
    refuse(integers, "", "clock triggers require date-time cycling");
    refuse(integers, "offset=PT1H", "clock triggers require date-time cycling");
    refuse(integers, "trigger_at=T06", "relative to the cycle point");
    cycling_destroy(integers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offset_is_added),
        cmocka_unit_test(trigger_at_is_a_time_at_or_after_the_point),
        cmocka_unit_test(trigger_at_is_exact_where_points_are_coarse),
        cmocka_unit_test(trigger_at_is_meant_in_the_time_zone_of_the_points),
        cmocka_unit_test(integer_points_have_dates_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Date-times as cycle-point writes them. The recorded corpus tests the command; this, its parts. */
#include "scheduler/command/point_text.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static void expect_moved(const char *from, const char *duration, int expanded, const char *expected)
{
    struct stamp stamp;
    struct shape shape;
    struct error error = {0};
    struct text text = {0};
    assert_int_equal(stamp_parse(from, expanded, &stamp, &shape, &error), 0);
    if (*duration)
        assert_int_equal(stamp_add_text(&stamp, duration, &error), 0);
    stamp_write(&stamp, &shape, &text);
    assert_string_equal(text_string(&text), expected);
    text_release(&text);
}

static void a_point_is_written_as_it_came(void **state)
{
    (void)state;
    static const char *const points[] = {
        "2030",           "2030-02",    "20300228", "2030-02-28",           "2030059T12Z",
        "2030W095T06",    "2030-W09",   "20",       "20300228T183045+0530", "2030-059T12:30",
        "2030-02-28T18Z", "2030-W09-5",
    };
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)

        expect_moved(points[i], "", 0, points[i]);
    expect_moved("+0020300228T18Z", "P1Y", 2, "+0020310228T18Z");
    expect_moved("-0000010101", "P2Y", 2, "+0000010101");
}

static void an_offset_counts_in_the_zone_of_the_point(void **state)
{
    (void)state;
    expect_moved("2030-02-28T18:30:45+05:30", "P1D", 0, "2030-03-01T18:30:45+05:30");
    expect_moved("20300131T0030+0100", "P1M", 0, "20300228T0030+0100");
    expect_moved("2030-12-30", "P1W", 0, "2031-01-06");
    expect_moved("2030-W01-1", "-P1D", 0, "2029-W52-7");
}

static void signs_of_a_duration_multiply(void **state)
{
    (void)state;
    expect_moved("20320131T0600Z", "--P1D", 0, "20320201T0600Z");
    expect_moved("20320131T0600Z", "-PT90M", 0, "20320131T0430Z");
}

static void a_fraction_is_kept(void **state)
{
    (void)state;
    expect_moved("20300101T06.25Z", "PT15M", 0, "20300101T06.5Z");
    expect_moved("2030-01-01T00:00:00,5Z", "PT0.5S", 0, "2030-01-01T00:00:01,0Z");
    expect_moved("2030-01-01T00:00:00,5Z", "-PT0.75S", 0, "2029-12-31T23:59:59,75Z");
    expect_moved("2030-01-01T00:30,5", "PT1M", 0, "2030-01-01T00:31,5");
}

static void what_is_no_point_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",           "foo",      "203", "20300230", "20300101T25", "T06",   "2030T",
        "2030/02/28", "2030-2-8", "now", "^",        "20300101T1Z", "+2030", "20300101T00+1"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct stamp stamp;
        struct shape shape;
        struct error error = {0};
        assert_int_equal(stamp_parse(texts[i], 0, &stamp, &shape, &error), -EINVAL);
        assert_true(*error.text);
    }
}

static void what_is_no_duration_is_refused(void **state)
{
    (void)state;
    struct stamp stamp;
    struct shape shape;
    struct error error = {0};
    assert_int_equal(stamp_parse("0000", 0, &stamp, &shape, &error), 0);
    assert_int_equal(stamp_add_text(&stamp, "+P1D", &error), -EINVAL);
    assert_int_equal(stamp_add_text(&stamp, "bananas", &error), -EINVAL);
    assert_int_equal(stamp_add_text(&stamp, "6", &error), -EINVAL);
    cycle_point before = stamp.point;
    assert_int_equal(stamp_add_text(&stamp, "-P1D", &error), -ERANGE);
    assert_int_equal(stamp.point, before);
}

static void expect_template(const char *point, const char *format, const char *expected)
{
    struct stamp stamp;
    struct shape shape;
    struct error error = {0};
    struct text text = {0};
    assert_int_equal(stamp_parse(point, 0, &stamp, &shape, &error), 0);
    int code = stamp_write_template(&stamp, format, &text, &error);
    assert_int_equal(code, expected ? 0 : -EINVAL);
    if (expected)
        assert_string_equal(text_string(&text), expected);
    text_release(&text);
}

static void a_template_places_the_parts(void **state)
{
    (void)state;
    expect_template("20300228T1830Z", "foo-CCYY-MM-DD-Thh.nc", "foo-2030-02-28-T18.nc");
    expect_template("20300228T1830Z", "CCYYWwwD", "2030W094");
    expect_template("20300228T1830Z", "hhmm", "1830");
    expect_template("20300228T1830Z", "CCYYDDD", "2030059");
    expect_template("20300228T1830Z", "plain", "plain");
    expect_template("2030-08", "CCYYMMDDThh", "20300801T00");
    expect_template("20300228T1830Z", "%Y%j%%%H%M%S", "2030059%183000");
    expect_template("19700101T0100Z", "%s", "3600");
    expect_template("20300228T1830Z", "%Q", NULL);
}

static void a_zone_in_a_template_converts(void **state)
{
    (void)state;
    expect_template("20300228T1830+02", "CCYYMMDDThhmmZ", "20300228T1630Z");
    expect_template("20300228T1830Z", "CCYYMMDDThh+0100", "20300228T19+0100");
    expect_template("20300228T1830Z", "CCYYMMDDThhmm+hhmm", "20300228T1830+0000");
    expect_template("20300228T1830-03", "CCYYMMDDThhmm+hh:mm", "20300228T1830-03:00");
}

static void points_compare_as_instants(void **state)
{
    (void)state;
    struct stamp a, b;
    struct shape shape;
    struct error error = {0};
    assert_int_equal(stamp_parse("20300228T1830Z", 0, &a, &shape, &error), 0);
    assert_int_equal(stamp_parse("20300228T1930+0100", 0, &b, &shape, &error), 0);
    assert_int_equal(stamp_compare(&a, &b), 0);
    assert_int_equal(stamp_add_text(&b, "PT0.5S", &error), 0);
    assert_int_equal(stamp_compare(&a, &b), -1);
    assert_int_equal(stamp_compare(&b, &a), 1);
    assert_int_equal(stamp_add_text(&a, "P1D", &error), 0);
    assert_int_equal(stamp_compare(&a, &b), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_point_is_written_as_it_came),
        cmocka_unit_test(an_offset_counts_in_the_zone_of_the_point),
        cmocka_unit_test(signs_of_a_duration_multiply),
        cmocka_unit_test(a_fraction_is_kept),
        cmocka_unit_test(what_is_no_point_is_refused),
        cmocka_unit_test(what_is_no_duration_is_refused),
        cmocka_unit_test(a_template_places_the_parts),
        cmocka_unit_test(a_zone_in_a_template_converts),
        cmocka_unit_test(points_compare_as_instants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Date-time cycling: calendars, forms of points, formats, zones, the present time, ranges. */
#include "base/error.h"
#include "scheduler/cycling/calendar.h"
#include "scheduler/cycling/cycling.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const enum calendar calendars[] = {CALENDAR_GREGORIAN, CALENDAR_360DAY, CALENDAR_365DAY,
                                          CALENDAR_366DAY};
enum { CALENDARS = sizeof calendars / sizeof calendars[0] };

static struct cycling *create(enum calendar calendar, const char *zone, const char *format,
                              int expanded)
{
    struct error error = {0};
    struct cycling *cycling = cycling_create(
        &(struct cycling_options){
            .mode = CYCLING_DATETIME,
            .calendar = calendar,
            .time_zone = zone,
            .year_digits_expanded = expanded,
            .format = format,
        },
        &error);
    if (!cycling)
        print_error("%s\n", error.text);
    assert_non_null(cycling);
    return cycling;
}

static uint64_t random_state = 7;

static uint64_t random_number(void)
{
    random_state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = random_state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Days one after another, counted by hand. */
static void each_day_of_a_calendar_follows_the_day_before(void **state)
{
    (void)state;
    for (int c = 0; c < CALENDARS; c++) {
        struct date date = {1580, 1, 1};
        int64_t days = calendar_days(calendars[c], date);
        int weekday = calendar_weekday(calendars[c], days);
        int ordinal = 1;
        while (date.year < 2030) {
            const struct date found = calendar_date(calendars[c], days);
            assert_true(found.year == date.year && found.month == date.month &&
                        found.day == date.day);
            assert_true(calendar_days(calendars[c], date) == days);
            assert_int_equal(calendar_weekday(calendars[c], days), weekday);
            assert_int_equal(calendar_ordinal(calendars[c], date), ordinal);
            days++;
            ordinal++;
            weekday = weekday % DAYS_A_WEEK + 1;
            if (++date.day > calendar_month_length(calendars[c], date.year, date.month)) {
                date.day = 1;
                if (++date.month > MONTHS_A_YEAR) {
                    assert_int_equal(ordinal - 1, calendar_year_length(calendars[c], date.year));
                    date.month = ordinal = 1;
                    date.year++;
                }
            }
        }
    }
}

static void known_days_are_where_they_belong(void **state)
{
    (void)state;
    const enum calendar gregorian = CALENDAR_GREGORIAN;
    assert_true(calendar_days(gregorian, (struct date){1970, 1, 1}) == 0);
    assert_true(calendar_days(gregorian, (struct date){2026, 1, 1}) == 20454);
    assert_true(calendar_days(gregorian, (struct date){1, 1, 1}) == -719162);
    assert_int_equal(calendar_weekday(gregorian, 0), 4); /* a Thursday */
    assert_int_equal(calendar_weeks(gregorian, 2004), 53);
    assert_int_equal(calendar_weeks(gregorian, 2003), 52);
    assert_false(calendar_is_leap(gregorian, 1900));
    assert_true(calendar_is_leap(gregorian, 2000));
    assert_true(calendar_is_leap(gregorian, -4));
    assert_int_equal(calendar_month_length(CALENDAR_360DAY, 2001, 2), 30);
}

static void a_week_date_leads_back_to_its_day(void **state)
{
    (void)state;
    for (int c = 0; c < CALENDARS; c++) {
        for (int64_t days = -200000; days < 200000; days += 97) {
            const struct week_date week = calendar_week_date(calendars[c], days);
            assert_true(week.week >= 1 && week.week <= calendar_weeks(calendars[c], week.year));
            assert_true(calendar_week_one(calendars[c], week.year) + (week.week - 1) * DAYS_A_WEEK +
                            week.weekday - 1 ==
                        days);
        }
    }
}

static void months_are_added_one_by_one(void **state)
{
    (void)state;
    for (int i = 0; i < 2000; i++) {
        const enum calendar calendar = calendars[random_number() % CALENDARS];
        struct date date = calendar_date(calendar, (int64_t)(random_number() % 200000));
        const int64_t months = (int64_t)(random_number() % 400) - 200;
        const struct date found = calendar_add_months(calendar, date, months);
        for (int64_t m = 0; m != months; m += months < 0 ? -1 : 1) {
            date.month += months < 0 ? -1 : 1;
            if (date.month < 1 || date.month > MONTHS_A_YEAR) {
                date.year += date.month < 1 ? -1 : 1;
                date.month = date.month < 1 ? MONTHS_A_YEAR : 1;
            }
            const int length = calendar_month_length(calendar, date.year, date.month);
            date.day = date.day > length ? length : date.day;
        }
        assert_true(found.year == date.year && found.month == date.month && found.day == date.day);
    }
}

static void points_are_read_in_every_form(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "20260105T0630Z",   "2026-01-05T06:30Z",      "2026-01-05T06:30:00Z",
        "20260105T063000Z", "2026005T0630Z",          "2026-005T06:30Z",
        "2026W021T0630Z",   "2026-W02-1T06:30Z",      "20260105T0630",
        "20260105T0730+01", "20260105T1200+0530",     "2026-01-05T01:30-05:00",
        "20260105T06,5Z",   "20260105T0629.99999999", "20260104T2430",
    };
    struct cycling *cycling = create(CALENDAR_GREGORIAN, NULL, NULL, 0);
    struct error error;
    char text[POINT_TEXT_MAX];
    cycle_point point;

    for (size_t i = 0; i + 2 < sizeof forms / sizeof forms[0]; i++) {
        assert_int_equal(point_parse(cycling, forms[i], &point, &error), 0);
        assert_true(point == 1767594600);
        assert_string_equal(point_format(cycling, point, text), "20260105T0630Z");
    }
    assert_int_equal(point_parse(cycling, "20260105T0629.99999999", &point, &error), 0);
    assert_true(point == 1767594600 - 60); /* below the resolution */
    assert_true(point_parse(cycling, "20260104T2430", &point, &error) < 0);
    assert_int_equal(point_parse(cycling, "20260104T24", &point, &error), 0);
    assert_string_equal(point_format(cycling, point, text), "20260105T0000Z");
    cycling_destroy(cycling);
}

static void what_is_no_point_is_refused_and_named(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "T",
        "T00",
        "-0101",
        "now",
        "^",
        "2000 ",
        "2003/04/05",
        "20030431",
        "2003-13",
        "2003W53",
        "2003-366",
        "20030405T25",
        "2003T06Z",
        "2003-04-05T0607",
        "20030405T06:07",
        "+002000",
        "20030405T06+01:00",
        "20030405T06+24",
        "20030405T06+0160",
        "2026010112",
        "20260101T00ZZ",
        "20260101T00.Z",
        "20260101T00.1234567890Z",
        "P1D",
        "20260101T-30Z",
    };
    struct cycling *cycling = create(CALENDAR_GREGORIAN, NULL, NULL, 0);
    struct error error;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cycle_point point = 77;
        if (point_parse(cycling, bad[i], &point, &error) == 0)
            print_error("%s\n", bad[i]);
        assert_true(error.code < 0 && point == 77);
        assert_non_null(strstr(error.text, bad[i]));
        error.code = 0;
    }
    cycling_destroy(cycling);
}

static void what_a_format_writes_can_be_read_again(void **state)
{
    (void)state;
    static const char *const formats[] = {
        "",
        "CCYYMMDD",
        "CCYYMMDDThh",
        "CCYY-MM-DDThh:mmZ",
        "CCYY",
        "CCYYMM",
        "%Y%m%dT%H%M%SZ",
        "%Y-%m-%dT%H:%M",
        "%Y%j",
        "CCYYDDDThhmm+hhmm",
        "CCYYWwwDThhmm",
        "CCYY-Www-DThh:mm+hh:mm",
        "CCYYWww",
        "%s",
        "YYMMDDThh",
        "CCYYMMDDThhmm+05",
        "CC",
    };
    static const char *const zones[] = {"Z", "+0530", "-08", "+01:00"};
    struct error error;

    for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++) {
        for (size_t z = 0; z < sizeof zones / sizeof zones[0]; z++) {
            struct cycling *cycling =
                create(calendars[(f + z) % CALENDARS], zones[z], formats[f], 0);
            for (int i = 0; i < 200; i++) {
                cycle_point point = (cycle_point)(random_number() % 2000000000);
                cycle_point again;
                char text[POINT_TEXT_MAX];
                point = point_add(cycling, point, &(struct interval){.seconds = 0}, 1);
                point_format(cycling, point, text);
                if (point_parse(cycling, text, &again, &error) != 0 || again != point)
                    print_error("%s %s: %s\n", formats[f], zones[z], text);
                assert_true(again == point);
            }
            cycling_destroy(cycling);
        }
    }
}

/* Week years end on other days than years, and two digits tell a hundred years apart. */
static void points_a_format_cannot_write_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"CCYYWwwD", "9999-12-31", NULL}, /* a Friday: week 52 */
        {"CCYYWwwD", "0000-01-02", "0000-01-03"},
        {"YYMMDD", "1968-12-31", "1969-01-01"},
        {"YYMMDD", "2069-01-01", "2068-12-31"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cycling *cycling = create(CALENDAR_GREGORIAN, NULL, cases[i][0], 0);
        struct error error = {0};
        char text[POINT_TEXT_MAX];
        cycle_point point, again;
        const bool refused = point_parse(cycling, cases[i][1], &point, &error) < 0;
        assert_int_equal(refused, cases[i][2] != NULL);
        assert_true(!refused || strstr(error.text, "outside the years"));
        assert_int_equal(point_parse(cycling, cases[i][refused ? 2 : 1], &point, &error), 0);
        point_format(cycling, point, text);
        assert_int_equal(point_parse(cycling, text, &again, &error), 0);
        assert_true(point == again);
        cycling_destroy(cycling);
    }
}

static void formats_and_options_that_cannot_be_used_are_refused(void **state)
{
    (void)state;
    static const struct cycling_options bad[] = {
        {.mode = CYCLING_DATETIME, .format = "MMDD"},
        {.mode = CYCLING_DATETIME, .format = "hello"},
        {.mode = CYCLING_DATETIME, .format = "%Q"},
        {.mode = CYCLING_DATETIME, .format = "Thh"},
        {.mode = CYCLING_DATETIME, .format = "CCYYMMDD", .year_digits_expanded = 2},
        {.mode = CYCLING_DATETIME, .format = "CCYY-----------------------------------------------"},
        {.mode = CYCLING_DATETIME, .format = "%s%s%s%s"},
        {.mode = CYCLING_DATETIME, .year_digits_expanded = 7},
        {.mode = CYCLING_DATETIME, .year_digits_expanded = -1},
        {.mode = CYCLING_DATETIME, .time_zone = "CET"},
        {.mode = CYCLING_DATETIME, .time_zone = "+25"},
        {.mode = CYCLING_DATETIME, .utc_offset_minutes = 24 * 60},
        {.mode = CYCLING_DATETIME, .format = "CCYYMMDDThh+hh", .time_zone = "+0530"},
        {.mode = CYCLING_DATETIME, .format = "CCYYMMD"},
        {.mode = CYCLING_DATETIME, .format = "CCYYDD"},
        {.mode = CYCLING_DATETIME, .format = "CCYYMMThh"},
        {.mode = CYCLING_DATETIME, .format = "CCYYMMDDmm"},
        {.mode = CYCLING_DATETIME, .format = "CCYYMMDDThhss"},
        {.mode = CYCLING_DATETIME, .format = "CCYYMMwwD"},
        {.mode = CYCLING_DATETIME, .format = "CCYYMMDDDDD"},
        {.mode = CYCLING_DATETIME, .format = "CCYYYY"},
        {.mode = CYCLING_DATETIME, .format = "CCYYMMDDMM"},
        {.mode = CYCLING_DATETIME, .format = "YYCC"},
        {.mode = CYCLING_DATETIME, .format = "CCMM"},
        {.mode = CYCLING_DATETIME, .format = "%s%H"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct error error = {0};
        assert_null(cycling_create(&bad[i], &error));
        assert_true(error.code < 0 && *error.text);
    }
    cycling_destroy(NULL);
}

static void a_zone_given_as_a_number_is_written_short(void **state)
{
    (void)state;
    static const struct {
        int minutes;
        const char *text;
    } zones[] = {{0, "20260101T0000Z"}, {60, "20260101T0100+01"}, {-570, "20251231T1430-0930"}};
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        struct error error;
        char text[POINT_TEXT_MAX];
        struct cycling *cycling =
            cycling_create(&(struct cycling_options){.mode = CYCLING_DATETIME,
                                                     .utc_offset_minutes = zones[i].minutes},
                           &error);
        assert_string_equal(point_format(cycling, INT64_C(20454) * 86400, text), zones[i].text);
        cycling_destroy(cycling);
    }
}

static void initial_points_may_depend_on_now(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"now", "20180314T1512Z"},
        {"P1D", "20180315T1512Z"},
        {"-PT6H", "20180314T0912Z"},
        {"+P1D-PT6H", "20180315T0912Z"},
        {"T06", "20180315T0600Z"},
        {"next(T00)", "20180315T0000Z"},
        {"next(T-00) + PT1H", "20180314T1700Z"},
        {"next(T-00;T-15;T-30;T-45)", "20180314T1515Z"},
        {"previous(T-00;T-15;T-30;T-45)", "20180314T1500Z"},
        {"previous(T00)-P1D", "20180313T0000Z"},
        {"previous(---14)", "20180314T0000Z"},
        {"next(---14)", "20180414T0000Z"},
        {"next(-18)", "21180101T0000Z"},
        {"previous(-18)", "20180101T0000Z"},
        {"next(--02-29)", "20200229T0000Z"},
        {"20260101T00", "20260101T0000Z"},
        {"next(T25)", NULL},
        {"next()", NULL},
        {"next(T00", NULL},
        {"next(T00)P1D", NULL},
        {"next(2000)", NULL},
        {"01T00", NULL},
        {"tomorrow", NULL},
        {"", NULL},
        {"P99999Y", NULL},
    };
    const int64_t now = 1521040349; /* 2018-03-14T15:12:29Z */
    struct cycling *cycling = create(CALENDAR_GREGORIAN, NULL, NULL, 0);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error error = {0};
        char text[POINT_TEXT_MAX] = "";
        cycle_point point = 77;
        const int code = point_parse_initial(cycling, cases[i][0], now, &point, &error);
        if ((code == 0) != (cases[i][1] != NULL))
            print_error("%s: %s\n", cases[i][0], error.text);
        assert_int_equal(code == 0, cases[i][1] != NULL);
        if (code == 0) {
            point_format(cycling, point, text);
            if (strcmp(text, cases[i][1]) != 0)
                print_error("%s\n", cases[i][0]);
            assert_string_equal(text, cases[i][1]);
        } else {
            assert_true(point == 77);
        }
    }
    cycling_destroy(cycling);
}

static void now_is_the_same_date_in_another_calendar(void **state)
{
    (void)state;
    struct cycling *cycling = create(CALENDAR_360DAY, NULL, NULL, 0);
    struct error error;
    char text[POINT_TEXT_MAX];
    cycle_point point;
    /* 2018-01-31T12:00Z, which that calendar does not have. */
    assert_int_equal(point_parse_initial(cycling, "now", 1517400000, &point, &error), 0);
    assert_string_equal(point_format(cycling, point, text), "20180130T1200Z");
    assert_true(point_parse_initial(cycling, "next(T00)", 1517400000, &point, &error) < 0);
    cycling_destroy(cycling);
}

static void final_points_may_depend_on_the_initial_one(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"+P1M+P1D", "20000301T0600Z"},
        {"T00", "20000201T0000Z"},
        {"31T00", "20000331T0000Z"},
        {"min(T00,T12)", "20000131T1200Z"},
        {"20000201+P1D", "20000202T0000Z"},
        {"", NULL},
        {"min()", NULL},
        {"min(T00,)", NULL},
        {"+P9999Y", NULL},
        {"12", NULL},
    };
    struct cycling *cycling = create(CALENDAR_GREGORIAN, NULL, NULL, 0);
    cycle_point initial;
    struct error error;

    assert_int_equal(point_parse(cycling, "20000131T06", &initial, &error), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[POINT_TEXT_MAX];
        cycle_point point;
        const int code = point_parse_final(cycling, cases[i][0], initial, &point, &error);
        assert_int_equal(code == 0, cases[i][1] != NULL);
        if (code == 0)
            assert_string_equal(point_format(cycling, point, text), cases[i][1]);
    }
    cycling_destroy(cycling);
}

static void one_constraint_of_the_list_is_enough(void **state)
{
    (void)state;
    struct cycling *cycling = create(CALENDAR_GREGORIAN, NULL, NULL, 0);
    struct error error;
    cycle_point point;
    bool meets;

    assert_int_equal(point_parse(cycling, "20000131T06", &point, &error), 0);
    assert_int_equal(point_meets(cycling, point, "T00, T06", &meets, &error), 0);
    assert_true(meets);
    assert_int_equal(point_meets(cycling, point, "T00,01T06", &meets, &error), 0);
    assert_false(meets);
    assert_true(point_meets(cycling, point, "T00,,T06", &meets, &error) < 0);
    assert_true(point_meets(cycling, point, "T99", &meets, &error) < 0);
    cycling_destroy(cycling);
}

static void points_beyond_the_years_that_can_be_written_are_no_points(void **state)
{
    (void)state;
    static const struct interval steps[] = {
        {.seconds = INT64_MAX}, {.weeks = INT64_MAX / 2}, {.days = INT64_MAX / 86400},
        {.months = INT64_MAX},  {.years = INT64_MAX},     {.years = 1, .months = INT64_MAX / 12},
        {.years = 20000},       {.months = 240000},       {.minutes = INT64_MAX / 61},
    };
    for (int expanded = 0; expanded <= 6; expanded += 2) {
        struct cycling *cycling = create(CALENDAR_GREGORIAN, NULL, NULL, expanded);
        for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
            if (expanded > 0 && steps[i].years + steps[i].months <= 240000)
                continue;
            assert_true(point_add(cycling, 0, &steps[i], 1) == POINT_NONE);
            assert_true(point_add(cycling, 0, &steps[i], -1) == POINT_NONE);
            assert_true(point_add(cycling, 0, &steps[i], INT64_MAX) == POINT_NONE);
            assert_true(point_add(cycling, 0, &steps[i], INT64_MIN) == POINT_NONE);
        }
        cycling_destroy(cycling);
    }
    struct cycling *cycling = create(CALENDAR_GREGORIAN, NULL, NULL, 0);
    struct error error;
    cycle_point point;
    assert_int_equal(point_parse(cycling, "9999-12-31T23:59Z", &point, &error), 0);
    assert_true(point_add(cycling, point, &(struct interval){.minutes = 1}, 1) == POINT_NONE);
    assert_true(point_add(cycling, point, &(struct interval){.months = 1}, 1) == POINT_NONE);
    assert_true(point_parse(cycling, "9999-12-31T23:59-01:00", &point, &error) < 0);
    cycling_destroy(cycling);
}

static void expanded_years_have_a_sign_and_all_their_digits(void **state)
{
    (void)state;
    struct cycling *cycling = create(CALENDAR_GREGORIAN, NULL, NULL, 2);
    struct error error;
    char text[POINT_TEXT_MAX];
    cycle_point point;

    assert_int_equal(point_parse(cycling, "-000001-12-31T00Z", &point, &error), 0);
    point = point_add(cycling, point, &(struct interval){.days = 1}, 1);
    assert_string_equal(point_format(cycling, point, text), "+0000000101T0000Z");
    assert_true(point_parse(cycling, "-00001-12-31T00Z", &point, &error) < 0);
    assert_int_equal(point_parse(cycling, "+9999991231T2359Z", &point, &error), 0);
    assert_true(point_add(cycling, point, &(struct interval){.minutes = 1}, 1) == POINT_NONE);
    assert_int_equal(point_parse(cycling, "-9999990101T0000Z", &point, &error), 0);
    assert_true(point_add(cycling, point, &(struct interval){.minutes = 1}, -1) == POINT_NONE);
    cycling_destroy(cycling);
}

static void points_that_are_none_are_written_as_words(void **state)
{
    (void)state;
    struct cycling *cycling = create(CALENDAR_GREGORIAN, NULL, NULL, 0);
    char text[POINT_TEXT_MAX];
    assert_string_equal(point_format(cycling, POINT_NONE, text), "none");
    assert_string_equal(point_format(cycling, POINT_MAX, text), "unlimited");
    assert_int_equal(cycling_mode(cycling), CYCLING_DATETIME);
    cycling_destroy(cycling);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_day_of_a_calendar_follows_the_day_before),
        cmocka_unit_test(known_days_are_where_they_belong),
        cmocka_unit_test(a_week_date_leads_back_to_its_day),
        cmocka_unit_test(months_are_added_one_by_one),
        cmocka_unit_test(points_are_read_in_every_form),
        cmocka_unit_test(what_is_no_point_is_refused_and_named),
        cmocka_unit_test(what_a_format_writes_can_be_read_again),
        cmocka_unit_test(points_a_format_cannot_write_are_refused),
        cmocka_unit_test(formats_and_options_that_cannot_be_used_are_refused),
        cmocka_unit_test(a_zone_given_as_a_number_is_written_short),
        cmocka_unit_test(initial_points_may_depend_on_now),
        cmocka_unit_test(now_is_the_same_date_in_another_calendar),
        cmocka_unit_test(final_points_may_depend_on_the_initial_one),
        cmocka_unit_test(one_constraint_of_the_list_is_enough),
        cmocka_unit_test(points_beyond_the_years_that_can_be_written_are_no_points),
        cmocka_unit_test(expanded_years_have_a_sign_and_all_their_digits),
        cmocka_unit_test(points_that_are_none_are_written_as_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

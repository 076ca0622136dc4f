/* Offsets of the graph, both ways. */
#include "base/error.h"
#include "scheduler/cycling/cycling.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { DAY = 86400, CHILDREN_MAX = 6000 };

static struct cycling *create(enum cycling_mode mode, enum calendar calendar, const char *format)
{
    struct error error;
    struct cycling *cycling = cycling_create(
        &(struct cycling_options){.mode = mode, .calendar = calendar, .format = format}, &error);
    assert_non_null(cycling);
    return cycling;
}

static cycle_point point_of(const struct cycling *cycling, const char *text)
{
    struct error error;
    cycle_point point;
    assert_int_equal(point_parse(cycling, text, &point, &error), 0);
    return point;
}

static void an_offset_leads_to_the_parent(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"-P1D", "20000228T0600Z"},
        {"+P1M-P1D", "20000328T0600Z"},
        {"-PT6H-PT6H", "20000228T1800Z"},
        {"P1D", "20000301T0600Z"},
        {"+P1D +P1D", "20000302T0600Z"},
        {"", "20000229T0600Z"},
        {"-P0D", "20000229T0600Z"},
        {"^", "20000101T0000Z"},
        {"^+P1D", "20000102T0000Z"},
        {"$", "20001231T0000Z"},
        {"$-PT6H", "20001230T1800Z"},
        {"2005", "20050101T0000Z"},
        {"20050101T00+P1D", "20050102T0000Z"},
        {"T12", "20000229T1200Z"},
        {"T06", "20000229T0600Z"},
        {"T00", "20000301T0000Z"},
        {"T06-P1D", "20000228T0600Z"},
        {"T00-P1M", "20000201T0000Z"},
        {"01T00", "20000301T0000Z"},
        {"---01-P1D", "20000229T0600Z"},
        {"-W-3", "20000301T0600Z"},
        {"-001T00", "20010101T0000Z"},
        {"--0229T00", "20040229T0000Z"},
        {"T-30", "20000229T0630Z"},
        {"T-00+PT1H", "20000229T0700Z"},
        {"T06Z+P1D-PT6H", "20000301T0000Z"},
        {"T06+01-PT6H", "20000229T2300Z"},
        {"^T06", "20000101T0600Z"},
        {"^T06+P1D", "20000102T0600Z"},
        {"$T06", "20001231T0600Z"},
    };
    struct cycling *cycling = create(CYCLING_DATETIME, CALENDAR_GREGORIAN, NULL);
    const cycle_point initial = point_of(cycling, "2000"), final = point_of(cycling, "20001231");
    const cycle_point child = point_of(cycling, "20000229T06");

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error error;
        struct offset offset;
        char text[POINT_TEXT_MAX];
        assert_int_equal(offset_parse(cycling, cases[i][0], initial, final, &offset, &error), 0);
        assert_string_equal(point_format(cycling, offset_apply(cycling, &offset, child), text),
                            cases[i][1]);
    }
    cycling_destroy(cycling);
}

static void integer_offsets_are_one_interval_or_a_point(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t parent;
    } cases[] = {{"-P5", -2}, {"+P2", 5}, {"+P0", 3}, {"7", 7},    {"-2", -2},
                 {"", 3},     {"^", 1},   {"$", 10},  {"^+P1", 2}, {"$-P1", 9}};
    static const char *const bad[] = {"+P1-P3", "P1", "x", "-P1D", "^x"};
    struct cycling *cycling = create(CYCLING_INTEGER, CALENDAR_GREGORIAN, NULL);
    struct offset offset;
    struct error error;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(offset_parse(cycling, cases[i].text, 1, 10, &offset, &error), 0);
        assert_true(offset_apply(cycling, &offset, 3) == cases[i].parent);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_true(offset_parse(cycling, bad[i], 1, 10, &offset, &error) < 0);
    cycling_destroy(cycling);
}

static void offsets_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"garbage",
                                      "--P1D",
                                      "P1D-",
                                      "T06-P1D-",
                                      "+P1X",
                                      "T25",
                                      "$",
                                      "^P1D x",
                                      "T12Z-P1D+",
                                      "20",
                                      "+P1D+P1D+P1D+P1D+P1D+P1D+P1D+P1D+P1D"};
    struct cycling *cycling = create(CYCLING_DATETIME, CALENDAR_GREGORIAN, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct offset offset = {.n = 77};
        struct error error = {0};
        assert_true(offset_parse(cycling, bad[i], 0, POINT_MAX, &offset, &error) < 0);
        assert_int_equal(offset.n, 77);
        assert_true(*error.text);
    }
    cycling_destroy(cycling);
}

static void equal_offsets_are_equal_in_all_their_parts(void **state)
{
    (void)state;
    static const char *const texts[] = {"",       "-P1D",   "-P1M",  "-P1D-PT6H", "-PT6H-P1D",
                                        "^",      "^+P1D",  "-P1Y",  "+P1D",      "-PT24H",
                                        "-PT24M", "-PT24S", "-P1W",  "T06",       "T06-P1D",
                                        "T07",    "T0630",  "01T06", "-W-1T06",   "T06Z"};
    enum { N = sizeof texts / sizeof texts[0] };
    struct cycling *cycling = create(CYCLING_DATETIME, CALENDAR_GREGORIAN, NULL);
    struct offset offsets[N];
    struct error error;

    for (size_t i = 0; i < N; i++)
        assert_int_equal(offset_parse(cycling, texts[i], 0, POINT_MAX, &offsets[i], &error), 0);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++)
            assert_int_equal(offset_equal(&offsets[i], &offsets[j]), i == j);
    assert_int_equal(offset_parse(cycling, "- P1D", 0, POINT_MAX, &offsets[0], &error), 0);
    assert_true(offset_equal(&offsets[0], &offsets[1]));
    assert_true(offset_hash(&offsets[0]) == offset_hash(&offsets[1]));
    assert_true(offset_hash(&offsets[1]) != offset_hash(&offsets[2]));
    cycling_destroy(cycling);
}

/* The children on a sequence that begins long before. */
static size_t children_of(const struct cycling *cycling, const struct offset *offset,
                          const char *recurrence, cycle_point parent, cycle_point *points)
{
    struct error error;
    struct offset_children children;
    size_t n = 0;
    struct sequence *sequence = sequence_create(cycling, recurrence, point_of(cycling, "1990"),
                                                point_of(cycling, "2060"), &error);
    assert_non_null(sequence);
    offset_children_begin(&children, cycling, offset, sequence, parent);
    while ((points[n] = offset_children_next(&children)) != POINT_NONE)
        assert_true(++n < CHILDREN_MAX);
    sequence_destroy(sequence);
    return n;
}

static size_t invert_on(const struct cycling *cycling, const char *text, const char *recurrence,
                        const char *parent, cycle_point *children)
{
    struct offset offset;
    struct error error;
    assert_int_equal(offset_parse(cycling, text, 0, POINT_MAX, &offset, &error), 0);
    return children_of(cycling, &offset, recurrence, point_of(cycling, parent), children);
}

static size_t invert(const struct cycling *cycling, const char *text, const char *parent,
                     cycle_point *children)
{
    return invert_on(cycling, text, "P1D", parent, children);
}

static void months_have_no_child_or_one_or_several(void **state)
{
    (void)state;
    struct cycling *cycling = create(CYCLING_DATETIME, CALENDAR_GREGORIAN, NULL);
    cycle_point children[CHILDREN_MAX];

    /* From January 28th to 31st, one month on is February 28th. */
    assert_int_equal(invert(cycling, "+P1M", "20260228", children), 4);
    assert_true(children[0] == point_of(cycling, "20260128"));
    assert_true(children[3] == point_of(cycling, "20260131"));
    assert_int_equal(invert(cycling, "+P1M", "20260331", children), 0);
    assert_int_equal(invert(cycling, "+P1M", "20260315", children), 1);
    assert_true(children[0] == point_of(cycling, "20260215"));
    assert_int_equal(invert(cycling, "-P1Y", "20230228", children), 2);
    assert_true(children[1] == point_of(cycling, "20240229"));
    assert_int_equal(invert(cycling, "-P1Y", "20240229", children), 0);
    assert_int_equal(invert(cycling, "-P1D", "20240229", children), 1);
    assert_int_equal(invert(cycling, "", "20240229", children), 1);

    struct offset offset;
    struct error error;
    assert_int_equal(offset_parse(cycling, "+P1M", 0, POINT_MAX, &offset, &error), 0);
    assert_int_equal(children_of(cycling, &offset, "P1D", POINT_NONE, children), 0);
    assert_int_equal(children_of(cycling, &offset, "P1D", POINT_MAX, children), 0);
    assert_int_equal(
        children_of(cycling, &offset, "R/19900104T00/P7D", point_of(cycling, "20260228"), children),
        1);
    cycling_destroy(cycling);
}

/* All days of some years are tried as children. */
static void check_all(const struct cycling *cycling, const struct offset *offset,
                      cycle_point parent, cycle_point unit)
{
    cycle_point found[CHILDREN_MAX];
    const size_t n = children_of(cycling, offset, unit == DAY ? "T06" : "PT6H", parent, found);
    size_t expected = 0;

    for (cycle_point child = parent - 900 * DAY; child <= parent + 900 * DAY; child += unit) {
        const cycle_point written = point_add(cycling, child, &(struct interval){0}, 1);
        if (written != child || offset_apply(cycling, offset, child) != parent)
            continue;
        if (offset->has_truncated && expected == n)
            fail_msg("child %lld is not found", (long long)child);
        assert_true(expected < n);
        assert_true(found[expected++] == child);
    }
    assert_int_equal(n, expected);
}

static void inverting_finds_all_children_and_no_others(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "-P1M",     "+P1M",         "-P1Y",     "+P1Y",      "-P2M",        "+P13M",     "-P1M1D",
        "+P1M-P1D", "-P1M+P1D",     "+P1M+P1M", "-P1Y2M3D",  "+P1Y2M3DT6H", "-P30D",     "-P6M",
        "+P6M-P6M", "-P1M-P1M-P1M", "+P1MT12H", "-P1D",      "T06",         "T06-P1D",   "T12+P1M",
        "01T06",    "15T06-P1M",    "-W-3T06",  "T00-P1M",   "T18-P1M+P1D", "---30T06",  "---10",
        "-W-2",     "--02",         "-W10-P1D", "---30+P1D", "--0228",      "T-00-PT6H",
    };
    static const enum calendar calendars[] = {CALENDAR_GREGORIAN, CALENDAR_360DAY, CALENDAR_365DAY,
                                              CALENDAR_366DAY};
    for (size_t c = 0; c < 4; c++) {
        struct cycling *cycling = create(CYCLING_DATETIME, calendars[c], NULL);
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
            struct offset offset;
            struct error error;
            assert_int_equal(offset_parse(cycling, texts[i], 0, POINT_MAX, &offset, &error), 0);
            const bool has_hours = strpbrk(texts[i], "HW") || texts[i][0] == 'T';
            const cycle_point from = point_of(cycling, "20231220T06");
            for (int day = 0; day < 110; day += offset.has_truncated ? 19 : 1)
                check_all(cycling, &offset, from + day * DAY, has_hours ? DAY / 4 : DAY);
        }
        cycling_destroy(cycling);
    }
}

static void a_truncated_point_leads_many_children_to_one_parent(void **state)
{
    (void)state;
    struct cycling *cycling = create(CYCLING_DATETIME, CALENDAR_GREGORIAN, NULL);
    cycle_point children[CHILDREN_MAX];

    assert_int_equal(invert_on(cycling, "T00", "PT1H", "20240301", children), 24);
    assert_true(children[0] == point_of(cycling, "20240229T01"));
    assert_true(children[23] == point_of(cycling, "20240301"));
    assert_int_equal(invert_on(cycling, "T00", "PT1H", "20240301T01", children), 0);
    assert_int_equal(invert_on(cycling, "T06-P1D", "P1D", "20240229T06", children), 1);
    assert_true(children[0] == point_of(cycling, "20240301"));
    assert_int_equal(invert_on(cycling, "01T00", "P1D", "20240301", children), 29);
    assert_int_equal(invert_on(cycling, "01T00-P1M", "P1M", "20240301", children), 1);
    assert_true(children[0] == point_of(cycling, "20240401"));
    assert_int_equal(invert_on(cycling, "--0229T00", "P1Y", "20040229", children), 4);
    assert_true(children[0] == point_of(cycling, "20010101"));
    /* The hour is kept. */
    assert_int_equal(invert_on(cycling, "-W-1", "PT6H", "20240304T06", children), 7);
    assert_true(children[0] == point_of(cycling, "20240227T06"));
    cycling_destroy(cycling);
}

static void how_far_an_offset_leads_ahead(void **state)
{
    (void)state;
    static const struct {
        const char *text, *ahead;
    } cases[] = {{"+P1M", "P1M"},           {"-P1D", "P0Y"},  {"", "P0Y"},
                 {"+P1D-PT6H", "PT64800S"}, {"T06", "P1D"},   {"T06-P1D", "P0Y"},
                 {"T06+P1M", "P1M1D"},      {"^+P1D", "P0Y"}, {"--01-P1D", "P1Y"}};
    struct cycling *cycling = create(CYCLING_DATETIME, CALENDAR_GREGORIAN, NULL);
    const cycle_point from = point_of(cycling, "20240101");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct offset offset;
        struct error error;
        struct interval ahead;
        char text[POINT_TEXT_MAX];
        assert_int_equal(offset_parse(cycling, cases[i].text, from, POINT_MAX, &offset, &error), 0);
        const int64_t distance = offset_ahead(cycling, &offset, from, &ahead);
        assert_string_equal(interval_format(cycling, &ahead, text), cases[i].ahead);
        assert_int_equal(distance > 0, !interval_is_null(&ahead));
    }
    cycling_destroy(cycling);
}

static void an_offset_from_the_initial_point_can_be_moved(void **state)
{
    (void)state;
    struct cycling *cycling = create(CYCLING_DATETIME, CALENDAR_GREGORIAN, NULL);
    const cycle_point initial = point_of(cycling, "20240131"),
                      other = point_of(cycling, "20240215");
    struct offset offset;
    struct error error;

    assert_int_equal(offset_parse(cycling, "^+P1M", initial, POINT_MAX, &offset, &error), 0);
    assert_true(offset.point == point_of(cycling, "20240229"));
    assert_true(offset_from_initial(cycling, &offset, other) == point_of(cycling, "20240315"));
    cycling_destroy(cycling);
}

static void a_point_format_without_minutes_or_days_is_inverted_too(void **state)
{
    (void)state;
    struct cycling *minutes = create(CYCLING_DATETIME, CALENDAR_GREGORIAN, NULL);
    struct cycling *days = create(CYCLING_DATETIME, CALENDAR_GREGORIAN, "CCYYMMDD");
    struct cycling *months = create(CYCLING_DATETIME, CALENDAR_GREGORIAN, "CCYYMM");
    cycle_point children[CHILDREN_MAX];

    assert_int_equal(invert_on(minutes, "+PT45S", "PT1M", "20260101T0100", children), 1);
    assert_true(children[0] == point_of(minutes, "20260101T0100"));
    assert_int_equal(invert_on(minutes, "-PT45S", "PT1M", "20260101T0100", children), 1);
    assert_true(children[0] == point_of(minutes, "20260101T0101"));
    assert_int_equal(invert(days, "-P1D", "20260101", children), 1);
    assert_true(children[0] == point_of(days, "20260102"));
    assert_int_equal(invert(days, "-PT12H", "20260101", children), 1);
    assert_true(children[0] == point_of(days, "20260102"));
    assert_int_equal(invert_on(months, "+P30D", "P1M", "202603", children), 2);
    assert_true(children[0] == point_of(months, "202602"));
    assert_true(children[1] == point_of(months, "202603"));
    cycling_destroy(minutes);
    cycling_destroy(days);
    cycling_destroy(months);
}

static void offsets_out_of_range_have_no_parent_and_no_child(void **state)
{
    (void)state;
    struct cycling *cycling = create(CYCLING_DATETIME, CALENDAR_GREGORIAN, NULL);
    cycle_point children[CHILDREN_MAX];
    struct offset offset;
    struct error error;

    assert_int_equal(offset_parse(cycling, "+P9000Y", 0, POINT_MAX, &offset, &error), 0);
    assert_true(offset_apply(cycling, &offset, point_of(cycling, "2026")) == POINT_NONE);
    assert_true(offset_apply(cycling, &offset, POINT_NONE) == POINT_NONE);
    assert_int_equal(invert(cycling, "+P9000Y", "2026", children), 0);
    assert_int_equal(invert(cycling, "-P9000Y", "2026", children), 0);
    assert_int_equal(invert(cycling, "-P9999999D", "2026", children), 0);
    cycling_destroy(cycling);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offset_leads_to_the_parent),
        cmocka_unit_test(integer_offsets_are_one_interval_or_a_point),
        cmocka_unit_test(offsets_that_cannot_be_are_refused),
        cmocka_unit_test(equal_offsets_are_equal_in_all_their_parts),
        cmocka_unit_test(months_have_no_child_or_one_or_several),
        cmocka_unit_test(inverting_finds_all_children_and_no_others),
        cmocka_unit_test(a_truncated_point_leads_many_children_to_one_parent),
        cmocka_unit_test(how_far_an_offset_leads_ahead),
        cmocka_unit_test(an_offset_from_the_initial_point_can_be_moved),
        cmocka_unit_test(a_point_format_without_minutes_or_days_is_inverted_too),
        cmocka_unit_test(offsets_out_of_range_have_no_parent_and_no_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

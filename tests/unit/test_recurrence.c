/* Recurrences of date-time cycling: by example, against a slow enumeration, and far away. */
#include "base/error.h"
#include "base/vec.h"
#include "scheduler/cycling/cycling.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { LIST_MAX = 512, TEXT_MAX = 256, SHOWN = 5, DAY = 86400 };

static struct cycling *create(enum calendar calendar, const char *zone, const char *format)
{
    struct error error;
    struct cycling *cycling = cycling_create(
        &(struct cycling_options){
            .mode = CYCLING_DATETIME, .calendar = calendar, .time_zone = zone, .format = format},
        &error);
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

static void list(const struct cycling *cycling, const char *recurrence, const char *initial,
                 const char *final, char *result)
{
    struct error error = {0};
    char text[POINT_TEXT_MAX];
    struct sequence *sequence =
        sequence_create(cycling, recurrence, point_of(cycling, initial),
                        final ? point_of(cycling, final) : POINT_MAX, &error);
    int n = 0;

    strcpy(result, sequence ? "" : "error");
    if (!sequence)
        assert_non_null(strstr(error.text, recurrence));
    cycle_point point = sequence ? sequence_first(sequence, POINT_NONE) : POINT_NONE;
    for (; point != POINT_NONE && n < SHOWN; point = sequence_next(sequence, point), n++)
        snprintf(result + strlen(result), LIST_MAX - strlen(result), "%s%s", n ? " " : "",
                 point_format(cycling, point, text));
    sequence_destroy(sequence);
}

struct example {
    const char *recurrence, *initial, *final, *points;
};

static void check(const struct cycling *cycling, const struct example *examples, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char found[LIST_MAX];
        list(cycling, examples[i].recurrence, examples[i].initial, examples[i].final, found);
        if (strcmp(found, examples[i].points) != 0)
            print_error("%s from %s\n", examples[i].recurrence, examples[i].initial);
        assert_string_equal(found, examples[i].points);
    }
}

static void recurrences_have_the_points_of_the_manual(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"R1", "20260101T00", NULL, "20260101T00"},
        {"R1/$", "20260101T00", "20260301T00", "20260301T00"},
        {"R1/T06", "20260101T12", NULL, "20260102T06"},
        {"R1/min(T00,T12)", "20260101T06", NULL, "20260101T12"},
        {"P1D", "20260101T06", "20260103T06", "20260101T06 20260102T06 20260103T06"},
        {"T00", "20260101T06", "20260103T06", "20260102T00 20260103T00"},
        {"01T00", "20260115T00", "20260301T00", "20260201T00 20260301T00"},
        {"W-1T06", "20260101T00", "20260113T00", "20260105T06 20260112T06"},
        {"-W-1T06!20260105T06", "20260101T00", "20260113T00", "20260112T06"},
        {"R2/^+PT6H/P1D", "20260101T00", NULL, "20260101T06 20260102T06"},
        {"R3/P1D", "20260101T00", "20260110T00", "20260108T00 20260109T00 20260110T00"},
        {"PT12H/$", "20260101T00", "20260101T18", "20260101T06 20260101T18"},
        {"R3/20260101/20260103", "20260101T00", NULL, "20260101T00 20260103T00 20260105T00"},
        {"PT6H!T06", "20260101T00", "20260102T00",
         "20260101T00 20260101T12 20260101T18 20260102T00"},
        {"PT6H!(T06,20260101T12)", "20260101T00", "20260102T00",
         "20260101T00 20260101T18 20260102T00"},
        {"P1M", "20260131T00", "20260601T00",
         "20260131T00 20260228T00 20260328T00 20260428T00 20260528T00"},
        {"PT0S", "20260101T00", NULL, "20260101T00"},
        {"R4//P1D!R1//-P1D", "20260101T00", NULL, "20260101T00 20260102T00 20260104T00"},
        {"R4/^+P1D/P1D!P2D", "20260101T00", "20270101T00", "20260103T00 20260105T00"},
        {"P1D!P1D", "20260101T00", NULL, ""},
        {"P1M!P1M", "20260101T00", NULL, ""},
        {"PT6H!(T00,T06,T12,T18)", "20260101T00", NULL, ""},
        {"2026/P1D", "20270101T00", "20270102T00", "20270101T00 20270102T00"},
        {"R3/2025/P1D", "20260101T00", NULL, ""},
        {"2027/P1D", "20260101T00", "20260110T00", ""},
    };
    struct cycling *cycling = create(CALENDAR_GREGORIAN, NULL, "CCYYMMDDThh");
    check(cycling, examples, sizeof examples / sizeof examples[0]);
    cycling_destroy(cycling);
}

static void what_is_no_recurrence_is_refused_and_named(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "R",
        "R//",
        "R2",
        "R0//P1D",
        "2000",
        "+P1D",
        "$",
        "T25",
        "12",
        "P1D/P1D",
        "R1/P1D/P1D",
        "R1///P1D",
        "R/2000",
        "R-1//P1D",
        "Rn//P1D",
        "next(T00)",
        "P1H",
        "P1.5D",
        "P1D-P1D",
        "P-1D",
        "R/-P1D",
        "32T00",
        "P1D!",
        "P1D!()",
        "P1D!(T00",
        "P1D!T00)",
        "P1D!T00!T06",
        "P1D!(T00,)",
        "P1D!P1H",
        "!T00",
        "R1/min()",
        "R//20000105",
        "R2/20260105/20260101",
        "R/P1D",
        "R1/P1D",
        "P1D/-P1D",
        "R99999999999999999999//P1D",
        "R100000000/P1D/20260101",
        "R100000/P1M/20260101",
    };
    struct cycling *cycling = create(CALENDAR_GREGORIAN, NULL, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char found[LIST_MAX];
        list(cycling, bad[i], "20260101T00", NULL, found);
        if (strcmp(found, "error") != 0)
            print_error("%s\n", bad[i]);
        assert_string_equal(found, "error");
    }
    char longer[1000] = "P1D!(";
    memset(longer + 5, '1', sizeof longer - 6);
    struct error error;
    assert_null(sequence_create(cycling, longer, 0, POINT_MAX, &error));
    sequence_destroy(NULL);
    cycling_destroy(cycling);
}

static void points_which_the_format_cannot_tell_apart_are_refused(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"T12", "2026", "2027", "error"},
        {"PT6H", "2026", "2027", "error"},
        {"P1D", "2026", "20260102", "20260101 20260102"},
        {"R3/^/P1M", "2026", "2027", "20260101 20260201 20260301"},
    };
    struct cycling *days = create(CALENDAR_GREGORIAN, NULL, "CCYYMMDD");
    struct cycling *minutes = create(CALENDAR_GREGORIAN, NULL, NULL);
    check(days, examples, sizeof examples / sizeof examples[0]);
    check(minutes, &(struct example){"PT90S", "2026", NULL, "error"}, 1);
    cycling_destroy(days);
    cycling_destroy(minutes);
}

/* The model: all points, one after the other, by point_add. */

static uint64_t random_state = 42;

static int64_t random_up_to(int64_t n)
{
    random_state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = random_state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (int64_t)((z ^ (z >> 31)) % (uint64_t)n);
}

typedef VEC(cycle_point) point_list;

static bool has(const point_list *points, cycle_point point)
{
    VEC_EACH (cycle_point, at, points)
        if (*at == point)
            return true;
    return false;
}

static void enumerate(const struct cycling *cycling, cycle_point start, const char *interval_text,
                      int64_t count, cycle_point lowest, cycle_point highest, point_list *points)
{
    struct interval interval;
    struct error error;
    assert_int_equal(interval_parse(cycling, interval_text, &interval, &error), 0);
    for (int64_t i = 0; i < count && start != POINT_NONE && start <= highest; i++) {
        if (start >= lowest)
            *vec_push(points) = start;
        start = point_add(cycling, start, &interval, 1);
    }
}

static const char *const intervals[] = {
    "PT6H", "P1D",   "P3D", "P5W",   "PT17H",     "P1M",   "P2M",     "P6M", "P13M",
    "P1Y",  "P1Y2M", "P4Y", "P1M1D", "P1M20DT3H", "P1Y1D", "P2MT12H", "P7D",
};
enum { INTERVALS = sizeof intervals / sizeof intervals[0] };

struct trial {
    char text[TEXT_MAX];
    cycle_point initial, final;
    point_list points;
};

/* Goes back from the end, as recurrences which are given by their end do. */
static cycle_point go_back(const struct cycling *cycling, cycle_point end, const char *text,
                           int64_t count, cycle_point until, int64_t *ret_count)
{
    struct interval interval;
    struct error error;
    int64_t n = 1;
    assert_int_equal(interval_parse(cycling, text, &interval, &error), 0);
    for (; n < count && end > until; n++)
        end = point_add(cycling, end, &interval, -1);
    *ret_count = n;
    return end;
}

static void add_regular(const struct cycling *cycling, struct trial *trial, cycle_point *ret_start,
                        cycle_point *ret_end)
{
    const char *interval = intervals[random_up_to(INTERVALS)];
    int64_t count = 2 + random_up_to(40);
    cycle_point start = trial->initial + (random_up_to(1500) - 1000) * DAY / 2;
    char text[POINT_TEXT_MAX];

    switch (random_up_to(5)) {
    case 0:
        snprintf(trial->text, TEXT_MAX, "%s", interval);
        start = trial->initial;
        count = INT64_MAX;
        break;
    case 1:
        snprintf(trial->text, TEXT_MAX, "%s/%s", point_format(cycling, start, text), interval);
        count = INT64_MAX;
        break;
    case 2:
        snprintf(trial->text, TEXT_MAX, "R%d/%s/%s", (int)count, point_format(cycling, start, text),
                 interval);
        break;
    case 3:
        snprintf(trial->text, TEXT_MAX, "R%d/%s/$", (int)count, interval);
        start = go_back(cycling, trial->final, interval, count, INT64_MIN, &count);
        break;
    default:
        snprintf(trial->text, TEXT_MAX, "%s/$", interval);
        start = go_back(cycling, trial->final, interval, INT64_MAX, trial->initial, &count);
        break;
    }
    enumerate(cycling, start, interval, count, trial->initial, trial->final, &trial->points);
    *ret_start = start;
    *ret_end = trial->final;
    if (count != INT64_MAX) {
        point_list all = {0};
        enumerate(cycling, start, interval, count, INT64_MIN + 1, POINT_MAX - 1, &all);
        *ret_end = *vec_last(&all);
        vec_release(&all);
    }
}

/* Excludes a point of the sequence and a sequence which begins where it does. */
static void add_exclusions(const struct cycling *cycling, struct trial *trial, cycle_point start,
                           cycle_point end)
{
    const char *interval = intervals[random_up_to(INTERVALS)];
    point_list excluded = {0}, left = {0};
    char text[POINT_TEXT_MAX];
    cycle_point one = trial->initial;

    if (trial->points.n > 0)
        one = trial->points.at[random_up_to((int64_t)trial->points.n)];
    snprintf(trial->text + strlen(trial->text), TEXT_MAX - strlen(trial->text), "!(%s, %s)",
             point_format(cycling, one, text), interval);
    enumerate(cycling, start, interval, INT64_MAX, INT64_MIN + 1,
              end < trial->final ? end : trial->final, &excluded);
    VEC_EACH (cycle_point, point, &trial->points)
        if (*point != one && !has(&excluded, *point))
            *vec_push(&left) = *point;
    vec_release(&excluded);
    vec_release(&trial->points);
    trial->points.at = left.at;
    trial->points.n = left.n;
    trial->points.capacity = left.capacity;
}

static void check_at(const struct sequence *sequence, const struct trial *trial, cycle_point at)
{
    cycle_point first = POINT_NONE, next = POINT_NONE, previous = POINT_NONE;

    VEC_EACH (cycle_point, point, &trial->points) {
        if (*point >= at && first == POINT_NONE)
            first = *point;
        if (*point > at && next == POINT_NONE)
            next = *point;
        if (*point < at)
            previous = *point;
    }
    const bool right = sequence_first(sequence, at) == first &&
                       sequence_next(sequence, at) == next &&
                       sequence_previous(sequence, at) == previous &&
                       sequence_contains(sequence, at) == has(&trial->points, at);
    if (!right)
        print_error("%s from %lld to %lld at %lld\n", trial->text, (long long)trial->initial,
                    (long long)trial->final, (long long)at);
    assert_true(right);
}

static void check_trial(const struct cycling *cycling, const struct trial *trial)
{
    struct error error = {0};
    struct sequence *sequence =
        sequence_create(cycling, trial->text, trial->initial, trial->final, &error);
    if (!sequence)
        print_error("%s\n", error.text);
    assert_non_null(sequence);
    const size_t stride = 1 + trial->points.n / 60;
    for (size_t i = 0; i < trial->points.n; i += stride)
        for (int64_t around = -1; around <= 1; around++)
            check_at(sequence, trial, trial->points.at[i] + around);
    for (int i = 0; i < 10; i++)
        check_at(sequence, trial,
                 trial->initial + random_up_to(trial->final - trial->initial + 10));
    check_at(sequence, trial, trial->initial - 1);
    check_at(sequence, trial, trial->final + 1);
    sequence_destroy(sequence);
}

static void every_question_agrees_with_an_enumeration(void **state)
{
    (void)state;
    static const char *const zones[] = {"Z", "+0530", "-08"};
    for (int i = 0; i < 1500; i++) {
        struct cycling *cycling =
            create((enum calendar)random_up_to(4), zones[random_up_to(3)], NULL);
        struct trial trial = {0};
        cycle_point start, end;
        trial.initial = point_of(cycling, "1995") + random_up_to(4000) * DAY;
        /* Ends of months matter most. */
        if (i % 2)
            trial.initial = point_of(cycling, "20000130T06") + random_up_to(2) * DAY - DAY;
        trial.final = trial.initial + (1 + random_up_to(2500)) * DAY;
        add_regular(cycling, &trial, &start, &end);
        if (i % 3 == 0 && trial.points.n < 1000)
            add_exclusions(cycling, &trial, start, end);
        check_trial(cycling, &trial);
        vec_release(&trial.points);
        cycling_destroy(cycling);
    }
}

/* None of these would end if points were counted from the start. */
static void far_points_are_found_at_once(void **state)
{
    (void)state;
    static const struct {
        const char *recurrence, *from, *next, *previous;
    } cases[] = {
        {"PT1M", "99991231T235830", "99991231T235900", "99991231T235800"},
        {"PT1S", "99991231T235830", "99991231T235831", "99991231T235829"},
        {"PT1S!PT2S", "99991231T235830", "99991231T235831", "99991231T235829"},
        {"P1M", "98760615T00", "98760701T000000", "98760601T000000"},
        {"P1M1D", "98760615T00", "98760709T000000", "98760608T000000"},
        {"29T00!P1Y", "98760615T00", "98760628T000000", "98760528T000000"},
    };
    struct cycling *cycling = create(CALENDAR_GREGORIAN, NULL, "CCYYMMDDThhmmss");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error error = {0};
        char text[POINT_TEXT_MAX];
        struct sequence *sequence = sequence_create(cycling, cases[i].recurrence,
                                                    point_of(cycling, "0001"), POINT_MAX, &error);
        assert_non_null(sequence);
        const cycle_point from = point_of(cycling, cases[i].from);
        for (int n = 0; n < 10000; n++)
            assert_true(sequence_next(sequence, from) != POINT_NONE);
        assert_string_equal(point_format(cycling, sequence_next(sequence, from), text),
                            cases[i].next);
        assert_string_equal(point_format(cycling, sequence_previous(sequence, from), text),
                            cases[i].previous);
        assert_true(sequence_next(sequence, point_of(cycling, "99991231T235959")) == POINT_NONE);
        assert_true(sequence_next(sequence, POINT_MAX) == POINT_NONE);
        if (strcmp(cases[i].recurrence, "PT1S") == 0)
            assert_true(sequence_previous(sequence, POINT_MAX) ==
                        point_of(cycling, "99991231T235959"));
        assert_true(sequence_previous(sequence, POINT_NONE) == POINT_NONE);
        sequence_destroy(sequence);
    }
    cycling_destroy(cycling);
}

static void a_sequence_is_walked_back_as_it_is_walked_on(void **state)
{
    (void)state;
    static const char *const recurrences[] = {"P1M",        "31T00", "P1M1D",    "P6M",
                                              "PT7H!PT14H", "P4Y",   "P1Y3M10D", "P1D!01T06"};
    struct cycling *cycling = create(CALENDAR_GREGORIAN, NULL, NULL);
    for (size_t i = 0; i < sizeof recurrences / sizeof recurrences[0]; i++) {
        struct error error;
        struct sequence *sequence = sequence_create(
            cycling, recurrences[i], point_of(cycling, "18960229T06"), POINT_MAX, &error);
        assert_non_null(sequence);
        cycle_point point = sequence_first(sequence, POINT_NONE);
        for (int n = 0; n < 1500; n++) {
            const cycle_point next = sequence_next(sequence, point);
            assert_true(next > point);
            assert_true(sequence_previous(sequence, next) == point);
            assert_true(sequence_contains(sequence, next));
            assert_true(sequence_first(sequence, point + 1) == next);
            point = next;
        }
        sequence_destroy(sequence);
    }
    cycling_destroy(cycling);
}

/* Years and more digits of them than anybody needs: still no long search. */
static void sequences_of_a_thousand_million_years_are_answered_at_once(void **state)
{
    (void)state;
    static const char *const recurrences[] = {
        "P1M1D", "P1M", "P1Y1D", "R/P2M/+5000000000-01-31", "R9000000000/P1M/+5000000000-01-31",
        "PT1M"};
    struct error error;
    struct cycling *cycling = cycling_create(
        &(struct cycling_options){.mode = CYCLING_DATETIME, .year_digits_expanded = 6}, &error);
    for (size_t i = 0; i < sizeof recurrences / sizeof *recurrences; i++) {
        struct sequence *sequence = sequence_create(
            cycling, recurrences[i], point_of(cycling, "-9999999999-01-01T00Z"), POINT_MAX, &error);
        if (!sequence)
            print_error("%s: %s\n", recurrences[i], error.text);
        assert_non_null(sequence);
        const cycle_point first = sequence_first(sequence, POINT_NONE + 1);
        const cycle_point last = sequence_previous(sequence, POINT_MAX);
        assert_true(first != POINT_NONE && last > first);
        assert_true(sequence_next(sequence, last) == POINT_NONE);
        assert_true(sequence_previous(sequence, first) == POINT_NONE);
        const cycle_point point = sequence_first(sequence, first + (last - first) / 3);
        assert_true(sequence_previous(sequence, sequence_next(sequence, point)) == point);
        assert_true(sequence_contains(sequence, point));
        sequence_destroy(sequence);
    }
    cycling_destroy(cycling);
}

/* P1M1D has no formula: it ends at the limit of its table, beyond all four-digit years. */
static void a_mixed_sequence_ends_at_its_limit(void **state)
{
    (void)state;
    struct error error;
    struct cycling *cycling = cycling_create(
        &(struct cycling_options){.mode = CYCLING_DATETIME, .year_digits_expanded = 2}, &error);
    struct sequence *sequence = sequence_create(
        cycling, "P1M1D", point_of(cycling, "+000000-01-01T00Z"), POINT_MAX, &error);
    const cycle_point last = sequence_previous(sequence, POINT_MAX);
    assert_true(last > point_of(cycling, "+009999-12-31T23Z"));
    assert_true(sequence_first(sequence, point_of(cycling, "+120000-01-01T00Z")) == POINT_NONE);
    sequence_destroy(sequence);
    assert_null(sequence_create(cycling, "R/P1M1D/+500000-01-01T00Z", 0, POINT_MAX, &error));
    assert_non_null(strstr(error.text, "begins before the range"));
    cycling_destroy(cycling);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recurrences_have_the_points_of_the_manual),
        cmocka_unit_test(what_is_no_recurrence_is_refused_and_named),
        cmocka_unit_test(points_which_the_format_cannot_tell_apart_are_refused),
        cmocka_unit_test(every_question_agrees_with_an_enumeration),
        cmocka_unit_test(far_points_are_found_at_once),
        cmocka_unit_test(a_sequence_is_walked_back_as_it_is_walked_on),
        cmocka_unit_test(sequences_of_a_thousand_million_years_are_answered_at_once),
        cmocka_unit_test(a_mixed_sequence_ends_at_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

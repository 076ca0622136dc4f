/* Integer cycling: points, recurrences and exclusions by example, and against an enumeration. */
#include "base/error.h"
#include "scheduler/cycling/cycling.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { LIST_MAX = 512 };

static struct cycling *integers(void)
{
    struct error error;
    struct cycling *cycling =
        cycling_create(&(struct cycling_options){.mode = CYCLING_INTEGER}, &error);
    assert_non_null(cycling);
    return cycling;
}

/* The first points of a recurrence as text; "error" if it is refused. */
static void list(const char *recurrence, cycle_point initial, cycle_point final, char *result)
{
    struct cycling *cycling = integers();
    struct error error;
    struct sequence *sequence = sequence_create(cycling, recurrence, initial, final, &error);
    int n = 0;

    strcpy(result, sequence ? "" : "error");
    cycle_point point = sequence ? sequence_first(sequence, initial) : POINT_NONE;
    for (; point != POINT_NONE && n < 8; point = sequence_next(sequence, point), n++)
        snprintf(result + strlen(result), LIST_MAX - strlen(result), "%s%lld", n ? " " : "",
                 (long long)point);
    sequence_destroy(sequence);
    cycling_destroy(cycling);
}

static void points_are_read_and_written_in_normal_form(void **state)
{
    (void)state;
    static const char *const good[][2] = {
        {"5", "5"}, {"007", "7"}, {"-3", "-3"}, {"+4", "4"}, {"-0", "0"}};
    static const char *const bad[] = {"",
                                      "+",
                                      "-",
                                      "1e3",
                                      "P1",
                                      "0x10",
                                      "+-1",
                                      "5 ",
                                      "1_000",
                                      "20000101T00Z",
                                      "99999999999999999999"};
    struct cycling *cycling = integers();
    struct error error;
    char text[POINT_TEXT_MAX];
    cycle_point point;

    assert_int_equal(cycling_mode(cycling), CYCLING_INTEGER);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(point_parse(cycling, good[i][0], &point, &error), 0);
        assert_string_equal(point_format(cycling, point, text), good[i][1]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        point = 77;
        assert_true(point_parse(cycling, bad[i], &point, &error) < 0);
        assert_int_equal(point, 77);
    }
    cycling_destroy(cycling);
}

static void recurrences_have_the_points_of_the_manual(void **state)
{
    (void)state;
    static const struct {
        const char *recurrence, *points;
    } cases[] = {
        {"R1", "1"},
        {"P1", "1 2 3 4 5 6 7 8"},
        {"P3", "1 4 7 10"},
        {"P3!7", "1 4 10"},
        {"P1!(2,4,6)", "1 3 5 7 8 9 10"},
        {"P1!P2", "2 4 6 8 10"},
        {"P1!(P2, 4)", "2 6 8 10"},
        {"R3/2/P5", "2 7"},
        {"R3/^/P2", "1 3 5"},
        {"R3/P2/$", "6 8 10"},
        {"R3/P2", "6 8 10"},
        {"P4/$", "2 6 10"},
        {"+P1/P2", "2 4 6 8 10"},
        {"-P2/P3", "2 5 8"},
        {"5/P3", "5 8"},
        {"R1/+P3", "4"},
        {"R1//-P2", "8"},
        {"R1/$", "10"},
        {"R3/1/9", "1 5 9"},
        {"R1/2/8", "2"},
        {"R4/1/9", "error"},
        {"R/1/9", "error"},
        {"R0//P1", "error"},
        {"P", "error"},
        {"P1D", "error"},
        {"T00", "error"},
        {"5", "error"},
        {"R2/3", "error"},
        {"P1!", "error"},
        {"P1!()", "error"},
        {"P1!(2", "error"},
        {"P1!2)", "error"},
        {"P1!3!4", "error"},
        {"P1!foo", "error"},
        {"!P1", "error"},
        {"", "error"},
        {"20/P1", ""},
        {"P1!P1", ""},
        {"R1!1", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char found[LIST_MAX];
        list(cases[i].recurrence, 1, 10, found);
        if (strcmp(found, cases[i].points) != 0)
            print_error("%s\n", cases[i].recurrence);
        assert_string_equal(found, cases[i].points);
    }
}

static void a_final_point_that_is_not_set_cannot_be_referred_to(void **state)
{
    (void)state;
    static const char *const refused[] = {"R1/$", "P3/$", "R3/P2", "P3/-P1", "P2/9"};
    char found[LIST_MAX];
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        list(refused[i], 1, POINT_MAX, found);
        assert_string_equal(found, "error");
    }
    list("P2!P4", 1, POINT_MAX, found);
    assert_string_equal(found, "3 7 11 15 19 23 27 31");
}

static void errors_name_the_recurrence_and_what_is_wrong(void **state)
{
    (void)state;
    struct cycling *cycling = integers();
    struct error error;

    assert_null(sequence_create(cycling, "R2/1/P1D", 1, 10, &error));
    assert_int_equal(error.code, -EINVAL);
    assert_non_null(strstr(error.text, "R2/1/P1D"));
    assert_non_null(strstr(error.text, "'P1D'"));
    cycling_destroy(cycling);
}

static void a_sequence_that_is_excluded_as_a_whole_ends_at_once(void **state)
{
    (void)state;
    static const char *const wholly[] = {"P1!P1", "P4!P2", "P1!(P2,2/P2)", "P6!(P4,P3)",
                                         "P1!(P3,2/P3,3/P3)"};
    struct cycling *cycling = integers();
    struct error error;
    for (size_t i = 0; i < sizeof wholly / sizeof wholly[0]; i++) {
        struct sequence *sequence = sequence_create(cycling, wholly[i], 1, POINT_MAX, &error);
        assert_non_null(sequence);
        assert_true(sequence_first(sequence, 1) == POINT_NONE);
        assert_true(sequence_previous(sequence, 1000000000000) == POINT_NONE);
        sequence_destroy(sequence);
    }
    cycling_destroy(cycling);
}

static void a_long_exclusion_is_passed_over(void **state)
{
    (void)state;
    struct cycling *cycling = integers();
    struct error error;
    struct sequence *sequence =
        sequence_create(cycling, "P1!R1000000000/5/P1", 1, POINT_MAX, &error);

    assert_non_null(sequence);
    assert_true(sequence_next(sequence, 4) == 1000000005);
    assert_true(sequence_previous(sequence, 1000000005) == 4);
    assert_false(sequence_contains(sequence, 999999999));
    sequence_destroy(sequence);
    cycling_destroy(cycling);
}

static void points_beyond_the_range_are_no_points(void **state)
{
    (void)state;
    struct cycling *cycling = integers();
    struct error error;
    const struct interval big = {.count = INT64_MAX / 2};
    const struct interval one = {.count = 1};
    cycle_point highest;

    assert_int_equal(point_parse(cycling, "1000000000000000000", &highest, &error), 0);
    assert_true(point_add(cycling, 5, &big, 1) == POINT_NONE);
    assert_true(point_add(cycling, 5, &big, 4) == POINT_NONE);
    assert_true(point_add(cycling, 5, &big, -4) == POINT_NONE);
    assert_true(point_add(cycling, highest, &one, 1) == POINT_NONE);
    assert_true(point_add(cycling, POINT_NONE, &one, 1) == POINT_NONE);
    assert_true(point_add(cycling, POINT_MAX, &one, 1) == POINT_MAX);

    struct sequence *sequence =
        sequence_create(cycling, "P700000000000000000", 1, POINT_MAX, &error);
    assert_true(sequence_next(sequence, 1) == 700000000000000001);
    assert_true(sequence_next(sequence, 700000000000000001) == POINT_NONE);
    assert_true(sequence_next(sequence, POINT_MAX) == POINT_NONE);
    assert_true(sequence_previous(sequence, POINT_MAX) == 700000000000000001);
    assert_true(sequence_first(sequence, POINT_NONE) == 1);
    assert_false(sequence_contains(sequence, POINT_NONE));
    assert_false(sequence_contains(sequence, POINT_MAX));
    sequence_destroy(sequence);
    cycling_destroy(cycling);
}

static void initial_and_final_points_are_read(void **state)
{
    (void)state;
    struct cycling *cycling = integers();
    struct error error;
    cycle_point point;

    assert_int_equal(point_parse_initial(cycling, " 3 ", 0, &point, &error), 0);
    assert_true(point == 3);
    assert_true(point_parse_initial(cycling, "-3", 0, &point, &error) < 0);
    assert_true(point_parse_initial(cycling, "now", 0, &point, &error) < 0);
    assert_int_equal(point_parse_final(cycling, "+P5", 3, &point, &error), 0);
    assert_true(point == 8);
    assert_int_equal(point_parse_final(cycling, "7", 3, &point, &error), 0);
    assert_true(point == 7);
    assert_true(point_parse_final(cycling, "P5", 3, &point, &error) < 0);
    assert_true(point_parse_final(cycling, "", 3, &point, &error) < 0);
    assert_true(point_parse_final(cycling, "+P999999999999999999999", 3, &point, &error) < 0);
    cycling_destroy(cycling);
}

/* A slow, obvious model: membership by trying all indices. */
static uint64_t random_state = 20260101;

static int64_t random_up_to(int64_t n)
{
    random_state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = random_state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (int64_t)((z ^ (z >> 31)) % (uint64_t)n);
}

enum { HOLES = 3 };

struct progression {
    int64_t start, step, count;
};

struct model {
    struct progression regular;
    int64_t initial, final;
    int64_t hole;                    /* an excluded point */
    struct progression holes[HOLES]; /* excluded sequences */
};

static bool on(const struct progression *progression, int64_t point)
{
    for (int64_t i = 0; i < progression->count; i++)
        if (progression->start + i * progression->step == point)
            return true;
    return false;
}

static bool model_contains(const struct model *model, int64_t point)
{
    bool contains = point >= model->initial && point <= model->final &&
                    on(&model->regular, point) && point != model->hole;
    for (int i = 0; i < HOLES; i++)
        contains = contains && !on(&model->holes[i], point);
    return contains;
}

static cycle_point model_search(const struct model *model, int64_t from, int direction)
{
    for (int64_t p = from; p >= model->initial && p <= model->final; p += direction)
        if (model_contains(model, p))
            return p;
    return POINT_NONE;
}

static void check_against_model(const struct cycling *cycling, const struct model *model)
{
    struct error error;
    char text[256];
    int n = snprintf(text, sizeof text, "R%lld/%lld/P%lld!(%lld", (long long)model->regular.count,
                     (long long)model->regular.start, (long long)model->regular.step,
                     (long long)model->hole);
    for (int i = 0; i < HOLES; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, ",R%lld/%lld/P%lld",
                      (long long)model->holes[i].count, (long long)model->holes[i].start,
                      (long long)model->holes[i].step);
    snprintf(text + n, sizeof text - (size_t)n, ")");
    struct sequence *sequence =
        sequence_create(cycling, text, model->initial, model->final, &error);
    assert_non_null(sequence);
    assert_string_equal(sequence_text(sequence), text);
    for (int64_t p = model->initial; p <= model->final; p++) {
        const bool right = sequence_contains(sequence, p) == model_contains(model, p) &&
                           sequence_first(sequence, p) == model_search(model, p, 1) &&
                           sequence_next(sequence, p) == model_search(model, p + 1, 1) &&
                           sequence_previous(sequence, p) == model_search(model, p - 1, -1);
        if (!right)
            print_error("%s from %lld to %lld, at %lld\n", text, (long long)model->initial,
                        (long long)model->final, (long long)p);
        assert_true(right);
    }
    sequence_destroy(sequence);
}

static void every_question_agrees_with_an_enumeration(void **state)
{
    (void)state;
    struct cycling *cycling = integers();
    for (int i = 0; i < 3000; i++) {
        struct model model = {.initial = random_up_to(20)};
        model.final = model.initial + random_up_to(60);
        model.regular.start = random_up_to(60) - 20;
        model.regular.step = 1 + random_up_to(i % 2 ? 6 : 2);
        model.regular.count = 2 + random_up_to(60);
        model.hole = random_up_to(50);
        for (int h = 0; h < HOLES; h++) {
            model.holes[h].start = random_up_to(60) - 10;
            model.holes[h].step = 1 + random_up_to(i % 2 ? 6 : 3);
            model.holes[h].count = 1 + random_up_to(40);
        }
        check_against_model(cycling, &model);
    }
    cycling_destroy(cycling);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_are_read_and_written_in_normal_form),
        cmocka_unit_test(recurrences_have_the_points_of_the_manual),
        cmocka_unit_test(a_final_point_that_is_not_set_cannot_be_referred_to),
        cmocka_unit_test(errors_name_the_recurrence_and_what_is_wrong),
        cmocka_unit_test(a_sequence_that_is_excluded_as_a_whole_ends_at_once),
        cmocka_unit_test(a_long_exclusion_is_passed_over),
        cmocka_unit_test(points_beyond_the_range_are_no_points),
        cmocka_unit_test(initial_and_final_points_are_read),
        cmocka_unit_test(every_question_agrees_with_an_enumeration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Bad input never aborts: the texts of the recorded cases, mutilated at random, go through every
 * function that reads text, in all calendars. What they give back must be usable or an error. */
#include "base/error.h"
#include "scheduler/cycling/cycling.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CORPUS ROUSE_SOURCE_DIR "/tests/conformance/language/"

enum { TEXT_MAX = 256, MODES = 6 };

static uint64_t random_state = 99;

static size_t random_up_to(size_t n)
{
    random_state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = random_state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (size_t)((z ^ (z >> 31)) % n);
}

static void mutilate(char *text)
{
    static const char alphabet[] = "0123456789TPRWZYMDHS/-+!(),:.^$; m";
    for (size_t i = 1 + random_up_to(3); i > 0; i--) {
        const size_t n = strlen(text);
        const size_t at = random_up_to(n + 1);
        const char letter = alphabet[random_up_to(sizeof alphabet - 1)];
        switch (random_up_to(4)) {
        case 0: /* insert */
            if (n + 1 < TEXT_MAX) {
                memmove(text + at + 1, text + at, n - at + 1);
                text[at] = letter;
            }
            break;
        case 1: /* delete */
            if (at < n)
                memmove(text + at, text + at + 1, n - at);
            break;
        case 2: /* replace */
            if (at < n)
                text[at] = letter;
            break;
        default: /* repeat the beginning */
            if (n + at + 1 < TEXT_MAX) {
                memmove(text + at, text, n + 1);
            }
            break;
        }
    }
}

static void use_point(const struct cycling *cycling, cycle_point point)
{
    char text[POINT_TEXT_MAX];
    struct error error;
    cycle_point again;
    point_format(cycling, point, text);
    assert_int_equal(point_parse(cycling, text, &again, &error), 0);
    assert_true(again == point);
}

static void use_offset(const struct cycling *cycling, const struct offset *offset,
                       cycle_point point)
{
    struct offset_children children;
    struct error error;
    const cycle_point parent = offset_apply(cycling, offset, point);
    if (offset->kind == OFFSET_ABSOLUTE || parent == POINT_NONE)
        return;
    struct sequence *sequence = sequence_create(cycling, "R1", point, POINT_MAX, &error);
    assert_non_null(sequence);
    offset_children_begin(&children, cycling, offset, sequence, parent);
    assert_true(offset_children_next(&children) == point);
    assert_true(offset_children_next(&children) == POINT_NONE);
    sequence_destroy(sequence);
}

static void use_sequence(const struct sequence *sequence, cycle_point initial, cycle_point final)
{
    const cycle_point first = sequence_first(sequence, initial);
    const cycle_point last = sequence_previous(sequence, POINT_MAX);
    assert_true((first == POINT_NONE) == (last == POINT_NONE));
    if (first == POINT_NONE)
        return;
    assert_true(first >= initial && last >= first && last <= final);
    assert_true(sequence_contains(sequence, first) && sequence_contains(sequence, last));
    assert_true(sequence_next(sequence, last) == POINT_NONE);
    assert_true(sequence_previous(sequence, first) == POINT_NONE);
}

static void use_text(const struct cycling *cycling, const char *text)
{
    const cycle_point initial = cycling_mode(cycling) == CYCLING_INTEGER ? 3 : 951782400;
    const cycle_point final = initial * 2;
    struct error error;
    struct interval interval;
    struct offset offset;
    cycle_point point;
    double seconds;
    bool meets;

    if (point_parse(cycling, text, &point, &error) == 0)
        use_point(cycling, point);
    if (point_parse_initial(cycling, text, 1267401600, &point, &error) == 0)
        use_point(cycling, point);
    if (point_parse_final(cycling, text, initial, &point, &error) == 0)
        use_point(cycling, point);
    if (interval_parse(cycling, text, &interval, &error) == 0) {
        char buffer[POINT_TEXT_MAX];
        struct interval again;
        interval_format(cycling, &interval, buffer);
        assert_int_equal(interval_parse(cycling, buffer, &again, &error), 0);
        point_add(cycling, initial, &interval, -1);
    }
    if (offset_parse(cycling, text, initial, final, &offset, &error) == 0)
        use_offset(cycling, &offset, initial);
    point_meets(cycling, initial, text, &meets, &error);
    duration_parse(text, &seconds, &error);
    struct sequence *sequence = sequence_create(cycling, text, initial, final, &error);
    if (sequence)
        use_sequence(sequence, initial, final);
    sequence_destroy(sequence);
}

static struct cycling *create_mode(int mode)
{
    struct error error;
    struct cycling_options options = {
        .mode = mode == 0 ? CYCLING_INTEGER : CYCLING_DATETIME,
        .calendar = (enum calendar)(mode % 4),
        .time_zone = mode == 5 ? "+0530" : "Z",
        .year_digits_expanded = mode == 4 ? 2 : 0,
    };
    struct cycling *cycling = cycling_create(&options, &error);
    assert_non_null(cycling);
    return cycling;
}

static void use_mutilated(struct cycling *const modes[MODES], const char *text)
{
    char changed[TEXT_MAX];
    if (strlen(text) >= TEXT_MAX / 2)
        return;
    for (int i = 0; i < 12; i++) {
        strcpy(changed, text);
        mutilate(changed);
        use_text(modes[random_up_to(MODES)], changed);
    }
}

/* The fields between tabs or quotes. */
static void use_lines(struct cycling *const modes[MODES], const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    char *rest = NULL;

    assert_non_null(file);
    while (getline(&line, &size, file) > 0) {
        int n = 0;
        for (char *field = strtok_r(line, "\t\"\n", &rest); field && n < 40;
             field = strtok_r(NULL, "\t\"\n", &rest), n++)
            use_mutilated(modes, field);
    }
    free(line);
    fclose(file);
}

static void no_text_aborts(void **state)
{
    (void)state;
    struct cycling *modes[MODES];
    for (int i = 0; i < MODES; i++)
        modes[i] = create_mode(i);
    use_lines(modes, CORPUS "points.tsv");
    use_lines(modes, CORPUS "recurrences.jsonl");
    for (int i = 0; i < MODES; i++)
        cycling_destroy(modes[i]);
}

static void no_format_aborts(void **state)
{
    (void)state;
    static const char *const formats[] = {
        "CCYYMMDDThhmmZ", "+XCCYY-MM-DDThh:mm:ss+hh:mm", "%Y%m%dT%H%M", "CCYYWwwDThh", "%s",
        "CCYYDDD"};
    for (int i = 0; i < 20000; i++) {
        char format[TEXT_MAX];
        struct error error;
        strcpy(format, formats[random_up_to(6)]);
        mutilate(format);
        struct cycling *cycling = cycling_create(
            &(struct cycling_options){.mode = CYCLING_DATETIME, .format = format}, &error);
        if (!cycling)
            continue;
        char text[POINT_TEXT_MAX];
        cycle_point point;
        point_format(cycling, 951782400, text);
        point_parse(cycling, text, &point, &error);
        cycling_destroy(cycling);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_text_aborts),
        cmocka_unit_test(no_format_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

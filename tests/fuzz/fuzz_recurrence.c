/* Points and recurrences. Lines of the input: cycling mode and time zone ("integer", "360day
 * +05:30"), point format, initial point, final point (may be empty), recurrence. All questions one
 * can ask of the sequence must agree with each other. */
#include "scheduler/cycling/cycling.h"
#include "tests/fuzz/fuzz.h"
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { POINTS = 24 };

static struct cycling *create(struct slice mode, const char *format)
{
    static const char *const calendars[] = {"gregorian", "360day", "365day", "366day"};
    struct cycling_options options = {.mode = CYCLING_DATETIME, .format = format};
    struct error error = {0};
    const char *blank = mode.n ? memchr(mode.at, ' ', mode.n) : NULL;
    const struct slice name = {mode.at, blank ? (size_t)(blank - mode.at) : mode.n};
    const struct slice zone = {blank ? blank + 1 : NULL,
                               blank ? mode.n - (size_t)(blank + 1 - mode.at) : 0};
    char *time_zone = zone.n ? slice_copy(zone) : NULL;
    if (slice_equal(name, "integer"))
        options.mode = CYCLING_INTEGER;
    for (int i = 0; i < 4; i++)
        if (slice_equal(name, calendars[i]))
            options.calendar = (enum calendar)i;
    options.time_zone = time_zone;
    options.year_digits_expanded = name.n && name.at[name.n - 1] == '2' ? 2 : 0;
    struct cycling *cycling = cycling_create(&options, &error);
    HOLDS(cycling || (error.code < 0 && *error.text));
    free(time_zone);
    return cycling;
}

/* What a point is written as is that point again. */
static void check_text(const struct cycling *cycling, cycle_point point)
{
    char text[POINT_TEXT_MAX];
    struct error error = {0};
    cycle_point again;
    point_format(cycling, point, text);
    HOLDS(strlen(text) < POINT_TEXT_MAX);
    HOLDS(point_parse(cycling, text, &again, &error) == 0 && again == point);
}

/* All there is to ask about one point of the sequence and its neighbours. */
static void check_point(const struct sequence *sequence, cycle_point point, cycle_point before)
{
    HOLDS(sequence_contains(sequence, point));
    HOLDS(sequence_first(sequence, point) == point);
    HOLDS(sequence_previous(sequence, point) == before);
    if (before == POINT_NONE)
        return;
    HOLDS(before < point && sequence_next(sequence, before) == point);
    HOLDS(sequence_previous(sequence, before + 1) == before);
    const cycle_point between[] = {before + 1, before + (point - before) / 2, point - 1};
    for (int i = 0; i < 3; i++) {
        if (between[i] <= before || between[i] >= point)
            continue;
        HOLDS(!sequence_contains(sequence, between[i]));
        HOLDS(sequence_first(sequence, between[i]) == point);
        HOLDS(sequence_next(sequence, between[i]) == point);
        HOLDS(sequence_previous(sequence, between[i]) == before);
    }
}

static void check_sequence(const struct cycling *cycling, const struct sequence *sequence,
                           cycle_point initial, cycle_point final)
{
    const cycle_point first = sequence_first(sequence, initial);
    const cycle_point last = sequence_previous(sequence, POINT_MAX);
    HOLDS((first == POINT_NONE) == (last == POINT_NONE));
    if (first == POINT_NONE)
        return;
    HOLDS(first >= initial && last >= first && last <= final);
    HOLDS(sequence_next(sequence, POINT_NONE) == first);
    HOLDS(sequence_next(sequence, last) == POINT_NONE);
    HOLDS(sequence_previous(sequence, first) == POINT_NONE);
    cycle_point point = first, before = POINT_NONE;
    for (int i = 0; i < POINTS && point != POINT_NONE; i++) {
        check_text(cycling, point);
        check_point(sequence, point, before);
        before = point;
        point = sequence_next(sequence, point);
        HOLDS(point == POINT_NONE ? before == last : point > before && point <= last);
    }
    point = last;
    for (int i = 0; i < POINTS && point != POINT_NONE; i++) {
        before = sequence_previous(sequence, point);
        check_point(sequence, point, before);
        point = before;
    }
}

static void check_others(const struct cycling *cycling, const char *text, cycle_point initial,
                         cycle_point final)
{
    struct error error = {0};
    struct interval interval, again;
    struct offset offset;
    cycle_point point;
    double seconds;
    bool meets;
    if (interval_parse(cycling, text, &interval, &error) == 0) {
        char written[POINT_TEXT_MAX];
        interval_format(cycling, &interval, written);
        HOLDS(interval_parse(cycling, written, &again, &error) == 0);
    }
    if (offset_parse(cycling, text, initial, final, &offset, &error) == 0)
        (void)offset_apply(cycling, &offset, initial);
    (void)point_meets(cycling, initial, text, &meets, &error);
    (void)duration_parse(text, &seconds, &error);
    if (point_parse(cycling, text, &point, &error) == 0)
        check_text(cycling, point);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = {(const char *)data, size};
    const struct slice mode = fuzz_line(&input);
    char *text[4];
    struct error error = {0};
    cycle_point initial, final = POINT_MAX;
    for (int i = 0; i < 4; i++)
        text[i] = slice_copy(fuzz_line(&input));
    struct cycling *cycling = create(mode, text[0]);
    if (cycling && point_parse_initial(cycling, text[1], 1267401600, &initial, &error) == 0) {
        check_text(cycling, initial);
        if (*text[2] && point_parse_final(cycling, text[2], initial, &final, &error) == 0)
            check_text(cycling, final);
        else
            final = POINT_MAX;
        check_others(cycling, text[3], initial, final);
        struct sequence *sequence = sequence_create(cycling, text[3], initial, final, &error);
        if (sequence)
            check_sequence(cycling, sequence, initial, final);
        else
            HOLDS(error.code < 0 && *error.text);
        sequence_destroy(sequence);
    }
    cycling_destroy(cycling);
    for (int i = 0; i < 4; i++)
        free(text[i]);
    return 0;
}

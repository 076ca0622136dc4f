/* Sequences: a progression between two bounds, less its exclusions. Questions are answered by
 * index arithmetic on the progression; where points are excluded, the search goes on until one is
 * not. So that a sequence which is excluded for long, or as a whole ("P1D!P1D"), does not make the
 * search long, the pattern of exclusions is used: steps and exclusions of fixed length repeat after
 * their least common multiple, and if all of it is excluded, so is everything up to the point where
 * one of the exclusions ends. What the pattern cannot tell (exclusions by months and years) ends
 * the search at EXCLUDED_RUN_MAX points, as if there were no more. */
#include "base/check.h"
#include "base/vec.h"
#include "scheduler/cycling/expression.h"
#include "scheduler/cycling/progression.h"
#include "scheduler/cycling/recurrence.h"
#include <errno.h>
#include <string.h>

#include "base/banned.h"

enum { EXCLUDED_RUN_MAX = 200000 };

struct sequence {
    const struct cycling *cycling;
    char *text;
    struct progression progression;
    cycle_point lowest, highest; /* bounds, both included */
    VEC(cycle_point) excluded_points;
    VEC(struct sequence *) excluded_sequences;
    int64_t pattern; /* after so many steps the exact exclusions repeat; 0 if that is not known */
};

/* Without exclusions. */

static cycle_point regular_first(const struct sequence *sequence, cycle_point from)
{
    if (from < sequence->lowest)
        from = sequence->lowest;
    if (from > sequence->highest)
        return POINT_NONE;
    const int64_t index = progression_index(&sequence->progression, from);
    const cycle_point point = progression_at(&sequence->progression, index);
    return point != POINT_NONE && point <= sequence->highest ? point : POINT_NONE;
}

/* The last before `point`. */
static cycle_point regular_last(const struct sequence *sequence, cycle_point point)
{
    const int64_t count = sequence->progression.count;

    if (point > sequence->highest)
        point = sequence->highest + 1;
    if (point <= sequence->lowest)
        return POINT_NONE;
    const int64_t index = progression_index(&sequence->progression, point);
    const cycle_point last =
        progression_at(&sequence->progression, (index < count ? index : count) - 1);
    return last != POINT_NONE && last >= sequence->lowest ? last : POINT_NONE;
}

static bool is_excluded_by_point(const struct sequence *sequence, cycle_point point)
{
    VEC_EACH (cycle_point, excluded, &sequence->excluded_points)
        if (*excluded == point)
            return true;
    return false;
}

static bool is_exact(const struct sequence *sequence)
{
    return sequence->progression.kind == PROGRESSION_EXACT;
}

enum exclusion { NOT_EXCLUDED, EXCLUDED_SOMEHOW, EXCLUDED_EXACTLY };

static enum exclusion exclusion_of(const struct sequence *sequence, cycle_point point)
{
    enum exclusion exclusion =
        is_excluded_by_point(sequence, point) ? EXCLUDED_SOMEHOW : NOT_EXCLUDED;

    VEC_EACH (struct sequence *, excluded, &sequence->excluded_sequences) {
        if (regular_first(*excluded, point) != point)
            continue;
        if (is_exact(*excluded))
            return EXCLUDED_EXACTLY;
        exclusion = EXCLUDED_SOMEHOW;
    }
    return exclusion;
}

/* A run of points which are all excluded by exact exclusions. */
struct run {
    int64_t n;         /* steps of it seen */
    cycle_point begin; /* where the search met it */
};

/* Forward: all points up to the one returned are excluded, given that a whole pattern is. If an
 * exclusion ended within the run, that is where it ended, and nothing is known of what comes. */
static cycle_point run_end(const struct sequence *sequence, const struct run *run)
{
    cycle_point end = POINT_MAX;

    VEC_EACH (struct sequence *, excluded, &sequence->excluded_sequences) {
        if (!is_exact(*excluded))
            continue;
        const cycle_point last = regular_last(*excluded, POINT_MAX);
        const bool unlimited = last != POINT_NONE && (*excluded)->highest >= sequence->highest &&
                               (*excluded)->progression.count == COUNT_UNLIMITED;
        if (unlimited || last == POINT_NONE || last < run->begin)
            continue;
        if (last < end)
            end = last;
    }
    return end;
}

/* The same backwards. */
static cycle_point run_begin(const struct sequence *sequence, const struct run *run)
{
    cycle_point begin = sequence->lowest - 1;

    VEC_EACH (struct sequence *, excluded, &sequence->excluded_sequences) {
        if (!is_exact(*excluded))
            continue;
        const cycle_point first = regular_first(*excluded, (*excluded)->lowest);
        if (first == POINT_NONE || first > run->begin)
            continue;
        if (first > begin)
            begin = first;
    }
    return begin;
}

/* Counts one more excluded point; true when the run is as long as the pattern. */
static bool run_is_whole(const struct sequence *sequence, struct run *run, enum exclusion exclusion,
                         cycle_point point)
{
    if (exclusion != EXCLUDED_EXACTLY || sequence->pattern == 0) {
        run->n = 0;
        return false;
    }
    if (run->n++ == 0)
        run->begin = point;
    return run->n >= sequence->pattern;
}

cycle_point sequence_first(const struct sequence *sequence, cycle_point from)
{
    struct run run = {0};
    cycle_point point = regular_first(sequence, from);

    for (int i = 0; point != POINT_NONE && i < EXCLUDED_RUN_MAX; i++) {
        const enum exclusion exclusion = exclusion_of(sequence, point);
        cycle_point excluded = point;
        if (exclusion == NOT_EXCLUDED)
            return point;
        if (run_is_whole(sequence, &run, exclusion, point)) {
            const cycle_point end = run_end(sequence, &run);
            run.n = 0;
            if (end >= sequence->highest)
                return POINT_NONE;
            if (end > excluded)
                excluded = end;
        }
        point = regular_first(sequence, excluded + 1);
    }
    return POINT_NONE;
}

cycle_point sequence_next(const struct sequence *sequence, cycle_point point)
{
    return point == POINT_MAX ? POINT_NONE : sequence_first(sequence, point + 1);
}

cycle_point sequence_previous(const struct sequence *sequence, cycle_point point)
{
    struct run run = {0};

    point = regular_last(sequence, point);
    for (int i = 0; point != POINT_NONE && i < EXCLUDED_RUN_MAX; i++) {
        const enum exclusion exclusion = exclusion_of(sequence, point);
        cycle_point excluded = point;
        if (exclusion == NOT_EXCLUDED)
            return point;
        if (run_is_whole(sequence, &run, exclusion, point)) {
            const cycle_point begin = run_begin(sequence, &run);
            run.n = 0;
            if (begin < excluded)
                excluded = begin;
        }
        point = regular_last(sequence, excluded);
    }
    return POINT_NONE;
}

bool sequence_contains(const struct sequence *sequence, cycle_point point)
{
    return point != POINT_NONE && regular_first(sequence, point) == point &&
           exclusion_of(sequence, point) == NOT_EXCLUDED;
}

const char *sequence_text(const struct sequence *sequence)
{
    return sequence->text;
}

void sequence_destroy(struct sequence *sequence)
{
    if (!sequence)
        return;
    VEC_EACH (struct sequence *, excluded, &sequence->excluded_sequences)
        sequence_destroy(*excluded);
    vec_release(&sequence->excluded_sequences);
    vec_release(&sequence->excluded_points);
    progression_release(&sequence->progression);
    free(sequence->text);
    free(sequence);
}

/* Creation. */

/* Two points which the point format writes alike could not be told apart in the run directory. */
static int check_format(const struct sequence *sequence, struct error *error)
{
    cycle_point point = regular_first(sequence, sequence->lowest);

    for (int i = 0; i < 3 && point != POINT_NONE; i++) {
        char text[POINT_TEXT_MAX];
        if (point_floor(sequence->cycling, point) != point)
            return error_set(error, -EINVAL,
                             "its points need a finer cycle point format than that of %s",
                             point_format(sequence->cycling, point, text));
        point = point < sequence->highest ? regular_first(sequence, point + 1) : POINT_NONE;
    }
    return 0;
}

static struct sequence *create_regular(const struct cycling *cycling, struct slice text,
                                       cycle_point initial, cycle_point final, struct error *error)
{
    struct recurrence recurrence;

    if (recurrence_parse(cycling, text, initial, final, &recurrence, error))
        return NULL;
    struct sequence *sequence = NEW(struct sequence);
    sequence->cycling = cycling;
    sequence->lowest = initial > cycling->lowest ? initial : cycling->lowest;
    sequence->highest = final < cycling->highest ? final : cycling->highest;
    progression_init(&sequence->progression, cycling, recurrence.start, &recurrence.interval,
                     recurrence.count, sequence->highest);
    if (check_format(sequence, error)) {
        sequence_destroy(sequence);
        return NULL;
    }
    return sequence;
}

/* What relative exclusions count from: the sequence's own first and last point. Integer sequences
 * have them within the bounds, date-time ones where they are defined. */
static void exclusion_context(const struct sequence *sequence, cycle_point final,
                              cycle_point *ret_start, cycle_point *ret_end)
{
    const struct progression *progression = &sequence->progression;
    const bool counted = progression->count != COUNT_UNLIMITED;

    if (sequence->cycling->mode == CYCLING_INTEGER) {
        const cycle_point first = regular_first(sequence, sequence->lowest);
        const cycle_point last = regular_last(sequence, POINT_MAX);
        *ret_start = first == POINT_NONE ? sequence->lowest : first;
        *ret_end = last == POINT_NONE || (final == POINT_MAX && !counted) ? final : last;
        return;
    }
    const cycle_point last =
        counted ? progression_at(progression, progression->count - 1) : POINT_NONE;
    *ret_start = progression->start;
    *ret_end = last == POINT_NONE ? final : last;
}

/* A point, or else a recurrence. */
static int add_exclusion(struct sequence *sequence, struct slice item, cycle_point start,
                         cycle_point end, struct error *error)
{
    struct expression expression;
    struct error ignored;

    if (item.n == 0)
        return error_set(error, -EINVAL, "empty exclusion");
    if (expression_evaluate(sequence->cycling, item, POINT_NONE, &expression, &ignored) == 0) {
        *vec_push(&sequence->excluded_points) = expression.point;
        return 0;
    }
    struct sequence *excluded = create_regular(sequence->cycling, item, start, end, error);
    if (!excluded)
        return error->code;
    *vec_push(&sequence->excluded_sequences) = excluded;
    return 0;
}

static bool are_balanced(struct slice text)
{
    int depth = 0;
    for (size_t i = 0; i < text.n && depth >= 0; i++)
        depth += (text.at[i] == '(') - (text.at[i] == ')');
    return depth == 0;
}

static int add_exclusions(struct sequence *sequence, struct slice text, cycle_point final,
                          struct error *error)
{
    cycle_point start, end;

    text = slice_trim(text);
    if (!are_balanced(text))
        return error_set(error, -EINVAL, "'%.*s': parentheses do not match", (int)text.n, text.at);
    if (text.n > 1 && text.at[0] == '(' && text.at[text.n - 1] == ')')
        text = slice_trim((struct slice){text.at + 1, text.n - 2});
    exclusion_context(sequence, final, &start, &end);
    do {
        if (add_exclusion(sequence, list_take(&text), start, end, error))
            return error->code;
    } while (text.at);
    return 0;
}

static int64_t greatest_common_divisor(int64_t a, int64_t b)
{
    while (b != 0) {
        const int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static void find_pattern(struct sequence *sequence)
{
    const int64_t step = sequence->progression.step;
    int64_t common = step;

    if (!is_exact(sequence) || step == 0)
        return;
    VEC_EACH (struct sequence *, excluded, &sequence->excluded_sequences) {
        const int64_t other = (*excluded)->progression.step;
        if (!is_exact(*excluded) || other == 0)
            continue;
        if (__builtin_mul_overflow(common / greatest_common_divisor(common, other), other, &common))
            return;
    }
    sequence->pattern = common / step;
}

/* ^ and $ are the initial and final point, as text. */
static int substitute(const struct cycling *cycling, const char *recurrence, cycle_point initial,
                      cycle_point final, struct text *text, struct error *error)
{
    char point[POINT_TEXT_MAX];

    if (strlen(recurrence) > CYCLING_TEXT_MAX)
        return error_set(error, -EINVAL, "longer than %d characters", CYCLING_TEXT_MAX);
    for (const char *at = recurrence; *at; at++) {
        if (*at == '$' && final == POINT_MAX)
            return error_set(error, -EINVAL, "there is no final cycle point for $");
        if (*at == '^' || *at == '$')
            text_add(text, point_format(cycling, *at == '^' ? initial : final, point));
        else
            text_add_char(text, *at);
    }
    return 0;
}

static struct sequence *create(const struct cycling *cycling, struct slice text,
                               cycle_point initial, cycle_point final, struct error *error)
{
    const char *mark = memchr(text.at, '!', text.n);
    const size_t n = mark ? (size_t)(mark - text.at) : text.n;
    struct sequence *sequence =
        create_regular(cycling, (struct slice){text.at, n}, initial, final, error);

    if (!sequence || !mark)
        return sequence;
    const struct slice exclusions = {mark + 1, text.n - n - 1};
    if (memchr(exclusions.at, '!', exclusions.n)) {
        error_set(error, -EINVAL, "only one '!' is allowed: put exclusions in parentheses");
    } else if (add_exclusions(sequence, exclusions, final, error) == 0) {
        find_pattern(sequence);
        return sequence;
    }
    sequence_destroy(sequence);
    return NULL;
}

struct sequence *sequence_create(const struct cycling *cycling, const char *recurrence,
                                 cycle_point initial, cycle_point final, struct error *error)
{
    struct sequence *sequence = NULL;
    struct text text = {0};
    struct error inner = {0};

    PRE(initial != POINT_NONE && initial != POINT_MAX && final != POINT_NONE);
    text_add(&text, "");
    if (substitute(cycling, recurrence, initial, final, &text, &inner) == 0)
        sequence = create(cycling, slice_of(text_string(&text)), initial, final, &inner);
    text_release(&text);
    if (!sequence) {
        error_set(error, inner.code, "recurrence '%s': %.*s", recurrence, ERROR_TEXT_MAX / 2,
                  inner.text);
        return NULL;
    }
    sequence->text = str_copy(recurrence);
    return sequence;
}

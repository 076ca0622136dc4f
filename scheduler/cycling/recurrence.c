/* What a recurrence means: its start, interval and count, given the initial and final point. */
#include "scheduler/cycling/recurrence.h"

#include "base/check.h"
#include "scheduler/cycling/expression.h"
#include "scheduler/cycling/progression.h"
#include <errno.h>

#include "base/banned.h"

static int parse_start(const struct cycling *cycling, const struct recurrence_text *text,
                       cycle_point initial, struct expression *ret_start, struct error *error)
{
    return expression_evaluate(cycling, text->start, initial, ret_start, error);
}

/* Relative to the final point, which an absolute end can do without. */
static int parse_end(const struct cycling *cycling, const struct recurrence_text *text,
                     cycle_point final, cycle_point *ret_end, struct error *error)
{
    struct expression expression;
    if (expression_evaluate(cycling, text->end, final == POINT_MAX ? POINT_NONE : final,
                            &expression, error)) {
        if (text->end.n == 0 || final == POINT_MAX)
            return error_set(error, -EINVAL, "a final cycle point is needed to count back from");
        return error->code;
    }
    *ret_end = expression.point;
    return 0;
}

static int parse_interval(const struct cycling *cycling, struct slice text,
                          struct interval *ret_interval, struct error *error)
{
    struct interval interval;
    if (interval_parse_slice(cycling, text, &interval, error))
        return error->code;
    if (interval_is_negative(&interval))
        return error_set(error, -EINVAL, "interval '%.*s' of a recurrence is negative", (int)text.n,
                         text.at);
    *ret_interval = interval;
    return 0;
}

static struct recurrence once(cycle_point point)
{
    return (struct recurrence){.start = point, .count = 1};
}

static int make_truncated(const struct cycling *cycling, const struct recurrence_text *text,
                          cycle_point initial, struct recurrence *ret_recurrence,
                          struct error *error)
{
    struct expression start;
    if (parse_start(cycling, text, initial, &start, error))
        return error->code;
    if (!start.is_truncated)
        return error_set(error, -EINVAL,
                         "'%.*s' is a point, not a recurrence: for once, write R1/%.*s",
                         (int)text->start.n, text->start.at, (int)text->start.n, text->start.at);
    *ret_recurrence = (struct recurrence){start.point, start.unit, COUNT_UNLIMITED};
    return 0;
}

/* Integers: n points from start to end. Date-times: start, end, and on by the same distance. */
static int make_start_end(const struct cycling *cycling, const struct recurrence_text *text,
                          cycle_point initial, cycle_point final, struct recurrence *ret_recurrence,
                          struct error *error)
{
    struct expression start;
    struct interval interval = {0};
    cycle_point end;

    if (parse_start(cycling, text, initial, &start, error) ||
        parse_end(cycling, text, final, &end, error))
        return error->code;
    if (end < start.point)
        return error_set(error, -EINVAL, "the end '%.*s' is before the start", (int)text->end.n,
                         text->end.at);
    const int64_t distance = end - start.point;
    if (cycling->mode == CYCLING_DATETIME) {
        interval.seconds = distance;
    } else {
        if (text->count == COUNT_UNLIMITED)
            return error_set(error, -EINVAL, "how often is not said: expected Rn/START/END");
        if (text->count > 1 && distance % (text->count - 1) != 0)
            return error_set(error, -EINVAL, "%lld points do not fit evenly between start and end",
                             (long long)text->count);
        interval.count = text->count > 1 ? distance / (text->count - 1) : 0;
    }
    *ret_recurrence = text->count == 1 || distance == 0
                          ? once(start.point)
                          : (struct recurrence){start.point, interval, text->count};
    return 0;
}

static int make_start_interval(const struct cycling *cycling, const struct recurrence_text *text,
                               cycle_point initial, struct recurrence *ret_recurrence,
                               struct error *error)
{
    struct expression start;
    struct interval interval;

    if (parse_start(cycling, text, initial, &start, error) ||
        parse_interval(cycling, text->interval, &interval, error))
        return error->code;
    *ret_recurrence = text->count == 1 || interval_is_null(&interval)
                          ? once(start.point)
                          : (struct recurrence){start.point, interval, text->count};
    return 0;
}

static int make_interval_end(const struct cycling *cycling, const struct recurrence_text *text,
                             cycle_point initial, cycle_point final,
                             struct recurrence *ret_recurrence, struct error *error)
{
    const bool counted = text->count != COUNT_UNLIMITED;
    struct interval interval;
    cycle_point end;
    int64_t steps;

    if (cycling->mode == CYCLING_INTEGER && !counted && final == POINT_MAX)
        return error_set(error, -EINVAL, "a final cycle point is needed to count back from");
    if (parse_interval(cycling, text->interval, &interval, error) ||
        parse_end(cycling, text, final, &end, error))
        return error->code;
    if (text->count == 1 || interval_is_null(&interval)) {
        *ret_recurrence = once(end);
        return 0;
    }
    const cycle_point start =
        counted ? progression_back(cycling, end, &interval, text->count - 1, cycling->lowest - 1,
                                   &steps)
                : progression_back(cycling, end, &interval, COUNT_UNLIMITED - 1, initial, &steps);
    if (start == POINT_NONE || (counted && steps < text->count - 1))
        return error_set(error, -ERANGE, "it begins before the range of cycle points");
    *ret_recurrence = (struct recurrence){start, interval, steps + 1};
    return 0;
}

int recurrence_parse(const struct cycling *cycling, struct slice text, cycle_point initial,
                     cycle_point final, struct recurrence *ret_recurrence, struct error *error)
{
    struct recurrence_text parts;
    struct expression start;
    cycle_point end;

    if (recurrence_split(text, &parts, error))
        return error->code;
    switch (parts.form) {
    case FORM_START:
        if (cycling->mode == CYCLING_INTEGER)
            return error_set(error, -EINVAL, "'%.*s' is not an integer recurrence", (int)text.n,
                             text.at);
        return make_truncated(cycling, &parts, initial, ret_recurrence, error);
    case FORM_ONCE_AT_START:
        if (parse_start(cycling, &parts, initial, &start, error))
            return error->code;
        *ret_recurrence = once(start.point);
        return 0;
    case FORM_ONCE_AT_END:
        if (parse_end(cycling, &parts, final, &end, error))
            return error->code;
        *ret_recurrence = once(end);
        return 0;
    case FORM_START_END:
        return make_start_end(cycling, &parts, initial, final, ret_recurrence, error);
    case FORM_START_INTERVAL:
        return make_start_interval(cycling, &parts, initial, ret_recurrence, error);
    case FORM_INTERVAL_END:
        return make_interval_end(cycling, &parts, initial, final, ret_recurrence, error);
    }
    IMPOSSIBLE("an unknown form of recurrence");
}

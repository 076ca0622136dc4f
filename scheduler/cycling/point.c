/* Points as users write them in the configuration: plain, as the initial point (which may depend
 * on the present time), and as the final or stop point (which may depend on the initial one). */
#include "base/check.h"
#include "scheduler/cycling/expression.h"
#include "scheduler/cycling/truncated.h"
#include <errno.h>
#include <string.h>

#include "base/banned.h"

int point_parse_slice(const struct cycling *cycling, struct slice text, cycle_point *ret_point,
                      struct error *error)
{
    struct iso_text iso;

    if (cycling->mode == CYCLING_INTEGER)
        return integer_parse(text, ret_point, error);
    if (format_read(cycling, text, ret_point))
        return 0;
    if (iso_text_parse(cycling, text, &iso, error))
        return error->code;
    if (!iso.has_year)
        return error_set(error, -EINVAL, "'%.*s' has no year: expected a full cycle point",
                         (int)text.n, text.at);
    return iso_text_point(cycling, &iso, ret_point, error);
}

/* The present time as a point: in another calendar, the same date as far as it exists there. */
static cycle_point point_of_now(const struct cycling *cycling, int64_t now)
{
    if (cycling->calendar == CALENDAR_GREGORIAN)
        return now;
    const int64_t days = floor_divide(now, SECONDS_A_DAY);
    struct date date = calendar_date(CALENDAR_GREGORIAN, days);
    date = calendar_add_years(cycling->calendar, date, 0);
    return civil_point(cycling, date, now - days * SECONDS_A_DAY, 0);
}

/* The first matching time at or after now, smaller parts at their lowest. */
static cycle_point next_match(const struct cycling *cycling, const struct iso_text *iso,
                              cycle_point now)
{
    const struct interval unit = truncated_unit(iso);
    cycle_point point = truncated_next(cycling, iso, now);

    if (point == POINT_NONE)
        return POINT_NONE;
    point = truncated_lowest(cycling, iso, point);
    if (point >= now)
        return point;
    /* The smaller parts brought it before now: the time after that is meant. */
    point = point_add_raw(cycling, point, &unit, 1);
    if (point != POINT_NONE)
        point = truncated_next(cycling, iso, point);
    return point == POINT_NONE ? POINT_NONE : truncated_lowest(cycling, iso, point);
}

/* The match which smaller parts brought before now, or else one unit before the next. */
static cycle_point previous_match(const struct cycling *cycling, const struct iso_text *iso,
                                  cycle_point now)
{
    const struct interval unit = truncated_unit(iso);
    cycle_point match = truncated_next(cycling, iso, now);

    while (match != POINT_NONE) {
        const cycle_point point = truncated_lowest(cycling, iso, match);
        if (point < now)
            return point;
        match = point_add_raw(cycling, match, &unit, -1);
    }
    return POINT_NONE;
}

/* The list in next(...) or previous(...): the nearest of the times. */
static int nearest(const struct cycling *cycling, struct slice list, bool forward, cycle_point now,
                   cycle_point *ret_point, struct error *error)
{
    cycle_point best = POINT_NONE;

    do {
        const char *semicolon = memchr(list.at, ';', list.n);
        const size_t n = semicolon ? (size_t)(semicolon - list.at) : list.n;
        const struct slice item = slice_trim((struct slice){list.at, n});
        struct iso_text iso;
        if (iso_text_parse(cycling, item, &iso, error))
            return error->code;
        if (iso.has_year)
            return error_set(error, -EINVAL, "'%.*s': expected a truncated time such as T06",
                             (int)item.n, item.at);
        const cycle_point point =
            forward ? next_match(cycling, &iso, now) : previous_match(cycling, &iso, now);
        if (point == POINT_NONE)
            return error_set(error, -ERANGE, "'%.*s' leads beyond the range of cycle points",
                             (int)item.n, item.at);
        if (best == POINT_NONE || (forward ? point < best : point > best))
            best = point;
        list = semicolon ? (struct slice){semicolon + 1, list.n - n - 1} : (struct slice){0};
    } while (list.at);
    *ret_point = best;
    return 0;
}

static int parse_next_previous(const struct cycling *cycling, struct slice text, cycle_point now,
                               cycle_point *ret_point, struct error *error)
{
    const bool forward = text.at[0] == 'n';
    const char *open = memchr(text.at, '(', text.n);
    const char *close = memchr(text.at, ')', text.n);
    cycle_point point;

    if (cycling->calendar != CALENDAR_GREGORIAN)
        return error_set(error, -EINVAL,
                         "'%.*s': next() and previous() need the gregorian calendar", (int)text.n,
                         text.at);
    if (!close || close < open)
        return error_set(error, -EINVAL, "'%.*s': a parenthesis is not closed", (int)text.n,
                         text.at);
    const struct slice list = {open + 1, (size_t)(close - open) - 1};
    const struct slice rest =
        slice_trim((struct slice){close + 1, (size_t)(text.at + text.n - close) - 1});
    if (nearest(cycling, list, forward, now, &point, error))
        return error->code;
    if (rest.n > 0 && rest.at[0] != '+' && rest.at[0] != '-')
        return error_set(error, -EINVAL, "'%.*s': expected an offset such as +P1D after ')'",
                         (int)text.n, text.at);
    point = point_floor(cycling, point);
    if (expression_add_tail(cycling, rest, &point, error))
        return error->code;
    *ret_point = point;
    return 0;
}

static bool begins(struct slice text, const char *prefix)
{
    return text.n >= strlen(prefix) && strncmp(text.at, prefix, strlen(prefix)) == 0;
}

static int parse_truncated_initial(const struct cycling *cycling, struct slice text,
                                   cycle_point now, cycle_point *ret_point, struct error *error)
{
    struct iso_text iso;
    if (iso_text_parse(cycling, text, &iso, error))
        return error->code;
    if (iso.has_year)
        return iso_text_point(cycling, &iso, ret_point, error);
    const cycle_point point = next_match(cycling, &iso, now);
    if (point == POINT_NONE)
        return error_set(error, -ERANGE, "'%.*s' leads beyond the range of cycle points",
                         (int)text.n, text.at);
    *ret_point = point_floor(cycling, point);
    return 0;
}

static int parse_integer_initial(const struct cycling *cycling, struct slice text,
                                 cycle_point *ret_point, struct error *error)
{
    cycle_point point;
    if (point_parse_slice(cycling, text, &point, error))
        return error->code;
    if (point < 0)
        return error_set(error, -EINVAL, "the initial cycle point '%.*s' is negative", (int)text.n,
                         text.at);
    *ret_point = point;
    return 0;
}

int point_parse_initial(const struct cycling *cycling, const char *text, int64_t now,
                        cycle_point *ret_point, struct error *error)
{
    const struct slice value = slice_trim(slice_of(text));
    struct slice base, tail;

    if (cycling->mode == CYCLING_INTEGER)
        return parse_integer_initial(cycling, value, ret_point, error);
    const cycle_point now_point = point_of_now(cycling, now);
    if (slice_equal(value, "now")) {
        *ret_point = point_floor(cycling, now_point);
        return 0;
    }
    if (begins(value, "next(") || begins(value, "previous("))
        return parse_next_previous(cycling, value, now_point, ret_point, error);
    if (format_read(cycling, value, ret_point))
        return 0;
    expression_split(value, &base, &tail);
    if (base.n == 0 && tail.n > 0) {
        cycle_point point = now_point;
        if (expression_add_tail(cycling, tail, &point, error))
            return error->code;
        *ret_point = point;
        return 0;
    }
    return parse_truncated_initial(cycling, value, now_point, ret_point, error);
}

int point_parse_final(const struct cycling *cycling, const char *text, cycle_point initial,
                      cycle_point *ret_point, struct error *error)
{
    const struct slice value = slice_trim(slice_of(text));
    struct expression expression;

    if (value.n == 0)
        return error_set(error, -EINVAL, "expected a cycle point, found nothing");
    if (expression_evaluate(cycling, value, initial, &expression, error))
        return error->code;
    *ret_point = point_floor(cycling, expression.point);
    return 0;
}

int point_meets(const struct cycling *cycling, cycle_point point, const char *constraint,
                bool *ret_meets, struct error *error)
{
    struct slice rest = slice_of(constraint);
    bool meets = false;

    do {
        struct expression expression;
        const struct slice item = list_take(&rest);
        if (item.n == 0)
            return error_set(error, -EINVAL, "empty item in constraints '%s'", constraint);
        if (expression_evaluate(cycling, item, point, &expression, error))
            return error->code;
        meets = meets || expression.point == point;
    } while (rest.at);
    *ret_meets = meets;
    return 0;
}

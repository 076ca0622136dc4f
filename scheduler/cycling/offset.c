/* Offsets of the graph, foo[-P1D]: from a child's point to its parent's, and back. */
#include "base/check.h"
#include "scheduler/cycling/expression.h"
#include "scheduler/cycling/iso_text.h"
#include <errno.h>
#include <string.h>

#include "base/banned.h"

static int parse_absolute(const struct cycling *cycling, struct slice text, cycle_point base,
                          struct offset *ret_offset, struct error *error)
{
    struct expression expression;
    if (expression_evaluate(cycling, text, base, &expression, error))
        return error->code;
    if (expression.is_truncated)
        return error_set(error, -ENOTSUP,
                         "offset '%.*s': truncated points as offsets are not implemented",
                         (int)text.n, text.at);
    *ret_offset = (struct offset){
        .kind = OFFSET_ABSOLUTE,
        .point = point_floor(cycling, expression.point),
    };
    return 0;
}

static int parse_relative(const struct cycling *cycling, struct slice tail,
                          struct offset *ret_offset, struct error *error)
{
    struct offset offset = {.kind = OFFSET_RELATIVE};

    while (tail.n > 0) {
        struct interval term;
        if (expression_take_term(cycling, &tail, &term, error))
            return error->code;
        if (interval_is_null(&term))
            continue;
        if (offset.n == OFFSET_TERMS_MAX)
            return error_set(error, -EINVAL, "an offset has at most %d intervals",
                             OFFSET_TERMS_MAX);
        offset.term[offset.n++] = term;
    }
    *ret_offset = offset;
    return 0;
}

int offset_parse(const struct cycling *cycling, const char *text, cycle_point initial,
                 cycle_point final, struct offset *ret_offset, struct error *error)
{
    const struct slice value = slice_trim(slice_of(text));
    struct slice base, tail;

    if (value.n > 0 && (value.at[0] == '^' || value.at[0] == '$')) {
        const cycle_point point = value.at[0] == '^' ? initial : final;
        if (point == POINT_MAX || point == POINT_NONE)
            return error_set(error, -EINVAL, "offset '%s': there is no final cycle point", text);
        int code = parse_absolute(cycling, (struct slice){value.at + 1, value.n - 1}, point,
                                  ret_offset, error);
        if (!code)
            ret_offset->from_initial = value.at[0] == '^';
        return code;
    }
    expression_split(value, &base, &tail);
    if (base.n > 0)
        return parse_absolute(cycling, value, initial, ret_offset, error);
    if (cycling->mode == CYCLING_INTEGER && tail.n > 0) {
        struct interval term;
        if (value.at[0] == 'P' || interval_parse_slice(cycling, value, &term, error))
            return error_set(error, -EINVAL, "offset '%s': expected e.g. -P1, +P2 or a point",
                             text);
    }
    return parse_relative(cycling, tail, ret_offset, error);
}

cycle_point offset_apply(const struct cycling *cycling, const struct offset *offset,
                         cycle_point point)
{
    if (offset->kind == OFFSET_ABSOLUTE)
        return offset->point;
    for (unsigned i = 0; i < offset->n; i++)
        point = point_add(cycling, point, &offset->term[i], 1);
    return point;
}

static bool interval_equal(const struct interval *a, const struct interval *b)
{
    return a->count == b->count && a->years == b->years && a->months == b->months &&
           a->weeks == b->weeks && a->days == b->days && a->hours == b->hours &&
           a->minutes == b->minutes && a->seconds == b->seconds;
}

bool offset_equal(const struct offset *a, const struct offset *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == OFFSET_ABSOLUTE)
        return a->point == b->point && a->from_initial == b->from_initial;
    if (a->n != b->n)
        return false;
    for (unsigned i = 0; i < a->n; i++)
        if (!interval_equal(&a->term[i], &b->term[i]))
            return false;
    return true;
}

/* What offset_invert has found so far, in ascending order and without repetition. */
struct found {
    const struct cycling *cycling;
    const struct offset *offset;
    cycle_point parent;
    cycle_point *points;
    size_t n, max;
};

static void keep(struct found *found, cycle_point child)
{
    size_t at = 0;

    if (!point_in_range(found->cycling, child) || point_floor(found->cycling, child) != child ||
        offset_apply(found->cycling, found->offset, child) != found->parent)
        return;
    while (at < found->n && found->points[at] < child)
        at++;
    if (at == found->max || (at < found->n && found->points[at] == child))
        return;
    const size_t n = found->n < found->max ? found->n : found->max - 1;
    memmove(&found->points[at + 1], &found->points[at], (n - at) * sizeof *found->points);
    found->points[at] = child;
    found->n = n + 1;
}

static void invert_from(struct found *found, unsigned terms, cycle_point parent);

/* The exact part of the term taken off. Adding it cuts off what the point format does not write, so
 * that the child is the next point which can be written; in months or years perhaps another, too.
 */
static void take_exact(struct found *found, unsigned term, cycle_point parent)
{
    const struct cycling *cycling = found->cycling;
    struct interval exact = found->offset->term[term];

    exact.months = exact.years = 0;
    cycle_point child = point_add_raw(cycling, parent, &exact, -1);
    while (child != POINT_NONE) {
        child = point_ceiling(cycling, child);
        const cycle_point there = point_add_raw(cycling, child, &exact, 1);
        if (there == POINT_NONE || point_floor(cycling, there) > parent)
            return;
        invert_from(found, term, child);
        child++;
    }
}

/* All days of the right month from which the months and years of the term lead to `parent`. They
 * are its own day and, if that is cut to the end of a month on the way, those after it. */
static void take_nominal(struct found *found, unsigned term, cycle_point parent)
{
    const struct cycling *cycling = found->cycling;
    const struct interval *interval = &found->offset->term[term];
    const struct interval nominal = {.years = interval->years, .months = interval->months};
    struct civil civil = civil_of(cycling, parent, cycling->zone);
    const int day = civil.date.day;
    int64_t months;

    if (!interval_total_months(interval, &months))
        return;
    civil.date.day = 1;
    const cycle_point first =
        point_add_raw(cycling, civil_point(cycling, civil.date, civil.second, cycling->zone),
                      &(struct interval){.months = months}, -1);
    if (first == POINT_NONE)
        return;
    const struct date month = civil_of(cycling, first, cycling->zone).date;
    const int length = calendar_month_length(cycling->calendar, month.year, month.month);
    for (int d = day; d <= length; d++) {
        const cycle_point child = first + (d - 1) * SECONDS_A_DAY;
        const cycle_point reached = point_in_range(cycling, child)
                                        ? point_add_raw(cycling, child, &nominal, 1)
                                        : POINT_NONE;
        if (reached != POINT_NONE && reached > parent)
            break;
        if (reached == parent)
            take_exact(found, term, child);
    }
}

/* The first `terms` terms are still to be undone. */
static void invert_from(struct found *found, unsigned terms, cycle_point parent)
{
    if (terms == 0) {
        keep(found, parent);
        return;
    }
    const struct interval *interval = &found->offset->term[terms - 1];
    if (found->cycling->mode == CYCLING_INTEGER) {
        const cycle_point child = point_add(found->cycling, parent, interval, -1);
        if (child != POINT_NONE)
            invert_from(found, terms - 1, child);
    } else if (interval->months == 0 && interval->years == 0) {
        take_exact(found, terms - 1, parent);
    } else {
        take_nominal(found, terms - 1, parent);
    }
}

size_t offset_invert(const struct cycling *cycling, const struct offset *offset, cycle_point parent,
                     cycle_point *ret_points, size_t max)
{
    struct found found = {
        .cycling = cycling, .offset = offset, .parent = parent, .points = ret_points, .max = max};

    PRE(offset->kind == OFFSET_RELATIVE && max > 0);
    if (parent == POINT_NONE || parent == POINT_MAX)
        return 0;
    invert_from(&found, offset->n, parent);
    return found.n;
}

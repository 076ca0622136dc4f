/* Offsets of the graph, foo[-P1D]: from a child's point to its parent's, and back. */
#include "base/check.h"
#include "scheduler/cycling/expression.h"
#include "scheduler/cycling/truncated.h"
#include <errno.h>
#include <string.h>

#include "base/banned.h"

static int parse_terms(const struct cycling *cycling, struct slice tail, struct offset *offset,
                       struct error *error)
{
    while (tail.n > 0) {
        struct interval term;
        if (expression_take_term(cycling, &tail, &term, error))
            return error->code;
        if (interval_is_null(&term))
            continue;
        if (offset->n == OFFSET_TERMS_MAX)
            return error_set(error, -EINVAL, "an offset has at most %d intervals",
                             OFFSET_TERMS_MAX);
        offset->term[offset->n++] = term;
    }
    return 0;
}

/* Dates and times: an optional point, truncated or full, then signed intervals. `start` is where
 * an offset begins that was written from ^ or $. */
static int parse_datetime(const struct cycling *cycling, struct slice text, struct offset *offset,
                          struct error *error)
{
    struct slice base, tail;
    bool truncated;

    expression_split(text, &base, &tail);
    if (base.n > 0) {
        if (expression_read_base(cycling, base, &truncated, &offset->point, &offset->truncated,
                                 error))
            return error->code;
        offset->has_truncated = truncated;
        if (!truncated)
            offset->kind = OFFSET_ABSOLUTE;
    }
    return parse_terms(cycling, tail, offset, error);
}

static int parse_integer(const struct cycling *cycling, struct slice text, struct offset *offset,
                         struct error *error)
{
    const bool point = text.n > 0 && !memchr(text.at, 'P', text.n);
    struct interval term;

    if (point) {
        offset->kind = OFFSET_ABSOLUTE;
        return integer_parse(text, &offset->point, error);
    }
    if (text.n == 0)
        return 0;
    if (text.at[0] == 'P' || interval_parse_slice(cycling, text, &term, error))
        return error_set(error, -EINVAL, "offset '%.*s': expected e.g. -P1, +P2 or a point",
                         (int)text.n, text.at);
    return parse_terms(cycling, text, offset, error);
}

/* The truncated point, then the terms, from `point` on. */
static cycle_point follow(const struct cycling *cycling, const struct offset *offset,
                          cycle_point point)
{
    if (offset->has_truncated && point != POINT_NONE && point != POINT_MAX) {
        point = truncated_next(cycling, &offset->truncated, point);
        if (point != POINT_NONE && offset->n == 0)
            point = point_floor(cycling, point);
    }
    for (unsigned i = 0; i < offset->n; i++)
        point = point_add(cycling, point, &offset->term[i], 1);
    return point;
}

int offset_parse(const struct cycling *cycling, const char *text, cycle_point initial,
                 cycle_point final, struct offset *ret_offset, struct error *error)
{
    struct slice value = slice_trim(slice_of(text));
    const bool from_initial = value.n > 0 && value.at[0] == '^';
    const bool from_end = from_initial || (value.n > 0 && value.at[0] == '$');
    struct offset offset = {.kind = OFFSET_RELATIVE};

    if (from_end)
        value = (struct slice){value.at + 1, value.n - 1};
    int code = cycling->mode == CYCLING_INTEGER ? parse_integer(cycling, value, &offset, error)
                                                : parse_datetime(cycling, value, &offset, error);
    if (code < 0)
        return code;
    if (from_end && offset.kind == OFFSET_RELATIVE) {
        offset.point = from_initial ? initial : final;
        if (offset.point == POINT_MAX || offset.point == POINT_NONE)
            return error_set(error, -EINVAL, "offset '%s': there is no final cycle point", text);
        offset.from_initial = from_initial;
        offset.kind = OFFSET_ABSOLUTE;
    }
    if (offset.kind == OFFSET_ABSOLUTE) {
        offset.point = follow(cycling, &offset, offset.point);
        if (offset.point == POINT_NONE)
            return error_set(error, -ERANGE, "offset '%s' leads beyond the range of cycle points",
                             text);
        offset.point = point_floor(cycling, offset.point);
    }
    *ret_offset = offset;
    return 0;
}

cycle_point offset_apply(const struct cycling *cycling, const struct offset *offset,
                         cycle_point point)
{
    return offset->kind == OFFSET_ABSOLUTE ? offset->point : follow(cycling, offset, point);
}

cycle_point offset_from_initial(const struct cycling *cycling, const struct offset *offset,
                                cycle_point initial)
{
    PRE(offset->from_initial);
    return follow(cycling, offset, initial);
}

static void add_interval(struct interval *sum, const struct interval *more)
{
    sum->years += more->years;
    sum->months += more->months;
    sum->weeks += more->weeks;
    sum->days += more->days;
    sum->hours += more->hours;
    sum->minutes += more->minutes;
    sum->seconds += more->seconds;
}

int64_t offset_ahead(const struct cycling *cycling, const struct offset *offset, cycle_point from,
                     struct interval *ret_ahead)
{
    struct interval longest = {0};
    cycle_point point = from;

    *ret_ahead = longest;
    if (offset->kind != OFFSET_RELATIVE)
        return 0;
    if (offset->has_truncated) { /* the next one is at most a unit away */
        longest = truncated_unit(&offset->truncated);
        point = point_add(cycling, point, &longest, 1);
    }
    for (unsigned i = 0; i < offset->n; i++) {
        point = point_add(cycling, point, &offset->term[i], 1);
        if (offset->has_truncated && !interval_is_negative(&offset->term[i]))
            add_interval(&longest, &offset->term[i]);
    }
    if (point == POINT_NONE || point <= from)
        return 0;
    if (!offset->has_truncated)
        longest = offset->n == 1
                      ? offset->term[0]
                      : (struct interval){.count = point - from, .seconds = point - from};
    *ret_ahead = longest;
    return point - from;
}

static bool interval_equal(const struct interval *a, const struct interval *b)
{
    return a->count == b->count && a->years == b->years && a->months == b->months &&
           a->weeks == b->weeks && a->days == b->days && a->hours == b->hours &&
           a->minutes == b->minutes && a->seconds == b->seconds;
}

static bool iso_equal(const struct iso_text *a, const struct iso_text *b)
{
    return a->has_year == b->has_year && a->year == b->year &&
           a->year_of_century == b->year_of_century && a->month == b->month && a->day == b->day &&
           a->ordinal == b->ordinal && a->week == b->week && a->weekday == b->weekday &&
           a->hour == b->hour && a->minute == b->minute && a->second == b->second &&
           a->has_zone == b->has_zone && a->zone == b->zone;
}

bool offset_equal(const struct offset *a, const struct offset *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == OFFSET_ABSOLUTE)
        return a->point == b->point && a->from_initial == b->from_initial;
    if (a->n != b->n || a->has_truncated != b->has_truncated ||
        (a->has_truncated && !iso_equal(&a->truncated, &b->truncated)))
        return false;
    for (unsigned i = 0; i < a->n; i++)
        if (!interval_equal(&a->term[i], &b->term[i]))
            return false;
    return true;
}

uint64_t offset_hash(const struct offset *offset)
{
    uint64_t hash = offset->kind == OFFSET_ABSOLUTE ? (uint64_t)offset->point : offset->n;
    const unsigned n = offset->kind == OFFSET_ABSOLUTE ? 0 : offset->n;
    for (unsigned i = 0; i < n; i++) {
        const struct interval *term = &offset->term[i];
        const int64_t parts[] = {term->count, term->years, term->months,  term->weeks,
                                 term->days,  term->hours, term->minutes, term->seconds};
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
            hash = (hash ^ (uint64_t)parts[k]) * UINT64_C(0x9e3779b97f4a7c15);
            hash ^= hash >> 29;
        }
    }
    return hash * UINT64_C(0x9e3779b97f4a7c15) >> 16;
}

/* The children of an offset without a truncated point: what has been found so far, in ascending
 * order and without repetition. */
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

/* How far apart the parents of children in one period of the truncated point are: parts smaller
 * than the smallest given are kept, "---10" keeps the hour. */
static int64_t kept_span(const struct iso_text *truncated)
{
    if (truncated->hour >= 0 || truncated->minute >= 0 || truncated->second >= 0)
        return 0;
    if (truncated->day > 0 || truncated->weekday > 0 || truncated->ordinal > 0)
        return SECONDS_A_DAY;
    if (truncated->week > 0)
        return DAYS_A_WEEK * SECONDS_A_DAY;
    return (truncated->month > 0 ? 31 : 366) * SECONDS_A_DAY;
}

/* No child is after this point: the terms taken off the parent, with a margin for the ends of
 * months. */
static cycle_point last_candidate(const struct offset_children *children)
{
    const struct offset *offset = children->offset;
    cycle_point point = point_ceiling(children->cycling, children->parent + 1) - 1;
    int64_t margin = 0;

    for (unsigned i = offset->n; i > 0 && point != POINT_NONE; i--) {
        point = point_add_raw(children->cycling, point, &offset->term[i - 1], -1);
        if (offset->term[i - 1].months || offset->term[i - 1].years)
            margin += 4 * SECONDS_A_DAY;
    }
    return point == POINT_NONE ? POINT_NONE : point + margin;
}

/* Back over the children's sequence, until it leads to the parent before. */
static void find_first(struct offset_children *children)
{
    const int64_t span = kept_span(&children->offset->truncated);
    cycle_point child;

    children->last = last_candidate(children);
    if (children->last == POINT_NONE)
        return;
    child = sequence_previous(children->sequence, children->last + 1);
    while (child != POINT_NONE) {
        const cycle_point parent = follow(children->cycling, children->offset, child);
        if (parent == children->parent)
            children->next = child;
        else if (parent < children->parent - span)
            return;
        child = sequence_previous(children->sequence, child);
    }
}

void offset_children_begin(struct offset_children *children, const struct cycling *cycling,
                           const struct offset *offset, const struct sequence *sequence,
                           cycle_point parent)
{
    PRE(offset->kind == OFFSET_RELATIVE);
    *children = (struct offset_children){.cycling = cycling,
                                         .offset = offset,
                                         .sequence = sequence,
                                         .parent = parent,
                                         .next = POINT_NONE};
    struct found found = {.cycling = cycling,
                          .offset = offset,
                          .parent = parent,
                          .points = children->points,
                          .max = OFFSET_CHILDREN_MAX};
    if (parent == POINT_NONE || parent == POINT_MAX)
        return;
    if (offset->has_truncated)
        find_first(children);
    else
        invert_from(&found, offset->n, parent);
    children->n = found.n;
}

cycle_point offset_children_next(struct offset_children *children)
{
    while (children->taken < children->n) {
        const cycle_point child = children->points[children->taken++];
        if (sequence_contains(children->sequence, child))
            return child;
    }
    const cycle_point child = children->next;
    do {
        if (children->next != POINT_NONE)
            children->next = sequence_next(children->sequence, children->next);
        if (children->next > children->last)
            children->next = POINT_NONE;
    } while (children->next != POINT_NONE &&
             follow(children->cycling, children->offset, children->next) != children->parent);
    return child;
}

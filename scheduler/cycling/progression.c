/* Progressions in closed form.
 *
 * Exact steps are a multiplication. Steps of months and years land in months which are known by
 * arithmetic, on a day which only shrinks, at most three times (31, 30, 29, 28), so the indices of
 * those changes are found once. A step with months and an exact part (P1M1D) has no formula, since
 * how it goes on depends on each month's length: for these every 32nd point is kept in a table,
 * made once, and a question costs a binary search and at most 32 steps. Such a step is a month at
 * least, so that the table's limit is beyond all four-digit years. With more digits the
 * progression ends there, some 10,000 years after its start. */
#include "scheduler/cycling/progression.h"

#include "base/check.h"
#include "base/vec.h"
#include <stdlib.h>

#include "base/banned.h"

enum { PROGRESSION_STRIDE = 32, PROGRESSION_TABLE_MAX = 4000 };
enum { PROGRESSION_MIXED_MAX = PROGRESSION_STRIDE * PROGRESSION_TABLE_MAX };
enum { GREGORIAN_CYCLE_MONTHS = 4800 };

static int64_t month_number(struct date date)
{
    return date.year * MONTHS_A_YEAR + date.month - 1;
}

/* Follows the day of the month until it cannot shrink any more. */
static void init_nominal(struct progression *progression)
{
    const enum calendar calendar = progression->cycling->calendar;
    const struct interval *interval = &progression->interval;
    const struct civil civil =
        civil_of(progression->cycling, progression->start, progression->cycling->zone);
    struct date date = civil.date;

    progression->first_month = month_number(date);
    progression->second = civil.second;
    progression->phases = 1;
    progression->phase[0].day = date.day;
    /* Gregorian months repeat after 4800, so a day that has lived so long lives for ever. */
    for (int64_t i = 1; i <= GREGORIAN_CYCLE_MONTHS && date.day > calendar_month_shortest(calendar);
         i++) {
        const int day = date.day;
        date = calendar_add_months(calendar, date, interval->months);
        date = calendar_add_years(calendar, date, interval->years);
        if (date.day == day)
            continue;
        INVARIANT(progression->phases < PROGRESSION_PHASES_MAX);
        progression->phase[progression->phases].from = i;
        progression->phase[progression->phases].day = date.day;
        progression->phases++;
    }
}

static cycle_point step(const struct progression *progression, cycle_point point)
{
    return point_add_raw(progression->cycling, point, &progression->interval, 1);
}

static void init_mixed(struct progression *progression, cycle_point last)
{
    VEC(cycle_point) table = {0};
    cycle_point point = progression->start;

    while (point != POINT_NONE && point <= last && table.n < PROGRESSION_TABLE_MAX) {
        *vec_push(&table) = point;
        for (int i = 0; i < PROGRESSION_STRIDE && point != POINT_NONE; i++)
            point = step(progression, point);
    }
    if (table.n == 0)
        *vec_push(&table) = progression->start;
    if (progression->count > PROGRESSION_MIXED_MAX)
        progression->count = PROGRESSION_MIXED_MAX;
    progression->table = table.at;
    progression->table_n = table.n;
}

void progression_init(struct progression *progression, const struct cycling *cycling,
                      cycle_point start, const struct interval *interval, int64_t count,
                      cycle_point last)
{
    int64_t seconds, months;

    PRE(point_in_range(cycling, start) && count >= 1 && !interval_is_negative(interval));
    *progression = (struct progression){.cycling = cycling,
                                        .start = start,
                                        .count = interval_is_null(interval) ? 1 : count,
                                        .interval = *interval};
    const bool fits =
        interval_exact_seconds(interval, &seconds) && interval_total_months(interval, &months);
    PRE(fits);
    if (cycling->mode == CYCLING_INTEGER || months == 0) {
        progression->kind = PROGRESSION_EXACT;
        progression->step = cycling->mode == CYCLING_INTEGER ? interval->count : seconds;
    } else if (seconds == 0) {
        progression->kind = PROGRESSION_NOMINAL;
        progression->step = months;
        init_nominal(progression);
    } else {
        progression->kind = PROGRESSION_MIXED;
        init_mixed(progression, last);
    }
}

void progression_release(struct progression *progression)
{
    free(progression->table);
    progression->table = NULL;
}

static cycle_point exact_at(const struct progression *progression, int64_t index)
{
    cycle_point point;
    if (__builtin_mul_overflow(progression->step, index, &point) ||
        __builtin_add_overflow(point, progression->start, &point))
        return POINT_NONE;
    return point;
}

static cycle_point nominal_at(const struct progression *progression, int64_t index)
{
    const struct cycling *cycling = progression->cycling;
    int64_t month;
    unsigned phase = progression->phases - 1;

    if (__builtin_mul_overflow(progression->step, index, &month) ||
        __builtin_add_overflow(month, progression->first_month, &month) ||
        month > month_number(civil_of(cycling, cycling->highest, cycling->zone).date))
        return POINT_NONE;
    while (progression->phase[phase].from > index)
        phase--;
    const struct date date = {floor_divide(month, MONTHS_A_YEAR),
                              (int)floor_modulo(month, MONTHS_A_YEAR) + 1,
                              progression->phase[phase].day};
    return civil_point(cycling, date, progression->second, cycling->zone);
}

static cycle_point mixed_at(const struct progression *progression, int64_t index)
{
    const int64_t last = (int64_t)progression->table_n - 1;
    const int64_t row = index / PROGRESSION_STRIDE < last ? index / PROGRESSION_STRIDE : last;
    cycle_point point = progression->table[row];

    for (int64_t i = row * PROGRESSION_STRIDE; i < index && point != POINT_NONE; i++)
        point = step(progression, point);
    return point;
}

cycle_point progression_at(const struct progression *progression, int64_t index)
{
    cycle_point point = POINT_NONE;

    if (index < 0 || index >= progression->count)
        return POINT_NONE;
    switch (progression->kind) {
    case PROGRESSION_EXACT:
        point = exact_at(progression, index);
        break;
    case PROGRESSION_NOMINAL:
        point = nominal_at(progression, index);
        break;
    case PROGRESSION_MIXED:
        point = mixed_at(progression, index);
        break;
    }
    return point != POINT_NONE && point_in_range(progression->cycling, point) ? point : POINT_NONE;
}

static int64_t divide_up(int64_t value, int64_t by)
{
    return floor_divide(value, by) + (floor_modulo(value, by) != 0);
}

/* The month says which index, or whether it is the next. */
static int64_t nominal_index(const struct progression *progression, cycle_point point)
{
    const struct cycling *cycling = progression->cycling;
    const int64_t month = month_number(civil_of(cycling, point, cycling->zone).date);
    const int64_t index = divide_up(month - progression->first_month, progression->step);
    const cycle_point there = nominal_at(progression, index);
    return there != POINT_NONE && there < point ? index + 1 : index;
}

static int64_t mixed_index(const struct progression *progression, cycle_point point)
{
    size_t low = 0; /* the last row known to be before the point */
    size_t high = progression->table_n;

    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (progression->table[middle] < point)
            low = middle;
        else
            high = middle;
    }
    int64_t index = (int64_t)low * PROGRESSION_STRIDE;
    cycle_point there = progression->table[low];
    while (there != POINT_NONE && there < point && index < progression->count) {
        there = step(progression, there);
        index++;
    }
    return index;
}

int64_t progression_index(const struct progression *progression, cycle_point point)
{
    const struct cycling *cycling = progression->cycling;

    if (point <= progression->start)
        return 0;
    if (progression->count == 1)
        return 1;
    if (point > cycling->highest)
        point = cycling->highest + 1;
    switch (progression->kind) {
    case PROGRESSION_EXACT:
        return divide_up(point - progression->start, progression->step);
    case PROGRESSION_NOMINAL:
        return nominal_index(progression, point);
    case PROGRESSION_MIXED:
        return mixed_index(progression, point);
    }
    IMPOSSIBLE("an unknown kind of progression");
}

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static cycle_point exact_back(const struct cycling *cycling, cycle_point end, int64_t distance,
                              int64_t steps, cycle_point until, int64_t *ret_steps)
{
    const int64_t enough = end > until ? divide_up(end - until, distance) : 0;
    const int64_t possible = (end - cycling->lowest) / distance;

    *ret_steps = lesser(lesser(steps, enough), possible);
    return end - *ret_steps * distance;
}

/* Most of the steps back over months and years at once, given that the day of the month cannot
 * shrink any more. Fewer than `steps`, and not so far that `until` is reached. */
static cycle_point leap_back(const struct cycling *cycling, cycle_point end, int64_t months,
                             int64_t steps, cycle_point until, int64_t *steps_taken)
{
    struct civil civil = civil_of(cycling, end, cycling->zone);
    const int64_t month = month_number(civil.date);
    const int64_t goal = month_number(civil_of(cycling, until, cycling->zone).date);
    int64_t n = (month - goal) / months - 1;
    if (n > steps)
        n = steps;
    if (n <= 0)
        return end;
    *steps_taken += n;
    civil.date.year = floor_divide(month - n * months, MONTHS_A_YEAR);
    civil.date.month = (int)floor_modulo(month - n * months, MONTHS_A_YEAR) + 1;
    return civil_point(cycling, civil.date, civil.second, cycling->zone);
}

/* Some steps one by one. */
static cycle_point walk_back(const struct cycling *cycling, cycle_point end,
                             const struct interval *interval, int64_t steps, cycle_point until,
                             int64_t *steps_taken)
{
    for (int64_t i = 0; i < steps && end > until; i++) {
        const cycle_point before = point_add_raw(cycling, end, interval, -1);
        if (before == POINT_NONE)
            break;
        end = before;
        ++*steps_taken;
    }
    return end;
}

cycle_point progression_back(const struct cycling *cycling, cycle_point end,
                             const struct interval *interval, int64_t steps, cycle_point until,
                             int64_t *ret_steps)
{
    int64_t seconds, months;
    int64_t taken = 0;

    const bool fits =
        interval_exact_seconds(interval, &seconds) && interval_total_months(interval, &months);
    PRE(fits && !interval_is_null(interval) && !interval_is_negative(interval));
    if (cycling->mode == CYCLING_INTEGER)
        return exact_back(cycling, end, interval->count, steps, until, ret_steps);
    if (months == 0)
        return exact_back(cycling, end, seconds, steps, until, ret_steps);
    /* Once, when the recurrence is made. */
    if (seconds != 0) {
        end =
            walk_back(cycling, end, interval, lesser(steps, PROGRESSION_MIXED_MAX), until, &taken);
        if (taken == PROGRESSION_MIXED_MAX && end > until && taken < steps)
            return POINT_NONE;
    } else {
        end =
            walk_back(cycling, end, interval, lesser(steps, GREGORIAN_CYCLE_MONTHS), until, &taken);
        if (taken == GREGORIAN_CYCLE_MONTHS && end > until)
            end = leap_back(cycling, end, months, steps - taken, until, &taken);
        end = walk_back(cycling, end, interval, steps - taken, until, &taken);
    }
    *ret_steps = taken;
    return end;
}

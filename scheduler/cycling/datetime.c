/* Arithmetic on points: seconds for what is exact, dates for months and years. A duration is added
 * as Cylc adds it: the exact part first, then month by month, then the years. */
#include "base/check.h"
#include "scheduler/cycling/internal.h"

#include "base/banned.h"

struct civil civil_of(const struct cycling *cycling, cycle_point point, int64_t zone)
{
    const int64_t local = point + zone;
    const int64_t days = floor_divide(local, SECONDS_A_DAY);
    return (struct civil){
        .date = calendar_date(cycling->calendar, days),
        .days = days,
        .second = local - days * SECONDS_A_DAY,
    };
}

cycle_point civil_point(const struct cycling *cycling, struct date date, int64_t second,
                        int64_t zone)
{
    return calendar_days(cycling->calendar, date) * SECONDS_A_DAY + second - zone;
}

/* The part of point_add that needs the calendar. */
static cycle_point add_nominal(const struct cycling *cycling, cycle_point point, int64_t months,
                               int64_t years)
{
    const int64_t limit = floor_divide(cycling->highest - cycling->lowest, SECONDS_A_DAY);
    struct civil civil = civil_of(cycling, point, cycling->zone);

    /* Each month and year has a day: a longer way leads out of range for certain. */
    if (months > limit || months < -limit || years > limit || years < -limit)
        return POINT_NONE;
    civil.date = calendar_add_months(cycling->calendar, civil.date, months);
    civil.date = calendar_add_years(cycling->calendar, civil.date, years);
    if (civil.date.year > limit || civil.date.year < -limit)
        return POINT_NONE;
    return civil_point(cycling, civil.date, civil.second, cycling->zone);
}

static cycle_point add_integer(const struct cycling *cycling, cycle_point point, int64_t count,
                               int64_t times)
{
    int64_t distance;
    cycle_point sum;
    if (__builtin_mul_overflow(count, times, &distance) ||
        __builtin_add_overflow(point, distance, &sum) || !point_in_range(cycling, sum))
        return POINT_NONE;
    return sum;
}

cycle_point point_add_raw(const struct cycling *cycling, cycle_point point,
                          const struct interval *interval, int64_t times)
{
    int64_t seconds, months, years;
    cycle_point sum;

    PRE(point != POINT_NONE && point != POINT_MAX);
    if (cycling->mode == CYCLING_INTEGER)
        return add_integer(cycling, point, interval->count, times);
    if (!interval_exact_seconds(interval, &seconds) ||
        __builtin_mul_overflow(seconds, times, &seconds) ||
        __builtin_mul_overflow(interval->months, times, &months) ||
        __builtin_mul_overflow(interval->years, times, &years) ||
        __builtin_add_overflow(point, seconds, &sum) || !point_in_range(cycling, sum))
        return POINT_NONE;
    if (months != 0 || years != 0)
        sum = add_nominal(cycling, sum, months, years);
    if (sum == POINT_NONE || !point_in_range(cycling, sum))
        return POINT_NONE;
    return sum;
}

cycle_point point_add(const struct cycling *cycling, cycle_point point,
                      const struct interval *interval, int64_t times)
{
    if (point == POINT_NONE || point == POINT_MAX)
        return point;
    const cycle_point sum = point_add_raw(cycling, point, interval, times);
    return sum == POINT_NONE ? POINT_NONE : point_floor(cycling, sum);
}

/* The longest time from one point that can be written to the next. */
static int64_t precision_seconds(enum precision precision)
{
    switch (precision) {
    case PRECISION_SECOND:
        return 1;
    case PRECISION_MINUTE:
        return SECONDS_A_MINUTE;
    case PRECISION_HOUR:
        return SECONDS_AN_HOUR;
    case PRECISION_DAY:
        return SECONDS_A_DAY;
    case PRECISION_WEEK:
        return DAYS_A_WEEK * SECONDS_A_DAY;
    case PRECISION_MONTH:
        return 31 * SECONDS_A_DAY;
    case PRECISION_YEAR:
        return 366 * SECONDS_A_DAY;
    case PRECISION_CENTURY:
        return INT64_C(36600) * SECONDS_A_DAY;
    }
    IMPOSSIBLE("an unknown precision");
}

cycle_point point_floor(const struct cycling *cycling, cycle_point point)
{
    if (cycling->mode == CYCLING_INTEGER)
        return point;
    const enum precision precision = cycling->format.precision;
    const int64_t unit = precision_seconds(precision > PRECISION_DAY ? precision : PRECISION_DAY);
    cycle_point floor = floor_divide(point + cycling->zone, unit) * unit - cycling->zone;
    if (precision >= PRECISION_DAY)
        return floor;

    struct civil civil = civil_of(cycling, floor, cycling->zone);
    if (precision == PRECISION_WEEK)
        return floor - (calendar_weekday(cycling->calendar, civil.days) - 1) * SECONDS_A_DAY;
    civil.date.day = 1;
    if (precision <= PRECISION_YEAR)
        civil.date.month = 1;
    if (precision == PRECISION_CENTURY)
        civil.date.year = floor_divide(civil.date.year, 100) * 100;
    return civil_point(cycling, civil.date, 0, cycling->zone);
}

cycle_point point_ceiling(const struct cycling *cycling, cycle_point point)
{
    const cycle_point floor = point_floor(cycling, point);
    if (floor == point)
        return point;
    return point_floor(cycling, floor + precision_seconds(cycling->format.precision));
}

/* Finding the next point which has given parts. The parts are taken from the smallest to the
 * largest, each moving on to its next match: at most a few years of days or a century of years. */
#include "scheduler/cycling/truncated.h"

#include "base/check.h"

#include "base/banned.h"

enum { YEARS_A_CENTURY = 100, LEAP_GAP_YEARS = 8 };

/* Local seconds moved on until `unit` of them is `wanted` within `cycle`. */
static int64_t move_on(int64_t local, int64_t unit, int64_t cycle, int wanted)
{
    const int64_t now = floor_modulo(floor_divide(local, unit), cycle);
    return local + floor_modulo(wanted - now, cycle) * unit;
}

static int64_t next_time(const struct iso_text *iso, int64_t local)
{
    const bool has_hour = iso->hour >= 0;
    const bool has_minute = has_hour || iso->minute >= 0;

    if (has_minute || iso->second >= 0)
        local = move_on(local, 1, SECONDS_A_MINUTE, iso->second >= 0 ? iso->second : 0);
    if (has_minute)
        local = move_on(local, SECONDS_A_MINUTE, 60, iso->minute >= 0 ? iso->minute : 0);
    if (has_hour)
        local = move_on(local, SECONDS_AN_HOUR, 24, iso->hour % 24);
    return local;
}

/* The first day from `days` on with this day of the month, and month if one is given. */
static int64_t next_day_of_month(enum calendar calendar, int64_t days, int month, int day)
{
    struct date date = calendar_date(calendar, days);
    const int months = MONTHS_A_YEAR * (LEAP_GAP_YEARS + 1);

    for (int i = 0; i <= months; i++) {
        const bool exists = day <= calendar_month_length(calendar, date.year, date.month);
        if (exists && (month < 0 || month == date.month)) {
            date.day = day;
            if (calendar_days(calendar, date) >= days)
                return calendar_days(calendar, date);
        }
        date.day = 1;
        date = calendar_add_months(calendar, date, 1);
    }
    IMPOSSIBLE("a day of the month that does not come for nine years");
}

static int64_t next_ordinal(enum calendar calendar, int64_t days, int ordinal)
{
    struct date first = {calendar_date(calendar, days).year, 1, 1};

    for (int i = 0; i <= LEAP_GAP_YEARS + 1; i++, first.year++) {
        const int64_t candidate = calendar_days(calendar, first) + ordinal - 1;
        if (ordinal <= calendar_year_length(calendar, first.year) && candidate >= days)
            return candidate;
    }
    IMPOSSIBLE("a day of the year that does not come for nine years");
}

/* The same weekday in the next week with this number. */
static int64_t next_week(enum calendar calendar, int64_t days, int week)
{
    const int weeks = 53 * LEAP_GAP_YEARS;
    for (int i = 0; i <= weeks; i++, days += DAYS_A_WEEK)
        if (calendar_week_date(calendar, days).week == week)
            return days;
    IMPOSSIBLE("a week that does not come for eight years");
}

static int64_t next_month(enum calendar calendar, int64_t days, int month)
{
    const struct date date = calendar_date(calendar, days);
    const int64_t months = floor_modulo(month - date.month, MONTHS_A_YEAR);
    return calendar_days(calendar, calendar_add_months(calendar, date, months));
}

static int64_t next_year_of_century(enum calendar calendar, int64_t days, int year)
{
    const struct date date = calendar_date(calendar, days);
    const int64_t years = floor_modulo(year - date.year, YEARS_A_CENTURY);
    return calendar_days(calendar, calendar_add_years(calendar, date, years));
}

static int64_t next_date(enum calendar calendar, const struct iso_text *iso, int64_t days)
{
    if (iso->weekday > 0)
        days += floor_modulo(iso->weekday - calendar_weekday(calendar, days), DAYS_A_WEEK);
    if (iso->day > 0)
        days = next_day_of_month(calendar, days, iso->month, iso->day);
    if (iso->ordinal > 0)
        days = next_ordinal(calendar, days, iso->ordinal);
    if (iso->week > 0)
        days = next_week(calendar, days, iso->week);
    if (iso->month > 0 && iso->day < 0)
        days = next_month(calendar, days, iso->month);
    if (iso->year_of_century >= 0)
        days = next_year_of_century(calendar, days, iso->year_of_century);
    return days;
}

cycle_point truncated_next(const struct cycling *cycling, const struct iso_text *iso,
                           cycle_point from)
{
    const int64_t zone = iso->has_zone ? iso->zone : cycling->assumed_zone;
    const int64_t local = next_time(iso, from + zone);
    const int64_t days = floor_divide(local, SECONDS_A_DAY);
    const int64_t second = local - days * SECONDS_A_DAY;
    const cycle_point point =
        next_date(cycling->calendar, iso, days) * SECONDS_A_DAY + second - zone;
    return point_in_range(cycling, point) ? point : POINT_NONE;
}

struct interval truncated_unit(const struct iso_text *iso)
{
    if (iso->year_of_century >= 0)
        return (struct interval){.years = YEARS_A_CENTURY};
    if (iso->month > 0 || iso->ordinal > 0 || iso->week > 0)
        return (struct interval){.years = 1};
    if (iso->day > 0)
        return (struct interval){.months = 1};
    if (iso->weekday > 0)
        return (struct interval){.days = DAYS_A_WEEK};
    if (iso->hour >= 0)
        return (struct interval){.days = 1};
    if (iso->minute >= 0)
        return (struct interval){.hours = 1};
    return (struct interval){.minutes = 1};
}

cycle_point truncated_lowest(const struct cycling *cycling, const struct iso_text *iso,
                             cycle_point point)
{
    const int64_t zone = iso->has_zone ? iso->zone : cycling->assumed_zone;
    struct civil civil = civil_of(cycling, point, zone);

    if (iso->hour >= 0 || iso->minute >= 0 || iso->second >= 0)
        return point;
    if (iso->week > 0 && iso->weekday < 0)
        civil.date = calendar_date(
            cycling->calendar, civil.days - calendar_weekday(cycling->calendar, civil.days) + 1);
    else if (iso->day < 0 && iso->weekday < 0 && iso->ordinal < 0) {
        civil.date.day = 1;
        if (iso->month < 0)
            civil.date.month = 1;
    }
    return civil_point(cycling, civil.date, 0, zone);
}

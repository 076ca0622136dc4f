/* Civil arithmetic. The Gregorian calendar repeats after 400 years, the others after one, so that
 * every question is a division by the cycle and a look at the rest. */
#include "scheduler/cycling/calendar.h"

#include "base/check.h"

#include "base/banned.h"

enum { GREGORIAN_CYCLE_YEARS = 400, GREGORIAN_CYCLE_DAYS = 146097 };
enum { EPOCH_YEAR = 1970, THURSDAY_OFFSET = 3 };

int64_t floor_divide(int64_t value, int64_t by)
{
    PRE(by > 0);
    return value / by - (value % by < 0);
}

int64_t floor_modulo(int64_t value, int64_t by)
{
    return value - floor_divide(value, by) * by;
}

bool calendar_is_leap(enum calendar calendar, int64_t year)
{
    switch (calendar) {
    case CALENDAR_GREGORIAN:
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    case CALENDAR_366DAY:
        return true;
    case CALENDAR_360DAY:
    case CALENDAR_365DAY:
        return false;
    }
    IMPOSSIBLE("an unknown calendar");
}

static int month_length(enum calendar calendar, bool leap, int month)
{
    static const int lengths[MONTHS_A_YEAR] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    PRE(month >= 1 && month <= MONTHS_A_YEAR);
    if (calendar == CALENDAR_360DAY)
        return 30;
    return lengths[month - 1] + (month == 2 && leap);
}

int calendar_month_length(enum calendar calendar, int64_t year, int month)
{
    return month_length(calendar, calendar_is_leap(calendar, year), month);
}

int calendar_month_longest(enum calendar calendar, int month)
{
    return month_length(calendar, calendar != CALENDAR_365DAY, month);
}

int calendar_month_shortest(enum calendar calendar)
{
    switch (calendar) {
    case CALENDAR_GREGORIAN:
    case CALENDAR_365DAY:
        return 28;
    case CALENDAR_366DAY:
        return 29;
    case CALENDAR_360DAY:
        return 30;
    }
    IMPOSSIBLE("an unknown calendar");
}

int calendar_year_length(enum calendar calendar, int64_t year)
{
    if (calendar == CALENDAR_360DAY)
        return 360;
    return 365 + calendar_is_leap(calendar, year);
}

/* Days of this year before the month. */
static int days_before_month(enum calendar calendar, int64_t year, int month)
{
    static const int before[MONTHS_A_YEAR] = {0,   31,  59,  90,  120, 151,
                                              181, 212, 243, 273, 304, 334};

    if (calendar == CALENDAR_360DAY)
        return (month - 1) * 30;
    return before[month - 1] + (month > 2 && calendar_is_leap(calendar, year));
}

/* Days from January 1st of year 0 to January 1st of `year`. */
static int64_t days_before_year(enum calendar calendar, int64_t year)
{
    if (calendar != CALENDAR_GREGORIAN)
        return year * calendar_year_length(calendar, 0);
    const int64_t last = year - 1; /* year 0 is a leap year, the 366th day of it is the + 1 */
    return year * 365 + floor_divide(last, 4) - floor_divide(last, 100) + floor_divide(last, 400) +
           1;
}

int64_t calendar_days(enum calendar calendar, struct date date)
{
    PRE(date.month >= 1 && date.month <= MONTHS_A_YEAR && date.day >= 1 && date.day <= 31);
    return days_before_year(calendar, date.year) - days_before_year(calendar, EPOCH_YEAR) +
           days_before_month(calendar, date.year, date.month) + date.day - 1;
}

int calendar_ordinal(enum calendar calendar, struct date date)
{
    return days_before_month(calendar, date.year, date.month) + date.day;
}

/* The year with this day, counted from January 1st of year 0. */
static int64_t year_of_day(enum calendar calendar, int64_t day)
{
    int64_t year;
    if (calendar == CALENDAR_GREGORIAN) {
        /* The mean year is exact over the cycle and off by less than a year within it. */
        year = floor_divide(day, GREGORIAN_CYCLE_DAYS) * GREGORIAN_CYCLE_YEARS;
        year +=
            floor_modulo(day, GREGORIAN_CYCLE_DAYS) * GREGORIAN_CYCLE_YEARS / GREGORIAN_CYCLE_DAYS;
    } else {
        year = floor_divide(day, calendar_year_length(calendar, 0));
    }
    while (days_before_year(calendar, year) > day)
        year--;
    while (days_before_year(calendar, year + 1) <= day)
        year++;
    return year;
}

struct date calendar_date(enum calendar calendar, int64_t days)
{
    const int64_t day = days + days_before_year(calendar, EPOCH_YEAR);
    const int64_t year = year_of_day(calendar, day);
    const int of_year = (int)(day - days_before_year(calendar, year));
    int month = of_year / 32 + 1; /* never too late, and early by one at most */
    if (month < MONTHS_A_YEAR && days_before_month(calendar, year, month + 1) <= of_year)
        month++;
    return (struct date){year, month, of_year - days_before_month(calendar, year, month) + 1};
}

int calendar_weekday(enum calendar calendar, int64_t days)
{
    const int64_t monday = calendar_days(calendar, (struct date){2000, 1, 3});
    return (int)floor_modulo(days - monday, DAYS_A_WEEK) + 1;
}

int64_t calendar_week_one(enum calendar calendar, int64_t year)
{
    const int64_t fourth = calendar_days(calendar, (struct date){year, 1, 1 + THURSDAY_OFFSET});
    return fourth - (calendar_weekday(calendar, fourth) - 1);
}

int calendar_weeks(enum calendar calendar, int64_t year)
{
    return (int)((calendar_week_one(calendar, year + 1) - calendar_week_one(calendar, year)) /
                 DAYS_A_WEEK);
}

struct week_date calendar_week_date(enum calendar calendar, int64_t days)
{
    int64_t year = calendar_date(calendar, days).year;
    if (days < calendar_week_one(calendar, year))
        year--;
    else if (days >= calendar_week_one(calendar, year + 1))
        year++;
    return (struct week_date){
        year,
        (int)((days - calendar_week_one(calendar, year)) / DAYS_A_WEEK) + 1,
        calendar_weekday(calendar, days),
    };
}

static void move_month(struct date *date, int64_t months)
{
    const int64_t month = date->month - 1 + months % MONTHS_A_YEAR;
    date->year += months / MONTHS_A_YEAR + floor_divide(month, MONTHS_A_YEAR);
    date->month = (int)floor_modulo(month, MONTHS_A_YEAR) + 1;
}

static void cut_day(enum calendar calendar, struct date *date)
{
    const int length = calendar_month_length(calendar, date->year, date->month);
    if (date->day > length)
        date->day = length;
}

struct date calendar_add_months(enum calendar calendar, struct date date, int64_t months)
{
    const int direction = months < 0 ? -1 : 1;
    const int safe = calendar_month_shortest(calendar);

    /* Ends after eight years at the latest, with the first short February. */
    while (months != 0 && date.day > safe) {
        move_month(&date, direction);
        cut_day(calendar, &date);
        months -= direction;
    }
    move_month(&date, months);
    return date;
}

struct date calendar_add_years(enum calendar calendar, struct date date, int64_t years)
{
    date.year += years;
    cut_day(calendar, &date);
    return date;
}

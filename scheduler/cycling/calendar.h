/* Civil arithmetic in the four calendars: dates, days since 1970-01-01, ISO weeks. All proleptic
 * and pure. Days are counted in the calendar itself: in 360day a year later is 360 days later. */
#ifndef ROUSE_CYCLING_CALENDAR_H
#define ROUSE_CYCLING_CALENDAR_H

#include "scheduler/cycling/cycling.h"

enum { SECONDS_A_MINUTE = 60, SECONDS_AN_HOUR = 3600, SECONDS_A_DAY = 86400, MONTHS_A_YEAR = 12 };
enum { DAYS_A_WEEK = 7 };

struct date {
    int64_t year;
    int month, day; /* from 1 */
};

struct week_date {
    int64_t year;      /* the week's year, which may differ from the date's */
    int week, weekday; /* from 1; Monday is 1 */
};

bool calendar_is_leap(enum calendar calendar, int64_t year);
int calendar_month_length(enum calendar calendar, int64_t year, int month);
/* Length of that month in the calendar's longest year. */
int calendar_month_longest(enum calendar calendar, int month);
int calendar_year_length(enum calendar calendar, int64_t year);
/* Days which every month has. */
int calendar_month_shortest(enum calendar calendar);

/* The date must exist. */
int64_t calendar_days(enum calendar calendar, struct date date);
struct date calendar_date(enum calendar calendar, int64_t days);
/* Day of the year, from 1. */
int calendar_ordinal(enum calendar calendar, struct date date);

/* Monday 1 to Sunday 7; 2000-01-03 is a Monday in each calendar, as in Cylc. */
int calendar_weekday(enum calendar calendar, int64_t days);
/* The Monday of week 1, the one with January 4th in it. */
int64_t calendar_week_one(enum calendar calendar, int64_t year);
int calendar_weeks(enum calendar calendar, int64_t year);
struct week_date calendar_week_date(enum calendar calendar, int64_t days);

/* Months are added one by one, and at each the day is cut to the month's end: August 31st plus six
 * months is February 28th, and January 31st plus two months is March 29th or 28th. */
struct date calendar_add_months(enum calendar calendar, struct date date, int64_t months);
/* February 29th becomes the 28th where there is none. */
struct date calendar_add_years(enum calendar calendar, struct date date, int64_t years);

/* Rounds towards minus infinity; `by` is positive. */
int64_t floor_divide(int64_t value, int64_t by);
int64_t floor_modulo(int64_t value, int64_t by);

#endif

/* What the files of scheduler/cycling share. Nothing here is for other directories. */
#ifndef ROUSE_CYCLING_INTERNAL_H
#define ROUSE_CYCLING_INTERNAL_H

#include "base/text.h"
#include "scheduler/cycling/calendar.h"
#include "scheduler/cycling/cycling.h"
#include "scheduler/cycling/format.h"

enum { CYCLING_TEXT_MAX = 512 }; /* longest recurrence or expression */
enum { YEAR_DIGITS = 4, YEAR_DIGITS_EXPANDED_MAX = 6 };
/* Integer points stay within this, so that adding two of them cannot overflow. */
#define INTEGER_POINT_LIMIT INT64_C(1000000000000000000)

struct cycling {
    enum cycling_mode mode;
    enum calendar calendar;
    int expanded;                /* year digits beyond four */
    int64_t assumed_zone;        /* of points written without one; seconds */
    int64_t zone;                /* in which points are written and months counted */
    cycle_point lowest, highest; /* every point is within these */
    struct point_format format;
};

/* A point in its own zone, taken apart. */
struct civil {
    struct date date;
    int64_t days;
    int64_t second; /* of the day */
};

struct civil civil_of(const struct cycling *cycling, cycle_point point, int64_t zone);
cycle_point civil_point(const struct cycling *cycling, struct date date, int64_t second,
                        int64_t zone);
bool point_in_range(const struct cycling *cycling, cycle_point point);

/* point + interval without the cut to the resolution of the point format; POINT_NONE when out of
 * range. */
cycle_point point_add_raw(const struct cycling *cycling, cycle_point point,
                          const struct interval *interval, int64_t times);
/* The point that is left of `point` after writing and reading it: formats without minutes cut
 * them off. */
cycle_point point_floor(const struct cycling *cycling, cycle_point point);
/* The first point at or after `point` which can be written. */
cycle_point point_ceiling(const struct cycling *cycling, cycle_point point);

/* False when it does not fit. */
bool interval_exact_seconds(const struct interval *interval, int64_t *ret_seconds);
bool interval_total_months(const struct interval *interval, int64_t *ret_months);
struct interval interval_negated(const struct interval *interval);

int interval_parse_slice(const struct cycling *cycling, struct slice text,
                         struct interval *ret_interval, struct error *error);
int point_parse_slice(const struct cycling *cycling, struct slice text, cycle_point *ret_point,
                      struct error *error);
int integer_parse(struct slice text, int64_t *ret_value, struct error *error);

#endif

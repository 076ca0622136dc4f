/* How cycle points are written: [scheduler]cycle point format, compiled. The letters are those of
 * ISO 8601 as Cylc uses them (CCYYMMDDThhmm+hh:mm, +XCCYY, CCYYDDD, CCYYWwwD) or strftime's (%Y).
 */
#ifndef ROUSE_CYCLING_FORMAT_H
#define ROUSE_CYCLING_FORMAT_H

#include "base/text.h"
#include "scheduler/cycling/calendar.h"

enum format_token {
    FORMAT_LITERAL,
    FORMAT_YEAR,
    FORMAT_YEAR_EXPANDED,
    FORMAT_CENTURY,
    FORMAT_YEAR_OF_CENTURY,
    FORMAT_MONTH,
    FORMAT_DAY,
    FORMAT_ORDINAL,
    FORMAT_WEEK,
    FORMAT_WEEKDAY,
    FORMAT_HOUR,
    FORMAT_MINUTE,
    FORMAT_SECOND,
    FORMAT_UNIX,
    FORMAT_ZONE_HOUR,     /* +hh */
    FORMAT_ZONE_BASIC,    /* +hhmm */
    FORMAT_ZONE_EXTENDED, /* +hh:mm */
};

/* The smallest part which is written. */
enum precision {
    PRECISION_CENTURY,
    PRECISION_YEAR,
    PRECISION_MONTH,
    PRECISION_WEEK,
    PRECISION_DAY,
    PRECISION_HOUR,
    PRECISION_MINUTE,
    PRECISION_SECOND,
};

enum {
    FORMAT_ITEMS_MAX = 40,
    FORMAT_WIDTH_MAX = 56,
    SHORT_YEAR_FIRST = 1969, /* a year of two digits is this one or one of the 99 after it */
};

struct point_format {
    unsigned n;
    struct {
        enum format_token token;
        char literal;
    } item[FORMAT_ITEMS_MAX];
    enum precision precision;
    bool week_years;  /* the year is the week's */
    bool short_years; /* of the year only the last two digits are written */
    bool hour_zones;  /* of the zone only the hours are written */
    bool has_zone;    /* a zone is part of the text: points are converted to it */
    int64_t zone;     /* seconds */
};

struct cycling;

/* -EINVAL and why the format cannot be used. */
int format_compile(const char *format, int expanded, struct point_format *ret_format,
                   struct error *error);
const char *format_write(const struct cycling *cycling, cycle_point point, char *buffer);
/* A text which has exactly this format; false if it has not, or names no day of the calendar. */
bool format_read(const struct cycling *cycling, struct slice text, cycle_point *ret_point);
/* "Z", "+05", "+0530", "+05:30"; -EINVAL otherwise. */
int zone_parse(struct slice text, int64_t *ret_seconds, struct error *error);

#endif

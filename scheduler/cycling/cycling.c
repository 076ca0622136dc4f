/* struct cycling: the mode, calendar, zones and format of one workflow, and the range of its
 * points. What it means for a point to be a number is here and in datetime.c. */
#include "scheduler/cycling/cycling.h"

#include "base/check.h"
#include "base/memory.h"
#include "scheduler/cycling/internal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { ZONE_MINUTES_MAX = 24 * 60 };

/* "Z", "+01" or "+0530": the shortest spelling. */
static void zone_text(int minutes, char *buffer, size_t size)
{
    const int absolute = abs(minutes);
    if (minutes == 0)
        snprintf(buffer, size, "Z");
    else if (absolute % 60 == 0)
        snprintf(buffer, size, "%c%02d", minutes < 0 ? '-' : '+', absolute / 60);
    else
        snprintf(buffer, size, "%c%02d%02d", minutes < 0 ? '-' : '+', absolute / 60, absolute % 60);
}

static int set_zone_and_format(struct cycling *cycling, const struct cycling_options *options,
                               struct error *error)
{
    char zone[16];
    char format[64];

    if (abs(options->utc_offset_minutes) >= ZONE_MINUTES_MAX)
        return error_set(error, -EINVAL, "cycle point time zone of %d minutes is out of bounds",
                         options->utc_offset_minutes);
    zone_text(options->utc_offset_minutes, zone, sizeof zone);
    const char *written = options->time_zone ? options->time_zone : zone;
    if (zone_parse(slice_of(written), &cycling->assumed_zone, error))
        return error->code;
    cycling->zone = cycling->assumed_zone;

    snprintf(format, sizeof format, "%sMMDDThhmm%s",
             options->year_digits_expanded ? "+XCCYY" : "CCYY", written);
    if (format_compile(options->format && *options->format ? options->format : format,
                       options->year_digits_expanded, &cycling->format, error))
        return error->code;
    if (cycling->format.has_zone)
        cycling->zone = cycling->format.zone;
    if (cycling->format.hour_zones && cycling->zone % SECONDS_AN_HOUR != 0)
        return error_set(error, -EINVAL,
                         "cycle point format '%s' cannot write the minutes of time "
                         "zone %s",
                         options->format, written);
    return 0;
}

static void set_datetime_range(struct cycling *cycling)
{
    int64_t years = 10000;
    for (int i = 0; i < cycling->expanded; i++)
        years *= 10;
    struct date first = {cycling->expanded ? 1 - years : 0, 1, 1};
    struct date after = {years, 1, 1};
    if (cycling->format.short_years) {
        first.year = SHORT_YEAR_FIRST;
        after.year = SHORT_YEAR_FIRST + 100;
    }
    cycling->lowest = civil_point(cycling, first, 0, cycling->zone);
    cycling->highest = civil_point(cycling, after, 0, cycling->zone) - 1;
    if (cycling->format.week_years) { /* they begin and end on other days */
        const enum calendar calendar = cycling->calendar;
        cycling->lowest = calendar_week_one(calendar, first.year) * SECONDS_A_DAY - cycling->zone;
        cycling->highest =
            calendar_week_one(calendar, after.year) * SECONDS_A_DAY - cycling->zone - 1;
    }
}

struct cycling *cycling_create(const struct cycling_options *options, struct error *error)
{
    if (options->year_digits_expanded < 0 ||
        options->year_digits_expanded > YEAR_DIGITS_EXPANDED_MAX) {
        error_set(error, -EINVAL, "cycle point num expanded year digits is %d: expected 0 to %d",
                  options->year_digits_expanded, YEAR_DIGITS_EXPANDED_MAX);
        return NULL;
    }
    struct cycling *cycling = NEW(struct cycling);
    cycling->mode = options->mode;
    cycling->calendar = options->calendar;
    if (cycling->mode == CYCLING_INTEGER) {
        cycling->lowest = -INTEGER_POINT_LIMIT;
        cycling->highest = INTEGER_POINT_LIMIT;
        return cycling;
    }
    cycling->expanded = options->year_digits_expanded;
    if (set_zone_and_format(cycling, options, error)) {
        cycling_destroy(cycling);
        return NULL;
    }
    set_datetime_range(cycling);
    return cycling;
}

struct cycling *cycling_to_the_second(const struct cycling *of)
{
    struct error error = {0};
    const struct cycling_options options = {.mode = CYCLING_DATETIME,
                                            .calendar = of->calendar,
                                            .utc_offset_minutes = (int)(of->zone / 60),
                                            .year_digits_expanded = of->expanded,
                                            .format = of->expanded ? "+XCCYYMMDDThhmmss"
                                                                   : "CCYYMMDDThhmmss"};
    struct cycling *exact = cycling_create(&options, &error);
    INVARIANT(exact);
    return exact;
}

void cycling_destroy(struct cycling *cycling)
{
    free(cycling);
}

enum cycling_mode cycling_mode(const struct cycling *cycling)
{
    return cycling->mode;
}

const char *cycling_mode_name(const struct cycling *cycling)
{
    static const char *const calendars[] = {"gregorian", "360day", "365day", "366day"};
    return cycling->mode == CYCLING_INTEGER ? "integer" : calendars[cycling->calendar];
}

bool point_in_range(const struct cycling *cycling, cycle_point point)
{
    return point >= cycling->lowest && point <= cycling->highest;
}

/* Without printf: it is asked for several times in the life of every task. */
static void format_integer(cycle_point point, char *buffer)
{
    char digits[POINT_TEXT_MAX];
    size_t n = 0;
    uint64_t left = point < 0 ? -(uint64_t)point : (uint64_t)point;
    do
        digits[n++] = (char)('0' + left % 10);
    while (left /= 10);
    if (point < 0)
        *buffer++ = '-';
    while (n)
        *buffer++ = digits[--n];
    *buffer = '\0';
}

const char *point_format(const struct cycling *cycling, cycle_point point, char *buffer)
{
    if (point == POINT_NONE || point == POINT_MAX)
        snprintf(buffer, POINT_TEXT_MAX, "%s", point == POINT_NONE ? "none" : "unlimited");
    else if (cycling->mode == CYCLING_INTEGER)
        format_integer(point, buffer);
    else
        format_write(cycling, point, buffer);
    return buffer;
}

int point_parse(const struct cycling *cycling, const char *text, cycle_point *ret_point,
                struct error *error)
{
    return point_parse_slice(cycling, slice_of(text), ret_point, error);
}

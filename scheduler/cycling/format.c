/* The point format: compiled once into a list of tokens, which is then used both to write points
 * and to read back what was written. */
#include "scheduler/cycling/format.h"

#include "base/check.h"
#include "scheduler/cycling/internal.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { NO_PRECISION = -1 };

struct spelling {
    const char *text;
    enum format_token token;
    int precision;
    int width;
};

/* Longer spellings stand before those which they begin with. */
static const struct spelling spellings[] = {
    {"+XCCYY", FORMAT_YEAR_EXPANDED, PRECISION_YEAR, 11},
    {"\xc2\xb1XCCYY", FORMAT_YEAR_EXPANDED, PRECISION_YEAR, 11},
    {"CCYY", FORMAT_YEAR, PRECISION_YEAR, 4},
    {"%Y", FORMAT_YEAR, PRECISION_YEAR, 4},
    {"CC", FORMAT_CENTURY, PRECISION_CENTURY, 2},
    {"YY", FORMAT_YEAR_OF_CENTURY, PRECISION_YEAR, 2},
    {"%y", FORMAT_YEAR_OF_CENTURY, PRECISION_YEAR, 2},
    {"MM", FORMAT_MONTH, PRECISION_MONTH, 2},
    {"%m", FORMAT_MONTH, PRECISION_MONTH, 2},
    {"DDD", FORMAT_ORDINAL, PRECISION_DAY, 3},
    {"%j", FORMAT_ORDINAL, PRECISION_DAY, 3},
    {"DD", FORMAT_DAY, PRECISION_DAY, 2},
    {"%d", FORMAT_DAY, PRECISION_DAY, 2},
    {"ww", FORMAT_WEEK, PRECISION_WEEK, 2},
    {"D", FORMAT_WEEKDAY, PRECISION_DAY, 1},
    {"+hh:mm", FORMAT_ZONE_EXTENDED, NO_PRECISION, 6},
    {"+hhmm", FORMAT_ZONE_BASIC, NO_PRECISION, 5},
    {"+hh", FORMAT_ZONE_HOUR, NO_PRECISION, 3},
    {"%z", FORMAT_ZONE_BASIC, NO_PRECISION, 5},
    {"hh", FORMAT_HOUR, PRECISION_HOUR, 2},
    {"%H", FORMAT_HOUR, PRECISION_HOUR, 2},
    {"mm", FORMAT_MINUTE, PRECISION_MINUTE, 2},
    {"%M", FORMAT_MINUTE, PRECISION_MINUTE, 2},
    {"ss", FORMAT_SECOND, PRECISION_SECOND, 2},
    {"%S", FORMAT_SECOND, PRECISION_SECOND, 2},
    {"%s", FORMAT_UNIX, PRECISION_SECOND, 20},
};

static int two_digits(const char *at)
{
    return (at[0] - '0') * 10 + (at[1] - '0');
}

static bool are_digits(const char *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isdigit((unsigned char)at[i]))
            return false;
    return true;
}

int zone_parse(struct slice text, int64_t *ret_seconds, struct error *error)
{
    if (slice_equal(text, "Z")) {
        *ret_seconds = 0;
        return 0;
    }
    const bool colon = text.n == 6 && text.at[3] == ':';
    const bool form =
        (text.n == 3 || text.n == 5 || colon) && (text.at[0] == '+' || text.at[0] == '-');
    if (!form || !are_digits(text.at + 1, 2) ||
        (text.n > 3 && !are_digits(text.at + text.n - 2, 2)))
        return error_set(error, -EINVAL,
                         "'%.*s' is not a time zone: expected Z, +hh, +hhmm or +hh:mm", (int)text.n,
                         text.at);
    const int hours = two_digits(text.at + 1);
    const int minutes = text.n > 3 ? two_digits(text.at + text.n - 2) : 0;
    if (hours > 23 || minutes > 59)
        return error_set(error, -EINVAL, "time zone '%.*s' is out of bounds", (int)text.n, text.at);
    const int64_t seconds = hours * SECONDS_AN_HOUR + minutes * SECONDS_A_MINUTE;
    *ret_seconds = text.at[0] == '-' ? -seconds : seconds;
    return 0;
}

static int add_item(struct point_format *format, enum format_token token, char literal,
                    struct error *error)
{
    if (format->n == FORMAT_ITEMS_MAX)
        return error_set(error, -EINVAL, "cycle point format is longer than %d items",
                         FORMAT_ITEMS_MAX);
    format->item[format->n].token = token;
    format->item[format->n].literal = literal;
    format->n++;
    return 0;
}

/* A zone written out at the end ("Z", "+0530") is copied, and says in which zone points are. */
static bool ends_in_zone(const char *at, struct point_format *format)
{
    struct error ignored;
    int64_t seconds;
    if (zone_parse(slice_of(at), &seconds, &ignored) != 0)
        return false;
    format->has_zone = true;
    format->zone = seconds;
    return true;
}

static const struct spelling *find_spelling(const char *at)
{
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++)
        if (strncmp(at, spellings[i].text, strlen(spellings[i].text)) == 0)
            return &spellings[i];
    return NULL;
}

static int compile_items(const char *text, struct point_format *format, int *ret_precision,
                         int *ret_width, struct error *error)
{
    const char *at = text;

    while (*at) {
        const struct spelling *spelling = find_spelling(at);
        if (spelling) {
            if (add_item(format, spelling->token, 0, error))
                return error->code;
            if (spelling->precision > *ret_precision)
                *ret_precision = spelling->precision;
            *ret_width += spelling->width;
            at += strlen(spelling->text);
            continue;
        }
        if ((at > text && ends_in_zone(at, format)) || strchr("TW-:_., ", *at) ||
            (format->has_zone && strchr("Z+0123456789", *at))) {
            if (add_item(format, FORMAT_LITERAL, *at, error))
                return error->code;
            *ret_width += 1;
            at++;
            continue;
        }
        return error_set(error, -EINVAL, "cycle point format '%s': '%s' is not understood", text,
                         at);
    }
    return 0;
}

static bool has_token(const struct point_format *format, enum format_token token)
{
    for (unsigned i = 0; i < format->n; i++)
        if (format->item[i].token == token)
            return true;
    return false;
}

#define HAS(token) (1U << FORMAT_##token)

/* What is written must say which point it was: each part once, one kind of year, no gap between the
 * year and the smallest part. NULL, or what is wrong. */
static const char *find_gap(unsigned has, bool repeated, bool years_in_order)
{
    const unsigned year =
        has & (HAS(YEAR) | HAS(YEAR_EXPANDED) | HAS(CENTURY) | HAS(YEAR_OF_CENTURY) | HAS(UNIX));
    const unsigned by_month = HAS(MONTH) | HAS(DAY), by_week = HAS(WEEK) | HAS(WEEKDAY);
    const unsigned days = has & (by_month | by_week | HAS(ORDINAL));
    const unsigned times = has & (HAS(HOUR) | HAS(MINUTE) | HAS(SECOND));
    if (!year)
        return "has no year";
    if (repeated)
        return "writes a part twice";
    if (((year & (year - 1)) && year != (HAS(CENTURY) | HAS(YEAR_OF_CENTURY))) || !years_in_order)
        return "writes the year in two ways";
    if (year == HAS(UNIX))
        return days || times ? "has %s and other parts" : NULL;
    if (year == HAS(CENTURY) && (days || times))
        return "has no year";
    if (times && !(days & (HAS(DAY) | HAS(ORDINAL) | HAS(WEEKDAY))))
        return "has a time but no day";
    if ((days & (days - 1)) && days != by_month && days != by_week)
        return "writes the day in two ways";
    if (days == HAS(DAY) || days == HAS(WEEKDAY))
        return "has a day but no month or week";
    if (times & (times + HAS(HOUR)))
        return "has a part of the time but not the one before it";
    return NULL;
}

static int check_complete(const struct point_format *format, const char *text, struct error *error)
{
    unsigned has = 0;
    bool repeated = false, in_order = true;
    for (unsigned i = 0; i < format->n; i++) {
        const unsigned token = 1U << format->item[i].token;
        if (token == HAS(LITERAL))
            continue;
        in_order = in_order && !(token == HAS(CENTURY) && (has & HAS(YEAR_OF_CENTURY)));
        repeated = repeated || (has & token);
        has |= token;
    }
    const char *gap = find_gap(has, repeated, in_order);
    if (gap)
        return error_set(error, -EINVAL, "cycle point format '%s' %s", text, gap);
    return 0;
}

int format_compile(const char *text, int expanded, struct point_format *ret_format,
                   struct error *error)
{
    struct point_format format = {0};
    int precision = NO_PRECISION;
    int width = 0;

    if (compile_items(text, &format, &precision, &width, error))
        return error->code;
    if (check_complete(&format, text, error))
        return error->code;
    if (width > FORMAT_WIDTH_MAX)
        return error_set(error, -EINVAL, "cycle point format '%s' is too long", text);
    if (expanded > 0 && !has_token(&format, FORMAT_YEAR_EXPANDED) &&
        !has_token(&format, FORMAT_UNIX))
        return error_set(error, -EINVAL,
                         "cycle point format '%s' has no +XCCYY, though cycle point num expanded "
                         "year digits is %d",
                         text, expanded);
    format.hour_zones = has_token(&format, FORMAT_ZONE_HOUR);
    format.week_years = has_token(&format, FORMAT_WEEK);
    format.short_years =
        has_token(&format, FORMAT_YEAR_OF_CENTURY) && !has_token(&format, FORMAT_CENTURY);
    format.precision = (enum precision)precision;
    *ret_format = format;
    return 0;
}

/* What a format writes of a point. */
struct parts {
    struct civil civil;
    struct week_date week;
    int64_t year;
    int64_t unix_seconds;
    int64_t zone;
};

static int write_zone(char *at, size_t size, enum format_token token, int64_t zone)
{
    const char sign = zone < 0 ? '-' : '+';
    const int64_t minutes = (zone < 0 ? -zone : zone) / SECONDS_A_MINUTE;
    const int hour = (int)(minutes / 60);
    const int minute = (int)(minutes % 60);
    if (token == FORMAT_ZONE_HOUR)
        return snprintf(at, size, "%c%02d", sign, hour);
    return snprintf(at, size, token == FORMAT_ZONE_BASIC ? "%c%02d%02d" : "%c%02d:%02d", sign, hour,
                    minute);
}

static int write_item(const struct cycling *cycling, const struct parts *parts, unsigned i,
                      char *at, size_t size)
{
    const int64_t year = parts->year;
    const int64_t second = parts->civil.second;

    switch (cycling->format.item[i].token) {
    case FORMAT_LITERAL:
        return snprintf(at, size, "%c", cycling->format.item[i].literal);
    case FORMAT_YEAR:
        return snprintf(at, size, "%04" PRId64, year);
    case FORMAT_YEAR_EXPANDED:
        return snprintf(at, size, "%c%0*" PRId64, year < 0 ? '-' : '+',
                        YEAR_DIGITS + cycling->expanded, year < 0 ? -year : year);
    case FORMAT_CENTURY:
        return snprintf(at, size, "%02" PRId64, floor_divide(year, 100));
    case FORMAT_YEAR_OF_CENTURY:
        return snprintf(at, size, "%02" PRId64, floor_modulo(year, 100));
    case FORMAT_MONTH:
        return snprintf(at, size, "%02d", parts->civil.date.month);
    case FORMAT_DAY:
        return snprintf(at, size, "%02d", parts->civil.date.day);
    case FORMAT_ORDINAL:
        return snprintf(at, size, "%03d", calendar_ordinal(cycling->calendar, parts->civil.date));
    case FORMAT_WEEK:
        return snprintf(at, size, "%02d", parts->week.week);
    case FORMAT_WEEKDAY:
        return snprintf(at, size, "%d", parts->week.weekday);
    case FORMAT_HOUR:
        return snprintf(at, size, "%02" PRId64, second / SECONDS_AN_HOUR);
    case FORMAT_MINUTE:
        return snprintf(at, size, "%02" PRId64, second / SECONDS_A_MINUTE % 60);
    case FORMAT_SECOND:
        return snprintf(at, size, "%02" PRId64, second % SECONDS_A_MINUTE);
    case FORMAT_UNIX:
        return snprintf(at, size, "%" PRId64, parts->unix_seconds);
    case FORMAT_ZONE_HOUR:
    case FORMAT_ZONE_BASIC:
    case FORMAT_ZONE_EXTENDED:
        return write_zone(at, size, cycling->format.item[i].token, parts->zone);
    }
    IMPOSSIBLE("an unknown format token");
}

const char *format_write(const struct cycling *cycling, cycle_point point, char *buffer)
{
    struct parts parts = {.civil = civil_of(cycling, point, cycling->zone),
                          .unix_seconds = point,
                          .zone = cycling->zone};
    parts.week = calendar_week_date(cycling->calendar, parts.civil.days);
    parts.year = cycling->format.week_years ? parts.week.year : parts.civil.date.year;

    size_t n = 0;
    for (unsigned i = 0; i < cycling->format.n; i++)
        n += (size_t)write_item(cycling, &parts, i, buffer + n, POINT_TEXT_MAX - n);
    POST(n < POINT_TEXT_MAX);
    return buffer;
}

/* What was read. Parts which the format does not have keep their lowest value. */
struct reading {
    struct slice rest;
    int64_t year;
    int month, day, ordinal, week, weekday;
    int hour, minute, second;
    bool is_unix;
    int64_t unix_seconds;
    int64_t zone;
};

static bool read_number(struct slice *text, size_t digits, int64_t *ret_value)
{
    int64_t value = 0;
    if (text->n < digits || !are_digits(text->at, digits))
        return false;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (text->at[i] - '0');
    text->at += digits;
    text->n -= digits;
    *ret_value = value;
    return true;
}

static bool read_int(struct slice *text, size_t digits, int *ret_value)
{
    int64_t value;
    if (!read_number(text, digits, &value))
        return false;
    *ret_value = (int)value;
    return true;
}

static bool read_sign(struct slice *text, int64_t *ret_sign)
{
    if (text->n == 0 || (text->at[0] != '+' && text->at[0] != '-'))
        return false;
    *ret_sign = text->at[0] == '-' ? -1 : 1;
    text->at++;
    text->n--;
    return true;
}

static bool read_year(const struct cycling *cycling, enum format_token token,
                      struct reading *reading)
{
    int64_t sign = 1;
    int64_t value;

    if (token == FORMAT_YEAR_EXPANDED) {
        if (!read_sign(&reading->rest, &sign) ||
            !read_number(&reading->rest, (size_t)YEAR_DIGITS + (size_t)cycling->expanded, &value))
            return false;
        reading->year = sign * value;
    } else if (token == FORMAT_YEAR) {
        return read_number(&reading->rest, YEAR_DIGITS, &reading->year);
    } else if (token == FORMAT_CENTURY) {
        if (!read_number(&reading->rest, 2, &value))
            return false;
        reading->year = value * 100;
    } else {
        if (!read_number(&reading->rest, 2, &value))
            return false;
        reading->year += value;
        if (cycling->format.short_years)
            reading->year += value < SHORT_YEAR_FIRST % 100 ? 2000 : 1900;
    }
    return true;
}

static bool read_unix(struct reading *reading)
{
    int64_t sign = 1;
    size_t digits = 0;

    read_sign(&reading->rest, &sign);
    while (digits < reading->rest.n && isdigit((unsigned char)reading->rest.at[digits]))
        digits++;
    if (digits == 0 || digits > 18 || !read_number(&reading->rest, digits, &reading->unix_seconds))
        return false;
    reading->unix_seconds *= sign;
    reading->is_unix = true;
    return true;
}

static bool read_zone(enum format_token token, struct reading *reading)
{
    const size_t width = token == FORMAT_ZONE_HOUR ? 3 : token == FORMAT_ZONE_BASIC ? 5 : 6;
    struct error ignored;

    if (reading->rest.n < width ||
        zone_parse((struct slice){reading->rest.at, width}, &reading->zone, &ignored) != 0)
        return false;
    reading->rest.at += width;
    reading->rest.n -= width;
    return true;
}

static bool read_item(const struct cycling *cycling, unsigned i, struct reading *reading)
{
    struct slice *rest = &reading->rest;

    switch (cycling->format.item[i].token) {
    case FORMAT_LITERAL:
        if (rest->n == 0 || rest->at[0] != cycling->format.item[i].literal)
            return false;
        rest->at++;
        rest->n--;
        return true;
    case FORMAT_YEAR:
    case FORMAT_YEAR_EXPANDED:
    case FORMAT_CENTURY:
    case FORMAT_YEAR_OF_CENTURY:
        return read_year(cycling, cycling->format.item[i].token, reading);
    case FORMAT_MONTH:
        return read_int(rest, 2, &reading->month);
    case FORMAT_DAY:
        return read_int(rest, 2, &reading->day);
    case FORMAT_ORDINAL:
        return read_int(rest, 3, &reading->ordinal);
    case FORMAT_WEEK:
        return read_int(rest, 2, &reading->week);
    case FORMAT_WEEKDAY:
        return read_int(rest, 1, &reading->weekday);
    case FORMAT_HOUR:
        return read_int(rest, 2, &reading->hour);
    case FORMAT_MINUTE:
        return read_int(rest, 2, &reading->minute);
    case FORMAT_SECOND:
        return read_int(rest, 2, &reading->second);
    case FORMAT_UNIX:
        return read_unix(reading);
    case FORMAT_ZONE_HOUR:
    case FORMAT_ZONE_BASIC:
    case FORMAT_ZONE_EXTENDED:
        return read_zone(cycling->format.item[i].token, reading);
    }
    IMPOSSIBLE("an unknown format token");
}

static bool reading_day(const struct cycling *cycling, const struct reading *reading,
                        int64_t *ret_days)
{
    const enum calendar calendar = cycling->calendar;
    const struct date first = {reading->year, 1, 1};

    if (cycling->format.week_years) {
        if (reading->week < 1 || reading->week > calendar_weeks(calendar, reading->year) ||
            reading->weekday < 1 || reading->weekday > DAYS_A_WEEK)
            return false;
        *ret_days = calendar_week_one(calendar, reading->year) + (reading->week - 1) * DAYS_A_WEEK +
                    reading->weekday - 1;
        return true;
    }
    if (has_token(&cycling->format, FORMAT_ORDINAL)) {
        if (reading->ordinal < 1 ||
            reading->ordinal > calendar_year_length(calendar, reading->year))
            return false;
        *ret_days = calendar_days(calendar, first) + reading->ordinal - 1;
        return true;
    }
    if (reading->month < 1 || reading->month > MONTHS_A_YEAR || reading->day < 1 ||
        reading->day > calendar_month_length(calendar, reading->year, reading->month))
        return false;
    *ret_days = calendar_days(calendar, (struct date){reading->year, reading->month, reading->day});
    return true;
}

bool format_read(const struct cycling *cycling, struct slice text, cycle_point *ret_point)
{
    struct reading reading = {
        .rest = text, .month = 1, .day = 1, .weekday = 1, .zone = cycling->zone};
    int64_t days;
    cycle_point point;

    for (unsigned i = 0; i < cycling->format.n; i++)
        if (!read_item(cycling, i, &reading))
            return false;
    if (reading.rest.n > 0)
        return false;
    if (reading.is_unix) {
        point = reading.unix_seconds;
    } else {
        if (reading.hour > 23 || reading.minute > 59 || reading.second > 59 ||
            !reading_day(cycling, &reading, &days))
            return false;
        point = days * SECONDS_A_DAY + reading.hour * SECONDS_AN_HOUR +
                reading.minute * SECONDS_A_MINUTE + reading.second - reading.zone;
    }
    if (!point_in_range(cycling, point))
        return false;
    *ret_point = point;
    return true;
}

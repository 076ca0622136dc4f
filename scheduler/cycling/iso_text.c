/* Taking ISO 8601 text apart by tables of patterns. Basic and extended style ("20260101T0000",
 * "2026-01-01T00:00") are not mixed in one text. */
#include "scheduler/cycling/iso_text.h"

#include "base/check.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "base/banned.h"

enum style { STYLE_EITHER, STYLE_BASIC, STYLE_EXTENDED };

/* Letters stand for one digit each; - and : and W for themselves. Y year, C century, y year of the
 * century, M month, D day, O day of the year, w week, k day of the week, h m s. */
struct pattern {
    const char *text;
    enum style style;
    bool complete; /* down to the day: a time may follow */
};

static const struct pattern date_patterns[] = {
    {"YYYY", STYLE_EITHER, false},   {"YYYY-MM", STYLE_EXTENDED, false},
    {"YYYYMMDD", STYLE_BASIC, true}, {"YYYY-MM-DD", STYLE_EXTENDED, true},
    {"YYYYOOO", STYLE_BASIC, true},  {"YYYY-OOO", STYLE_EXTENDED, true},
    {"YYYYWww", STYLE_BASIC, false}, {"YYYY-Www", STYLE_EXTENDED, false},
    {"YYYYWwwk", STYLE_BASIC, true}, {"YYYY-Www-k", STYLE_EXTENDED, true},
    {"CC", STYLE_EITHER, false},
};

static const struct pattern truncated_patterns[] = {
    {"-yy", STYLE_EITHER, true},      {"-yyMM", STYLE_BASIC, true},
    {"-yy-MM", STYLE_EXTENDED, true}, {"--MM", STYLE_EITHER, true},
    {"--MMDD", STYLE_BASIC, true},    {"--MM-DD", STYLE_EXTENDED, true},
    {"---DD", STYLE_EITHER, true},    {"-OOO", STYLE_EITHER, true},
    {"-Www", STYLE_EITHER, true},     {"-Wwwk", STYLE_BASIC, true},
    {"-Www-k", STYLE_EXTENDED, true}, {"-W-k", STYLE_EITHER, true},
};

static const struct pattern time_patterns[] = {
    {"hh", STYLE_EITHER, true},         {"hhmm", STYLE_BASIC, true},
    {"hh:mm", STYLE_EXTENDED, true},    {"hhmmss", STYLE_BASIC, true},
    {"hh:mm:ss", STYLE_EXTENDED, true}, {"-mm", STYLE_EITHER, false},
    {"-mmss", STYLE_BASIC, false},      {"-mm:ss", STYLE_EXTENDED, false},
    {"--ss", STYLE_EITHER, false},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static int *part_of(struct iso_text *iso, char letter)
{
    switch (letter) {
    case 'y':
        return &iso->year_of_century;
    case 'M':
        return &iso->month;
    case 'D':
        return &iso->day;
    case 'O':
        return &iso->ordinal;
    case 'w':
        return &iso->week;
    case 'k':
        return &iso->weekday;
    case 'h':
        return &iso->hour;
    case 'm':
        return &iso->minute;
    case 's':
        return &iso->second;
    default:
        return NULL;
    }
}

/* On success the digits are stored; nothing is stored otherwise. */
static bool match(const struct pattern *pattern, struct slice text, struct iso_text *iso)
{
    struct iso_text found = *iso;
    size_t i = 0;

    for (; pattern->text[i]; i++) {
        const char letter = pattern->text[i];
        if (i >= text.n)
            return false;
        const int digit = text.at[i] - '0';
        int *part = part_of(&found, letter);
        if (!part && letter != 'Y' && letter != 'C') {
            if (text.at[i] != letter)
                return false;
            continue;
        }
        if (!isdigit((unsigned char)text.at[i]))
            return false;
        if (part)
            *part = (*part < 0 ? 0 : *part) * 10 + digit;
        else
            found.year = found.year * 10 + digit;
    }
    if (i != text.n)
        return false;
    *iso = found;
    return true;
}

static const struct pattern *match_any(const struct pattern *patterns, size_t n, struct slice text,
                                       struct iso_text *iso)
{
    for (size_t i = 0; i < n; i++)
        if (match(&patterns[i], text, iso))
            return &patterns[i];
    return NULL;
}

/* "+XXCCYY...": the sign, and the digits beyond four, which are kept in the year. */
static bool read_expansion(const struct cycling *cycling, struct slice *text, int *ret_sign,
                           struct iso_text *iso)
{
    *ret_sign = text->at[0] == '-' ? -1 : 1;
    if (text->n <= (size_t)cycling->expanded)
        return false;
    for (int i = 1; i <= cycling->expanded; i++) {
        if (!isdigit((unsigned char)text->at[i]))
            return false;
        iso->year = iso->year * 10 + (text->at[i] - '0');
    }
    text->at += cycling->expanded + 1;
    text->n -= (size_t)cycling->expanded + 1;
    return true;
}

static const struct pattern *read_full_date(const struct cycling *cycling, struct slice text,
                                            struct iso_text *iso)
{
    const bool has_sign = text.n > 0 && (text.at[0] == '+' || text.at[0] == '-');
    struct iso_text found = *iso;
    int sign = 1;

    if (has_sign && (cycling->expanded == 0 || !read_expansion(cycling, &text, &sign, &found)))
        return NULL;
    const struct pattern *pattern = match_any(date_patterns, COUNT(date_patterns), text, &found);
    if (!pattern)
        return NULL;
    if (pattern->text[0] == 'C')
        found.year *= 100;
    found.year *= sign;
    found.has_year = true;
    *iso = found;
    return pattern;
}

static const struct pattern *read_date(const struct cycling *cycling, struct slice text,
                                       struct iso_text *iso)
{
    const struct pattern *pattern = read_full_date(cycling, text, iso);
    if (pattern)
        return pattern;
    return match_any(truncated_patterns, COUNT(truncated_patterns), text, iso);
}

/* A fraction of the last part of a time, in seconds; the part of a second is cut off. */
static bool read_fraction(struct slice digits, struct iso_text *iso)
{
    const int64_t unit = iso->second >= 0   ? 1
                         : iso->minute >= 0 ? SECONDS_A_MINUTE
                                            : SECONDS_AN_HOUR;
    int64_t value = 0;
    int64_t scale = 1;

    if (digits.n == 0 || digits.n > 9)
        return false;
    for (size_t i = 0; i < digits.n; i++) {
        if (!isdigit((unsigned char)digits.at[i]))
            return false;
        value = value * 10 + (digits.at[i] - '0');
        scale *= 10;
    }
    const int64_t seconds = value * unit / scale;
    if (unit == SECONDS_AN_HOUR)
        iso->minute = (int)(seconds / SECONDS_A_MINUTE);
    if (unit != 1)
        iso->second = (int)(seconds % SECONDS_A_MINUTE);
    return true;
}

static size_t find_any(struct slice text, const char *characters, size_t from)
{
    for (size_t i = from; i < text.n; i++)
        for (const char *c = characters; *c; c++)
            if (text.at[i] == *c)
                return i;
    return text.n;
}

static struct slice part(struct slice text, size_t from, size_t to)
{
    return (struct slice){text.at + from, to - from};
}

static enum style zone_style(struct slice zone)
{
    return zone.n == 6 ? STYLE_EXTENDED : zone.n == 5 ? STYLE_BASIC : STYLE_EITHER;
}

static bool styles_agree(enum style a, enum style b)
{
    return a == STYLE_EITHER || b == STYLE_EITHER || a == b;
}

/* "0630+01", "-30", "06:30,5Z". *style is that of the date, and becomes that of both. */
static bool read_time(struct slice text, enum style *style, bool truncated, struct iso_text *iso)
{
    struct error ignored;
    size_t first_digit = 0;

    while (first_digit < text.n && text.at[first_digit] == '-')
        first_digit++;
    const size_t zone_at = find_any(text, "Z+-", first_digit);
    const size_t fraction_at = find_any(part(text, 0, zone_at), ".,", 0);
    const struct pattern *pattern =
        match_any(time_patterns, COUNT(time_patterns), part(text, 0, fraction_at), iso);
    if (!pattern || !styles_agree(*style, pattern->style) || (!pattern->complete && !truncated))
        return false;
    if (*style == STYLE_EITHER)
        *style = pattern->style;
    if (fraction_at < zone_at && !read_fraction(part(text, fraction_at + 1, zone_at), iso))
        return false;
    if (zone_at == text.n)
        return true;
    const struct slice zone = part(text, zone_at, text.n);
    iso->has_zone = true;
    return styles_agree(*style, zone_style(zone)) && zone_parse(zone, &iso->zone, &ignored) == 0;
}

static bool read_parts(const struct cycling *cycling, struct slice text, struct iso_text *iso)
{
    const size_t time_at = find_any(text, "T", 0);
    enum style style = STYLE_EITHER;
    bool complete = true;

    if (text.n == 0)
        return false;
    if (time_at > 0) {
        const struct pattern *pattern = read_date(cycling, part(text, 0, time_at), iso);
        if (!pattern)
            return false;
        style = pattern->style;
        complete = pattern->complete;
    }
    if (time_at == text.n)
        return true;
    return complete && read_time(part(text, time_at + 1, text.n), &style, time_at == 0, iso);
}

static int check_part(struct slice text, const char *name, int value, int lowest, int highest,
                      struct error *error)
{
    if (value < 0 || (value >= lowest && value <= highest))
        return 0;
    return error_set(error, -EINVAL, "'%.*s': %s %d is out of bounds (%d to %d)", (int)text.n,
                     text.at, name, value, lowest, highest);
}

static int check_bounds(const struct cycling *cycling, struct slice text,
                        const struct iso_text *iso, struct error *error)
{
    const enum calendar calendar = cycling->calendar;
    const int most_weeks = calendar == CALENDAR_360DAY ? 52 : 53;
    const int longest_year =
        calendar == CALENDAR_GREGORIAN ? 366 : calendar_year_length(calendar, 0);

    if (check_part(text, "month", iso->month, 1, MONTHS_A_YEAR, error))
        return error->code;
    int days = calendar_month_longest(calendar, iso->month < 0 ? 1 : iso->month);
    if (iso->has_year && iso->month > 0)
        days = calendar_month_length(calendar, iso->year, iso->month);
    if (check_part(text, "day of the month", iso->day, 1, days, error) ||
        check_part(text, "day of the year", iso->ordinal, 1,
                   iso->has_year ? calendar_year_length(calendar, iso->year) : longest_year,
                   error) ||
        check_part(text, "week", iso->week, 1,
                   iso->has_year ? calendar_weeks(calendar, iso->year) : most_weeks, error) ||
        check_part(text, "day of the week", iso->weekday, 1, DAYS_A_WEEK, error) ||
        check_part(text, "hour", iso->hour, 0, 24, error))
        return error->code;
    const bool midnight = iso->hour == 24;
    if (check_part(text, "minute", iso->minute, 0, midnight ? 0 : 59, error) ||
        check_part(text, "second", iso->second, 0, midnight ? 0 : 59, error))
        return error->code;
    return 0;
}

int iso_text_parse(const struct cycling *cycling, struct slice text, struct iso_text *ret_iso,
                   struct error *error)
{
    struct iso_text iso = {
        .year_of_century = -1,
        .month = -1,
        .day = -1,
        .ordinal = -1,
        .week = -1,
        .weekday = -1,
        .hour = -1,
        .minute = -1,
        .second = -1,
    };

    if (!read_parts(cycling, text, &iso))
        return error_set(error, -EINVAL,
                         "'%.*s' is not an ISO 8601 date-time: expected e.g. 20260131T0600Z",
                         (int)text.n, text.at);
    if (check_bounds(cycling, text, &iso, error))
        return error->code;
    *ret_iso = iso;
    return 0;
}

static int64_t iso_text_days(const struct cycling *cycling, const struct iso_text *iso)
{
    const enum calendar calendar = cycling->calendar;

    if (iso->week > 0)
        return calendar_week_one(calendar, iso->year) + (iso->week - 1) * DAYS_A_WEEK +
               (iso->weekday > 0 ? iso->weekday - 1 : 0);
    if (iso->ordinal > 0)
        return calendar_days(calendar, (struct date){iso->year, 1, 1}) + iso->ordinal - 1;
    return calendar_days(calendar, (struct date){iso->year, iso->month > 0 ? iso->month : 1,
                                                 iso->day > 0 ? iso->day : 1});
}

int iso_text_point(const struct cycling *cycling, const struct iso_text *iso,
                   cycle_point *ret_point, struct error *error)
{
    const int64_t zone = iso->has_zone ? iso->zone : cycling->assumed_zone;
    const int64_t second = (iso->hour > 0 ? iso->hour : 0) * SECONDS_AN_HOUR +
                           (iso->minute > 0 ? iso->minute : 0) * SECONDS_A_MINUTE +
                           (iso->second > 0 ? iso->second : 0);

    PRE(iso->has_year);
    const cycle_point point = iso_text_days(cycling, iso) * SECONDS_A_DAY + second - zone;
    if (!point_in_range(cycling, point))
        return error_set(error, -ERANGE,
                         "the cycle point is outside the years %lld to %lld, which can be written",
                         (long long)civil_of(cycling, cycling->lowest, cycling->zone).date.year,
                         (long long)civil_of(cycling, cycling->highest, cycling->zone).date.year);
    *ret_point = point_floor(cycling, point);
    return 0;
}

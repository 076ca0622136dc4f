/* See point_text.h. Reading and adding is scheduler/cycling's; this is about keeping the spelling.
 */
#include "scheduler/command/point_text.h"
#include "scheduler/cycling/calendar.h"
#include "scheduler/cycling/duration.h"
#include "scheduler/cycling/format.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { SECOND_NS = 1000000000, ZONE_TEXT_MAX = 8, FRACTION_DIGITS = 6 };

/* Digits are 0 here; a date written so has this template. */
struct spelling {
    const char *digits, *format;
};

static const struct spelling dates[] = {
    {"0000-00-00", "CCYY-MM-DD"},
    {"00000000", "CCYYMMDD"},
    {"0000-W00-0", "CCYY-Www-D"},
    {"0000W000", "CCYYWwwD"},
    {"0000-W00", "CCYY-Www"},
    {"0000W00", "CCYYWww"},
    {"0000-000", "CCYY-DDD"},
    {"0000000", "CCYYDDD"},
    {"0000-00", "CCYY-MM"},
    {"0000", "CCYY"},
    {"00", "CC"},
};
static const struct spelling times[] = {
    {"00:00:00", "hh:mm:ss"}, {"000000", "hhmmss"}, {"00:00", "hh:mm"},
    {"0000", "hhmm"},         {"00", "hh"},
};

static bool is_spelt(struct slice text, const char *digits)
{
    if (text.n != strlen(digits))
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (digits[i] == '0' ? !isdigit((unsigned char)text.at[i]) : text.at[i] != digits[i])
            return false;
    return true;
}

static const char *spelling_of(const struct spelling *all, size_t n, struct slice text)
{
    for (size_t i = 0; i < n; i++)
        if (is_spelt(text, all[i].digits))
            return all[i].format;
    return NULL;
}
#define SPELLING_OF(all, text) spelling_of(all, sizeof(all) / sizeof *(all), text)

static size_t find(struct slice text, const char *characters)
{
    size_t i = 0;
    while (i < text.n && !strchr(characters, text.at[i]))
        i++;
    return i;
}

static struct slice cut(struct slice *text, size_t at)
{
    struct slice first = {text->at, at};
    *text = (struct slice){text->at + at, text->n - at};
    return first;
}

/* "1830,5+01" after the T. */
static bool read_time_shape(struct slice rest, struct shape *shape)
{
    struct slice time = cut(&rest, find(rest, "Z+-"));
    shape->zone = rest;
    struct slice whole = cut(&time, find(time, ".,"));
    shape->fraction = time;
    shape->time = SPELLING_OF(times, whole);
    return shape->time;
}

static bool read_shape(struct slice text, int expanded, struct shape *shape)
{
    struct slice rest = text;
    struct slice date = cut(&rest, find(rest, "T"));
    bool has_sign = date.n && (*date.at == '+' || *date.at == '-');
    *shape = (struct shape){0};
    if (has_sign && (size_t)expanded + 1 > date.n)
        return false;
    if (has_sign)
        (void)cut(&date, (size_t)expanded + 1);
    shape->date = SPELLING_OF(dates, date);
    if (!shape->date)
        return false;
    return !rest.n || read_time_shape((struct slice){rest.at + 1, rest.n - 1}, shape);
}

static struct cycling *cycling_for(int64_t zone, int expanded, struct error *error)
{
    const struct cycling_options options = {
        .mode = CYCLING_DATETIME,
        .utc_offset_minutes = (int)(zone / SECONDS_A_MINUTE),
        .year_digits_expanded = expanded,
        .format = expanded ? "+XCCYYMMDDThhmmss" : "CCYYMMDDThhmmss",
    };
    return cycling_create(&options, error);
}

/* ",5" of a second. */
static int64_t nanoseconds_of(struct slice fraction)
{
    int64_t value = 0, unit = SECOND_NS;
    for (size_t i = 1; i < fraction.n && unit > 1; i++) {
        unit /= 10;
        value += (fraction.at[i] - '0') * unit;
    }
    return value;
}

int stamp_parse(const char *text, int expanded, struct stamp *ret_stamp, struct shape *ret_shape,
                struct error *error)
{
    struct shape shape;
    struct stamp stamp = {.expanded = expanded};
    if (!read_shape(slice_of(text), expanded, &shape))
        return error_set(error, -EINVAL,
                         "'%s' is not an ISO 8601 date-time: expected e.g. 20260131T0600Z", text);
    if (shape.zone.n && zone_parse(shape.zone, &stamp.zone, error))
        return error->code;
    struct cycling *cycling = cycling_for(stamp.zone, expanded, error);
    if (!cycling)
        return error->code;
    int code = point_parse(cycling, text, &stamp.point, error);
    cycling_destroy(cycling);
    if (code)
        return code;
    if (shape.fraction.n && strstr(shape.time, "ss"))
        stamp.nanoseconds = nanoseconds_of(shape.fraction);
    *ret_stamp = stamp;
    *ret_shape = shape;
    return 0;
}

int stamp_add(struct stamp *stamp, const struct interval *interval, struct error *error)
{
    const struct interval parts[] = {
        {.seconds = interval->seconds}, {.minutes = interval->minutes},
        {.hours = interval->hours},     {.days = interval->days},
        {.weeks = interval->weeks},     {.months = interval->months},
        {.years = interval->years},
    };
    struct cycling *cycling = cycling_for(stamp->zone, stamp->expanded, error);
    if (!cycling)
        return error->code;
    cycle_point point = stamp->point;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        point = point_add(cycling, point, &parts[i], 1);
    cycling_destroy(cycling);
    if (point == POINT_NONE)
        return error_set(error, -ERANGE, "the year of the result cannot be written with %d digits",
                         4 + stamp->expanded);
    stamp->point = point;
    return 0;
}

static void negate(struct duration *duration)
{
    struct interval *interval = &duration->interval;
    int64_t *const parts[] = {&interval->years,   &interval->months,     &interval->weeks,
                              &interval->days,    &interval->hours,      &interval->minutes,
                              &interval->seconds, &duration->nanoseconds};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        *parts[i] = -*parts[i];
}

int stamp_add_text(struct stamp *stamp, const char *text, struct error *error)
{
    struct duration duration;
    bool negative = *text == '-';
    if (*text == '+')
        return error_set(error, -EINVAL, "'%s' is not a duration: expected e.g. P1D or -PT6H",
                         text);
    if (duration_read(slice_of(text + negative), &duration, error))
        return error->code;
    if (negative)
        negate(&duration);
    int64_t nanoseconds = stamp->nanoseconds + duration.nanoseconds;
    duration.interval.seconds += floor_divide(nanoseconds, SECOND_NS);
    if (stamp_add(stamp, &duration.interval, error))
        return error->code;
    stamp->nanoseconds = floor_modulo(nanoseconds, SECOND_NS);
    return 0;
}

int stamp_compare(const struct stamp *a, const struct stamp *b)
{
    if (a->point != b->point)
        return a->point < b->point ? -1 : 1;
    return (a->nanoseconds > b->nanoseconds) - (a->nanoseconds < b->nanoseconds);
}

/* A stamp taken apart. */
struct parts {
    struct date date;
    struct week_date week;
    int64_t year; /* in texts with weeks the week's */
    int ordinal;
    int64_t second; /* of the day */
    const struct stamp *stamp;
    int64_t zone;
};

static struct parts parts_of(const struct stamp *stamp, int64_t zone, bool by_week)
{
    int64_t local = stamp->point + zone;
    int64_t days = floor_divide(local, SECONDS_A_DAY);
    struct parts parts = {.date = calendar_date(CALENDAR_GREGORIAN, days),
                          .week = calendar_week_date(CALENDAR_GREGORIAN, days),
                          .second = floor_modulo(local, SECONDS_A_DAY),
                          .stamp = stamp,
                          .zone = zone};
    parts.ordinal = calendar_ordinal(CALENDAR_GREGORIAN, parts.date);
    parts.year = by_week ? parts.week.year : parts.date.year;
    return parts;
}

static void write_year(const struct parts *parts, struct text *out)
{
    int64_t year = parts->year;
    if (parts->stamp->expanded)
        text_addf(out, "%c%0*" PRId64, year < 0 ? '-' : '+', 4 + parts->stamp->expanded,
                  year < 0 ? -year : year);
    else
        text_addf(out, "%04" PRId64, year);
}

static void write_zone(int64_t zone, const char *between, bool minutes, struct text *out)
{
    int64_t size = (zone < 0 ? -zone : zone) / SECONDS_A_MINUTE;
    text_addf(out, "%c%02" PRId64, zone < 0 ? '-' : '+', size / 60);
    if (minutes)
        text_addf(out, "%s%02" PRId64, between, size % 60);
}

enum word {
    WORD_LONG_YEAR,
    WORD_YEAR,
    WORD_CENTURY,
    WORD_YEAR_OF_CENTURY,
    WORD_MONTH,
    WORD_ORDINAL,
    WORD_DAY,
    WORD_WEEK,
    WORD_WEEKDAY,
    WORD_HOUR,
    WORD_MINUTE,
    WORD_SECOND,
    WORD_UNIX,
    WORD_ZONE_EXTENDED,
    WORD_ZONE_BASIC,
    WORD_ZONE_HOUR,
    WORD_DATE,
    WORD_TIME,
    WORD_PERCENT
};

static void write_word(enum word word, const struct parts *parts, struct text *out)
{
    switch (word) {
    case WORD_LONG_YEAR:
        write_year(parts, out);
        break;
    case WORD_YEAR:
        text_addf(out, "%04" PRId64, parts->year);
        break;
    case WORD_CENTURY:
        text_addf(out, "%02" PRId64, floor_divide(parts->year, 100));
        break;
    case WORD_YEAR_OF_CENTURY:
        text_addf(out, "%02" PRId64, floor_modulo(parts->year, 100));
        break;
    case WORD_MONTH:
        text_addf(out, "%02d", parts->date.month);
        break;
    case WORD_ORDINAL:
        text_addf(out, "%03d", parts->ordinal);
        break;
    case WORD_DAY:
        text_addf(out, "%02d", parts->date.day);
        break;
    case WORD_WEEK:
        text_addf(out, "W%02d", parts->week.week);
        break;
    case WORD_WEEKDAY:
        text_addf(out, "%d", parts->week.weekday);
        break;
    case WORD_HOUR:
        text_addf(out, "%02" PRId64, parts->second / SECONDS_AN_HOUR);
        break;
    case WORD_MINUTE:
        text_addf(out, "%02" PRId64, parts->second / SECONDS_A_MINUTE % 60);
        break;
    case WORD_SECOND:
        text_addf(out, "%02" PRId64, parts->second % 60);
        break;
    case WORD_UNIX:
        text_addf(out, "%" PRId64, parts->stamp->point);
        break;
    case WORD_ZONE_EXTENDED:
    case WORD_ZONE_BASIC:
    case WORD_ZONE_HOUR:
        write_zone(parts->zone, word == WORD_ZONE_EXTENDED ? ":" : "", word != WORD_ZONE_HOUR, out);
        break;
    case WORD_DATE:
        text_addf(out, "%04" PRId64 "-%02d-%02d", parts->year, parts->date.month, parts->date.day);
        break;
    case WORD_TIME:
        text_addf(out, "%02" PRId64 ":%02" PRId64 ":%02" PRId64, parts->second / SECONDS_AN_HOUR,
                  parts->second / SECONDS_A_MINUTE % 60, parts->second % 60);
        break;
    case WORD_PERCENT:
        text_add_char(out, '%');
        break;
    }
}

struct entry {
    const char *text;
    enum word word;
};

/* Longer words stand before those they begin with. */
static const struct entry date_words[] = {
    {"\xc2\xb1XCCYY", WORD_LONG_YEAR},
    {"+XCCYY", WORD_LONG_YEAR},
    {"CCYY", WORD_YEAR},
    {"CC", WORD_CENTURY},
    {"YY", WORD_YEAR_OF_CENTURY},
    {"MM", WORD_MONTH},
    {"DDD", WORD_ORDINAL},
    {"DD", WORD_DAY},
    {"Www", WORD_WEEK},
    {"D", WORD_WEEKDAY},
};
static const struct entry time_words[] = {
    {"+hh:mm", WORD_ZONE_EXTENDED},
    {"+hhmm", WORD_ZONE_BASIC},
    {"+hh", WORD_ZONE_HOUR},
    {"hh", WORD_HOUR},
    {"mm", WORD_MINUTE},
    {"ss", WORD_SECOND},
};
static const struct entry percent_words[] = {
    {"%Y", WORD_YEAR},    {"%y", WORD_YEAR_OF_CENTURY},
    {"%m", WORD_MONTH},   {"%d", WORD_DAY},
    {"%j", WORD_ORDINAL}, {"%H", WORD_HOUR},
    {"%M", WORD_MINUTE},  {"%S", WORD_SECOND},
    {"%s", WORD_UNIX},    {"%z", WORD_ZONE_BASIC},
    {"%F", WORD_DATE},    {"%X", WORD_TIME},
    {"%u", WORD_WEEKDAY}, {"%%", WORD_PERCENT},
};

static const struct entry *find_entry(const struct entry *all, size_t n, struct slice at)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(all[i].text) <= at.n && !strncmp(at.at, all[i].text, strlen(all[i].text)))
            return &all[i];
    return NULL;
}

static void write_words(const struct entry *all, size_t n, struct slice text,
                        const struct parts *parts, struct text *out)
{
    while (text.n) {
        const struct entry *entry = find_entry(all, n, text);
        if (entry)
            write_word(entry->word, parts, out);
        else
            text_add_char(out, *text.at);
        (void)cut(&text, entry ? strlen(entry->text) : 1);
    }
}
#define WRITE_WORDS(all, text, parts, out)                                                         \
    write_words(all, sizeof(all) / sizeof *(all), text, parts, out)

/* ",5": what is left of the smallest part written. */
static void write_fraction(const struct parts *parts, const struct shape *shape, struct text *out)
{
    int64_t unit = strstr(shape->time, "ss")   ? 1
                   : strstr(shape->time, "mm") ? SECONDS_A_MINUTE
                                               : SECONDS_AN_HOUR;
    double left = (double)(parts->second % unit) + (double)parts->stamp->nanoseconds / SECOND_NS;
    char digits[32];
    int n = snprintf(digits, sizeof digits, "%.*f", FRACTION_DIGITS, left / (double)unit);
    while (n > 3 && digits[n - 1] == '0')
        digits[--n] = '\0';
    text_addf(out, "%c%s", *shape->fraction.at, digits + 2);
}

void stamp_write(const struct stamp *stamp, const struct shape *shape, struct text *out)
{
    struct parts parts = parts_of(stamp, stamp->zone, strstr(shape->date, "Www"));
    struct slice date = slice_of(shape->date);
    if (stamp->expanded) {
        write_year(&parts, out);
        (void)cut(&date, strlen("CCYY"));
    }
    WRITE_WORDS(date_words, date, &parts, out);
    if (!shape->time)
        return;
    text_add_char(out, 'T');
    WRITE_WORDS(time_words, slice_of(shape->time), &parts, out);
    if (shape->fraction.n)
        write_fraction(&parts, shape, out);
    text_add_n(out, shape->zone.at ? shape->zone.at : "", shape->zone.n);
}

static int write_percent(const struct stamp *stamp, const char *format, struct text *out,
                         struct error *error)
{
    struct parts parts = parts_of(stamp, stamp->zone, false);
    for (const char *at = strchr(format, '%'); at; at = strchr(at + 2, '%'))
        if (!find_entry(percent_words, sizeof percent_words / sizeof *percent_words, slice_of(at)))
            return error_set(error, -EINVAL, "template '%s': '%.2s' is not known", format, at);
    WRITE_WORDS(percent_words, slice_of(format), &parts, out);
    return 0;
}

/* The zone that ends the time of a template ("Z", "+0100"); what is before it is left in *time. */
static bool take_zone(struct slice *time, struct slice *ret_text, int64_t *ret_zone)
{
    struct error ignored = {0};
    static const size_t lengths[] = {6, 5, 3, 1};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        size_t n = lengths[i];
        if (time->n < n)
            continue;
        *ret_text = (struct slice){time->at + time->n - n, n};
        if (!zone_parse(*ret_text, ret_zone, &ignored)) {
            time->n -= n;
            return true;
        }
    }
    *ret_text = (struct slice){0};
    return false;
}

int stamp_write_template(const struct stamp *stamp, const char *format, struct text *out,
                         struct error *error)
{
    if (strchr(format, '%'))
        return write_percent(stamp, format, out, error);
    struct slice time = slice_of(format), zone_text = {0};
    struct slice date = cut(&time, find(time, "T"));
    int64_t zone = stamp->zone;
    if (time.n)
        (void)take_zone(&time, &zone_text, &zone);
    /* "hhmm" alone is a time: nothing of a date is in it */
    bool alone = !time.n && !strpbrk(format, "CYMD") && !strstr(format, "Www");
    struct parts parts = parts_of(stamp, zone, strstr(format, "Www"));
    if (alone)
        WRITE_WORDS(time_words, date, &parts, out);
    else
        WRITE_WORDS(date_words, date, &parts, out);
    WRITE_WORDS(time_words, time, &parts, out);
    text_add_n(out, zone_text.at ? zone_text.at : "", zone_text.n);
    return 0;
}

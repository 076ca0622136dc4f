/* Intervals between points: "P3" of integer cycling, ISO 8601 durations of date-time cycling. */
#include "base/check.h"
#include "scheduler/cycling/duration.h"
#include "scheduler/cycling/internal.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/banned.h"

bool interval_is_null(const struct interval *interval)
{
    return interval->count == 0 && interval->years == 0 && interval->months == 0 &&
           interval->weeks == 0 && interval->days == 0 && interval->hours == 0 &&
           interval->minutes == 0 && interval->seconds == 0;
}

bool interval_is_negative(const struct interval *interval)
{
    return interval->count < 0 || interval->years < 0 || interval->months < 0 ||
           interval->weeks < 0 || interval->days < 0 || interval->hours < 0 ||
           interval->minutes < 0 || interval->seconds < 0;
}

struct interval interval_negated(const struct interval *interval)
{
    return (struct interval){
        .count = -interval->count,
        .years = -interval->years,
        .months = -interval->months,
        .weeks = -interval->weeks,
        .days = -interval->days,
        .hours = -interval->hours,
        .minutes = -interval->minutes,
        .seconds = -interval->seconds,
    };
}

static bool add_product(int64_t value, int64_t unit, int64_t *sum)
{
    int64_t product;
    return !__builtin_mul_overflow(value, unit, &product) &&
           !__builtin_add_overflow(*sum, product, sum);
}

bool interval_exact_seconds(const struct interval *interval, int64_t *ret_seconds)
{
    *ret_seconds = interval->seconds;
    return add_product(interval->minutes, SECONDS_A_MINUTE, ret_seconds) &&
           add_product(interval->hours, SECONDS_AN_HOUR, ret_seconds) &&
           add_product(interval->days, SECONDS_A_DAY, ret_seconds) &&
           add_product(interval->weeks, DAYS_A_WEEK * SECONDS_A_DAY, ret_seconds);
}

bool interval_total_months(const struct interval *interval, int64_t *ret_months)
{
    *ret_months = interval->months;
    return add_product(interval->years, MONTHS_A_YEAR, ret_months);
}

static int parse_integer_interval(struct slice text, struct interval *ret_interval,
                                  struct error *error)
{
    struct slice digits = text;
    bool negative = false;
    int64_t count;

    if (digits.n > 0 && (digits.at[0] == '+' || digits.at[0] == '-')) {
        negative = digits.at[0] == '-';
        digits.at++;
        digits.n--;
    }
    if (digits.n < 2 || digits.at[0] != 'P' || !isdigit((unsigned char)digits.at[1]))
        return error_set(error, -EINVAL, "'%.*s' is not an integer interval: expected e.g. P3",
                         (int)text.n, text.at);
    if (integer_parse((struct slice){digits.at + 1, digits.n - 1}, &count, error))
        return error_set(error, -EINVAL, "'%.*s' is not an integer interval: expected e.g. P3",
                         (int)text.n, text.at);
    *ret_interval = (struct interval){.count = negative ? -count : count};
    return 0;
}

int interval_parse_slice(const struct cycling *cycling, struct slice text,
                         struct interval *ret_interval, struct error *error)
{
    struct duration duration;
    int64_t ignored;

    if (cycling->mode == CYCLING_INTEGER)
        return parse_integer_interval(text, ret_interval, error);
    if (duration_read(text, &duration, error))
        return error->code;
    if (duration.nanoseconds != 0)
        return error_set(error, -EINVAL,
                         "interval '%.*s': fractions of a second cannot be used for cycling",
                         (int)text.n, text.at);
    if (!interval_exact_seconds(&duration.interval, &ignored) ||
        !interval_total_months(&duration.interval, &ignored))
        return error_set(error, -ERANGE, "interval '%.*s' is too long", (int)text.n, text.at);
    *ret_interval = duration.interval;
    return 0;
}

int interval_parse(const struct cycling *cycling, const char *text, struct interval *ret_interval,
                   struct error *error)
{
    return interval_parse_slice(cycling, slice_of(text), ret_interval, error);
}

/* Appends "3D" and the like; nothing for 0. Numbers cut by the end of the buffer do not happen:
 * intervals whose seconds fit 64 bits are shorter. */
static void write_part(char *buffer, int *n, int64_t value, char unit)
{
    if (value != 0)
        *n += snprintf(buffer + *n, (size_t)(POINT_TEXT_MAX - *n), "%" PRId64 "%c",
                       value < 0 ? -value : value, unit);
    INVARIANT(*n < POINT_TEXT_MAX);
}

static void write_datetime_interval(const struct interval *interval, char *buffer)
{
    int n = snprintf(buffer, POINT_TEXT_MAX, "%sP", interval_is_negative(interval) ? "-" : "");

    write_part(buffer, &n, interval->years, 'Y');
    write_part(buffer, &n, interval->months, 'M');
    write_part(buffer, &n, interval->weeks, 'W');
    write_part(buffer, &n, interval->days, 'D');
    if (interval->hours || interval->minutes || interval->seconds)
        n += snprintf(buffer + n, (size_t)(POINT_TEXT_MAX - n), "T");
    write_part(buffer, &n, interval->hours, 'H');
    write_part(buffer, &n, interval->minutes, 'M');
    write_part(buffer, &n, interval->seconds, 'S');
}

const char *interval_format(const struct cycling *cycling, const struct interval *interval,
                            char *buffer)
{
    if (cycling->mode == CYCLING_INTEGER)
        snprintf(buffer, POINT_TEXT_MAX, "%sP%" PRId64, interval->count < 0 ? "-" : "",
                 interval->count < 0 ? -interval->count : interval->count);
    else if (interval_is_null(interval))
        snprintf(buffer, POINT_TEXT_MAX, "P0Y");
    else
        write_datetime_interval(interval, buffer);
    return buffer;
}

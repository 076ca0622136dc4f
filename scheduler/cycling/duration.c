/* Reading ISO 8601 durations, for intervals between points and for configuration items. */
#include "scheduler/cycling/duration.h"

#include "scheduler/cycling/calendar.h"
#include <ctype.h>
#include <errno.h>

#include "base/banned.h"

enum { NANOSECONDS_A_SECOND = 1000000000, FRACTION_DIGITS_MAX = 9 };
enum { NOMINAL_YEAR_DAYS = 365, NOMINAL_MONTH_DAYS = 30 };

static int not_a_duration(struct slice text, struct error *error)
{
    return error_set(error, -EINVAL,
                     "'%.*s' is not an ISO 8601 duration: expected e.g. P1DT6H, PT30M or P2W",
                     (int)text.n, text.at);
}

struct number {
    int64_t value;
    int sign; /* 0 if none is written */
    bool has_fraction;
    int64_t fraction; /* nanounits */
};

static bool read_fraction(struct slice *rest, struct number *number)
{
    int64_t unit = NANOSECONDS_A_SECOND;
    size_t digits = 0;

    number->has_fraction = true;
    rest->at++; /* the point or comma */
    rest->n--;
    while (rest->n > 0 && isdigit((unsigned char)rest->at[0])) {
        if (++digits > FRACTION_DIGITS_MAX)
            return false;
        unit /= 10;
        number->fraction += (rest->at[0] - '0') * unit;
        rest->at++;
        rest->n--;
    }
    return digits > 0;
}

static bool read_number(struct slice *rest, struct number *number)
{
    size_t digits = 0;

    *number = (struct number){0};
    if (rest->n > 0 && (rest->at[0] == '+' || rest->at[0] == '-')) {
        number->sign = rest->at[0] == '-' ? -1 : 1;
        rest->at++;
        rest->n--;
    }
    while (rest->n > 0 && isdigit((unsigned char)rest->at[0])) {
        if (++digits > DURATION_DIGITS_MAX)
            return false;
        number->value = number->value * 10 + (rest->at[0] - '0');
        rest->at++;
        rest->n--;
    }
    if (digits == 0)
        return false;
    if (rest->n > 0 && (rest->at[0] == '.' || rest->at[0] == ','))
        return read_fraction(rest, number);
    return true;
}

/* Where a designator puts its number; NULL if it is not allowed here. Designators come in this
 * order, which *stage counts. */
static int64_t *designated(struct duration *duration, char letter, bool in_time, int *stage)
{
    static const char letters[] = "YMDHMS";
    struct interval *interval = &duration->interval;
    int64_t *const parts[] = {&interval->years, &interval->months,  &interval->days,
                              &interval->hours, &interval->minutes, &interval->seconds};
    const int first = in_time ? 3 : 0;

    for (int i = *stage > first ? *stage : first; i < first + 3; i++) {
        if (letters[i] == letter) {
            *stage = i + 1;
            return parts[i];
        }
    }
    return NULL;
}

/* A fraction of an hour or minute is carried into the smaller parts. */
static void carry_fraction(struct duration *duration, int64_t fraction, char letter)
{
    const int64_t unit = letter == 'H' ? SECONDS_AN_HOUR : letter == 'M' ? SECONDS_A_MINUTE : 1;
    const int64_t nanoseconds = fraction * unit;
    const int64_t seconds = nanoseconds / NANOSECONDS_A_SECOND;
    duration->interval.minutes += seconds / SECONDS_A_MINUTE;
    duration->interval.seconds += seconds % SECONDS_A_MINUTE;
    duration->nanoseconds = nanoseconds % NANOSECONDS_A_SECOND;
}

/* The signs before the numbers must agree; *sign is the common one. */
static bool agree(int *sign, bool *signs_known, int written)
{
    const int this_sign = written == 0 ? 1 : written;
    if (*signs_known && *sign != this_sign)
        return false;
    *sign = this_sign;
    *signs_known = true;
    return true;
}

/* All after the P, by designators. *sign becomes that of the numbers. */
static bool read_designators(struct slice rest, struct duration *duration, int *sign)
{
    bool in_time = false;
    bool signs_known = false;
    int stage = 0;

    while (rest.n > 0) {
        struct number number;
        if (!in_time && rest.at[0] == 'T') {
            in_time = true;
            rest.at++;
            rest.n--;
            continue;
        }
        if (!read_number(&rest, &number) || rest.n == 0 || !agree(sign, &signs_known, number.sign))
            return false;
        const char letter = rest.at[0];
        int64_t *part = designated(duration, letter, in_time, &stage);
        rest.at++;
        rest.n--;
        if (!part || (number.has_fraction && (!in_time || rest.n > 0)))
            return false;
        *part = number.value;
        if (number.has_fraction)
            carry_fraction(duration, number.fraction, letter);
    }
    return true;
}

static bool read_weeks(struct slice rest, struct duration *duration, int *sign)
{
    struct number number;
    if (!read_number(&rest, &number) || number.has_fraction || rest.n != 1 || rest.at[0] != 'W')
        return false;
    duration->interval.weeks = number.value;
    *sign = number.sign < 0 ? -1 : 1;
    return true;
}

static bool match_digits(struct slice text, const char *pattern, int64_t values[6])
{
    static const char letters[] = "YMDhms";
    size_t i = 0;

    for (; pattern[i]; i++) {
        if (i >= text.n)
            return false;
        int part = 0;
        while (part < 6 && letters[part] != pattern[i])
            part++;
        if (part == 6 ? text.at[i] != pattern[i] : !isdigit((unsigned char)text.at[i]))
            return false;
        if (part < 6)
            values[part] = values[part] * 10 + (text.at[i] - '0');
    }
    return i == text.n;
}

/* "0001-02-03T04:05:06" and "00010203T040506". */
static bool read_alternative(struct slice rest, struct duration *duration)
{
    static const char *const patterns[] = {"YYYY-MM-DDThh:mm:ss", "YYYYMMDDThhmmss"};

    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        int64_t values[6] = {0};
        if (!match_digits(rest, patterns[i], values))
            continue;
        duration->interval = (struct interval){
            .years = values[0],
            .months = values[1],
            .days = values[2],
            .hours = values[3],
            .minutes = values[4],
            .seconds = values[5],
        };
        return true;
    }
    return false;
}

static void apply_sign(struct duration *duration, int sign)
{
    struct interval *interval = &duration->interval;
    interval->years *= sign;
    interval->months *= sign;
    interval->weeks *= sign;
    interval->days *= sign;
    interval->hours *= sign;
    interval->minutes *= sign;
    interval->seconds *= sign;
    duration->nanoseconds *= sign;
}

int duration_read(struct slice text, struct duration *ret_duration, struct error *error)
{
    struct duration duration = {0};
    struct slice rest = text;
    int outer = 1;
    int inner = 1;

    if (rest.n > 0 && (rest.at[0] == '+' || rest.at[0] == '-')) {
        outer = rest.at[0] == '-' ? -1 : 1;
        rest.at++;
        rest.n--;
    }
    if (rest.n == 0 || rest.at[0] != 'P')
        return not_a_duration(text, error);
    rest.at++;
    rest.n--;
    if (!read_alternative(rest, &duration)) {
        duration = (struct duration){0};
        if (rest.n > 0 && rest.at[rest.n - 1] == 'W') {
            if (!read_weeks(rest, &duration, &inner))
                return not_a_duration(text, error);
        } else if (!read_designators(rest, &duration, &inner)) {
            return not_a_duration(text, error);
        }
    }
    if (outer < 0 && inner < 0)
        return not_a_duration(text, error);
    apply_sign(&duration, outer * inner);
    *ret_duration = duration;
    return 0;
}

int duration_parse(const char *text, double *ret_seconds, struct error *error)
{
    struct duration duration;

    if (duration_read(slice_of(text), &duration, error))
        return error->code;
    const struct interval *interval = &duration.interval;
    const int64_t days = interval->years * NOMINAL_YEAR_DAYS +
                         interval->months * NOMINAL_MONTH_DAYS + interval->weeks * DAYS_A_WEEK +
                         interval->days;
    const int64_t seconds = days * SECONDS_A_DAY + interval->hours * SECONDS_AN_HOUR +
                            interval->minutes * SECONDS_A_MINUTE + interval->seconds;
    *ret_seconds = (double)seconds + (double)duration.nanoseconds / NANOSECONDS_A_SECOND;
    return 0;
}

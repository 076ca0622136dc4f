/* Reading job.status. The file is appended to by several processes (the job, its message clients),
 * each with one write, and may be read in the middle of one: only what ends in a newline counts. */
#include "scheduler/job/status.h"
#include "base/check.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* --- times --- */

static bool digits(struct slice *rest, unsigned n, int *ret_value)
{
    if (rest->n < n)
        return false;
    int value = 0;
    for (unsigned i = 0; i < n; i++) {
        if (rest->at[i] < '0' || rest->at[i] > '9')
            return false;
        value = value * 10 + (rest->at[i] - '0');
    }
    rest->at += n;
    rest->n -= n;
    *ret_value = value;
    return true;
}

static bool letter(struct slice *rest, char c)
{
    if (!rest->n || rest->at[0] != c)
        return false;
    rest->at++;
    rest->n--;
    return true;
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar: years counted from March, so that the
 * day that comes and goes is the last. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = y / 400, of_era = y % 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool parse_zone(struct slice *rest, int *ret_minutes)
{
    int hours = 0, minutes = 0;
    *ret_minutes = 0;
    if (!rest->n || (letter(rest, 'Z') && !rest->n))
        return true;
    int sign = rest->at[0] == '-' ? -1 : 1;
    if (!letter(rest, '+') && !letter(rest, '-'))
        return false;
    if (!digits(rest, 2, &hours))
        return false;
    letter(rest, ':');
    if (rest->n && !digits(rest, 2, &minutes))
        return false;
    *ret_minutes = sign * (hours * 60 + minutes);
    return rest->n == 0;
}

int64_t job_time_parse(struct slice text)
{
    struct slice rest = slice_trim(text);
    int year, month, day, hour, minute, second, zone;
    if (!digits(&rest, 4, &year) || !letter(&rest, '-') || !digits(&rest, 2, &month) ||
        !letter(&rest, '-') || !digits(&rest, 2, &day) || !letter(&rest, 'T') ||
        !digits(&rest, 2, &hour) || !letter(&rest, ':') || !digits(&rest, 2, &minute) ||
        !letter(&rest, ':') || !digits(&rest, 2, &second) || !parse_zone(&rest, &zone))
        return 0;
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 24 || minute > 59 || second > 60)
        return 0;
    int64_t seconds =
        days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - zone * 60;
    return seconds * 1000000;
}

/* --- lines --- */

static void copy_cut(char *to, size_t size, struct slice from)
{
    size_t n = from.n < size ? from.n : size - 1;
    if (n)
        memcpy(to, from.at, n);
    to[n] = '\0';
}

static int64_t parse_pid(struct slice value)
{
    int64_t pid = 0;
    if (!value.n || value.n > 18)
        return 0;
    for (size_t i = 0; i < value.n; i++) {
        if (value.at[i] < '0' || value.at[i] > '9')
            return 0;
        pid = pid * 10 + (value.at[i] - '0');
    }
    return pid;
}

static struct slice until_bar(struct slice *rest)
{
    const char *bar = rest->n ? memchr(rest->at, '|', rest->n) : NULL;
    if (!bar)
        return (struct slice){0};
    struct slice part = {rest->at, (size_t)(bar - rest->at)};
    rest->at += part.n + 1;
    rest->n -= part.n + 1;
    return part;
}

static bool take_message(struct slice value, struct job_status_message *ret_message)
{
    struct slice when = until_bar(&value);
    struct slice severity = until_bar(&value);
    if (!when.at || !severity.at)
        return false;
    ret_message->when = job_time_parse(when);
    ret_message->severity = slice_trim(severity);
    ret_message->text = slice_trim(value);
    return ret_message->text.n > 0;
}

/* True for a message. */
static bool take_line(struct job_status *status, struct slice line,
                      struct job_status_message *ret_message)
{
    const char *equals = line.n ? memchr(line.at, '=', line.n) : NULL;
    if (!equals)
        return false;
    struct slice key = {line.at, (size_t)(equals - line.at)};
    struct slice value = {equals + 1, line.n - key.n - 1};
    if (slice_equal(key, "CYLC_MESSAGE"))
        return take_message(value, ret_message);
    if (slice_equal(key, "CYLC_JOB_RUNNER_NAME"))
        copy_cut(status->runner, sizeof status->runner, slice_trim(value));
    else if (slice_equal(key, "CYLC_JOB_ID"))
        copy_cut(status->id, sizeof status->id, slice_trim(value));
    else if (slice_equal(key, "CYLC_JOB_PID"))
        status->pid = parse_pid(slice_trim(value));
    else if (slice_equal(key, "CYLC_JOB_RUNNER_SUBMIT_TIME"))
        status->submit_time = job_time_parse(value);
    else if (slice_equal(key, "CYLC_JOB_INIT_TIME"))
        status->init_time = job_time_parse(value);
    else if (slice_equal(key, "CYLC_JOB_EXIT"))
        copy_cut(status->exit, sizeof status->exit, slice_trim(value));
    else if (slice_equal(key, "CYLC_JOB_EXIT_TIME"))
        status->exit_time = job_time_parse(value);
    return false;
}

static void advance(struct job_status *status, struct slice *rest, size_t n)
{
    rest->at += n;
    rest->n -= n;
    status->offset += n;
}

bool job_status_next(struct job_status *status, struct slice *rest,
                     struct job_status_message *ret_message)
{
    while (rest->n) {
        const char *end = memchr(rest->at, '\n', rest->n);
        size_t n = end ? (size_t)(end - rest->at) : rest->n;
        if (!end && n <= JOB_STATUS_LINE_MAX && !status->passing_over)
            return false;
        struct slice line = {rest->at, n};
        bool whole = end && n <= JOB_STATUS_LINE_MAX && !status->passing_over;
        status->passing_over = !end;
        advance(status, rest, end ? n + 1 : n);
        struct job_status_message message = {0};
        if (whole && take_line(status, line, &message)) {
            message.offset = status->offset;
            *ret_message = message;
            return true;
        }
    }
    return false;
}

/* --- signals --- */

const char *job_signal_name(int signal, char *buffer)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {{SIGHUP, "HUP"},   {SIGINT, "INT"},   {SIGQUIT, "QUIT"}, {SIGILL, "ILL"},
                 {SIGTRAP, "TRAP"}, {SIGABRT, "ABRT"}, {SIGBUS, "BUS"},   {SIGFPE, "FPE"},
                 {SIGKILL, "KILL"}, {SIGUSR1, "USR1"}, {SIGSEGV, "SEGV"}, {SIGUSR2, "USR2"},
                 {SIGPIPE, "PIPE"}, {SIGALRM, "ALRM"}, {SIGTERM, "TERM"}, {SIGXCPU, "XCPU"},
                 {SIGXFSZ, "XFSZ"}, {SIGSYS, "SYS"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].number == signal)
            return names[i].name;
    snprintf(buffer, JOB_SIGNAL_MAX, "SIG%d", signal);
    return buffer;
}

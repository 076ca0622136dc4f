/* `cycle-point`: arithmetic on cycle points for job scripts. */
#include "scheduler/command/option.h"
#include "scheduler/command/point_text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { UNITS = 4, DIFFERENT = 1, YEAR_DIGITS_EXPANDED = 6 };

struct request {
    const char *offset, *units[UNITS]; /* hours, days, months, years */
    const char *equal, *format, *zone, *expanded_text;
    int print[UNITS]; /* year, month, day, hour */
    int expanded;
};

static const char *const print_formats[UNITS] = {"%Y", "%m", "%d", "%H"};

/* Empty is 0, as in Cylc. */
static int read_integer(const char *text, int64_t *ret_value)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (*end || errno || value > INT32_MAX || value < INT32_MIN)
        return -EINVAL;
    *ret_value = value;
    return 0;
}

static int add_offsets(const struct command *self, struct invocation *invocation,
                       const struct request *request, struct stamp *stamp)
{
    struct interval interval = {0};
    int64_t *const parts[UNITS] = {&interval.hours, &interval.days, &interval.months,
                                   &interval.years};
    struct error error = {0};
    for (size_t i = 0; i < UNITS; i++)
        if (request->units[i] && read_integer(request->units[i], parts[i]))
            return options_refuse(self, invocation, "an offset must be an integer, not '%s'",
                                  request->units[i]);
    if (request->offset && *request->offset && stamp_add_text(stamp, request->offset, &error))
        return error.code == -EINVAL ? options_refuse(self, invocation, "--offset: %s", error.text)
                                     : command_fail(invocation, EXIT_FAILED, &error);
    if (stamp_add(stamp, &interval, &error))
        return command_fail(invocation, EXIT_FAILED, &error);
    return EXIT_OK;
}

static int compare(const struct command *self, struct invocation *invocation,
                   const struct request *request, const struct stamp *stamp)
{
    struct stamp other;
    struct shape shape;
    struct error error = {0};
    if (stamp_parse(request->equal, request->expanded, &other, &shape, &error))
        return options_refuse(self, invocation, "--equal: %s", error.text);
    return stamp_compare(stamp, &other) ? DIFFERENT : EXIT_OK;
}

/* The template of --template: the value of the environment variable of that name, if it is one. */
static const char *format_of(const struct request *request)
{
    const char *value = request->format ? getenv(request->format) : NULL;
    for (size_t i = 0; i < UNITS; i++)
        if (request->print[i])
            return print_formats[i];
    return value ? value : request->format;
}

static int print(struct invocation *invocation, const struct request *request,
                 const struct stamp *stamp, const struct shape *shape)
{
    struct text text = {0};
    struct error error = {0};
    const char *format = format_of(request);
    int code = 0;
    if (format)
        code = stamp_write_template(stamp, format, &text, &error);
    else
        stamp_write(stamp, shape, &text);
    if (!code)
        (void)puts(text_string(&text));
    text_release(&text);
    return code ? command_fail(invocation, EXIT_FAILED, &error) : EXIT_OK;
}

static int work(const struct command *self, struct invocation *invocation, struct request *request,
                const char *text)
{
    struct stamp stamp;
    struct shape shape;
    struct error error = {0};
    int64_t expanded = 0;
    int prints = 0;
    for (size_t i = 0; i < UNITS; i++)
        prints += request->print[i] > 0;
    if (prints > 1)
        return options_refuse(self, invocation, "the \"print only\" options exclude each other");
    if (prints && request->format)
        return options_refuse(self, invocation, "\"print only\" options exclude --template");
    if (request->expanded_text && (read_integer(request->expanded_text, &expanded) ||
                                   expanded < 0 || expanded > YEAR_DIGITS_EXPANDED))
        return options_refuse(self, invocation, "--num-expanded-year-digits: expected 0 to %d",
                              YEAR_DIGITS_EXPANDED);
    request->expanded = (int)expanded;
    if (!text)
        return options_refuse(self, invocation,
                              "no cycle point is given, and CYLC_TASK_CYCLE_POINT is not set");
    if (stamp_parse(text, request->expanded, &stamp, &shape, &error))
        return options_refuse(self, invocation, "cycle point: %s", error.text);
    if (request->equal) /* of the point as it was given: Cylc applies no offset here */
        return compare(self, invocation, request, &stamp);
    int status = add_offsets(self, invocation, request, &stamp);
    if (status)
        return status;
    return print(invocation, request, &stamp, &shape);
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    struct request it = {0};
    const struct option_def options[] = {
        {.name = "offset-hours",
         .argument = "HOURS",
         .text = &it.units[0],
         .help = "add so many hours (an integer, perhaps negative)"},
        {.name = "offset-days", .argument = "DAYS", .text = &it.units[1], .help = "... days"},
        {.name = "offset-months", .argument = "MONTHS", .text = &it.units[2], .help = "... months"},
        {.name = "offset-years", .argument = "YEARS", .text = &it.units[3], .help = "... years"},
        {.name = "offset",
         .argument = "DURATION",
         .text = &it.offset,
         .help = "add an ISO 8601 duration: P1D, -PT6H"},
        {.name = "equal",
         .argument = "POINT",
         .text = &it.equal,
         .help = "print nothing; exit status 0 if the point given is POINT, else 1"},
        {.name = "template",
         .argument = "TEMPLATE",
         .text = &it.format,
         .help = "write it so: CCYY-MM-DDThh, or %Y-%m-%d; or the name of an environment variable "
                 "that holds a template"},
        {.name = "time-zone",
         .argument = "ZONE",
         .text = &it.zone,
         .help = "accepted, and without effect, as in Cylc 8.4"},
        {.name = "num-expanded-year-digits",
         .argument = "N",
         .text = &it.expanded_text,
         .help = "year digits beyond four"},
        {.name = "print-year", .count = &it.print[0], .help = "print the year only"},
        {.name = "print-month", .count = &it.print[1], .help = "print the month only"},
        {.name = "print-day", .count = &it.print[2], .help = "print the day only"},
        {.name = "print-hour", .count = &it.print[3], .help = "print the hour only"},
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (argc - first > 1)
        return options_refuse(self, invocation, "one cycle point at a time");
    return work(self, invocation, &it,
                first < argc ? argv[first] : getenv("CYLC_TASK_CYCLE_POINT"));
}

const struct command command_cycle_point = {
    .name = "cycle-point",
    .summary = "cycle point arithmetic and file names",
    .synopsis = "[OPTIONS] [POINT]",
    .help =
        "Print a date-time cycle point, perhaps moved by an offset, in the format it was given\n"
        "in or by a template. Without POINT it is the task's own, $CYLC_TASK_CYCLE_POINT.\n\n"
        "Example:\n"
        "    $ rouse cycle-point 20260131T00Z --offset=P1M --template=CCYY-MM-DD\n"
        "    2026-02-28\n",
    .run = run,
};

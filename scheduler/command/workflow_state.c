/* `workflow-state`: looks into the run database, of a workflow that runs or not, until it finds
 * what is asked for. */
#define ROUSE_TOUCHES_THE_WORLD
#include "base/memory.h"
#include "db/state_query.h"
#include "scheduler/command/option.h"
#include "scheduler/cycling/cycling.h"
#include "scheduler/run/process.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { POLLS_DEFAULT = 12, POLLS_MAX = 1000000 };
#define INTERVAL_DEFAULT "PT5S"

struct workflow_state {
    const char *id, *max_polls, *interval, *flow, *run_root;
    const char *point, *task, *status, *output, *message; /* Cylc's older options */
    const char *offset;
    int triggers, messages, old_format, pretty;
    struct state_target target;
    char *database;
    struct state_query query;
    long polls;
    double seconds;
};

/* "5", "2.5" or "PT5S". */
static int read_interval(const char *text, double *ret_seconds, struct error *error)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end != text && !*end && seconds >= 0 && seconds < 1e9) {
        *ret_seconds = seconds;
        return 0;
    }
    if (*text == 'P' && !duration_parse(text, ret_seconds, error))
        return 0;
    return error_set(error, -EINVAL, "--interval: \"%s\" is no number of seconds", text);
}

static int read_number(const char *option, const char *text, long max, long *ret_number,
                       struct error *error)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno || end == text || *end || number < 1 || number > max)
        return error_set(error, -EINVAL, "%s: \"%s\" is no number from 1 to %ld", option, text,
                         max);
    *ret_number = number;
    return 0;
}

static void read_older_options(struct workflow_state *self)
{
    const char *given[3] = {self->point, self->task, self->status};
    if (self->output || self->message)
        given[2] = self->output ? self->output : self->message;
    self->triggers |= self->output != NULL;
    self->messages |= self->message != NULL;
    char **parts[3] = {&self->target.cycle, &self->target.task, &self->target.selector};
    for (size_t i = 0; i < 3; i++)
        if (given[i] && !*parts[i])
            *parts[i] = str_copy(given[i]);
}

static int prepare(struct workflow_state *self, struct error *error)
{
    long flow = 0;
    int code = state_target_read(self->id, &self->target, error);
    if (!code)
        read_older_options(self);
    if (!code && self->triggers && self->messages)
        code = error_set(error, -EINVAL, "--triggers and --messages exclude each other");
    if (!code)
        code = read_number("--max-polls", self->max_polls, POLLS_MAX, &self->polls, error);
    if (!code)
        code = read_interval(self->interval, &self->seconds, error);
    if (!code && self->flow)
        code = read_number("--flow", self->flow, INT32_MAX, &flow, error);
    if (!code)
        self->database = state_database(self->target.workflow, self->run_root, error);
    if (!code && !self->database)
        code = error->code;
    self->query = (struct state_query){.cycle = self->target.cycle,
                                       .task = self->target.task,
                                       .selector = self->target.selector,
                                       .offset = self->offset,
                                       .flow = (uint32_t)flow,
                                       .old_format = self->old_format > 0,
                                       .pretty = self->pretty > 0,
                                       .kind = self->triggers   ? STATE_TRIGGER
                                               : self->messages ? STATE_MESSAGE
                                                                : STATE_STATUS};
    return code;
}

/* Until something is found or the polls are used up. */
static int poll_database(const struct invocation *invocation, struct workflow_state *self)
{
    struct text out = {0};
    struct error error = {0};
    int n = 0;
    for (long i = 0; i < self->polls; i++) {
        if (i)
            process_wait(self->seconds);
        text_clear(&out);
        n = state_query(self->database, &self->query, &out, &error);
        if (n > 0 || (n < 0 && n != -ENOENT && n != -EBUSY))
            break;
    }
    (void)fputs(text_string(&out), stdout);
    text_release(&out);
    if (n < 0)
        return command_fail(invocation, EXIT_FAILED, &error);
    if (n == 0)
        (void)fprintf(stderr, "%s: nothing found in %ld poll%s: %s\n", invocation->program,
                      self->polls, self->polls == 1 ? "" : "s", self->id);
    return n ? EXIT_OK : EXIT_FAILED;
}

static void release(struct workflow_state *self)
{
    state_target_release(&self->target);
    free(self->database);
}

#define OPTION(name_, argument_, field_, help_)                                                    \
    {                                                                                              \
        .name = name_, .argument = argument_, .text = &self.field_, .help = help_                  \
    }
#define FLAG(name_, field_, help_)                                                                 \
    {                                                                                              \
        .name = name_, .count = &self.field_, .help = help_                                        \
    }

static int run(const struct command *command, struct invocation *invocation, int argc, char **argv)
{
    int first;
    struct workflow_state self = {.max_polls = "12", .interval = INTERVAL_DEFAULT};
    const struct option_def options[] = {
        OPTION("max-polls", "N", max_polls, "look so often at most (default: 12)"),
        OPTION("interval", "SECONDS", interval, "wait so long in between (default: 5)"),
        FLAG("triggers", triggers, "match and print outputs, by their names in the graph"),
        FLAG("messages", messages, "match and print outputs, by their messages"),
        OPTION("flow", "N", flow, "only of this flow"),
        OPTION("offset", "INTERVAL", offset, "added to the cycle point: \"P1D\", \"-P1\""),
        FLAG("old-format", old_format, "print \"task, cycle, status\""),
        FLAG("pretty", pretty, "print outputs one a line"),
        OPTION("alt-cylc-run-dir", "DIRECTORY", run_root,
               "where the runs are instead of ~/cylc-run"),
        OPTION("run-dir", "DIRECTORY", run_root, NULL),
        OPTION("point", "CYCLE", point, "older form of WORKFLOW//CYCLE"),
        OPTION("task", "TASK", task, "older form of WORKFLOW//CYCLE/TASK"),
        OPTION("status", "STATUS", status, "older form of :STATUS"),
        OPTION("output", "NAME", output, "older form of :NAME with --triggers"),
        OPTION("message", "TEXT", message, "older form of :TEXT with --messages"),
    };
    int status =
        options_parse(command, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (argc - first != 1)
        return options_refuse(command, invocation, "one workflow must be named");
    struct error error = {0};
    self.id = argv[first];
    status = prepare(&self, &error) ? command_fail(invocation, EXIT_FAILED, &error)
                                    : poll_database(invocation, &self);
    release(&self);
    return status;
}

const struct command command_workflow_state = {
    .name = "workflow-state",
    .summary = "wait until tasks of a workflow have reached a state or an output",
    .synopsis = "[OPTIONS] WORKFLOW[//CYCLE[/TASK[:SELECTOR]]]",
    .help =
        "Print the tasks in the run database of a workflow, which may run or not, and their\n"
        "states; with a SELECTOR only those in this state, or (--triggers, --messages) with this\n"
        "output. CYCLE and TASK may hold * and ?. If there is none it looks again, later, and in\n"
        "the end exits with status 1.\n\n"
        "Example:\n"
        "    $ rouse workflow-state --max-polls=1 flow//20260101T00Z/model:succeeded\n"
        "    $ rouse workflow-state --triggers 'flow//*/model:restart_file'\n",
    .run = run,
};

/* `ext-trigger`. */
#include "base/memory.h"
#include "scheduler/command/ask.h"
#include "scheduler/command/option.h"
#include "scheduler/run/process.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#define ROUSE_TOUCHES_THE_WORLD
#include "base/banned.h"

enum { TRIES = 5, TRIES_MAX = 1000000 };
static const double default_interval = 10;

struct patience {
    long tries;
    double interval; /* seconds */
};

static bool is_out_of_reach(int code)
{
    return code == -ETIMEDOUT || code == -ECONNREFUSED || code == -ENOENT;
}

/* The sender of a message may know nothing of restarts: try again while nobody listens. */
static int send(const struct invocation *invocation, const struct workflow_place *place,
                const json_t *args, const struct patience *patience)
{
    struct error error = {0};
    for (long i = 0; i < patience->tries; i++) {
        error = (struct error){0};
        if (!ask(invocation, place, "ext-trigger", args, NULL, &error)) {
            if (invocation->as_cylc)
                (void)puts("Command queued");
            return EXIT_OK;
        }
        if (!is_out_of_reach(error.code))
            break;
        (void)fprintf(stderr, "%s: try %ld of %ld: %s\n", place->id, i + 1, patience->tries,
                      error.text);
        if (i + 1 < patience->tries)
            process_wait(patience->interval);
    }
    if (invocation->as_cylc && error.code == -EREMOTEIO) { /* the log of the scheduler has it */
        (void)fprintf(stderr, "%s: %s\nCommand queued\n", place->id, error.text);
        return EXIT_OK;
    }
    return ask_fail(invocation, place->id, &error);
}

static bool read_number(const char *text, double least, double most, double *ret_number)
{
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end || !(number >= least && number <= most))
        return false;
    *ret_number = number;
    return true;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    const char *tries_text = NULL, *interval_text = NULL;
    const struct option_def options[] = {
        {.name = "max-tries",
         .argument = "N",
         .text = &tries_text,
         .help = "how often to try to reach the scheduler (5)"},
        {.name = "retry-interval",
         .argument = "SEC",
         .text = &interval_text,
         .help = "how long to wait before trying again (10)"},
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    double tries = TRIES;
    struct patience patience = {.interval = default_interval};
    if (tries_text && !read_number(tries_text, 1, TRIES_MAX, &tries))
        return options_refuse(self, invocation, "--max-tries: \"%s\" is no number of tries",
                              tries_text);
    if (interval_text && !read_number(interval_text, 0, 86400, &patience.interval))
        return options_refuse(self, invocation, "--retry-interval: \"%s\" is no number of seconds",
                              interval_text);
    if (argc - first != 3)
        return options_refuse(self, invocation,
                              "expected WORKFLOW, MESSAGE and ID, not %d arguments", argc - first);
    patience.tries = (long)tries;
    struct error error = {0};
    struct workflow_place place;
    if (resolve_workflow(argv[first], &place, &error))
        return command_fail(invocation, EXIT_FAILED, &error);
    json_t *args = json_pack("{s:s, s:s}", "message", argv[first + 1], "id", argv[first + 2]);
    status = send(invocation, &place, args, &patience);
    json_decref(args);
    workflow_place_release(&place);
    return status;
}

const struct command command_ext_trigger = {
    .name = "ext-trigger",
    .summary = "tell a workflow of an event outside",
    .synopsis = "[OPTIONS] WORKFLOW MESSAGE ID",
    .help = "Let tasks go that wait for MESSAGE, as [special tasks]external-trigger says: of each "
            "task\n"
            "that names it one instance, the first that waits; if none waits yet, the first that "
            "will.\n"
            "ID tells this event from others of its kind: jobs of the task's cycle see it in\n"
            "CYLC_EXT_TRIGGER_ID.\n\n"
            "Example:\n"
            "    $ rouse ext-trigger flow 'data ready for use' 20260101T00\n",
    .run = run,
};

/* `ping`. */
#include "scheduler/command/ask.h"
#include "scheduler/command/option.h"
#include <errno.h>
#include <stdio.h>

#include "base/banned.h"

static int ping_one(const struct invocation *invocation, const struct target *target, void *context)
{
    (void)context;
    struct error error = {0};
    json_t *args = ask_ids(target);
    int code = ask(invocation, &target->place, "ping", args, NULL, &error);
    json_decref(args);
    if (code && (code != -EREMOTEIO || !invocation->as_cylc))
        return ask_fail(invocation, target->place.id, &error);
    if (invocation->as_cylc && target->ids.n) {
        /* Cylc 8.4 finds no task, whatever it does (recorded); who parses that goes on doing so. */
        (void)fprintf(stderr, "task not found: %s\n", target->ids.at[0]);
        return EXIT_FAILED;
    }
    if (invocation->verbose)
        (void)printf("%s is running\n", target->place.id);
    return EXIT_OK;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    return ask_run(self, invocation, argc, argv, ping_one);
}

const struct command command_ping = {
    .name = "ping",
    .summary = "ask whether a workflow is running",
    .synopsis = "[OPTIONS] WORKFLOW[//CYCLE/TASK]...",
    .help = "Ask the scheduler for a sign of life; with a task, whether it is in the pool. Prints\n"
            "nothing if all is well; exit status 1 if not.\n\n"
            "Example:\n"
            "    $ rouse ping flow && echo running\n",
    .run = run,
};

/* `ping`. */
#include "scheduler/command/ask.h"
#include "scheduler/command/option.h"
#include "scheduler/net/client.h"
#include <errno.h>
#include <stdio.h>

#include "base/banned.h"

static int ping_one(const struct invocation *invocation, const struct target *target)
{
    struct error error = {0};
    json_t *args = json_object();
    json_t *ids = json_array();
    for (size_t i = 0; i < target->ids.n; i++)
        json_array_append_new(ids, json_string(target->ids.at[i]));
    json_object_set_new(args, "ids", ids);
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
    int first;
    int status = options_parse(self, invocation, NULL, 0, argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (first == argc)
        return options_refuse(self, invocation, "no workflow is named");
    struct targets targets;
    struct error error = {0};
    if (resolve_targets(argc - first, argv + first, true, false, &targets, &error))
        return command_fail(invocation, EXIT_FAILED, &error);
    status = EXIT_OK;
    for (size_t i = 0; i < targets.n; i++) {
        int one = ping_one(invocation, &targets.at[i]);
        status = one ? one : status;
    }
    targets_release(&targets);
    return status;
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

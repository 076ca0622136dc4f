/* `stop`. */
#include "scheduler/command/ask.h"
#include "scheduler/command/option.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* A workflow that is not running needs no stopping: said, and no failure, as in Cylc. */
static int stop_one(const struct invocation *invocation, const struct workflow_place *place,
                    const char *mode, const char *flow, bool dry_run, const char *after)
{
    struct error error = {0};
    json_t *args = json_object();
    if (flow)
        json_object_set_new(args, "flow", json_string(flow));
    else
        json_object_set_new(args, "mode", json_string(mode));
    if (dry_run)
        json_object_set_new(args, "dry_run", json_true());
    if (after)
        json_object_set_new(args, "after", json_string(after));
    json_t *data = NULL;
    int code = ask(invocation, place, "stop", args, &data, &error);
    json_decref(args);
    if (code == -ENOENT) {
        (void)printf(invocation->as_cylc ? "WorkflowStopped: %s is not running\n"
                                         : "%s is not running\n",
                     place->id);
        return EXIT_OK;
    }
    if (code)
        return ask_fail(invocation, place->id, &error);
    return ask_done(invocation, data);
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first, kill = 0, now = 0, dry_run = 0;
    const char *clock = NULL, *flow = NULL;
    const struct option_def options[] = {
        {.name = "kill", .letter = 'k', .count = &kill, .help = "kill the active jobs, then stop"},
        {.name = "now",
         .letter = 'n',
         .count = &now,
         .help = "do not wait for active jobs; twice: nor for event handlers"},
        {.name = "wall-clock",
         .letter = 'w',
         .argument = "TIME",
         .text = &clock,
         .help = "stop at this time (not implemented)"},
        {.name = "flow",
         .argument = "FLOW",
         .text = &flow,
         .help = "stop this flow only, by its number: its tasks go no further"},
        {.name = "dry-run", .count = &dry_run, .help = "only print what would change"},
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (clock)
        return command_not_implemented(invocation, "stop --wall-clock");
    if (kill && now)
        return options_refuse(self, invocation, "--kill and --now exclude each other");
    if (flow && (kill || now))
        return options_refuse(self, invocation, "--flow excludes --kill and --now");
    if (flow && (*flow < '1' || *flow > '9' || flow[strspn(flow, "0123456789")]))
        return options_refuse(self, invocation, "--flow: \"%s\" is no flow number", flow);
    struct targets targets;
    struct error error = {0};
    if (resolve_targets(argc - first, argv + first, true, false, &targets, &error))
        return command_fail(invocation, EXIT_FAILED, &error);
    status = EXIT_OK;
    const char *mode = kill ? "kill" : now > 1 ? "now-now" : now ? "now" : "clean";
    for (size_t i = 0; i < targets.n; i++) {
        const struct target *target = &targets.at[i];
        int one = target->ids.n > 1
                      ? options_refuse(self, invocation, "one point or task to stop after, not %zu",
                                       target->ids.n)
                      : stop_one(invocation, &target->place, mode, flow, dry_run != 0,
                                 target->ids.n ? target->ids.at[0] : NULL);
        status = one ? one : status;
    }
    targets_release(&targets);
    return status;
}

const struct command command_stop = {
    .name = "stop",
    .summary = "stop a workflow",
    .synopsis = "[OPTIONS] WORKFLOW[//CYCLE[/TASK]]...",
    .help = "Stop a running workflow: by default once the jobs that are active have ended; with a\n"
            "cycle point after that point, with a task after that task. It can be started again\n"
            "with `play`.\n\n"
            "Example:\n"
            "    $ rouse stop flow\n"
            "    $ rouse stop --now flow       # leave the jobs running\n"
            "    $ rouse stop flow//20260101T00Z\n",
    .run = run,
};

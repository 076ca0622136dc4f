/* `pause`. */
#include "scheduler/command/ask.h"
#include "scheduler/command/option.h"

#include "base/banned.h"

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    int status = options_parse(self, invocation, NULL, 0, argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (first == argc)
        return options_refuse(self, invocation, "no workflow is named");
    return ask_arguments(invocation, argc - first, argv + first, false, false, "pause", NULL);
}

const struct command command_pause = {
    .name = "pause",
    .summary = "submit no more jobs until resumed",
    .synopsis = "[OPTIONS] WORKFLOW...",
    .help =
        "Pause a running workflow: no more jobs are submitted; those that run go on. A task can\n"
        "still be triggered by hand.\n\n"
        "Example:\n"
        "    $ rouse pause flow\n",
    .run = run,
};

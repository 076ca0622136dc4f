/* `resume`. */
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
    return ask_arguments(invocation, argc - first, argv + first, false, false, "resume", NULL);
}

const struct command command_resume = {
    .name = "resume",
    .summary = "go on after a pause",
    .synopsis = "[OPTIONS] WORKFLOW...",
    .help = "Resume a paused workflow.\n\n"
            "Example:\n"
            "    $ rouse resume flow\n",
    .run = run,
};

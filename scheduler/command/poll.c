/* `poll`. */
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
        return options_refuse(self, invocation, "no tasks are named");
    return ask_arguments(invocation, argc - first, argv + first, true, true, "poll", NULL);
}

const struct command command_poll = {
    .name = "poll",
    .summary = "look again how jobs are doing",
    .synopsis = "[OPTIONS] WORKFLOW//CYCLE/TASK...",
    .help =
        "Look again how the jobs of active tasks are doing, and let the scheduler know. Jobs on\n"
        "this host are followed all the time; this is for doubt, and for batch queues.\n\n"
        "Example:\n"
        "    $ rouse poll flow//1/a\n"
        "    $ rouse poll 'flow//*'\n",
    .run = run,
};

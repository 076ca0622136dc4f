/* `kill`. */
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
    return ask_arguments(invocation, argc - first, argv + first, true, true, "kill", NULL);
}

const struct command command_kill = {
    .name = "kill",
    .summary = "end the jobs of tasks",
    .synopsis = "[OPTIONS] WORKFLOW//CYCLE/TASK...",
    .help = "End the jobs of active tasks, each with all its processes: SIGTERM, and SIGKILL ten\n"
            "seconds later to what is left. The tasks have failed then. One that could be tried\n"
            "again waits, held, until it is released.\n\n"
            "Example:\n"
            "    $ rouse kill flow//1/a\n"
            "    $ rouse kill 'flow//*/FAMILY:running'\n",
    .run = run,
};

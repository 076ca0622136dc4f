/* `kill`. */
#include "scheduler/command/ask.h"

#include "base/banned.h"

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
    .run = ask_tasks,
};

/* `poll`. */
#include "scheduler/command/ask.h"

#include "base/banned.h"

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
    .run = ask_tasks,
};

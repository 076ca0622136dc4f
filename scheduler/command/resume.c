/* `resume`. */
#include "scheduler/command/ask.h"

#include "base/banned.h"

const struct command command_resume = {
    .name = "resume",
    .summary = "go on after a pause",
    .synopsis = "[OPTIONS] WORKFLOW...",
    .help = "Resume a paused workflow.\n\n"
            "Example:\n"
            "    $ rouse resume flow\n",
    .run = ask_workflows,
};

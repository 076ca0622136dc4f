/* `pause`. */
#include "scheduler/command/ask.h"

#include "base/banned.h"

const struct command command_pause = {
    .name = "pause",
    .summary = "submit no more jobs until resumed",
    .synopsis = "[OPTIONS] WORKFLOW...",
    .help =
        "Pause a running workflow: no more jobs are submitted; those that run go on. A task can\n"
        "still be triggered by hand.\n\n"
        "Example:\n"
        "    $ rouse pause flow\n",
    .run = ask_workflows,
};

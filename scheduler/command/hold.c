/* `hold`. */
#include "scheduler/command/ask.h"
#include "scheduler/command/option.h"

#include "base/banned.h"

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    const char *after = NULL;
    const struct option_def options[] = {
        {.name = "after",
         .argument = "CYCLE",
         .text = &after,
         .help = "hold all tasks after this cycle point (not implemented)"},
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (after)
        return command_not_implemented(invocation, "hold --after");
    if (first == argc)
        return options_refuse(self, invocation, "no tasks are named");
    return ask_arguments(invocation, argc - first, argv + first, true, true, "hold", NULL);
}

const struct command command_hold = {
    .name = "hold",
    .summary = "keep tasks from being submitted",
    .synopsis = "[OPTIONS] WORKFLOW//CYCLE/TASK...",
    .help = "Hold tasks: they are not submitted until they are released. A task that does not\n"
            "exist yet is held when it comes.\n\n"
            "Example:\n"
            "    $ rouse hold flow//1/a flow//2/b\n"
            "    $ rouse hold flow //1/a //2/b      # the same\n",
    .run = run,
};

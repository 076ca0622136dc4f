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
         .help = "hold all tasks after this cycle point"},
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (first == argc)
        return options_refuse(self, invocation, "no tasks are named");
    if (!after)
        return ask_arguments(invocation, argc - first, argv + first, true, true, "hold", NULL);
    json_t *args = json_pack("{s:s}", "after", after);
    status = ask_arguments(invocation, argc - first, argv + first, false, false, "hold", args);
    json_decref(args);
    return status;
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

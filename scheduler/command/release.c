/* `release`. */
#include "scheduler/command/ask.h"
#include "scheduler/command/option.h"

#include "base/banned.h"

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first, all = 0;
    const struct option_def options[] = {
        {.name = "all", .count = &all, .help = "release everything that is held"},
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (first == argc)
        return options_refuse(self, invocation, "no %s named", all ? "workflow is" : "tasks are");
    json_t *args = json_object();
    json_object_set_new(args, "all", json_boolean(all));
    status = ask_arguments(invocation, argc - first, argv + first, !all, !all, "release", args);
    json_decref(args);
    return status;
}

const struct command command_release = {
    .name = "release",
    .summary = "let held tasks go",
    .synopsis = "[OPTIONS] WORKFLOW[//CYCLE/TASK]...",
    .help = "Release held tasks.\n\n"
            "Example:\n"
            "    $ rouse release flow//1/a\n"
            "    $ rouse release --all flow\n",
    .run = run,
};

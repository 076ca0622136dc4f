/* `verbosity`. */
#include "scheduler/command/ask.h"
#include "scheduler/command/option.h"

#include "base/banned.h"

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    int status = options_parse(self, invocation, NULL, 0, argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (argc - first < 2)
        return options_refuse(self, invocation, "expected a LEVEL and a WORKFLOW");
    json_t *args = json_pack("{s:s}", "level", argv[first]);
    status = ask_arguments(invocation, argc - first - 1, argv + first + 1, false, false,
                           "verbosity", args);
    json_decref(args);
    return status;
}

const struct command command_verbosity = {
    .name = "verbosity",
    .summary = "change how much a running scheduler logs",
    .synopsis = "[OPTIONS] LEVEL WORKFLOW...",
    .help = "From now on the log holds what is of LEVEL or worse: DEBUG, INFO, WARNING, ERROR or\n"
            "CRITICAL. The next start begins with INFO again (`play --debug`: DEBUG).\n\n"
            "Example:\n"
            "    $ rouse verbosity DEBUG flow\n",
    .run = run,
};

/* `xtrigger-child`: what the scheduler starts for each plugin in C; not for users. */
#include "scheduler/command/option.h"
#include "xtriggers/host_c_main.h"

#include "base/banned.h"

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    if (argc != 2 || argv[1][0] == '-') {
        int first;
        int status = options_parse(self, invocation, NULL, 0, argc, argv, &first);
        return status != OPTIONS_GO_ON ? status
                                       : options_refuse(self, invocation, "name one plugin");
    }
    return host_c_main(argv[1]);
}

const struct command command_xtrigger_child = {
    .name = "xtrigger-child",
    .summary = "calls one xtrigger plugin for a scheduler (started by the scheduler)",
    .synopsis = "PLUGIN.so",
    .help = "Load one plugin of a workflow's lib/xtriggers and call it for the scheduler, which\n"
            "starts this when somebody waits for the plugin; it is of no use by hand.\n\n"
            "Example:\n"
            "    $ rouse play WORKFLOW\n",
    .run = run,
};

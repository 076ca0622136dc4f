/* `cast`: what the scheduler starts for a member placed in a process of its own; not for users. */
#include "coroutines/house.h"
#include "scheduler/command/option.h"

#include "base/banned.h"

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    if (argc < 2 || argv[1][0] == '-') {
        int first;
        int status = options_parse(self, invocation, NULL, 0, argc, argv, &first);
        return status != OPTIONS_GO_ON ? status
                                       : options_refuse(self, invocation, "no member is named");
    }
    return house_member_main(argc, argv);
}

const struct command command_cast = {
    .name = "cast",
    .summary = "a part of a scheduler in its own process (started by `play --placement`)",
    .synopsis = "ARGUMENTS",
    .help = "Run one member of a scheduler's cast in this process. The scheduler starts it when\n"
            "that member is placed in a process; it is of no use by hand.\n\n"
            "Example:\n"
            "    $ rouse play --placement=xtriggers=process WORKFLOW\n",
    .run = run,
};

/* `version`. */
#include "scheduler/command/option.h"
#include "scheduler/net/contact.h"
#include <stdio.h>

#include "base/banned.h"

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first, longer = 0;
    const struct option_def options[] = {
        {.name = "long", .count = &longer, .help = "also the level of the workflow language"}};
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (invocation->as_cylc && longer)
        (void)printf("%s (rouse %s)\n", CONTACT_CYLC_VERSION, ROUSE_VERSION);
    else if (invocation->as_cylc)
        (void)puts(CONTACT_CYLC_VERSION);
    else if (longer)
        (void)printf("%s (language of Cylc %s)\n", ROUSE_VERSION, CONTACT_CYLC_VERSION);
    else
        (void)puts(ROUSE_VERSION);
    return EXIT_OK;
}

const struct command command_version = {
    .name = "version",
    .summary = "print the version",
    .synopsis = "[OPTIONS]",
    .help = "Print the program's version. Called as `cylc` it is the version of the workflow\n"
            "language.\n\n"
            "Example:\n"
            "    $ rouse version --long\n",
    .run = run,
};

/* `help`: the list of commands, or one command's help. */
#include "scheduler/command/option.h"
#include <stdio.h>

#include "base/banned.h"

static int list(const struct invocation *invocation)
{
    (void)printf("Usage: %s COMMAND [OPTIONS] [ARGUMENTS]\n\n"
                 "Runs Cylc 8 workflows, event by event.\n\n"
                 "To begin:\n"
                 "    $ %s install PATH      # make a run directory of a workflow\n"
                 "    $ %s play NAME         # run it\n\n"
                 "Commands:\n",
                 invocation->program, invocation->program, invocation->program);
    for (size_t i = 0; commands[i]; i++)
        (void)printf("  %-22s %s\n", commands[i]->name, commands[i]->summary);
    (void)printf("\nSee `%s COMMAND --help` for each.\n", invocation->program);
    return EXIT_OK;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    int status = options_parse(self, invocation, NULL, 0, argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (first == argc)
        return list(invocation);
    const struct command *command = command_find(argv[first]);
    if (!command)
        return command_not_implemented(invocation, argv[first]);
    static char help[] = "--help";
    char *arguments[] = {argv[first], help, NULL};
    return command->run(command, invocation, 2, arguments);
}

const struct command command_help = {
    .name = "help",
    .summary = "list the commands, or explain one",
    .synopsis = "[COMMAND]",
    .help = "List the commands, or show the help of one of them.\n\n"
            "Example:\n"
            "    $ rouse help play\n",
    .run = run,
};

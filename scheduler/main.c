/* The program: finds the command and runs it. Called as `cylc` (a link), it answers as Cylc 8. */
#include "scheduler/command/command.h"
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int refuse(const struct invocation *invocation, const char *name)
{
    const char *nearest = command_nearest(name);
    (void)command_not_implemented(invocation, name);
    if (nearest)
        (void)fprintf(stderr, "Did you mean `%s %s`?\n", invocation->program, nearest);
    (void)fprintf(stderr, "See `%s help`\n", invocation->program);
    return EXIT_USAGE;
}

/* `rouse --version` and `rouse --help` are the commands of that name. */
static char *name_of(char *word)
{
    static char help[] = "help", version[] = "version";
    if (!strcmp(word, "--help") || !strcmp(word, "-h"))
        return help;
    if (!strcmp(word, "--version") || !strcmp(word, "-V"))
        return version;
    return word;
}

int main(int argc, char **argv)
{
    struct invocation invocation = {.program = "rouse"};
    static char help[] = "help";
    char *alone[] = {help, NULL};
    if (argc > 0 && !strcmp(base_name(argv[0]), "cylc")) {
        invocation.program = "cylc";
        invocation.as_cylc = true;
    }
    char **rest = argc > 1 ? argv + 1 : alone;
    rest[0] = name_of(rest[0]);
    const struct command *command = command_find(rest[0]);
    if (!command)
        return refuse(&invocation, rest[0]);
    int status = command->run(command, &invocation, argc > 1 ? argc - 1 : 1, rest);
    if (fflush(stdout) && !status)
        return EXIT_FAILED;
    return status;
}

/* `reinstall`. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/run/reinstall.h"
#include "scheduler/command/option.h"
#include "scheduler/command/reinstall_command.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

static void print_change(void *context, const char *path, bool removed)
{
    (void)context;
    (void)printf("%s %s\n", removed ? "del." : "send", path);
}

static void count_change(void *context, const char *path, bool removed)
{
    (void)context;
    (void)path;
    (void)removed;
}

int reinstall_place(const char *argument, struct workflow_place *ret_place, struct error *error)
{
    return resolve_workflow(argument ? argument : ".", ret_place, error);
}

/* Show what would change; true to go on. */
static bool is_agreed(const struct workflow_place *place, const struct invocation *invocation)
{
    struct error error = {0};
    char *source = NULL;
    int n = reinstall_workflow(place, true, print_change, NULL, &source, &error);
    free(source);
    if (n <= 0) {
        if (n < 0)
            (void)command_fail(invocation, EXIT_FAILED, &error);
        return n == 0;
    }
    (void)printf("Continue [y/n]: ");
    (void)fflush(stdout);
    int answer = getchar();
    return answer == 'y' || answer == 'Y';
}

int reinstall_and_tell(const struct invocation *invocation, const struct workflow_place *place,
                       bool sure, bool *ret_changed)
{
    struct error error = {0};
    char *source = NULL;
    bool asks = !sure && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    if (asks && !is_agreed(place, invocation)) {
        (void)puts("Reinstall cancelled, no changes made.");
        return EXIT_FAILED;
    }
    int n =
        reinstall_workflow(place, false, asks ? count_change : print_change, NULL, &source, &error);
    if (n < 0)
        return command_fail(invocation, EXIT_FAILED, &error);
    if (n)
        (void)printf("REINSTALLED %s from %s\n", place->id, source);
    else
        (void)printf("%s up to date with %s\n", place->id, source);
    (void)fflush(stdout);
    free(source);
    *ret_changed = n > 0;
    return EXIT_OK;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first, yes = 0;
    const struct option_def options[] = {
        {.name = "yes", .letter = 'y', .count = &yes, .help = "do not ask"}};
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (argc - first > 1)
        return options_refuse(self, invocation, "one workflow at a time");
    struct workflow_place place;
    struct error error = {0};
    bool changed;
    if (reinstall_place(first < argc ? argv[first] : NULL, &place, &error))
        return command_fail(invocation, EXIT_FAILED, &error);
    status = reinstall_and_tell(invocation, &place, yes > 0, &changed);
    workflow_place_release(&place);
    return status;
}

const struct command command_reinstall = {
    .name = "reinstall",
    .summary = "make a run directory like its source again",
    .synopsis = "[OPTIONS] [WORKFLOW]",
    .help =
        "Copy what has changed in the source of an installed workflow (default: the one whose run\n"
        "directory this is) into its run directory, and remove what the source no longer has.\n"
        "What the run has made stays. A running scheduler sees it after `reload`.\n\n"
        "Example:\n"
        "    $ rouse reinstall flow/run1\n",
    .run = run,
};

/* `validate`. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/command/validate.h"
#include "scheduler/command/option.h"
#include "scheduler/run/process.h"
#include "scheduler/run/resolve.h"
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

static void warn(void *context, const char *text)
{
    (void)context;
    (void)fprintf(stderr, "WARNING - %s\n", text);
}

int validate_definition(const struct invocation *invocation, const char *path,
                        struct workflow_options *options)
{
    struct error error = {0};
    options->now = process_now() / 1000000;
    struct workflow *workflow = workflow_load(path, options, warn, NULL, &error);
    if (!workflow)
        return command_fail(invocation, EXIT_FAILED, &error);
    if (!invocation->quiet)
        (void)printf("Valid for cylc-8.4.4\n");
    workflow_destroy(workflow);
    return EXIT_OK;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    struct workflow_options workflow = {0};
    const struct option_def options[] = {
        {.name = "icp",
         .argument = "POINT",
         .text = &workflow.initial,
         .help = "initial cycle point, if the file has none"},
        {.name = "initial-cycle-point", .argument = "POINT", .text = &workflow.initial},
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (argc - first > 1)
        return options_refuse(self, invocation, "one workflow at a time");
    struct error error = {0};
    char *path;
    if (resolve_definition(first < argc ? argv[first] : ".", &path, &error))
        return command_fail(invocation, EXIT_FAILED, &error);
    status = validate_definition(invocation, path, &workflow);
    free(path);
    return status;
}

const struct command command_validate = {
    .name = "validate",
    .summary = "check a workflow definition",
    .synopsis = "[OPTIONS] [WORKFLOW | PATH]",
    .help = "Read a flow.cylc (of a source directory, a file, or an installed workflow) and say\n"
            "what is wrong with it: file, line and item. Exit status 0 if it can be played.\n\n"
            "Example:\n"
            "    $ rouse validate ./my-workflow\n",
    .run = run,
};

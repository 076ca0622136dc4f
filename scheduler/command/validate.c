/* `validate`. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/command/validate.h"
#include "base/memory.h"
#include "scheduler/command/definition.h"
#include "scheduler/job/runner.h"
#include "scheduler/run/process.h"
#include "scheduler/run/resolve.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { PLATFORMS_NAMED = 10 };

void validate_platforms(const struct workflow *workflow,
                        void (*say)(void *context, const char *text), void *context)
{
    const char *last = "";
    unsigned named = 0;
    for (uint32_t i = 0; i < workflow->n_tasks && named < PLATFORMS_NAMED; i++) {
        const char *platform = workflow->tasks[i].runtime.platform;
        struct error error = {0};
        if (!strcmp(platform, last) || job_runner_of_platform(platform, &error))
            continue;
        char *text = str_format("[runtime][%s]: %s; its jobs will fail to be submitted",
                                workflow->tasks[i].name, error.text);
        say(context, text);
        free(text);
        last = platform;
        named++;
    }
}

int validate_definition(const struct invocation *invocation, const char *path,
                        struct workflow_options *options)
{
    struct error error = {0};
    options->now = process_now() / 1000000;
    struct workflow *workflow = workflow_load(path, options, definition_warn, NULL, &error);
    if (!workflow)
        return command_fail(invocation, EXIT_FAILED, &error);
    validate_platforms(workflow, definition_warn, NULL);
    if (!invocation->quiet)
        (void)printf("Valid for cylc-8.4.4\n");
    workflow_destroy(workflow);
    return EXIT_OK;
}

static int validate(const struct invocation *invocation, const char *argument,
                    struct workflow_options *options)
{
    struct error error = {0};
    char *path;
    if (resolve_definition(argument, &path, &error))
        return command_fail(invocation, EXIT_FAILED, &error);
    int status = validate_definition(invocation, path, options);
    free(path);
    return status;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    struct workflow_options workflow = {0};
    struct template_lists templates = {0};
    const struct option_def options[] = {
        {.name = "icp",
         .argument = "POINT",
         .text = &workflow.initial,
         .help = "initial cycle point, if the file has none"},
        {.name = "initial-cycle-point", .argument = "POINT", .text = &workflow.initial},
        TEMPLATE_OPTIONS(&templates),
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status == OPTIONS_GO_ON && argc - first > 1)
        status = options_refuse(self, invocation, "one workflow at a time");
    if (status == OPTIONS_GO_ON) {
        workflow.templates = template_lists_options(&templates);
        status = validate(invocation, first < argc ? argv[first] : ".", &workflow);
    }
    template_lists_release(&templates);
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

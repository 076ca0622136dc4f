/* See definition.h. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/command/definition.h"
#include "scheduler/command/earlier.h"
#include "scheduler/run/process.h"
#include "scheduler/run/resolve.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

void definition_warn(void *context, const char *text)
{
    (void)context;
    (void)fprintf(stderr, "WARNING - %s\n", text);
}

struct workflow *definition_read(const char *path, struct workflow_options *options,
                                 const struct warner *warner, struct error *error)
{
    struct earlier earlier = {0};
    struct workflow *workflow = NULL;
    options->now = process_now() / 1000000;
    if (options->templates.n_earlier ||
        earlier_read_beside(path, &earlier, &options->templates, error) == 0)
        workflow = workflow_load(path, options, warner->warn, warner->context, error);
    if (earlier.variables.n)
        options->templates.n_earlier = 0;
    earlier_release(&earlier);
    return workflow;
}

int definition_load(const struct invocation *invocation, const char *argument,
                    struct workflow_options *options, struct workflow **ret_workflow)
{
    const struct warner warner = {invocation->quiet ? NULL : definition_warn, NULL};
    struct error error = {0};
    char *path;
    if (resolve_definition(argument, &path, &error))
        return command_fail(invocation, EXIT_FAILED, &error);
    struct workflow *workflow = definition_read(path, options, &warner, &error);
    free(path);
    if (!workflow)
        return command_fail(invocation, EXIT_FAILED, &error);
    *ret_workflow = workflow;
    return EXIT_OK;
}

bool definition_is_run_mode(const char *mode)
{
    static const char *const modes[] = {"live", "simulation", "dummy", "skip"};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (!strcmp(mode, modes[i]))
            return true;
    return false;
}

const char *definition_title(const struct task_def *namespace)
{
    const struct runtime *runtime = &namespace->runtime;
    for (uint32_t i = 0; i < runtime->n_meta; i++)
        if (!strcmp(runtime->meta[i].key, "title"))
            return runtime->meta[i].value;
    return "";
}

/* See definition.h. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/command/definition.h"
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

int definition_load(const struct invocation *invocation, const char *argument,
                    struct workflow_options *options, struct workflow **ret_workflow)
{
    struct error error = {0};
    char *path;
    if (resolve_definition(argument, &path, &error))
        return command_fail(invocation, EXIT_FAILED, &error);
    options->now = process_now() / 1000000;
    struct workflow *workflow =
        workflow_load(path, options, invocation->quiet ? NULL : definition_warn, NULL, &error);
    free(path);
    if (!workflow)
        return command_fail(invocation, EXIT_FAILED, &error);
    *ret_workflow = workflow;
    return EXIT_OK;
}

const char *definition_title(const struct task_def *namespace)
{
    const struct runtime *runtime = &namespace->runtime;
    for (uint32_t i = 0; i < runtime->n_meta; i++)
        if (!strcmp(runtime->meta[i].key, "title"))
            return runtime->meta[i].value;
    return "";
}

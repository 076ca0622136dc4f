/* The workflow a command that looks at definitions is given. */
#ifndef ROUSE_DEFINITION_H
#define ROUSE_DEFINITION_H

#include "scheduler/command/template_lists.h"
#include "scheduler/config/schema.h"
#include "scheduler/config/workflow.h"

/* Load what `argument` names: a directory, a file or a workflow id. Warnings go to stderr, unless
 * --quiet. EXIT_OK and the workflow, which the caller destroys; or the exit status, after telling
 * what is wrong. options->now is filled in. */
int definition_load(const struct invocation *invocation, const char *argument,
                    struct workflow_options *options, struct workflow **ret_workflow);
/* The workflow of the file `path`, with the template variables of an earlier run beside it unless
 * options->templates.earlier is given. NULL and an error. options->now is filled in. */
struct workflow *definition_read(const char *path, struct workflow_options *options,
                                 const struct warner *warner, struct error *error);
/* "WARNING - TEXT" on stderr. */
void definition_warn(void *context, const char *text);
/* Whether `mode` is one that `play --mode` of Cylc knows. */
bool definition_is_run_mode(const char *mode);
/* A task's or family's title; never NULL. */
const char *definition_title(const struct task_def *namespace);

/* The options of all such commands, for their option_def arrays; `options` is a struct
 * workflow_options *. */
#define DEFINITION_OPTIONS(options)                                                                \
    {.name = "icp",                                                                                \
     .argument = "POINT",                                                                          \
     .text = &(options)->initial,                                                                  \
     .help = "initial cycle point, instead of the file's"},                                        \
    {                                                                                              \
        .name = "initial-cycle-point", .argument = "POINT", .text = &(options)->initial            \
    }

#endif

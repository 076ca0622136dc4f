/* Validation, as `validate` and `vip` do it. */
#ifndef ROUSE_VALIDATE_H
#define ROUSE_VALIDATE_H

#include "base/text.h"
#include "scheduler/command/command.h"
#include "scheduler/config/global.h"
#include "scheduler/config/schema.h"
#include "scheduler/config/workflow.h"

/* Load and forget; tells the result. Exit status. options->now is filled in. */
int validate_definition(const struct invocation *invocation, const char *path,
                        struct workflow_options *options);

/* Say which tasks name a platform that is not known, a few of them. */
void validate_platforms(const struct workflow *workflow, const struct global_config *global,
                        const char *host, void (*say)(void *context, const char *text),
                        void *context);

/* Each xtrigger the graph waits for is built in, a plugin or a Python function of the workflow in
 * `directory`, and takes its arguments. Negative and an error with file and line if not. Python is
 * started if it is needed, and waited for; what functions say of `sequential` is added to
 * ret_sequential (see workflow_make_sequential). */
int validate_xtriggers(const struct workflow *workflow, const char *directory,
                       struct text *ret_sequential, struct error *error);

#endif

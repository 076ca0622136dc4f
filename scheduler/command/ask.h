/* What the commands that talk to a scheduler share. */
#ifndef ROUSE_ASK_H
#define ROUSE_ASK_H

#include "scheduler/command/command.h"
#include "scheduler/net/client.h"
#include "scheduler/run/resolve.h"
#include <jansson.h>

/* Ask one scheduler and wait for its answer. ret_data (may be NULL) is a new reference. Errors as
 * in client.h. */
int ask(const struct invocation *invocation, const struct workflow_place *place,
        const char *command, const json_t *args, json_t **ret_data, struct error *error);

/* The same for answers that may come in chunks. */
int ask_stream(const struct invocation *invocation, const struct workflow_place *place,
               const char *command, const json_t *args, client_chunk *chunk, void *context,
               json_t **ret_data, struct error *error);
/* {"ids": [...]}: those of a target; a new reference. */
json_t *ask_ids(const struct target *target);

/* Something to do for each workflow that is named; returns an exit status. */
typedef int ask_target(const struct invocation *invocation, const struct target *target,
                       void *context);
/* Do it for each workflow among the arguments; the last status that is not EXIT_OK, or EXIT_OK. */
int ask_targets(const struct invocation *invocation, int n, char *const *arguments, bool allow_ids,
                bool need_ids, ask_target *one, void *context);

/* A command without options of its own that takes workflows and, in them, tasks. */
int ask_run(const struct command *command, struct invocation *invocation, int argc, char **argv,
            ask_target *one);

/* Send `command` to each target with its ids in args (which may be NULL and is not changed); prints
 * what Cylc prints. Returns the exit status. */
int ask_each(const struct invocation *invocation, const struct targets *targets,
             const char *command, const json_t *args);
/* The same for what is left of the command line. */
int ask_arguments(const struct invocation *invocation, int n, char *const *arguments,
                  bool allow_ids, bool need_ids, const char *command, const json_t *args);

/* Tell what a command answered, which is taken: what would change, or as Cylc that it is queued.
 * Returns the exit status. */
int ask_done(const struct invocation *invocation, json_t *data);
/* The whole of a command without options: it is asked, by its name, of the workflows or for the
 * tasks that are named. For struct command's run. */
int ask_workflows(const struct command *self, struct invocation *invocation, int argc, char **argv);
int ask_tasks(const struct command *self, struct invocation *invocation, int argc, char **argv);

/* Tell why asking failed; returns the exit status. "is not running" has its own wording in Cylc. */
int ask_fail(const struct invocation *invocation, const char *workflow_id,
             const struct error *error);

#endif

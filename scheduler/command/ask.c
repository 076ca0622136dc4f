/* See ask.h. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/command/ask.h"
#include "base/memory.h"
#include "scheduler/command/option.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

int ask_stream(const struct invocation *invocation, const struct workflow_place *place,
               const char *command, const json_t *args, client_chunk *chunk, void *context,
               json_t **ret_data, struct error *error)
{
    const struct client_options options = {
        .run_dir = place->run_dir,
        .workflow_id = place->id,
        .program = invocation->program,
        .timeout_ms = invocation->timeout_ms,
    };
    struct client *client = client_open(&options, error);
    if (!client)
        return error->code;
    json_t *data = NULL;
    int code = client_request(client, command, args, chunk, context, &data, error);
    client_close(client);
    if (ret_data && !code)
        *ret_data = data;
    else
        json_decref(data);
    return code;
}

int ask(const struct invocation *invocation, const struct workflow_place *place,
        const char *command, const json_t *args, json_t **ret_data, struct error *error)
{
    return ask_stream(invocation, place, command, args, NULL, NULL, ret_data, error);
}

json_t *ask_ids(const struct target *target)
{
    json_t *ids = json_array();
    for (size_t i = 0; i < target->ids.n; i++)
        json_array_append_new(ids, json_string(target->ids.at[i]));
    return json_pack("{s:o}", "ids", ids);
}

int ask_targets(const struct invocation *invocation, int n, char *const *arguments, bool allow_ids,
                bool need_ids, ask_target *one, void *context)
{
    struct targets targets;
    struct error error = {0};
    if (resolve_targets(n, arguments, allow_ids, need_ids, &targets, &error))
        return command_fail(invocation, EXIT_FAILED, &error);
    int status = EXIT_OK;
    for (size_t i = 0; i < targets.n; i++) {
        int each = one(invocation, &targets.at[i], context);
        status = each ? each : status;
    }
    targets_release(&targets);
    return status;
}

int ask_run(const struct command *command, struct invocation *invocation, int argc, char **argv,
            ask_target *one)
{
    int first;
    int status = options_parse(command, invocation, NULL, 0, argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (first == argc)
        return options_refuse(command, invocation, "no workflow is named");
    return ask_targets(invocation, argc - first, argv + first, true, false, one, NULL);
}

int ask_fail(const struct invocation *invocation, const char *workflow_id,
             const struct error *error)
{
    if (error->code == -ENOENT && invocation->as_cylc) {
        (void)fprintf(stderr, "WorkflowStopped: %s is not running\n", workflow_id);
        return EXIT_FAILED;
    }
    if (error->code == -ENOENT)
        return command_failf(invocation, EXIT_FAILED,
                             "%s: `%s play %s` starts it; of a run that is over tell "
                             "`%s workflow-state`, `report-timings` and `cat-log`",
                             error->text, invocation->program, workflow_id, invocation->program);
    return command_fail(invocation, EXIT_FAILED, error);
}

int ask_done(const struct invocation *invocation, json_t *data)
{
    const json_t *changes = json_object_get(data, "changes");
    const char *text = json_string_value(json_object_get(data, "error"));
    struct error error = {0};
    if (text)
        error_set(&error, -EREMOTEIO, "%s", text);
    for (size_t i = 0; i < json_array_size(changes); i++)
        (void)puts(json_string_value(json_array_get(changes, i)));
    if (changes && !json_array_size(changes) && !text)
        (void)puts("nothing would change");
    if (!changes && invocation->as_cylc)
        (void)puts("Command queued");
    json_decref(data);
    return text ? command_fail(invocation, EXIT_FAILED, &error) : EXIT_OK;
}

static int ask_one(const struct invocation *invocation, const struct target *target,
                   const char *command, const json_t *args)
{
    struct error error = {0};
    json_t *with_ids = args ? json_copy((json_t *)args) : json_object();
    json_t *ids = ask_ids(target);
    if (target->ids.n) /* commands to a whole workflow take none */
        json_object_update(with_ids, ids);
    json_decref(ids);
    json_t *data = NULL;
    int code = ask(invocation, &target->place, command, with_ids, &data, &error);
    json_decref(with_ids);
    /* Cylc only says that it has queued the command; whether it could be done is in its log. */
    bool queued = invocation->as_cylc && code == -EREMOTEIO;
    if (queued)
        (void)fprintf(stderr, "%s: %s\n", target->place.id, error.text);
    if (code && !queued)
        return ask_fail(invocation, target->place.id, &error);
    return ask_done(invocation, data);
}

int ask_each(const struct invocation *invocation, const struct targets *targets,
             const char *command, const json_t *args)
{
    int status = EXIT_OK;
    for (size_t i = 0; i < targets->n; i++) {
        int one = ask_one(invocation, &targets->at[i], command, args);
        status = one ? one : status;
    }
    return status;
}

struct asked { /* the same for each target */
    const char *command;
    const json_t *args;
};

static int ask_asked(const struct invocation *invocation, const struct target *target,
                     void *context)
{
    const struct asked *asked = context;
    return ask_one(invocation, target, asked->command, asked->args);
}

int ask_arguments(const struct invocation *invocation, int n, char *const *arguments,
                  bool allow_ids, bool need_ids, const char *command, const json_t *args)
{
    struct asked asked = {command, args};
    return ask_targets(invocation, n, arguments, allow_ids, need_ids, ask_asked, &asked);
}

static int ask_plainly(const struct command *self, struct invocation *invocation, int argc,
                       char **argv, bool of_tasks)
{
    int first;
    int status = options_parse(self, invocation, NULL, 0, argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (first == argc)
        return options_refuse(self, invocation,
                              of_tasks ? "no tasks are named" : "no workflow is named");
    return ask_arguments(invocation, argc - first, argv + first, of_tasks, of_tasks, self->name,
                         NULL);
}

int ask_workflows(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    return ask_plainly(self, invocation, argc, argv, false);
}

int ask_tasks(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    return ask_plainly(self, invocation, argc, argv, true);
}

/* `why`. */
#include "base/memory.h"
#include "scheduler/command/ask.h"
#include "scheduler/command/option.h"
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

static void print(const json_t *data)
{
    if (json_is_string(data)) {
        (void)fputs(json_string_value(data), stdout);
        return;
    }
    char *text = json_dumps(data, JSON_ENCODE_ANY | JSON_INDENT(2));
    (void)puts(text ? text : "");
    free(text);
}

static int explain(const struct invocation *invocation, const struct target *target)
{
    struct error error = {0};
    json_t *args = json_object(), *ids = json_array(), *data = NULL;
    for (size_t i = 0; i < target->ids.n; i++)
        json_array_append_new(ids, json_string(target->ids.at[i]));
    json_object_set_new(args, "ids", ids);
    int code = ask(invocation, &target->place, "why", args, &data, &error);
    json_decref(args);
    if (code)
        return ask_fail(invocation, target->place.id, &error);
    print(data);
    json_decref(data);
    return EXIT_OK;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    int status = options_parse(self, invocation, NULL, 0, argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (first == argc)
        return options_refuse(self, invocation, "no workflow is named");
    struct targets targets;
    struct error error = {0};
    if (resolve_targets(argc - first, argv + first, true, false, &targets, &error))
        return command_fail(invocation, EXIT_FAILED, &error);
    status = EXIT_OK;
    for (size_t i = 0; i < targets.n; i++) {
        int one = explain(invocation, &targets.at[i]);
        status = one ? one : status;
    }
    targets_release(&targets);
    return status;
}

const struct command command_why = {
    .name = "why",
    .summary = "explain why a task does not run",
    .synopsis = "[OPTIONS] WORKFLOW[//CYCLE/TASK]...",
    .help = "Say what a task waits for: other tasks, xtriggers, a queue, the runahead limit, a\n"
            "hold, a pause; or why it is not there. Without a task: the state of the workflow.\n\n"
            "Example:\n"
            "    $ rouse why flow//20260101T0000Z/model\n",
    .run = run,
};

/* `why`. */
#include "scheduler/command/ask.h"
#include "scheduler/command/option.h"
#include <stdio.h>

#include "base/banned.h"

static int explain(const struct invocation *invocation, const struct target *target, void *context)
{
    (void)context;
    struct error error = {0};
    json_t *args = ask_ids(target), *data = NULL;
    int code = ask(invocation, &target->place, "why", args, &data, &error);
    json_decref(args);
    if (code)
        return ask_fail(invocation, target->place.id, &error);
    const char *text = json_string_value(data);
    (void)fputs(text ? text : "", stdout);
    json_decref(data);
    return EXIT_OK;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    return ask_run(self, invocation, argc, argv, explain);
}

const struct command command_why = {
    .name = "why",
    .summary = "explain why a task does not run",
    .synopsis = "[OPTIONS] WORKFLOW[//CYCLE/TASK]...",
    .help = "Say what a task waits for: other tasks, xtriggers, a queue, the runahead limit, a\n"
            "hold, a pause; or why it is not there, and how it ended if it has run. Without a\n"
            "task: the state of the workflow.\n\n"
            "Example:\n"
            "    $ rouse why flow//20260101T0000Z/model\n",
    .run = run,
};

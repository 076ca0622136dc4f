/* `trigger`. */
#include "scheduler/command/ask.h"
#include "scheduler/command/option.h"
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* "1", "all", "new" or "none". */
static bool is_flow(const char *text)
{
    char *end;
    if (!strcmp(text, "all") || !strcmp(text, "new") || !strcmp(text, "none"))
        return true;
    long number = strtol(text, &end, 10);
    return *text && !*end && number > 0;
}

static json_t *trigger_args(const struct option_list *flows, bool wait, const char *meta)
{
    json_t *args = json_object();
    json_t *list = json_array();
    for (size_t i = 0; i < flows->n; i++)
        json_array_append_new(list, json_string(flows->at[i]));
    json_object_set_new(args, "flow", list);
    json_object_set_new(args, "wait", json_boolean(wait));
    if (meta)
        json_object_set_new(args, "meta", json_string(meta));
    return args;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first, wait = 0;
    const char *meta = NULL;
    struct option_list flows = {0};
    const struct option_def options[] = {
        {.name = "flow",
         .argument = "FLOW",
         .list = &flows,
         .help = "in which flow: a number, all (the active ones), new or none"},
        {.name = "meta", .argument = "TEXT", .text = &meta, .help = "description of a new flow"},
        {.name = "wait",
         .count = &wait,
         .help = "let the children wait for a flow on its way here"},
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status == OPTIONS_GO_ON && first == argc)
        status = options_refuse(self, invocation, "no tasks are named");
    for (size_t i = 0; i < flows.n && status == OPTIONS_GO_ON; i++)
        if (!is_flow(flows.at[i]))
            status = options_refuse(self, invocation, "--flow: \"%s\" is no number, all, new, none",
                                    flows.at[i]);
    if (status == OPTIONS_GO_ON) {
        json_t *args = trigger_args(&flows, wait != 0, meta);
        status = ask_arguments(invocation, argc - first, argv + first, true, true, "trigger", args);
        json_decref(args);
    }
    vec_release(&flows);
    return status;
}

const struct command command_trigger = {
    .name = "trigger",
    .summary = "run tasks now",
    .synopsis = "[OPTIONS] WORKFLOW//CYCLE/TASK...",
    .help = "Run tasks whether or not what they wait for has come. A task that waits in a queue\n"
            "is submitted at once; what has run before runs again.\n\n"
            "Example:\n"
            "    $ rouse trigger flow//1/a\n"
            "    $ rouse trigger --flow=new flow //2/b //2/c\n",
    .run = run,
};

/* `set`. */
#include "base/memory.h"
#include "base/text.h"
#include "scheduler/command/ask.h"
#include "scheduler/command/flow_options.h"
#include <string.h>

#include "base/banned.h"

/* Each of them may be a list with commas. */
static json_t *items_of(const struct option_list *given)
{
    json_t *items = json_array();
    for (size_t i = 0; i < given->n; i++)
        for (const char *at = given->at[i]; at;) {
            const char *comma = strchr(at, ',');
            struct slice item =
                slice_trim((struct slice){at, comma ? (size_t)(comma - at) : strlen(at)});
            if (item.n)
                json_array_append_new(items, json_stringn(item.at, item.n));
            at = comma ? comma + 1 : NULL;
        }
    return items;
}

static bool has_item(const json_t *items, const char *name)
{
    for (size_t i = 0; i < json_array_size(items); i++)
        if (strcmp(json_string_value(json_array_get(items, i)), name) == 0)
            return true;
    return false;
}

/* What could be seen to be wrong without the workflow. */
static int check(const struct invocation *invocation, const json_t *outputs,
                 const json_t *prerequisites)
{
    static const char *const alone[] = {"required", "skip"};
    if (json_array_size(outputs) && json_array_size(prerequisites))
        return command_failf(invocation, EXIT_FAILED, "--out and --pre exclude each other");
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
        if (has_item(outputs, alone[i]) && json_array_size(outputs) > 1)
            return command_failf(invocation, EXIT_FAILED, "--out=%s must be used alone", alone[i]);
    if (has_item(outputs, "waiting"))
        return command_failf(invocation, EXIT_FAILED,
                             "tasks cannot be set to waiting: trigger them in a new flow");
    if (has_item(prerequisites, "all") && json_array_size(prerequisites) > 1)
        return command_failf(invocation, EXIT_FAILED, "--pre=all must be used alone");
    for (size_t i = 0; i < json_array_size(prerequisites); i++) {
        const char *item = json_string_value(json_array_get(prerequisites, i));
        const char *slash = strchr(item, '/');
        if (strcmp(item, "all") != 0 && (!slash || slash == item || !slash[1]))
            return command_failf(invocation, EXIT_FAILED,
                                 "--pre: expected all, CYCLE/TASK[:OUTPUT] or xtrigger/LABEL, "
                                 "not \"%s\"",
                                 item);
    }
    return EXIT_OK;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    struct flow_options flow = {0};
    struct option_list out = {0}, pre = {0};
    const struct option_def options[] = {
        {.name = "out",
         .letter = 'o',
         .argument = "OUTPUT",
         .list = &out,
         .help = "outputs, by name or message, with commas or once each; required (the default), "
                 "or skip: those of skip mode"},
        {.name = "output", .argument = "OUTPUT", .list = &out},
        {.name = "pre",
         .letter = 'p',
         .argument = "PREREQUISITE",
         .list = &pre,
         .help = "prerequisites: CYCLE/TASK[:OUTPUT], all, xtrigger/LABEL, xtrigger/all"},
        {.name = "prerequisite", .argument = "PREREQUISITE", .list = &pre},
        FLOW_OPTION(flow),
        META_OPTION(flow),
        WAIT_OPTION(flow),
        DRY_RUN_OPTION(flow),
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status == OPTIONS_GO_ON && first == argc)
        status = options_refuse(self, invocation, "no tasks are named");
    json_t *outputs = items_of(&out), *prerequisites = items_of(&pre);
    bool go_on = status == OPTIONS_GO_ON;
    if (go_on)
        status = check(invocation, outputs, prerequisites);
    if (go_on && status == EXIT_OK)
        status = flow_options_check(invocation, &flow, false);
    if (go_on && status == EXIT_OK) {
        json_t *args = json_pack("{s:O,s:O}", "outputs", outputs, "prerequisites", prerequisites);
        flow_options_add(&flow, args);
        status = ask_arguments(invocation, argc - first, argv + first, true, true, "set", args);
        json_decref(args);
    }
    json_decref(outputs);
    json_decref(prerequisites);
    vec_release(&out);
    vec_release(&pre);
    flow_options_release(&flow);
    return status;
}

const struct command command_set = {
    .name = "set",
    .summary = "let outputs of tasks count as completed, or prerequisites as satisfied",
    .synopsis = "[OPTIONS] WORKFLOW//CYCLE/TASK...",
    .help = "Let outputs of tasks count as completed, as if their jobs had done it: by default\n"
            "those that a task is required to complete. Success and failure imply that the job\n"
            "was submitted and started. Or let prerequisites count as satisfied; a task that is\n"
            "not there yet comes.\n\n"
            "Example:\n"
            "    $ rouse set flow//1/a                     # 1/a counts as done\n"
            "    $ rouse set --out=failed flow//1/a\n"
            "    $ rouse set --pre=1/a:x,1/b flow//1/c\n"
            "    $ rouse set --pre=xtrigger/all flow//1/c\n",
    .run = run,
};

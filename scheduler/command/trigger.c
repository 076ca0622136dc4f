/* `trigger`. */
#include "scheduler/command/ask.h"
#include "scheduler/command/flow_options.h"

#include "base/banned.h"

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first, on_resume = 0;
    struct flow_options flow = {0};
    const struct option_def options[] = {
        FLOW_OPTION(flow),
        META_OPTION(flow),
        WAIT_OPTION(flow),
        {.name = "on-resume",
         .count = &on_resume,
         .help = "while the workflow is paused: run them when it is resumed"},
        DRY_RUN_OPTION(flow),
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status == OPTIONS_GO_ON && first == argc)
        status = options_refuse(self, invocation, "no tasks are named");
    bool go_on = status == OPTIONS_GO_ON;
    if (go_on)
        status = flow_options_check(invocation, &flow, false);
    if (go_on && status == EXIT_OK) {
        json_t *args = json_object();
        flow_options_add(&flow, args);
        json_object_set_new(args, "on_resume", json_boolean(on_resume));
        status = ask_arguments(invocation, argc - first, argv + first, true, true, "trigger", args);
        json_decref(args);
    }
    flow_options_release(&flow);
    return status;
}

const struct command command_trigger = {
    .name = "trigger",
    .summary = "run tasks now",
    .synopsis = "[OPTIONS] WORKFLOW//CYCLE/TASK...",
    .help = "Run tasks whether or not what they wait for has come. A task whose queue is full\n"
            "waits there; one that waits in a queue or is held is submitted at once. What has\n"
            "run before runs again.\n\n"
            "Example:\n"
            "    $ rouse trigger flow//1/a\n"
            "    $ rouse trigger --flow=new flow //2/b //2/c\n"
            "    $ rouse trigger --dry-run flow//2/b    # what would change\n",
    .run = run,
};

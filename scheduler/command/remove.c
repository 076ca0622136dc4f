/* `remove`. */
#include "scheduler/command/ask.h"
#include "scheduler/command/flow_options.h"

#include "base/banned.h"

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    struct flow_options flow = {0};
    const struct option_def options[] = {
        {.name = "flow",
         .argument = "FLOW",
         .list = &flow.flows,
         .help = "out of this flow only (several: once each); all is the default"},
        DRY_RUN_OPTION(flow),
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status == OPTIONS_GO_ON && first == argc)
        status = options_refuse(self, invocation, "no tasks are named");
    bool go_on = status == OPTIONS_GO_ON;
    if (go_on)
        status = flow_options_check(invocation, &flow, true);
    if (go_on && status == EXIT_OK) {
        json_t *args = json_object();
        flow_options_add(&flow, args);
        status = ask_arguments(invocation, argc - first, argv + first, true, true, "remove", args);
        json_decref(args);
    }
    flow_options_release(&flow);
    return status;
}

const struct command command_remove = {
    .name = "remove",
    .summary = "take tasks out of their flows, as if they had never run",
    .synopsis = "[OPTIONS] WORKFLOW//CYCLE/TASK...",
    .help = "Take tasks out of all flows, or out of those named: they leave the pool, an active\n"
            "job is killed, and what they had satisfied is satisfied no longer. A task that has\n"
            "run may then run again in the same flow. Its record stays, under no flow.\n\n"
            "Example:\n"
            "    $ rouse remove flow//1/a\n"
            "    $ rouse remove --flow=2 flow //1/a //1/b\n",
    .run = run,
};

/* `xtrigger-host`: serves xtriggers of a running workflow by a program, by hand. */
#define ROUSE_TOUCHES_THE_WORLD
#include "base/memory.h"
#include "scheduler/command/bridge.h"
#include "scheduler/command/option.h"
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static const double default_heartbeat = 10, heartbeat_min = 0.1, heartbeat_max = 3600;

static bool read_heartbeat(const char *text, double *ret_heartbeat)
{
    char *end;
    double heartbeat = strtod(text, &end);
    if (end == text || *end || !(heartbeat >= heartbeat_min && heartbeat <= heartbeat_max))
        return false;
    *ret_heartbeat = heartbeat;
    return true;
}

static json_t *names_of(int n, char **names)
{
    json_t *list = json_array();
    for (int i = 0; i < n; i++)
        json_array_append_new(list, json_string(names[i]));
    return list;
}

static int serve(const struct invocation *invocation, const char *workflow,
                 struct bridge_options *options)
{
    struct workflow_place place;
    struct error error = {0};
    if (resolve_workflow(workflow, &place, &error))
        return command_fail(invocation, EXIT_FAILED, &error);
    options->place = &place;
    int status = bridge_run(invocation, options);
    workflow_place_release(&place);
    return status;
}

/* What stands behind "--" is the program; options are looked for before it. */
static int find_program(int argc, char **argv)
{
    int i = 1;
    while (i < argc && strcmp(argv[i], "--") != 0)
        i++;
    return i;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first, end = find_program(argc, argv);
    const char *heartbeat = NULL;
    const struct option_def defs[] = {
        {.name = "heartbeat",
         .argument = "SEC",
         .text = &heartbeat,
         .help = "how often to say that the program is there (10)"},
    };
    int status = options_parse(self, invocation, defs, OPTIONS_N(defs), end, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    struct bridge_options options = {.heartbeat = default_heartbeat, .arguments = argv + end + 1};
    if (heartbeat && !read_heartbeat(heartbeat, &options.heartbeat))
        return options_refuse(self, invocation,
                              "--heartbeat: expected seconds from %g to %g, not \"%s\"",
                              heartbeat_min, heartbeat_max, heartbeat);
    if (end + 1 >= argc)
        return options_refuse(self, invocation, "no program is given: -- COMMAND [ARGUMENTS]");
    if (end - first < 2)
        return options_refuse(self, invocation,
                              "a workflow and at least one name of a function must be given");
    json_t *names = names_of(end - first - 1, argv + first + 1);
    options.names = names;
    status = serve(invocation, argv[first], &options);
    json_decref(names);
    return status;
}

const struct command command_xtrigger_host = {
    .name = "xtrigger-host",
    .summary = "serve xtriggers of a running workflow by a program",
    .synopsis = "[OPTIONS] WORKFLOW NAME... -- COMMAND [ARGUMENTS]",
    .help =
        "Run COMMAND once as the program that serves the xtrigger functions NAME..., which\n"
        "[scheduling]xtrigger programs of the workflow must list. COMMAND reads messages of the\n"
        "scheduler from its stdin and answers on its stdout, a JSON object a line:\n\n"
        "    {\"start\": 7, \"function\": \"mine\", \"args\": [1], \"kwargs\": {\"a\": 2}, ...}\n"
        "    {\"cancel\": 7}    {\"kept\": 7}\n\n"
        "    {\"watching\": 7}    {\"satisfied\": 7, \"results\": {\"key\": \"value\"}}\n"
        "    {\"not_yet\": 7, \"after\": 5}    {\"fail\": 7, \"error\": \"why\"}\n\n"
        "It is told of restarts of the scheduler by nothing: what it has been given stays, and\n"
        "what it said is said again. This command ends when COMMAND ends, when the workflow is\n"
        "complete, or by SIGINT or SIGTERM, and ends COMMAND then. On another host it needs the\n"
        "workflow's .service directory (contact file and keys), as a shared file system has it.\n\n"
        "Example:\n"
        "    $ rouse xtrigger-host flow spool -- ./watch.sh /var/spool/incoming\n",
    .run = run,
};

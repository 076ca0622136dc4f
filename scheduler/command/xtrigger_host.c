/* `xtrigger-host`: serves xtriggers of a running workflow by a program, by hand. */
#define ROUSE_TOUCHES_THE_WORLD
#include "base/memory.h"
#include "scheduler/command/bridge.h"
#include "scheduler/command/option.h"
#include "scheduler/run/process.h"
#include "scheduler/run/python.h"
#include <errno.h>
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
                 const struct bridge_options *options)
{
    struct workflow_place place;
    struct error error = {0};
    struct bridge_options here = *options;
    if (resolve_workflow(workflow, &place, &error))
        return command_fail(invocation, EXIT_FAILED, &error);
    here.place = &place;
    int status = bridge_run(invocation, &here);
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

struct request {
    const char *workflow, *plugin;
    int python, stdio;
    char **command; /* NULL ended; empty: none */
    int n_names;
};

static int check(const struct command *self, const struct invocation *invocation,
                 const struct request *request)
{
    int forms = (request->plugin != NULL) + (request->python != 0) + (request->stdio != 0) +
                (*request->command != NULL);
    if (!request->workflow)
        return options_refuse(self, invocation, "no workflow is named");
    if (!forms)
        return options_refuse(self, invocation, "no program is given: -- COMMAND [ARGUMENTS]");
    if (forms > 1)
        return options_refuse(self, invocation,
                              "--plugin, --python, --stdio and a command exclude each other");
    if (request->python && !request->n_names)
        return options_refuse(self, invocation, "--python: name the functions to serve");
    return EXIT_OK;
}

/* What is run for it. */
static int serve_request(const struct invocation *invocation, const struct request *request,
                         struct bridge_options *options)
{
    char *plugin = request->plugin ? realpath(request->plugin, NULL) : NULL;
    if (request->plugin && !plugin)
        return command_failf(invocation, EXIT_FAILED, "--plugin: %s: %s", request->plugin,
                             strerror(errno));
    char *program = process_program();
    char python[] = "python3", child[] = "xtrigger-child";
    char *script = request->python ? python_file(program, "rouse/xtrigger_host.py") : NULL;
    char *const plugin_arguments[] = {program, child, plugin, NULL};
    char *const python_arguments[] = {python, script, NULL};
    options->arguments = plugin            ? plugin_arguments
                         : request->python ? python_arguments
                         : request->stdio  ? NULL
                                           : request->command;
    options->title = plugin            ? plugin
                     : request->python ? script
                     : request->stdio  ? "stdin"
                                       : *request->command;
    options->channel = plugin || request->python;
    int status = serve(invocation, request->workflow, options);
    free(plugin);
    free(script);
    free(program);
    return status;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first, end = find_program(argc, argv);
    const char *heartbeat = NULL;
    struct request request = {.command = argv + (end < argc ? end + 1 : argc)};
    const struct option_def defs[] = {
        {.name = "plugin",
         .argument = "FILE.so",
         .text = &request.plugin,
         .help = "serve the function of a plugin in C"},
        {.name = "python",
         .count = &request.python,
         .help = "serve Python functions of the workflow's lib/python and of CYLC_PYTHONPATH"},
        {.name = "stdio",
         .count = &request.stdio,
         .help = "the program has started this: it writes to our stdin and reads our stdout"},
        {.name = "heartbeat",
         .argument = "SEC",
         .text = &heartbeat,
         .help = "how often to say that the program is there (10)"},
    };
    int status = options_parse(self, invocation, defs, OPTIONS_N(defs), end, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    struct bridge_options options = {.heartbeat = default_heartbeat};
    if (heartbeat && !read_heartbeat(heartbeat, &options.heartbeat))
        return options_refuse(self, invocation,
                              "--heartbeat: expected seconds from %g to %g, not \"%s\"",
                              heartbeat_min, heartbeat_max, heartbeat);
    request.workflow = first < end ? argv[first] : NULL;
    request.n_names = request.workflow ? end - first - 1 : 0;
    status = check(self, invocation, &request);
    if (status)
        return status;
    options.names = names_of(request.n_names, argv + first + 1);
    status = serve_request(invocation, &request, &options);
    json_decref(options.names);
    return status;
}

const struct command command_xtrigger_host = {
    .name = "xtrigger-host",
    .summary = "serve xtriggers of a running workflow by a program",
    .synopsis = "[OPTIONS] WORKFLOW [NAME...] -- COMMAND [ARGUMENTS]",
    .help =
        "Run COMMAND once as the program that serves the xtrigger functions NAME..., which\n"
        "[scheduling]xtrigger programs of the workflow must list. COMMAND reads messages of the\n"
        "scheduler from its stdin and answers on its stdout, a JSON object a line:\n\n"
        "    {\"start\": 7, \"function\": \"mine\", \"args\": [1], \"kwargs\": {\"a\": 2}, ...}\n"
        "    {\"cancel\": 7}    {\"kept\": 7}\n\n"
        "    {\"watching\": 7}    {\"satisfied\": 7, \"results\": {\"key\": \"value\"}}\n"
        "    {\"not_yet\": 7, \"after\": 5}    {\"fail\": 7, \"error\": \"why\"}\n\n"
        "Without NAME its first line must be {\"register\": [\"mine\", ...]}. When the scheduler "
        "is\n"
        "started again COMMAND notices nothing: what it was given stays, and what it said and is\n"
        "not kept yet is said again. This command ends when COMMAND ends, when the workflow is\n"
        "complete, or by SIGINT or SIGTERM, and ends COMMAND then. On another host it needs the\n"
        "workflow's .service directory (contact file and keys), as a shared file system has it.\n\n"
        "Example:\n"
        "    $ rouse xtrigger-host flow spool -- ./watch.sh /var/spool/incoming\n"
        "    $ rouse xtrigger-host --plugin=./disk_space.so flow\n"
        "    $ rouse xtrigger-host --python flow my_function\n",
    .run = run,
};

/* `reload`. */
#include "scheduler/command/ask.h"
#include "scheduler/command/option.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* "+ name", "- name" and "~ name", one a line. */
static void print_changes(const struct workflow_place *place, const json_t *data)
{
    const char *tasks = json_string_value(json_object_get(data, "tasks"));
    (void)printf("%s: reloaded\n", place->id);
    for (const char *line = tasks ? tasks : ""; *line;) {
        const char *end = strchrnul(line, '\n');
        const char *what = *line == '+' ? "added  " : *line == '-' ? "removed" : "changed";
        (void)printf("    %s %.*s\n", what, (int)(end - line - 2), line + 2);
        line = *end ? end + 1 : end;
    }
}

static int reload_one(const struct invocation *invocation, const struct target *target,
                      void *context)
{
    const json_t *args = context;
    const struct workflow_place *place = &target->place;
    struct error error = {0};
    json_t *data = NULL;
    int code = ask(invocation, place, "reload", args, &data, &error);
    /* Cylc only says that it has queued the command; whether it could be done is in its log. */
    bool queued = invocation->as_cylc && code == -EREMOTEIO;
    if (queued)
        (void)fprintf(stderr, "%s: %s\n", place->id, error.text);
    if (code && !queued)
        return ask_fail(invocation, place->id, &error);
    if (invocation->as_cylc)
        (void)puts("Command queued");
    else
        print_changes(place, data);
    json_decref(data);
    return EXIT_OK;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first, global = 0;
    const struct option_def options[] = {
        {.name = "global",
         .letter = 'g',
         .count = &global,
         .help = "read the global configuration again, too"},
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (first == argc)
        return options_refuse(self, invocation, "no workflow is named");
    json_t *args = json_pack("{s:b}", "global", global > 0);
    status = ask_targets(invocation, argc - first, argv + first, false, false, reload_one, args);
    json_decref(args);
    return status;
}

const struct command command_reload = {
    .name = "reload",
    .summary = "take up a changed flow.cylc in a running workflow",
    .synopsis = "[OPTIONS] WORKFLOW...",
    .help =
        "Read the definition in the run directory again and go on with it. Jobs that are active\n"
        "run on; a task that is no longer there leaves when its job has ended; a new one joins\n"
        "when the graph comes to it. If the new definition is refused, the workflow goes on\n"
        "with the one it has. A definition is changed where it was installed from: see\n"
        "`reinstall`.\n\n"
        "Example:\n"
        "    $ rouse reload flow\n",
    .run = run,
};

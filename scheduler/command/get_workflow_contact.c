/* `get-workflow-contact`: the contact file of a running workflow. */
#include "base/memory.h"
#include "scheduler/command/option.h"
#include "scheduler/run/resolve.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static int print_contact(const struct invocation *invocation, const struct workflow_place *place)
{
    char *path = str_format("%s/.service/contact", place->run_dir);
    FILE *file = fopen(path, "re");
    char line[4096];
    free(path);
    if (!file && errno == ENOENT)
        return command_failf(invocation, EXIT_FAILED,
                             "%s: cannot get contact info, workflow not running?", place->id);
    if (!file)
        return command_failf(invocation, EXIT_FAILED, "cannot read the contact file of %s: %s",
                             place->id, strerror(errno));
    while (fgets(line, sizeof line, file))
        (void)fputs(line, stdout);
    (void)fclose(file);
    return EXIT_OK;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    int status = options_parse(self, invocation, NULL, 0, argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (argc - first != 1)
        return options_refuse(self, invocation, "one workflow must be named");
    struct workflow_place place;
    struct error error = {0};
    if (resolve_workflow(argv[first], &place, &error))
        return command_fail(invocation, EXIT_FAILED, &error);
    status = print_contact(invocation, &place);
    workflow_place_release(&place);
    return status;
}

const struct command command_get_workflow_contact = {
    .name = "get-workflow-contact",
    .summary = "print where a running workflow is reached",
    .synopsis = "[OPTIONS] WORKFLOW",
    .help = "Print the contact file of a running workflow: host, port, process id and more.\n\n"
            "Example:\n"
            "    $ rouse get-workflow-contact flow\n",
    .run = run,
};

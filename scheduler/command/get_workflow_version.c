/* `get-workflow-version`: the version of the scheduler that runs a workflow. */
#include "scheduler/command/ask.h"
#include "scheduler/command/option.h"
#include "scheduler/net/client.h"
#include <errno.h>
#include <stdio.h>

#include "base/banned.h"

static int print_version(const struct invocation *invocation, const struct workflow_place *place)
{
    struct contact contact;
    struct error error = {0};
    int code = contact_read(place->run_dir, &contact, &error);
    if (!code && contact_state(&contact) == CONTACT_STALE) {
        code = error_set(&error, -ENOENT, "%s is not running", place->id);
        contact_release(&contact);
    }
    if (code)
        return ask_fail(invocation, place->id, &error);
    (void)puts(contact.version ? contact.version : "");
    contact_release(&contact);
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
    status = print_version(invocation, &place);
    workflow_place_release(&place);
    return status;
}

const struct command command_get_workflow_version = {
    .name = "get-workflow-version",
    .summary = "print the language version a running workflow has",
    .synopsis = "[OPTIONS] WORKFLOW",
    .help = "Print the Cylc version whose language and interfaces the running scheduler has.\n\n"
            "Example:\n"
            "    $ rouse get-workflow-version flow\n",
    .run = run,
};

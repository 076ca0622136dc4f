/* `get-workflow-contact` and `get-workflow-version`: what the contact file of a running workflow
 * tells. */
#include "scheduler/net/contact.h"
#include "base/memory.h"
#include "scheduler/command/ask.h"
#include "scheduler/command/option.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

typedef int print_place(const struct invocation *invocation, const struct workflow_place *place);

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

/* Both take one workflow and no options of their own. */
static int run_on_place(const struct command *self, struct invocation *invocation, int argc,
                        char **argv, print_place *print)
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
    status = print(invocation, &place);
    workflow_place_release(&place);
    return status;
}

static int run_contact(const struct command *self, struct invocation *invocation, int argc,
                       char **argv)
{
    return run_on_place(self, invocation, argc, argv, print_contact);
}

static int run_version(const struct command *self, struct invocation *invocation, int argc,
                       char **argv)
{
    return run_on_place(self, invocation, argc, argv, print_version);
}

const struct command command_get_workflow_contact = {
    .name = "get-workflow-contact",
    .summary = "print where a running workflow is reached",
    .synopsis = "[OPTIONS] WORKFLOW",
    .help = "Print the contact file of a running workflow: host, port, process id and more.\n\n"
            "Example:\n"
            "    $ rouse get-workflow-contact flow\n",
    .run = run_contact,
};

const struct command command_get_workflow_version = {
    .name = "get-workflow-version",
    .summary = "print the language version a running workflow has",
    .synopsis = "[OPTIONS] WORKFLOW",
    .help = "Print the Cylc version whose language and interfaces the running scheduler has.\n\n"
            "Example:\n"
            "    $ rouse get-workflow-version flow\n",
    .run = run_version,
};

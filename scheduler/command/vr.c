/* `vr`: validate the source, reinstall it; then reload what runs, play what does not. */
#include "base/memory.h"
#include "scheduler/command/ask.h"
#include "scheduler/command/earlier.h"
#include "scheduler/command/option.h"
#include "scheduler/command/play_command.h"
#include "scheduler/command/reinstall_command.h"
#include "scheduler/command/validate.h"
#include "scheduler/net/contact.h"
#include "scheduler/run/install.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

static bool is_running(const struct workflow_place *place)
{
    struct contact contact;
    struct error ignored = {0};
    if (contact_read(place->run_dir, &contact, &ignored))
        return false;
    bool running = contact_state(&contact) != CONTACT_STALE;
    contact_release(&contact);
    return running;
}

static int validate_source(const struct invocation *invocation, const struct workflow_place *place,
                           const struct play_options *play)
{
    struct error error = {0};
    struct earlier earlier = {0};
    struct workflow_options workflow = {.initial = play->initial,
                                        .final = play->final,
                                        .templates = template_lists_options(&play->templates)};
    char *source = install_source_of(place->run_dir), *path = NULL;
    int code = source
                   ? earlier_read(place->run_dir, &earlier, &workflow.templates, &error)
                   : error_set(&error, -ENOENT,
                               "%s was not installed from a source (no _cylc-install)", place->id);
    if (!code)
        code = resolve_definition(source, &path, &error);
    int status = code ? command_fail(invocation, EXIT_FAILED, &error)
                      : validate_definition(invocation, path, &workflow);
    earlier_release(&earlier);
    free(path);
    free(source);
    return status;
}

static int reload(const struct invocation *invocation, const struct workflow_place *place,
                  bool changed)
{
    struct error error = {0};
    if (!changed) {
        (void)puts("No changes to source: No reinstall or reload required.");
        return EXIT_FAILED;
    }
    if (ask(invocation, place, "reload", NULL, NULL, &error))
        return ask_fail(invocation, place->id, &error);
    (void)printf("reloaded %s\n", place->id);
    return EXIT_OK;
}

static int validate_and_reinstall(const struct invocation *invocation,
                                  const struct workflow_place *place,
                                  const struct play_options *play, bool sure)
{
    bool changed = false, running = is_running(place);
    int status = validate_source(invocation, place, play);
    if (status == EXIT_OK)
        status = reinstall_and_tell(invocation, place, sure, &changed);
    if (status != EXIT_OK)
        return status;
    return running ? reload(invocation, place, changed) : play_workflow(invocation, place, play);
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first, yes = 0;
    struct play_options play = {0};
    struct option_def options[PLAY_OPTIONS + 1];
    struct workflow_place place;
    struct error error = {0};
    size_t n = play_option_defs(&play, options);
    options[n++] = (struct option_def){
        .name = "yes", .letter = 'y', .count = &yes, .help = "do not ask before reinstalling"};
    int status = options_parse(self, invocation, options, n, argc, argv, &first);
    if (status == OPTIONS_GO_ON && argc - first > 1)
        status = options_refuse(self, invocation, "one workflow at a time");
    if (status == OPTIONS_GO_ON)
        status = play_options_check(self, invocation, &play);
    if (status == OPTIONS_GO_ON &&
        reinstall_place(first < argc ? argv[first] : NULL, &place, &error)) {
        status = command_fail(invocation, EXIT_FAILED, &error);
    } else if (status == OPTIONS_GO_ON) {
        status = validate_and_reinstall(invocation, &place, &play, yes > 0);
        workflow_place_release(&place);
    }
    play_options_release(&play);
    return status;
}

const struct command command_vr = {
    .name = "vr",
    .summary = "validate, reinstall, and reload or play",
    .synopsis = "[OPTIONS] [WORKFLOW]",
    .help = "Validate the source of an installed workflow with what its run was given, reinstall\n"
            "it, then reload the workflow if it runs, or play it if it does not.\n\n"
            "Example:\n"
            "    $ rouse vr flow\n",
    .run = run,
};

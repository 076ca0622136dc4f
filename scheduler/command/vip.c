/* `vip`: validate, install, play. */
#include "scheduler/command/install_command.h"
#include "scheduler/command/play_command.h"
#include "scheduler/command/validate.h"
#include "scheduler/run/resolve.h"
#include <stdlib.h>

#include "base/banned.h"

static int install_and_play(const struct invocation *invocation,
                            const struct install_options *install, const struct play_options *play)
{
    struct installed installed;
    int status = install_and_tell(invocation, install, &installed);
    if (status != EXIT_OK)
        return status;
    struct workflow_place place = {.id = installed.id, .run_dir = installed.run_dir};
    status = play_workflow(invocation, &place, play);
    installed_release(&installed);
    return status;
}

static int validate(const struct invocation *invocation, const struct install_options *install,
                    const struct play_options *play)
{
    struct error error = {0};
    struct workflow_options workflow = {.initial = play->initial,
                                        .final = play->final,
                                        .templates = template_lists_options(&play->templates)};
    char *directory, *path = NULL;
    if (install_find_source(install, &directory, &error))
        return command_fail(invocation, EXIT_FAILED, &error);
    int status = EXIT_FAILED;
    if (resolve_definition(directory, &path, &error))
        (void)command_fail(invocation, EXIT_FAILED, &error);
    else
        status = validate_definition(invocation, path, &workflow);
    free(path);
    free(directory);
    return status;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    struct error error = {0};
    struct play_options play = {0};
    struct install_wishes install = {0};
    struct option_def options[PLAY_OPTIONS + INSTALL_OPTIONS];
    size_t n = install_option_defs(&install, options);
    n += play_option_defs(&play, options + n);
    int status = options_parse(self, invocation, options, n, argc, argv, &first);
    if (status == OPTIONS_GO_ON && argc - first > 1)
        status = options_refuse(self, invocation, "only one source at a time");
    if (status == OPTIONS_GO_ON)
        status = play_options_check(self, invocation, &play);
    if (status == OPTIONS_GO_ON &&
        install_wishes_complete(&install, first < argc ? argv[first] : NULL, &error))
        status = command_fail(invocation, EXIT_FAILED, &error);
    if (status == OPTIONS_GO_ON) {
        status = validate(invocation, &install.options, &play);
        if (status == EXIT_OK)
            status = install_and_play(invocation, &install.options, &play);
    }
    install_wishes_release(&install);
    play_options_release(&play);
    return status;
}

const struct command command_vip = {
    .name = "vip",
    .summary = "validate, install and play",
    .synopsis = "[OPTIONS] [SOURCE]",
    .help = "Validate a source directory (default: this one), install it and play it.\n\n"
            "Example:\n"
            "    $ rouse vip --no-detach ./my-workflow\n",
    .run = run,
};

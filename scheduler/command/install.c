/* `install`. */
#include "scheduler/command/install_command.h"
#include <errno.h>
#include <stdio.h>

#include "base/banned.h"

size_t install_option_defs(struct install_options *options, int *no_run_name,
                           struct option_def *defs)
{
    size_t n = 0;
    defs[n++] =
        (struct option_def){.name = "workflow-name",
                            .letter = 'n',
                            .argument = "NAME",
                            .text = &options->workflow_name,
                            .help = "name below ~/cylc-run (default: the directory's name)"};
    defs[n++] = (struct option_def){.name = "run-name",
                                    .letter = 'r',
                                    .argument = "NAME",
                                    .text = &options->run_name,
                                    .help = "name of the run instead of run1, run2, ..."};
    defs[n++] = (struct option_def){.name = "no-run-name",
                                    .count = no_run_name,
                                    .help = "no numbered runs: straight into ~/cylc-run/NAME"};
    return n;
}

int install_and_tell(const struct invocation *invocation, const struct install_options *options,
                     struct installed *ret_installed)
{
    struct error error = {0};
    int code = install_workflow(options, ret_installed, &error);
    if (!code) {
        (void)printf("INSTALLED %s from %s\n", ret_installed->id, ret_installed->source);
        (void)fflush(stdout);
        return EXIT_OK;
    }
    int status = command_fail(invocation, EXIT_FAILED, &error);
    if (code == -EEXIST)
        (void)fputs(
            "Choose another --workflow-name, or leave --no-run-name out for numbered runs\n",
            stderr);
    return status;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first, no_run_name = 0;
    struct install_options install = {0};
    struct option_def options[INSTALL_OPTIONS];
    size_t n = install_option_defs(&install, &no_run_name, options);
    int status = options_parse(self, invocation, options, n, argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (argc - first > 1)
        return options_refuse(self, invocation, "only one source can be installed at a time");
    install.no_run_name = no_run_name > 0;
    install.source = first < argc ? argv[first] : NULL;
    struct installed installed;
    status = install_and_tell(invocation, &install, &installed);
    if (status == EXIT_OK)
        installed_release(&installed);
    return status;
}

const struct command command_install = {
    .name = "install",
    .summary = "make a run directory of a workflow's source",
    .synopsis = "[OPTIONS] [SOURCE]",
    .help = "Copy a source directory (default: this one) to ~/cylc-run, ready to be played. Each\n"
            "install makes a new numbered run: NAME/run1, NAME/run2, ...; `NAME` alone means the\n"
            "latest one. SOURCE may be the name of a directory in ~/cylc-src.\n\n"
            "Example:\n"
            "    $ rouse install ./my-workflow\n"
            "    $ rouse play my-workflow\n",
    .run = run,
};

/* `install`. */
#include "base/memory.h"
#include "coroutines/site.h"
#include "scheduler/command/install_command.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

size_t install_option_defs(struct install_wishes *wishes, struct option_def *defs)
{
    size_t n = 0;
    defs[n++] =
        (struct option_def){.name = "workflow-name",
                            .letter = 'n',
                            .argument = "NAME",
                            .text = &wishes->options.workflow_name,
                            .help = "name below ~/cylc-run (default: the directory's name)"};
    defs[n++] = (struct option_def){.name = "run-name",
                                    .letter = 'r',
                                    .argument = "NAME",
                                    .text = &wishes->options.run_name,
                                    .help = "name of the run instead of run1, run2, ..."};
    defs[n++] = (struct option_def){.name = "no-run-name",
                                    .count = &wishes->no_run_name,
                                    .help = "no numbered runs: straight into ~/cylc-run/NAME"};
    defs[n++] = (struct option_def){
        .name = "symlink-dirs",
        .argument = "NAME=DIR,...",
        .text = &wishes->symlink_dirs,
        .help = "where run, log, share, work, log/job and share/cycle shall lie\n"
                "instead of what global.cylc says; \"\": nowhere else"};
    return n;
}

/* [install][symlink dirs][localhost] */
static void take_symlinks(struct install_wishes *wishes)
{
    const struct item *install = global_section(wishes->global, "install");
    const struct item_tree *tree = global_tree(wishes->global);
    const struct item *dirs = install ? item_find(tree, install, "symlink dirs") : NULL;
    const struct item *here = dirs ? item_find(tree, dirs, "localhost") : NULL;
    for (size_t i = 0; i < SYMLINK_DIRS_N && here; i++) {
        const struct item *item = item_find(tree, here, symlink_names[i]);
        if (item && !item->value.empty)
            wishes->options.symlinks.at[i] = item->value.string;
    }
}

int install_wishes_complete(struct install_wishes *wishes, const char *source, struct error *error)
{
    struct install_options *options = &wishes->options;
    options->source = source;
    options->no_run_name = wishes->no_run_name > 0;
    wishes->global = site_load(NULL, error);
    if (!wishes->global)
        return error->code;
    const struct value dirs =
        global_value(wishes->global, &wishes->arena, "install", NULL, "source dirs");
    options->source_dirs = dirs.strings.at;
    options->n_source_dirs = dirs.strings.n;
    if (!wishes->symlink_dirs) {
        take_symlinks(wishes);
        return 0;
    }
    wishes->symlink_text = str_copy(wishes->symlink_dirs);
    return symlink_dirs_parse(wishes->symlink_text, &options->symlinks, error);
}

void install_wishes_release(struct install_wishes *wishes)
{
    global_destroy(wishes->global);
    arena_release(&wishes->arena);
    free(wishes->symlink_text);
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
    int first;
    struct install_wishes wishes = {0};
    struct option_def options[INSTALL_OPTIONS];
    struct error error = {0};
    size_t n = install_option_defs(&wishes, options);
    int status = options_parse(self, invocation, options, n, argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (argc - first > 1)
        return options_refuse(self, invocation, "only one source can be installed at a time");
    struct installed installed;
    if (install_wishes_complete(&wishes, first < argc ? argv[first] : NULL, &error))
        status = command_fail(invocation, EXIT_FAILED, &error);
    else
        status = install_and_tell(invocation, &wishes.options, &installed);
    if (status == EXIT_OK)
        installed_release(&installed);
    install_wishes_release(&wishes);
    return status;
}

const struct command command_install = {
    .name = "install",
    .summary = "make a run directory of a workflow's source",
    .synopsis = "[OPTIONS] [SOURCE]",
    .help = "Copy a source directory (default: this one) to ~/cylc-run, ready to be played. Each\n"
            "install makes a new numbered run: NAME/run1, NAME/run2, ...; `NAME` alone means the\n"
            "latest one. SOURCE may be the name of a directory in one of the source dirs of\n"
            "global.cylc (~/cylc-src).\n\n"
            "Example:\n"
            "    $ rouse install ./my-workflow\n"
            "    $ rouse play my-workflow\n",
    .run = run,
};

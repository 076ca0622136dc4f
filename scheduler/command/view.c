/* `view`: a definition as it is read. */
#include "scheduler/command/definition_text.h"
#include "scheduler/command/earlier.h"
#include "scheduler/command/option.h"
#include "scheduler/command/template_lists.h"
#include "scheduler/run/resolve.h"
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

static int view(const struct invocation *invocation, const char *argument,
                struct definition_steps *steps)
{
    struct earlier earlier = {0};
    struct error error = {0};
    struct text text = {0};
    char *path = NULL;
    int code = resolve_definition(argument, &path, &error);
    if (!code)
        code = earlier_read_beside(path, &earlier, &steps->templates, &error);
    if (!code)
        code = definition_text(path, steps, &text, &error);
    if (!code)
        (void)fwrite(text_string(&text), 1, text.n, stdout);
    earlier_release(&earlier);
    text_release(&text);
    free(path);
    return code ? command_fail(invocation, EXIT_FAILED, &error) : EXIT_OK;
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first, process = 0, jinja2 = 0, include = 0, apart = 0, to_stdout = 0;
    struct template_lists templates = {0};
    const struct option_def options[] = {
        {.name = "process",
         .letter = 'p',
         .count = &process,
         .help = "as it is parsed: include-files, templates, joined lines"},
        {.name = "inline", .letter = 'i', .count = &include, .help = "put include-files in"},
        {.name = "jinja2",
         .letter = 'j',
         .count = &jinja2,
         .help = "process the template; implies --inline"},
        {.name = "nojoin",
         .letter = 'n',
         .count = &apart,
         .help = "with --process: leave continued lines apart"},
        {.name = "stdout", .count = &to_stdout, .help = "print it; it always is"},
        TEMPLATE_OPTIONS(&templates),
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status == OPTIONS_GO_ON && argc - first > 1)
        status = options_refuse(self, invocation, "one workflow at a time");
    if (status == OPTIONS_GO_ON) {
        struct definition_steps steps = {.include = process || include || jinja2,
                                         .process = process || jinja2,
                                         .join = process && !apart,
                                         .templates = template_lists_options(&templates)};
        status = view(invocation, first < argc ? argv[first] : ".", &steps);
    }
    template_lists_release(&templates);
    return status;
}

const struct command command_view = {
    .name = "view",
    .summary = "print a definition as it is, or as it is read",
    .synopsis = "[OPTIONS] [WORKFLOW | PATH]",
    .help =
        "Print flow.cylc: as it is, with its include-files put in, or after all that happens to\n"
        "it before it is parsed.\n\n"
        "Example:\n"
        "    $ rouse view --process --set N=3 ./my-workflow\n",
    .run = run,
};

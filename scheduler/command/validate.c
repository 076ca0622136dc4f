/* `validate`. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/command/validate.h"
#include "base/memory.h"
#include "coroutines/site.h"
#include "scheduler/command/definition.h"
#include "scheduler/command/definition_text.h"
#include "scheduler/command/earlier.h"
#include "scheduler/job/runner.h"
#include "scheduler/run/install.h"
#include "scheduler/run/process.h"
#include "scheduler/run/resolve.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { PLATFORMS_NAMED = 10 };

/* One that a command chooses is known only when it is wanted. */
static bool is_known(struct platforms *platforms, const char *name, const char *host,
                     struct error *error)
{
    const struct platform *platform;
    return strpbrk(name, "$`") ||
           job_runner_of_platform(platforms, name, host, 0, &platform, error);
}

void validate_platforms(const struct workflow *workflow, const struct global_config *global,
                        const char *host, void (*say)(void *context, const char *text),
                        void *context)
{
    const char *last = "";
    unsigned named = 0;
    struct platforms *platforms = platforms_create(global);
    for (uint32_t i = 0; i < workflow->n_tasks && named < PLATFORMS_NAMED; i++) {
        const char *platform = workflow->tasks[i].runtime.platform;
        struct error error = {0};
        if (!strcmp(platform, last) || is_known(platforms, platform, host, &error))
            continue;
        char *text = str_format("[runtime][%s]: %s; its jobs will fail to be submitted",
                                workflow->tasks[i].name, error.text);
        say(context, text);
        free(text);
        last = platform;
        named++;
    }
    platforms_destroy(platforms);
}

/* Warnings said so far; --strict makes them count. */
struct said {
    unsigned warnings;
};

static void count_and_warn(void *context, const char *text)
{
    struct said *said = context;
    said->warnings++;
    definition_warn(NULL, text);
}

static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *relative =
        slash ? str_copy_n(path, (size_t)(slash - path) + (slash == path)) : str_copy(".");
    char *absolute = realpath(relative, NULL);
    if (!absolute)
        return relative;
    free(relative);
    return absolute;
}

static int check(const struct invocation *invocation, const char *path,
                 struct workflow_options *options, bool strict)
{
    struct error error = {0};
    struct said said = {0};
    const struct warner warner = {count_and_warn, &said};
    struct global_config *global = site_load(&warner, &error);
    options->global = global;
    struct workflow *workflow = global ? definition_read(path, options, &warner, &error) : NULL;
    if (!workflow) {
        global_destroy(global);
        return command_fail(invocation, EXIT_FAILED, &error);
    }
    char *host = process_host();
    validate_platforms(workflow, global, host, count_and_warn, &said);
    free(host);
    struct text sequential = {0};
    char *directory = directory_of(path);
    int code = validate_xtriggers(workflow, directory, &sequential, &error);
    text_release(&sequential);
    free(directory);
    workflow_destroy(workflow);
    global_destroy(global);
    if (code < 0)
        return command_fail(invocation, EXIT_FAILED, &error);
    if (strict && said.warnings)
        return command_failf(invocation, EXIT_FAILED,
                             "%s: %u warning%s, and with --strict there may be none", path,
                             said.warnings, said.warnings > 1 ? "s" : "");
    if (!invocation->quiet)
        (void)printf("Valid for cylc-8.4.4\n");
    return EXIT_OK;
}

int validate_definition(const struct invocation *invocation, const char *path,
                        struct workflow_options *options)
{
    return check(invocation, path, options, false);
}

struct wishes {
    int strict, against_source, check_circular;
    const char *output, *run_mode;
};

/* The definition in the source that an installed workflow came from, and what its run was given. */
static int find_source(const char *argument, struct workflow_options *options,
                       struct earlier *earlier, char **ret_path, struct error *error)
{
    struct workflow_place place;
    int code = resolve_workflow(argument, &place, error);
    if (code)
        return code;
    char *source = install_source_of(place.run_dir);
    if (!source)
        code = error_set(error, -ENOENT, "%s was not installed from a source (no _cylc-install)",
                         place.id);
    if (!code)
        code = earlier_read(place.run_dir, earlier, &options->templates, error);
    if (!code)
        code = resolve_definition(source, ret_path, error);
    free(source);
    workflow_place_release(&place);
    return code;
}

static int write_processed(const char *path, const char *output,
                           const struct workflow_options *options, struct error *error)
{
    const struct definition_steps steps = {
        .include = true, .process = true, .join = true, .templates = options->templates};
    struct text text = {0};
    int code = definition_text(path, &steps, &text, error);
    FILE *file = code ? NULL : fopen(output, "we");
    bool written = file && fwrite(text_string(&text), 1, text.n, file) == text.n;
    if (file && fclose(file))
        written = false;
    if (!code && !written)
        code = error_set(error, -EIO, "cannot write %s: %s", output, strerror(errno));
    text_release(&text);
    return code;
}

static int validate(const struct invocation *invocation, const struct wishes *it,
                    const char *argument, struct workflow_options *options)
{
    struct earlier earlier = {0};
    struct error error = {0};
    char *path = NULL;
    int status = EXIT_OK;
    int code = it->against_source ? find_source(argument, options, &earlier, &path, &error)
                                  : resolve_definition(argument, &path, &error);
    if (!code && it->output)
        code = write_processed(path, it->output, options, &error);
    if (code)
        status = command_fail(invocation, EXIT_FAILED, &error);
    else
        status = check(invocation, path, options, it->strict > 0);
    earlier_release(&earlier);
    free(path);
    return status;
}

static int work(const struct command *self, const struct invocation *invocation,
                const struct wishes *it, struct workflow_options *options, int n, char **arguments)
{
    if (n > 1)
        return options_refuse(self, invocation, "one workflow at a time");
    if (it->run_mode && !definition_is_run_mode(it->run_mode))
        return options_refuse(self, invocation,
                              "--run-mode: expected live, simulation, dummy or skip, not %s",
                              it->run_mode);
    return validate(invocation, it, n ? arguments[0] : ".", options);
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first;
    struct wishes it = {0};
    struct workflow_options workflow = {0};
    struct template_lists templates = {0};
    const struct option_def options[] = {
        {.name = "strict", .count = &it.strict, .help = "what is only warned of is an error"},
        {.name = "against-source",
         .count = &it.against_source,
         .help = "the source of an installed workflow, with what its run was given"},
        {.name = "check-circular",
         .count = &it.check_circular,
         .help = "look for circular dependencies; this is always done"},
        {.name = "output",
         .letter = 'o',
         .argument = "FILE",
         .text = &it.output,
         .help = "write the processed definition there"},
        {.name = "run-mode",
         .letter = 'u',
         .argument = "MODE",
         .text = &it.run_mode,
         .help = "as for play; what is valid is so in all modes"},
        DEFINITION_OPTIONS(&workflow),
        TEMPLATE_OPTIONS(&templates),
    };
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    workflow.templates = template_lists_options(&templates);
    if (status == OPTIONS_GO_ON)
        status = work(self, invocation, &it, &workflow, argc - first, argv + first);
    template_lists_release(&templates);
    return status;
}

const struct command command_validate = {
    .name = "validate",
    .summary = "check a workflow definition",
    .synopsis = "[OPTIONS] [WORKFLOW | PATH]",
    .help = "Read a flow.cylc (of a source directory, a file, or an installed workflow) and say\n"
            "what is wrong with it: file, line and item. Exit status 0 if it can be played.\n\n"
            "Example:\n"
            "    $ rouse validate --strict --set N=3 ./my-workflow\n"
            "    $ rouse validate --against-source my-workflow\n",
    .run = run,
};

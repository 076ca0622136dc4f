/* `reread`: what the scheduler starts for a reload, so that reading a definition, with all that
 * templates may do, happens in a process of its own (coroutines/reload.h).
 *
 * It reads what the run was given from the database, loads and checks the definition as a restart
 * would, writes flow-processed.cylc and log/config/NN-reload-MM.cylc, and says on stdout, as JSON:
 *
 *     {"file": what to load, "options": {...}, "warnings": [...]}    or    {"error": why not}
 */
#define ROUSE_TOUCHES_THE_WORLD
#include "base/memory.h"
#include "coroutines/site.h"
#include "scheduler/command/given.h"
#include "scheduler/command/option.h"
#include "scheduler/command/processed.h"
#include "scheduler/command/validate.h"
#include "scheduler/run/process.h"
#include "scheduler/run/resolve.h"
#include "scheduler/run/start_files.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct reread {
    const char *run_dir;
    struct given earlier;
    struct workflow_options options;
    struct global_config *global;
    struct workflow *workflow;
    bool takes_global; /* the scheduler takes global.cylc up, too */
    char *host;
    char *definition, *config;
    struct text sequential; /* see workflow_make_sequential */
    json_t *warnings;
};

static void warn(void *context, const char *text)
{
    struct reread *self = context;
    json_array_append_new(self->warnings, json_string(text));
}

static int read_run(struct reread *self, struct error *error)
{
    char *path = str_format("%s/log/db", self->run_dir);
    struct db *db = db_visit(path, error);
    free(path);
    if (!db)
        return error->code;
    int code = given_read(db, &self->earlier, error);
    db_close(db);
    return code;
}

static int load(struct reread *self, struct error *error)
{
    self->options = (struct workflow_options){
        .final = self->earlier.final,
        .start = self->earlier.start,
        .stop = self->earlier.stop,
        .hold_after = self->earlier.hold_after,
        .now = process_now() / 1000000,
        .templates = {.earlier = self->earlier.variables, .n_earlier = self->earlier.n_variables},
    };
    int code = resolve_definition(self->run_dir, &self->definition, error);
    if (code < 0)
        return code;
    self->host = process_host();
    self->global = site_load(&(struct warner){warn, self}, error);
    if (!self->global)
        return error->code;
    self->options.global = self->global;
    self->workflow =
        given_load(self->definition, &self->earlier, &self->options, warn, self, error);
    return self->workflow ? 0 : error->code;
}

static int reread(struct reread *self, struct error *error)
{
    int code = read_run(self, error);
    if (!code)
        code = load(self, error);
    if (code)
        return code;
    validate_platforms(self->workflow, self->global, self->host, warn, self);
    code = validate_xtriggers(self->workflow, self->run_dir, &self->sequential, error);
    self->options.sequential = text_string(&self->sequential);
    if (code)
        return code;
    self->config = start_files_reload(self->run_dir);
    return processed_write(self->definition, self->workflow, self->run_dir, self->config, error);
}

static json_t *result(const struct reread *self, const struct error *error)
{
    const struct workflow_options *o = &self->options;
    if (error->code < 0) {
        char text[ERROR_TEXT_MAX + ERROR_FILE_MAX + ERROR_ITEM_MAX + 64];
        return json_pack("{s:s, s:O}", "error", error_format(error, text, sizeof text), "warnings",
                         self->warnings);
    }
    return json_pack("{s:s, s:O, s:{s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:I, s:b}}", "file",
                     self->config, "warnings", self->warnings, "options", "initial", o->initial,
                     "final", o->final, "start", o->start, "stop", o->stop, "hold_after",
                     o->hold_after, "sequential", o->sequential, "now", (json_int_t)o->now,
                     "global", self->takes_global);
}

static int run(const struct command *self, struct invocation *invocation, int argc, char **argv)
{
    int first, global = 0;
    const struct option_def options[] = {
        {.name = "global", .count = &global, .help = "global.cylc counts, too"}};
    int status = options_parse(self, invocation, options, OPTIONS_N(options), argc, argv, &first);
    if (status != OPTIONS_GO_ON)
        return status;
    if (argc - first != 1)
        return options_refuse(self, invocation, "one run directory must be named");
    struct reread reading = {
        .run_dir = argv[first], .takes_global = global > 0, .warnings = json_array()};
    struct error error = {0};
    int code = reread(&reading, &error);
    json_t *json = result(&reading, &error);
    json_dumpf(json, stdout, JSON_COMPACT);
    json_decref(json);
    json_decref(reading.warnings);
    workflow_destroy(reading.workflow);
    global_destroy(reading.global);
    free(reading.host);
    given_release(&reading.earlier);
    free(reading.definition);
    free(reading.config);
    text_release(&reading.sequential);
    return code < 0 ? EXIT_FAILED : EXIT_OK;
}

const struct command command_reread = {
    .name = "reread",
    .summary = "read the definition of a running workflow again (started by `reload`)",
    .synopsis = "DIRECTORY",
    .help = "Read the definition in a run directory for a reload. The scheduler starts it; to\n"
            "reload a workflow use `reload`.\n\n"
            "Example:\n"
            "    $ rouse reload WORKFLOW\n",
    .run = run,
};

/* A start's definition: flow.cylc as this start and the earlier ones were told to read it. */
#define ROUSE_TOUCHES_THE_WORLD
#include "base/id.h"
#include "base/memory.h"
#include "coroutines/site.h"
#include "scheduler/command/processed.h"
#include "scheduler/command/start_state.h"
#include "scheduler/command/validate.h"
#include "scheduler/run/process.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { LOG_SIZE_DEFAULT = 1000000, LOGS_DEFAULT = 15 }; /* bytes; files: Cylc 8's */

const char *start_mode(const struct start *s)
{
    return s->options->mode ? s->options->mode : "live";
}

bool start_clock_jumps(const struct start *s)
{
    return s->options->speed && !strcmp(s->options->speed, "max");
}

/* What is given now, else what an earlier run was given; "ignore" and "reload": as it stands in
 * flow.cylc. */
static const char *choose(const char *given, const char *earlier)
{
    if (given && (!strcmp(given, "ignore") || !strcmp(given, "reload")))
        return NULL;
    return given ? given : earlier;
}

static void warn(void *context, const char *text)
{
    start_say(context, "WARNING", "%s", text);
}

static const char *site_text(const struct start *s, const char *name)
{
    const struct item *item = global_item(s->global, "scheduler", NULL, name);
    return item && !item->value.empty && item->value.string[0] ? item->value.string : NULL;
}

static int64_t site_number(const struct start *s, const char *name, int64_t fallback)
{
    const struct item *item = global_item(s->global, "scheduler", "logging", name);
    return item && !item->value.empty ? item->value.integer : fallback;
}

/* What global.cylc says of the scheduler itself. */
static void read_site(struct start *s)
{
    const char *placement =
        s->options->placement ? s->options->placement : site_text(s, "placement");
    s->placement = placement ? str_copy(placement) : NULL;
    int64_t size = site_number(s, "maximum size in bytes", LOG_SIZE_DEFAULT);
    int64_t length = site_number(s, "rolling archive length", LOGS_DEFAULT);
    s->log_size_max = size > 0 ? (size_t)size : SIZE_MAX; /* 0: never full */
    s->logs_max = length > 0 ? (unsigned)length : 1;
}

/* Where a run begins cannot be changed later; and at first there is nothing to ignore. */
static int check_points(const struct start *s, struct error *error)
{
    const struct play_options *o = s->options;
    const struct {
        const char *name, *value;
        bool begins;
    } points[] = {{"icp", o->initial, true},
                  {"startcp", o->start, true},
                  {"start-task", o->start_tasks.n ? o->start_tasks.at[0] : NULL, true},
                  {"fcp", o->final, false},
                  {"stopcp", o->stop, false}};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        bool ignore = points[i].value && !strcmp(points[i].value, "ignore");
        if (!s->files.is_restart && ignore)
            return error_set(error, -EINVAL, "option --%s=ignore is only valid for restart",
                             points[i].name);
        if (s->files.is_restart && points[i].begins && points[i].value && !ignore)
            return error_set(error, -EINVAL, "option --%s: a restart goes on where the run was",
                             points[i].name);
    }
    return 0;
}

/* --start-task: each must be there. */
static int take_start_tasks(struct start *s, struct error *error)
{
    const struct workflow *w = s->workflow;
    for (size_t i = 0; i < s->options->start_tasks.n && !s->files.is_restart; i++) {
        const char *text = s->options->start_tasks.at[i];
        struct id id = {0};
        cycle_point point = POINT_NONE;
        int code = id_parse_relative(slice_of(text), &id, error);
        if (!code && !id.task.n)
            code = error_set(error, -EINVAL, "--start-task=%s: expected CYCLE/TASK", text);
        char *cycle = slice_copy(id.cycle), *name = slice_copy(id.task);
        if (!code)
            code = point_parse(w->cycling, cycle, &point, error);
        uint32_t task = workflow_task(w, name);
        if (!code && (task == NO_INDEX || !graph_task_valid_at(w->graph, task, point)))
            code = error_set(error, -ENOENT, "--start-task=%s: no such task in the graph", text);
        if (!code)
            text_addf(&s->start_tasks, "%s%s/%s", i ? "\n" : "", cycle, name);
        free(cycle);
        free(name);
        if (code)
            return code;
    }
    return 0;
}

int start_load_definition(struct start *s, struct error *error)
{
    const struct play_options *o = s->options;
    s->failure_class = "InputError";
    if (o->start && o->start_tasks.n)
        return error_set(error, -EINVAL,
                         "--start-cycle-point and --start-task are mutually exclusive");
    int code = check_points(s, error);
    if (code)
        return code;
    s->workflow_options = (struct workflow_options){
        .initial = choose(o->initial, NULL),
        .final = choose(o->final, s->earlier.final),
        .start = choose(o->start, s->earlier.start),
        .stop = choose(o->stop, s->earlier.stop),
        .hold_after = choose(o->hold_after, s->earlier.hold_after),
        .now = process_now() / 1000000,
        .keep_tree = true,
        .templates = template_lists_options(&o->templates),
    };
    s->workflow_options.templates.directory = o->directory;
    s->workflow_options.templates.earlier = s->earlier.variables;
    s->workflow_options.templates.n_earlier = s->earlier.n_variables;
    s->failure_class = "WorkflowConfigError";
    if (resolve_definition(s->place->run_dir, &s->definition, error))
        return error->code;
    s->global = site_load(&(struct warner){warn, s}, error);
    if (!s->global)
        return error->code;
    s->workflow_options.global = s->global;
    read_site(s);
    s->workflow = given_load(s->definition, &s->earlier, &s->workflow_options, warn, s, error);
    if (!s->workflow)
        return error->code;
    s->failure_class = "InputError";
    if (take_start_tasks(s, error))
        return error->code;
    s->utc = s->workflow->utc_mode;
    validate_platforms(s->workflow, s->global, s->host, warn, s);
    s->failure_class = "XtriggerConfigError";
    if (validate_xtriggers(s->workflow, s->place->run_dir, &s->sequential, error))
        return error->code;
    s->workflow_options.sequential = text_string(&s->sequential);
    workflow_make_sequential(s->workflow, s->workflow_options.sequential);
    s->failure_class = "InputError";
    s->processed = str_format("%s/log/config/flow-processed.cylc", s->place->run_dir);
    code = processed_write(s->definition, s->workflow, s->place->run_dir, s->files.config, error);
    workflow_forget_tree(s->workflow);
    return code;
}

void start_say_points(const struct start *s)
{
    const struct workflow *w = s->workflow;
    char initial[POINT_TEXT_MAX], final[POINT_TEXT_MAX] = "None", start[POINT_TEXT_MAX];
    point_format(w->cycling, w->initial, initial);
    point_format(w->cycling, w->start, start);
    if (w->final != POINT_MAX)
        point_format(w->cycling, w->final, final);
    start_say(s, "INFO", "Run mode: %s", start_mode(s));
    start_say(s, "INFO", "Initial point: %s", initial);
    if (w->start != w->initial)
        start_say(s, "INFO", "Start point: %s", start);
    start_say(s, "INFO", "Final point: %s", final);
    if (!s->restart)
        start_say(s, "INFO", "%s start from %s", w->start != w->initial ? "Warm" : "Cold", start);
}

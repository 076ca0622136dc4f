#include "scheduler/job/environment.h"
#include "base/memory.h"
#include "scheduler/graph/params.h"
#include "scheduler/job/paths.h"
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static const char cylc_version[] = "8.4.4"; /* the language level; see DESIGN */

void environment_add_literal(struct text *out, const char *value)
{
    text_add_char(out, '"');
    for (;;) {
        size_t plain = strcspn(value, "\"\\$`");
        text_add_n(out, value, plain);
        value += plain;
        if (!*value)
            break;
        text_add_char(out, '\\');
        text_add_char(out, *value++);
    }
    text_add_char(out, '"');
}

void environment_add_value(struct text *out, const char *value)
{
    size_t head = 0; /* "~" or "~user", and the slash after it */
    if (value[0] == '~' && !strchr(value, '\n')) {
        size_t name = strcspn(value, "/ \t\r\f\v");
        if (value[name] == '/')
            head = name + 1;
        else if (!value[name]) {
            text_add(out, value);
            return;
        }
    }
    text_add_n(out, value, head);
    text_add_char(out, '"');
    text_add(out, value + head);
    text_add_char(out, '"');
}

static void add(struct text *out, const char *name, const char *value)
{
    text_add(out, "    export ");
    text_add(out, name);
    text_add_char(out, '=');
    environment_add_literal(out, value);
    text_add_char(out, '\n');
}

static void add_below(struct text *out, const char *name, const char *directory, const char *below)
{
    char *path = str_format("%s/%s", directory, below);
    add(out, name, path);
    free(path);
}

static void add_workflow(struct text *out, const struct jobfile_options *options)
{
    const char *base = strrchr(options->workflow_name, '/');
    text_add(out, "    # CYLC WORKFLOW ENVIRONMENT:\n");
    add(out, "CYLC_CYCLING_MODE", options->cycling_mode);
    add(out, "CYLC_DEBUG", "false");
    add(out, "CYLC_VERBOSE", "false");
    add(out, "CYLC_UTC", options->utc ? "True" : "False");
    if (options->utc)
        add(out, "TZ", "UTC");
    add(out, "CYLC_VERSION", cylc_version);
    add(out, "CYLC_WORKFLOW_ID", options->workflow_id);
    add(out, "CYLC_WORKFLOW_NAME", options->workflow_name);
    add(out, "CYLC_WORKFLOW_NAME_BASE", base ? base + 1 : options->workflow_name);
    add(out, "CYLC_WORKFLOW_INITIAL_CYCLE_POINT", options->initial);
    add(out, "CYLC_WORKFLOW_FINAL_CYCLE_POINT", options->final);
    add(out, "CYLC_WORKFLOW_HOST", options->host);
    add(out, "CYLC_WORKFLOW_OWNER", options->owner);
    add(out, "CYLC_WORKFLOW_UUID", options->uuid);
    add(out, "CYLC_WORKFLOW_RUN_DIR", options->run_dir);
    add_below(out, "CYLC_WORKFLOW_LOG_DIR", options->run_dir, "log/scheduler");
    add_below(out, "CYLC_WORKFLOW_SHARE_DIR", options->run_dir, "share");
    add_below(out, "CYLC_WORKFLOW_WORK_DIR", options->run_dir, "work");
}

/* The names of Cylc 7, which workflows still use. */
#define OLD_NAME(old, name) "    export " old "=\"${" name "}\"\n"
static const char old_names[] = OLD_NAME("CYLC_SUITE_NAME", "CYLC_WORKFLOW_ID") OLD_NAME(
    "CYLC_SUITE_HOST", "CYLC_WORKFLOW_HOST") OLD_NAME("CYLC_SUITE_OWNER", "CYLC_WORKFLOW_OWNER")
    OLD_NAME("CYLC_SUITE_UUID", "CYLC_WORKFLOW_UUID") OLD_NAME("CYLC_SUITE_INITIAL_CYCLE_POINT",
                                                               "CYLC_WORKFLOW_INITIAL_CYCLE_POINT")
        OLD_NAME("CYLC_SUITE_INITIAL_CYCLE_TIME", "CYLC_WORKFLOW_INITIAL_CYCLE_POINT")
            OLD_NAME("CYLC_SUITE_FINAL_CYCLE_POINT", "CYLC_WORKFLOW_FINAL_CYCLE_POINT")
                OLD_NAME("CYLC_SUITE_FINAL_CYCLE_TIME", "CYLC_WORKFLOW_FINAL_CYCLE_POINT")
                    OLD_NAME("CYLC_SUITE_RUN_DIR", "CYLC_WORKFLOW_RUN_DIR")
                        OLD_NAME("CYLC_SUITE_DEF_PATH", "CYLC_WORKFLOW_RUN_DIR")
                            OLD_NAME("CYLC_SUITE_LOG_DIR", "CYLC_WORKFLOW_LOG_DIR") OLD_NAME(
                                "CYLC_SUITE_SHARE_DIR", "CYLC_WORKFLOW_SHARE_DIR")
                                OLD_NAME("CYLC_SUITE_SHARE_PATH", "CYLC_WORKFLOW_SHARE_DIR")
                                    OLD_NAME("CYLC_SUITE_WORK_DIR", "CYLC_WORKFLOW_WORK_DIR")
                                        OLD_NAME("CYLC_TASK_CYCLE_TIME", "CYLC_TASK_CYCLE_POINT")
                                            OLD_NAME("CYLC_TASK_WORK_PATH", "CYLC_TASK_WORK_DIR");
#undef OLD_NAME

static void add_hierarchy(struct text *out, const struct task_def *task)
{
    struct text names = {0};
    for (uint32_t i = task->n_ancestors; i-- > 0;)
        text_addf(&names, "%s%s", names.n ? " " : "", task->ancestors[i]);
    add(out, "CYLC_TASK_NAMESPACE_HIERARCHY", text_string(&names));
    text_release(&names);
}

/* The user's sub-directory may hold variables, so that only the job can tell what it is. */
static void add_work_directory(struct text *out, const struct jobfile_options *options)
{
    const char *sub = options->task->runtime.work_sub_directory;
    if (sub && sub[0]) {
        text_addf(out, "    export CYLC_TASK_WORK_DIR=\"${CYLC_WORKFLOW_WORK_DIR}/%s\"\n", sub);
        return;
    }
    char *path = job_work_path(options->run_dir, options->point, options->task->name);
    add(out, "CYLC_TASK_WORK_DIR", path);
    free(path);
}

static void add_parameters(struct text *out, const struct task_def *task)
{
    for (uint32_t i = 0; i < task->n_parameters; i++)
        text_addf(out, "    export CYLC_TASK_PARAM_%s=\"%s\"\n", task->parameters[i].key,
                  task->parameters[i].value);
}

static void add_task(struct text *out, const struct jobfile_options *options)
{
    text_add(out, "    # CYLC TASK ENVIRONMENT:\n");
    add(out, "CYLC_TASK_COMMS_METHOD", "zmq");
    add(out, "CYLC_TASK_CYCLE_POINT", options->point);
    add(out, "CYLC_TASK_NAME", options->task->name);
    text_add(out, "    export CYLC_TASK_ID=\"${CYLC_TASK_CYCLE_POINT}/${CYLC_TASK_NAME}\"\n");
    text_addf(out, "    export CYLC_TASK_JOB=\"${CYLC_TASK_ID}/%02u\"\n", options->submit);
    text_addf(out, "    export CYLC_TASK_SUBMIT_NUMBER=%u\n", options->submit);
    text_addf(out, "    export CYLC_TASK_TRY_NUMBER=%u\n", options->try_);
    add(out, "CYLC_TASK_FLOW_NUMBERS", options->flows);
    add_hierarchy(out, options->task);
    text_add(out,
             "    export CYLC_TASK_LOG_DIR=\"${CYLC_WORKFLOW_RUN_DIR}/log/job/${CYLC_TASK_JOB}\"\n"
             "    export CYLC_TASK_LOG_ROOT=\"${CYLC_TASK_LOG_DIR}/job\"\n");
    add_work_directory(out, options);
    add_parameters(out, options->task);
    if (strcmp(options->cycling_mode, "integer") != 0)
        text_add(out, "    export ISODATETIMECALENDAR=\"${CYLC_CYCLING_MODE}\"\n"
                      "    export ISODATETIMEREF=\"${CYLC_TASK_CYCLE_POINT}\"\n");
}

/* A value of the user's, with the task's parameters filled in. One that is no template, as a %
 * stands in it for something else, is left alone. */
static void add_user_value(struct text *out, const struct task_def *task, const char *value)
{
    struct param_value values[PARAMS_MAX];
    struct text filled = {0};
    struct error error = {0};
    uint32_t n = task->n_parameters < PARAMS_MAX ? task->n_parameters : PARAMS_MAX;
    for (uint32_t i = 0; i < n; i++)
        values[i] = (struct param_value){task->parameters[i].key, task->parameters[i].value};
    if (n && strchr(value, '%') && params_fill_text(value, values, n, &filled, &error) == 0)
        value = text_string(&filled);
    environment_add_value(out, value);
    text_release(&filled);
}

static bool is_result(const struct jobfile_options *options, const char *name)
{
    for (size_t i = 0; i < options->n_results; i++)
        if (strcmp(options->results[i].key, name) == 0)
            return true;
    return false;
}

/* The names are exported first: a command that fails in `export A=$(command)` would go unnoticed.
 */
static void add_user(struct text *out, const struct jobfile_options *options)
{
    const struct runtime *runtime = &options->task->runtime;
    if (!runtime->n_environment && !options->n_results)
        return;
    text_add(out, "\ncylc__job__inst__user_env() {\n    # TASK RUNTIME ENVIRONMENT:\n    export");
    for (size_t i = 0; i < options->n_results; i++)
        text_addf(out, " %s", options->results[i].key);
    for (uint32_t i = 0; i < runtime->n_environment; i++)
        if (!is_result(options, runtime->environment[i].key))
            text_addf(out, " %s", runtime->environment[i].key);
    text_add_char(out, '\n');
    for (size_t i = 0; i < options->n_results; i++) {
        text_addf(out, "    %s=", options->results[i].key);
        environment_add_literal(out, options->results[i].value);
        text_add_char(out, '\n');
    }
    for (uint32_t i = 0; i < runtime->n_environment; i++) {
        if (is_result(options, runtime->environment[i].key))
            continue;
        text_addf(out, "    %s=", runtime->environment[i].key);
        add_user_value(out, options->task, runtime->environment[i].value);
        text_add_char(out, '\n');
    }
    text_add(out, "}\n");
}

void environment_write(const struct jobfile_options *options, struct text *out)
{
    text_add(out, "\ncylc__job__inst__cylc_env() {\n");
    add_workflow(out, options);
    add_task(out, options);
    text_add(out, old_names);
    text_add(out, "}\n");
    add_user(out, options);
}

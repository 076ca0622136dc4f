/* See event_values.h. */
#include "coroutines/event_values.h"
#include "scheduler/job/jobfile.h"
#include "scheduler/job/paths.h"
#include "scheduler/job/status.h"
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

static void add(struct event_values *values, const char *name, const char *text)
{
    *vec_push(&values->pairs) = (struct event_value){name, text ? text : ""};
}

static const char *keep(struct event_values *values, char *text)
{
    *vec_push(&values->owned) = text;
    return text;
}

static void add_new(struct event_values *values, const char *name, char *text)
{
    add(values, name, keep(values, text));
}

/* Names that Cylc 7 gave them stand beside Cylc 8's. */
static void add_both(struct event_values *values, const char *name, const char *old,
                     const char *text)
{
    add(values, name, text);
    add(values, old, text);
}

/* Microseconds since 1970; 0 is "None", as in Cylc. */
static void add_time(struct event_values *values, const char *name, int64_t when)
{
    time_t seconds = (time_t)(when / 1000000);
    struct tm tm;
    char text[32] = "None";
    if (when && gmtime_r(&seconds, &tm))
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    add_new(values, name, str_copy(text));
}

/* A URL may name the workflow and the task. */
static char *fill_url(const char *url, const char *workflow, const char *task)
{
    const char *const names[][2] = {{"%(workflow)s", workflow},
                                    {"%(suite_name)s", workflow},
                                    {"%(task)s", task},
                                    {"%(task_name)s", task}};
    struct text out = {0};
    while (*url) {
        size_t i = 0;
        while (i < 4 && !(names[i][1] && strncmp(url, names[i][0], strlen(names[i][0])) == 0))
            i++;
        if (i < 4)
            text_add(&out, names[i][1]);
        else
            text_add_char(&out, *url);
        url += i < 4 ? strlen(names[i][0]) : 1;
    }
    return text_take(&out);
}

static const char *meta_text(struct event_values *values, const struct key_value *meta,
                             const char *workflow, const char *task)
{
    if (strcmp(meta->key, "URL") != 0 || !meta->value[0])
        return meta->value;
    return keep(values, fill_url(meta->value, workflow, task));
}

/* [meta] of the workflow, with a prefix. */
static void add_workflow_meta(struct event_values *values, const struct cast_context *context,
                              const char *prefix)
{
    for (uint32_t i = 0; i < context->workflow->n_meta; i++) {
        const struct key_value *meta = &context->workflow->meta[i];
        const char *name = keep(values, str_format("%s%s", prefix, meta->key));
        const char *text = meta_text(values, meta, context->workflow_id, NULL);
        add(values, name, text);
        if (strcmp(meta->key, "URL") == 0)
            add(values, keep(values, str_format("%surl", prefix)), text);
    }
    add(values, keep(values, str_format("%surl", prefix)), ""); /* found after one that is set */
}

/* A file of the event's job, if there is one by now: a task that is late or has expired may have
 * none. */
static struct text read_file(const struct cast_context *context, const struct message *event,
                             const char *point, const char *name)
{
    struct text bytes = {0};
    if (!event->submit)
        return bytes;
    char *path = job_path(context->run_dir, point, context->workflow->tasks[event->task].name,
                          event->submit, name);
    context->env->ops->file_read(context->env, path, 0, &bytes);
    free(path);
    return bytes;
}

static struct job_status read_status(const struct cast_context *context,
                                     const struct message *event, const char *point)
{
    struct job_status status = {0};
    struct job_status_message ignored;
    struct text bytes = read_file(context, event, point, "job.status");
    struct slice rest = {bytes.at, bytes.n};
    while (job_status_next(&status, &rest, &ignored))
        ;
    text_release(&bytes);
    return status;
}

/* Where it runs, or was to run. */
static char *platform_name(const struct cast_context *context, const struct message *event,
                           const struct runtime *runtime, const char *point)
{
    struct text bytes = read_file(context, event, point, "job");
    char *name = jobfile_header((struct slice){bytes.at, bytes.n}, "Platform");
    text_release(&bytes);
    return name ? name : str_copy(runtime->platform);
}

static void add_job(struct event_values *values, const struct cast_context *context,
                    const struct message *event, const struct runtime *runtime, const char *point)
{
    const struct job_status status = read_status(context, event, point);
    add_new(values, "submit_num", str_format("%u", event->submit));
    add_new(values, "try_num", str_format("%u", event->try_));
    const char *id = keep(values, str_copy(status.id[0] ? status.id : "None"));
    add_both(values, "job_id", "batch_sys_job_id", id);
    const char *runner = keep(values, str_copy(status.runner[0] ? status.runner : "background"));
    add_both(values, "job_runner_name", "batch_sys_name", runner);
    add_time(values, "submit_time", status.submit_time);
    add_time(values, "start_time", status.init_time);
    add_time(values, "finish_time", status.exit_time);
    add_new(values, "platform_name", platform_name(context, event, runtime, point));
    add_new(values, "user@host", str_format("%s@%s", context->owner, context->host));
}

void event_values_of_task(const struct cast_context *context, const struct message *event,
                          const struct runtime *runtime, struct event_values *ret_values)
{
    const struct task_def *task = &context->workflow->tasks[event->task];
    char point[POINT_TEXT_MAX];
    point_format(context->workflow->cycling, event->point, point);
    *ret_values = (struct event_values){0};
    struct event_values *values = ret_values;
    const char *name = keep(values, slice_copy(event->text));
    add(values, "event", name);
    add_new(values, "message",
            event->detail.n ? slice_copy(event->detail) : str_format("job %s", name));
    add_both(values, "workflow", "suite", context->workflow_id);
    add_both(values, "workflow_uuid", "suite_uuid", context->uuid);
    add_new(values, "point", str_copy(point));
    add(values, "name", task->name);
    add_new(values, "id", str_format("%s/%s", point, task->name));
    add_job(values, context, event, runtime, point);
    for (uint32_t i = 0; i < runtime->n_meta; i++) {
        const struct key_value *meta = &runtime->meta[i];
        const char *text = meta_text(values, meta, context->workflow_id, task->name);
        add(values, meta->key, text);
        if (strcmp(meta->key, "URL") == 0)
            add(values, "task_url", text);
    }
    add_workflow_meta(values, context, "workflow_");
    add_workflow_meta(values, context, "suite_");
    static const char *const always[] = {"title", "description", "URL", "task_url"};
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        add(values, always[i], ""); /* found after those that are set */
}

/* From the contact file; empty if there is none. */
static char *read_port(const struct cast_context *context)
{
    static const char key[] = "\nCYLC_WORKFLOW_PORT=";
    struct text bytes = {0};
    char *path = str_format("%s/.service/contact", context->run_dir);
    struct slice port = {0};
    if (context->env->ops->file_read(context->env, path, 0, &bytes) == 0) {
        const char *at = strstr(text_string(&bytes), key);
        if (at)
            port = (struct slice){at + sizeof key - 1, strcspn(at + sizeof key - 1, "\n")};
    }
    char *result = slice_copy(port);
    text_release(&bytes);
    free(path);
    return result;
}

void event_values_of_workflow(const struct cast_context *context, const char *event,
                              const char *message, struct event_values *ret_values)
{
    *ret_values = (struct event_values){0};
    struct event_values *values = ret_values;
    add_new(values, "event", str_copy(event));
    add_new(values, "message", str_copy(message));
    add_both(values, "workflow", "suite", context->workflow_id);
    add_both(values, "uuid", "suite_uuid", context->uuid);
    add(values, "workflow_uuid", context->uuid);
    add(values, "host", context->host);
    add_new(values, "port", read_port(context));
    add(values, "owner", context->owner);
    add_workflow_meta(values, context, "");
    add_workflow_meta(values, context, "workflow_");
    add_workflow_meta(values, context, "suite_");
    static const char *const always[] = {"title", "description", "URL"};
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        add(values, always[i], "");
}

const char *event_values_find(const struct event_values *values, const char *name)
{
    for (size_t i = 0; i < values->pairs.n; i++)
        if (strcmp(values->pairs.at[i].name, name) == 0)
            return values->pairs.at[i].text;
    return NULL;
}

void event_values_release(struct event_values *values)
{
    VEC_EACH (char *, text, &values->owned)
        free(*text);
    vec_release(&values->owned);
    vec_release(&values->pairs);
}

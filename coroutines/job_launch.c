/* What stands before a job's first act. All of it rests on a committed job.submit. */
#include "coroutines/job_launch.h"
#include "base/vec.h"
#include "scheduler/config/overlay.h"
#include "scheduler/job/jobfile.h"
#include "scheduler/job/paths.h"
#include "scheduler/job/runner.h"
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { REASON_MAX = 300 };

/* --- the job file --- */

struct results {
    json_t *json;
    VEC(struct key_value) pairs;
    VEC(char *) owned;
};

/* Names that bash can have; the value as text. */
static void results_read(const struct job *job, struct results *results)
{
    const char *key;
    json_t *value;
    results->json = job->environment ? json_loads(job->environment, 0, NULL) : NULL;
    json_object_foreach(results->json, key, value)
    {
        if (!*key ||
            strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") !=
                strlen(key))
            continue;
        const char *text = json_string_value(value);
        if (!text) {
            *vec_push(&results->owned) = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
            text = *vec_last(&results->owned);
        }
        *vec_push(&results->pairs) = (struct key_value){key, text};
    }
}

static void results_release(struct results *results)
{
    VEC_EACH (char *, text, &results->owned)
        free(*text);
    vec_release(&results->owned);
    vec_release(&results->pairs);
    json_decref(results->json);
}

static void add_flows(const struct flow_list *flows, struct text *out)
{
    for (uint32_t i = 0; i < flows->n; i++)
        text_addf(out, "%s%u", i ? "," : "", flows->at[i]);
}

static void write_text(const struct job *job, struct text *out)
{
    const struct cast_context *context = job->host->context;
    const struct workflow *workflow = context->workflow;
    char point[POINT_TEXT_MAX], initial[POINT_TEXT_MAX], final[POINT_TEXT_MAX];
    struct results results = {0};
    struct text flows = {0};
    results_read(job, &results);
    add_flows(&job->flows, &flows);
    const struct jobfile_options options = {
        .task = job_task(job),
        .point = point_format(workflow->cycling, job->key.point, point),
        .submit = job->key.submit,
        .try_ = job->try_,
        .flows = text_string(&flows),
        .results = results.pairs.at,
        .n_results = results.pairs.n,
        .workflow_id = context->workflow_id,
        .workflow_name = job->host->workflow_name,
        .run_dir = context->run_dir,
        .initial = point_format(workflow->cycling, workflow->initial, initial),
        .final = workflow->final == POINT_MAX
                     ? "None"
                     : point_format(workflow->cycling, workflow->final, final),
        .cycling_mode = cycling_mode_name(workflow->cycling),
        .utc = workflow->utc_mode,
        .owner = context->owner,
        .host = context->host,
        .uuid = context->uuid,
        .program_dir = job->host->program_dir,
        .runner = job->runner->name,
        .platform = job->platform,
    };
    jobfile_write(&options, out);
    text_release(&flows);
    results_release(&results);
}

static int write_file(const struct job *job, struct error *error)
{
    uint64_t size;
    if (job->found && job_env(job)->ops->file_size(job_env(job), job->file, &size) == 0)
        return 0;
    struct text text = {0};
    write_text(job, &text);
    int code = job_env(job)->ops->file_write(job_env(job), job->file, text.at, text.n,
                                             ENV_ATOMIC | ENV_EXECUTABLE);
    text_release(&text);
    if (code)
        error_set(error, code, "cannot write %s: %s", job->file, strerror(-code));
    return code;
}

/* --- dummy mode --- */

static void add_quoted(struct text *out, const char *text)
{
    text_add_char(out, '\'');
    for (const char *c = text; *c; c++)
        if (*c == '\'')
            text_add(out, "'\\''");
        else
            text_add_char(out, *c);
    text_add_char(out, '\'');
}

void job_launch_dummy(struct job *job)
{
    const struct workflow *workflow = job->host->context->workflow;
    const struct task_def *task = job_task(job);
    const struct runtime *runtime = &task->runtime;
    struct text script = {0};
    text_addf(&script, "sleep %.0f", runtime->simulation_run_length);
    for (uint32_t i = OUTPUT_CUSTOM; i < task->n_outputs; i++) {
        text_add(&script, "\ncylc message -- ");
        add_quoted(&script, task->outputs[i].message);
    }
    if (simulated_job_fails(&runtime->simulated_failures, job->key.point, job->try_))
        text_add(&script, "\nfalse");
    if (!job->overlay)
        job->overlay = overlay_create(workflow->cycling, task, NULL, 0);
    overlay_make_dummy(job->overlay, text_string(&script));
    text_release(&script);
}

/* --- directories --- */

static int make_directory(const struct job *job, const char *path, struct error *error)
{
    int code = job_env(job)->ops->directory_make(job_env(job), path);
    if (code)
        error_set(error, code, "cannot make directory %s: %s", path, strerror(-code));
    return code;
}

/* share/ once; work/POINT/TASK unless the job names its own, which only it can tell. */
static int make_directories(struct job *job, const char *point, struct error *error)
{
    const char *run_dir = job->host->context->run_dir;
    const char *sub = job_task(job)->runtime.work_sub_directory;
    int code = make_directory(job, job->directory, error);
    if (!code && (!sub || !sub[0])) {
        char *work = job_work_path(run_dir, point, job_task(job)->name);
        code = make_directory(job, work, error);
        free(work);
    }
    if (!code && !job->host->share_made) {
        char *share = str_format("%s/share", run_dir);
        code = make_directory(job, share, error);
        free(share);
        job->host->share_made = code == 0;
    }
    return code;
}

static int make_link(const struct job *job, const char *point, struct error *error)
{
    char *path = job_link_path(job->host->context->run_dir, point, job_task(job)->name);
    char *target = job_link_target(job->key.submit);
    int code = job_env(job)->ops->link_make(job_env(job), target, path);
    if (code)
        error_set(error, code, "cannot link %s: %s", path, strerror(-code));
    free(path);
    free(target);
    return code;
}

int job_launch_files(struct job *job, struct error *error)
{
    char point[POINT_TEXT_MAX];
    point_format(job->host->context->workflow->cycling, job->key.point, point);
    int code = make_directories(job, point, error);
    if (!code)
        code = make_link(job, point, error);
    return code ? code : write_file(job, error);
}

/* --- the process --- */

static char *activity_path(const struct job *job)
{
    return str_format("%s/job-activity.log", job->directory);
}

/* The job opens job.out and job.err itself, once it has claimed the job; until then what bash or a
 * login script complains of goes to job-activity.log. */
int job_launch_process(struct job *job, struct error *error)
{
    const struct job_words values = {.job_file = job->file};
    char *words[JOB_WORDS_MAX] = {0};
    job_runner_fill(job->runner->submit, &values, words);
    char *activity = activity_path(job);
    const struct env_spawn options = {.argv = (const char *const *)words,
                                      .environment =
                                          (const char *const *)job->submission_environment,
                                      .err = activity,
                                      .session = true};
    job->process = (struct env_process){0};
    int code = job_env(job)->ops->spawn(job_env(job), &job->process, &job->co, &options);
    if (code)
        error_set(error, code, "cannot start %s: %s", job->file, strerror(-code));
    free(activity);
    for (size_t i = 0; i < JOB_WORDS_MAX; i++)
        free(words[i]);
    return code;
}

/* --- how it went --- */

static void add_first_line(const struct job *job, struct text *reason)
{
    struct text said = {0};
    char *path = activity_path(job);
    if (job_env(job)->ops->file_read(job_env(job), path, 0, &said) == 0 && said.n) {
        const char *end = memchr(said.at, '\n', said.n);
        size_t n = end ? (size_t)(end - said.at) : said.n;
        text_add(reason, ": ");
        text_add_n(reason, said.at, n < REASON_MAX ? n : REASON_MAX);
    }
    text_release(&said);
    free(path);
}

void job_launch_failure(const struct job *job, struct text *ret_reason)
{
    char buffer[JOB_SIGNAL_MAX];
    if (job->process.signal)
        text_addf(ret_reason, "ended by signal %s before it began",
                  job_signal_name(job->process.signal, buffer));
    else
        text_addf(ret_reason, "ended with status %d before it began", job->process.status);
    add_first_line(job, ret_reason);
}

bool job_process_is(struct env *env, int64_t pid, const char *job_file)
{
    char *path = str_format("/proc/%lld/cmdline", (long long)pid);
    struct text line = {0};
    bool readable = env->ops->file_read(env, path, 0, &line) == 0 && line.n;
    /* Arguments end in NUL: the job file is one of them, whole. */
    bool found = readable && memmem(line.at, line.n, job_file, strlen(job_file) + 1);
    text_release(&line);
    free(path);
    return found || !readable;
}

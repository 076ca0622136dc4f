/* Where a job is to run. The task's `platform` is a name, or a text that bash makes a name of:
 * $(command), `command`, $VARIABLE. */
#include "base/memory.h"
#include "coroutines/job.h"
#include "scheduler/job/jobfile.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static const char *platform_text(const struct job *job)
{
    return job_task(job)->runtime.platform;
}

bool job_platform_ask(struct job *job)
{
    const char *text = platform_text(job);
    const struct cast_context *context = job->host->context;
    if (!strpbrk(text, "$`"))
        return false;
    job_env(job)->ops->directory_make(job_env(job), job->directory); /* a failure shows later */
    char *words[JOB_WORDS_MAX] = {str_copy("/bin/bash"), str_copy("-c"),
                                  str_format("platform=%s && printf '%%s\\n' \"$platform\"", text)};
    char *output = str_format("%s/.platform", job->directory);
    job_command_start(&job->choose, &job->host->lanes[LANE_SUBMISSIONS], job_env(job), &job->co,
                      words, NULL, output, context->workflow->process_pool_timeout);
    free(output);
    return true;
}

/* The last line that the command printed. */
static int asked_name(struct job *job, char **ret_name, struct error *error)
{
    struct text printed = {0};
    if (job_command_succeeded(&job->choose)) {
        job_command_read(&job->choose, &printed);
        struct slice name = slice_trim((struct slice){printed.at, printed.n});
        const char *line = name.n ? memrchr(name.at, '\n', name.n) : NULL;
        if (line)
            name = (struct slice){line + 1, (size_t)(name.at + name.n - line - 1)};
        if (name.n)
            *ret_name = slice_copy(name);
        else
            error_set(error, -EINVAL, "platform = %s: it is empty", platform_text(job));
    } else {
        job_command_problem(&job->choose, &printed);
        error_set(error, -EINVAL, "platform = %s: %s", platform_text(job), text_string(&printed));
    }
    text_release(&printed);
    job_env(job)->ops->file_remove(job_env(job), job->choose.output);
    return error->code;
}

/* `clean job submission environment`: what is passed through, and where commands are. */
static void set_environment(struct job *job)
{
    const struct platform *platform = job->platform;
    const struct string_list *names = &platform->job_submission_environment_pass_through;
    const struct string_list *paths = &platform->job_submission_executable_paths;
    struct text path = {0};
    if (!platform->clean_job_submission_environment || job->submission_environment)
        return;
    char **environment = NEW_ARRAY(char *, names->n + 3);
    size_t n = 0;
    text_add(&path, "PATH=");
    for (uint32_t i = 0; i < paths->n; i++)
        text_addf(&path, "%s:", paths->at[i]);
    text_add(&path, "/bin:/usr/bin");
    environment[n++] = text_take(&path);
    const char *home = getenv("HOME"); /* a login shell cannot do without it */
    environment[n++] = str_format("HOME=%s", home ? home : "/");
    for (uint32_t i = 0; i < names->n; i++) {
        const char *name = names->at[i], *value = getenv(name);
        if (value && strcmp(name, "PATH") != 0 && strcmp(name, "HOME") != 0)
            environment[n++] = str_format("%s=%s", name, value);
    }
    job->submission_environment = environment;
}

static int set_platform(struct job *job, const char *name, struct error *error)
{
    uint32_t random = (uint32_t)job_env(job)->ops->random(job_env(job));
    job->runner = job_runner_of_platform(job->host->platforms, name, job->host->context->host,
                                         random, &job->platform, error);
    if (!job->runner)
        return error->code;
    set_environment(job);
    return 0;
}

int job_platform_choose(struct job *job, struct error *error)
{
    char *name = NULL;
    if (job->choose.state == COMMAND_NONE)
        return set_platform(job, platform_text(job), error);
    if (asked_name(job, &name, error) == 0)
        set_platform(job, name, error);
    free(name);
    return error->code;
}

bool job_platform_find(struct job *job)
{
    struct text text = {0};
    struct error error = {0};
    char *name = NULL;
    if (job_env(job)->ops->file_read(job_env(job), job->file, 0, &text) == 0)
        name = jobfile_header((struct slice){text.at, text.n}, "Platform");
    bool found = name && set_platform(job, name, &error) == 0;
    if (!found) /* it has left global.cylc since: a job that runs goes on */
        set_platform(job, "", &error);
    free(name);
    text_release(&text);
    return found;
}

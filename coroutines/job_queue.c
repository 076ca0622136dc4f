/* A job in a queue of its runner: handed in, looked for, taken out. All that ends when the job
 * begins, which job.status tells: then it is a process like any other.
 *
 * What a poll says is old when it comes. So job.status is read after each, and it wins; a job that
 * the queue does not know is looked for once more a while later, as it may be just about to begin.
 * A poll that failed says nothing. */
#include "base/memory.h"
#include "coroutines/job.h"
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum {
    MISSED_MAX = 2,    /* so often in a row it is not in the queue: it is lost */
    MISSED_LOOK_S = 10 /* between these polls, seconds */
};

static char *path_of(const struct job *job, const char *name)
{
    return str_format("%s/%s", job->directory, name);
}

/* %(command)s of the platform or of the runner. */
static void start(struct job *job, struct job_command *command, enum job_lane_kind lane,
                  const char *const *template, const char *output)
{
    const char *own = job->platform->job_runner_command_template;
    const struct job_words values = {.job_file = job->file,
                                     .id = job->runner_id,
                                     .command = own[0] ? own : job->runner->command};
    char *words[JOB_WORDS_MAX] = {0}, *path = path_of(job, output);
    job_runner_fill(template, &values, words);
    job_command_start(command, &job->host->lanes[lane], job_env(job), &job->co, words,
                      (const char *const *)job->submission_environment, path,
                      job->host->context->workflow->process_pool_timeout);
    free(path);
}

static void remove_output(struct job *job, const struct job_command *command)
{
    job_env(job)->ops->file_remove(job_env(job), command->output);
}

static void fail(struct job *job, const struct job_command *command)
{
    struct text problem = {0};
    job_command_problem(command, &problem);
    job_fail_submission(job, text_string(&problem));
    text_release(&problem);
}

/* --- handing in --- */

void job_queue_submit(struct job *job)
{
    start(job, &job->submit, LANE_SUBMISSIONS, job->runner->submit, "job-activity.log");
}

/* What the runner printed tells the id, now and after a restart. */
static bool read_id(struct job *job)
{
    struct text printed = {0};
    char *path = path_of(job, "job-activity.log");
    job_env(job)->ops->file_read(job_env(job), path, 0, &printed);
    struct slice id = job_runner_id(job->runner, (struct slice){printed.at, printed.n});
    if (id.n) {
        free(job->runner_id);
        job->runner_id = slice_copy(id);
    }
    text_release(&printed);
    free(path);
    return id.n > 0;
}

static void attend_submit(struct job *job)
{
    if (!job_command_ended(&job->submit) || job_is_claimed(job))
        return;
    if (job_command_succeeded(&job->submit) && read_id(job))
        job_say_submitted(job, job->runner_id, 0);
    else
        fail(job, &job->submit);
}

bool job_queue_find(struct job *job)
{
    return read_id(job);
}

/* --- ended before it began --- */

/* The first line that came after the one that `mark` begins, or that line itself. */
static struct slice line_at(struct slice text, const char *mark, bool after)
{
    struct slice rest = text;
    for (bool met = false; rest.n;) {
        const char *end = memchr(rest.at, '\n', rest.n);
        size_t n = end ? (size_t)(end - rest.at) : rest.n;
        struct slice line = {rest.at, n};
        bool marked = n >= strlen(mark) && memcmp(line.at, mark, strlen(mark)) == 0;
        if ((met && after) || (marked && !after))
            return line;
        met |= marked;
        rest.at += end ? n + 1 : n;
        rest.n -= end ? n + 1 : n;
    }
    return (struct slice){0};
}

/* What bash complained of is in between. */
static void fail_with(struct job *job, struct slice printed, struct slice end)
{
    struct text reason = {0};
    struct slice why = line_at(printed, job->runner->before_id, true);
    text_addf(&reason, "%.*s before it began", (int)end.n, end.at);
    if (why.n && why.at != end.at)
        text_addf(&reason, ": %.*s", (int)why.n, why.at);
    job_fail_submission(job, text_string(&reason));
    text_release(&reason);
}

static void attend_end(struct job *job)
{
    struct text text = {0};
    if (!job->runner_id || job_is_claimed(job) || job->over)
        return;
    char *path = path_of(job, "job-activity.log");
    job_env(job)->ops->file_read(job_env(job), path, 0, &text);
    struct slice printed = {text.at, text.n};
    struct slice end = line_at(printed, job->runner->before_end, false);
    if (end.n)
        job_read(job, 0, 0); /* it may have begun and ended since */
    if (end.n && !job_is_claimed(job))
        fail_with(job, printed, end);
    text_release(&text);
    free(path);
}

/* --- looking for it --- */

void job_queue_poll(struct job *job)
{
    if (job->runner_id && !job_command_is_under_way(&job->list))
        start(job, &job->list, LANE_POLLS, job->runner->list, ".list");
}

static void miss(struct job *job)
{
    if (++job->n_missed < MISSED_MAX) {
        job_env(job)->ops->timer_start(job_env(job), &job->missed, &job->co,
                                       MISSED_LOOK_S * UINT64_C(1000000));
        return;
    }
    char *reason =
        str_format("job %s of %s is gone and never began", job->runner_id, job->runner->name);
    job_fail_submission(job, reason);
    free(reason);
}

static void attend_list(struct job *job)
{
    struct text printed = {0};
    if (!job_command_ended(&job->list))
        return;
    job_read(job, 0, 0);
    bool succeeded = job_command_succeeded(&job->list);
    if (succeeded)
        job_command_read(&job->list, &printed);
    else
        job_command_problem(&job->list, &printed);
    remove_output(job, &job->list);
    if (!succeeded) {
        job_log(job, LOG_WARNING_LEVEL, "cannot be polled", text_string(&printed));
    } else if (!job_is_claimed(job) && !job->over) {
        bool is_there = job_runner_lists((struct slice){printed.at, printed.n}, job->runner_id);
        if (job->poll_asked)
            job_log(job, LOG_INFO_LEVEL,
                    is_there ? "polled: submitted" : "polled: not in the queue", NULL);
        job->poll_asked = false;
        if (is_there)
            job->n_missed = 0;
        else
            miss(job);
    }
    text_release(&printed);
}

/* --- taking it out --- */

void job_queue_cancel(struct job *job)
{
    if (job->runner_id && !job->kill_sent) {
        job->kill_sent = true;
        start(job, &job->cancel, LANE_KILLS, job->runner->cancel, ".cancel");
    }
}

/* It may have begun meanwhile: then it is a process to be killed. */
static void attend_cancel(struct job *job)
{
    if (!job_command_ended(&job->cancel))
        return;
    job_read(job, 0, 0);
    bool succeeded = job_command_succeeded(&job->cancel);
    if (job_is_claimed(job)) {
        job->kill_sent = false;
    } else if (succeeded && !job->over) {
        job_fail_submission(job, "killed before it began");
    } else if (!succeeded) {
        struct text problem = {0};
        job_command_problem(&job->cancel, &problem);
        job_log(job, LOG_ERROR_LEVEL, "cannot be killed", text_string(&problem));
        text_release(&problem);
        job->kill_wanted = job->kill_sent = false;
        job_queue_poll(job);
    }
    remove_output(job, &job->cancel);
}

void job_queue_attend(struct job *job)
{
    if (job->missed.fired) {
        job->missed.fired = false;
        job->poll_wanted = true;
    }
    attend_submit(job);
    attend_list(job);
    attend_cancel(job);
    attend_end(job);
}

/* What time does to a job: the execution time limit, the timeouts that are only told, and the polls
 * at intervals. All counts from the submission or from the beginning of the run, as job.status has
 * them, so that a restart changes nothing. */
#include "coroutines/job.h"

#include "base/banned.h"

static const double second = 1e6;
static double since(const struct job *job, int64_t when)
{
    int64_t passed = when ? env_wall(job_env(job)) - when : 0;
    return passed > 0 ? (double)passed / second : 0;
}

static void start(struct job *job, struct env_timer *timer, double seconds)
{
    timer->fired = false;
    job_env(job)->ops->timer_start(job_env(job), timer, &job->co,
                                   seconds > 0 ? (uint64_t)(seconds * second) : 0);
}

/* The timeout counts from `from`, unless the pool knew of it before a restart: then it is told when
 * that was recorded, or has been told. */
static void start_timeout(struct job *job, enum task_status status, int64_t from, double seconds)
{
    job_env(job)->ops->timer_stop(job_env(job), &job->timeout);
    job->timeout.fired = false;
    if (!job->found || job->before != status)
        job->timeout_at = seconds > 0 ? from + (int64_t)(seconds * second) : 0;
    if (job->timeout_at)
        start(job, &job->timeout, (double)(job->timeout_at - env_wall(job_env(job))) / second);
}

/* The next poll that is not past already. */
static void start_poll(struct job *job, double passed)
{
    double delay = polling_next(&job->polling);
    while (delay >= 0 && job->polling.elapsed < passed)
        delay = polling_next(&job->polling);
    if (delay >= 0)
        start(job, &job->poll, job->polling.elapsed - passed);
    else
        job_env(job)->ops->timer_stop(job_env(job), &job->poll);
}

/* What the task says, or else its platform. */
static struct delays intervals(const struct delays *own, const struct number_list *platform)
{
    return own->n ? *own : (struct delays){platform->at, platform->n};
}

void job_time_submitted(struct job *job)
{
    const struct runtime *runtime = &job_task(job)->runtime;
    if (job_pretends(job))
        return;
    start_timeout(job, STATUS_SUBMITTED, job->submitted, runtime->submission_timeout);
    job->polling =
        (struct polling){.intervals = intervals(&runtime->submission_polling,
                                                &job->platform->submission_polling_intervals)};
    start_poll(job, since(job, job->submitted));
}

/* Beyond a time limit the timeout means that even the limit did not help. */
static double execution_timeout(const struct job *job)
{
    const struct runtime *runtime = &job_task(job)->runtime;
    const struct number_list *after = &job->platform->execution_time_limit_polling_intervals;
    double timeout = runtime->execution_time_limit;
    if (timeout <= 0)
        return runtime->execution_timeout;
    for (uint32_t i = 0; i < after->n; i++)
        timeout += after->at[i];
    return timeout;
}

void job_time_started(struct job *job)
{
    const struct runtime *runtime = &job_task(job)->runtime;
    if (job_pretends(job))
        return;
    double passed = since(job, job->status.init_time);
    double limit = runtime->execution_time_limit;
    start_timeout(job, STATUS_RUNNING, job->status.init_time, execution_timeout(job));
    if (limit > 0)
        start(job, &job->limit, limit - passed);
    const struct number_list *after = &job->platform->execution_time_limit_polling_intervals;
    job->polling =
        (struct polling){.intervals = intervals(&runtime->execution_polling,
                                                &job->platform->execution_polling_intervals),
                         .limit = limit > 0 ? limit : 0,
                         .after_limit = {after->at, after->n}};
    start_poll(job, passed);
}

void job_time_attend(struct job *job)
{
    if (job->timeout.fired) {
        int64_t from = job->said_started ? job->status.init_time : job->submitted;
        job->timeout.fired = false;
        job_say_timeout(job, job->said_started ? "execution timeout" : "submission timeout",
                        job->timeout_at - from);
        job->timeout_at = 0;
        job->poll_wanted = true;
    }
    if (job->poll.fired) {
        job->poll.fired = false;
        job->poll_wanted = true;
        start_poll(job, job->polling.elapsed);
    }
}

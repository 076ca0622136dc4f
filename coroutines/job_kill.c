/* Ending a job: on command, or at its time limit. The whole group of processes is signalled, and
 * what has missed the signal or ignores it is killed for good after a while. */
#include "coroutines/job.h"
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/banned.h"

enum { JOB_KILL_DELAY = 10 }; /* seconds, from SIGTERM or SIGXCPU to SIGKILL */
static const uint64_t second = 1000000;

static void send_signal(struct job *job, int signal)
{
    if (!job->process.pid || job->process.exited)
        return;
    int code = job_env(job)->ops->process_kill(job_env(job), job->process.pid, signal);
    if (code && code != -ESRCH)
        job_log(job, LOG_ERROR_LEVEL, "cannot be killed", strerror(-code));
}

static void start_delay(struct job *job)
{
    job->kill.fired = false;
    job_env(job)->ops->timer_start(job_env(job), &job->kill, &job->co, JOB_KILL_DELAY * second);
}

static void begin_kill(struct job *job, int signal)
{
    job->kill_sent = true;
    send_signal(job, signal);
    start_delay(job);
}

void job_kill_attend(struct job *job)
{
    if (job->limit.fired && !job->timed_out) {
        job->timed_out = true;
        job_log(job, LOG_WARNING_LEVEL, "execution time limit reached: killed", NULL);
        begin_kill(job, SIGXCPU);
    }
    if (job->kill_wanted && !job->kill_sent && job->process.pid)
        begin_kill(job, SIGTERM);
    else if (job->kill_wanted && !job->kill_sent)
        job_queue_cancel(job);
    if (job->kill.fired) {
        job->kill.fired = false;
        job_log(job, LOG_WARNING_LEVEL, "does not end: SIGKILL", NULL);
        send_signal(job, SIGKILL);
    }
}

/* Its shell goes on until no process of its session is left. */
static bool shell_has_ended(struct job *job)
{
    if (!job->process.exited && job->kill.fired) {
        job->kill.fired = false;
        send_signal(job, SIGKILL);
    }
    return job->process.exited;
}

/* Where the shell did not live to see to it: its processes may have missed the signal (bash loses
 * one that comes between fork and exec) or ignore it: once more, and SIGKILL after a while. */
bool job_is_swept(struct job *job)
{
    struct env *env = job_env(job);
    if (!job->kill_sent)
        return true;
    if (!job->sweeping && !shell_has_ended(job))
        return false;
    if (!job->sweeping) {
        job->sweeping = true;
        if (env->ops->process_kill(env, job->process.pid, SIGTERM) != 0)
            return true;
        start_delay(job);
    }
    if (!job->kill.fired)
        return false;
    /* A leader that is there now is another one, with a group of its own. */
    int64_t group = job->process.pid;
    if (env->ops->process_watch(env, &job->process, &job->co, group) != 0)
        env->ops->process_kill(env, group, SIGKILL);
    return true;
}

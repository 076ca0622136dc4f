/* One job: the child coroutine of `jobs` for one submit number of one task instance. It chooses a
 * platform, launches the job file once that is allowed, follows job.status and the process, says
 * what becomes of it, and ends when the process has. Used by jobs.c only; the parts that the files
 * of a job share stand below. */
#ifndef ROUSE_COROUTINES_JOB_H
#define ROUSE_COROUTINES_JOB_H

#include "base/table.h"
#include "coroutines/cast.h"
#include "coroutines/job_command.h"
#include "scheduler/config/platform.h"
#include "scheduler/job/polling.h"
#include "scheduler/job/status.h"

struct job_key {
    cycle_point point;
    uint32_t task, submit;
};

/* What all jobs of a workflow have in common. */
struct job_host {
    const struct cast_context *context;
    char *workflow_name; /* the id without the name of the run */
    char *program_dir;   /* NULL: not known */
    bool share_made;
    bool watch_complained; /* said once that files cannot be watched */
    struct job_lane lanes[LANES];
    struct platforms *platforms;
    /* The job's coroutine is done: forget it. */
    void (*over)(struct job_host *host, struct co *co);
};

enum job_state {
    JOB_RECORDING,
    JOB_CHOOSING,
    JOB_LAUNCHING,
    JOB_FOLLOWING,
    JOB_SWEEPING,
    JOB_OVER
};

struct job {
    struct co co;
    struct job_host *host;
    struct job_key key;
    UT_hash_handle hh;
    struct job *next; /* waiting for its turn to be launched */
    uint64_t seq;     /* of the message that asked for it */
    uint32_t try_;
    struct flow_list flows;
    enum run_mode mode;
    struct overlay *overlay; /* what was broadcast to it; NULL: nothing */
    char *settings;          /* what was broadcast to it, as in job.submit; or NULL */
    char *environment;       /* JSON object of variables from xtriggers, or NULL */
    char *name;              /* "1/a/01", for the log */
    char *directory, *file, *status_path;

    bool may_launch;
    bool found; /* from job.follow: it may have been launched by an earlier scheduler */
    enum task_status before; /* found: what the pool knew */
    int64_t settled;         /* found: messages up to this offset have had their effect */
    bool launched;           /* found: its files say where */
    int64_t submitted;       /* when; 0: not yet */
    int64_t timeout_at;      /* when it is told that it takes long; 0: never */

    /* Where it runs. NULL: not known yet. */
    const struct platform *platform;
    const struct job_runner *runner;
    char **submission_environment; /* "K=V", NULL ended; NULL: ours */
    char *runner_id;               /* in the runner's queue; NULL: none yet */
    struct job_command choose, submit, list, cancel;
    bool choosing;     /* its platform is asked for */
    unsigned n_missed; /* polls in a row that did not find it in the queue */

    struct job_status status;
    struct env_process process;
    struct env_watch watch;
    unsigned changes_seen;
    bool watching, watching_file;
    bool said_submitted, said_started, over;
    bool kill_wanted; /* by job.kill */
    bool kill_sent, timed_out, sweeping;
    bool poll_wanted;         /* by job.poll, or for the sake of a report */
    bool poll_asked;          /* by job.poll: the log says how it went */
    struct env_timer limit;   /* time limit, or the run of simulation mode */
    struct env_timer kill;    /* SIGKILL */
    struct env_timer look;    /* unwatched files */
    struct env_timer timeout; /* an event, nothing more */
    struct env_timer poll;
    struct env_timer missed; /* the queue is looked at once more */
    struct polling polling;
};

/* The definition it runs by, broadcasts included. */
const struct task_def *job_task(const struct job *job);
/* The workflow has another version of its definition. */
void job_redefine(struct job *job);
/* A new job asleep, for job.submit or job.follow. It begins when job_launch is called. */
struct job *job_create(struct job_host *host, const struct message *message);
/* Stop following it; a process that runs goes on. */
void job_destroy(struct job *job);
void job_launch(struct job *job);
/* SIGTERM, and SIGKILL after JOB_KILL_DELAY; out of its queue if it has not begun. */
void job_kill(struct job *job);
/* Look at the status file, the process and the queue again. */
void job_poll(struct job *job);
/* Say at once what job.status says by now, its end included, before something else is said of the
 * job. */
void job_catch_up(struct job *job);
/* Read what is new in job.status. The message that ends at `offset` (0: none) is said as the answer
 * to request id: true if it was among them. */
bool job_read(struct job *job, uint64_t offset, uint64_t id);

/* --- what the files of a job share --- */

static inline struct env *job_env(const struct job *job)
{
    return job->host->context->env;
}

/* No process: what becomes of it is made up. */
static inline bool job_pretends(const struct job *job)
{
    return job->mode == RUN_SIMULATION || job->mode == RUN_SKIP;
}

/* Its process has taken hold of it: job.status is there. */
static inline bool job_is_claimed(const struct job *job)
{
    return job->status.pid > 0;
}

/* "[1/a/01] WHAT: WHY"; why may be NULL. */
void job_log(struct job *job, enum log_level level, const char *what, const char *why);
void job_say_submitted(struct job *job, const char *id, int64_t when);
void job_say_timeout(struct job *job, const char *event, int64_t after);
void job_fail_submission(struct job *job, const char *reason);
/* It has ended, as job.status and the process say. */
void job_conclude(struct job *job);
/* Follow the process that has claimed it. False if it is no longer there. */
bool job_follow_claimant(struct job *job);
/* Watch another file or directory instead of what was watched. */
void job_watch(struct job *job, const char *path);

/* job_time.c. Start what counts from its submission (job->submitted), or from the beginning of the
 * run; sets timeout_at, but for one that the pool knew of before a restart. PRE: its platform is
 * known. */
void job_time_submitted(struct job *job);
void job_time_started(struct job *job);
/* Timers that have fired: says events, wants a poll. */
void job_time_attend(struct job *job);

/* job_kill.c */
void job_kill_attend(struct job *job);
/* Whether nothing is left of a job that was killed. */
bool job_is_swept(struct job *job);

/* job_queue.c: while it is in a runner's queue, not begun. */
void job_queue_submit(struct job *job);
void job_queue_attend(struct job *job);
void job_queue_poll(struct job *job);
void job_queue_cancel(struct job *job);
/* After a restart: the id, if it had been submitted. */
bool job_queue_find(struct job *job);

/* job_platform.c: job->platform and job->runner. */
/* True: a command has to be run to know the platform, and is under way (job->choose). */
bool job_platform_ask(struct job *job);
/* Set them, with what that command printed if there was one. Negative and error if there is no such
 * platform, or none where jobs can run. */
int job_platform_choose(struct job *job, struct error *error);
/* Of a job that was launched before: as its files say. False if they do not. */
bool job_platform_find(struct job *job);

#endif

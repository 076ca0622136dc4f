/* One job: the child coroutine of `jobs` for one submit number of one task instance. It launches
 * the job file once that is allowed, follows job.status and the process, says what becomes of it,
 * and ends when the process has. Used by jobs.c only. */
#ifndef ROUSE_COROUTINES_JOB_H
#define ROUSE_COROUTINES_JOB_H

#include "base/table.h"
#include "coroutines/cast.h"
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
    /* The job's coroutine is done: forget it. */
    void (*over)(struct job_host *host, struct co *co);
};

enum job_state { JOB_RECORDING, JOB_LAUNCHING, JOB_FOLLOWING, JOB_SWEEPING, JOB_OVER };

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
    char *environment;       /* JSON object of variables from xtriggers, or NULL */
    char *name;              /* "1/a/01", for the log */
    char *directory, *file, *status_path;

    bool may_launch;
    bool found; /* from job.follow: it may have been launched by an earlier scheduler */
    enum task_status before; /* found: what the pool knew */
    int64_t settled;         /* found: messages up to this offset have had their effect */

    struct job_status status;
    struct env_process process;
    struct env_watch watch;
    unsigned changes_seen;
    bool watching, watching_file;
    bool said_submitted, said_started, over;
    bool kill_wanted; /* by job.kill */
    bool kill_sent, timed_out, sweeping;
    bool poll_wanted;
    struct env_timer limit, kill, look; /* time limit or simulated run; SIGKILL; unwatched files */
};

/* The definition it runs by, broadcasts included. */
const struct task_def *job_task(const struct job *job);
/* A new job asleep, for job.submit or job.follow. It begins when job_launch is called. */
struct job *job_create(struct job_host *host, const struct message *message);
/* Stop following it; a process that runs goes on. */
void job_destroy(struct job *job);
void job_launch(struct job *job);
/* SIGTERM, and SIGKILL after JOB_KILL_DELAY. */
void job_kill(struct job *job);
/* Look at the status file and the process again. */
void job_poll(struct job *job);
/* Say at once what job.status says by now, its end included, before something else is said of the
 * job. */
void job_catch_up(struct job *job);
/* Read what is new in job.status. The message that ends at `offset` (0: none) is said as the answer
 * to request id: true if it was among them. */
bool job_read(struct job *job, uint64_t offset, uint64_t id);

#endif

/* The jobs: one child coroutine for each (job.c), and what they share.
 *
 * A job.submit is launched once what it rests on is committed: jobs wait in order of the sequence
 * numbers of TASK_POOL until `recorded` covers theirs, then some are launched in each turn, and
 * none while a listener is congested.
 *
 * A job.report, which a message client sends after it has appended the message to job.status, makes
 * the job's coroutine read that file; what it says reaches the pool as job.message with the
 * request's id. The client is answered when the pool's outcome for the id is committed. A message
 * that was read already is said again, with the id: the pool knows it by its offset, changes
 * nothing and gives its outcome. The same for a message of a job that is over: only the pool knows
 * whether it still means something. */
/* The default of uthash falls through its cases, which clang warns of. */

#include "base/id.h"
#include "base/memory.h"
#include "base/vec.h"
#include "coroutines/actor.h"
#include "coroutines/job.h"
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { LAUNCHES_PER_TURN = 8 };

/* A client that waits for its answer. */
struct report {
    uint64_t id;
    uint64_t seq; /* of the outcome; 0: none yet */
    uint32_t number;
    char *text;
    struct report *next; /* outcomes not recorded yet, in order */
    UT_hash_handle hh;
};

/* A job.kill that is not committed yet. */
struct kill_wanted {
    struct job_key key;
    uint64_t seq;
};

struct jobs {
    struct actor actor;
    struct job_host host;
    struct job *table;             /* by key */
    struct job *first, **last;     /* waiting to be launched */
    VEC(struct kill_wanted) kills; /* in order */
    struct report *reports;        /* by id */
    struct report *answers, **answers_last;
    uint64_t recorded;      /* sequence number of TASK_POOL up to which all is committed */
    bool told;              /* which jobs are to be followed after a restart */
    VEC(struct slice) held; /* reports that came before that, encoded; heap */
};

static struct job *find_job(struct jobs *self, const struct job_key *key)
{
    struct job *job = NULL;
    HASH_FIND(hh, self->table, key, sizeof *key, job);
    return job;
}

static struct job *find_for(struct jobs *self, const struct message *message)
{
    const struct job_key key = {message->point, message->task, message->submit};
    return find_job(self, &key);
}

/* --- launching --- */

static void add_job(struct jobs *self, const struct message *message)
{
    if (find_for(self, message))
        return;
    struct job *job = job_create(&self->host, message);
    HASH_ADD(hh, self->table, key, sizeof job->key, job);
    *self->last = job;
    self->last = &job->next;
}

static void job_over(struct job_host *host, struct co *co)
{
    struct jobs *self = (struct jobs *)((char *)host - offsetof(struct jobs, host));
    struct job *job = (struct job *)co;
    HASH_DEL(self->table, job);
    job_destroy(job);
}

/* Jobs live on; following them stops. */
static void forget_jobs(struct jobs *self)
{
    job_lanes_close(self->host.lanes);
    struct job *job, *next;
    HASH_ITER(hh, self->table, job, next)
    {
        HASH_DEL(self->table, job);
        job_destroy(job);
    }
    self->first = NULL;
    self->last = &self->first;
}

/* What is found after a restart is committed already. */
static bool may_launch(const struct jobs *self, const struct job *job)
{
    return job->found || job->seq <= self->recorded;
}

/* True if there are more that could be launched now. */
static bool launch_some(struct jobs *self)
{
    for (unsigned i = 0; self->first && may_launch(self, self->first); i++) {
        if (bus_congested(self->actor.context->bus, JOBS))
            return false; /* the bus wakes us when that is over */
        if (i == LAUNCHES_PER_TURN)
            return true;
        struct job *job = self->first;
        self->first = job->next;
        job->next = NULL;
        if (!self->first)
            self->last = &self->first;
        job_launch(job);
    }
    return false;
}

/* --- killing --- */

/* A job is killed when it is recorded that its task is held: not before, or a crash in between
 * would leave a retry that starts it again. */
static void kill_recorded(struct jobs *self)
{
    size_t n = 0;
    for (; n < self->kills.n && self->kills.at[n].seq <= self->recorded; n++) {
        struct job *job = find_job(self, &self->kills.at[n].key);
        if (job)
            job_kill(job);
    }
    for (size_t i = n; n && i < self->kills.n; i++)
        self->kills.at[i - n] = self->kills.at[i];
    self->kills.n -= n;
}

/* --- reports --- */

static void reply(struct jobs *self, uint64_t id, enum reply_kind kind, const char *text)
{
    if (!id || bus_closed(self->actor.context->bus, JOBS))
        return;
    struct message message = {
        .topic = TOPIC_REPLY, .id = id, .number = kind, .text = slice_of(text)};
    actor_say(&self->actor, &message);
}

static void report_forget(struct jobs *self, struct report *report)
{
    HASH_DEL(self->reports, report);
    free(report->text);
    free(report);
}

/* Answer what is committed. */
static void answer(struct jobs *self)
{
    while (self->answers && self->answers->seq <= self->recorded) {
        struct report *report = self->answers;
        self->answers = report->next;
        if (!self->answers)
            self->answers_last = &self->answers;
        reply(self, report->id, report->number ? REPLY_ERROR : REPLY_DONE, report->text);
        report_forget(self, report);
    }
}

static void hear_outcome(struct jobs *self, const struct message *message)
{
    struct report *report;
    HASH_FIND(hh, self->reports, &message->id, sizeof message->id, report);
    if (!report || report->seq)
        return;
    report->seq = message->seq;
    report->number = message->number;
    report->text = slice_copy(message->text);
    *self->answers_last = report;
    self->answers_last = &report->next;
}

/* "1/a/01" to its key; negative and error if there cannot be such a job. */
static int parse_job(const struct jobs *self, struct slice text, struct job_key *ret_key,
                     struct error *error)
{
    const struct workflow *workflow = self->actor.context->workflow;
    struct id id = {0};
    struct job_key key = {0};
    int code = id_parse_relative(text, &id, error);
    if (code)
        return code;
    if (!id.job.n || id.job.n > 9 || strspn(id.job.at, "0123456789") < id.job.n)
        return error_set(error, -EINVAL, "\"%.*s\" is no job: expected CYCLE/TASK/NUMBER",
                         (int)text.n, text.at);
    key.submit = (uint32_t)strtoul(id.job.at, NULL, 10);
    char *cycle = slice_copy(id.cycle), *task = slice_copy(id.task);
    code = point_parse(workflow->cycling, cycle, &key.point, error);
    key.task = workflow_task(workflow, task);
    if (!code && key.task == NO_INDEX)
        code = error_set(error, -ENOENT, "no task \"%s\" in the workflow", task);
    free(cycle);
    free(task);
    if (!code)
        *ret_key = key;
    return code;
}

static void expect_outcome(struct jobs *self, uint64_t id)
{
    if (!id)
        return;
    struct report *report = NEW(struct report);
    report->id = id;
    HASH_ADD(hh, self->reports, id, sizeof report->id, report);
}

/* A message as it was handed in: of a job that is no longer followed, or not by the job itself. */
static void say_reported(struct jobs *self, const struct message *report, const struct job_key *key)
{
    struct message message = {
        .topic = TOPIC_JOB_MESSAGE,
        .point = key->point,
        .task = key->task,
        .submit = key->submit,
        .number = report->number < SEVERITIES ? report->number : SEVERITY_INFO,
        .text = report->detail,
        .value = report->value > 0 ? report->value : -1,
        .id = report->id,
        .when = report->when ? report->when : env_wall(self->actor.context->env),
    };
    bus_publish(self->actor.context->bus, JOBS, &message);
}

/* Whether reading job.status has said it, with its id. Read before, it is said again only if
 * somebody waits for the answer. */
static bool was_read(struct jobs *self, const struct message *report, const struct job_key *key)
{
    struct job *job = find_job(self, key);
    if (job && report->value <= 0)
        job_catch_up(job);
    if (!job || report->value <= 0)
        return false;
    uint64_t offset = (uint64_t)report->value;
    return job_read(job, offset, report->id) || (!report->id && offset <= job->status.offset);
}

static void hear_report(struct jobs *self, const struct message *message)
{
    struct error error = {0};
    struct job_key key;
    if (self->actor.shutting_down)
        /* What is in job.status is found by the next start. */
        error_set(&error, -ESHUTDOWN, "the workflow is shutting down");
    else
        parse_job(self, message->text, &key, &error);
    if (error.code) {
        reply(self, message->id, REPLY_ERROR, error.text);
        return;
    }
    expect_outcome(self, message->id);
    if (!was_read(self, message, &key))
        say_reported(self, message, &key);
}

/* After a restart a report may come before the job.follow of its job, without which job.status
 * would not be read first. */
static void hold_report(struct jobs *self, const struct message *message)
{
    struct text bytes = {0};
    message_encode(message, &bytes);
    *vec_push(&self->held) = (struct slice){bytes.at, bytes.n};
}

static void forget_held(struct jobs *self)
{
    VEC_EACH (struct slice, bytes, &self->held)
        free((char *)(uintptr_t)bytes->at);
    vec_release(&self->held);
}

static void hear_held(struct jobs *self)
{
    self->told = true;
    VEC_EACH (struct slice, bytes, &self->held) {
        struct message message;
        struct error error = {0};
        int result = message_decode(bytes->at, bytes->n, &message, &error);
        INVARIANT(result == 0);
        hear_report(self, &message);
    }
    forget_held(self);
}

/* --- the member --- */

static void jobs_hear(struct actor *actor, const struct message *message)
{
    struct jobs *self = (struct jobs *)actor;
    struct job *job = NULL;
    if (message->topic == TOPIC_RECORDED) {
        self->recorded = message_recorded(message, TASK_POOL);
        kill_recorded(self);
        answer(self);
    } else if (message->topic == TOPIC_JOB_SUBMIT || message->topic == TOPIC_JOB_FOLLOW) {
        add_job(self, message);
    } else if (message->topic == TOPIC_JOB_REPORT && !self->told) {
        hold_report(self, message);
    } else if (message->topic == TOPIC_JOB_REPORT) {
        hear_report(self, message);
    } else if (message->topic == TOPIC_POOL_TURN && !self->told) {
        hear_held(self);
    } else if (message->topic == TOPIC_POOL_OUTCOME) {
        hear_outcome(self, message);
    } else if (message->topic == TOPIC_JOB_KILL) {
        *vec_push(&self->kills) =
            (struct kill_wanted){{message->point, message->task, message->submit}, message->seq};
        kill_recorded(self);
    } else if (message->topic == TOPIC_JOB_POLL) {
        job = find_for(self, message);
        if (job)
            job_poll(job);
    } else if (message->topic == TOPIC_WORKFLOW_SHUTDOWN) {
        forget_jobs(self);
    }
}

static bool jobs_work(struct actor *actor)
{
    return launch_some((struct jobs *)actor);
}

/* What the pool has settled is acknowledged first. The outcomes that have not come never will. */
static bool jobs_may_close(struct actor *actor)
{
    return !((struct jobs *)actor)->answers;
}

static void jobs_end(struct actor *actor)
{
    forget_jobs((struct jobs *)actor);
}

static void jobs_swap(struct actor *actor)
{
    struct job *job, *next;
    HASH_ITER(hh, ((struct jobs *)actor)->table, job, next)
    job_redefine(job);
}

static const struct actor_type jobs_type = {.member = JOBS,
                                            .swap = jobs_swap,
                                            .hear = jobs_hear,
                                            .work = jobs_work,
                                            .may_close = jobs_may_close,
                                            .end = jobs_end};

/* "flow" for "flow/run1": the run has a name of its own if the installation is in the directory
 * above. */
static char *workflow_name(const struct cast_context *context)
{
    const char *above_run = strrchr(context->run_dir, '/');
    const char *above_id = strrchr(context->workflow_id, '/');
    if (!above_run || !above_id)
        return str_copy(context->workflow_id);
    uint64_t size;
    char *installed =
        str_format("%.*s/_cylc-install", (int)(above_run - context->run_dir), context->run_dir);
    int code = context->env->ops->file_size(context->env, installed, &size);
    free(installed);
    return code ? str_copy(context->workflow_id)
                : str_copy_n(context->workflow_id, (size_t)(above_id - context->workflow_id));
}

static void *jobs_create(const struct cast_context *context, struct error *error)
{
    (void)error;
    struct jobs *self = NEW(struct jobs);
    const char *slash = context->program ? strrchr(context->program, '/') : NULL;
    self->host.context = context;
    self->host.over = job_over;
    self->host.workflow_name = workflow_name(context);
    self->host.program_dir =
        slash ? str_copy_n(context->program, (size_t)(slash - context->program)) : NULL;
    job_lanes_init(self->host.lanes, context->workflow->process_pool_size);
    self->host.platforms = platforms_create(context->global);
    self->last = &self->first;
    self->answers_last = &self->answers;
    self->told = !context->restart;
    actor_init(&self->actor, &jobs_type, context);
    return self;
}

static void jobs_destroy(void *member)
{
    struct jobs *self = member;
    if (!self)
        return;
    actor_release(&self->actor);
    struct report *report, *next;
    HASH_ITER(hh, self->reports, report, next)
    report_forget(self, report);
    vec_release(&self->kills);
    forget_held(self);
    free(self->host.workflow_name);
    free(self->host.program_dir);
    platforms_destroy(self->host.platforms);
    free(self);
}

const struct cast_entry cast_jobs = {jobs_create, jobs_destroy};

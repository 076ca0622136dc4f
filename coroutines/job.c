/* A job from its submission to its end.
 *
 *   recording   job.submit is not committed yet, or it is not its turn
 *   choosing    a command tells its platform
 *   launching   it was started, or handed to its runner's queue, and has not taken hold yet
 *   following   it is in the queue, or runs: messages are read as they come
 *   sweeping    its end was said; it was killed, and processes of it are left
 *   over
 *
 * job.submitted is said when the job has taken hold, or is in the queue: a job file with a syntax
 * error ends before it claims anything and is a failed submission.
 *
 * The job file claims the job by creating job.status, so launching twice (a scheduler that died in
 * between) is harmless: the second process ends without a trace, and the first is followed. */
#include "coroutines/job.h"
#include "base/memory.h"
#include "coroutines/job_launch.h"
#include "scheduler/config/overlay.h"
#include "scheduler/job/paths.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { JOB_UNWATCHED_LOOK = 5 }; /* seconds: how often an unwatched status file is read */
static const uint64_t second = 1000000;

void job_log(struct job *job, enum log_level level, const char *what, const char *why)
{
    env_logf(job_env(job), level, "[%s] %s%s%s", job->name, what, why ? ": " : "", why ? why : "");
}

/* --- saying --- */

/* when 0: now. detail: where it runs, if that is known: "RUNNER PLATFORM". */
static void say(struct job *job, enum topic topic, const char *text, int64_t when)
{
    char *where = job->runner ? str_format("%s %s", job->runner->name, job->platform->name) : NULL;
    struct message message = {.topic = topic,
                              .point = job->key.point,
                              .task = job->key.task,
                              .submit = job->key.submit,
                              .try_ = job->try_,
                              .text = slice_of(text ? text : ""),
                              .detail = slice_of(where ? where : ""),
                              .value = job->timeout_at,
                              .when = when ? when : env_wall(job_env(job))};
    bus_publish(job->host->context->bus, JOBS, &message);
    free(where);
}

void job_say_submitted(struct job *job, const char *id, int64_t when)
{
    job->said_submitted = true;
    job->submitted = when ? when : env_wall(job_env(job));
    job_time_submitted(job);
    say(job, TOPIC_JOB_SUBMITTED, id, job->submitted);
}

void job_say_timeout(struct job *job, const char *event, int64_t after)
{
    struct message message = {.topic = TOPIC_JOB_TIMEOUT,
                              .point = job->key.point,
                              .task = job->key.task,
                              .submit = job->key.submit,
                              .text = slice_of(event),
                              .value = after,
                              .when = env_wall(job_env(job))};
    bus_publish(job->host->context->bus, JOBS, &message);
}

static void say_message(struct job *job, struct slice text, enum severity severity, int64_t when,
                        int64_t offset, uint64_t id)
{
    struct message message = {.topic = TOPIC_JOB_MESSAGE,
                              .point = job->key.point,
                              .task = job->key.task,
                              .submit = job->key.submit,
                              .try_ = job->try_,
                              .number = severity,
                              .text = text,
                              .value = offset,
                              .id = id,
                              .when = when ? when : env_wall(job_env(job))};
    bus_publish(job->host->context->bus, JOBS, &message);
}

static void end_with(struct job *job, enum topic topic, const char *text, int64_t when)
{
    PRE(!job->over);
    say(job, topic, text, when);
    job->over = true;
}

void job_fail_submission(struct job *job, const char *reason)
{
    end_with(job, TOPIC_JOB_SUBMIT_FAILED, reason, 0);
}

/* --- the status file --- */

/* From the directory, where the file was to appear, to the file itself: what the job writes to
 * job.out is none of our business. */
void job_watch(struct job *job, const char *path)
{
    struct env *env = job_env(job);
    if (job->watching)
        env->ops->watch_stop(env, &job->watch);
    job->watch = (struct env_watch){0};
    job->changes_seen = 0;
    int code = env->ops->watch_start(env, &job->watch, &job->co, path);
    job->watching = code == 0;
    if (job->watching || job->process.exited)
        return;
    if (!job->host->watch_complained)
        env_logf(env, LOG_WARNING_LEVEL, "cannot watch %s: %s; looking every %d s instead", path,
                 strerror(-code), JOB_UNWATCHED_LOOK);
    job->host->watch_complained = true;
    env->ops->timer_start(env, &job->look, &job->co, JOB_UNWATCHED_LOOK * second);
}

static void say_beginning(struct job *job)
{
    if (job->status.id[0] && !job->said_submitted)
        job_say_submitted(job, job->runner_id ? job->runner_id : job->status.id,
                          job->status.submit_time);
    if (job->status.init_time && !job->said_started) {
        job->said_started = true;
        job_time_started(job);
        say(job, TOPIC_JOB_STARTED, NULL, job->status.init_time);
    }
}

static enum severity severity_of(struct slice name)
{
    for (int i = 0; i < SEVERITIES; i++)
        if (slice_equal(name, severity_names[i]))
            return (enum severity)i;
    return SEVERITY_INFO;
}

static bool read_once(struct job *job, uint64_t offset, uint64_t id)
{
    struct text bytes = {0};
    bool met = false;
    int code =
        job_env(job)->ops->file_read(job_env(job), job->status_path, job->status.offset, &bytes);
    if (code && code != -ENOENT)
        job_log(job, LOG_WARNING_LEVEL, "cannot read its status file", strerror(-code));
    struct slice rest = {bytes.at, bytes.n};
    struct job_status_message message;
    while (job_status_next(&job->status, &rest, &message)) {
        say_beginning(job);
        if ((int64_t)message.offset <= job->settled)
            continue;
        bool asked = id && message.offset == offset;
        met = met || asked;
        say_message(job, message.text, severity_of(message.severity), message.when,
                    (int64_t)message.offset, asked ? id : 0);
    }
    say_beginning(job);
    text_release(&bytes);
    return met;
}

bool job_read(struct job *job, uint64_t offset, uint64_t id)
{
    if (job->found && !job->platform && !job_pretends(job))
        job->launched = job_platform_find(job);
    if (!job->platform) /* nothing of it has begun */
        return false;
    bool met = read_once(job, offset, id);
    if (job->status.init_time && !job->watching_file && !job->over) {
        job->watching_file = true;
        if (job->before == STATUS_RUNNING)
            job_time_started(job);
        if (!job->process.exited) {
            job_watch(job, job->status_path);
            met = read_once(job, offset, id) || met; /* what came before it was watched */
        }
    }
    return met;
}

/* --- the end --- */

/* How a process ended that did not say so itself. */
static const char *end_of_process(const struct job *job, char *buffer)
{
    if (job->process.signal)
        return job_signal_name(job->process.signal, buffer);
    return job->process.status > 0 ? "ERR" : "";
}

/* Killed on request is no more than failed, in the records of Cylc; a limit is its signal. */
static const char *reason_of_failure(struct job *job, char *buffer)
{
    const char *reason = job->status.exit;
    if (!reason[0])
        reason = end_of_process(job, buffer);
    bool by_signal = strcmp(reason, "TERM") == 0 || strcmp(reason, "KILL") == 0;
    if (job->timed_out && by_signal)
        return "XCPU";
    return job->kill_wanted && by_signal ? "" : reason;
}

void job_conclude(struct job *job)
{
    char buffer[JOB_SIGNAL_MAX];
    say_beginning(job);
    if (strcmp(job->status.exit, "SUCCEEDED") == 0)
        end_with(job, TOPIC_JOB_SUCCEEDED, NULL, job->status.exit_time);
    else
        end_with(job, TOPIC_JOB_FAILED, reason_of_failure(job, buffer), job->status.exit_time);
}

static void process_close(struct job *job)
{
    job_env(job)->ops->process_close(job_env(job), &job->process);
    job->process = (struct env_process){0};
}

/* False if the process that claimed the job is no longer there. */
bool job_follow_claimant(struct job *job)
{
    struct env *env = job_env(job);
    int64_t pid = job->status.pid;
    if (pid <= 1 || env->ops->process_watch(env, &job->process, &job->co, pid) != 0)
        return false;
    job->process.pid = pid;
    if (job_process_is(env, pid, job->file))
        return true;
    process_close(job);
    return false;
}

/* The process we launched has ended without having the job. Either it came second, and the first
 * is to be followed; or it never got as far. */
static void conclude_launch(struct job *job)
{
    if (job_is_claimed(job)) {
        process_close(job);
        if (job_follow_claimant(job))
            return;
        job_read(job, 0, 0);
        job_conclude(job);
        return;
    }
    struct text reason = {0};
    job_launch_failure(job, &reason);
    job_fail_submission(job, text_string(&reason));
    text_release(&reason);
}

static void attend_exit(struct job *job)
{
    bool ours = job->status.pid && job->status.pid == job->process.pid;
    if (ours || job->status.exit[0])
        job_conclude(job);
    else
        conclude_launch(job);
}

/* --- simulation and skip mode: no process; in simulation the time it takes --- */

static void pretend_beginning(struct job *job)
{
    bool skips = job->mode == RUN_SKIP;
    double length = skips ? 0 : job_task(job)->runtime.simulation_run_length;
    snprintf(job->status.id, sizeof job->status.id, "%s", run_mode_names[job->mode]);
    job->status.init_time = env_wall(job_env(job));
    say_beginning(job);
    job_env(job)->ops->timer_start(job_env(job), &job->limit, &job->co,
                                   (uint64_t)(length * (double)second));
}

/* What it completes at its end, by output index. */
static uint64_t pretended_outputs(const struct job *job)
{
    static const uint64_t failed = UINT64_C(1) << OUTPUT_FAILED;
    const struct task_def *task = job_task(job);
    if (job->kill_wanted)
        return failed;
    if (job->mode == RUN_SKIP)
        return task_skip_outputs(job->host->context->workflow, task);
    bool fails = simulated_job_fails(&task->runtime.simulated_failures, job->key.point, job->try_);
    return fails ? failed : ~failed;
}

static void pretend_end(struct job *job)
{
    const struct task_def *task = job_task(job);
    uint64_t outputs = pretended_outputs(job);
    for (uint32_t i = OUTPUT_CUSTOM; i < task->n_outputs; i++)
        if (outputs >> i & 1)
            say_message(job, slice_of(task->outputs[i].message), SEVERITY_INFO, 0, -1, 0);
    if (outputs >> OUTPUT_FAILED & 1)
        end_with(job, TOPIC_JOB_FAILED, "", 0);
    else
        end_with(job, TOPIC_JOB_SUCCEEDED, NULL, 0);
}

/* --- the coroutine --- */

static void launch(struct job *job)
{
    struct error error = {0};
    if (job_platform_choose(job, &error) == 0 && job_launch_files(job, &error) == 0) {
        job_watch(job, job->directory);
        if (job->runner->is_job)
            job_launch_process(job, &error);
        else
            job_queue_submit(job);
    }
    if (error.code)
        job_fail_submission(job, error.text);
}

/* Launch it now, or when its platform is known. */
static void prepare(struct job *job)
{
    job->choosing = job_platform_ask(job);
    if (!job->choosing)
        launch(job);
}

/* In a queue, for all we know. */
static void find_in_queue(struct job *job)
{
    job_watch(job, job->directory);
    if (job->said_submitted)
        job_time_submitted(job);
    else
        job_say_submitted(job, job->runner_id, 0);
    job_queue_poll(job);
}

/* After a restart: is it over, does it run, was it ever launched? */
static void find(struct job *job)
{
    job_read(job, 0, 0);
    if (!job->status.exit_time && job_follow_claimant(job))
        return;
    job_read(job, 0, 0); /* it may have ended since */
    if (job_is_claimed(job))
        job_conclude(job);
    else if (job->launched && !job->runner->is_job && job_queue_find(job))
        find_in_queue(job);
    else if (job->before != STATUS_PREPARING)
        job_conclude(job);
    else
        prepare(job);
}

static void begin(struct job *job)
{
    if (job_pretends(job))
        pretend_beginning(job);
    else if (job->kill_wanted && !job->found)
        job_fail_submission(job, "killed before it was launched");
    else if (job->found)
        find(job);
    else
        prepare(job);
}

static bool has_changed(struct job *job)
{
    bool unwatched = job->look.fired;
    if (unwatched) {
        job->look.fired = false;
        job_env(job)->ops->timer_start(job_env(job), &job->look, &job->co,
                                       JOB_UNWATCHED_LOOK * second);
    }
    return unwatched || job->process.exited || job->changes_seen != job->watch.changes ||
           job->poll_wanted;
}

/* job.status has just been read. */
static void finish_poll(struct job *job)
{
    char what[64];
    if (!job->poll_wanted)
        return;
    job->poll_wanted = false;
    if (!job_is_claimed(job)) {
        job_queue_poll(job);
    } else if (job->poll_asked) {
        snprintf(what, sizeof what, "polled: %s, process %lld",
                 job->process.exited ? "ended" : "running", (long long)job->status.pid);
        job_log(job, LOG_INFO_LEVEL, what, NULL);
        job->poll_asked = false;
    }
}

/* A job that was in a queue has begun. */
static void attend_claim(struct job *job)
{
    if (!job_is_claimed(job) || job->process.pid || job->over)
        return;
    if (job_follow_claimant(job))
        return;
    job_read(job, 0, 0); /* it has ended since */
    if (!job->over)
        job_conclude(job);
}

/* Everything that may have happened since. */
static void look(struct job *job)
{
    if (job->over)
        return;
    if (job_pretends(job)) {
        if (job->limit.fired || job->kill_wanted)
            pretend_end(job);
        return;
    }
    bool exited = job->process.exited; /* before the last look at the file */
    job_time_attend(job);
    if (has_changed(job)) {
        job->changes_seen = job->watch.changes;
        job_read(job, 0, 0);
        finish_poll(job);
    }
    job_queue_attend(job);
    if (job->over)
        return;
    attend_claim(job);
    if (job->over)
        return;
    job_kill_attend(job);
    if (exited)
        attend_exit(job);
    else if (job->status.exit_time)
        job_conclude(job); /* its last line is written: the process is as good as gone */
}

void job_catch_up(struct job *job)
{
    if (job->co.state == JOB_RECORDING && job->found && !job->over) {
        job_read(job, 0, 0); /* it is not followed yet; what is written goes first */
        if (job->status.exit_time && !job->over)
            job_conclude(job);
    }
    if (job->co.state == JOB_RECORDING || job->co.state == JOB_CHOOSING)
        return;
    job->poll_wanted = true;
    look(job);
    co_wake(&job->co);
}

static bool is_launched(struct job *job)
{
    if (job->choosing && job_command_ended(&job->choose)) {
        job->choosing = false;
        if (job->kill_wanted)
            job_fail_submission(job, "killed before it was launched");
        else
            launch(job);
    }
    return !job->choosing;
}

static bool has_begun(struct job *job)
{
    look(job);
    return job->over || job->said_submitted;
}

static bool is_over(struct job *job)
{
    look(job);
    return job->over;
}

static enum co_result job_step(struct co *co)
{
    struct job *job = (struct job *)co;
    CO_BEGIN(co, job_state, JOB_RECORDING);
    if (!job->may_launch)
        return CO_ASLEEP;
    if (!job->over)
        begin(job);
    CO_AWAIT(co, JOB_CHOOSING, is_launched(job));
    CO_AWAIT(co, JOB_LAUNCHING, has_begun(job));
    CO_AWAIT(co, JOB_FOLLOWING, is_over(job));
    CO_AWAIT(co, JOB_SWEEPING, job_is_swept(job));
    CO_END(co, JOB_OVER);
}

static void job_done(struct co *co)
{
    struct job *job = (struct job *)co;
    job->host->over(job->host, co);
}

static const char *const state_names[] = {"recording", "choosing", "launching",
                                          "following", "sweeping", "over"};
static const struct co_type job_type = {"job", job_step, state_names, JOB_OVER + 1, job_done};

const struct task_def *job_task(const struct job *job)
{
    return job->overlay ? overlay_task(job->overlay)
                        : &job->host->context->workflow->tasks[job->key.task];
}

void job_redefine(struct job *job)
{
    const struct workflow *workflow = job->host->context->workflow;
    overlay_destroy(job->overlay);
    job->overlay = overlay_from_json(workflow->cycling, &workflow->tasks[job->key.task],
                                     slice_of(job->settings));
    if (job->mode == RUN_DUMMY)
        job_launch_dummy(job);
}

struct job *job_create(struct job_host *host, const struct message *message)
{
    const struct cast_context *context = host->context;
    const char *task = context->workflow->tasks[message->task].name;
    char point[POINT_TEXT_MAX];
    struct job *job = NEW(struct job);
    co_init(&job->co, &job_type, &context->env->ready);
    job->host = host;
    job->key = (struct job_key){message->point, message->task, message->submit};
    job->seq = message->seq;
    job->try_ = message->try_;
    job->flows = message->flows;
    if (message->topic == TOPIC_JOB_FOLLOW) {
        job->found = true;
        job->before = message->status;
        job->said_submitted = message->status != STATUS_PREPARING;
        job->said_started = message->status == STATUS_RUNNING;
        job->settled = message->value;
        job->submitted = message->when;
        job->timeout_at = (int64_t)message->id;
    }
    job->mode = message->number < RUN_MODES ? (enum run_mode)message->number : RUN_LIVE;
    job->settings = message->settings.n ? slice_copy(message->settings) : NULL;
    job_redefine(job);
    if (message->text.n)
        job->environment = slice_copy(message->text);
    point_format(context->workflow->cycling, message->point, point);
    job->name = str_format("%s/%s/%02u", point, task, message->submit);
    job->directory = job_path(context->run_dir, point, task, message->submit, NULL);
    job->file = job_path(context->run_dir, point, task, message->submit, "job");
    job->status_path = job_path(context->run_dir, point, task, message->submit, "job.status");
    return job;
}

void job_destroy(struct job *job)
{
    if (!job)
        return;
    struct env *env = job_env(job);
    co_cancel(&job->co);
    struct env_timer *const timers[] = {&job->limit,   &job->kill, &job->look,
                                        &job->timeout, &job->poll, &job->missed};
    for (size_t i = 0; i < sizeof timers / sizeof *timers; i++)
        env->ops->timer_stop(env, timers[i]);
    struct job_command *const commands[] = {&job->choose, &job->submit, &job->list, &job->cancel};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        job_command_close(commands[i]);
    if (job->watching)
        env->ops->watch_stop(env, &job->watch);
    env->ops->process_close(env, &job->process);
    overlay_destroy(job->overlay);
    for (char **e = job->submission_environment; e && *e; e++)
        free(*e);
    free(job->submission_environment);
    free(job->settings);
    free(job->runner_id);
    free(job->environment);
    free(job->name);
    free(job->directory);
    free(job->file);
    free(job->status_path);
    free(job);
}

void job_launch(struct job *job)
{
    job->may_launch = true;
    co_wake(&job->co);
}

void job_kill(struct job *job)
{
    job->kill_wanted = true;
    job->kill_sent = false;
    co_wake(&job->co);
}

void job_poll(struct job *job)
{
    job->poll_wanted = job->poll_asked = true;
    co_wake(&job->co);
}

/* What jobs report. Events of another submit number, or about what is already known, change
 * nothing; missed ones are made up for: started implies submitted, an end implies started. */
#include "pool/inside.h"
#include "scheduler/config/print.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

enum { DELAY_TEXT_MAX = 128 };
#define BIT(output) (UINT64_C(1) << (output))
#define ALWAYS_NATURAL                                                                             \
    (BIT(OUTPUT_FAILED) | BIT(OUTPUT_SUBMIT_FAILED)) /* so does Cylc record them */

static bool starts_with(struct slice text, const char *prefix)
{
    return text.n >= strlen(prefix) && memcmp(text.at, prefix, strlen(prefix)) == 0;
}

/* --abort-if-any-task-fails. A submission that fails is no failure, and neither is a task's that
 * will be tried again. */
static void failure_ends(struct pool *pool, const struct instance *instance)
{
    const struct workflow *workflow = pool->workflow;
    struct text name = {0};
    bool expected = false;
    add_name(pool, instance->point, instance->task, &name);
    for (uint32_t i = 0; i < workflow->n_expected_failures; i++)
        expected |= strcmp(workflow->expected_failures[i], text_string(&name)) == 0;
    text_release(&name);
    if (!expected)
        end_now(pool, STOP_ABORT, "AUTOMATIC(ON-TASK-FAILURE)");
}

void instance_advance(struct pool *pool, struct instance *instance, enum task_status status,
                      uint64_t outputs, uint64_t forced)
{
    uint64_t news = outputs & ~instance->outputs;
    instance->outputs |= news;
    if (instance->flags & TASK_JOINED)
        news = outputs;
    uint32_t flags = instance->flags & ~(uint32_t)TASK_INCOMPLETE;
    if (status_is_final(status))
        flags &= ~(uint32_t)TASK_JOINED;
    if (status_is_final(status) && !instance_is_complete(pool, instance))
        flags |= TASK_INCOMPLETE;
    instance_move(pool, instance, status, flags);
    if (pool->abort_on_failure && news & BIT(OUTPUT_FAILED))
        failure_ends(pool, instance);
    for (uint32_t output = 0; output < OUTPUTS_MAX; output++)
        if (news & BIT(output))
            instance_output(pool, instance, output, forced & ~ALWAYS_NATURAL & BIT(output));
    instance_remove_if_done(pool, instance);
}

static void advance(struct pool *pool, struct instance *instance, enum task_status status,
                    uint64_t outputs)
{
    instance_advance(pool, instance, status, outputs, 0);
}

static void say_plain(struct pool *pool, const struct instance *instance, const char *event)
{
    say_event(pool, instance, event, (struct slice){0});
}

static void imply(struct pool *pool, struct instance *instance, enum task_status status)
{
    bool unsubmitted =
        instance->status == STATUS_PREPARING || instance->status == STATUS_SUBMIT_FAILED;
    if (unsubmitted)
        say_plain(pool, instance, "submitted");
    if (status != STATUS_RUNNING && (unsubmitted || instance->status == STATUS_SUBMITTED))
        say_plain(pool, instance, "started");
    instance->submit_try = 1;
}

static void submitted(struct pool *pool, struct instance *instance)
{
    if (instance->status != STATUS_PREPARING)
        return;
    say_plain(pool, instance, "submitted");
    advance(pool, instance, STATUS_SUBMITTED, BIT(OUTPUT_SUBMITTED));
}

static void started(struct pool *pool, struct instance *instance)
{
    if (instance->status != STATUS_PREPARING && instance->status != STATUS_SUBMITTED &&
        instance->status != STATUS_SUBMIT_FAILED)
        return;
    imply(pool, instance, STATUS_RUNNING);
    say_plain(pool, instance, "started");
    advance(pool, instance, STATUS_RUNNING, BIT(OUTPUT_SUBMITTED) | BIT(OUTPUT_STARTED));
}

static void succeeded(struct pool *pool, struct instance *instance)
{
    if (instance->status == STATUS_WAITING || instance->status == STATUS_SUCCEEDED)
        return;
    imply(pool, instance, STATUS_SUCCEEDED);
    say_plain(pool, instance, "succeeded");
    advance(pool, instance, STATUS_SUCCEEDED,
            BIT(OUTPUT_SUBMITTED) | BIT(OUTPUT_STARTED) | BIT(OUTPUT_SUCCEEDED));
}

/* --- failure and retries --- */

/* "PT1H30M (after 2026-01-01T00:00:00Z)" */
static const char *delay_text(const struct pool *pool, double delay, char *buffer)
{
    int64_t s = (int64_t)ceil(delay);
    struct text length = {0};
    duration_print(delay, &length);
    time_t due = (time_t)(pool->now / 1000000 + s);
    struct tm tm;
    char when[32] = "";
    if (gmtime_r(&due, &tm))
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
    snprintf(buffer, DELAY_TEXT_MAX, "%s (after %s)", text_string(&length), when);
    text_release(&length);
    return buffer;
}

static void retry(struct pool *pool, struct instance *instance, double delay, const char *event,
                  const char *what)
{
    char when[DELAY_TEXT_MAX], text[DELAY_TEXT_MAX * 2];
    int n = snprintf(text, sizeof text, "%s, retrying in %s", what, delay_text(pool, delay, when));
    say_event(pool, instance, event, (struct slice){text, (size_t)n});
    instance->satisfied = true; /* it began, perhaps because a user triggered it */
    xtriggers_force(pool, instance, NO_INDEX);
    uint32_t again = instance->restored ? TASK_JOINED : 0; /* others may be its children now */
    instance_move(pool, instance, STATUS_WAITING, instance->flags | TASK_RETRYING | again);
    retry_wait(pool, instance, delay);
}

static void failed(struct pool *pool, struct instance *instance, struct slice message)
{
    if (instance->status == STATUS_WAITING || instance->status == STATUS_SUCCEEDED ||
        instance->status == STATUS_FAILED)
        return;
    imply(pool, instance, STATUS_FAILED);
    const struct delays *delays = &instance_task(pool, instance)->runtime.execution_retries;
    uint64_t outputs = BIT(OUTPUT_SUBMITTED) | BIT(OUTPUT_STARTED);
    if (instance->try_ <= delays->n && !status_is_final(instance_status(instance))) {
        double delay = delays->at[instance->try_ - 1];
        advance(pool, instance, STATUS_RUNNING, outputs);
        instance->try_++;
        retry(pool, instance, delay, "retry", "job failed");
        return;
    }
    say_event(pool, instance, "failed", message);
    advance(pool, instance, STATUS_FAILED, outputs | BIT(OUTPUT_FAILED));
}

/* The reason a job gives: "failed/SIGNAL", "aborted/REASON" or a bare signal, or nothing. */
static void failed_because(struct pool *pool, struct instance *instance, struct slice reason)
{
    if (instance->status == STATUS_WAITING || instance->status == STATUS_SUCCEEDED ||
        instance->status == STATUS_FAILED)
        return;
    struct slice message = {0};
    struct text critical = {0};
    if (starts_with(reason, "aborted/")) {
        say_event(pool, instance, "aborted", reason);
        message = (struct slice){reason.at + 8, reason.n - 8};
        text_add_n(&critical, reason.at, reason.n);
    } else if (reason.n && !slice_equal(reason, "failed")) {
        if (starts_with(reason, "failed/"))
            reason = (struct slice){reason.at + 7, reason.n - 7};
        say_event(pool, instance, "signaled", reason);
        text_addf(&critical, "failed/%.*s", (int)reason.n, reason.at);
    }
    if (critical.n)
        say_event(pool, instance, "critical", (struct slice){critical.at, critical.n});
    failed(pool, instance, message);
    text_release(&critical);
}

static void submit_failed(struct pool *pool, struct instance *instance)
{
    if (instance->status != STATUS_PREPARING && instance->status != STATUS_SUBMITTED)
        return;
    const struct delays *delays = &instance_task(pool, instance)->runtime.submission_retries;
    say_event(pool, instance, "critical", slice_of("submission failed"));
    if (instance->submit_try <= delays->n) {
        double delay = delays->at[instance->submit_try++ - 1];
        retry(pool, instance, delay, "submission retry", "job submission failed");
        return;
    }
    say_plain(pool, instance, "submission failed");
    advance(pool, instance, STATUS_SUBMIT_FAILED, BIT(OUTPUT_SUBMIT_FAILED));
}

/* --- handlers --- */

static struct instance *addressee(const struct pool *pool, const struct message *message)
{
    struct instance *instance = instances_find(&pool->instances, message->point, message->task);
    return instance && instance->submit == message->submit ? instance : NULL;
}

bool next_is_missing(struct pool *pool, const struct instance *instance)
{
    if (!pool->workflow->tasks[instance->task].sequential && !(instance->flags & TASK_RUNAHEAD))
        return false;
    cycle_point next = graph_task_next(pool->workflow->graph, instance->task, instance->point);
    return next != POINT_NONE && history_is_missing(pool, next, instance->task);
}

/* The job of a task that was removed. */
static void orphan_ends(struct pool *pool, const struct message *message)
{
    if (message->topic == TOPIC_JOB_SUBMITTED || message->topic == TOPIC_JOB_STARTED)
        return;
    size_t kept = 0;
    VEC_EACH (struct orphan, orphan, &pool->orphans)
        if (orphan->point != message->point || orphan->task != message->task ||
            orphan->submit != message->submit)
            pool->orphans.at[kept++] = *orphan;
    pool->orphans.n = kept;
}

void handle_job(struct pool *pool, const struct message *message)
{
    struct instance *instance = addressee(pool, message);
    if (!instance) {
        orphan_ends(pool, message);
        return;
    }
    if (message->topic == TOPIC_JOB_SUBMITTED) {
        submitted(pool, instance);
    } else if (message->topic == TOPIC_JOB_STARTED) {
        started(pool, instance);
    } else if (message->topic == TOPIC_JOB_SUCCEEDED) {
        if (next_is_missing(pool, instance))
            defer_event(pool, message);
        else
            succeeded(pool, instance);
    } else if (message->topic == TOPIC_JOB_FAILED) {
        failed_because(pool, instance, message->text);
    } else {
        INVARIANT(message->topic == TOPIC_JOB_SUBMIT_FAILED);
        submit_failed(pool, instance);
    }
}

/* A message that is the name of a state does what the state's own event does. True if it was one.
 */
static bool is_state_message(struct pool *pool, struct instance *instance,
                             const struct message *message)
{
    struct slice text = message->text;
    if (slice_equal(text, "submitted"))
        submitted(pool, instance);
    else if (slice_equal(text, "started"))
        started(pool, instance);
    else if (slice_equal(text, "succeeded"))
        succeeded(pool, instance);
    else if (slice_equal(text, "failed") || starts_with(text, "failed/") ||
             starts_with(text, "aborted/"))
        failed_because(pool, instance, text);
    else if (slice_equal(text, "submission failed") || slice_equal(text, "submit-failed"))
        submit_failed(pool, instance);
    else
        return false;
    return true;
}

static const char *const severity_events[SEVERITIES][2] = {
    /* the record of the message; the event for handlers where that has a name of its own */
    [SEVERITY_DEBUG] = {"message debug", NULL},
    [SEVERITY_INFO] = {"message info", NULL},
    [SEVERITY_WARNING] = {"message warning", "warning"},
    [SEVERITY_ERROR] = {"message error", NULL},
    [SEVERITY_CRITICAL] = {"message critical", "critical"},
    [SEVERITY_CUSTOM] = {"message custom", "custom"},
};

static void hear_message(struct pool *pool, struct instance *instance,
                         const struct message *message)
{
    if (instance->status == STATUS_WAITING || is_state_message(pool, instance, message))
        return;
    const struct task_def *task = &pool->workflow->tasks[instance->task];
    uint32_t output = task_output_by_message(task, message->text.at, message->text.n);
    bool news =
        output != NO_INDEX && (!(instance->outputs & BIT(output)) || instance->flags & TASK_JOINED);
    if (news && output >= OUTPUT_CUSTOM) {
        say_event(pool, instance, task->outputs[output].name, message->text);
        advance(pool, instance, instance_status(instance), BIT(output));
        return;
    }
    PRE(message->number < SEVERITIES);
    for (int i = 0; i < 2; i++)
        if (severity_events[message->number][i])
            say_event(pool, instance, severity_events[message->number][i], message->text);
}

/* Somebody may want to know, once for each job; nothing else changes. */
void handle_timeout(struct pool *pool, const struct message *message)
{
    struct instance *instance = addressee(pool, message);
    bool submitted = slice_equal(message->text, "submission timeout");
    if (!instance || instance->status != (submitted ? STATUS_SUBMITTED : STATUS_RUNNING))
        return;
    const char *event = submitted ? "submission timeout" : "execution timeout";
    struct text text = {0};
    text_addf(&text, "%s after ", event);
    duration_print((double)message->value / 1e6, &text);
    say_event(pool, instance, event, (struct slice){text.at, text.n});
    text_release(&text);
}

void handle_job_message(struct pool *pool, const struct message *message)
{
    struct instance *instance = addressee(pool, message);
    if (instance && slice_equal(message->text, "succeeded") && next_is_missing(pool, instance)) {
        defer_event(pool, message);
        return;
    }
    bool known = instance && message->value >= 0 && message->value <= instance->settled;
    if (instance && !known) {
        if (message->value >= 0)
            instance->settled = message->value;
        hear_message(pool, instance, message);
    }
    if (message->value >= 0)
        answer_later(pool, &(struct message){.topic = TOPIC_JOB_SETTLED,
                                             .point = message->point,
                                             .task = message->task,
                                             .submit = message->submit,
                                             .value = message->value});
    if (message->id)
        answer_later(pool, &(struct message){.topic = TOPIC_POOL_OUTCOME, .id = message->id});
}

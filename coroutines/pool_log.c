/* See pool_log.h. */
#include "coroutines/pool_log.h"
#include <stdio.h>

#include "base/banned.h"

enum { LINE_MAX_ = 1024, NAME_MAX_ = 512 };

void pool_log_init(struct pool_log *log, const struct cast_context *context,
                   const struct pool *pool)
{
    *log = (struct pool_log){.context = context, .pool = pool};
}

/* "1/a/01" (no job yet: "1/a"). */
static const char *task_name(const struct pool_log *log, const struct message *message,
                             char *buffer)
{
    const struct workflow *workflow = log->context->workflow;
    char point[POINT_TEXT_MAX];
    point_format(workflow->cycling, message->point, point);
    char job[16] = "";
    if (message->submit)
        snprintf(job, sizeof job, "/%02u", message->submit);
    snprintf(buffer, NAME_MAX_, "%s/%s%s", point, workflow->tasks[message->task].name, job);
    return buffer;
}

static const char *flags_text(uint32_t flags)
{
    if (flags & TASK_HELD)
        return "(held)";
    if (flags & TASK_RUNAHEAD)
        return "(runahead)";
    if (flags & TASK_QUEUED)
        return "(queued)";
    return "";
}

static void log_state(const struct pool_log *log, const struct message *message)
{
    char name[NAME_MAX_];
    enum task_status before = (enum task_status)message->value;
    enum log_level level =
        message->status == STATUS_FAILED || message->status == STATUS_SUBMIT_FAILED
            ? LOG_ERROR_LEVEL
            : LOG_INFO_LEVEL;
    env_logf(log->context->env, level, "[%s:%s] => %s%s", task_name(log, message, name),
             before < STATUSES ? task_status_names[before] : "", task_status_names[message->status],
             flags_text(message->flags));
}

static void flow_text(const struct flow_list *flows, char *buffer, size_t size)
{
    size_t n = 0;
    buffer[0] = '\0';
    for (uint32_t i = 0; i < flows->n && n < size; i++)
        n += (size_t)snprintf(buffer + n, size - n, "%s%u", i ? "," : "", flows->at[i]);
    if (!flows->n)
        snprintf(buffer, size, "none");
}

static void log_submit(const struct pool_log *log, const struct message *message)
{
    if (!log->context->reference_log)
        return;
    char name[NAME_MAX_], flows[128];
    struct message without_job = *message;
    without_job.submit = 0;
    struct text parents = {0};
    pool_describe_triggers(log->pool, message->point, message->task, &parents);
    flow_text(&message->flows, flows, sizeof flows);
    env_logf(log->context->env, LOG_INFO_LEVEL, "%s -triggered off %s in flow %s",
             task_name(log, &without_job, name), text_string(&parents), flows);
    text_release(&parents);
}

/* "[1/a/01:running] TEXT", with what `mark` puts before the text. */
static void log_about(const struct pool_log *log, const struct message *message,
                      enum log_level level, const char *mark, struct slice text)
{
    char name[NAME_MAX_];
    enum task_status status = pool_status(log->pool, message->point, message->task);
    env_logf(log->context->env, level, "[%s%s%s] %s%.*s", task_name(log, message, name),
             status < STATUSES ? ":" : "", status < STATUSES ? task_status_names[status] : "", mark,
             (int)text.n, text.at ? text.at : "");
}

/* A message by its severity, under the names of Cylc's events. */
static bool message_level(struct slice event, enum log_level *ret_level)
{
    static const struct {
        const char *event;
        enum log_level level;
    } levels[] = {{"message debug", LOG_DEBUG_LEVEL},     {"message info", LOG_INFO_LEVEL},
                  {"message warning", LOG_WARNING_LEVEL}, {"message error", LOG_ERROR_LEVEL},
                  {"message custom", LOG_INFO_LEVEL},     {"message critical", LOG_CRITICAL_LEVEL}};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (slice_equal(event, levels[i].event)) {
            *ret_level = levels[i].level;
            return true;
        }
    return false;
}

static void log_event(const struct pool_log *log, const struct message *message)
{
    static const char *const warnings[] = {"execution timeout", "submission timeout", "late",
                                           "retry", "submission retry"};
    const struct task_def *task = &log->context->workflow->tasks[message->task];
    enum log_level level = LOG_INFO_LEVEL;
    if (message->value) /* said again, for the handlers */
        return;
    uint32_t output = task_output_by_message(task, message->detail.at, message->detail.n);
    bool custom = message->detail.n && output != NO_INDEX && output >= OUTPUT_CUSTOM &&
                  slice_equal(message->text, task->outputs[output].name);
    if (custom || message_level(message->text, &level)) {
        log_about(log, message, level, "(received)", message->detail);
        return;
    }
    for (size_t i = 0; i < sizeof warnings / sizeof *warnings; i++)
        if (slice_equal(message->text, warnings[i]))
            log_about(log, message, LOG_WARNING_LEVEL, "", message->detail);
}

static void log_workflow_state(const struct pool_log *log, const struct message *message)
{
    int n = (int)message->text.n;
    if (message->flags & WORKFLOW_STALLED)
        env_logf(log->context->env, LOG_WARNING_LEVEL, "Workflow stalled: %.*s", n,
                 message->text.at ? message->text.at : "");
    else if (message->number == WORKFLOW_PAUSED)
        env_logf(log->context->env, LOG_INFO_LEVEL, "Workflow paused");
    else if (n)
        env_logf(log->context->env, LOG_INFO_LEVEL, "%.*s", n, message->text.at);
}

/* As Cylc reports them: a title, then one line for each setting. */
static void log_broadcast(const struct pool_log *log, const struct message *message)
{
    struct env *env = log->context->env;
    if (message->number == 0)
        env_logf(env, LOG_INFO_LEVEL, "%s",
                 message->value ? "Broadcast set:" : "Broadcast cancelled:");
    env_logf(env, LOG_INFO_LEVEL, "%c [%.*s] %.*s", message->value ? '+' : '-',
             (int)message->text.n, message->text.at, (int)message->detail.n, message->detail.at);
}

static void log_removal(const struct pool_log *log, const struct message *message)
{
    char name[NAME_MAX_], flows[128];
    flow_text(&message->flows, flows, sizeof flows);
    env_logf(log->context->env, LOG_INFO_LEVEL, "Removed tasks: %s (flows=%s)",
             task_name(log, message, name), message->flows.n ? flows : "all");
}

static void log_impossible(const struct pool_log *log, const struct message *message)
{
    char name[NAME_MAX_];
    env_logf(log->context->env, LOG_INFO_LEVEL, "[%s] removed: %.*s", task_name(log, message, name),
             (int)message->text.n, message->text.at ? message->text.at : "");
}

static void log_forced(const struct pool_log *log, const struct message *message)
{
    char name[NAME_MAX_];
    struct message without_job = *message;
    without_job.submit = 0;
    env_logf(log->context->env, LOG_INFO_LEVEL, "[%s] output %s completed by set",
             task_name(log, &without_job, name),
             log->context->workflow->tasks[message->task].outputs[message->number].name);
}

void pool_log_message(struct pool_log *log, const struct message *message)
{
    if (message->topic == TOPIC_TASK_STATE)
        log_state(log, message);
    else if (message->topic == TOPIC_TASK_EVENT)
        log_event(log, message);
    else if (message->topic == TOPIC_JOB_SUBMIT)
        log_submit(log, message);
    else if (message->topic == TOPIC_TASK_REMOVED && message->number == REMOVED_FROM_FLOWS)
        log_removal(log, message);
    else if (message->topic == TOPIC_TASK_REMOVED && message->number == REMOVED_IMPOSSIBLE)
        log_impossible(log, message);
    else if (message->topic == TOPIC_TASK_OUTPUT && message->value & OUTPUT_FORCED)
        log_forced(log, message);
    else if (message->topic == TOPIC_WORKFLOW_BROADCAST)
        log_broadcast(log, message);
    else if (message->topic == TOPIC_WORKFLOW_STATE)
        log_workflow_state(log, message);
    else if (message->topic == TOPIC_WORKFLOW_SHUTDOWN)
        env_logf(log->context->env,
                 message->number == STOP_ABORT ? LOG_ERROR_LEVEL : LOG_INFO_LEVEL,
                 "Workflow shutting down - %.*s", (int)message->text.n,
                 message->text.at ? message->text.at : "");
}

void pool_log_heard(struct pool_log *log, const struct message *message)
{
    char name[NAME_MAX_];
    if (message->topic == TOPIC_JOB_FAILED || message->topic == TOPIC_JOB_SUBMIT_FAILED)
        env_logf(log->context->env, LOG_WARNING_LEVEL, "[%s] %s%s%.*s",
                 task_name(log, message, name),
                 message->topic == TOPIC_JOB_FAILED ? "job failed" : "job submission failed",
                 message->text.n ? ": " : "", (int)message->text.n,
                 message->text.at ? message->text.at : "");
}

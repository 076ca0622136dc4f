/* The handlers: who is told of events, and what is done because time passes.
 *
 * A task event with an audience (event_handlers.h) becomes one handler for each command and a line
 * of the next mail; when all of that is over it is settled, and the database forgets it. What is
 * not settled is said again at the next start, so that nobody is told less than once.
 *
 * Events of the workflow are told of while it runs; at the shutdown their handlers are waited for,
 * unless it is asked to end at once (stop --now --now).
 *
 * Four timeouts of [scheduler][events], each one timer: stall, inactivity, workflow, restart. */
#include "base/memory.h"
#include "base/table.h"
#include "coroutines/actor.h"
#include "coroutines/event_values.h"
#include "coroutines/mail.h"
#include "scheduler/config/event_handlers.h"
#include "scheduler/config/overlay.h"
#include "scheduler/job/paths.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum timeout { STALL, INACTIVITY, WORKFLOW_RUN, RESTART, TIMEOUTS };

static const char *const timeout_names[TIMEOUTS] = {"stall", "inactivity", "workflow", "restart"};

/* A task event of which somebody is still to be told. */
struct pending {
    uint64_t id;
    unsigned n_left; /* handlers, and one for the mail */
    UT_hash_handle hh;
};

struct handlers {
    struct actor actor;
    struct handler_host host;
    struct mail mail;
    struct pending *pending;
    struct env_timer timers[TIMEOUTS];
    bool stalled, at_once; /* at_once: stop --now --now */
};

static const struct timeout_def *definition(const struct handlers *self, enum timeout timeout)
{
    const struct workflow *workflow = self->actor.context->workflow;
    switch (timeout) {
    case STALL:
        return &workflow->stall_timeout;
    case INACTIVITY:
        return &workflow->inactivity_timeout;
    case WORKFLOW_RUN:
        return &workflow->workflow_timeout;
    case RESTART:
        return &workflow->restart_timeout;
    case TIMEOUTS:
        break;
    }
    IMPOSSIBLE("no such timeout");
}

/* --- telling --- */

static struct handlers *of_host(struct handler_host *host)
{
    return (struct handlers *)(void *)((char *)host - offsetof(struct handlers, host));
}

static void settle_one(struct handlers *self, uint64_t id)
{
    struct pending *pending;
    HASH_FIND(hh, self->pending, &id, sizeof id, pending);
    if (!pending || --pending->n_left)
        return;
    HASH_DEL(self->pending, pending);
    free(pending);
    if (!self->actor.faulted && !self->at_once) /* else the outbox may be closed */
        actor_say(&self->actor, &(struct message){.topic = TOPIC_EVENT_SETTLED, .id = id});
}

static void handler_is_over(struct handler_host *host, struct handler *handler, bool settled)
{
    struct handlers *self = of_host(host);
    VEC_EACH (uint64_t, id, &handler->events)
        if (settled)
            settle_one(self, *id);
    co_wake(&self->actor.co); /* the shutdown may wait for this one */
}

static void pend(struct handlers *self, uint64_t id, unsigned n)
{
    struct pending *pending = NEW(struct pending);
    pending->id = id;
    pending->n_left = n;
    HASH_ADD(hh, self->pending, id, sizeof pending->id, pending);
}

/* The command with its values, quoted for tasks only, as in Cylc; without any template it gets
 * Cylc's arguments: event, workflow, id (of a task), message. */
static char *command_line(struct handlers *self, const char *command,
                          const struct event_values *values, const char *name)
{
    bool of_task = event_values_find(values, "id") != NULL;
    struct text line = {0};
    struct error error = {0};
    bool filled;
    if (event_template_fill(command, of_task, values->pairs.at, values->pairs.n, &line, &filled,
                            &error) < 0) {
        actor_log(&self->actor, LOG_ERROR_LEVEL, "%s: %s: %s", name, command, error.text);
        text_release(&line);
        return NULL;
    }
    static const char *const defaults[] = {"event", "workflow", "id", "message"};
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults && !filled; i++) {
        const char *text = event_values_find(values, defaults[i]);
        if (!text)
            continue;
        text_add_char(&line, ' ');
        shell_word_add(&line, text);
    }
    return text_take(&line);
}

struct telling { /* one event */
    const struct event_audience *audience;
    const struct event_values *values;
    const char *name;     /* "1/a/01 succeeded", "workflow stall" */
    const char *activity; /* log file */
    const char *kind;     /* of the labels in that log: "event-handler" */
    const char *event;
    uint32_t submit;
    struct handler_order order; /* what they have in common */
};

static void tell_one(struct handlers *self, const struct telling *telling, uint32_t i)
{
    char *name = str_format("%s handler", telling->name);
    char *label = telling->submit
                      ? str_format("(('%s-%02u', '%s'), %u)", telling->kind, i, telling->event,
                                   telling->submit)
                      : str_format("('%s-%02u', '%s')", telling->kind, i, telling->event);
    char *command = command_line(self, telling->audience->commands[i], telling->values, name);
    struct handler_order order = telling->order;
    order.name = name;
    order.label = label;
    order.command = command;
    order.activity = telling->activity;
    if (command)
        handler_start(&self->host, &order);
    else
        for (size_t e = 0; e < order.n_events; e++)
            settle_one(self, order.events[e]);
    free(command);
    free(label);
    free(name);
}

/* How the task's job was run; of events from before a restart it is only known what the definition
 * says. */
static bool is_silent(const struct handlers *self, const struct runtime *runtime,
                      const struct message *event)
{
    enum run_mode mode = event->number && event->number < RUN_MODES
                             ? (enum run_mode)event->number
                             : task_run_mode(runtime, self->actor.context->mode);
    return (mode == RUN_SIMULATION && !runtime->simulation_handlers) ||
           (mode == RUN_SKIP && !runtime->skip_handlers);
}

static char *activity_of(const struct handlers *self, const struct message *event)
{
    const struct cast_context *context = self->actor.context;
    char point[POINT_TEXT_MAX];
    if (!event->submit) /* it has no job: expired */
        return str_format("%s/log/scheduler/log", context->run_dir);
    return job_path(context->run_dir, point_format(context->workflow->cycling, event->point, point),
                    context->workflow->tasks[event->task].name, event->submit, "job-activity.log");
}

static void tell_of_task(struct handlers *self, const struct runtime *runtime,
                         const struct message *event)
{
    const struct event_audience audience = task_event_audience(runtime, event->text);
    if (!event_has_audience(&audience)) {
        if (event->value) /* when it was recorded it had one: the definition has changed */
            actor_say(&self->actor,
                      &(struct message){.topic = TOPIC_EVENT_SETTLED, .id = event->id});
        return;
    }
    pend(self, event->id, audience.n_commands + audience.mail);
    if (is_silent(self, runtime, event)) {
        for (unsigned n = audience.n_commands + audience.mail; n; n--)
            settle_one(self, event->id);
        return;
    }
    struct event_values values;
    event_values_of_task(self->actor.context, event, runtime, &values);
    char *name = str_format("%s/%02u %.*s", event_values_find(&values, "id"), event->submit,
                            (int)event->text.n, event->text.at);
    char *activity = activity_of(self, event);
    const struct telling telling = {.audience = &audience,
                                    .values = &values,
                                    .name = name,
                                    .activity = activity,
                                    .kind = "event-handler",
                                    .event = event_values_find(&values, "event"),
                                    .submit = event->submit,
                                    .order = {.delays = &runtime->handler_retries,
                                              .seq = event->seq,
                                              .events = &event->id,
                                              .n_events = 1}};
    for (uint32_t i = 0; i < audience.n_commands; i++)
        tell_one(self, &telling, i);
    if (audience.mail)
        mail_add(&self->mail, runtime, event, &self->actor.co);
    free(activity);
    free(name);
    event_values_release(&values);
}

static void hear_task_event(struct handlers *self, const struct message *event)
{
    const struct workflow *workflow = self->actor.context->workflow;
    const struct task_def *task = &workflow->tasks[event->task];
    struct overlay *overlay = overlay_from_json(workflow->cycling, task, event->settings);
    tell_of_task(self, overlay ? &overlay_task(overlay)->runtime : &task->runtime, event);
    overlay_destroy(overlay);
}

static void tell_of_workflow(struct handlers *self, const char *event, const char *message,
                             uint64_t seq)
{
    const struct event_audience audience =
        workflow_event_audience(self->actor.context->workflow, event);
    if (!event_has_audience(&audience) || self->actor.context->mode == RUN_SIMULATION)
        return;
    struct event_values values;
    event_values_of_workflow(self->actor.context, event, message, &values);
    char *name = str_format("workflow %s", event);
    char *activity = str_format("%s/log/scheduler/log", self->actor.context->run_dir);
    const struct telling telling = {.audience = &audience,
                                    .values = &values,
                                    .name = name,
                                    .activity = activity,
                                    .kind = "workflow-event-handler",
                                    .event = event,
                                    .order = {.seq = seq}};
    for (uint32_t i = 0; i < audience.n_commands; i++)
        tell_one(self, &telling, i);
    if (audience.mail)
        mail_of_workflow(&self->mail, event, message);
    free(activity);
    free(name);
    event_values_release(&values);
}

/* --- timeouts --- */

static struct env *env_of(const struct handlers *self)
{
    return self->actor.context->env;
}

static void start(struct handlers *self, enum timeout timeout)
{
    double seconds = definition(self, timeout)->seconds;
    if (seconds >= 0)
        env_of(self)->ops->timer_start(env_of(self), &self->timers[timeout], &self->actor.co,
                                       (uint64_t)(seconds * 1e6));
}

static void stop(struct handlers *self, enum timeout timeout)
{
    env_of(self)->ops->timer_stop(env_of(self), &self->timers[timeout]);
    self->timers[timeout].fired = false;
}

static void expire(struct handlers *self, enum timeout timeout)
{
    const struct timeout_def *def = definition(self, timeout);
    self->timers[timeout].fired = false;
    char *message = str_format("%s timed out after %gs", timeout_names[timeout], def->seconds);
    char *event = str_format("%s timeout", timeout_names[timeout]);
    actor_log(&self->actor, LOG_WARNING_LEVEL, "%s", message);
    tell_of_workflow(self, event, message, 0);
    free(event);
    free(message);
    if (timeout == RESTART) {
        actor_say(&self->actor, &(struct message){.topic = TOPIC_POOL_COMMAND,
                                                  .number = POOL_STOP,
                                                  .flags = STOP_AUTOMATIC});
    } else if (def->abort) {
        char reason[64];
        int n = snprintf(reason, sizeof reason, "\"abort on %s timeout\" is set",
                         timeout_names[timeout]);
        actor_say(&self->actor, &(struct message){.topic = TOPIC_POOL_COMMAND,
                                                  .number = POOL_ABORT,
                                                  .text = {reason, (size_t)n}});
    }
}

static void hear_workflow_state(struct handlers *self, const struct message *message)
{
    bool stalled = message->flags & WORKFLOW_STALLED;
    if (stalled && !self->stalled) {
        start(self, STALL);
        tell_of_workflow(self, "stall", "workflow stalled", message->seq);
    } else if (!stalled && self->stalled)
        stop(self, STALL);
    self->stalled = stalled;
    if (message->flags & WORKFLOW_COMPLETE_AT_START)
        start(self, RESTART);
    else
        stop(self, RESTART);
}

static void handlers_start(struct actor *actor)
{
    struct handlers *self = (struct handlers *)actor;
    tell_of_workflow(self, "startup", "workflow starting", 0);
    start(self, WORKFLOW_RUN);
    start(self, INACTIVITY);
}

static void hear_shutdown(struct handlers *self, const struct message *message)
{
    char *reason = slice_copy(message->text);
    self->at_once = message->number == STOP_NOW_NOW;
    tell_of_workflow(self, message->number == STOP_ABORT ? "abort" : "shutdown", reason, 0);
    mail_send(&self->mail);
    handler_host_shut(&self->host);
    free(reason);
}

static void handlers_hear(struct actor *actor, const struct message *message)
{
    struct handlers *self = (struct handlers *)actor;
    if (message->topic == TOPIC_WORKFLOW_STATE)
        hear_workflow_state(self, message);
    else if (message->topic == TOPIC_TASK_EVENT)
        hear_task_event(self, message);
    else if (message->topic == TOPIC_RECORDED)
        handler_host_recorded(&self->host, message_recorded(message, TASK_POOL));
    else if (message->topic == TOPIC_WORKFLOW_SHUTDOWN)
        hear_shutdown(self, message);
    else if (message->topic == TOPIC_TASK_STATE && definition(self, INACTIVITY)->seconds >= 0)
        start(self, INACTIVITY);
}

static bool handlers_work(struct actor *actor)
{
    struct handlers *self = (struct handlers *)actor;
    for (int timeout = 0; timeout < TIMEOUTS; timeout++)
        if (self->timers[timeout].fired && !actor->shutting_down)
            expire(self, (enum timeout)timeout);
    if (self->mail.timer.fired)
        mail_send(&self->mail);
    return false;
}

static bool handlers_may_close(struct actor *actor)
{
    struct handlers *self = (struct handlers *)actor;
    return self->at_once || handler_host_is_idle(&self->host);
}

static void handlers_end(struct actor *actor)
{
    struct handlers *self = (struct handlers *)actor;
    for (int timeout = 0; timeout < TIMEOUTS; timeout++)
        stop(self, (enum timeout)timeout);
}

static const struct actor_type handlers_type = {.member = HANDLERS,
                                                .start = handlers_start,
                                                .hear = handlers_hear,
                                                .work = handlers_work,
                                                .may_close = handlers_may_close,
                                                .end = handlers_end};

static void add_variable(struct text *prelude, const char *name, const char *value)
{
    text_addf(prelude, "%s=", name);
    shell_word_add(prelude, value);
    text_addf(prelude, "; export %s\n", name);
}

/* Handlers find the workflow's bin/ and lib/python, and `cylc` is this program. */
static char *write_prelude(const struct cast_context *context)
{
    struct text out = {0};
    char *bin = str_format("%s/bin", context->run_dir);
    char *python = str_format("%s/lib/python", context->run_dir);
    add_variable(&out, "CYLC_VERSION", "8.4.4");
    add_variable(&out, "CYLC_WORKFLOW_ID", context->workflow_id);
    add_variable(&out, "CYLC_WORKFLOW_RUN_DIR", context->run_dir);
    add_variable(&out, "CYLC_WORKFLOW_UUID", context->uuid);
    add_variable(&out, "CYLC_UTC", context->workflow->utc_mode ? "True" : "False");
    add_variable(&out, "CYLC_CYCLING_MODE", cycling_mode_name(context->workflow->cycling));
    const char *slash = context->program ? strrchr(context->program, '/') : NULL;
    if (slash) {
        char *directory = str_copy_n(context->program, (size_t)(slash - context->program));
        text_add(&out, "PATH=");
        shell_word_add(&out, directory);
        text_add(&out, ":$PATH\n");
        free(directory);
    }
    text_add(&out, "PATH=");
    shell_word_add(&out, bin);
    text_add(&out, ":$PATH; export PATH\nPYTHONPATH=");
    shell_word_add(&out, python);
    text_add(&out, "${PYTHONPATH:+:$PYTHONPATH}; export PYTHONPATH\n");
    free(bin);
    free(python);
    return text_take(&out);
}

static void *handlers_create(const struct cast_context *context, struct error *error)
{
    (void)error;
    struct handlers *self = NEW(struct handlers);
    handler_host_init(&self->host, context);
    self->host.over = handler_is_over;
    self->host.prelude = write_prelude(context);
    mail_init(&self->mail, &self->host);
    actor_init(&self->actor, &handlers_type, context);
    return self;
}

static void handlers_destroy(void *member)
{
    struct handlers *self = member;
    if (!self)
        return;
    actor_release(&self->actor);
    mail_release(&self->mail);
    handler_host_release(&self->host);
    struct pending *pending, *next;
    HASH_ITER(hh, self->pending, pending, next)
    {
        HASH_DEL(self->pending, pending);
        free(pending);
    }
    free(self);
}

const struct cast_entry cast_handlers = {handlers_create, handlers_destroy};

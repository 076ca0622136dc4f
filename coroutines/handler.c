/* A handler's life:
 *
 *   recording   the event it tells of is not committed yet
 *   delaying    before a try
 *   queued      `process pool size` others are running
 *   running     until its process has ended; one that outlives its deadline is killed
 *   over */
#include "coroutines/handler.h"
#include "base/memory.h"
#include "scheduler/config/event_template.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static struct env *env_of(const struct handler *handler)
{
    return handler->host->context->env;
}

static void note(struct handler *handler, const char *what, const char *text)
{
    char *line = str_format("[%s %s] %s\n", handler->label, what, text);
    env_of(handler)->ops->file_write(env_of(handler), handler->activity, line, strlen(line),
                                     ENV_APPEND);
    free(line);
}

/* --- one try --- */

static void start_delay(struct handler *handler)
{
    double delay = handler->tries < handler->delays.n ? handler->delays.at[handler->tries] : 0;
    handler->timer.fired = delay <= 0;
    if (delay > 0)
        env_of(handler)->ops->timer_start(env_of(handler), &handler->timer, &handler->co,
                                          (uint64_t)(delay * 1e6));
}

/* The delay is over; true also if the workflow shuts down before that. */
static bool is_delayed_enough(const struct handler *handler)
{
    return handler->timer.fired || handler->host->closing;
}

static bool is_put_off(struct handler *handler)
{
    if (handler->timer.fired)
        return false;
    env_of(handler)->ops->timer_stop(env_of(handler), &handler->timer);
    env_logf(env_of(handler), LOG_WARNING_LEVEL,
             "%s: the workflow shuts down before it is tried again; it will be at the next start",
             handler->name);
    return true;
}

static void join_queue(struct handler *handler)
{
    list_append(&handler->host->queued, &handler->of_list);
}

static bool take_turn(struct handler *handler)
{
    struct handler_host *host = handler->host;
    if (host->n_running >= host->context->workflow->process_pool_size ||
        host->queued.next != &handler->of_list)
        return false;
    list_remove(&handler->of_list);
    host->n_running++;
    if (!list_is_empty(&host->queued))
        co_wake(&LINK_OWNER(host->queued.next, struct handler, of_list)->co);
    return true;
}

/* The command's output goes to the activity log as it comes. */
static void launch(struct handler *handler)
{
    struct env *env = env_of(handler);
    struct text script = {0};
    text_add(&script, "exec >>");
    shell_word_add(&script, handler->activity);
    text_addf(&script, " 2>&1\n%s%s", handler->host->prelude, handler->command);
    note(handler, "cmd", handler->command);
    const char *argv[] = {"/bin/sh", "-c", text_string(&script), NULL};
    const struct env_spawn options = {
        .argv = argv, .directory = handler->host->context->run_dir, .session = true};
    handler->process = (struct env_process){0};
    handler->timer.fired = handler->timed_out = false;
    int code = env->ops->spawn(env, &handler->process, &handler->co, &options);
    if (code < 0) {
        handler->process = (struct env_process){.exited = true, .status = 127};
        note(handler, "err", strerror(-code));
    } else {
        env->ops->timer_start(
            env, &handler->timer, &handler->co,
            (uint64_t)(handler->host->context->workflow->process_pool_timeout * 1e6));
    }
    text_release(&script);
}

static bool has_ended(struct handler *handler)
{
    struct env *env = env_of(handler);
    if (!handler->process.exited && handler->timer.fired) {
        handler->timer.fired = false;
        handler->timed_out = true;
        env->ops->process_kill(env, handler->process.pid, SIGKILL);
    }
    return handler->process.exited;
}

static void leave_queue_to_next(struct handler_host *host)
{
    host->n_running--;
    if (!list_is_empty(&host->queued))
        co_wake(&LINK_OWNER(host->queued.next, struct handler, of_list)->co);
}

/* How it went; true: it is to be tried again. */
static bool finish(struct handler *handler)
{
    struct env *env = env_of(handler);
    env->ops->timer_stop(env, &handler->timer);
    env->ops->process_close(env, &handler->process);
    leave_queue_to_next(handler->host);
    bool failed = handler->process.status != 0 || handler->process.signal != 0;
    char *code = handler->process.signal ? str_format("-%d", handler->process.signal)
                                         : str_format("%d", handler->process.status);
    note(handler, "ret_code", code);
    bool again = failed && ++handler->tries < handler->delays.n;
    if (handler->timed_out)
        env_logf(env, LOG_WARNING_LEVEL, "%s: killed after its %g s (process pool timeout)",
                 handler->name, handler->host->context->workflow->process_pool_timeout);
    if (again)
        env_logf(env, LOG_WARNING_LEVEL, "%s failed (%s), retrying in %g s", handler->name, code,
                 handler->delays.at[handler->tries]);
    else if (failed)
        env_logf(env, LOG_ERROR_LEVEL, "%s failed (%s); its output is in %s", handler->name, code,
                 handler->activity);
    free(code);
    return again;
}

/* --- the coroutine --- */

enum handler_state {
    HANDLER_RECORDING,
    HANDLER_DELAYING,
    HANDLER_QUEUED,
    HANDLER_RUNNING,
    HANDLER_OVER
};

static enum co_result handler_step(struct co *co)
{
    struct handler *self = (struct handler *)co;
    CO_BEGIN(co, handler_state, HANDLER_RECORDING);
    if (self->host->recorded < self->seq)
        return CO_ASLEEP;
    do {
        start_delay(self);
        CO_AWAIT(co, HANDLER_DELAYING, is_delayed_enough(self));
        if (is_put_off(self))
            return CO_DONE;
        join_queue(self);
        CO_AWAIT(co, HANDLER_QUEUED, take_turn(self));
        launch(self);
        CO_AWAIT(co, HANDLER_RUNNING, has_ended(self));
    } while (finish(self));
    self->settled = true;
    CO_END(co, HANDLER_OVER);
}

static void handler_free(struct handler *handler)
{
    list_remove(&handler->of_host);
    list_remove(&handler->of_list);
    free(handler->name);
    free(handler->label);
    free(handler->command);
    free(handler->activity);
    vec_release(&handler->delays);
    vec_release(&handler->events);
    free(handler);
}

static void handler_done(struct co *co)
{
    struct handler *handler = (struct handler *)co;
    handler->host->over(handler->host, handler, handler->settled);
    handler_free(handler);
}

static const char *const state_names[] = {"recording", "delaying", "queued", "running", "over"};
static const struct co_type handler_type = {"handler", handler_step, state_names, HANDLER_OVER + 1,
                                            handler_done};

void handler_start(struct handler_host *host, const struct handler_order *order)
{
    struct handler *handler = NEW(struct handler);
    co_init(&handler->co, &handler_type, &host->context->env->ready);
    handler->host = host;
    handler->name = str_copy(order->name);
    handler->label = str_copy(order->label);
    handler->command = str_copy(order->command);
    handler->activity = str_copy(order->activity);
    handler->seq = order->seq;
    for (uint32_t i = 0; order->delays && i < order->delays->n; i++)
        *vec_push(&handler->delays) = order->delays->at[i];
    for (size_t i = 0; i < order->n_events; i++)
        *vec_push(&handler->events) = order->events[i];
    list_append(&host->handlers, &handler->of_host);
    link_init(&handler->of_list);
    if (order->seq > host->recorded)
        list_append(&host->recording, &handler->of_list);
    co_wake(&handler->co);
}

/* --- the host --- */

void handler_host_init(struct handler_host *host, const struct cast_context *context)
{
    host->context = context;
    link_init(&host->handlers);
    link_init(&host->recording);
    link_init(&host->queued);
}

void handler_host_recorded(struct handler_host *host, uint64_t seq)
{
    host->recorded = seq;
    while (!list_is_empty(&host->recording)) {
        struct handler *first = LINK_OWNER(host->recording.next, struct handler, of_list);
        if (first->seq > seq)
            break;
        list_remove(&first->of_list);
        co_wake(&first->co);
    }
}

void handler_host_shut(struct handler_host *host)
{
    host->closing = true;
    for (struct link *l = host->handlers.next; l != &host->handlers; l = l->next)
        co_wake(&LINK_OWNER(l, struct handler, of_host)->co);
}

bool handler_host_is_idle(const struct handler_host *host)
{
    return list_is_empty(&host->handlers);
}

void handler_host_release(struct handler_host *host)
{
    struct env *env = host->context->env;
    while (!list_is_empty(&host->handlers)) {
        struct handler *handler = LINK_OWNER(host->handlers.next, struct handler, of_host);
        co_cancel(&handler->co);
        env->ops->timer_stop(env, &handler->timer);
        env->ops->process_close(env, &handler->process);
        handler_free(handler);
    }
    free(host->prelude);
}

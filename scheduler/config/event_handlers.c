/* See event_handlers.h. */
#include "scheduler/config/event_handlers.h"

#include "base/banned.h"

static bool is_among(const char *const *names, uint32_t n, struct slice name)
{
    for (uint32_t i = 0; i < n; i++)
        if (slice_equal(name, names[i]))
            return true;
    return false;
}

static const struct event_handlers *find(const struct event_handlers *all, uint32_t n,
                                         struct slice event)
{
    for (uint32_t i = 0; i < n; i++)
        if (slice_equal(event, all[i].event))
            return &all[i];
    return NULL;
}

struct event_audience task_event_audience(const struct runtime *runtime, struct slice event)
{
    struct event_audience audience = {
        .mail = is_among(runtime->mail_events, runtime->n_mail_events, event)};
    const struct event_handlers *own =
        find(runtime->event_handlers, runtime->n_event_handlers, event);
    if (own && own->n_commands) {
        audience.commands = own->commands;
        audience.n_commands = own->n_commands;
    } else if (is_among(runtime->handler_events, runtime->n_handler_events, event)) {
        audience.commands = runtime->handlers;
        audience.n_commands = runtime->n_handlers;
    }
    return audience;
}

struct event_audience workflow_event_audience(const struct workflow *workflow, const char *event)
{
    const struct runtime of_workflow = {
        .handlers = workflow->handlers,
        .n_handlers = workflow->n_handlers,
        .handler_events = workflow->handler_events,
        .n_handler_events = workflow->n_handler_events,
        .event_handlers = workflow->event_handlers,
        .n_event_handlers = workflow->n_event_handlers,
        .mail_events = workflow->mail_events,
        .n_mail_events = workflow->n_mail_events,
    };
    return task_event_audience(&of_workflow, slice_of(event));
}

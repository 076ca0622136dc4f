/* Who is to be told of an event: what the configuration says, in one place for tasks and the
 * workflow. Pure. */
#ifndef ROUSE_EVENT_HANDLERS_H
#define ROUSE_EVENT_HANDLERS_H

#include "base/text.h"
#include "scheduler/config/workflow.h"

struct event_audience {
    const char *const *commands;
    uint32_t n_commands;
    bool mail;
};

/* The commands of "EVENT handlers" or, where there are none, those of `handlers` if the event is
 * among the `handler events`: Cylc 8's rule. */
struct event_audience task_event_audience(const struct runtime *runtime, struct slice event);
struct event_audience workflow_event_audience(const struct workflow *workflow, const char *event);
static inline bool event_has_audience(const struct event_audience *audience)
{
    return audience->n_commands || audience->mail;
}

#endif

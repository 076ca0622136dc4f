/* What the templates of event handlers stand for: Cylc 8.4's names. */
#ifndef ROUSE_COROUTINES_EVENT_VALUES_H
#define ROUSE_COROUTINES_EVENT_VALUES_H

#include "base/vec.h"
#include "coroutines/cast.h"
#include "scheduler/config/event_template.h"

struct event_values {
    VEC(struct event_value) pairs;
    VEC(char *) owned;
};

/* Of a task.event; `runtime`: of the task, broadcasts included. What the job says of itself is read
 * from its files. */
void event_values_of_task(const struct cast_context *context, const struct message *event,
                          const struct runtime *runtime, struct event_values *ret_values);
/* Of the workflow. */
void event_values_of_workflow(const struct cast_context *context, const char *event,
                              const char *message, struct event_values *ret_values);
void event_values_release(struct event_values *values);
/* NULL if there is none of that name. */
const char *event_values_find(const struct event_values *values, const char *name);

#endif

/* Why a task is not running: an explanation for a person, from the read model and the definitions.
 */
#ifndef ROUSE_WHY_H
#define ROUSE_WHY_H

#include "coroutines/show.h"

/* Append lines about the instance to `out`; now: microseconds since 1970-01-01T00Z. */
void why_instance(const struct view *view, const struct instance_view *instance, int64_t now,
                  struct text *out);
/* Append one line about the workflow as a whole. */
void why_workflow(const struct view *view, struct text *out);

#endif

/* The prerequisites of one instance as Cylc shows them: each dependency an expression over numbered
 * conditions, family triggers spelled out member by member. */
#ifndef ROUSE_PREREQUISITES_H
#define ROUSE_PREREQUISITES_H

#include "coroutines/show.h"

/* New reference: a list of {"expression", "conditions", "satisfied"}. */
json_t *prerequisites_of(const struct view *view, const struct instance_view *instance);

#endif

/* How far ahead of the lowest cycle point of the pool tasks may run. Pure arithmetic over the
 * workflow's sequences. */
#ifndef ROUSE_POOL_RUNAHEAD_H
#define ROUSE_POOL_RUNAHEAD_H

#include "scheduler/config/workflow.h"

/* Earliest point of any sequence at or after the start; POINT_NONE if there is none. */
cycle_point runahead_first(const struct workflow *workflow);
/* The limit for the base point, future offsets included, not beyond `stop`.
 * By count PN: the (N+1)th distinct point of all sequences, from the base on; by duration: the last
 * point not later than base + limit. (Cylc 8: [scheduling]runahead limit.) */
cycle_point runahead_limit(const struct workflow *workflow, cycle_point base, cycle_point stop);

#endif

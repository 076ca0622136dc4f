/* What a query may look at: the instances of the pool and those next to them in the graph, as
 * Cylc's window of active tasks has it. */
#ifndef ROUSE_WINDOW_H
#define ROUSE_WINDOW_H

#include "coroutines/view.h"

/* An instance of the pool that is a parent or a child of this one, or NULL. */
const struct view_task *window_neighbour(const struct view *view, cycle_point point, uint32_t task);

#endif

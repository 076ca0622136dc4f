/* What the database knows of an instance that is not in the pool: committed, so never ahead. */
#ifndef ROUSE_PAST_H
#define ROUSE_PAST_H

#include "coroutines/show.h"

/* Complete *instance (point and task are given) with its latest run; true if it had one. */
bool past_find(const struct view *view, const char *database, struct instance_view *instance);

#endif

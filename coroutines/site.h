/* global.cylc as this user, on this host, has it. */
#ifndef ROUSE_COROUTINES_SITE_H
#define ROUSE_COROUTINES_SITE_H

#include "scheduler/config/global.h"

/* Where the environment says that it is looked for. */
void site_find_places(struct arena *arena, struct global_places *ret_places);
/* Read it; none there: all defaults. NULL and an error with file, line and item. warner may be
 * NULL. */
struct global_config *site_load(const struct warner *warner, struct error *error);

#endif

/* global.cylc of this host and user, found as the environment says. */
#ifndef ROUSE_COROUTINES_SITE_H
#define ROUSE_COROUTINES_SITE_H

#include "scheduler/config/global.h"

/* $CYLC_CONF_PATH, or else the site's and the user's files; none there: all defaults. NULL and an
 * error with file, line and item. */
struct global_config *site_load(const struct warner *warner, struct error *error);

#endif

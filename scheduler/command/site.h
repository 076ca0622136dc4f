/* global.cylc as this user, on this host, has it. */
#ifndef ROUSE_SITE_H
#define ROUSE_SITE_H

#include "scheduler/command/command.h"
#include "scheduler/config/global.h"

/* Where the environment says that it is looked for. */
void site_find_places(struct arena *arena, struct global_places *ret_places);
/* Read it; warnings go to stderr unless --quiet. EXIT_OK and the config, which the caller destroys;
 * or the exit status, after telling what is wrong. */
int site_load(const struct invocation *invocation, struct global_config **ret_config);

#endif

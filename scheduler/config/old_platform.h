/* What a task of Cylc 7 says instead of a platform: [job]batch system, [remote]host and the like.
 */
#ifndef ROUSE_CONFIG_OLD_PLATFORM_H
#define ROUSE_CONFIG_OLD_PLATFORM_H

#include "scheduler/config/runtime.h"

/* Set settings->runtime.platform to the platform that has that host and job runner; where there is
 * none, to a name that no platform has and that tells what was looked for. -EINVAL if a platform is
 * named, too. */
int old_platform_settle(const struct settling *settling, struct settings *settings);
/* Warn of such items under one heading. */
void old_platform_warn(const struct settling *settling, const struct item *heading);

#endif

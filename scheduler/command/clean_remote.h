/* `clean --remote-only`: what a run has left on other hosts. */
#ifndef ROUSE_CLEAN_REMOTE_H
#define ROUSE_CLEAN_REMOTE_H

#include "scheduler/command/command.h"

/* By its database: a run whose jobs all ran on this host has left nothing elsewhere, which is said.
 * The exit status. */
int clean_remote(const struct invocation *invocation, const char *id);

#endif

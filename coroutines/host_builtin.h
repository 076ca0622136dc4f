/* The host of the functions that are built in: they are called directly, in the loop of the
 * xtriggers; those with ROUSE_BLOCKS on a thread of their own. */
#ifndef ROUSE_HOST_BUILTIN_H
#define ROUSE_HOST_BUILTIN_H

#include "coroutines/actor.h"
#include "coroutines/xtrigger_host.h"

struct host_builtin;

struct host_builtin *host_builtin_create(struct actor *actor);
struct host *host_builtin_host(struct host_builtin *builtin);
/* Calls come back from their threads, or never: `cancel` then says false for good. */
void host_builtin_end(struct host_builtin *builtin);
/* PRE: ended, and no watch has it any more but those that hang. Takes NULL. */
void host_builtin_destroy(struct host_builtin *builtin);

#endif

/* Finding xtriggers by name: built in, or in a shared object of the workflow's lib/xtriggers/. */
#ifndef ROUSE_XTRIGGERS_LOADER_H
#define ROUSE_XTRIGGERS_LOADER_H

#include "base/error.h"
#include "xtriggers/rouse_xtrigger.h"
#include <stddef.h>

struct loader;

/* Loads every DIRECTORY/lib/xtriggers/NAME.so. NULL and an error that names the file which is no
 * plugin of this version. A directory without plugins is fine. */
struct loader *loader_create(const char *directory, struct error *error);
/* Unloads; no function of a plugin may be running. */
void loader_destroy(struct loader *loader);
/* Without unloading: some plugin hangs. */
void loader_leave(struct loader *loader);
/* NULL: there is none of this name. */
const struct rouse_xtrigger *loader_find(const struct loader *loader, const char *name);
/* "wall_clock, echo, ...": for messages. */
const char *loader_names(const struct loader *loader);

#endif

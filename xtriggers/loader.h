/* Finding xtriggers by name: built in, or in a shared object of the workflow's lib/xtriggers/. */
#ifndef ROUSE_XTRIGGERS_LOADER_H
#define ROUSE_XTRIGGERS_LOADER_H

#include "base/error.h"
#include "xtriggers/rouse_xtrigger.h"
#include <glob.h>
#include <stddef.h>

struct loader;

/* The shared objects of DIRECTORY/lib/xtriggers, in order of their names. */
struct plugin_paths {
    glob_t found; /* gl_pathc, gl_pathv */
};
void plugin_paths_find(const char *directory, struct plugin_paths *ret_paths);
void plugin_paths_release(struct plugin_paths *paths);

/* Loads every DIRECTORY/lib/xtriggers/NAME.so; a NULL directory has none. NULL and an error that
 * names the file which is no plugin of this version. A directory without plugins is fine. */
struct loader *loader_create(const char *directory, struct error *error);
/* Loads one shared object. NULL and error as above. */
struct loader *loader_create_of(const char *path, struct error *error);
/* The first that was loaded; NULL: none was. */
const struct rouse_xtrigger *loader_plugin(const struct loader *loader);
/* Unloads; no function of a plugin may be running. */
void loader_destroy(struct loader *loader);
/* One that is built in, or NULL. */
const struct rouse_xtrigger *builtin_find(const char *name);
/* NULL: there is none of this name. */
const struct rouse_xtrigger *loader_find(const struct loader *loader, const char *name);
/* "wall_clock, echo, ...": for messages. */
const char *loader_names(const struct loader *loader);

#endif

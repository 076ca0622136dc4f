/* Finding xtriggers by name: built in, or in a shared object of the workflow's lib/xtriggers/. */
#ifndef ROUSE_XTRIGGERS_LOADER_H
#define ROUSE_XTRIGGERS_LOADER_H

#include "base/error.h"
#include "base/text.h"
#include "xtriggers/rouse_xtrigger.h"
#include <glob.h>

/* The shared objects of DIRECTORY/lib/xtriggers, in order of their names. */
struct plugin_paths {
    glob_t found; /* gl_pathc, gl_pathv */
};
void plugin_paths_find(const char *directory, struct plugin_paths *ret_paths);
void plugin_paths_release(struct plugin_paths *paths);

/* A shared object that is loaded. */
struct plugin {
    void *library;
    const struct rouse_xtrigger *xtrigger;
};
/* An error names the file, which is no plugin of this version or is called as one built in. */
int plugin_load(const char *path, struct plugin *ret_plugin, struct error *error);
/* No function of it may be running. Takes one that is zero. */
void plugin_unload(struct plugin *plugin);

/* One that is built in, or NULL. */
const struct rouse_xtrigger *builtin_find(const char *name);
/* "wall_clock, echo, ...": for messages. */
void builtin_names(struct text *out);

#endif

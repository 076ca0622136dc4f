/* See loader.h. */
#include "xtriggers/loader.h"
#include "xtriggers/builtins.h"
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static int check(const struct rouse_xtrigger *x, const char *path, struct error *error)
{
    if (!x || x->abi != ROUSE_XTRIGGER_ABI)
        return error_set(error, -EINVAL, "%s: made for version %u of the plugin interface, not %d",
                         path, x ? x->abi : 0, ROUSE_XTRIGGER_ABI);
    if (!x->name || !*x->name || !x->usage || !x->ask)
        return error_set(error, -EINVAL, "%s: name, usage or ask is missing", path);
    if (builtin_find(x->name))
        return error_set(error, -EEXIST, "%s: there is already an xtrigger \"%s\"", path, x->name);
    return 0;
}

int plugin_load(const char *path, struct plugin *ret_plugin, struct error *error)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return error_set(error, -ELIBBAD, "cannot load the plugin %s", dlerror());
    /* POSIX lets dlsym's result be a function; ISO C has no cast for it. */
    union {
        void *symbol;
        const struct rouse_xtrigger *(*function)(void);
    } entry = {dlsym(library, "rouse_xtrigger_v1")};
    int result = entry.symbol ? check(entry.function(), path, error)
                              : error_set(error, -EINVAL, "%s: exports no rouse_xtrigger_v1", path);
    if (result < 0) {
        dlclose(library);
        return result;
    }
    *ret_plugin = (struct plugin){library, entry.function()};
    return 0;
}

void plugin_unload(struct plugin *plugin)
{
    if (plugin->library)
        dlclose(plugin->library);
    *plugin = (struct plugin){0};
}

/* DIRECTORY/lib/xtriggers/NAME.so, the directory taken literally. */
static char *pattern_for(const char *directory)
{
    struct text pattern = {0};
    for (const char *c = directory; *c; c++) {
        if (strchr("\\*?[]", *c))
            text_add_char(&pattern, '\\');
        text_add_char(&pattern, *c);
    }
    text_add(&pattern, "/lib/xtriggers/*.so");
    return text_take(&pattern);
}

void plugin_paths_find(const char *directory, struct plugin_paths *ret_paths)
{
    char *pattern = pattern_for(directory);
    *ret_paths = (struct plugin_paths){0};
    if (glob(pattern, 0, NULL, &ret_paths->found) != 0)
        ret_paths->found.gl_pathc = 0;
    free(pattern);
}

void plugin_paths_release(struct plugin_paths *paths)
{
    globfree(&paths->found);
}

const struct rouse_xtrigger *builtin_find(const char *name)
{
    for (size_t i = 0; builtin_xtriggers[i]; i++)
        if (strcmp(builtin_xtriggers[i]->name, name) == 0)
            return builtin_xtriggers[i];
    return NULL;
}

void builtin_names(struct text *out)
{
    for (size_t i = 0; builtin_xtriggers[i]; i++)
        text_addf(out, "%s%s", i ? ", " : "", builtin_xtriggers[i]->name);
}

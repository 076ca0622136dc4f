/* See loader.h. */
#include "xtriggers/loader.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/vec.h"
#include "xtriggers/builtins.h"
#include <dlfcn.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct plugin {
    void *library;
    const struct rouse_xtrigger *xtrigger;
};

struct loader {
    VEC(struct plugin) plugins;
    struct text names;
};

static int check(const struct loader *loader, const struct rouse_xtrigger *x, const char *path,
                 struct error *error)
{
    if (!x || x->abi != ROUSE_XTRIGGER_ABI)
        return error_set(error, -EINVAL, "%s: made for version %u of the plugin interface, not %d",
                         path, x ? x->abi : 0, ROUSE_XTRIGGER_ABI);
    if (!x->name || !*x->name || !x->usage || !x->ask)
        return error_set(error, -EINVAL, "%s: name, usage or ask is missing", path);
    if (loader_find(loader, x->name))
        return error_set(error, -EEXIST, "%s: there is already an xtrigger \"%s\"", path, x->name);
    return 0;
}

static int load(struct loader *loader, const char *path, struct error *error)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return error_set(error, -ELIBBAD, "cannot load the plugin %s", dlerror());
    /* POSIX lets dlsym's result be a function; ISO C has no cast for it. */
    union {
        void *symbol;
        const struct rouse_xtrigger *(*function)(void);
    } entry = {dlsym(library, "rouse_xtrigger_v1")};
    int result = entry.symbol ? check(loader, entry.function(), path, error)
                              : error_set(error, -EINVAL, "%s: exports no rouse_xtrigger_v1", path);
    if (result < 0) {
        dlclose(library);
        return result;
    }
    *vec_push(&loader->plugins) = (struct plugin){library, entry.function()};
    return 0;
}

static void list_names(struct loader *loader)
{
    for (size_t i = 0; builtin_xtriggers[i]; i++)
        text_addf(&loader->names, "%s%s", i ? ", " : "", builtin_xtriggers[i]->name);
    VEC_EACH (struct plugin, plugin, &loader->plugins)
        text_addf(&loader->names, ", %s", plugin->xtrigger->name);
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

struct loader *loader_create(const char *directory, struct error *error)
{
    struct loader *loader = NEW(struct loader);
    char *pattern = pattern_for(directory);
    glob_t found = {0};
    int result = 0;
    if (glob(pattern, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc && result == 0; i++)
            result = load(loader, found.gl_pathv[i], error);
    globfree(&found);
    free(pattern);
    if (result < 0) {
        loader_destroy(loader);
        return NULL;
    }
    list_names(loader);
    return loader;
}

void loader_destroy(struct loader *loader)
{
    if (!loader)
        return;
    VEC_EACH (struct plugin, plugin, &loader->plugins)
        dlclose(plugin->library);
    loader_leave(loader);
}

void loader_leave(struct loader *loader)
{
    vec_release(&loader->plugins);
    text_release(&loader->names);
    free(loader);
}

const struct rouse_xtrigger *loader_find(const struct loader *loader, const char *name)
{
    for (size_t i = 0; builtin_xtriggers[i]; i++)
        if (strcmp(builtin_xtriggers[i]->name, name) == 0)
            return builtin_xtriggers[i];
    VEC_EACH (const struct plugin, plugin, &loader->plugins)
        if (strcmp(plugin->xtrigger->name, name) == 0)
            return plugin->xtrigger;
    return NULL;
}

const char *loader_names(const struct loader *loader)
{
    return text_string(&loader->names);
}

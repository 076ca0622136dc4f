/* See loader.h. */
#include "xtriggers/loader.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/vec.h"
#include "xtriggers/builtins.h"
#include <dlfcn.h>
#include <errno.h>
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

struct loader *loader_create_of(const char *path, struct error *error)
{
    struct loader *loader = NEW(struct loader);
    if (load(loader, path, error) < 0) {
        loader_destroy(loader);
        return NULL;
    }
    list_names(loader);
    return loader;
}

const struct rouse_xtrigger *loader_plugin(const struct loader *loader)
{
    return loader->plugins.n ? loader->plugins.at[0].xtrigger : NULL;
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

static int load_all(struct loader *loader, const char *directory, struct error *error)
{
    struct plugin_paths paths;
    int result = 0;
    plugin_paths_find(directory, &paths);
    for (size_t i = 0; i < paths.found.gl_pathc && result == 0; i++)
        result = load(loader, paths.found.gl_pathv[i], error);
    plugin_paths_release(&paths);
    return result;
}

struct loader *loader_create(const char *directory, struct error *error)
{
    struct loader *loader = NEW(struct loader);
    if (directory && load_all(loader, directory, error) < 0) {
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
    vec_release(&loader->plugins);
    text_release(&loader->names);
    free(loader);
}

const struct rouse_xtrigger *builtin_find(const char *name)
{
    for (size_t i = 0; builtin_xtriggers[i]; i++)
        if (strcmp(builtin_xtriggers[i]->name, name) == 0)
            return builtin_xtriggers[i];
    return NULL;
}

const struct rouse_xtrigger *loader_find(const struct loader *loader, const char *name)
{
    const struct rouse_xtrigger *built_in = builtin_find(name);
    if (built_in)
        return built_in;
    VEC_EACH (const struct plugin, plugin, &loader->plugins)
        if (strcmp(plugin->xtrigger->name, name) == 0)
            return plugin->xtrigger;
    return NULL;
}

const char *loader_names(const struct loader *loader)
{
    return text_string(&loader->names);
}

/* See library.h. */
#include "xtriggers/library.h"
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "base/banned.h"

int library_load(const char *const *files, const struct library_function *functions, size_t n,
                 struct error *error)
{
    void *library = NULL;
    for (size_t i = 0; !library && files[i]; i++)
        library = dlopen(files[i], RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return error_set(error, -ELIBACC, "the library %s is not installed", files[0]);
    for (size_t i = 0; i < n; i++)
        if (!dlsym(library, functions[i].name)) {
            dlclose(library);
            return error_set(error, -ELIBBAD, "the library %s has no %s: it is too old", files[0],
                             functions[i].name);
        }
    for (size_t i = 0; i < n; i++) {
        void *symbol = dlsym(library, functions[i].name);
        memcpy(functions[i].at, &symbol, sizeof symbol);
    }
    return 0;
}

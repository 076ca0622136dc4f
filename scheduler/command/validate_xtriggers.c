/* The xtriggers of a definition: whether there are such functions. */
#include "base/memory.h"
#include "coroutines/xtrigger_check.h"
#include "scheduler/command/validate.h"
#include "scheduler/run/python.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static int check_python(const struct xtrigger_def *def, const char *directory, struct error *error)
{
    struct error why = {0};
    if (python_function_find(directory, def->function, &why) == 0)
        return 0;
    if (why.code == -ENOENT)
        return error_set(
            error, why.code,
            "xtrigger @%s: there is no function \"%s\": none is built in, no plugin in "
            "lib/xtriggers is called so, and %s",
            def->label, def->function, why.text);
    return error_set(error, why.code, "xtrigger @%s: %s", def->label, why.text);
}

static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? str_copy_n(path, (size_t)(slash - path) + (slash == path)) : str_copy(".");
}

int validate_xtriggers(const struct workflow *workflow, const char *path,
                       const struct warner *warner, struct error *error)
{
    char *directory = directory_of(path);
    struct loader *loader = loader_create(directory, error);
    int code = loader ? 0 : error->code;
    bool *called = xtriggers_called(workflow);
    for (uint32_t i = 0; i < workflow->n_xtriggers && code == 0; i++) {
        const struct xtrigger_def *def = &workflow->xtriggers[i];
        if (!called[i])
            continue;
        code = xtrigger_check(workflow, def, loader, directory, error);
        if (code != -ENOENT)
            continue;
        code = check_python(def, directory, error);
        if (!code)
            warner_say(warner,
                       "%s:%d: [scheduling][xtriggers]%s: functions in Python are not implemented "
                       "yet: the workflow cannot be played",
                       def->file, def->line, def->label);
    }
    loader_destroy(loader);
    free(called);
    free(directory);
    return code;
}

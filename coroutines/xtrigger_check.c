/* See xtrigger_check.h. */
#include "coroutines/xtrigger_check.h"
#include "xtriggers/call.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

bool xtrigger_is_called(const struct workflow *workflow, uint32_t xtrigger)
{
    if (workflow->xtriggers[xtrigger].external)
        return false;
    for (uint32_t i = 0; i < workflow->graph->n_tasks; i++) {
        const struct graph_task *task = &workflow->graph->tasks[i];
        for (uint32_t x = 0; x < task->n_xtriggers; x++)
            if (task->xtriggers[x].xtrigger == xtrigger)
                return true;
    }
    return false;
}

static int check_arguments(const struct xtrigger_def *def, const struct rouse_xtrigger *xtrigger,
                           const char *directory, struct error *error)
{
    struct call call;
    char *signature = str_format("%s(%s)", def->function, def->args);
    int result = call_init(&call, signature, NULL, error);
    if (result == 0) {
        call.call.run_dir = directory;
        call.call.interval = def->interval;
        result = call_validate(&call, xtrigger, error);
        call_release(&call);
    }
    free(signature);
    return result;
}

int xtrigger_check(const struct xtrigger_def *def, const struct loader *loader,
                   const char *directory, struct error *error)
{
    const struct rouse_xtrigger *xtrigger = loader_find(loader, def->function);
    struct error why = {0};
    int code = 0;
    if (!xtrigger)
        code = error_set(error, -ENOENT,
                         "xtrigger @%s: there is no \"%s\"; built in or in lib/xtriggers are: %s",
                         def->label, def->function, loader_names(loader));
    else if (check_arguments(def, xtrigger, directory, &why) < 0)
        code = error_set(error, why.code, "xtrigger @%s: %s", def->label, why.text);
    if (code < 0 && def->file) {
        char *item = str_format("[scheduling][xtriggers]%s", def->label);
        error_where(error, def->file, def->line, item);
        free(item);
    }
    return code;
}

/* See xtrigger_check.h. */
#include "coroutines/xtrigger_check.h"
#include "base/check.h"
#include "base/memory.h"
#include "scheduler/run/python.h"
#include "xtriggers/call.h"
#include "xtriggers/loader.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

bool *xtriggers_called(const struct workflow *workflow)
{
    bool *called = NEW_ARRAY(bool, workflow->n_xtriggers);
    for (uint32_t i = 0; i < workflow->graph->n_tasks; i++) {
        const struct graph_task *task = &workflow->graph->tasks[i];
        for (uint32_t x = 0; x < task->n_xtriggers; x++) {
            uint32_t xtrigger = task->xtriggers[x].xtrigger;
            const struct xtrigger_window *window = workflow->xtriggers[xtrigger].window;
            called[window ? window->xtrigger : xtrigger] = true;
        }
    }
    for (uint32_t i = 0; i < workflow->n_xtriggers; i++)
        if (workflow->xtriggers[i].external)
            called[i] = false;
    return called;
}

const struct rouse_xtrigger *xtrigger_builtin(const char *function, const char *run_dir)
{
    const struct rouse_xtrigger *builtin = builtin_find(function);
    struct error ignored = {0};
    bool replaced = builtin && strcmp(function, "wall_clock") != 0 &&
                    python_function_find(run_dir, function, &ignored) == 0;
    return replaced ? NULL : builtin;
}

static int check_arguments(const struct xtrigger_def *def, const struct rouse_xtrigger *xtrigger,
                           const char *run_dir, struct error *error)
{
    struct call call;
    char *signature = str_format("%s(%s)", def->function, def->args);
    int result = call_init(&call, signature, NULL, error);
    if (result == 0) {
        call.call.run_dir = run_dir;
        call.call.interval = def->interval;
        result = call_validate(&call, xtrigger, error);
        call_release(&call);
    }
    free(signature);
    return result;
}

int xtrigger_check(const struct xtrigger_def *def, const char *run_dir, struct error *error)
{
    const struct rouse_xtrigger *xtrigger = xtrigger_builtin(def->function, run_dir);
    struct error why = {0};
    PRE(xtrigger);
    if (check_arguments(def, xtrigger, run_dir, &why) == 0)
        return 0;
    char *item = str_format("[scheduling][xtriggers]%s", def->label);
    if (def->file)
        error_where(error, def->file, def->line, item);
    free(item);
    return error_set(error, why.code, "xtrigger @%s: %s", def->label, why.text);
}

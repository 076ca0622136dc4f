/* Whether the xtriggers of a definition can be called: before the workflow runs, and for
 * `validate`. */
#ifndef ROUSE_COROUTINES_XTRIGGER_CHECK_H
#define ROUSE_COROUTINES_XTRIGGER_CHECK_H

#include "scheduler/config/workflow.h"
#include "xtriggers/loader.h"

/* By xtrigger: whether it is a function and something in the graph waits for it; others are never
 * called. The caller frees. */
bool *xtriggers_called(const struct workflow *workflow);
/* The xtrigger is there and accepts its arguments. -ENOENT: the loader knows no such function,
 * and no program is declared for it (arguments of its functions cannot be checked here);
 * -EINVAL: the arguments are wrong. The error has file and line of the definition. */
int xtrigger_check(const struct workflow *workflow, const struct xtrigger_def *def,
                   const struct loader *loader, const char *directory, struct error *error);

#endif

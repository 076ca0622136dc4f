/* Whether the xtriggers of a definition can be called: before the workflow runs, and for
 * `validate`. */
#ifndef ROUSE_COROUTINES_XTRIGGER_CHECK_H
#define ROUSE_COROUTINES_XTRIGGER_CHECK_H

#include "scheduler/config/workflow.h"
#include "xtriggers/rouse_xtrigger.h"

/* By xtrigger: whether it is a function and something in the graph waits for it; others are never
 * called. The caller frees. */
bool *xtriggers_called(const struct workflow *workflow);
/* The function of that name if it is a built-in one; NULL if it is not, or if the workflow has one
 * of its own in lib/python or CYLC_PYTHONPATH, which goes before as in Cylc (but for wall_clock).
 */
const struct rouse_xtrigger *xtrigger_builtin(const char *function, const char *run_dir);
/* An xtrigger whose function is built in accepts its arguments: -EINVAL and an error with file and
 * line of the definition if not. */
int xtrigger_check(const struct xtrigger_def *def, const char *run_dir, struct error *error);

#endif

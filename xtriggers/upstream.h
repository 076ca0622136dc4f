/* What workflow_state, suite_state and schedule have in common: they look into the run database of
 * another workflow, of rouse or Cylc, running or not. */
#ifndef ROUSE_XTRIGGERS_UPSTREAM_H
#define ROUSE_XTRIGGERS_UPSTREAM_H

#include "xtriggers/call.h"

/* An argument; NULL if it is not given, empty or None. */
const char *upstream_argument(const struct rouse_call *call, const char *name, size_t position);
/* The answer of a look that found something (1), nothing (0), or failed (negative, with `error`).
 * If it found nothing: to be asked again as soon as the workflow's scheduler has committed
 * something, as the file system tells; where it cannot, at the interval. */
enum rouse_verdict upstream_verdict(struct rouse_call *call, const char *database, int found,
                                    const struct error *error);
/* call->fail, and -1. */
int upstream_fail(struct rouse_call *call, const char *reason);

#endif

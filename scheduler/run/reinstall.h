/* Reinstalling: a run directory becomes like its source again. */
#ifndef ROUSE_REINSTALL_H
#define ROUSE_REINSTALL_H

#include "base/error.h"
#include "scheduler/run/resolve.h"
#include <stdbool.h>

/* A path below that is copied, or removed. */
typedef void reinstall_change(void *context, const char *path, bool removed);

/* Copy what is new in the source or differs from it, remove what it no longer has (not what
 * installing leaves out); with `dry` only say so. The number of changes, or negative. The source's
 * path goes to *ret_source (heap), also when nothing changed. -ENOENT: not installed from a source,
 * or the source is gone. What was done is in log/install. */
int reinstall_workflow(const struct workflow_place *place, bool dry, reinstall_change *change,
                       void *context, char **ret_source, struct error *error);

#endif

/* Removing run directories, or parts of them. */
#ifndef ROUSE_CLEAN_H
#define ROUSE_CLEAN_H

#include "base/error.h"
#include "scheduler/run/resolve.h"

/* What an id means for cleaning: one run, or all runs below a name. Ids in order; -ENOENT if there
 * is nothing. "flow" is not its latest run here; "flow/runN" is. */
int clean_find(const char *text, struct resolve_names *ret_ids, struct error *error);

/* Remove the run directory with what its links made by installing (log, log/job, share,
 * share/cycle, work, itself) lead to, its runN link if that leads there, and parents that are empty
 * then. */
int clean_run(const char *id, struct error *error);
/* Remove parts of it: paths below it, with *, ?, [...] and ** (any depth); several may be joined by
 * ':'. Other links are removed and never followed. -EINVAL for one that leads out of it. */
int clean_parts(const char *id, const char *parts, struct error *error);

#endif

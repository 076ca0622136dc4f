/* Files that a run leaves beside its log. */
#ifndef ROUSE_PROCESSED_H
#define ROUSE_PROCESSED_H

#include "scheduler/config/workflow.h"

/* The definition as it was read, include-files put in and templates processed:
 * log/config/flow-processed.cylc, and a copy of it for this start at `config`. */
int processed_write(const char *definition, const struct workflow *workflow, const char *run_dir,
                    const char *config, struct error *error);
/* run_dir/reference.log: the lines of the log that say what triggered each task. */
int reference_log_write(const char *log, const char *run_dir, struct error *error);

#endif

/* Files that a run leaves beside its log. */
#ifndef ROUSE_PROCESSED_H
#define ROUSE_PROCESSED_H

#include "scheduler/config/workflow.h"

/* log/config/flow-processed.cylc: the definition as it was parsed (include-files put in, templates
 * processed, continued lines joined); and at `config` what it came to, after inheritance, if
 * workflow_tree was kept, else the same again. */
int processed_write(const char *definition, struct workflow *workflow, const char *run_dir,
                    const char *config, struct error *error);
/* run_dir/reference.log: the lines of the log that say what triggered each task. */
int reference_log_write(const char *log, const char *run_dir, struct error *error);
/* What `log` has of such lines against run_dir/reference.log, in any order: lines that are missing
 * ("- TEXT\n") or new ("+ TEXT\n") are added to ret_differences. Negative and error: one of them
 * cannot be read. */
int reference_log_compare(const char *log, const char *run_dir, struct text *ret_differences,
                          struct error *error);

#endif

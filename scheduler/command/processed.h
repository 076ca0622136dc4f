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

#endif

/* Where the files of a job are, below the run directory: Cylc 8's layout. */
#ifndef ROUSE_JOB_PATHS_H
#define ROUSE_JOB_PATHS_H

#include <stdint.h>

/* "RUN/log/job/POINT/TASK/NN", and below it /NAME unless name is NULL ("job", "job.status"). The
 * caller frees. */
char *job_path(const char *run_dir, const char *point, const char *task, uint32_t submit,
               const char *name);
/* The link "RUN/log/job/POINT/TASK/NN" (its letters) to the newest job, and what it says: "01". The
 * caller frees both. */
char *job_link_path(const char *run_dir, const char *point, const char *task);
char *job_link_target(uint32_t submit);
/* "RUN/work/POINT/TASK". The caller frees. */
char *job_work_path(const char *run_dir, const char *point, const char *task);

#endif

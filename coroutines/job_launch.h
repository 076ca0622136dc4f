/* Starting a job: its files, its process, and why it did not start. Used by job.c only. */
#ifndef ROUSE_COROUTINES_JOB_LAUNCH_H
#define ROUSE_COROUTINES_JOB_LAUNCH_H

#include "coroutines/job.h"

/* Directories, the link NN, the job file (one that is there already, from an earlier attempt for
 * the same submit number, is kept). Negative and error->text if one cannot be made. */
int job_launch_files(struct job *job, struct error *error);
/* Dummy mode: what it runs takes the time of a simulated job, sends its outputs, and fails where
 * that would. */
void job_launch_dummy(struct job *job);
/* Start it: job->process. PRE: what its runner starts is the job itself. */
int job_launch_process(struct job *job, struct error *error);
/* Why a process that has ended never claimed its job: what it left in job-activity.log, and how it
 * ended. */
void job_launch_failure(const struct job *job, struct text *ret_reason);
/* Whether process `pid` runs this job file, and is not one that got its number since. */
bool job_process_is(struct env *env, int64_t pid, const char *job_file);

#endif

/* Job runners: how a job file comes to run, one table entry each. */
#ifndef ROUSE_JOB_RUNNER_H
#define ROUSE_JOB_RUNNER_H

#include "base/error.h"
#include <stdbool.h>

enum { JOB_ARGV_MAX = 8 };

struct job_runner {
    const char *name; /* as in CYLC_JOB_RUNNER_NAME */
    bool is_process;  /* the job is a process of this host, a session leader; its id is the pid */
    /* The command that starts the job; ends with NULL. */
    void (*command)(const char *job_file, const char *ret_argv[JOB_ARGV_MAX]);
};

/* NULL if there is none of that name. */
const struct job_runner *job_runner_find(const char *name);
/* The runner of a task's `platform`. NULL and error if there is no such platform. */
const struct job_runner *job_runner_of_platform(const char *platform, struct error *error);

#endif

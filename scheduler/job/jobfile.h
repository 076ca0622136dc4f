/* The text of a job file: a bash script that runs a task's scripts as Cylc 8.4 does and keeps
 * job.status. Pure. */
#ifndef ROUSE_JOBFILE_H
#define ROUSE_JOBFILE_H

#include "base/text.h"
#include "scheduler/config/platform.h"
#include "scheduler/config/workflow.h"

struct jobfile_options {
    const struct task_def *task;
    const char *point; /* formatted */
    uint32_t submit, try_;
    const char *flows; /* "1,2" */
    /* Exported before the user's variables, which may refer to them; what the user defines by the
     * same name is overridden. Taken literally. */
    const struct key_value *results;
    size_t n_results;
    const char *workflow_id;     /* "flow/run1" */
    const char *workflow_name;   /* "flow": without the run's name */
    const char *run_dir;         /* absolute */
    const char *initial, *final; /* formatted; final: "None" if there is none */
    const char *cycling_mode;    /* "integer", "gregorian", "360day", ... */
    bool utc;
    const char *owner, *host, *uuid;
    const char *program_dir; /* where `cylc` is if the user's PATH has none; NULL: not known */
    const char *runner;
    const struct platform *platform;
};

void jobfile_write(const struct jobfile_options *options, struct text *out);
/* The value of a line of its header, "# KEY: VALUE"; heap, NULL if there is none. */
char *jobfile_header(struct slice text, const char *key);

/* What every job file ends with (shell.c), in pieces; NULL ended. */
extern const char *const job_shell[];

#endif

/* Job runners: how a job file comes to run, one row of a table each. What a row names are the words
 * of commands, in which "%(job)s" stands for the job file, "%(id)s" for the id that the runner has
 * given the job, and "%(command)s" for the platform's `job runner command template`. */
#ifndef ROUSE_JOB_RUNNER_H
#define ROUSE_JOB_RUNNER_H

#include "base/error.h"
#include "base/text.h"
#include "scheduler/config/platform.h"
#include <stdbool.h>

enum { JOB_WORDS_MAX = 8 };

struct job_runner {
    const char *name; /* as in CYLC_JOB_RUNNER_NAME */
    /* What `submit` starts is the job itself, a session leader, and its id is the pid. Else it
     * hands the job to a queue, prints its id, and ends. */
    bool is_job;
    const char *submit[JOB_WORDS_MAX]; /* NULL ended */
    const char *command;               /* %(command)s if the platform sets none */
    /* Of a queue: */
    const char *before_id;             /* what stands before the id in what `submit` prints */
    const char *before_end;            /* the line of job-activity.log that tells its end */
    const char *list[JOB_WORDS_MAX];   /* prints a line for each job, which begins with its id */
    const char *cancel[JOB_WORDS_MAX]; /* takes a job that has not begun out of the queue */
};

/* NULL if there is none of that name. */
const struct job_runner *job_runner_find(const char *name);

/* The platform of that name, and the runner for its jobs. NULL and error if there is none such, or
 * none whose jobs run on this host, `host`. random chooses among those of a group. */
const struct job_runner *job_runner_of_platform(struct platforms *platforms, const char *name,
                                                const char *host, uint32_t random,
                                                const struct platform **ret_platform,
                                                struct error *error);

/* What the placeholders stand for; NULL where they are not used. */
struct job_words {
    const char *job_file, *id, *command;
};
/* The words of a command, filled in; the caller frees each. NULL ended. */
void job_runner_fill(const char *const *words, const struct job_words *values,
                     char *ret_words[JOB_WORDS_MAX]);
/* The id in what `submit` printed; empty if there is none. A slice of `printed`. */
struct slice job_runner_id(const struct job_runner *runner, struct slice printed);
/* Whether the id is among those that `list` printed. */
bool job_runner_lists(struct slice printed, const char *id);

#endif

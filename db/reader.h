/* Looking into a run database, Cylc's or rouse's, also while a scheduler writes it: read only, only
 * what is committed, nothing kept. For commands that answer without a scheduler, and for the
 * viewer, which asks it what became of instances the pool has forgotten. */
#ifndef ROUSE_DB_READER_H
#define ROUSE_DB_READER_H

#include "base/error.h"
#include <stdbool.h>
#include <stdint.h>

struct reader;

/* -ENOENT if there is no such file (nothing is created), -EBADMSG and the like if it is no database
 * that can be read. */
struct reader *reader_open(const char *path, struct error *error);
void reader_close(struct reader *reader); /* takes NULL */

/* A value of workflow_params: 1 and ret_value (heap; NULL for SQL's NULL), 0: there is none. */
int reader_param(struct reader *reader, const char *key, char **ret_value, struct error *error);

/* Each template variable of the run, its value as Python writes it. */
typedef void reader_each_variable(void *context, const char *name, const char *value);
int reader_template_variables(struct reader *reader, reader_each_variable *each, void *context,
                              struct error *error);

/* Some cycle point of the run as it is written there (heap), or 0: there is none yet. */
int reader_some_cycle(struct reader *reader, char **ret_cycle, struct error *error);

/* Which rows: patterns with *, ? and [...], and a flow number. */
struct reader_choice {
    const char *cycle, *name; /* NULL: any */
    uint32_t flow;            /* 0: any */
};

struct reader_row { /* valid during the call only */
    const char *cycle, *name;
    const char *flows;   /* "[1, 2]" */
    const char *status;  /* "" in rows of outputs */
    const char *outputs; /* completed ones: {"x": "message"}; "" in rows of states */
    int64_t submit;      /* number */
};
typedef void reader_each(void *context, const struct reader_row *row);

/* Rows of task_states, or of task_outputs, by cycle, name and flows. */
int reader_states(struct reader *reader, const struct reader_choice *choice, reader_each *each,
                  void *context, struct error *error);
int reader_outputs(struct reader *reader, const struct reader_choice *choice, reader_each *each,
                   void *context, struct error *error);

struct reader_job { /* a job that succeeded; times as ISO 8601, "" if not known */
    const char *cycle, *name, *platform, *runner, *submitted, *started, *finished;
    int64_t submit_seconds, run_seconds; /* from submission to start, from start to end */
};
typedef void reader_each_job(void *context, const struct reader_job *job);
/* Each platform that a job was submitted to, once. */
int reader_platforms(struct reader *reader, void (*each)(void *context, const char *name),
                     void *context, struct error *error);
int reader_jobs(struct reader *reader, reader_each_job *each, void *context, struct error *error);

#endif

/* Asking a run database which tasks have reached a state or an output: one look, for
 * `workflow-state` and for the xtrigger, which look again and again. */
#ifndef ROUSE_STATE_QUERY_H
#define ROUSE_STATE_QUERY_H

#include "base/error.h"
#include "base/text.h"
#include <stdbool.h>
#include <stdint.h>

enum state_kind {
    STATE_STATUS,  /* selector: a task state */
    STATE_TRIGGER, /* an output by its name */
    STATE_MESSAGE  /* an output by its message */
};

struct state_query {
    const char *cycle, *task; /* patterns; NULL: any */
    const char *selector;     /* NULL: any */
    const char *offset;       /* added to the cycle; NULL: none */
    const char *oldest;       /* state_newest: not further back than this interval; NULL: any */
    enum state_kind kind;
    uint32_t flow; /* 0: any */
    bool old_format, pretty;
};

/* "flow//cycle/task:selector" taken apart; the selector may hold anything, blanks too. Heap, NULL
 * where a part is not there. -EINVAL and error for what is none; *ret_target is empty then. */
struct state_target {
    char *workflow, *cycle, *task, *selector;
};
int state_target_read(const char *text, struct state_target *ret_target, struct error *error);
void state_target_release(struct state_target *target);
/* log/db of a workflow below `run_root` (NULL: the user's run directories), whether it is there or
 * not; heap. NULL and error for what is no workflow id. */
char *state_database(const char *workflow, const char *run_root, struct error *error);

/* Append a line for each that matches; the number of them, or negative and why: -ENOENT while there
 * is no database, -EINVAL for a cycle or an offset that cannot be. */
int state_query(const char *database, const struct state_query *query, struct text *out,
                struct error *error);

/* The newest point, not after the query's cycle moved by its offset (NULL: any), at which the task
 * has completed the output whose name or message is the selector, in whatever flow. 1 and
 * ret_newest (heap; release it), 0: there is none, or negative and why, as state_query. */
struct state_newest {
    char *cycle, *output, *message;
};
int state_newest(const char *database, const struct state_query *query,
                 struct state_newest *ret_newest, struct error *error);
void state_newest_release(struct state_newest *newest);

#endif

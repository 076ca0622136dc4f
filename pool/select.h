/* What the task ids of a command mean: "CYCLE/TASK" with patterns, families and states for
 * instances of the pool; exactly, also for tasks that are not (yet, or any more) in it. */
#ifndef ROUSE_POOL_SELECT_H
#define ROUSE_POOL_SELECT_H

#include "pool/inside.h"

struct target {
    cycle_point point;
    uint32_t task;
};

struct selection {                /* all zero: nothing */
    VEC(struct instance *) found; /* no doubles; in the pool and not just leaving it */
    VEC(struct target) absent;    /* exact ids of tasks that are not in the pool */
    struct text unmatched;        /* ids that mean nothing: "1/x, 2/y" */
    struct text wrong;            /* what no id can be: "\"x\" is no task state (1/a:x)" */
    bool any_pattern;             /* an id was a pattern, a family or a whole cycle point */
};

/* ids: one a line. */
void select_tasks(struct pool *pool, struct slice ids, struct selection *ret_selection);
void selection_release(struct selection *selection);
/* Whether the pattern names the task or a family of its. */
bool select_names_task(const struct task_def *task, const char *pattern);
/* -ENOENT and error if an id meant nothing, else 0. */
int selection_refuse_unmatched(const struct selection *selection, struct error *error);

#endif

/* What a database says of a stopped run: everything needed to go on. Plain arrays, read by the
 * members at creation (each takes its part). Built by db_load; freed by restart_destroy. */
#ifndef ROUSE_RESTART_H
#define ROUSE_RESTART_H

#include "base/bits.h"
#include "coroutines/topics.h"

struct restart_task { /* one instance of the pool */
    cycle_point point;
    uint32_t task;
    struct flow_list flows;
    enum task_status status;
    uint32_t flags; /* TASK_HELD, TASK_FLOW_WAIT, TASK_MANUAL, TASK_FROM_CURSOR, TASK_RETRYING,
                       TASK_LATE */
    uint32_t submit, try_;
    uint64_t outputs;              /* completed, bit set by output index */
    const uint64_t *prerequisites; /* satisfied atoms, bit set, (n_atoms + 63) / 64 words */
    struct marks *forced;          /* what a user satisfied: atoms (the set FORCED_ATOMS), and
                                      members of the family trigger that atom A is (the set A) */
    int64_t settled;               /* offset in job.status up to which messages had their effect */
};

struct restart_output { /* completed, consequences not all recorded */
    cycle_point point;
    uint32_t task, output;
    struct flow_list flows;
    bool forced; /* a user set it */
};

struct restart_group { /* a satisfied member of a family trigger */
    uint32_t group, member;
    cycle_point point;
    struct flow_list flows;
};

struct restart_point { /* a task and a point: holds of future tasks; cursors (last point spawned) */
    uint32_t task;
    cycle_point point;
    struct flow_list flows;
};

struct restart_xtrigger { /* an instance's dependence on a signature */
    cycle_point point;
    uint32_t task, xtrigger; /* xtrigger NO_INDEX: retry timer */
    bool satisfied;
    const char *signature;
};

struct restart_result { /* a satisfied signature */
    const char *signature, *results;
};

struct restart_external { /* a message that no task has used yet */
    uint64_t number;
    const char *message, *id;
};

struct restart_broadcast {
    cycle_point point; /* POINT_NONE: all */
    const char *name_space, *key, *value;
};

struct restart_job { /* jobs of instances that were active */
    cycle_point point;
    uint32_t task, submit;
    const char *job_id;         /* "" if it was not submitted yet */
    const char *settings;       /* what was broadcast to it, as in job.submit; "": nothing */
    int64_t submitted, timeout; /* when it was and when that is told, microseconds; 0: not */
};

struct restart_history { /* last submit number and completed outputs of instances no longer in the
                            pool */
    cycle_point point;
    uint32_t task, submit;
    struct flow_list flows;
    uint64_t outputs;
    enum task_status status;
    bool flow_wait;
};

struct restart_event { /* a task event that has not been handled */
    uint64_t id;
    cycle_point point;
    uint32_t task, submit, try_;
    const char *event, *message;
    const char *settings; /* what was broadcast about it, as in task.event */
};

struct restart {
    unsigned n_restarts;
    bool paused;
    uint32_t flow_last;   /* highest flow number used */
    cycle_point runahead; /* POINT_NONE: not known */
    const char *uuid;
    const char *stop_clock_time;        /* seconds since 1970-01-01T00Z; NULL: not set */
    const char *hold_point, *stop_task; /* as a command set them: "5", "5/a"; NULL: not */
    struct flow_list flows_recent;      /* of the row that changed last; none: not known */
#define RESTART_ARRAY(type, name)                                                                  \
    struct type *name;                                                                             \
    size_t n_##name
    RESTART_ARRAY(restart_task, tasks);
    RESTART_ARRAY(restart_output, unsettled);
    RESTART_ARRAY(restart_group, groups);
    RESTART_ARRAY(restart_point, holds);
    RESTART_ARRAY(restart_point, cursors);
    RESTART_ARRAY(restart_xtrigger, xtriggers);
    RESTART_ARRAY(restart_result, results);
    RESTART_ARRAY(restart_broadcast, broadcasts);
    RESTART_ARRAY(restart_external, externals);
    RESTART_ARRAY(restart_job, jobs);
    RESTART_ARRAY(restart_history, history); /* of few; of others the pool asks (history.ask) */
    RESTART_ARRAY(restart_event, events);
    RESTART_ARRAY(restart_output, absolute); /* completed outputs that absolute triggers refer to */
#undef RESTART_ARRAY
    void *arena; /* what owns the texts and bit sets */
};

/* The task's flags with those that the database has not, for they follow from the rest: beyond the
 * runahead limit (one that has begun is not held back by it), incomplete (what has ended and is
 * complete does not stay in the pool). */
static inline uint32_t restart_flags(const struct restart *restart, const struct restart_task *task)
{
    bool beyond = restart->runahead == POINT_NONE || task->point > restart->runahead;
    if (status_is_final(task->status))
        return task->flags | TASK_INCOMPLETE;
    bool waits = task->status == STATUS_WAITING && !(task->flags & (TASK_MANUAL | TASK_RETRYING));
    return waits && beyond ? task->flags | TASK_RUNAHEAD : task->flags;
}

void restart_destroy(struct restart *restart);

#endif

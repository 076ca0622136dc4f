/* The rows in memory: what the database holds of the instances being worked on, and what is to be
 * written at the next commit. A row that changes many times between two commits is written once;
 * one that comes and goes is not written at all.
 *
 * An instance is kept while it is in the pool or something of it is unwritten or unsettled; one
 * that is not here is read from the database when it is asked for. */
#ifndef ROUSE_DB_ROWS_H
#define ROUSE_DB_ROWS_H

#include "base/bits.h"
#include "base/table.h"
#include "db/forms.h"

/* A row of task_states and one of task_outputs: how an instance fared in a set of flows. */
struct history {
    struct history *next;
    const struct flow_set *flows;
    const struct flow_set *stored; /* flows it stands under in the database; NULL: it does not */
    uint64_t outputs, forced;
    int64_t created, updated;
    uint32_t submit;
    enum task_status status;
    bool flow_wait, manual;
    bool state_dirty, outputs_dirty;
};

/* A row of task_jobs. */
struct job {
    struct job *next;
    uint32_t submit, try_;
    const struct flow_set *flows;
    bool manual;
    bool dirty;
    int8_t submit_status, run_status;                     /* -1: not known yet */
    int64_t time_submit, submit_exit, time_run, run_exit; /* 0: not yet */
    char *signal, *job_id, *platform, *runner;            /* NULL: none */
};

/* A row of rouse_unsettled. */
struct unsettled {
    uint32_t output;
    const struct flow_set *flows;
    bool wanted, stored;
};

/* A row of rouse_xtriggers. */
struct wait {
    uint32_t xtrigger; /* NO_INDEX: retry delay */
    bool satisfied, dirty;
    char *signature;
};

/* How one atom of an instance stands: enum satisfied_how + 1 when satisfied, with these bits. */
enum atom_mark {
    ATOM_SATISFIED_MASK = 3,
    ATOM_APPLIES = 1 << 2, /* has its place in task_prerequisites */
    ATOM_DIRTY = 1 << 3,
    ATOM_UNDONE = 1 << 4 /* satisfied no longer */
};

struct instance_key {
    cycle_point point;
    uint64_t task;
};

struct instance {
    UT_hash_handle hh;
    struct instance_key key;
    struct history *rows; /* all that is known, newest first */
    struct history *now;  /* of them, while it is in the pool */
    struct job *jobs;     /* newest first; only those in use */
    bool in_pool, dirty;
    bool pool_dirty, task_dirty, atoms_dirty;
    bool task_stored, waits_stored;    /* has rows in rouse_tasks, rouse_xtriggers */
    bool atoms_stored, grouped_stored; /* in task_prerequisites, rouse_prerequisites */
    bool renewed; /* its prerequisites are to be written anew: the definition changed */
    bool stale;   /* left the pool since the last commit: those rows are to go */
    const struct flow_set *pool_stored; /* flows of its row in task_pool; NULL: none */
    uint32_t flags, try_;
    uint32_t failed_submissions; /* in a row */
    int64_t settled;
    char *settings;         /* what was broadcast to the job that is active; NULL: nothing */
    int64_t timeout;        /* when the job's is told, microseconds since 1970; 0: never */
    int64_t timeout_stored; /* the same in task_timeout_timers */
    bool late_stored;       /* has its row in task_late_flags */
    uint8_t *atoms;         /* one a graph atom; NULL outside the pool */
    struct marks *members;  /* of the family trigger an atom is: those that a user satisfied */
    VEC(struct unsettled) unsettled;
    VEC(struct wait) waits;
};

struct db;

/* Find it, or read it from the database. NULL and error if that fails. */
struct instance *rows_get(struct db *db, cycle_point point, uint32_t task, struct error *error);
/* It will be looked at by the next commit. */
void rows_touch(struct db *db, struct instance *instance);
/* Its row for these flows, or NULL. */
struct history *rows_history(struct instance *instance, const struct flow_set *flows);
struct history *rows_add_history(struct instance *instance, const struct flow_set *flows);
void rows_drop_history(struct instance *instance, struct history *row);
/* Its job, from memory or the database; created if there is none. */
struct job *rows_job(struct db *db, struct instance *instance, uint32_t submit,
                     struct error *error);
/* What the graph says of its atoms at its point, nothing satisfied but what lies before the start.
 */
void rows_make_atoms(struct db *db, struct instance *instance);
/* Flows in common with `flows` in which the instance at point has completed one of `outputs`, as
 * committed: true, and its flows. False: none. Negative: cannot be read. */
int rows_has_output(struct db *db, cycle_point point, uint32_t task, uint64_t outputs,
                    const struct flow_list *flows, struct flow_list *ret_flows,
                    struct error *error);
/* The parent's point of an atom. */
cycle_point rows_parent_point(const struct db *db, const struct atom *atom, cycle_point child);
/* No job of it is active any more. */
void rows_forget_job(struct instance *instance);
/* It leaves the pool. */
void rows_leave_pool(struct instance *instance);
/* Everything of it is written: forget what need not be kept. May free the instance. */
void rows_written(struct db *db, struct instance *instance);
void rows_release(struct db *db);

const struct graph_task *rows_graph_task(const struct db *db, const struct instance *instance);
const struct task_def *rows_task(const struct db *db, const struct instance *instance);
/* Name of an atom in rouse_prerequisites: the group's, or "task:output". Appends. */
void rows_atom_name(const struct db *db, const struct atom *atom, struct text *out);

#endif

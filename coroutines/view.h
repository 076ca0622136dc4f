/* The read model: what the viewer knows of the pool, built from the pool's messages alone and never
 * ahead of what is recorded. Queries read it; nothing decides by it. */
#ifndef ROUSE_VIEW_H
#define ROUSE_VIEW_H

#include "base/bits.h"
#include "base/table.h"
#include "base/vec.h"
#include "coroutines/topics.h"
#include "scheduler/config/workflow.h"

struct restart;

struct view_key {
    cycle_point point;
    uint64_t index; /* of the task or the group */
};

struct view_xtrigger {
    uint32_t xtrigger; /* index, or NO_INDEX: a retry delay */
    bool satisfied;
    char *signature;
};

struct view_task {
    struct view_key key;
    enum task_status status;
    uint32_t flags; /* enum task_flag */
    uint32_t submit, try_;
    int64_t since; /* of the status; microseconds since 1970-01-01T00Z */
    struct flow_list flows;
    uint64_t outputs;    /* completed, by output index */
    uint64_t *satisfied; /* atoms; (n_atoms + 63) / 64 words */
    uint8_t *how;        /* enum satisfied_how, by atom; NULL: all naturally */
    struct marks *given; /* members of the family trigger that an atom is, by force */
    VEC(struct view_xtrigger) xtriggers;
    UT_hash_handle hh;
};

struct view_group {
    struct view_key key;
    uint64_t *satisfied; /* members */
    UT_hash_handle hh;
};

/* A place in the list of tasks that stays good while the list changes. Tasks that are added later
 * come later. */
struct view_cursor {
    struct view_task *next; /* NULL: at the end */
    struct view_cursor *other;
};

struct view_signature { /* how an xtrigger that somebody waits for stands */
    char *text;
    char *problem; /* the last error; NULL: none */
    int64_t problem_when;
    enum xtrigger_asked how; /* of the last call */
    uint64_t n_asked;        /* 0: not asked yet */
    int64_t asked, next;     /* microseconds since 1970-01-01T00Z; next -1: none is due */
    bool told;               /* a change is told */
    char *found;             /* by the last call, for people */
    UT_hash_handle hh;
};

struct view {
    const struct workflow *workflow;
    struct view_task *tasks;
    struct view_group *groups;
    struct view_signature *signatures;
    struct view_cursor *cursors;
    uint32_t *active; /* by queue */
    uint64_t by_status[STATUSES];
    cycle_point runahead;
    enum workflow_status status;
    uint32_t workflow_flags;
    char *reason; /* of the last workflow.state */
};

void view_init(struct view *view, const struct workflow *workflow, const struct restart *restart);
void view_release(struct view *view);
/* Another version of the definition: the tasks and their prerequisites as `restart` has them. */
void view_renew(struct view *view, const struct workflow *workflow, const struct restart *restart);
/* One message of the pool, jobs or xtriggers. */
void view_apply(struct view *view, const struct message *message);
/* NULL: not in the pool. */
const struct view_task *view_find(const struct view *view, cycle_point point, uint32_t task);
/* Begin at the first task; until view_cursor_close the cursor belongs to the view. */
void view_cursor_open(struct view *view, struct view_cursor *cursor);
/* The next task, or NULL: that was all. */
const struct view_task *view_cursor_next(struct view_cursor *cursor);
void view_cursor_close(struct view *view, struct view_cursor *cursor);
/* How the member of the family trigger `atom` of the task (NULL: not in the pool) is satisfied, by
 * itself; SATISFIED_NO_LONGER: it is not. parent: the members' point. */
enum satisfied_how view_member(const struct view *view, const struct view_task *task,
                               const struct atom *atom, uint32_t number, cycle_point parent,
                               uint32_t member);
bool view_bit(const uint64_t *bits, uint32_t index);
const struct view_group *view_find_group(const struct view *view, cycle_point point,
                                         uint32_t group);
/* What the instance waits or waited for by an xtrigger; NULL: nothing. */
const struct view_xtrigger *view_xtrigger_of(const struct view_task *task, uint32_t xtrigger);
/* Of an external trigger: the message; NULL: it is none. */
const char *view_message(const struct view *view, const struct view_xtrigger *xtrigger);
/* NULL: nothing is known of it. */
const struct view_signature *view_signature(const struct view *view, const char *signature);

#endif

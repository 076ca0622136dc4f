/* A task pool that knows no time: the rules of Cylc 8 for whatever users do, slow and obvious.
 * After each intervention everything happens that follows from it (rules_settle); what is in the
 * pool then, and how often each job has run, does not depend on the order in which it happened.
 *
 * It shares no code with rouse's pool. */
#ifndef ROUSE_SIM_RULES_H
#define ROUSE_SIM_RULES_H

#include "tests/sim/spec.h"

enum { RULES_FLOWS_MAX = 4, RULES_CURSORS_MAX = 64, RULES_BROADCASTS_MAX = 8 };

enum rules_state {
    RULES_ABSENT, /* not in the pool */
    RULES_WAITING,
    RULES_RUNNING,
    RULES_SUCCEEDED,
    RULES_FAILED,
    RULES_EXPIRED
};

/* A task at a point: its place in the pool, and what is remembered of it. */
struct rules_place {
    enum rules_state state;
    unsigned flows; /* bit N: flow N */
    unsigned outputs;
    unsigned got[SPEC_TASKS_MAX][2]; /* satisfied: outputs of the parent, 0 or 1 points back */
    bool held, manual, released;     /* released: within the runahead limit, for good */
    bool external, late, clock;      /* satisfied */
    bool again;                      /* it has run, and need not wait for anybody but users */
    bool forced;                     /* its prerequisites were set */
    bool previous;                   /* sequential: the one before it has succeeded */
    bool orphan;                     /* not defined any more */
    int tries;                       /* jobs that failed and are tried again */
    /* beyond the pool */
    bool to_hold;
    unsigned done[RULES_FLOWS_MAX + 1]; /* by flow: outputs */
    bool been[RULES_FLOWS_MAX + 1];     /* by flow: it was in the pool */
    int runs;                           /* jobs so far */
    int heard;                          /* by the last of them: a broadcast's value */
};

struct rules_cursor { /* a task without parents goes on by itself */
    int task;
    unsigned flows;
    int next; /* point */
};

struct rules_broadcast {
    int point; /* 0: all */
    int task;  /* SPEC_NOBODY: root; SPEC_TASKS_MAX: the family */
    int value; /* 0: the place is free */
};

struct rules {
    struct spec spec; /* as defined now */
    struct rules_place at[SPEC_TASKS_MAX][SPEC_POINTS_MAX + 1];
    struct rules_cursor cursors[RULES_CURSORS_MAX];
    int n_cursors;
    struct rules_broadcast broadcasts[RULES_BROADCASTS_MAX];
    bool let_go[SPEC_TASKS_MAX][SPEC_POINTS_MAX + 1]; /* long jobs that may end */
    bool late[SPEC_POINTS_MAX + 1];                   /* xtriggers that are satisfied */
    int messages[SPEC_TASKS_MAX];                     /* external ones that nobody has used */
    int day;                                          /* since the start of the simulation */
    int last_flow;
    int limit;      /* runahead */
    int hold_point; /* 0: none */
    int stop_point; /* 0: none */
    int stop_task, stop_task_point;
    bool stop_task_done;
    bool paused, stopping;
    bool any_manual; /* something was triggered: queues may be fuller than they should */
    bool gate_open;
    int ends; /* times that the scheduler has come to an end by itself */
};

void rules_begin(struct rules *rules, const struct spec *spec);
/* Whatever follows. */
void rules_settle(struct rules *rules);

/* --- interventions; rules_settle after each --- */
void rules_hold(struct rules *rules, int task, int point);
void rules_release(struct rules *rules, int task, int point);
void rules_hold_after(struct rules *rules, int point);
void rules_release_all(struct rules *rules);
/* flows: 0: all that are there. The task must not be running. */
void rules_trigger(struct rules *rules, int task, int point, unsigned flows);
void rules_set_prerequisites(struct rules *rules, int task, int point);
/* Its running job is killed. */
void rules_kill(struct rules *rules, int task, int point);
/* Its running job comes to its end. */
void rules_job_ends(struct rules *rules, int task, int point);
/* An external one: it is for one instance. */
void rules_message(struct rules *rules, int task);
enum rules_stop { RULES_STOP_CLEAN, RULES_STOP_KILL, RULES_STOP_NOW };
void rules_stop(struct rules *rules, enum rules_stop how);
void rules_stop_flow(struct rules *rules, int flow);
void rules_reload(struct rules *rules, const struct spec *spec);
void rules_broadcast(struct rules *rules, int point, int task, int value);
/* Those of these; point 0: all cycles. */
void rules_clear(struct rules *rules, int point, int task);
void rules_expire(struct rules *rules, int before);

/* --- questions --- */
bool rules_is_in_pool(const struct rules *rules, int task, int point);
/* What the broadcasts say to a job; 0: nothing. */
int rules_heard(const struct rules *rules, int task, int point);
/* Nothing is in the pool. */
bool rules_is_empty(const struct rules *rules);
/* The lowest point with anything in the pool; beyond the last: none. */
int rules_base(const struct rules *rules);
/* Within what the definition says, gate included. */
bool rules_task_at(const struct spec *spec, int task, int point);

#endif

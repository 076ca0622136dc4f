/* A workflow while it is being read: shared by the files that each read a part of it, and by no one
 * else. Every step returns 0, or a negative code with loading->error filled. */
#ifndef ROUSE_CONFIG_LOAD_H
#define ROUSE_CONFIG_LOAD_H

#include "base/vec.h"
#include "scheduler/config/item.h"
#include "scheduler/config/runtime.h"
#include "scheduler/config/schema.h"
#include "scheduler/config/workflow.h"
#include "scheduler/graph/index_set.h"

struct clock_trigger {
    uint32_t task, xtrigger;
};

/* What [special tasks] says of a task, kept until the tasks are made. */
struct clock_expire {
    uint32_t task;
    struct interval offset;
};
struct external_trigger {
    uint32_t task;
    const char *message;
};

/* What the graph says that a task polls; output NULL: it does not say. */
struct polling {
    uint32_t task;
    const char *workflow, *polled, *output;
};

struct loading {
    struct workflow *workflow; /* being filled */
    struct arena *keep;        /* what the workflow holds */
    struct arena scratch;      /* gone after loading */
    struct item_tree tree;
    const struct workflow_options *options; /* never NULL */
    struct warner warner;
    struct error *error;
    struct params *params; /* [task parameters] */
    struct platforms *platforms;
    struct namespaces namespaces;
    VEC(struct name_space *) tasks; /* by task index; NULL: of the version before, not found yet */
    VEC(struct xtrigger_def) xtriggers;
    struct index_set xtrigger_labels;
    VEC(struct clock_trigger) clock_triggers; /* and external ones */
    VEC(struct clock_expire) clock_expires;
    VEC(uint32_t) sequential_tasks;
    VEC(struct external_trigger) external_triggers;
    VEC(struct polling) pollings;
    bool sequential_xtriggers;
    bool acyclic; /* nothing but R1 in the graph, and no points: it does not cycle */
    struct graph *graph;
};

/* load.c */
/* [section][subsection]name if it is set to something, else NULL. subsection may be NULL. */
const struct item *load_setting(const struct loading *self, const char *section,
                                const char *subsection, const char *name);
const struct item *load_section(const struct loading *self, const char *section,
                                const char *subsection);
/* The value of a setting, or what global.cylc says of it, or the default of `id`. */
struct value load_value(const struct loading *self, const char *section, const char *subsection,
                        const char *name, enum item_id id);

/* scheduling.c: cycling, points, runahead */
int load_cycling(struct loading *self);
/* scheduler.c: [meta], [scheduler] */
int load_scheduler(struct loading *self);
/* xtriggers.c: [scheduling][xtriggers] and the windows */
int load_xtriggers(struct loading *self);
/* xtrigger_windows.c: [scheduling][xtrigger windows], after the xtriggers */
int load_windows(struct loading *self);
/* A new xtrigger that is a clock of the window. */
uint32_t load_window_clock(struct loading *self, const char *label,
                           const struct xtrigger_window *window);
/* Index of the xtrigger `label`; wall_clock is made when first asked for. NO_INDEX: not defined. */
uint32_t load_xtrigger(struct loading *self, const char *label);
/* Index of the wall_clock with that offset, made when first asked for. */
uint32_t load_clock(struct loading *self, const char *offset);
/* Index of the xtrigger for the external trigger, made when first asked for. */
uint32_t load_external(struct loading *self, const char *message);

/* tasks.c: namespaces to tasks, the graph */
int load_namespaces(struct loading *self);
/* Before anything is asked that only makes sense with a graph. */
int load_graph_exists(struct loading *self);
int load_graph(struct loading *self);
/* The recurrence an item of [graph] is for. `graph`, which [dependencies]graph of Cylc 7 becomes,
 * is R1. */
const char *load_recurrence(const struct item *item);
/* Index of a task, implicit ones defined as allowed; NO_INDEX and an error without a place. */
uint32_t load_task(struct loading *self, const char *name, struct error *error);
/* Tasks meant by the name of a task or family: true, or false if there is neither. The array lives
 * until the next task is made. */
bool load_members(struct loading *self, const char *name, const uint32_t **ret_members,
                  uint32_t *ret_n);
/* Names of the version before that nothing defines any more: their places are filled. */
void load_removed(struct loading *self);
/* special.c: [scheduling][queues] and [special tasks]. The names first, as they may define tasks,
 * then what they say of the tasks. */
int load_special_names(struct loading *self);
void load_special_tasks(struct loading *self, struct task_def *tasks);
int load_queues(struct loading *self, struct task_def *tasks);
/* What the graph says, with the clock triggers of special tasks. */
const struct graph *load_clock_triggers(struct loading *self);

/* modes.c: [[[skip]]]outputs of each task, and which tasks run in skip mode */
int load_skip_mode(struct loading *self, struct task_def *tasks);

/* handler_names.c: what [events]handlers of each task wants to be filled in */
int load_handler_names(struct loading *self, const struct task_def *tasks);

/* polling.c: the script of each task that polls another workflow */
int load_pollings(struct loading *self, struct task_def *tasks);

/* completion.c */
int load_completions(struct loading *self, const struct task_def *tasks);

#endif

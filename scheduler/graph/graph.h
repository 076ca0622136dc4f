/* What the graph strings of a workflow mean, compiled: task definitions are indices; edges join
 * definitions, not instances; a family trigger is one shared node (a group).
 *
 * Two steps, both pure: graph_builder takes graph strings section by section (parser.c) and
 * graph_build turns them into arrays (compile.c). Semantics: Cylc 8.4's graph language. */
#ifndef ROUSE_GRAPH_H
#define ROUSE_GRAPH_H

#include "base/error.h"
#include "scheduler/cycling/cycling.h"
#include <stdbool.h>
#include <stdint.h>

#define NO_INDEX UINT32_MAX

/* Standard outputs have fixed indices in every task; custom outputs follow in order of definition.
 */
enum standard_output {
    OUTPUT_EXPIRED,
    OUTPUT_SUBMITTED,
    OUTPUT_SUBMIT_FAILED,
    OUTPUT_STARTED,
    OUTPUT_SUCCEEDED,
    OUTPUT_FAILED,
    OUTPUT_CUSTOM /* the first custom one */
};
enum { OUTPUTS_MAX = 64 }; /* outputs of one task: they fit a bit set */

/* "expired", "submitted", "submit-failed", "started", "succeeded", "failed" */
extern const char *const standard_output_names[OUTPUT_CUSTOM];

enum output_need { NEED_UNSET, NEED_REQUIRED, NEED_OPTIONAL };

/* One leaf of a condition. */
enum atom_kind { ATOM_OUTPUT, ATOM_GROUP };
struct atom {
    enum atom_kind kind;
    uint32_t index;              /* of the task, or of the group */
    uint32_t output;             /* ATOM_OUTPUT: output index in that task */
    const struct offset *offset; /* from the child's point to the parent's */
};

/* A condition in postfix order over a task's own atoms and alternatives. */
enum term_kind { TERM_ATOM, TERM_AND, TERM_OR, TERM_XTRIGGER };
struct term {
    enum term_kind kind;
    uint32_t atom; /* TERM_ATOM: into the task's atoms; TERM_XTRIGGER: into its alternatives */
};

/* One trigger of a task: `condition => task` on one sequence. Dependencies of a task on one
 * sequence are joined by AND. A suicide dependency (`condition => !task`) is apart from the others:
 * when it is satisfied the task is removed. */
struct dependency {
    uint32_t sequence; /* into graph.sequences */
    bool suicide;
    const struct term *terms;
    uint32_t n_terms;
    const char *text; /* as a person would write it, for `why` and `show` */
};

/* From a completed output to what it may trigger. The child's point is found by inverting the
 * atom's offset; it counts only if the dependency's sequence contains it. */
enum edge_kind { EDGE_TASK, EDGE_GROUP };
struct edge {
    enum edge_kind kind;
    uint32_t index;    /* child task, or group */
    uint32_t atom;     /* EDGE_TASK: into the child's atoms; EDGE_GROUP: member number */
    uint32_t sequence; /* EDGE_TASK: of the dependency; EDGE_GROUP: NO_INDEX */
    bool suicide;      /* EDGE_TASK */
};
struct edges {
    const struct edge *at;
    uint32_t n;
};

/* A family trigger: FAM:succeed-all and its like, shared by all children. Satisfied when all (or
 * any) members have completed one of their outputs in `outputs`. All members at one point. */
struct group {
    const char *name; /* "FAM:succeed-all" */
    bool all;         /* all members, or any */
    uint64_t outputs; /* bit set of standard outputs: finish = succeeded and failed */
    const uint32_t *members;
    uint32_t n_members;
    struct edges edges; /* to the children (EDGE_TASK) */
};

struct graph_xtrigger {
    uint32_t sequence; /* into graph.sequences */
    uint32_t xtrigger; /* as graph_names.xtrigger gave it */
    /* It stands in a condition with | (as a TERM_XTRIGGER); else the task waits for it in any case,
     * and no condition speaks of it. */
    bool alternative;
};
enum { ALTERNATIVES_MAX = 64 }; /* xtriggers in conditions of one task: they fit a bit set */

/* What the graph says of one task. */
struct graph_task {
    const uint32_t *sequences; /* into graph.sequences, ascending: where the task runs */
    uint32_t n_sequences;
    const struct atom *atoms;
    uint32_t n_atoms;
    const struct dependency *dependencies;
    uint32_t n_dependencies;
    const struct edges *edges;     /* by output index; n_outputs of them */
    const enum output_need *needs; /* by output index */
    uint32_t n_outputs;
    const struct graph_xtrigger *xtriggers;
    uint32_t n_xtriggers;
    const uint32_t *alternatives; /* xtriggers of its conditions, each once */
    uint32_t n_alternatives;
};

struct graph_sequence {
    const struct sequence *sequence;
    const char *text;
};

struct graph {
    const struct graph_sequence *sequences;
    uint32_t n_sequences;
    const struct group *groups;
    uint32_t n_groups;
    const struct graph_task *tasks; /* by task index */
    uint32_t n_tasks;
};

/* What the builder asks about names; the configuration answers. */
struct graph_names {
    void *context;
    /* Task index of a name, or NO_INDEX. implicit: the name has no [runtime] section; the callback
     * may define the task, or refuse with an error. */
    uint32_t (*task)(void *context, const char *name, struct error *error);
    /* Members (task indices) of a family and true, or false if `name` is no family. */
    bool (*family)(void *context, const char *name, const uint32_t **ret_members, uint32_t *ret_n);
    /* Output index for a qualifier such as "succeed", "succeeded", "x" (custom), or NO_INDEX. */
    uint32_t (*output)(void *context, uint32_t task, const char *name);
    /* How many outputs task has (after all are known). */
    uint32_t (*n_outputs)(void *context, uint32_t task);
    /* Xtrigger index for @name, or "name:timeout" for @name:timeout; or NO_INDEX. */
    uint32_t (*xtrigger)(void *context, const char *name);
    /* Name of a task, for messages about members of families. NULL: they are called by number. */
    const char *(*task_name)(void *context, uint32_t task);
    /* The graph says that task polls another workflow's task: NAME<workflow::polled:output>, output
     * by its standard name, NULL if it names none (succeeded is meant). NULL: such tasks are
     * refused. */
    int (*polling)(void *context, uint32_t task, const char *workflow, const char *polled,
                   const char *output, struct error *error);
};

struct params; /* scheduler/graph/params.h */

struct graph_builder;
struct graph_builder *graph_builder_create(const struct cycling *cycling, cycle_point initial,
                                           cycle_point final, const struct graph_names *names);
void graph_builder_destroy(struct graph_builder *builder);
/* Parameters for names such as foo<m> in texts added from now on; not owned. Without them such a
 * name is an error. */
void graph_builder_parameters(struct graph_builder *builder, const struct params *params);
/* Add `text` (any number of lines) under the heading `recurrence` (commas allowed). file and line
 * say where the text begins, for messages. Negative and error if it is refused. */
int graph_builder_add(struct graph_builder *builder, const char *recurrence, const char *text,
                      const char *file, int line, struct error *error);
/* The compiled graph, NULL on error. n_tasks: one more than the highest task index. Owned by the
 * caller; it keeps the sequences alive. Nothing can be done with the builder afterwards but destroy
 * it. */
struct graph *graph_build(struct graph_builder *builder, uint32_t n_tasks, struct error *error);
void graph_destroy(struct graph *graph);

/* -EINVAL and the instances ("1/a => 1/b => 1/a") if some of the first ones wait for each other in
 * a circle, so that none can ever run; Cylc's validation refuses the same. Later points are not
 * looked at: at most CIRCLE_POINTS_MAX, fewer in a large graph. task_name may be NULL. */
int graph_check_circular(const struct graph *graph, const struct cycling *cycling,
                         const char *(*task_name)(void *context, uint32_t task), void *context,
                         struct error *error);
enum { CIRCLE_POINTS_MAX = 100, CIRCLE_NODES_MAX = 200000, CIRCLE_EDGES_MAX = 1000000 };

/* Whether the task runs at point at all (some sequence of it contains it). */
bool graph_task_valid_at(const struct graph *graph, uint32_t task, cycle_point point);
/* The task's next point after `point` (POINT_NONE: before the first), over all its sequences. */
cycle_point graph_task_next(const struct graph *graph, uint32_t task, cycle_point point);
/* Whether nothing in the graph spawns the task at point: no dependency at all on any sequence
 * containing point, or only absolute or pre-initial ones, or such as xtriggers alone can satisfy.
 * `start`: points before it count as done. */
bool graph_task_parentless_at(const struct graph *graph, const struct cycling *cycling,
                              uint32_t task, cycle_point point, cycle_point start);
/* The same of one of its dependencies at any point: nothing relative is needed. */
bool graph_dependency_is_free(const struct graph_task *task, const struct dependency *dependency);
/* Whether the task has a sequence on which nothing spawns it; otherwise once it has had a parent it
 * always has one. */
bool graph_task_has_free_sequence(const struct graph *graph, uint32_t task);
/* Whether it is parentless at some point from `start` on; otherwise only parents spawn it. */
bool graph_task_starts_alone(const struct graph *graph, const struct cycling *cycling,
                             uint32_t task, cycle_point start);

#endif

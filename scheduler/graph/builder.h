/* What has been read of the graph so far, shared by builder.c, apply.c, needs.c and compile.c; no
 * one else includes it. Everything is an array that only grows; things refer to each other by
 * index. */
#ifndef ROUSE_GRAPH_BUILDER_H
#define ROUSE_GRAPH_BUILDER_H

#include "base/table.h"
#include "base/vec.h"
#include "scheduler/graph/arena.h"
#include "scheduler/graph/graph.h"
#include "scheduler/graph/index_set.h"
#include "scheduler/graph/parser.h"

enum {
    FAMILY_QUALIFIERS = 14,
    GRAPH_TERMS_MAX = 20000000, /* tasks and operators in all conditions: some 4 GB */
};

/* FAM:succeed-all and its like. */
struct family_qualifier {
    const char *name;
    uint64_t outputs;
    bool all;
    bool finish;
};
extern const struct family_qualifier family_qualifiers[FAMILY_QUALIFIERS];
/* Index of a qualifier, or NO_INDEX. */
uint32_t family_qualifier_find(struct slice name);
/* A standard output by any of its names ("fail", "failed"), OUTPUT_FINISHED, or NO_INDEX. */
#define OUTPUT_FINISHED (UINT32_MAX - 1)
uint32_t standard_output_find(struct slice name);

struct built_name {
    const char *name;
    bool family;
    uint32_t task;           /* not of a family */
    const uint32_t *members; /* of a family, ascending */
    uint32_t n_members;
    const char *polled;     /* what a polling task polls; NULL: nothing */
    uint32_t sequence;      /* last one given to all members */
    uint32_t *groups;       /* of a family, by qualifier; NO_INDEX: not on the left yet */
    uint64_t needs_done[2]; /* [optional]: qualifiers applied to all members */
    UT_hash_handle hh;
};

struct built_task {
    const char *name;                          /* NULL: not in the graph */
    uint64_t required, optional;               /* outputs so marked by name */
    uint64_t family_required, family_optional; /* through a family: a default */
    uint32_t line, section;                    /* where it was first seen */
    uint32_t sequence;                         /* the last one added */
    uint32_t n_atoms, n_alternatives;
};

struct built_section {
    const char *file, *recurrence;
};

struct built_sequence {
    const char *text;
    struct sequence *sequence;
};

struct built_offset {
    const char *text;
    struct offset offset;
    uint32_t same; /* the first equal one */
};

struct built_group {
    const struct built_name *family;
    uint32_t qualifier;
};

/* A leaf of a condition, before it is some child's atom. */
struct built_leaf {
    enum atom_kind kind;
    uint32_t index, output, offset;
};

struct built_atom {
    struct built_leaf leaf;
    uint32_t child;
    uint32_t number; /* among the child's */
};

struct built_dependency {
    uint32_t child, sequence;
    uint32_t terms, n_terms; /* in builder->terms, atoms by number */
    bool suicide;
    const char *text;
};

struct task_pair { /* what belongs to a task */
    uint32_t task, value;
};

struct built_xtrigger {
    uint32_t task, sequence, xtrigger;
    bool alternative;
};

struct built_alternative {
    uint32_t task, xtrigger;
    uint32_t number; /* among the task's */
};

struct built_xtrigger_name {
    const char *name;
    uint32_t xtrigger, line, section;
    UT_hash_handle hh;
};

struct built_term {
    enum term_kind kind;
    struct built_leaf leaf; /* TERM_XTRIGGER: its index only */
};

/* One condition of the left side in hand. */
struct built_unit {
    uint32_t terms, n_terms;         /* in builder->unit_terms */
    uint32_t xtriggers, n_xtriggers; /* in builder->unit_xtriggers: those not among the terms */
    const char *text;
};

struct resolved_name {
    struct built_name *name; /* NULL: not looked up yet */
};

struct graph_builder {
    const struct cycling *cycling;
    cycle_point initial, final;
    struct graph_names names;
    const struct params *params;
    struct arena arena;
    struct built_name *names_by_text;
    struct built_xtrigger_name *xtrigger_names;
    struct index_set offset_set, offset_value_set, sequence_set, atom_set, dependency_set,
        xtrigger_set, alternative_set;
    VEC(struct built_section) sections;
    VEC(struct built_sequence) sequences;
    VEC(struct built_offset) offsets; /* [0]: none */
    VEC(struct built_group) groups;
    VEC(struct built_task) tasks; /* by task index */
    VEC(struct built_atom) atoms;
    VEC(struct built_dependency) dependencies;
    VEC(struct term) terms;
    VEC(struct built_xtrigger) xtriggers;
    VEC(struct built_alternative) alternatives;
    VEC(struct task_pair) task_sequences;
    size_t terms_max; /* GRAPH_TERMS_MAX; tests lower it */
    bool built;
    /* in hand */
    const struct graph_statement *statement;
    VEC(struct resolved_name) resolved; /* by the statement's nodes */
    VEC(uint32_t) headings;             /* sequences of the section */
    uint32_t sequence;
    VEC(struct built_unit) units;
    VEC(struct built_term) unit_terms;
    VEC(uint32_t) unit_xtriggers;
    struct text text;
};

/* builder.c: names to things. All may be called with a name that was never seen. */
/* Begin with a statement: builder_name takes its nodes only. NULL: none. */
void builder_statement(struct graph_builder *builder, const struct graph_statement *statement);
int builder_name(struct graph_builder *builder, const struct graph_node *node,
                 struct built_name **ret_name, struct error *error);
int builder_offset(struct graph_builder *builder, const struct graph_node *node,
                   uint32_t *ret_offset, struct error *error);
int builder_xtrigger(struct graph_builder *builder, const struct graph_node *node,
                     uint32_t *ret_xtrigger, struct error *error);
/* For messages; buffer is used for a task without a name. */
const char *builder_task_name(const struct graph_builder *builder, uint32_t task,
                              char buffer[GRAPH_NAME_MAX + 1]);
uint32_t builder_group(struct graph_builder *builder, struct built_name *family,
                       uint32_t qualifier);
/* The child's atom for a leaf: its number. */
uint32_t builder_atom(struct graph_builder *builder, uint32_t child, const struct built_leaf *leaf);
bool builder_group_contains(const struct graph_builder *builder, uint32_t group, uint32_t task);
/* Add the dependency unless it is there. -EEXIST: it is there as the opposite (suicide or not);
 * -E2BIG: there are too many; -ENOSPC: too many xtriggers in conditions of this child. */
int builder_dependency(struct graph_builder *builder, uint32_t child, const struct built_unit *unit,
                       bool suicide);
void builder_add_xtrigger(struct graph_builder *builder, uint32_t task, uint32_t xtrigger,
                          bool alternative);

/* Say where the task was first seen. Returns error->code. */
int builder_where(const struct graph_builder *builder, uint32_t task, struct error *error);

/* needs.c: required and optional outputs. */
/* Note what the node says of its task's or its family's outputs. */
int needs_note(struct graph_builder *builder, const struct graph_node *node,
               struct built_name *name, struct error *error);
/* Output index of a node that is no family's, or OUTPUT_FINISHED. */
int needs_output(struct graph_builder *builder, const struct graph_node *node,
                 const struct built_name *name, uint32_t *ret_output, struct error *error);
/* What holds after all is read, into needs[0..n). */
int needs_settle(const struct graph_builder *builder, uint32_t task, enum output_need *needs,
                 uint32_t n, struct error *error);

/* apply.c: a graph_statement_handler; context is the builder. */
int builder_apply(void *context, struct graph_statement *statement, struct error *error);

#endif

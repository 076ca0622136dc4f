/* The namespaces of [runtime]: tasks and families, and who inherits what from whom. */
#ifndef ROUSE_CONFIG_INHERIT_H
#define ROUSE_CONFIG_INHERIT_H

#include "base/vec.h"
#include "scheduler/config/item.h"
#include "scheduler/config/workflow.h"
#include "scheduler/graph/params.h"

enum {
    INHERIT_DEPTH_MAX = 500, /* parents of parents */
    PARENTS_MAX = 1000,      /* of one namespace, all generations */
    NAME_MAX_BYTES = 254     /* of a task: it is the name of a directory */
};

struct settings;

/* One heading that speaks of a namespace; there may be several, "[[a]]" and "[[a, b]]". The
 * parameters are those of "[[a<m>]]", with the values this namespace stands for. */
struct heading {
    struct item *section;
    const struct param_value *parameters;
    uint32_t n_parameters;
    struct heading *next;
};

enum linearised { NOT_LINEARISED, BEING_LINEARISED, LINEARISED };

struct name_space {
    const char *name;
    struct heading *headings, *last_heading; /* in order of the file */
    struct name_space **parents;             /* of the last `inherit`; root if there is none */
    uint32_t n_parents;
    bool none_first;           /* `inherit = None, ...` */
    struct name_space **order; /* itself, then its ancestors: method resolution order (C3) */
    uint32_t n_order;
    enum linearised state;
    bool family;       /* something inherits it */
    bool implicit;     /* has no heading */
    bool removed;      /* only the version before defines it */
    uint32_t task;     /* index; NO_INDEX for families */
    uint32_t *members; /* families: all tasks below, ascending */
    uint32_t n_members;
    struct settings *settings; /* inheritance resolved, see runtime.h */
};

struct name_table;
struct namespaces {
    struct arena *arena, *names_arena; /* not owned */
    const struct params *params;       /* not owned; NULL: none */
    VEC(struct name_space *) all;      /* root first, then in order of first appearance */
    struct name_table *names;
};

/* names_arena keeps the names and nothing else. */
void namespaces_init(struct namespaces *namespaces, struct arena *arena, struct arena *names_arena);
void namespaces_release(struct namespaces *namespaces);
struct name_space *namespace_find(const struct namespaces *namespaces, struct slice name);
/* Found or made, without a heading. */
struct name_space *namespace_get(struct namespaces *namespaces, struct slice name);
struct name_space *namespace_root(const struct namespaces *namespaces);

/* Whether `name` may be a task's or family's; error says what it may hold. */
int namespace_check_name(struct slice name, struct error *error);

/* Take up every section of `runtime` (NULL: none), splitting headings at commas and making one
 * namespace for each combination of values of their parameters. */
int namespaces_read(struct namespaces *namespaces, struct item *runtime, struct error *error);
/* Find parents and order of all. An error names the namespace, or the circle. */
int namespaces_linearise(struct namespaces *namespaces, const struct item_tree *tree,
                         struct error *error);

#endif

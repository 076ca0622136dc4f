/* The tree of sections and items as a file wrote it. Every section, item and value keeps the place
 * it was written at. */
#ifndef ROUSE_CONFIG_ITEM_H
#define ROUSE_CONFIG_ITEM_H

#include "base/error.h"
#include "scheduler/config/values.h"
#include "scheduler/graph/arena.h"
#include <stdbool.h>

struct schema_entry;

struct item {
    const char *name;
    const char *file;
    int line; /* of a section: its first heading; of an item: where the value that counts stands */
    bool section;
    struct item *parent, *next;        /* siblings in order of first appearance */
    struct item *first, *last;         /* section: children */
    struct raw_value *values;          /* item: all of them, first to last */
    struct raw_value *last_value;      /* the one that counts, unless they add up */
    const struct schema_entry *schema; /* set by schema_check */
    struct value value;                /* set by schema_check */
    struct item_key *key;              /* for the table */
};

struct item_table;
struct item_tree {
    struct arena *arena; /* not owned; all items live here */
    struct item root;
    struct item_table *table; /* children by parent and name */
};

void item_tree_init(struct item_tree *tree, struct arena *arena, const char *file);
void item_tree_release(struct item_tree *tree);

/* The child of that name, or NULL. O(1). */
struct item *item_find(const struct item_tree *tree, const struct item *parent, const char *name);
/* The child of that name, made if there is none. */
struct item *item_get(struct item_tree *tree, struct item *parent, struct slice name, bool section,
                      const char *file, int line);
/* Take item away from its parent; it stays in memory. */
void item_detach(struct item_tree *tree, struct item *item);
/* Make item, which was detached, a child of parent under `name`, after its siblings. PRE: no child
 * of that name. */
void item_attach(struct item_tree *tree, struct item *parent, struct item *item, const char *name);

enum { ITEM_PATH_MAX = 256 };
/* "[runtime][foo]script" into buffer of ITEM_PATH_MAX bytes. Returns buffer. */
const char *item_path(const struct item *item, char *buffer);
/* Fill an error with the item's place; returns the code. */
int item_error(struct error *error, const struct item *item, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Add the item's place to an error already set; returns its code. */
int item_error_where(struct error *error, const struct item *item);

#endif

/* A set of indices into an array of the caller's, by what the array holds there: 4 bytes an entry,
 * where a table of pointers would cost twenty times that for a million edges. */
#ifndef ROUSE_GRAPH_INDEX_SET_H
#define ROUSE_GRAPH_INDEX_SET_H

#include "base/text.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct index_set_type {
    uint64_t (*hash)(const void *context, uint32_t index);
    bool (*equal)(const void *context, uint32_t a, uint32_t b);
};

/* An index that is no entry: `hash` and `equal` may take it for something in their context that is
 * looked for. */
#define INDEX_WANTED (UINT32_MAX - 1)

struct index_set {
    uint32_t *slots; /* index + 1; 0 = free */
    size_t n, capacity;
};

/* The member that equals the entry at `index`; `index` itself, which is added, if there is none. */
uint32_t index_set_add(struct index_set *set, const struct index_set_type *type,
                       const void *context, uint32_t index);
/* The member that equals the entry at `index` (which need not be a member), UINT32_MAX if none. */
uint32_t index_set_find(const struct index_set *set, const struct index_set_type *type,
                        const void *context, uint32_t index);
void index_set_release(struct index_set *set);

/* Fold the next number into a hash. */
uint64_t hash_fold(uint64_t hash, uint64_t value);
uint64_t hash_text(struct slice text);

#endif

/* A binary heap of pointers whose items know their place in it, so that any of them can be moved or
 * removed in O(log n). */
#ifndef ROUSE_BASE_HEAP_H
#define ROUSE_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

struct heap_type {
    bool (*before)(const void *a, const void *b);
    size_t *(*index)(void *item); /* where the item keeps its place; 0 = in no heap */
};

struct heap { /* all zero but `type`: empty */
    const struct heap_type *type;
    void **at; /* at[0] is not used */
    size_t n, capacity;
};

/* PRE: item is in no heap. */
void heap_add(struct heap *heap, void *item);
/* An item that is in no heap is left alone. */
void heap_remove(struct heap *heap, void *item);
/* The first item, or NULL; it stays. */
void *heap_first(const struct heap *heap);
/* Frees the array, not the items. */
void heap_release(struct heap *heap);

#endif

/* Memory that is freed all at once: a graph of a million edges is a few hundred allocations. */
#ifndef ROUSE_GRAPH_ARENA_H
#define ROUSE_GRAPH_ARENA_H

#include "base/text.h"
#include <stddef.h>

struct arena_chunk;
struct arena {
    struct arena_chunk *chunks;
    char *next;
    size_t left, size;
};

/* Zeroed memory aligned for any type; it lives until arena_release. size may be 0. */
void *arena_new(struct arena *arena, size_t size);
void *arena_new_array(struct arena *arena, size_t n, size_t size);
/* Copy, ended by NUL. */
const char *arena_text(struct arena *arena, struct slice text);
void arena_release(struct arena *arena);

#endif

/* A bump allocator over chunks that double in size. */
#include "scheduler/graph/arena.h"
#include "base/check.h"
#include "base/memory.h"
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { CHUNK_MIN = 16 << 10, CHUNK_MAX = 8 << 20, ALIGNMENT = alignof(max_align_t) };

struct arena_chunk {
    struct arena_chunk *older;
    alignas(max_align_t) char bytes[];
};

static char *new_chunk(struct arena *arena, size_t size)
{
    struct arena_chunk *chunk = mem_new(sizeof *chunk + size);
    chunk->older = arena->chunks;
    arena->chunks = chunk;
    return chunk->bytes;
}

static void refill(struct arena *arena)
{
    arena->size = arena->size ? arena->size * 2 : CHUNK_MIN;
    if (arena->size > CHUNK_MAX)
        arena->size = CHUNK_MAX;
    arena->next = new_chunk(arena, arena->size);
    arena->left = arena->size;
}

void *arena_new(struct arena *arena, size_t size)
{
    PRE(size <= SIZE_MAX / 2);
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (size > CHUNK_MAX / 4)
        return new_chunk(arena, size);
    while (size > arena->left)
        refill(arena);
    char *memory = arena->next;
    arena->next += size;
    arena->left -= size;
    return memory;
}

void *arena_new_array(struct arena *arena, size_t n, size_t size)
{
    PRE(size == 0 || n <= SIZE_MAX / 2 / size);
    return arena_new(arena, n * size);
}

const char *arena_text(struct arena *arena, struct slice text)
{
    char *copy = arena_new(arena, text.n + 1);
    if (text.n)
        memcpy(copy, text.at, text.n);
    return copy;
}

void arena_release(struct arena *arena)
{
    while (arena->chunks) {
        struct arena_chunk *chunk = arena->chunks;
        arena->chunks = chunk->older;
        free(chunk);
    }
    *arena = (struct arena){0};
}

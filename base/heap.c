/* See heap.h. */
#include "base/heap.h"
#include "base/check.h"
#include "base/memory.h"
#include <stdlib.h>

#include "base/banned.h"

static void put(struct heap *heap, size_t index, void *item)
{
    heap->at[index] = item;
    *heap->type->index(item) = index;
}

static void sift_up(struct heap *heap, size_t index)
{
    void *item = heap->at[index];
    for (; index > 1 && heap->type->before(item, heap->at[index / 2]); index /= 2)
        put(heap, index, heap->at[index / 2]);
    put(heap, index, item);
}

static void sift_down(struct heap *heap, size_t index)
{
    void *item = heap->at[index];
    for (;;) {
        size_t child = index * 2;
        if (child > heap->n)
            break;
        if (child < heap->n && heap->type->before(heap->at[child + 1], heap->at[child]))
            child++;
        if (!heap->type->before(heap->at[child], item))
            break;
        put(heap, index, heap->at[child]);
        index = child;
    }
    put(heap, index, item);
}

void heap_add(struct heap *heap, void *item)
{
    PRE(*heap->type->index(item) == 0);
    if (heap->n + 1 >= heap->capacity) {
        heap->capacity = heap->capacity ? heap->capacity * 2 : 16;
        heap->at = mem_resize_array(heap->at, heap->capacity, sizeof *heap->at);
    }
    put(heap, ++heap->n, item);
    sift_up(heap, heap->n);
}

void heap_remove(struct heap *heap, void *item)
{
    size_t index = *heap->type->index(item);
    if (!index)
        return;
    INVARIANT(index <= heap->n && heap->at[index] == item);
    void *last = heap->at[heap->n--];
    *heap->type->index(item) = 0;
    if (last == item)
        return;
    put(heap, index, last);
    sift_up(heap, index);
    sift_down(heap, *heap->type->index(last));
}

void *heap_first(const struct heap *heap)
{
    return heap->n ? heap->at[1] : NULL;
}

void heap_release(struct heap *heap)
{
    free(heap->at);
    *heap = (struct heap){.type = heap->type};
}

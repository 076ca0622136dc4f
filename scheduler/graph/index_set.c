/* Open addressing with linear probing, at most half full. */
#include "scheduler/graph/index_set.h"
#include "base/memory.h"
#include <stdlib.h>

#include "base/banned.h"

enum { CAPACITY_MIN = 16 };

uint64_t hash_fold(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ (hash >> 29);
}

uint64_t hash_text(struct slice text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < text.n; i++)
        hash = (hash ^ (unsigned char)text.at[i]) * UINT64_C(0x100000001b3);
    return hash_fold(0, hash);
}

static size_t find_slot(const struct index_set *set, const struct index_set_type *type,
                        const void *context, uint32_t index)
{
    size_t mask = set->capacity - 1, slot = (size_t)type->hash(context, index) & mask;
    while (set->slots[slot] && !type->equal(context, set->slots[slot] - 1, index))
        slot = (slot + 1) & mask;
    return slot;
}

static void grow(struct index_set *set, const struct index_set_type *type, const void *context)
{
    struct index_set old = *set;
    set->capacity = old.capacity ? old.capacity * 2 : CAPACITY_MIN;
    set->slots = NEW_ARRAY(uint32_t, set->capacity);
    size_t mask = set->capacity - 1;
    for (size_t i = 0; i < old.capacity; i++) {
        if (!old.slots[i])
            continue;
        size_t slot = (size_t)type->hash(context, old.slots[i] - 1) & mask;
        while (set->slots[slot])
            slot = (slot + 1) & mask;
        set->slots[slot] = old.slots[i];
    }
    free(old.slots);
}

uint32_t index_set_add(struct index_set *set, const struct index_set_type *type,
                       const void *context, uint32_t index)
{
    if ((set->n + 1) * 2 > set->capacity)
        grow(set, type, context);
    size_t slot = find_slot(set, type, context, index);
    if (set->slots[slot])
        return set->slots[slot] - 1;
    set->slots[slot] = index + 1;
    set->n++;
    return index;
}

uint32_t index_set_find(const struct index_set *set, const struct index_set_type *type,
                        const void *context, uint32_t index)
{
    if (!set->capacity)
        return UINT32_MAX;
    size_t slot = find_slot(set, type, context, index);
    return set->slots[slot] ? set->slots[slot] - 1 : UINT32_MAX;
}

void index_set_release(struct index_set *set)
{
    free(set->slots);
    *set = (struct index_set){0};
}

/* See cycle.h. */
#include "pool/cycle.h"
#include "base/check.h"
#include "base/memory.h"
#include <stdlib.h>

#include "base/banned.h"

static bool before(const void *a, const void *b)
{
    return ((const struct cycle *)a)->point < ((const struct cycle *)b)->point;
}

static size_t *active_index(void *cycle)
{
    return &((struct cycle *)cycle)->active_index;
}

static size_t *known_index(void *cycle)
{
    return &((struct cycle *)cycle)->known_index;
}

static size_t *beyond_index(void *cycle)
{
    return &((struct cycle *)cycle)->beyond_index;
}

static const struct heap_type active_type = {before, active_index};
static const struct heap_type known_type = {before, known_index};
static const struct heap_type beyond_type = {before, beyond_index};

void cycles_init(struct cycles *cycles)
{
    *cycles = (struct cycles){.active = {.type = &active_type},
                              .known = {.type = &known_type},
                              .beyond = {.type = &beyond_type}};
}

void cycles_release(struct cycles *cycles)
{
    struct cycle *cycle, *next;
    HASH_ITER(hh, cycles->table, cycle, next)
    {
        HASH_DEL(cycles->table, cycle);
        free(cycle);
    }
    heap_release(&cycles->beyond);
    heap_release(&cycles->known);
    heap_release(&cycles->active);
}

struct cycle *cycles_find(const struct cycles *cycles, cycle_point point)
{
    struct cycle *cycle;
    HASH_FIND(hh, cycles->table, &point, sizeof point, cycle);
    return cycle;
}

struct cycle *cycles_get(struct cycles *cycles, cycle_point point)
{
    struct cycle *cycle = cycles_find(cycles, point);
    if (cycle)
        return cycle;
    cycle = NEW(struct cycle);
    cycle->point = point;
    link_init(&cycle->beyond);
    HASH_ADD(hh, cycles->table, point, sizeof cycle->point, cycle);
    heap_add(&cycles->known, cycle);
    return cycle;
}

void cycles_forget(struct cycles *cycles, struct cycle *cycle)
{
    PRE(!cycle->n && !cycle->past && !cycle->groups);
    heap_remove(&cycles->known, cycle);
    HASH_DEL(cycles->table, cycle);
    free(cycle);
}

void cycle_enter(struct cycles *cycles, struct cycle *cycle)
{
    if (cycle->n++ == 0)
        heap_add(&cycles->active, cycle);
}

void cycle_leave(struct cycles *cycles, struct cycle *cycle)
{
    PRE(cycle->n > 0);
    if (--cycle->n == 0)
        heap_remove(&cycles->active, cycle);
}

void cycle_enter_beyond(struct cycles *cycles, struct cycle *cycle, struct link *link)
{
    list_append(&cycle->beyond, link);
    if (cycle->n_beyond++ == 0)
        heap_add(&cycles->beyond, cycle);
}

void cycle_leave_beyond(struct cycles *cycles, struct cycle *cycle, struct link *link)
{
    PRE(cycle->n_beyond > 0);
    list_remove(link);
    if (--cycle->n_beyond == 0)
        heap_remove(&cycles->beyond, cycle);
}

cycle_point cycles_lowest(const struct cycles *cycles)
{
    const struct cycle *first = heap_first(&cycles->active);
    return first ? first->point : POINT_NONE;
}

struct cycle *cycles_first_beyond(const struct cycles *cycles)
{
    return heap_first(&cycles->beyond);
}

struct cycle *cycles_first_known(const struct cycles *cycles)
{
    return heap_first(&cycles->known);
}

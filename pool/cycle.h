/* The cycle points the pool knows something of: instances, what is remembered of finished ones,
 * family triggers. Three heaps over them answer what is lowest without looking at the rest. */
#ifndef ROUSE_POOL_CYCLE_H
#define ROUSE_POOL_CYCLE_H

#include "base/heap.h"
#include "base/table.h"
#include "pool/list.h"
#include "scheduler/cycling/cycling.h"

struct past;
struct group_state;

struct cycle {
    cycle_point point;
    size_t n;                   /* instances in the pool */
    size_t n_beyond;            /* those of them beyond the runahead limit */
    struct link beyond;         /* struct instance.of_class */
    struct past *past;          /* by next_in_cycle */
    struct group_state *groups; /* by next_in_cycle */
    size_t active_index, known_index, beyond_index;
    UT_hash_handle hh;
};

struct cycles {
    struct cycle *table;
    struct heap active; /* with instances */
    struct heap beyond; /* with instances beyond the limit */
    struct heap known;  /* all */
};

void cycles_init(struct cycles *cycles);
/* PRE: what hangs on the cycles has been freed. */
void cycles_release(struct cycles *cycles);
/* NULL if nothing is known of the point. */
struct cycle *cycles_find(const struct cycles *cycles, cycle_point point);
struct cycle *cycles_get(struct cycles *cycles, cycle_point point);
/* PRE: no instances, and what hangs on it has been freed. */
void cycles_forget(struct cycles *cycles, struct cycle *cycle);

void cycle_enter(struct cycles *cycles, struct cycle *cycle);
void cycle_leave(struct cycles *cycles, struct cycle *cycle);
void cycle_enter_beyond(struct cycles *cycles, struct cycle *cycle, struct link *link);
void cycle_leave_beyond(struct cycles *cycles, struct cycle *cycle, struct link *link);

/* Lowest point with an instance; POINT_NONE: the pool is empty. */
cycle_point cycles_lowest(const struct cycles *cycles);
/* Lowest cycle with instances beyond the limit, or NULL. */
struct cycle *cycles_first_beyond(const struct cycles *cycles);
struct cycle *cycles_first_known(const struct cycles *cycles);

#endif

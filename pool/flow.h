/* Sets of flow numbers. The few distinct sets of a run are kept once each, so that an instance
 * needs a pointer only. */
#ifndef ROUSE_POOL_FLOW_H
#define ROUSE_POOL_FLOW_H

#include "base/table.h"
#include "coroutines/topics.h"

struct flow_set {
    struct flow_list list; /* unused places are zero */
    size_t n_instances;    /* in the pool with exactly these flows */
    UT_hash_handle hh;
};

struct flow_sets { /* all zero: empty */
    struct flow_set *table;
};

/* The one copy of `flows`; lives as long as the table. */
struct flow_set *flow_sets_get(struct flow_sets *sets, const struct flow_list *flows);
void flow_sets_release(struct flow_sets *sets);
/* All flows that instances of the pool are in. */
struct flow_list flow_sets_active(const struct flow_sets *sets);

bool flow_equal(const struct flow_list *a, const struct flow_list *b);
bool flow_contains(const struct flow_list *flows, uint32_t flow);
bool flow_overlap(const struct flow_list *a, const struct flow_list *b);
/* Every flow of `part` is in `whole`; no flow at all is part of everything. */
bool flow_is_part(const struct flow_list *part, const struct flow_list *whole);
/* Keeps the order; false if it is full. */
bool flow_add(struct flow_list *flows, uint32_t flow);
/* PRE: no more than FLOWS_PER_TASK_MAX together (flows_wanted refuses to begin more). */
struct flow_list flow_union(const struct flow_list *a, const struct flow_list *b);
struct flow_list flow_minus(const struct flow_list *a, const struct flow_list *b);
struct flow_list flow_common(const struct flow_list *a, const struct flow_list *b);

#endif

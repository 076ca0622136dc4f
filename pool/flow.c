/* See flow.h. */
#include "pool/flow.h"
#include "base/check.h"
#include "base/memory.h"
#include <string.h>

#include "base/banned.h"

struct flow_set *flow_sets_get(struct flow_sets *sets, const struct flow_list *flows)
{
    struct flow_list key = {0};
    key.n = flows->n;
    memcpy(key.at, flows->at, flows->n * sizeof *flows->at);
    struct flow_set *set;
    HASH_FIND(hh, sets->table, &key, sizeof key, set);
    if (!set) {
        set = NEW(struct flow_set);
        set->list = key;
        HASH_ADD(hh, sets->table, list, sizeof set->list, set);
    }
    return set;
}

void flow_sets_release(struct flow_sets *sets)
{
    struct flow_set *set, *next;
    HASH_ITER(hh, sets->table, set, next)
    {
        HASH_DEL(sets->table, set);
        free(set);
    }
}

struct flow_list flow_sets_active(const struct flow_sets *sets)
{
    struct flow_list all = {0};
    for (const struct flow_set *set = sets->table; set; set = set->hh.next)
        if (set->n_instances)
            all = flow_union(&all, &set->list);
    return all;
}

bool flow_equal(const struct flow_list *a, const struct flow_list *b)
{
    return a->n == b->n && memcmp(a->at, b->at, a->n * sizeof *a->at) == 0;
}

bool flow_contains(const struct flow_list *flows, uint32_t flow)
{
    for (uint32_t i = 0; i < flows->n; i++)
        if (flows->at[i] == flow)
            return true;
    return false;
}

bool flow_overlap(const struct flow_list *a, const struct flow_list *b)
{
    for (uint32_t i = 0; i < a->n; i++)
        if (flow_contains(b, a->at[i]))
            return true;
    return false;
}

bool flow_is_part(const struct flow_list *part, const struct flow_list *whole)
{
    for (uint32_t i = 0; i < part->n; i++)
        if (!flow_contains(whole, part->at[i]))
            return false;
    return true;
}

bool flow_add(struct flow_list *flows, uint32_t flow)
{
    if (flow_contains(flows, flow))
        return true;
    if (flows->n == FLOWS_PER_TASK_MAX)
        return false;
    uint32_t i = flows->n++;
    for (; i > 0 && flows->at[i - 1] > flow; i--)
        flows->at[i] = flows->at[i - 1];
    flows->at[i] = flow;
    return true;
}

struct flow_list flow_union(const struct flow_list *a, const struct flow_list *b)
{
    uint32_t all[2 * FLOWS_PER_TASK_MAX];
    uint32_t n = 0, i = 0, j = 0;
    while (i < a->n || j < b->n) {
        uint32_t next = j == b->n || (i < a->n && a->at[i] <= b->at[j]) ? a->at[i] : b->at[j];
        i += i < a->n && a->at[i] == next;
        j += j < b->n && b->at[j] == next;
        all[n++] = next;
    }
    PRE(n <= FLOWS_PER_TASK_MAX);
    struct flow_list both = {.n = n};
    memcpy(both.at, all, n * sizeof *all);
    return both;
}

static struct flow_list those(const struct flow_list *a, const struct flow_list *b, bool in_b)
{
    struct flow_list found = {0};
    for (uint32_t i = 0; i < a->n; i++)
        if (flow_contains(b, a->at[i]) == in_b)
            found.at[found.n++] = a->at[i];
    return found;
}

struct flow_list flow_minus(const struct flow_list *a, const struct flow_list *b)
{
    return those(a, b, false);
}

struct flow_list flow_common(const struct flow_list *a, const struct flow_list *b)
{
    return those(a, b, true);
}

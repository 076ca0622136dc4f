/* See group.h. */
#include "pool/group.h"
#include "base/check.h"
#include "base/memory.h"
#include "pool/prerequisite.h"
#include <stddef.h>
#include <stdlib.h>

#include "base/banned.h"

enum { KEY_SIZE = offsetof(struct group_state, group) + sizeof(uint32_t) };

static struct group_state *find(const struct groups *groups, uint32_t group, cycle_point point)
{
    struct group_state key = {.point = point, .group = group};
    struct group_state *state;
    HASH_FIND(hh, groups->table, &key, KEY_SIZE, state);
    return state;
}

static void state_free(struct group_state *state)
{
    while (state->flows) {
        struct group_flow *flow = state->flows;
        state->flows = flow->next;
        free(flow);
    }
    free(state);
}

void groups_release(struct groups *groups)
{
    struct group_state *state, *next;
    HASH_ITER(hh, groups->table, state, next)
    {
        HASH_DEL(groups->table, state);
        state_free(state);
    }
}

static struct group_state *get_state(struct groups *groups, struct cycle *cycle, uint32_t group)
{
    struct group_state *state = find(groups, group, cycle->point);
    if (state)
        return state;
    state = NEW(struct group_state);
    state->point = cycle->point;
    state->group = group;
    state->next_in_cycle = cycle->groups;
    cycle->groups = state;
    HASH_ADD(hh, groups->table, point, KEY_SIZE, state);
    return state;
}

static struct group_flow *get_flow(struct groups *groups, struct cycle *cycle, uint32_t group,
                                   uint32_t number)
{
    struct group_state *state = get_state(groups, cycle, group);
    for (struct group_flow *flow = state->flows; flow; flow = flow->next)
        if (flow->flow == number)
            return flow;
    size_t words = bit_words(groups->graph->groups[group].n_members);
    struct group_flow *flow = mem_new(sizeof *flow + words * sizeof *flow->members);
    flow->flow = number;
    flow->next = state->flows;
    state->flows = flow;
    return flow;
}

bool groups_set(struct groups *groups, struct cycle *cycle, uint32_t group, uint32_t member,
                const struct flow_list *flows, bool *ret_first)
{
    PRE(group < groups->graph->n_groups && member < groups->graph->groups[group].n_members);
    bool news = false, first = false;
    for (uint32_t i = 0; i < flows->n; i++) {
        struct group_flow *flow = get_flow(groups, cycle, group, flows->at[i]);
        if (bit_get(flow->members, member))
            continue;
        bit_set(flow->members, member);
        news = true;
        first |= flow->count++ == 0 || flow->restored;
        flow->restored = false;
    }
    *ret_first = first;
    return news;
}

void groups_restore(struct groups *groups, struct cycle *cycle, uint32_t group, uint32_t member,
                    const struct flow_list *flows)
{
    bool first;
    groups_set(groups, cycle, group, member, flows, &first);
    for (uint32_t i = 0; i < flows->n; i++)
        get_flow(groups, cycle, group, flows->at[i])->restored = true;
}

/* All members are among `given` and those satisfied in one of `flows` (NULL: in any). */
static bool all_are_there(const struct group *group, const struct group_flow *of,
                          const struct flow_list *flows, const uint64_t *given)
{
    for (uint32_t w = 0; w < bit_words(group->n_members); w++) {
        uint64_t all = given ? given[w] : 0;
        for (const struct group_flow *flow = of; flow; flow = flow->next)
            if (!flows || flow_contains(flows, flow->flow))
                all |= flow->members[w];
        uint32_t left = group->n_members - w * 64;
        if (all != (left >= 64 ? UINT64_MAX : (UINT64_C(1) << left) - 1))
            return false;
    }
    return true;
}

static bool holds(const struct group *group, const struct group_flow *of,
                  const struct flow_list *flows, const uint64_t *given)
{
    uint32_t most = 0, n = 0;
    for (const struct group_flow *flow = of; flow; flow = flow->next) {
        if (flows && !flow_contains(flows, flow->flow))
            continue;
        n++;
        most = flow->count > most ? flow->count : most;
    }
    if (!group->all)
        return most > 0 || given;
    return most == group->n_members || ((n > 1 || given) && all_are_there(group, of, flows, given));
}

bool groups_hold(const struct groups *groups, uint32_t group, cycle_point point,
                 const struct flow_list *flows, const uint64_t *given)
{
    const struct group_state *state = find(groups, group, point);
    return (state || given) &&
           holds(&groups->graph->groups[group], state ? state->flows : NULL, flows, given);
}

void groups_watch(struct groups *groups, struct cycle *cycle, uint32_t group)
{
    get_state(groups, cycle, group)->watched = true;
}

bool groups_may_hold(const struct groups *groups, uint32_t group, cycle_point point)
{
    const struct group_state *state = find(groups, group, point);
    return state && (state->watched || groups_hold(groups, group, point, NULL, NULL));
}

bool groups_member(const struct groups *groups, uint32_t group, cycle_point point, uint32_t member,
                   const struct flow_list *flows)
{
    const struct group_state *state = find(groups, group, point);
    for (const struct group_flow *flow = state ? state->flows : NULL; flow; flow = flow->next)
        if (flow_contains(flows, flow->flow) && bit_get(flow->members, member))
            return true;
    return false;
}

struct flow_list groups_unset(struct groups *groups, uint32_t group, cycle_point point,
                              uint32_t member, const struct flow_list *flows)
{
    struct flow_list left = {0};
    const struct group_state *state = find(groups, group, point);
    for (struct group_flow *flow = state ? state->flows : NULL; flow; flow = flow->next) {
        if ((flows->n && !flow_contains(flows, flow->flow)) || !bit_get(flow->members, member))
            continue;
        bit_clear(flow->members, member);
        flow->count--;
        flow_add(&left, flow->flow);
    }
    return left;
}

bool groups_any(const struct groups *groups, uint32_t group, cycle_point point,
                const struct flow_list *flows)
{
    const struct group_state *state = find(groups, group, point);
    for (const struct group_flow *flow = state ? state->flows : NULL; flow; flow = flow->next)
        if (flow->count && flow_contains(flows, flow->flow))
            return true;
    return false;
}

void groups_forget(struct groups *groups, struct cycle *cycle)
{
    while (cycle->groups) {
        struct group_state *state = cycle->groups;
        cycle->groups = state->next_in_cycle;
        HASH_DEL(groups->table, state);
        state_free(state);
    }
}

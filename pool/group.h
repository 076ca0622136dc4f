/* Family triggers: one node for each group, cycle point and flow, shared by all that depend on it.
 * A member that completes sets one bit, however many children there are. */
#ifndef ROUSE_POOL_GROUP_H
#define ROUSE_POOL_GROUP_H

#include "pool/cycle.h"
#include "pool/flow.h"
#include "scheduler/graph/graph.h"

struct group_flow {
    struct group_flow *next;
    uint32_t flow, count;
    bool restored;      /* its children may be others than those that its first member brought */
    uint64_t members[]; /* bit set */
};

struct group_state {
    cycle_point point; /* point and group: the key */
    uint32_t group;
    bool watched; /* see groups_watch */
    struct group_flow *flows;
    struct group_state *next_in_cycle;
    UT_hash_handle hh;
};

struct groups {
    const struct graph *graph;
    struct group_state *table;
};

void groups_release(struct groups *groups);
/* The member is satisfied in these flows. True if that is news; ret_first: in one of the flows it
 * is the first, or the first since it was restored. */
bool groups_set(struct groups *groups, struct cycle *cycle, uint32_t group, uint32_t member,
                const struct flow_list *flows, bool *ret_first);
/* The same from the database, whatever it brought about. */
void groups_restore(struct groups *groups, struct cycle *cycle, uint32_t group, uint32_t member,
                    const struct flow_list *flows);
/* Whether the group is satisfied for an instance in `flows` for which the members in `given` count
 * besides; NULL: none. */
bool groups_hold(const struct groups *groups, uint32_t group, cycle_point point,
                 const struct flow_list *flows, const uint64_t *given);
/* Some instance has members of its own given: from now on it may hold for somebody after each
 * member. */
void groups_watch(struct groups *groups, struct cycle *cycle, uint32_t group);
/* Whether it may be satisfied for anybody. */
bool groups_may_hold(const struct groups *groups, uint32_t group, cycle_point point);
bool groups_member(const struct groups *groups, uint32_t group, cycle_point point, uint32_t member,
                   const struct flow_list *flows);
/* The member is satisfied no longer in these flows (none: in any); returns those it was in. */
struct flow_list groups_unset(struct groups *groups, uint32_t group, cycle_point point,
                              uint32_t member, const struct flow_list *flows);
/* Some member is satisfied for an instance in `flows`. */
bool groups_any(const struct groups *groups, uint32_t group, cycle_point point,
                const struct flow_list *flows);
void groups_forget(struct groups *groups, struct cycle *cycle);

#endif

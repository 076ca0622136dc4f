/* Family triggers as one instance sees them: the members that have done their part, in its flows,
 * and those that count for this instance alone because a user said so (set --pre). An instance's
 * `forced` holds both kinds of what users satisfied: whole atoms as the set FORCED_ATOMS, members
 * of the family trigger that atom A is as the set A. */
#include "pool/inside.h"

#include "base/banned.h"

static const struct atom *atom_of(const struct pool *pool, const struct instance *instance,
                                  uint32_t atom)
{
    return &pool->workflow->graph->tasks[instance->task].atoms[atom];
}

static cycle_point members_point(const struct pool *pool, const struct instance *instance,
                                 uint32_t atom)
{
    return offset_apply(pool->workflow->cycling, atom_of(pool, instance, atom)->offset,
                        instance->point);
}

bool atom_is_forced(const struct instance *instance, uint32_t atom)
{
    return marks_get(instance->forced, FORCED_ATOMS, atom);
}

void atom_force(const struct pool *pool, struct instance *instance, uint32_t atom)
{
    marks_set(&instance->forced, FORCED_ATOMS, atom,
              pool->workflow->graph->tasks[instance->task].n_atoms);
}

bool family_holds(const struct pool *pool, const struct instance *instance, uint32_t atom)
{
    return groups_hold(&pool->groups, atom_of(pool, instance, atom)->index,
                       members_point(pool, instance, atom), &instance->flows->list,
                       marks_of(instance->forced, atom));
}

bool family_member(const struct pool *pool, const struct instance *instance, uint32_t atom,
                   uint32_t member)
{
    return atom_is_forced(instance, atom) || marks_get(instance->forced, atom, member) ||
           groups_member(&pool->groups, atom_of(pool, instance, atom)->index,
                         members_point(pool, instance, atom), member, &instance->flows->list);
}

bool family_any(const struct pool *pool, const struct instance *instance, uint32_t atom)
{
    return marks_of(instance->forced, atom) ||
           groups_any(&pool->groups, atom_of(pool, instance, atom)->index,
                      members_point(pool, instance, atom), &instance->flows->list);
}

void family_watch(struct pool *pool, const struct instance *instance)
{
    for (const struct marks *marks = instance->forced; marks; marks = marks->next)
        if (marks->of != FORCED_ATOMS)
            groups_watch(&pool->groups,
                         cycles_get(&pool->cycles, members_point(pool, instance, marks->of)),
                         atom_of(pool, instance, marks->of)->index);
}

void family_give(struct pool *pool, struct instance *instance, uint32_t atom, uint32_t member)
{
    const struct group *group =
        &pool->workflow->graph->groups[atom_of(pool, instance, atom)->index];
    uint64_t *bits = instance_atoms(&pool->instances, instance);
    bool initial = members_point(pool, instance, atom) < pool->workflow->start;
    if (initial || family_member(pool, instance, atom, member))
        return;
    marks_set(&instance->forced, atom, member, group->n_members);
    family_watch(pool, instance);
    say_member(pool, instance, atom, member);
    if (bit_get(bits, atom) || !family_holds(pool, instance, atom))
        return;
    bit_set(bits, atom);
    say_prerequisite(pool, instance, atom, SATISFIED_NATURALLY);
}

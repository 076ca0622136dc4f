/* What triggered an instance, for the reference log. */
#include "pool/inside.h"
#include <string.h>

#include "base/banned.h"

typedef VEC(char *) names;

static void add(const struct pool *pool, names *list, cycle_point point, uint32_t task)
{
    struct text name = {0};
    add_name(pool, point, task, &name);
    *vec_push(list) = text_take(&name);
}

static void add_group(const struct pool *pool, names *list, const struct instance *instance,
                      uint32_t atom, cycle_point point)
{
    const struct graph *graph = pool->workflow->graph;
    const struct group *group = &graph->groups[graph->tasks[instance->task].atoms[atom].index];
    bool initial = point < pool->workflow->start;
    for (uint32_t m = 0; m < group->n_members; m++)
        if (initial || family_member(pool, instance, atom, m))
            add(pool, list, point, group->members[m]);
}

static void add_dependency(const struct pool *pool, names *list, const struct instance *instance,
                           const struct dependency *dependency)
{
    const struct graph_task *task = &pool->workflow->graph->tasks[instance->task];
    const uint64_t *bits = instance_atoms_of(&pool->instances, instance);
    uint64_t *seen = NEW_ARRAY(uint64_t, bit_words(task->n_atoms));
    for (uint32_t i = 0; i < dependency->n_terms; i++) {
        if (dependency->terms[i].kind != TERM_ATOM || bit_get(seen, dependency->terms[i].atom))
            continue;
        const struct atom *atom = &task->atoms[dependency->terms[i].atom];
        bit_set(seen, dependency->terms[i].atom);
        cycle_point point = offset_apply(pool->workflow->cycling, atom->offset, instance->point);
        if (atom->kind == ATOM_GROUP)
            add_group(pool, list, instance, dependency->terms[i].atom, point);
        else if (bit_get(bits, dependency->terms[i].atom))
            add(pool, list, point, atom->index);
    }
    free(seen);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void pool_describe_triggers(const struct pool *pool, cycle_point point, uint32_t task,
                            struct text *out)
{
    const struct instance *instance = instances_find(&pool->instances, point, task);
    names list = {0};
    const struct graph_task *definition = &pool->workflow->graph->tasks[task];
    for (uint32_t d = 0; instance && d < definition->n_dependencies; d++)
        if (!definition->dependencies[d].suicide &&
            conditions_apply(&pool->conditions, task, d, point))
            add_dependency(pool, &list, instance, &definition->dependencies[d]);
    if (instance && pool->workflow->tasks[task].sequential && instance->previous_done &&
        previous_point(pool, instance) != POINT_NONE)
        add(pool, &list, previous_point(pool, instance), task);
    if (list.n)
        qsort(list.at, list.n, sizeof *list.at, compare);
    text_add_char(out, '[');
    for (size_t i = 0; i < list.n; i++) {
        text_addf(out, "%s'%s'", i ? ", " : "", list.at[i]);
        free(list.at[i]);
    }
    text_add_char(out, ']');
    vec_release(&list);
}

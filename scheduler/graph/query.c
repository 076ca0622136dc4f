/* Questions the pool and the triggers ask of the compiled graph. */
#include "base/check.h"
#include "scheduler/graph/terms.h"

#include "base/banned.h"

static const struct graph_task *task_of(const struct graph *graph, uint32_t task)
{
    PRE(task < graph->n_tasks);
    return &graph->tasks[task];
}

bool graph_task_valid_at(const struct graph *graph, uint32_t task, cycle_point point)
{
    const struct graph_task *self = task_of(graph, task);
    for (uint32_t i = 0; i < self->n_sequences; i++)
        if (sequence_contains(graph->sequences[self->sequences[i]].sequence, point))
            return true;
    return false;
}

cycle_point graph_task_next(const struct graph *graph, uint32_t task, cycle_point point)
{
    const struct graph_task *self = task_of(graph, task);
    cycle_point first = POINT_NONE;
    for (uint32_t i = 0; i < self->n_sequences; i++) {
        const struct sequence *sequence = graph->sequences[self->sequences[i]].sequence;
        cycle_point next = point == POINT_NONE ? sequence_first(sequence, POINT_NONE + 1)
                                               : sequence_next(sequence, point);
        if (next != POINT_NONE && (first == POINT_NONE || next < first))
            first = next;
    }
    return first;
}

/* An instance, or (cycling NULL) any of its task. */
struct place {
    const struct graph_task *task;
    const struct cycling *cycling;
    cycle_point point, start;
};

/* Not spawned by the leaf: parents before the start have been, those at absolute points spawn the
 * first child only, xtriggers nobody. */
static bool spawns_nothing(const void *context, const struct term *leaf)
{
    const struct place *place = context;
    if (leaf->kind == TERM_XTRIGGER)
        return true;
    const struct offset *offset = place->task->atoms[leaf->atom].offset;
    return offset->kind != OFFSET_RELATIVE ||
           (place->cycling && offset_apply(place->cycling, offset, place->point) < place->start);
}

/* Whether the instance waits for nothing that could spawn it; with xtriggers among the
 * alternatives: whether they alone can let it go, so that it must be there for them to be watched.
 */
static bool spawns_itself(const struct dependency *dependency, const struct place *place)
{
    bool xtriggers = false, all = true;
    for (uint32_t i = 0; i < dependency->n_terms; i++) {
        const struct term *term = &dependency->terms[i];
        xtriggers = xtriggers || term->kind == TERM_XTRIGGER;
        all = all && (!term_is_leaf(term) || spawns_nothing(place, term));
    }
    return all || (xtriggers &&
                   terms_evaluate(dependency->terms, dependency->n_terms, spawns_nothing, place));
}

bool graph_dependency_is_free(const struct graph_task *task, const struct dependency *dependency)
{
    return spawns_itself(dependency, &(const struct place){.task = task});
}

bool graph_task_parentless_at(const struct graph *graph, const struct cycling *cycling,
                              uint32_t task, cycle_point point, cycle_point start)
{
    const struct graph_task *self = task_of(graph, task);
    const struct place place = {self, cycling, point, start};
    uint32_t known = NO_INDEX; /* the sequence looked at last */
    bool contains = false;
    for (uint32_t i = 0; i < self->n_dependencies; i++) {
        const struct dependency *dependency = &self->dependencies[i];
        if (dependency->suicide)
            continue;
        if (dependency->sequence != known) {
            known = dependency->sequence;
            contains = sequence_contains(graph->sequences[known].sequence, point);
        }
        if (contains && !spawns_itself(dependency, &place))
            return false;
    }
    return true;
}

bool graph_task_has_free_sequence(const struct graph *graph, uint32_t index)
{
    const struct graph_task *task = &graph->tasks[index];
    for (uint32_t s = 0; s < task->n_sequences; s++) {
        bool waits = false;
        for (uint32_t d = 0; d < task->n_dependencies && !waits; d++) {
            const struct dependency *dependency = &task->dependencies[d];
            waits = !dependency->suicide && dependency->sequence == task->sequences[s] &&
                    !graph_dependency_is_free(task, dependency);
        }
        if (!waits)
            return true;
    }
    return false;
}

bool graph_task_starts_alone(const struct graph *graph, const struct cycling *cycling,
                             uint32_t task, cycle_point start)
{
    cycle_point first = graph_task_next(graph, task, start - 1);
    return first != POINT_NONE && (graph_task_parentless_at(graph, cycling, task, first, start) ||
                                   graph_task_has_free_sequence(graph, task));
}

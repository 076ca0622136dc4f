/* Questions the pool and the triggers ask of the compiled graph. */
#include "base/check.h"
#include "scheduler/graph/graph.h"

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

/* Whether the instance at point waits for nothing that could spawn it: its parents are all before
 * the start, or absolute (those spawn the first child only; every later one starts by itself). */
static bool spawns_itself(const struct graph_task *task, const struct dependency *dependency,
                          const struct cycling *cycling, cycle_point point, cycle_point start)
{
    for (uint32_t i = 0; i < dependency->n_terms; i++) {
        if (dependency->terms[i].kind != TERM_ATOM)
            continue;
        const struct offset *offset = task->atoms[dependency->terms[i].atom].offset;
        if (offset->kind == OFFSET_RELATIVE && offset_apply(cycling, offset, point) >= start)
            return false;
    }
    return true;
}

bool graph_task_parentless_at(const struct graph *graph, const struct cycling *cycling,
                              uint32_t task, cycle_point point, cycle_point start)
{
    const struct graph_task *self = task_of(graph, task);
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
        if (contains && !spawns_itself(self, dependency, cycling, point, start))
            return false;
    }
    return true;
}

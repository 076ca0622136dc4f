/* See prerequisite.h. */
#include "pool/prerequisite.h"
#include "base/memory.h"
#include "scheduler/graph/terms.h"
#include <stdlib.h>

#include "base/banned.h"

static bool leaf_holds(const void *context, const struct term *leaf)
{
    const struct truth *truth = context;
    if (leaf->kind == TERM_XTRIGGER)
        return truth->alternatives >> leaf->atom & 1;
    return !truth->bits || bit_get(truth->bits, leaf->atom);
}

bool terms_hold(const struct term *terms, uint32_t n, const uint64_t *bits)
{
    return terms_evaluate(terms, n, leaf_holds, &(const struct truth){.bits = bits});
}

void conditions_init(struct conditions *conditions, const struct graph *graph)
{
    *conditions = (struct conditions){.graph = graph};
    conditions->of_task = NEW_ARRAY(struct condition *, graph->n_tasks);
    for (uint32_t t = 0; t < graph->n_tasks; t++) {
        const struct graph_task *task = &graph->tasks[t];
        struct condition *of_task = NEW_ARRAY(struct condition, task->n_dependencies);
        for (uint32_t d = 0; d < task->n_dependencies; d++) {
            const struct dependency *dependency = &task->dependencies[d];
            of_task[d].all = true;
            of_task[d].mask = NEW_ARRAY(uint64_t, bit_words(task->n_atoms));
            for (uint32_t i = 0; i < dependency->n_terms; i++)
                if (dependency->terms[i].kind == TERM_ATOM)
                    bit_set(of_task[d].mask, dependency->terms[i].atom);
                else if (dependency->terms[i].kind != TERM_AND)
                    of_task[d].all = false;
        }
        conditions->of_task[t] = of_task;
    }
}

void conditions_release(struct conditions *conditions)
{
    if (!conditions->of_task)
        return;
    for (uint32_t t = 0; t < conditions->graph->n_tasks; t++) {
        for (uint32_t d = 0; d < conditions->graph->tasks[t].n_dependencies; d++)
            free(conditions->of_task[t][d].mask);
        free(conditions->of_task[t]);
    }
    free(conditions->of_task);
    conditions->of_task = NULL;
}

bool conditions_apply(const struct conditions *conditions, uint32_t task, uint32_t d,
                      cycle_point point)
{
    const struct graph_task *definition = &conditions->graph->tasks[task];
    if (definition->n_sequences == 1 && !conditions->strays)
        return true; /* an instance is on the sequence of its task */
    uint32_t sequence = definition->dependencies[d].sequence;
    return sequence_contains(conditions->graph->sequences[sequence].sequence, point);
}

static bool condition_holds(const struct conditions *conditions, uint32_t task, uint32_t d,
                            const struct truth *truth)
{
    const struct graph_task *definition = &conditions->graph->tasks[task];
    const struct condition *condition = &conditions->of_task[task][d];
    const struct dependency *dependency = &definition->dependencies[d];
    if (!condition->all)
        return terms_evaluate(dependency->terms, dependency->n_terms, leaf_holds, truth);
    for (uint32_t w = 0; truth->bits && w < bit_words(definition->n_atoms); w++)
        if (condition->mask[w] & ~truth->bits[w])
            return false;
    return true;
}

bool conditions_hold(const struct conditions *conditions, uint32_t task, cycle_point point,
                     const struct truth *truth)
{
    const struct graph_task *definition = &conditions->graph->tasks[task];
    for (uint32_t d = 0; d < definition->n_dependencies; d++)
        if (!definition->dependencies[d].suicide && conditions_apply(conditions, task, d, point) &&
            !condition_holds(conditions, task, d, truth))
            return false;
    return true;
}

bool conditions_suicide(const struct conditions *conditions, uint32_t task, cycle_point point,
                        const struct truth *truth)
{
    const struct graph_task *definition = &conditions->graph->tasks[task];
    bool any = false;
    for (uint32_t d = 0; d < definition->n_dependencies; d++) {
        if (!definition->dependencies[d].suicide || !conditions_apply(conditions, task, d, point))
            continue;
        if (!condition_holds(conditions, task, d, truth))
            return false;
        any = true;
    }
    return any;
}

bool conditions_mention(const struct conditions *conditions, uint32_t task, cycle_point point,
                        uint32_t atom)
{
    const struct graph_task *definition = &conditions->graph->tasks[task];
    for (uint32_t d = 0; d < definition->n_dependencies; d++)
        if (bit_get(conditions->of_task[task][d].mask, atom) &&
            conditions_apply(conditions, task, d, point))
            return true;
    return false;
}

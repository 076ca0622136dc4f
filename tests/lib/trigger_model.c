/* See trigger_model.h. */
#include "tests/lib/trigger_model.h"
#include "base/memory.h"
#include "pool/flow.h"
#include <stdlib.h>

#include "base/banned.h"

void trigger_model_init(struct trigger_model *model, const struct workflow *workflow,
                        const struct restart *restart,
                        void (*say)(void *context, const struct message *message), void *context)
{
    *model = (struct trigger_model){.workflow = workflow, .say = say, .context = context};
    bool *placed = NEW_ARRAY(bool, workflow->n_tasks);
    for (size_t i = 0; restart && i < restart->n_cursors; i++) {
        const struct restart_point *from = &restart->cursors[i];
        placed[from->task] = true;
        if (from->flows.n)
            *vec_push(&model->cursors) = (struct model_cursor){
                .task = from->task, .point = from->point, .flows = from->flows};
    }
    for (uint32_t task = 0; task < workflow->n_tasks; task++)
        if (!placed[task] && workflow->graph->tasks[task].n_sequences)
            *vec_push(&model->cursors) = (struct model_cursor){
                .task = task, .point = POINT_NONE, .flows = {.n = 1, .at = {1}}};
    free(placed);
}

void trigger_model_release(struct trigger_model *model)
{
    vec_release(&model->cursors);
}

static void satisfied(struct trigger_model *model, const struct message *output,
                      const struct edge *edge, cycle_point point)
{
    const struct sequence *sequence = model->workflow->graph->sequences[edge->sequence].sequence;
    if (point >= model->workflow->start && sequence_contains(sequence, point))
        model->say(model->context,
                   &(struct message){.topic = TOPIC_TRIGGER_SATISFIED,
                                     .point = point,
                                     .task = edge->index,
                                     .number = edge->atom,
                                     .value = output->value & OUTPUT_FORCED ? SATISFIED_BY_FORCE
                                                                            : SATISFIED_NATURALLY,
                                     .flows = output->flows});
}

static void follow(struct trigger_model *model, const struct message *output,
                   const struct edge *edge)
{
    const struct graph *graph = model->workflow->graph;
    if (edge->kind == EDGE_GROUP) {
        model->say(model->context, &(struct message){.topic = TOPIC_TRIGGER_GROUP,
                                                     .point = output->point,
                                                     .number = edge->index,
                                                     .value = edge->atom,
                                                     .flows = output->flows});
        return;
    }
    const struct offset *offset = graph->tasks[edge->index].atoms[edge->atom].offset;
    if (offset->kind == OFFSET_ABSOLUTE) {
        if (offset->point == output->point)
            satisfied(
                model, output, edge,
                sequence_first(graph->sequences[edge->sequence].sequence, model->workflow->start));
        return;
    }
    struct offset_children children;
    cycle_point point;
    offset_children_begin(&children, model->workflow->cycling, offset,
                          graph->sequences[edge->sequence].sequence, output->point);
    while ((point = offset_children_next(&children)) != POINT_NONE)
        satisfied(model, output, edge, point);
}

static void hear_output(struct trigger_model *model, const struct message *output)
{
    const struct edges *edges = &model->workflow->graph->tasks[output->task].edges[output->number];
    for (uint32_t i = 0; !(output->value & OUTPUT_WAITS) && i < edges->n; i++)
        follow(model, output, &edges->at[i]);
    model->say(model->context, &(struct message){.topic = TOPIC_TRIGGER_SETTLED,
                                                 .point = output->point,
                                                 .task = output->task,
                                                 .number = output->number,
                                                 .flows = output->flows});
}

/* One instance beyond the limit, if the task has no parents there. */
static void advance(struct trigger_model *model, struct model_cursor *cursor, cycle_point limit)
{
    const struct workflow *workflow = model->workflow;
    uint32_t task = cursor->task;
    while (!cursor->done && cursor->point <= limit) {
        cycle_point from = cursor->point == POINT_NONE ? workflow->start - 1 : cursor->point;
        cycle_point point = graph_task_next(workflow->graph, task, from);
        if (point == POINT_NONE) {
            cursor->done = true;
            return;
        }
        cursor->point = point;
        if (graph_task_parentless_at(workflow->graph, workflow->cycling, task, point,
                                     workflow->start))
            model->say(model->context,
                       &(struct message){.topic = TOPIC_TRIGGER_SPAWN,
                                         .point = point,
                                         .task = task,
                                         .flows = cursor->flows,
                                         .flags = point > limit ? TASK_RUNAHEAD : 0u});
    }
}

/* value 1: one more, unless there is one in exactly these flows; else some flows are stopped. */
static void hear_cursor(struct trigger_model *model, const struct message *message)
{
    for (size_t i = 0; i < model->cursors.n; i++) {
        struct model_cursor *cursor = &model->cursors.at[i];
        if (!message->value) {
            cursor->flows = flow_minus(&cursor->flows, &message->flows);
            cursor->done |= cursor->flows.n == 0;
        } else if (!cursor->done && cursor->task == message->task &&
                   flow_equal(&cursor->flows, &message->flows)) {
            return;
        }
    }
    if (message->value)
        *vec_push(&model->cursors) = (struct model_cursor){
            .task = message->task, .point = message->point, .flows = message->flows};
}

void trigger_model_hear(struct trigger_model *model, const struct message *message)
{
    if (message->topic == TOPIC_TASK_OUTPUT) {
        hear_output(model, message);
    } else if (message->topic == TOPIC_POOL_CURSOR) {
        hear_cursor(model, message);
    } else if (message->topic == TOPIC_POOL_RUNAHEAD) {
        for (size_t i = 0; i < model->cursors.n; i++)
            advance(model, &model->cursors.at[i], message->point);
        model->say(model->context,
                   &(struct message){.topic = TOPIC_TRIGGER_SETTLED, .number = NO_INDEX});
    }
}

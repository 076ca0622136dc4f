/* The triggers: which instances depend on an event.
 *
 * Hears task.output and looks it up in the graph: a trigger.satisfied for each child, a
 * trigger.group for each family trigger the task is a member of, then trigger.settled. Hears
 * pool.runahead and moves the cursors: each task that starts without parents has one, on its
 * sequences; it spawns every point up to the limit and one beyond. pool.cursor begins one in
 * another flow, or ends them.
 *
 * Fan-outs and rises of the limit are worked off FAN_OUT steps a turn, so that others get theirs.
 */
#include "base/heap.h"
#include "base/memory.h"
#include "base/vec.h"
#include "coroutines/actor.h"
#include "db/restart.h"
#include "pool/children.h"
#include "pool/flow.h"

#include "base/banned.h"

enum { FAN_OUT = 1000 };

struct cursor {
    uint32_t task;
    cycle_point point; /* the last one spawned or passed over; POINT_NONE: none yet */
    size_t index;      /* in the heap */
    struct flow_list flows;
};

struct triggers {
    struct actor actor;
    struct heap cursors;         /* by point */
    VEC(struct cursor *) passed; /* at the end of their sequences, which a reload may change */
    struct message output;       /* being fanned out */
    uint32_t next_edge;
    unsigned spent; /* steps of this turn's FAN_OUT */
    bool fanning_out;
    bool spawning;
    cycle_point limit;
};

static bool cursor_before(const void *a, const void *b)
{
    const struct cursor *x = a, *y = b;
    return x->point != y->point ? x->point < y->point : x->task < y->task;
}

static size_t *cursor_index(void *cursor)
{
    return &((struct cursor *)cursor)->index;
}

static const struct heap_type cursor_heap = {cursor_before, cursor_index};

static const struct workflow *workflow_of(const struct triggers *self)
{
    return self->actor.context->workflow;
}

/* --- fanning out an output --- */

/* The child instances that an edge leads to. An absolute trigger spawns the first child only; the
 * pool remembers it for the others. */
static void follow_edge(struct triggers *self, const struct edge *edge)
{
    const struct message *output = &self->output;
    if (edge->kind == EDGE_GROUP) {
        actor_say(&self->actor, &(struct message){.topic = TOPIC_TRIGGER_GROUP,
                                                  .point = output->point,
                                                  .number = edge->index,
                                                  .value = edge->atom,
                                                  .flows = output->flows});
        return;
    }
    struct edge_children children;
    cycle_point point;
    edge_children_begin(&children, workflow_of(self), edge, output->point);
    while ((point = edge_children_next(&children)) != POINT_NONE)
        actor_say(&self->actor,
                  &(struct message){.topic = TOPIC_TRIGGER_SATISFIED,
                                    .point = point,
                                    .task = edge->index,
                                    .number = edge->atom,
                                    .value = output->value & OUTPUT_FORCED ? SATISFIED_BY_FORCE
                                                                           : SATISFIED_NATURALLY,
                                    .flows = output->flows});
}

/* Edges of the output still to be followed. One that waits for its flow leads nowhere. */
static uint32_t edges_left(const struct triggers *self, const struct edges *edges)
{
    return self->output.value & OUTPUT_WAITS ? 0 : edges->n - self->next_edge;
}

/* True if edges are left. */
static bool fan_out(struct triggers *self)
{
    const struct graph_task *task = &workflow_of(self)->graph->tasks[self->output.task];
    PRE(self->output.number < task->n_outputs);
    const struct edges *edges = &task->edges[self->output.number];
    if (self->output.value & OUTPUT_WAITS)
        self->next_edge = edges->n; /* of a task that is not to trigger its children yet */
    for (; edges_left(self, edges) && self->spent < FAN_OUT; self->spent++)
        follow_edge(self, &edges->at[self->next_edge++]);
    if (edges_left(self, edges))
        return true;
    self->fanning_out = false;
    self->spent++;
    actor_say(&self->actor, &(struct message){.topic = TOPIC_TRIGGER_SETTLED,
                                              .point = self->output.point,
                                              .task = self->output.task,
                                              .number = self->output.number,
                                              .flows = self->output.flows});
    return false;
}

/* --- cursors --- */

/* One point on. False when the cursor is no longer needed. */
static bool cursor_step(struct triggers *self, struct cursor *cursor)
{
    const struct workflow *workflow = workflow_of(self);
    cycle_point from = cursor->point == POINT_NONE ? workflow->start - 1 : cursor->point;
    cycle_point point = graph_task_next(workflow->graph, cursor->task, from);
    if (point == POINT_NONE)
        return false;
    cursor->point = point;
    if (!graph_task_parentless_at(workflow->graph, workflow->cycling, cursor->task, point,
                                  workflow->start))
        return graph_task_has_free_sequence(workflow->graph, cursor->task);
    actor_say(&self->actor, &(struct message){.topic = TOPIC_TRIGGER_SPAWN,
                                              .point = point,
                                              .task = cursor->task,
                                              .flows = cursor->flows,
                                              .flags = point > self->limit ? TASK_RUNAHEAD : 0});
    return true;
}

/* True if cursors are left below the limit. */
static bool spawn(struct triggers *self)
{
    for (; self->spent < FAN_OUT; self->spent++) {
        struct cursor *first = heap_first(&self->cursors);
        if (!first || first->point > self->limit) {
            self->spawning = false;
            actor_say(&self->actor,
                      &(struct message){.topic = TOPIC_TRIGGER_SETTLED, .number = NO_INDEX});
            return false;
        }
        heap_remove(&self->cursors, first);
        if (cursor_step(self, first))
            heap_add(&self->cursors, first);
        else
            *vec_push(&self->passed) = first;
    }
    return true;
}

static void cursor_add(struct triggers *self, uint32_t task, cycle_point point,
                       const struct flow_list *flows)
{
    struct cursor *cursor = NEW(struct cursor);
    *cursor = (struct cursor){.task = task, .point = point, .flows = *flows};
    heap_add(&self->cursors, cursor);
}

static bool starts_alone(const struct triggers *self, uint32_t task)
{
    const struct workflow *workflow = workflow_of(self);
    return graph_task_starts_alone(workflow->graph, workflow->cycling, task, workflow->start);
}

/* A cursor goes on after the last point it spawned. A task whose cursor never spawned anything
 * begins at the start, in a restart too: the crash may have come before its first spawn was
 * recorded. One without flows has ended. */
static void place_cursors(struct triggers *self)
{
    const struct restart *restart = self->actor.context->restart;
    const struct graph *graph = workflow_of(self)->graph;
    const struct flow_list first_flow = {.n = 1, .at = {1}};
    bool *placed = NEW_ARRAY(bool, graph->n_tasks);
    for (size_t i = 0; restart && i < restart->n_cursors; i++) {
        const struct restart_point *from = &restart->cursors[i];
        placed[from->task] = true;
        if (from->point != POINT_NONE && from->flows.n)
            cursor_add(self, from->task, from->point, &from->flows);
    }
    bool all = restart || !self->actor.context->start_tasks;
    for (uint32_t task = 0; task < graph->n_tasks && all; task++)
        if (!placed[task] && starts_alone(self, task))
            cursor_add(self, task, POINT_NONE, &first_flow);
    free(placed);
}

/* A flow has begun in the middle: its tasks without parents go on from there by themselves. */
static void begin_cursor(struct triggers *self, const struct message *message)
{
    for (size_t i = 1; i <= self->cursors.n; i++) {
        const struct cursor *cursor = self->cursors.at[i];
        if (cursor->task == message->task && flow_equal(&cursor->flows, &message->flows))
            return;
    }
    cursor_add(self, message->task, message->point, &message->flows);
}

/* Flows are stopped. */
static void leave_flows(struct triggers *self, const struct flow_list *flows)
{
    VEC(struct cursor *) all = {0};
    for (void *cursor; (cursor = heap_first(&self->cursors));) {
        heap_remove(&self->cursors, cursor);
        *vec_push(&all) = cursor;
    }
    VEC_EACH (struct cursor *, cursor, &all) {
        (*cursor)->flows = flow_minus(&(*cursor)->flows, flows);
        if ((*cursor)->flows.n)
            heap_add(&self->cursors, *cursor);
        else
            free(*cursor);
    }
    vec_release(&all);
}

/* --- the member --- */

static void triggers_hear(struct actor *actor, const struct message *message)
{
    struct triggers *self = (struct triggers *)actor;
    if (message->topic == TOPIC_TASK_OUTPUT) {
        self->output = *message;
        self->output.text = self->output.detail = (struct slice){0};
        self->next_edge = 0;
        self->fanning_out = true;
    } else if (message->topic == TOPIC_POOL_CURSOR) {
        if (message->value)
            begin_cursor(self, message);
        else
            leave_flows(self, &message->flows);
    } else if (message->topic == TOPIC_POOL_RUNAHEAD) {
        self->limit = message->point;
        self->spawning = true;
    } else {
        PRE(message->topic == TOPIC_WORKFLOW_SHUTDOWN || message->topic == TOPIC_DEFINITION_NEXT ||
            message->topic == TOPIC_DEFINITION_STEP);
    }
}

static bool triggers_work(struct actor *actor)
{
    struct triggers *self = (struct triggers *)actor;
    bool more = self->fanning_out ? fan_out(self) : self->spawning && spawn(self);
    if (!more && self->spent < FAN_OUT)
        return false;
    self->spent = 0;
    return true;
}

/* The pool waits for nothing that is under way here. */
static int triggers_settle(struct actor *actor, const struct workflow *next, struct error *error)
{
    const struct triggers *self = (const struct triggers *)actor;
    (void)next;
    (void)error;
    PRE(!self->fanning_out && !self->spawning);
    return 0;
}

static void forget_cursors(struct triggers *self)
{
    for (void *cursor; (cursor = heap_first(&self->cursors));) {
        heap_remove(&self->cursors, cursor);
        free(cursor);
    }
    VEC_EACH (struct cursor *, cursor, &self->passed)
        free(*cursor);
    vec_release(&self->passed);
}

/* Cursors go on from where they are, on the sequences there are now. A new task has none: it joins
 * by the graph. */
static void triggers_swap(struct actor *actor)
{
    struct triggers *self = (struct triggers *)actor;
    const struct graph *graph = workflow_of(self)->graph;
    for (struct cursor *cursor; (cursor = heap_first(&self->cursors));) {
        heap_remove(&self->cursors, cursor);
        *vec_push(&self->passed) = cursor;
    }
    VEC_EACH (struct cursor *, cursor, &self->passed) {
        if (graph->tasks[(*cursor)->task].n_sequences)
            heap_add(&self->cursors, *cursor);
        else
            free(*cursor);
    }
    vec_clear(&self->passed);
}

static const struct actor_type triggers_type = {.member = TRIGGERS,
                                                .hear = triggers_hear,
                                                .work = triggers_work,
                                                .settle = triggers_settle,
                                                .swap = triggers_swap};

static void *triggers_create(const struct cast_context *context, struct error *error)
{
    (void)error;
    struct triggers *self = NEW(struct triggers);
    self->cursors.type = &cursor_heap;
    self->limit = POINT_NONE;
    actor_init(&self->actor, &triggers_type, context);
    place_cursors(self);
    return self;
}

static void triggers_destroy(void *member)
{
    struct triggers *self = member;
    if (!self)
        return;
    actor_release(&self->actor);
    forget_cursors(self);
    heap_release(&self->cursors);
    free(self);
}

const struct cast_entry cast_triggers = {triggers_create, triggers_destroy};

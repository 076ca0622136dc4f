/* remove: as if the tasks had never run, in the flows given or in all. Cylc 8.4:
 *
 * - a task leaves the pool when no flow is left to it, and an active job is killed;
 * - its history stays under the flows that are left, or under no flow;
 * - what it had satisfied by itself is satisfied no longer: children that wait are no longer ready,
 *   and go, too, if nothing else had brought them;
 * - what users satisfied by force stays. */
#include "pool/children.h"
#include "pool/command.h"
#include <errno.h>

#include "base/banned.h"

static void leave_flows(struct pool *pool, cycle_point point, uint32_t task,
                        const struct flow_list *flows)
{
    pool_say(pool, &(struct message){.topic = TOPIC_TASK_REMOVED,
                                     .point = point,
                                     .task = task,
                                     .flows = *flows,
                                     .number = REMOVED_FROM_FLOWS});
    history_leave(&pool->history, &pool->flows, point, task, flows);
}

/* Its job is nobody's from now on; what becomes of it is recorded, no more. */
static void kill_job(struct pool *pool, struct instance *instance)
{
    bool runs = instance->status == STATUS_RUNNING;
    *vec_push(&pool->orphans) = (struct orphan){instance->point, instance->task, instance->submit};
    kill_instance(pool, instance);
    instance_move(pool, instance, runs ? STATUS_FAILED : STATUS_SUBMIT_FAILED,
                  instance->flags | TASK_INCOMPLETE);
}

/* False if it is in none of the flows. */
static bool remove_instance(struct pool *pool, struct instance *instance,
                            const struct flow_list *flows)
{
    cycle_point point = instance->point;
    uint32_t task = instance->task;
    struct flow_list rest = {0};
    if (flows->n) {
        if (!flow_overlap(&instance->flows->list, flows))
            return false;
        rest = flow_minus(&instance->flows->list, flows);
    }
    leave_flows(pool, point, task, flows);
    instance_set_flows(pool, instance, &rest);
    if (rest.n) {
        say_state(pool, instance, instance_status(instance));
        return true;
    }
    if (status_is_active(instance_status(instance)))
        kill_job(pool, instance);
    instance_remove(pool, instance, REMOVED_BY_COMMAND);
    return true;
}

/* --- what it had satisfied --- */

/* Something that is satisfied still is a reason for it to be in the pool. */
static bool has_reason(const struct pool *pool, const struct instance *instance)
{
    const struct workflow *workflow = pool->workflow;
    const struct graph_task *task = &workflow->graph->tasks[instance->task];
    const uint64_t *bits = instance_atoms_of(&pool->instances, instance);
    if (graph_task_parentless_at(workflow->graph, workflow->cycling, instance->task,
                                 instance->point, workflow->start) ||
        (workflow->tasks[instance->task].sequential && instance->previous_done))
        return true;
    for (uint32_t a = 0; a < task->n_atoms; a++) {
        if (!conditions_mention(&pool->conditions, instance->task, instance->point, a))
            continue;
        if (bit_get(bits, a) ||
            (task->atoms[a].kind == ATOM_GROUP && family_any(pool, instance, a)))
            return true;
    }
    return false;
}

/* One of its prerequisites is satisfied no longer. */
static void look_again(struct pool *pool, struct instance *instance)
{
    if (instance->status != STATUS_WAITING || instance->flags & (TASK_MANUAL | TASK_RETRYING))
        return;
    if (instance->satisfied && !prerequisites_hold(pool, instance)) {
        instance->satisfied = false;
        queue_leave(pool, instance);
        instance_flag(pool, instance, 0, TASK_QUEUED);
    }
    instance_classify(pool, instance);
    if (instance->selected || has_reason(pool, instance))
        return;
    struct flow_list all = {0};
    leave_flows(pool, instance->point, instance->task, &all);
    instance_set_flows(pool, instance, &all);
    instance_remove(pool, instance, REMOVED_BY_COMMAND);
}

static void unsatisfy(struct pool *pool, struct instance *child, uint32_t atom,
                      const struct flow_list *flows)
{
    uint64_t *bits = instance_atoms(&pool->instances, child);
    if ((flows->n && !flow_overlap(&child->flows->list, flows)) || !bit_get(bits, atom) ||
        atom_is_forced(child, atom))
        return;
    bit_clear(bits, atom);
    say_prerequisite(pool, child, atom, SATISFIED_NO_LONGER);
    look_again(pool, child);
}

/* All instances of the child that wait for the output by an absolute point. */
static void unsatisfy_absolute(struct pool *pool, cycle_point point, const struct edge *edge,
                               const struct flow_list *flows)
{
    const struct offset *offset =
        pool->workflow->graph->tasks[edge->index].atoms[edge->atom].offset;
    struct link *list = &pool->instances.of_task[edge->index];
    if (offset->point != point)
        return;
    for (struct link *link = list->next, *next = link->next; link != list;
         link = next, next = link->next)
        unsatisfy(pool, LINK_OWNER(link, struct instance, of_task), edge->atom, flows);
}

static void unsatisfy_child(struct pool *pool, cycle_point point, const struct edge *edge,
                            const struct flow_list *flows)
{
    if (pool->workflow->graph->tasks[edge->index].atoms[edge->atom].offset->kind ==
        OFFSET_ABSOLUTE) {
        unsatisfy_absolute(pool, point, edge, flows);
        return;
    }
    struct edge_children children;
    cycle_point at;
    edge_children_begin(&children, pool->workflow, edge, point);
    while ((at = edge_children_next(&children)) != POINT_NONE) {
        struct instance *child = instances_find(&pool->instances, at, edge->index);
        if (child)
            unsatisfy(pool, child, edge->atom, flows);
    }
}

/* A member of a family trigger: children that have seen it hold see it no longer. */
static void unsatisfy_member(struct pool *pool, cycle_point point, const struct edge *edge,
                             const struct flow_list *flows)
{
    const struct group *group = &pool->workflow->graph->groups[edge->index];
    struct flow_list left = groups_unset(&pool->groups, edge->index, point, edge->atom, flows);
    if (!left.n)
        return;
    pool_say(pool, &(struct message){.topic = TOPIC_TASK_GROUP,
                                     .point = point,
                                     .number = edge->index,
                                     .value = edge->atom,
                                     .flags = 1,
                                     .flows = left});
    for (uint32_t i = 0; i < group->edges.n; i++) {
        const struct edge *to = &group->edges.at[i];
        struct edge_children children;
        cycle_point at;
        edge_children_begin(&children, pool->workflow, to, point);
        while ((at = edge_children_next(&children)) != POINT_NONE) {
            struct instance *child = instances_find(&pool->instances, at, to->index);
            if (!child || family_holds(pool, child, to->atom))
                continue;
            if (bit_get(instance_atoms(&pool->instances, child), to->atom))
                unsatisfy(pool, child, to->atom, flows);
            else
                look_again(pool, child);
        }
    }
}

static void undo_children(struct pool *pool, cycle_point point, uint32_t task,
                          const struct flow_list *flows)
{
    const struct graph_task *definition = &pool->workflow->graph->tasks[task];
    for (uint32_t output = 0; output < definition->n_outputs; output++) {
        const struct edges *edges = &definition->edges[output];
        for (uint32_t i = 0; i < edges->n; i++)
            if (edges->at[i].kind == EDGE_GROUP)
                unsatisfy_member(pool, point, &edges->at[i], flows);
            else
                unsatisfy_child(pool, point, &edges->at[i], flows);
    }
    cycle_point next_point = pool->workflow->tasks[task].sequential
                                 ? graph_task_next(pool->workflow->graph, task, point)
                                 : POINT_NONE;
    struct instance *next =
        next_point == POINT_NONE ? NULL : instances_find(&pool->instances, next_point, task);
    if (next && next->previous_done && (!flows->n || flow_overlap(&next->flows->list, flows))) {
        next->previous_done = false;
        look_again(pool, next);
    }
}

/* --- the command --- */

static bool has_run_in(const struct pool *pool, const struct target *target,
                       const struct flow_list *flows)
{
    const struct past *past = history_find(&pool->history, target->point, target->task);
    for (; past; past = past->older)
        if (flows->n ? flow_overlap(past->flows, flows) : past->flows->n > 0)
            return true;
    return false;
}

static bool remove_target(struct pool *pool, const struct target *target,
                          const struct flow_list *flows)
{
    struct instance *instance = instances_find(&pool->instances, target->point, target->task);
    bool known = has_run_in(pool, target, flows);
    bool removed = instance && remove_instance(pool, instance, flows);
    if (known && !removed)
        leave_flows(pool, target->point, target->task, flows);
    if (known || removed)
        undo_children(pool, target->point, target->task, flows);
    return known || removed;
}

int pool_remove(struct pool *pool, const struct message *message, struct error *error)
{
    if (put_off_until_quiet(pool, message))
        return COMMAND_DEFERRED;
    struct selection selection = {0};
    select_tasks(pool, message->text, &selection);
    if (history_is_missing_for(pool, &selection)) {
        defer_event(pool, message);
        selection_release(&selection);
        return COMMAND_DEFERRED;
    }
    VEC(struct target) targets = {0};
    struct text others = {0};
    VEC_EACH (struct instance *, instance, &selection.found) {
        (*instance)->selected = true; /* they do not go as somebody's children */
        *vec_push(&targets) = (struct target){(*instance)->point, (*instance)->task};
    }
    VEC_EACH (struct target, target, &selection.absent)
        *vec_push(&targets) = *target;
    VEC_EACH (struct target, target, &targets) {
        if (remove_target(pool, target, &message->flows))
            continue;
        text_add(&others, others.n ? ", " : "");
        add_name(pool, target->point, target->task, &others);
    }
    VEC_EACH (struct target, target, &targets) {
        struct instance *left = instances_find(&pool->instances, target->point, target->task);
        if (left)
            left->selected = false;
    }
    int result = selection_refuse_unmatched(&selection, error);
    if (!result && others.n)
        result =
            error_set(error, -ENOENT, "not removed, for they are in %s: %s",
                      message->flows.n ? "none of these flows" : "no flow", text_string(&others));
    text_release(&others);
    vec_release(&targets);
    selection_release(&selection);
    return result;
}

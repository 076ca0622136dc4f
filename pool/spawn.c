/* Instances come when something they depend on happens, and their prerequisites get satisfied:
 * Cylc 8's spawn on demand. Every function here may be called twice for one event. */
#include "pool/children.h"
#include "pool/inside.h"

#include "base/banned.h"

static const struct graph *graph_of(const struct pool *pool)
{
    return pool->workflow->graph;
}

/* --- prerequisites --- */

cycle_point previous_point(const struct pool *pool, const struct instance *instance)
{
    const struct graph_task *task = &graph_of(pool)->tasks[instance->task];
    cycle_point previous = POINT_NONE;
    for (uint32_t i = 0; i < task->n_sequences; i++) {
        const struct sequence *sequence = graph_of(pool)->sequences[task->sequences[i]].sequence;
        cycle_point point = sequence_previous(sequence, instance->point);
        if (point != POINT_NONE && point > previous)
            previous = point;
    }
    return previous;
}

/* Done are the outputs of tasks before the start. */
static bool is_before_start(const struct pool *pool, cycle_point parent, cycle_point child)
{
    return parent < pool->workflow->start && child >= pool->workflow->start;
}

static cycle_point parent_point(const struct pool *pool, const struct atom *atom, cycle_point child)
{
    return offset_apply(pool->workflow->cycling, atom->offset, child);
}

static struct absolute *absolute_find(const struct pool *pool, cycle_point point, uint32_t task,
                                      uint32_t output)
{
    struct absolute *absolute = pool->absolutes[task];
    while (absolute && (absolute->point != point || absolute->output != output))
        absolute = absolute->next;
    return absolute;
}

static bool is_known(const struct pool *pool, const struct instance *instance, uint32_t number)
{
    const struct atom *atom = &graph_of(pool)->tasks[instance->task].atoms[number];
    cycle_point parent = parent_point(pool, atom, instance->point);
    if (is_before_start(pool, parent, instance->point))
        return true;
    if (atom->kind == ATOM_GROUP)
        return family_holds(pool, instance, number);
    if (atom->offset->kind != OFFSET_ABSOLUTE)
        return false;
    const struct absolute *absolute = absolute_find(pool, parent, atom->index, atom->output);
    return absolute && absolute->done;
}

void satisfy_known(struct pool *pool, struct instance *instance, bool say)
{
    const struct graph_task *task = &graph_of(pool)->tasks[instance->task];
    uint64_t *bits = instance_atoms(&pool->instances, instance);
    for (uint32_t d = 0; d < task->n_dependencies; d++) {
        if (!conditions_apply(&pool->conditions, instance->task, d, instance->point))
            continue;
        const struct dependency *dependency = &task->dependencies[d];
        for (uint32_t i = 0; i < dependency->n_terms; i++) {
            uint32_t atom = dependency->terms[i].atom;
            if (dependency->terms[i].kind != TERM_ATOM || bit_get(bits, atom) ||
                !is_known(pool, instance, atom))
                continue;
            bit_set(bits, atom);
            if (say)
                say_prerequisite(pool, instance, atom, SATISFIED_NATURALLY);
        }
    }
}

bool prerequisites_hold_with(const struct pool *pool, const struct instance *instance,
                             uint64_t alternatives)
{
    if (pool->workflow->tasks[instance->task].sequential && !instance->previous_done)
        return false;
    const struct truth truth = {instance_atoms_of(&pool->instances, instance), alternatives};
    return conditions_hold(&pool->conditions, instance->task, instance->point, &truth);
}

bool prerequisites_hold(const struct pool *pool, const struct instance *instance)
{
    return prerequisites_hold_with(pool, instance,
                                   instance_alternatives(pool, instance, SATISFIED_NOW));
}

void prerequisites_look(struct pool *pool, struct instance *instance)
{
    if (!instance->satisfied && prerequisites_hold(pool, instance))
        instance->satisfied = true;
    instance_classify(pool, instance);
}

void awaken(struct pool *pool, struct instance *instance)
{
    if (instance->status != STATUS_WAITING || instance->flags & TASK_RUNAHEAD)
        return;
    if (expiry_is_past(pool, instance)) {
        instance_expire(pool, instance);
        return;
    }
    xtriggers_watch(pool, instance);
    prerequisites_look(pool, instance);
    instance_try(pool, instance);
}

bool prerequisites_changed(struct pool *pool, struct instance *instance)
{
    const struct truth truth = {instance_atoms_of(&pool->instances, instance),
                                instance_alternatives(pool, instance, SATISFIED_NOW)};
    if (conditions_suicide(&pool->conditions, instance->task, instance->point, &truth)) {
        instance_remove(pool, instance, REMOVED_SUICIDE);
        return true;
    }
    prerequisites_look(pool, instance);
    awaken(pool, instance);
    return false;
}

void satisfy(struct pool *pool, struct instance *instance, uint32_t atom, enum satisfied_how how)
{
    uint64_t *bits = instance_atoms(&pool->instances, instance);
    if (!bit_get(bits, atom)) {
        bit_set(bits, atom);
        if (how == SATISFIED_BY_FORCE)
            atom_force(pool, instance, atom);
        say_prerequisite(pool, instance, atom, how);
    }
    prerequisites_changed(pool, instance);
}

/* An output that others name by an absolute point: remembered, and told to those that wait. */
void absolute_done(struct pool *pool, cycle_point point, uint32_t task, uint32_t output)
{
    struct absolute *absolute = absolute_find(pool, point, task, output);
    if (!absolute)
        return;
    absolute->done = true;
    VEC_EACH (struct absolute_child, child, &absolute->children) {
        struct link *list = &pool->instances.of_task[child->task];
        for (struct link *link = list->next, *next = link->next; link != list;
             link = next, next = link->next) {
            struct instance *instance = LINK_OWNER(link, struct instance, of_task);
            if (instance->point == point && instance->task == task)
                continue; /* nobody removes itself */
            if (conditions_mention(&pool->conditions, child->task, instance->point, child->atom))
                satisfy(pool, instance, child->atom, SATISFIED_NATURALLY);
        }
    }
}

/* --- spawning --- */

bool spawn_is_possible(const struct pool *pool, cycle_point point, uint32_t task)
{
    return point >= pool->workflow->initial && point <= pool->workflow->final &&
           graph_task_valid_at(graph_of(pool), task, point);
}

static void find_previous(const struct pool *pool, struct instance *instance)
{
    cycle_point previous = previous_point(pool, instance);
    instance->previous_done =
        previous == POINT_NONE || is_before_start(pool, previous, instance->point);
}

struct instance *spawn(struct pool *pool, cycle_point point, uint32_t task,
                       const struct flow_list *flows, uint32_t flags, uint32_t submit,
                       uint64_t outputs)
{
    struct instance *instance = instances_add(&pool->instances, point, task);
    instance->submit = submit;
    instance->outputs = outputs;
    instance->serial = ++pool->last_serial;
    instance->cycle = cycles_get(&pool->cycles, point);
    cycle_enter(&pool->cycles, instance->cycle);
    instance_set_flows(pool, instance, flows);
    bool held = is_to_be_held(pool, point, task);
    if (held)
        flags |= TASK_HELD;
    if (pool->limit == POINT_NONE || point > pool->limit)
        flags |= TASK_RUNAHEAD;
    instance->flags = (uint16_t)flags;
    say_spawned(pool, instance);
    if (held)
        hold_add(pool, point, task);
    satisfy_known(pool, instance, true);
    find_previous(pool, instance);
    xtriggers_depend(pool, instance, true);
    instance->satisfied = prerequisites_hold(pool, instance);
    instance_classify(pool, instance);
    return instance;
}

/* It ran before in one of these flows. If it was told to wait for the flow, that has come now. */
static void catch_up(struct pool *pool, struct past *past, const struct flow_list *flows)
{
    for (; past; past = past->older) {
        if (!past->flow_wait || !flow_overlap(past->flows, flows))
            continue;
        past->flow_wait = false;
        uint32_t n_outputs = pool->workflow->tasks[past->task].n_outputs;
        for (uint32_t output = 0; output < n_outputs; output++)
            if (past->outputs >> output & 1) {
                say_output(pool, past->point, past->task, output, flows, past->submit,
                           OUTPUT_NATURAL);
                output_effects(pool, past->point, past->task, output, flows);
            }
    }
}

/* Something is known of it in one of these flows. Cylc 8: it does not come again, unless all that
 * ever happened is that a user set outputs: of a task that is yet to run, or of one that counts as
 * having ended without what it must complete. What has expired never had a job, either. */
static struct instance *spawn_again(struct pool *pool, const struct past *before,
                                    const struct flow_list *flows, uint32_t flags, uint32_t submit)
{
    if (!before->outputs || status_is_active(before->status) || before->flow_wait)
        return NULL;
    if (before->status == STATUS_EXPIRED)
        return NULL; /* whatever it must complete now */
    const struct completion *completion = &pool->workflow->completions[before->task];
    bool ended = status_is_final(before->status);
    if (ended &&
        (before->submit || terms_hold(completion->terms, completion->n_terms, &before->outputs)))
        return NULL;
    struct instance *instance =
        spawn(pool, before->point, before->task, flows, flags, submit, before->outputs);
    if (ended)
        instance_move(pool, instance, before->status, flags | TASK_INCOMPLETE);
    return instance;
}

struct instance *spawn_or_find(struct pool *pool, cycle_point point, uint32_t task,
                               const struct flow_list *flows, uint32_t flags)
{
    struct instance *instance = instances_find(&pool->instances, point, task);
    if (instance && instance->class_ == CLASS_FINISHED && flows->n) {
        /* It is only here until its outputs are settled: others find its history. */
        instance_remove(pool, instance, REMOVED_COMPLETE);
        instance = NULL;
    }
    if (instance) {
        merge_flows(pool, instance, flows);
        return instance;
    }
    if (!flows->n || !spawn_is_possible(pool, point, task))
        return NULL;
    struct past *past = history_find(&pool->history, point, task);
    const struct past *before = past_in(past, flows);
    if (!before)
        return spawn(pool, point, task, flows, flags, past_submit(past), 0);
    instance = spawn_again(pool, before, flows, flags, past_submit(past));
    if (!instance)
        catch_up(pool, past, flows);
    return instance;
}

bool spawns_without_parents(const struct pool *pool, uint32_t task, cycle_point point)
{
    return graph_task_parentless_at(graph_of(pool), pool->workflow->cycling, task, point,
                                    pool->workflow->start);
}

void flow_goes_on(struct pool *pool, cycle_point point, uint32_t task,
                  const struct flow_list *flows)
{
    const struct workflow *workflow = pool->workflow;
    cycle_point next = graph_task_next(workflow->graph, task, point);
    if (!flows->n || next == POINT_NONE || !pool->limit_said ||
        (!graph_task_has_free_sequence(workflow->graph, task) &&
         !spawns_without_parents(pool, task, next)))
        return;
    pool_say(
        pool,
        &(struct message){
            .topic = TOPIC_POOL_CURSOR, .point = point, .task = task, .value = 1, .flows = *flows});
    pool->runahead_in_flight++;
    pool_say(pool, &(struct message){.topic = TOPIC_POOL_RUNAHEAD, .point = pool->limit});
}

static void say_all_outputs(struct pool *pool, struct instance *instance)
{
    for (uint32_t output = 0; output < pool->workflow->tasks[instance->task].n_outputs; output++)
        if (instance->outputs >> output & 1)
            instance_output(pool, instance, output, false);
}

/* Flows meet in one instance. Cylc 8: one that had failed to complete runs again in the joint
 * flow; one without a flow, or waiting for its flow, now triggers what it did not before. */
void merge_flows(struct pool *pool, struct instance *instance, const struct flow_list *flows)
{
    bool waited = instance->flags & TASK_FLOW_WAIT;
    bool had_none = !instance->flows->list.n;
    bool news = !flow_is_part(flows, &instance->flows->list);
    if (!flows->n || (!news && !waited))
        return;
    if (news) {
        struct flow_list both = flow_union(&instance->flows->list, flows);
        instance_set_flows(pool, instance, &both);
        instance->flags &= (uint16_t)~TASK_FLOW_WAIT;
        say_state(pool, instance, instance_status(instance));
        satisfy_known(pool, instance, true);
    } else {
        instance_flag(pool, instance, 0, TASK_FLOW_WAIT);
    }
    if (instance->class_ == CLASS_INCOMPLETE && news && !had_none && !waited) {
        instance->satisfied = true;
        xtriggers_force(pool, instance, NO_INDEX);
        instance_move(pool, instance, STATUS_WAITING,
                      (instance->flags & ~(uint32_t)TASK_INCOMPLETE) | TASK_JOINED);
        awaken(pool, instance);
    } else if (had_none || waited) {
        say_all_outputs(pool, instance);
    }
}

/* --- what the triggers say --- */

void handle_satisfied(struct pool *pool, const struct message *message)
{
    PRE(message->task < pool->workflow->n_tasks);
    PRE(message->number < graph_of(pool)->tasks[message->task].n_atoms);
    if (message->flows.n && history_is_missing(pool, message->point, message->task)) {
        defer_event(pool, message);
        return;
    }
    struct instance *instance =
        spawn_or_find(pool, message->point, message->task, &message->flows, 0);
    if (instance && instance->class_ != CLASS_FINISHED)
        satisfy(pool, instance, message->number, (enum satisfied_how)message->value);
}

/* A member of a family trigger. The first one brings all children (and the first after a restart or
 * reload, for there may be others now); then a bit is set, and when the group holds the children
 * are looked at. */
struct group_child {
    const struct edge *edge;
    cycle_point point;
};
typedef VEC(struct group_child) group_children;

static void add_child(const struct pool *pool, group_children *children, const struct edge *edge,
                      cycle_point point)
{
    if (point >= pool->workflow->start &&
        sequence_contains(graph_of(pool)->sequences[edge->sequence].sequence, point))
        *vec_push(children) = (struct group_child){edge, point};
}

static void add_children(const struct pool *pool, group_children *children, const struct edge *edge,
                         cycle_point parent)
{
    const struct offset *offset = graph_of(pool)->tasks[edge->index].atoms[edge->atom].offset;
    if (offset->kind == OFFSET_ABSOLUTE) { /* the first child comes, those there are told */
        if (offset->point != parent)
            return;
        cycle_point first = sequence_first(graph_of(pool)->sequences[edge->sequence].sequence,
                                           pool->workflow->start);
        add_child(pool, children, edge, first);
        struct link *list = &pool->instances.of_task[edge->index];
        for (struct link *link = list->next; link != list; link = link->next) {
            cycle_point point = LINK_OWNER(link, struct instance, of_task)->point;
            if (point != first)
                add_child(pool, children, edge, point);
        }
        return;
    }
    struct offset_children points;
    cycle_point point;
    offset_children_begin(&points, pool->workflow->cycling, offset,
                          graph_of(pool)->sequences[edge->sequence].sequence, parent);
    while ((point = offset_children_next(&points)) != POINT_NONE)
        add_child(pool, children, edge, point);
}

static void tell_children(struct pool *pool, const struct message *message,
                          const group_children *children, bool first)
{
    VEC_EACH (struct group_child, child, children) {
        uint32_t task = child->edge->index;
        struct instance *instance =
            first ? spawn_or_find(pool, child->point, task, &message->flows, 0)
                  : instances_find(&pool->instances, child->point, task);
        if (!instance || instance->class_ == CLASS_FINISHED)
            continue;
        if (family_holds(pool, instance, child->edge->atom))
            satisfy(pool, instance, child->edge->atom, SATISFIED_NATURALLY);
        else
            prerequisites_changed(pool, instance);
    }
}

/* The bit is said after what it brought about: a restart that does not find it does it all again.
 */
void handle_group(struct pool *pool, const struct message *message)
{
    PRE(message->number < graph_of(pool)->n_groups);
    const struct group *group = &graph_of(pool)->groups[message->number];
    group_children children = {0};
    bool missing = false, first = false;
    for (uint32_t i = 0; i < group->edges.n; i++)
        add_children(pool, &children, &group->edges.at[i], message->point);
    VEC_EACH (struct group_child, child, &children)
        missing |= message->flows.n && history_is_missing(pool, child->point, child->edge->index);
    if (missing) {
        defer_event(pool, message);
    } else if (groups_set(&pool->groups, cycles_get(&pool->cycles, message->point), message->number,
                          (uint32_t)message->value, &message->flows, &first)) {
        if (first || groups_may_hold(&pool->groups, message->number, message->point))
            tell_children(pool, message, &children, first);
        pool_say(pool, &(struct message){.topic = TOPIC_TASK_GROUP,
                                         .point = message->point,
                                         .number = message->number,
                                         .value = message->value,
                                         .flows = message->flows});
    }
    vec_release(&children);
}

/* A task without parents, by its sequence. */
void handle_spawn(struct pool *pool, const struct message *message)
{
    PRE(message->task < pool->workflow->n_tasks);
    if (message->flows.n && history_is_missing(pool, message->point, message->task)) {
        defer_event(pool, message);
        return;
    }
    if (gate_is_closed(pool, message->task, message->point)) {
        *vec_push(&pool->gates[message->task].put_off) = *message;
        return;
    }
    struct instance *instance =
        spawn_or_find(pool, message->point, message->task, &message->flows, TASK_FROM_CURSOR);
    if (instance && !prerequisites_changed(pool, instance))
        gate_update(pool, instance);
}

void handle_settled(struct pool *pool, const struct message *message)
{
    if (message->number == NO_INDEX) {
        pool->runahead_in_flight -= pool->runahead_in_flight > 0;
        return;
    }
    flight_end(pool, message->point, message->task, message->number, &message->flows);
    struct message settled = *message;
    settled.topic = TOPIC_TASK_SETTLED;
    answer_later(pool, &settled);
}

void next_comes(struct pool *pool, cycle_point point, uint32_t task, const struct flow_list *flows)
{
    cycle_point next = graph_task_next(graph_of(pool), task, point);
    if (!flows->n || next == POINT_NONE || !spawns_without_parents(pool, task, point) ||
        !spawns_without_parents(pool, task, next))
        return;
    flow_goes_on(pool, point, task, flows);
    handle_spawn(pool,
                 &(struct message){
                     .topic = TOPIC_TRIGGER_SPAWN, .point = next, .task = task, .flows = *flows});
}

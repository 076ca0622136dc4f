/* See copy.h. What can be derived is derived by the functions that always do it, so that pool_check
 * holds for the copy, too. */
#include "pool/copy.h"
#include <string.h>

#include "base/banned.h"

static void say_nothing(void *context, struct message *message)
{
    (void)context;
    (void)message;
}

static void copy_dependences(struct pool *copy, struct instance *to, const struct instance *from)
{
    for (const struct dependence *d = from->dependences; d; d = d->next) {
        struct dependence *dependence = signatures_depend(
            &copy->signatures, to, d->xtrigger, (enum dependence_role)d->role, d->signature->text);
        struct signature *signature = dependence->signature;
        signature->watched = d->signature->watched;
        signature->satisfied = d->signature->satisfied;
        if (!signature->results && d->signature->results)
            signature->results = str_copy(d->signature->results);
        to->n_waited_for -= dependence_holds_back(dependence);
        dependence->satisfied = d->satisfied;
        dependence->lost = d->lost;
        to->n_waited_for += dependence_holds_back(dependence);
    }
}

static void copy_instance(struct pool *copy, const struct instances *instances,
                          const struct instance *from)
{
    struct instance *to = instances_add(&copy->instances, from->point, from->task);
    uint32_t words = bit_words(copy->workflow->graph->tasks[from->task].n_atoms);
    to->submit = from->submit;
    to->try_ = from->try_;
    to->submit_try = from->submit_try;
    to->outputs = from->outputs;
    to->settled = from->settled;
    to->serial = from->serial;
    to->flags = from->flags;
    to->status = from->status;
    to->satisfied = from->satisfied;
    to->previous_done = from->previous_done;
    to->restored = from->restored;
    if (words)
        memcpy(instance_atoms(&copy->instances, to), instance_atoms_of(instances, from),
               words * sizeof(uint64_t));
    to->forced = marks_copy(from->forced);
    family_watch(copy, to);
    to->cycle = cycles_get(&copy->cycles, from->point);
    cycle_enter(&copy->cycles, to->cycle);
    instance_set_flows(copy, to, &from->flows->list);
    copy_dependences(copy, to, from);
    instance_classify(copy, to);
}

static void copy_queues(struct pool *copy, const struct pool *pool)
{
    for (uint32_t q = 0; q < pool->workflow->n_queues; q++) {
        const struct queue *from = &pool->queues[q];
        struct queue *to = &copy->queues[q];
        to->n_active = from->n_active;
        to->n_waiting = from->n_waiting;
        to->open_again = from->open_again;
        for (const struct link *l = from->waiting.next; l != &from->waiting; l = l->next) {
            const struct instance *i = LINK_OWNER(l, struct instance, of_queue);
            list_append(&to->waiting,
                        &instances_find(&copy->instances, i->point, i->task)->of_queue);
        }
    }
}

static void copy_groups(struct pool *copy, const struct pool *pool)
{
    for (const struct group_state *s = pool->groups.table; s; s = s->hh.next)
        for (const struct group_flow *f = s->flows; f; f = f->next) {
            const struct flow_list flow = {.n = 1, .at = {f->flow}};
            bool first;
            for (uint32_t m = 0; m < pool->groups.graph->groups[s->group].n_members; m++)
                if (bit_get(f->members, m))
                    groups_set(&copy->groups, cycles_get(&copy->cycles, s->point), s->group, m,
                               &flow, &first);
        }
}

static void copy_past(struct pool *copy, const struct past *past)
{
    struct past same = *past;
    same.flows = &flow_sets_get(&copy->flows, past->flows)->list;
    history_add(&copy->history, cycles_get(&copy->cycles, past->point), &same);
}

/* history_add puts each behind the first: so the last comes first. */
static void copy_older(struct pool *copy, const struct past *past)
{
    if (!past)
        return;
    copy_older(copy, past->older);
    copy_past(copy, past);
}

static void copy_history(struct pool *copy, const struct pool *pool)
{
    copy->history.horizon = pool->history.horizon;
    for (const struct past *first = pool->history.table; first; first = first->hh.next) {
        copy_past(copy, first);
        copy_older(copy, first->older);
    }
    for (const struct ask *from = pool->asks; from; from = from->hh.next) {
        struct ask *ask = NEW(struct ask);
        *ask = (struct ask){
            .point = from->point, .task = from->task, .answered = from->answered, .id = from->id};
        HASH_ADD(hh, copy->asks, point, offsetof(struct ask, task) + sizeof ask->task, ask);
        copy->n_asks += !ask->answered;
    }
}

static void copy_by_task(struct pool *copy, const struct pool *pool)
{
    for (uint32_t task = 0; task < pool->workflow->n_tasks; task++) {
        const struct gate *gate = &pool->gates[task];
        const struct absolute *from = pool->absolutes[task];
        for (struct absolute *to = copy->absolutes[task]; to; to = to->next, from = from->next)
            to->done = from->done;
        if (gate->instance)
            copy->gates[task].instance =
                instances_find(&copy->instances, gate->instance->point, task);
        VEC_EACH (struct message, message, &gate->put_off)
            *vec_push(&copy->gates[task].put_off) = *message;
    }
}

static void copy_broadcasts(struct pool *copy, const struct pool *pool)
{
    for (const struct broadcast *b = pool->broadcasts.table; b; b = b->hh.next)
        VEC_EACH (struct setting, setting, &b->settings)
            broadcast_put(copy, b->point, b->name + b->n_point + 1, setting->key, setting->value,
                          0);
}

static void copy_state(struct pool *copy, const struct pool *pool)
{
    copy->names = pool->names;
    copy->now = pool->now;
    copy->last_ask = pool->last_ask;
    copy->last_serial = pool->last_serial;
    copy->last_event = pool->last_event;
    copy->base = pool->base;
    copy->limit = pool->limit;
    copy->limit_said = pool->limit_said;
    copy->stop_point = pool->stop_point;
    copy->stop_time = pool->stop_time;
    copy->hold_point = pool->hold_point;
    copy->stop_task.point = pool->stop_task.point;
    copy->stop_task.task = pool->stop_task.task;
    copy->stop_task.done = pool->stop_task.done;
    copy->flow_last = pool->flow_last;
    VEC_EACH (uint32_t, flow, &pool->flows_named)
        *vec_push(&copy->flows_named) = *flow;
    VEC_EACH (struct orphan, orphan, &pool->orphans)
        *vec_push(&copy->orphans) = *orphan;
    copy->flows_recent = pool->flows_recent;
    copy->paused = pool->paused;
    copy->stalled = pool->stalled;
    copy->is_restart = pool->is_restart;
    copy->past_in_database = pool->past_in_database;
    copy->is_fresh = pool->is_fresh;
    copy->complete_at_start = pool->complete_at_start;
    copy->stopping = pool->stopping;
    copy->stop_mode = pool->stop_mode;
    copy->stop_reason = pool->stop_reason ? str_copy(pool->stop_reason) : NULL;
}

struct pool *pool_copy(const struct pool *pool, const struct pool_sink *sink)
{
    PRE(!pool->flights && !pool->runahead_in_flight && !pool->shut_down && !pool->ending);
    const struct pool_options options = {.mode = pool->mode,
                                         .abort_on_failure = pool->abort_on_failure};
    const struct pool_sink silence = {.say = say_nothing};
    struct pool *copy = pool_create(pool->workflow, &options, &silence);
    copy_state(copy, pool);
    for (const struct instance *i = pool->instances.table; i; i = i->hh.next)
        copy_instance(copy, &pool->instances, i);
    copy_queues(copy, pool);
    copy_groups(copy, pool);
    copy_history(copy, pool);
    copy_by_task(copy, pool);
    copy_broadcasts(copy, pool);
    for (const struct hold *hold = pool->holds; hold; hold = hold->hh.next)
        hold_restore(copy, hold->point, hold->task);
    copy->sink = *sink;
    return copy;
}

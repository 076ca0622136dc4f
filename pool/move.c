/* What happens to one instance: the allowed moves of its state, queues, submission, outputs,
 * removal.
 *
 *     waiting -> preparing -> submitted -> running -> succeeded | failed
 *     any of the middle three -> waiting (retry); preparing, submitted -> submit-failed
 *     an incomplete one -> waiting (triggered again); and late truth about a job beats what was
 *     believed: submit-failed -> running, failed -> succeeded; a user's word ends all but what has
 *     expired */
#include "pool/inside.h"

#include "base/banned.h"

#define TO(status) (1u << STATUS_##status)
#define ANY_END (TO(SUCCEEDED) | TO(FAILED) | TO(SUBMIT_FAILED) | TO(EXPIRED))
static const unsigned moves[STATUSES] = {
    [STATUS_WAITING] = TO(PREPARING) | ANY_END,
    [STATUS_PREPARING] = TO(SUBMITTED) | TO(RUNNING) | TO(WAITING) | ANY_END,
    [STATUS_SUBMITTED] = TO(RUNNING) | TO(WAITING) | ANY_END,
    [STATUS_RUNNING] = TO(WAITING) | ANY_END,
    [STATUS_SUCCEEDED] = TO(WAITING) | ANY_END,
    [STATUS_FAILED] = TO(WAITING) | ANY_END,
    [STATUS_SUBMIT_FAILED] = TO(RUNNING) | TO(WAITING) | ANY_END,
    [STATUS_EXPIRED] = TO(WAITING) | ANY_END,
};
#undef TO

/* --- classes --- */

/* Once all that comes from outside has come, it could go. */
static bool waits_for_the_world(const struct pool *pool, const struct instance *instance)
{
    if (instance_is_stuck(instance))
        return false;
    if (instance->satisfied || !pool->workflow->graph->tasks[instance->task].n_alternatives)
        return instance->satisfied;
    return prerequisites_hold_with(pool, instance,
                                   instance_alternatives(pool, instance, HOPED_FOR));
}

enum instance_class instance_class(const struct pool *pool, const struct instance *instance)
{
    enum task_status status = instance_status(instance);
    if (status_is_active(status))
        return CLASS_ACTIVE;
    if (status_is_final(status))
        return instance->flags & TASK_INCOMPLETE ? CLASS_INCOMPLETE : CLASS_FINISHED;
    if (instance->flags & TASK_RUNAHEAD)
        return CLASS_BEYOND;
    return instance->flags & TASK_MANUAL || waits_for_the_world(pool, instance) ? CLASS_READY
                                                                                : CLASS_UNSATISFIED;
}

static void class_leave(struct pool *pool, struct instance *instance)
{
    if (list_is_empty(&instance->of_class))
        return;
    pool->n_class[instance->class_]--;
    if (instance->class_ == CLASS_BEYOND)
        cycle_leave_beyond(&pool->cycles, instance->cycle, &instance->of_class);
    else
        list_remove(&instance->of_class);
}

void instance_classify(struct pool *pool, struct instance *instance)
{
    enum instance_class class = instance_class(pool, instance);
    if (!list_is_empty(&instance->of_class) && instance->class_ == class)
        return;
    class_leave(pool, instance);
    instance->class_ = (uint8_t) class;
    pool->n_class[class]++;
    if (class == CLASS_BEYOND)
        cycle_enter_beyond(&pool->cycles, instance->cycle, &instance->of_class);
    else
        list_append(&pool->classes[class], &instance->of_class);
}

void instance_move(struct pool *pool, struct instance *instance, enum task_status status,
                   uint32_t flags)
{
    enum task_status before = instance_status(instance);
    if (before == status && instance->flags == flags)
        return;
    INVARIANT(before == status || moves[before] >> status & 1);
    struct queue *queue = queue_of(pool, instance);
    if (status_is_active(before) && !status_is_active(status)) {
        INVARIANT(queue->n_active > 0);
        queue->n_active--;
        queue->open_again = true;
    } else if (!status_is_active(before) && status_is_active(status)) {
        queue->n_active++;
    }
    instance->status = (uint8_t)status;
    instance->flags = (uint16_t)flags;
    instance_classify(pool, instance);
    say_state(pool, instance, before);
}

void instance_flag(struct pool *pool, struct instance *instance, uint32_t set, uint32_t clear)
{
    instance_move(pool, instance, instance_status(instance), (instance->flags | set) & ~clear);
}

/* --- queues --- */

struct queue *queue_of(const struct pool *pool, const struct instance *instance)
{
    return &pool->queues[pool->workflow->tasks[instance->task].queue];
}

static bool may_release(const struct pool *pool)
{
    return !pool->paused && !pool->stopping && !pool->ending;
}

static bool queue_is_open(const struct queue *queue)
{
    return !queue->limit || queue->n_active < queue->limit;
}

static double priority_of(const struct pool *pool, const struct link *link)
{
    const struct instance *instance = LINK_OWNER(link, struct instance, of_queue);
    return pool->workflow->tasks[instance->task].runtime.priority;
}

/* Behind all that are as urgent: first in, first out. */
static void queue_enter(const struct pool *pool, struct queue *queue, struct instance *instance)
{
    struct link *before = &queue->waiting;
    double priority = pool->workflow->tasks[instance->task].runtime.priority;
    while (before->previous != &queue->waiting && priority_of(pool, before->previous) < priority)
        before = before->previous;
    list_append(before, &instance->of_queue);
    queue->n_waiting++;
}

void queue_leave(struct pool *pool, struct instance *instance)
{
    if (list_is_empty(&instance->of_queue))
        return;
    list_remove(&instance->of_queue);
    queue_of(pool, instance)->n_waiting--;
}

bool queue_is_full(const struct pool *pool, const struct instance *instance)
{
    return !queue_is_open(queue_of(pool, instance));
}

void queue_release(struct pool *pool, struct queue *queue)
{
    queue->open_again = false;
    while (may_release(pool) && queue_is_open(queue) && queue->n_waiting)
        instance_submit(pool, LINK_OWNER(queue->waiting.next, struct instance, of_queue));
}

static bool is_ready(const struct instance *instance)
{
    if (instance->status != STATUS_WAITING || instance->flags & (TASK_QUEUED | TASK_RUNAHEAD))
        return false;
    if (instance->flags & TASK_MANUAL)
        return true;
    return instance->satisfied && !instance->n_waited_for && !(instance->flags & TASK_HELD);
}

void instance_try(struct pool *pool, struct instance *instance)
{
    if (!is_ready(instance))
        return;
    struct queue *queue = queue_of(pool, instance);
    if (may_release(pool) && queue_is_open(queue) && !queue->n_waiting) {
        instance_submit(pool, instance);
        return;
    }
    queue_enter(pool, queue, instance);
    instance_flag(pool, instance, TASK_QUEUED, 0);
}

enum run_mode instance_mode(const struct pool *pool, const struct instance *instance)
{
    return task_run_mode(&instance_task(pool, instance)->runtime, pool->mode);
}

void instance_submit(struct pool *pool, struct instance *instance)
{
    PRE(instance->status == STATUS_WAITING);
    queue_leave(pool, instance);
    xtriggers_undepend(pool, instance, UNDEPEND_WAITS);
    uint32_t manual = instance->flags & TASK_MANUAL;
    instance->submit++;
    instance->settled = 0;
    instance_move(pool, instance, STATUS_PREPARING,
                  instance->flags & ~(uint32_t)(TASK_QUEUED | TASK_MANUAL | TASK_RETRYING |
                                                TASK_RUNAHEAD | TASK_INCOMPLETE));
    gate_update(pool, instance);
    struct text environment = {0}, settings = {0};
    xtrigger_environment(pool->workflow, instance, &environment);
    broadcasts_for(pool, instance->point, instance->task, &settings);
    instance_define(pool, instance, (struct slice){settings.at, settings.n});
    pool_say(pool, &(struct message){.topic = TOPIC_JOB_SUBMIT,
                                     .point = instance->point,
                                     .task = instance->task,
                                     .flows = instance->flows->list,
                                     .submit = instance->submit,
                                     .try_ = instance->try_,
                                     .number = instance_mode(pool, instance),
                                     .flags = manual,
                                     .text = {environment.at, environment.n},
                                     .settings = {settings.at, settings.n}});
    text_release(&environment);
    text_release(&settings);
}

/* --- outputs --- */

bool instance_is_complete(const struct pool *pool, const struct instance *instance)
{
    const struct completion *completion = &pool->workflow->completions[instance->task];
    return terms_hold(completion->terms, completion->n_terms, &instance->outputs);
}

static struct flight_key flight_key(struct pool *pool, cycle_point point, uint32_t task,
                                    uint32_t output, const struct flow_list *flows)
{
    return (struct flight_key){.point = point,
                               .task = task,
                               .output = output,
                               .flows = flow_sets_get(&pool->flows, flows)->list};
}

static bool flight_begin(struct pool *pool, cycle_point point, uint32_t task, uint32_t output,
                         const struct flow_list *flows)
{
    struct flight_key key = flight_key(pool, point, task, output, flows);
    struct flight *flight;
    HASH_FIND(hh, pool->flights, &key, sizeof key, flight);
    if (flight)
        return false;
    flight = NEW(struct flight);
    flight->key = key;
    HASH_ADD(hh, pool->flights, key, sizeof flight->key, flight);
    struct instance *instance = instances_find(&pool->instances, point, task);
    if (instance) {
        flight->serial = instance->serial;
        instance->in_flight++;
    }
    return true;
}

void flight_end(struct pool *pool, cycle_point point, uint32_t task, uint32_t output,
                const struct flow_list *flows)
{
    struct flight_key key = flight_key(pool, point, task, output, flows);
    struct flight *flight;
    HASH_FIND(hh, pool->flights, &key, sizeof key, flight);
    if (!flight)
        return;
    struct instance *instance = instances_find(&pool->instances, point, task);
    if (instance && instance->serial == flight->serial) {
        INVARIANT(instance->in_flight > 0);
        instance->in_flight--;
        instance_remove_if_done(pool, instance);
    }
    HASH_DEL(pool->flights, flight);
    free(flight);
}

void say_output(struct pool *pool, cycle_point point, uint32_t task, uint32_t output,
                const struct flow_list *flows, uint32_t submit, enum output_value value)
{
    if (!flight_begin(pool, point, task, output, flows))
        return;
    pool_say(pool, &(struct message){.topic = TOPIC_TASK_OUTPUT,
                                     .point = point,
                                     .task = task,
                                     .number = output,
                                     .value = value,
                                     .flows = *flows,
                                     .submit = submit});
}

/* The next instance of a sequential task waits for this one. */
static void release_next(struct pool *pool, cycle_point point, uint32_t task,
                         const struct flow_list *flows)
{
    cycle_point next_point = graph_task_next(pool->workflow->graph, task, point);
    if (next_point == POINT_NONE)
        return;
    struct instance *next = spawn_or_find(pool, next_point, task, flows, 0);
    if (!next || next->class_ == CLASS_FINISHED)
        return;
    next->previous_done = true;
    prerequisites_changed(pool, next);
}

void output_effects(struct pool *pool, cycle_point point, uint32_t task, uint32_t output,
                    const struct flow_list *flows)
{
    absolute_done(pool, point, task, output);
    if (output == OUTPUT_SUCCEEDED && pool->workflow->tasks[task].sequential)
        release_next(pool, point, task, flows);
}

/* While the flow has to catch up first nobody may be triggered yet. */
void instance_output(struct pool *pool, struct instance *instance, uint32_t output, bool forced)
{
    bool waits = instance->flags & TASK_FLOW_WAIT;
    struct flow_list flows = instance->flows->list;
    unsigned value = (waits ? OUTPUT_WAITS : 0u) | (forced ? OUTPUT_FORCED : 0u);
    say_output(pool, instance->point, instance->task, output, &flows, instance->submit,
               (enum output_value)value);
    if (!waits)
        output_effects(pool, instance->point, instance->task, output, &flows);
}

/* --- the end of an instance --- */

void instance_set_flows(struct pool *pool, struct instance *instance, const struct flow_list *flows)
{
    if (instance->flows)
        instance->flows->n_instances--;
    instance->flows = flow_sets_get(&pool->flows, flows);
    instance->flows->n_instances++;
}

static void remember(struct pool *pool, const struct instance *instance)
{
    history_add(&pool->history, instance->cycle,
                &(struct past){.point = instance->point,
                               .task = instance->task,
                               .submit = instance->submit,
                               .outputs = instance->outputs,
                               .flows = &instance->flows->list,
                               .status = instance_status(instance),
                               .flow_wait = (instance->flags & TASK_FLOW_WAIT) != 0,
                               .is_all = !instance->restored});
}

void instance_remove(struct pool *pool, struct instance *instance, enum removal removal)
{
    instance_remove_because(pool, instance, removal, "");
}

void instance_remove_because(struct pool *pool, struct instance *instance, enum removal removal,
                             const char *reason)
{
    pool_say(pool, &(struct message){.topic = TOPIC_TASK_REMOVED,
                                     .point = instance->point,
                                     .task = instance->task,
                                     .flows = instance->flows->list,
                                     .number = removal,
                                     .text = slice_of(reason)});
    if (instance->point == pool->stop_task.point && instance->task == pool->stop_task.task &&
        status_is_final(instance_status(instance)))
        pool->stop_task.done = true;
    remember(pool, instance);
    if (status_is_active(instance_status(instance))) {
        queue_of(pool, instance)->n_active--;
        queue_of(pool, instance)->open_again = true;
    }
    queue_leave(pool, instance);
    gate_open(pool, instance);
    xtriggers_undepend(pool, instance, UNDEPEND_ALL);
    class_leave(pool, instance);
    cycle_leave(&pool->cycles, instance->cycle);
    pool->flows_recent = instance->flows->list;
    instance->flows->n_instances--;
    instances_remove(&pool->instances, instance);
}

void instance_remove_if_done(struct pool *pool, struct instance *instance)
{
    if (instance->class_ == CLASS_FINISHED && !instance->in_flight)
        instance_remove(pool, instance, REMOVED_COMPLETE);
}

/* The pool's life, and the way of an event through it. */
#include "pool/inside.h"

#include "base/banned.h"

/* --- making one --- */

static void queues_init(struct pool *pool)
{
    pool->queues = NEW_ARRAY(struct queue, pool->workflow->n_queues);
    for (uint32_t i = 0; i < pool->workflow->n_queues; i++) {
        pool->queues[i].limit = pool->workflow->queues[i].limit;
        link_init(&pool->queues[i].waiting);
    }
}

static void absolute_add(struct pool *pool, const struct atom *atom, struct absolute_child child)
{
    struct absolute *absolute = pool->absolutes[atom->index];
    while (absolute && (absolute->point != atom->offset->point || absolute->output != atom->output))
        absolute = absolute->next;
    if (!absolute) {
        absolute = NEW(struct absolute);
        absolute->point = atom->offset->point;
        absolute->output = atom->output;
        absolute->next = pool->absolutes[atom->index];
        pool->absolutes[atom->index] = absolute;
    }
    *vec_push(&absolute->children) = child;
}

static void reach_add(struct pool *pool, const struct offset *offset)
{
    if (offset->kind == OFFSET_ABSOLUTE) {
        *vec_push(&pool->pinned) = offset->point;
        return;
    }
    VEC_EACH (struct offset, known, &pool->reach)
        if (offset_equal(known, offset))
            return;
    *vec_push(&pool->reach) = *offset;
}

static void offsets_init(struct pool *pool)
{
    const struct graph *graph = pool->workflow->graph;
    pool->absolutes = NEW_ARRAY(struct absolute *, pool->workflow->n_tasks);
    for (uint32_t task = 0; task < graph->n_tasks; task++)
        for (uint32_t a = 0; a < graph->tasks[task].n_atoms; a++) {
            const struct atom *atom = &graph->tasks[task].atoms[a];
            if (atom->kind == ATOM_GROUP)
                reach_add(pool, atom->offset);
            else if (atom->offset->kind == OFFSET_ABSOLUTE)
                absolute_add(pool, atom, (struct absolute_child){task, a});
        }
}

struct pool *pool_create(const struct workflow *workflow, const struct pool_options *options,
                         const struct pool_sink *sink)
{
    struct pool *pool = NEW(struct pool);
    pool->workflow = workflow;
    pool->sink = *sink;
    pool->names = (struct xtrigger_names){options->workflow, options->owner, options->run_dir};
    instances_init(&pool->instances, workflow);
    cycles_init(&pool->cycles);
    conditions_init(&pool->conditions, workflow->graph);
    history_init(&pool->history);
    broadcasts_init(&pool->broadcasts);
    pool->mode = options->mode == RUN_AS_WORKFLOW ? RUN_LIVE : options->mode;
    pool->groups.graph = workflow->graph;
    queues_init(pool);
    offsets_init(pool);
    externals_init(pool);
    pool->gates = NEW_ARRAY(struct gate, workflow->n_tasks);
    for (int class = 0; class < CLASSES; class ++)
        link_init(&pool->classes[class]);
    pool->base = pool->limit = POINT_NONE;
    pool->stop_point = workflow->stop == POINT_NONE ? workflow->final : workflow->stop;
    pool->hold_point = workflow->hold_after;
    pool->stop_task.point = POINT_NONE;
    pool->stop_time = -1;
    pool->flow_last = 1;
    flow_add(&pool->flows_recent, 1);
    pool->paused = options->start_paused;
    pool->abort_on_failure = options->abort_on_failure;
    return pool;
}

static void absolutes_release(struct pool *pool)
{
    for (uint32_t task = 0; task < pool->workflow->n_tasks; task++)
        while (pool->absolutes[task]) {
            struct absolute *absolute = pool->absolutes[task];
            pool->absolutes[task] = absolute->next;
            vec_release(&absolute->children);
            free(absolute);
        }
    free(pool->absolutes);
}

static void pending_release(struct pool *pool)
{
    for (uint32_t task = 0; task < pool->workflow->n_tasks; task++)
        vec_release(&pool->gates[task].put_off);
    free(pool->gates);
    VEC_EACH (struct deferred, deferred, &pool->deferred)
        deferred_release(deferred);
    vec_release(&pool->deferred);
    VEC_EACH (struct deferred, put_off, &pool->put_off)
        deferred_release(put_off);
    vec_release(&pool->put_off);
    vec_release(&pool->orphans);
    vec_release(&pool->looks);
    struct ask *ask, *next_ask;
    HASH_ITER(hh, pool->asks, ask, next_ask)
    {
        HASH_DEL(pool->asks, ask);
        free(ask);
    }
    INVARIANT(!pool->answers.n);
    vec_release(&pool->answers);
    struct flight *flight, *next_flight;
    HASH_ITER(hh, pool->flights, flight, next_flight)
    {
        HASH_DEL(pool->flights, flight);
        free(flight);
    }
    struct hold *hold, *next_hold;
    HASH_ITER(hh, pool->holds, hold, next_hold)
    {
        HASH_DEL(pool->holds, hold);
        free(hold);
    }
}

void pool_destroy(struct pool *pool)
{
    if (!pool)
        return;
    pending_release(pool);
    absolutes_release(pool);
    signatures_release(&pool->signatures);
    instances_release(&pool->instances);
    groups_release(&pool->groups);
    history_release(&pool->history);
    broadcasts_release(&pool->broadcasts);
    externals_release(&pool->externals);
    text_release(&pool->reply);
    cycles_release(&pool->cycles);
    conditions_release(&pool->conditions);
    flow_sets_release(&pool->flows);
    vec_release(&pool->flows_named);
    vec_release(&pool->pinned);
    vec_release(&pool->reach);
    free(pool->queues);
    free(pool->stop_reason);
    free(pool);
}

/* --- an event --- */

void pool_take(struct pool *pool, const struct message *message)
{
    switch ((int)message->topic) {
    case TOPIC_JOB_SUBMITTED:
    case TOPIC_JOB_SUBMIT_FAILED:
    case TOPIC_JOB_STARTED:
    case TOPIC_JOB_SUCCEEDED:
    case TOPIC_JOB_FAILED:
        handle_job(pool, message);
        break;
    case TOPIC_JOB_TIMEOUT:
        handle_timeout(pool, message);
        break;
    case TOPIC_JOB_MESSAGE:
        handle_job_message(pool, message);
        break;
    case TOPIC_TRIGGER_SATISFIED:
        handle_satisfied(pool, message);
        break;
    case TOPIC_TRIGGER_GROUP:
        handle_group(pool, message);
        break;
    case TOPIC_TRIGGER_SPAWN:
        handle_spawn(pool, message);
        break;
    case TOPIC_TRIGGER_SETTLED:
        handle_settled(pool, message);
        break;
    case TOPIC_XTRIGGER_SATISFIED:
        handle_xtrigger(pool, message);
        break;
    case TOPIC_XTRIGGER_READY:
        handle_xtriggers_ready(pool);
        break;
    case TOPIC_POOL_COMMAND:
        handle_command(pool, message);
        break;
    default: /* what concerns the cast and not the pool: fault, end */
        break;
    }
}

void finish_event(struct pool *pool)
{
    take_looks(pool);
    pool_decide(pool);
    say_answers(pool);
    if (!pool->ending)
        return;
    pool_say(pool, &(struct message){.topic = TOPIC_WORKFLOW_SHUTDOWN,
                                     .number = pool->stop_mode,
                                     .text = slice_of(pool->stop_reason),
                                     .value = pool->stop_mode == STOP_ABORT});
    pool->shut_down = true;
}

void pool_start(struct pool *pool)
{
    PRE(!pool->limit_said && !pool_size(pool));
    say_workflow_state(pool, "");
    finish_event(pool);
}

void pool_take_in_turn(struct pool *pool, const struct message *message)
{
    if (pool->deferred.n) {
        ask_ahead(pool, message);
        defer_event(pool, message);
    } else {
        pool_take(pool, message);
    }
}

void pool_handle(struct pool *pool, const struct message *message, int64_t now)
{
    if (pool->shut_down)
        return;
    pool->now = now;
    if (message->topic == TOPIC_HISTORY) {
        if (handle_history(pool, message))
            take_deferred(pool);
    } else if (!waits_for_quiet(pool, message)) {
        pool_take_in_turn(pool, message);
    }
    take_put_off(pool);
    finish_event(pool);
}

bool pool_is_shut_down(const struct pool *pool)
{
    return pool->shut_down;
}

uint64_t pool_in_flight(const struct pool *pool)
{
    return HASH_COUNT(pool->flights) + pool->runahead_in_flight + pool->n_asks + pool->deferred.n +
           pool->put_off.n;
}

enum task_status pool_status(const struct pool *pool, cycle_point point, uint32_t task)
{
    const struct instance *instance = instances_find(&pool->instances, point, task);
    return instance ? instance_status(instance) : STATUSES;
}

size_t pool_size(const struct pool *pool)
{
    return HASH_COUNT(pool->instances.table);
}

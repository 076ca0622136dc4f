/* Instances the pool has forgotten: of points long ago, and after a restart all that it does not
 * hold. Before one of them may be spawned the database is asked what became of it. Until it has
 * answered, every later event waits in line, so that the order of events is kept. */
#include "pool/inside.h"

#include "base/banned.h"

static struct ask *find(const struct pool *pool, cycle_point point, uint32_t task)
{
    struct ask key = {.point = point, .task = task};
    struct ask *ask;
    HASH_FIND(hh, pool->asks, &key, offsetof(struct ask, task) + sizeof key.task, ask);
    return ask;
}

static bool is_at_hand(const struct pool *pool, cycle_point point, uint32_t task)
{
    if (!pool->past_in_database && point >= pool->history.horizon)
        return true;
    const struct past *past = history_find(&pool->history, point, task);
    const struct ask *ask = find(pool, point, task);
    return (past && past->is_all) || (ask && ask->answered);
}

bool history_is_missing(struct pool *pool, cycle_point point, uint32_t task)
{
    return !instances_find(&pool->instances, point, task) && spawn_is_possible(pool, point, task) &&
           history_ask(pool, point, task);
}

bool history_ask(struct pool *pool, cycle_point point, uint32_t task)
{
    if (is_at_hand(pool, point, task))
        return false;
    if (find(pool, point, task))
        return true;
    struct ask *ask = NEW(struct ask);
    ask->point = point;
    ask->task = task;
    ask->id = ++pool->last_ask;
    HASH_ADD(hh, pool->asks, point, offsetof(struct ask, task) + sizeof ask->task, ask);
    pool->n_asks++;
    pool_say(pool, &(struct message){
                       .topic = TOPIC_HISTORY_ASK, .point = point, .task = task, .id = ask->id});
    return true;
}

void ask_ahead(struct pool *pool, const struct message *message)
{
    if ((message->topic == TOPIC_TRIGGER_SATISFIED || message->topic == TOPIC_TRIGGER_SPAWN) &&
        message->flows.n)
        history_is_missing(pool, message->point, message->task);
}

void defer_event(struct pool *pool, const struct message *message)
{
    deferred_init(vec_push(&pool->deferred), message, pool->now);
}

void deferred_release(struct deferred *deferred)
{
    free(deferred->text);
    free(deferred->detail);
}

void deferred_init(struct deferred *deferred, const struct message *message, int64_t now)
{
    deferred->message = *message;
    deferred->now = now;
    deferred->text = message->text.n ? mem_copy(message->text.at, message->text.n) : NULL;
    deferred->detail = message->detail.n ? mem_copy(message->detail.at, message->detail.n) : NULL;
    deferred->message.text.at = deferred->text;
    deferred->message.detail.at = deferred->detail;
}

/* A restored instance of a sequential task learns whether the one before it succeeded. */
static void tell_next(struct pool *pool, const struct ask *answered)
{
    if (!pool->workflow->tasks[answered->task].sequential)
        return;
    cycle_point point = graph_task_next(pool->workflow->graph, answered->task, answered->point);
    struct instance *next =
        point == POINT_NONE ? NULL : instances_find(&pool->instances, point, answered->task);
    if (!next || !previous_succeeded(pool, next))
        return;
    next->previous_done = true;
    prerequisites_changed(pool, next);
}

bool handle_history(struct pool *pool, const struct message *message)
{
    struct ask *ask = find(pool, message->point, message->task);
    if (!ask || ask->answered || ask->id != message->id)
        return false;
    if (message->number != 1) {
        history_add(&pool->history, cycles_get(&pool->cycles, ask->point),
                    &(struct past){.point = ask->point,
                                   .task = ask->task,
                                   .submit = message->submit,
                                   .outputs = (uint64_t)message->value,
                                   .flows = &flow_sets_get(&pool->flows, &message->flows)->list,
                                   .status = message->status,
                                   .flow_wait = (message->flags & TASK_FLOW_WAIT) != 0});
        return false;
    }
    struct past *past = history_find(&pool->history, ask->point, ask->task);
    if (past)
        past->is_all = true;
    ask->answered = true;
    pool->n_asks--;
    tell_next(pool, ask);
    return !pool->n_asks;
}

static void forget_answered(struct pool *pool)
{
    struct ask *ask, *next;
    HASH_ITER(hh, pool->asks, ask, next)
    {
        if (!ask->answered)
            continue;
        HASH_DEL(pool->asks, ask);
        free(ask);
    }
}

void take_deferred(struct pool *pool)
{
    size_t n = pool->deferred.n;
    struct deferred *line = pool->deferred.at;
    pool->deferred.at = NULL;
    pool->deferred.n = pool->deferred.capacity = 0;
    int64_t now = pool->now;
    for (size_t i = 0; i < n; i++) {
        if (pool->n_asks) { /* one asked again: it and all after it wait on */
            *vec_push(&pool->deferred) = line[i];
            continue;
        }
        pool->now = line[i].now;
        pool_take(pool, &line[i].message);
        deferred_release(&line[i]);
    }
    pool->now = now;
    free(line);
    if (!pool->deferred.n)
        forget_answered(pool);
}

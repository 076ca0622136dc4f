/* Instances of points so long ago that the pool has forgotten them: before one of them may be
 * spawned the database is asked what became of it. Until it has answered, every later event waits
 * in line, so that the order of events is kept. */
#include "pool/inside.h"

#include "base/banned.h"

static bool is_among(const struct ask *asks, size_t n, cycle_point point, uint32_t task)
{
    for (size_t i = 0; i < n; i++)
        if (asks[i].point == point && asks[i].task == task)
            return true;
    return false;
}

bool history_is_missing(struct pool *pool, cycle_point point, uint32_t task)
{
    if (point >= pool->history.horizon || instances_find(&pool->instances, point, task) ||
        !spawn_is_possible(pool, point, task) ||
        is_among(pool->answered.at, pool->answered.n, point, task))
        return false;
    if (is_among(pool->asks.at, pool->asks.n, point, task))
        return true;
    struct ask ask = {.id = ++pool->last_ask, .point = point, .task = task};
    *vec_push(&pool->asks) = ask;
    pool_say(pool, &(struct message){
                       .topic = TOPIC_HISTORY_ASK, .point = point, .task = task, .id = ask.id});
    return true;
}

void defer_event(struct pool *pool, const struct message *message)
{
    struct deferred *deferred = vec_push(&pool->deferred);
    deferred->message = *message;
    deferred->now = pool->now;
    deferred->text = message->text.n ? mem_copy(message->text.at, message->text.n) : NULL;
    deferred->detail = message->detail.n ? mem_copy(message->detail.at, message->detail.n) : NULL;
    deferred->message.text.at = deferred->text;
    deferred->message.detail.at = deferred->detail;
}

static struct ask *find(struct pool *pool, uint64_t id)
{
    VEC_EACH (struct ask, ask, &pool->asks)
        if (ask->id == id)
            return ask;
    return NULL;
}

bool handle_history(struct pool *pool, const struct message *message)
{
    struct ask *ask = find(pool, message->id);
    if (!ask)
        return false;
    if (message->number != 1) {
        history_add(&pool->history, cycles_get(&pool->cycles, ask->point),
                    &(struct past){.point = ask->point,
                                   .task = ask->task,
                                   .submit = message->submit,
                                   .outputs = (uint64_t)message->value,
                                   .flows = &flow_sets_get(&pool->flows, &message->flows)->list,
                                   .status = message->status});
        return false;
    }
    *vec_push(&pool->answered) = *ask;
    *ask = *vec_last(&pool->asks);
    pool->asks.n--;
    return !pool->asks.n;
}

void take_deferred(struct pool *pool)
{
    size_t n = pool->deferred.n;
    struct deferred *line = pool->deferred.at;
    pool->deferred.at = NULL;
    pool->deferred.n = pool->deferred.capacity = 0;
    int64_t now = pool->now;
    for (size_t i = 0; i < n; i++) {
        if (pool->asks.n) { /* one asked again: it and all after it wait on */
            *vec_push(&pool->deferred) = line[i];
            continue;
        }
        pool->now = line[i].now;
        pool_take(pool, &line[i].message);
        free(line[i].text);
        free(line[i].detail);
    }
    pool->now = now;
    free(line);
    vec_clear(&pool->answered);
}

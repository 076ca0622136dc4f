/* Commands that take back what outputs have caused, or that ask what would become of the pool, need
 * to see all of it: they wait until no output is in flight. While one waits, so does every event
 * that could cause more, in line; what the triggers and the database still have to say comes
 * through. So the wait is short, however busy the pool. */
#include "pool/inside.h"

#include "base/banned.h"

static bool is_quiet(const struct pool *pool)
{
    return pool_in_flight(pool) == pool->put_off.n;
}

bool put_off_until_quiet(struct pool *pool, const struct message *message)
{
    if (is_quiet(pool))
        return false;
    deferred_init(vec_push(&pool->put_off), message, pool->now);
    return true;
}

static bool ends_a_flight(const struct message *message)
{
    return message->topic == TOPIC_TRIGGER_SATISFIED || message->topic == TOPIC_TRIGGER_GROUP ||
           message->topic == TOPIC_TRIGGER_SPAWN || message->topic == TOPIC_TRIGGER_SETTLED;
}

bool waits_for_quiet(struct pool *pool, const struct message *message)
{
    if (!pool->put_off.n || ends_a_flight(message))
        return false;
    deferred_init(vec_push(&pool->put_off), message, pool->now);
    return true;
}

void take_put_off(struct pool *pool)
{
    if (!pool->put_off.n || !is_quiet(pool))
        return;
    size_t n = pool->put_off.n;
    struct deferred *line = pool->put_off.at;
    pool->put_off.at = NULL;
    pool->put_off.n = pool->put_off.capacity = 0;
    int64_t now = pool->now;
    for (size_t i = 0; i < n; i++) {
        pool->now = line[i].now;
        if (!waits_for_quiet(pool, &line[i].message)) /* behind the next that needs quiet */
            pool_take_in_turn(pool, &line[i].message);
        deferred_release(&line[i]);
    }
    pool->now = now;
    free(line);
}

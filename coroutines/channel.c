/* One mutex, one condition variable for the threads, one bell for the loop. The bell is rung under
 * the mutex, so that it cannot be closed in between. */
#include "coroutines/channel.h"
#include "base/memory.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/banned.h"

struct item {
    struct item *next;
    void *value;
};

struct channel {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct item *first, **end; /* end: where the next one goes */
    size_t n, capacity;        /* capacity 0: no limit */
    bool closed, cancelled;
    void (*drop)(void *item);
    struct env *env; /* NULL: detached */
    struct env_bell bell;
};

static void lock(struct channel *channel)
{
    int result = pthread_mutex_lock(&channel->mutex);
    INVARIANT(result == 0);
}

static void unlock(struct channel *channel)
{
    int result = pthread_mutex_unlock(&channel->mutex);
    INVARIANT(result == 0);
}

struct channel *channel_create(size_t capacity, void (*drop)(void *item))
{
    struct channel *channel = NEW(struct channel);
    pthread_mutex_init(&channel->mutex, NULL);
    pthread_cond_init(&channel->changed, NULL);
    channel->end = &channel->first;
    channel->capacity = capacity;
    channel->drop = drop;
    return channel;
}

static void *take_first(struct channel *channel)
{
    struct item *item = channel->first;
    void *value = item->value;
    channel->first = item->next;
    if (!channel->first)
        channel->end = &channel->first;
    channel->n--;
    free(item);
    return value;
}

void channel_destroy(struct channel *channel)
{
    if (!channel)
        return;
    PRE(!channel->env);
    while (channel->first) {
        void *value = take_first(channel);
        if (channel->drop)
            channel->drop(value);
    }
    pthread_cond_destroy(&channel->changed);
    pthread_mutex_destroy(&channel->mutex);
    free(channel);
}

int channel_attach(struct channel *channel, struct env *env, struct co *co)
{
    PRE(!channel->env);
    int result = env->ops->bell_open(env, &channel->bell, co);
    if (result < 0)
        return result;
    lock(channel);
    channel->env = env;
    unlock(channel);
    co_wake(co);
    return 0;
}

void channel_detach(struct channel *channel)
{
    lock(channel);
    struct env *env = channel->env;
    channel->env = NULL;
    unlock(channel);
    if (env)
        env->ops->bell_close(env, &channel->bell);
}

/* The mutex is held. Coroutines have no lock to wait on: the bell wakes them. */
static void tell(struct channel *channel)
{
    pthread_cond_broadcast(&channel->changed);
    if (channel->env)
        channel->env->ops->bell_ring(&channel->bell);
}

static int put(struct channel *channel, void *value)
{
    if (channel->closed)
        return -EPIPE;
    if (channel->capacity && channel->n == channel->capacity)
        return -EAGAIN;
    struct item *item = NEW(struct item);
    item->value = value;
    *channel->end = item;
    channel->end = &item->next;
    /* Whoever was turned away looks again after the first; the rest it finds by itself. */
    if (channel->n++ == 0)
        tell(channel);
    return 0;
}

static int get(struct channel *channel, void **ret_value)
{
    if (!channel->n)
        return channel->closed ? -EPIPE : -EAGAIN;
    bool was_full = channel->n == channel->capacity;
    *ret_value = take_first(channel);
    if (was_full)
        tell(channel);
    return 0;
}

int channel_try_put(struct channel *channel, void *item)
{
    lock(channel);
    int result = put(channel, item);
    unlock(channel);
    return result;
}

int channel_try_get(struct channel *channel, void **ret_item)
{
    lock(channel);
    int result = get(channel, ret_item);
    unlock(channel);
    return result;
}

/* True if there is something new to look at; false if the wait was cancelled. */
static bool wait_for_change(struct channel *channel)
{
    if (!channel->cancelled) {
        int result = pthread_cond_wait(&channel->changed, &channel->mutex);
        INVARIANT(result == 0);
    }
    return !channel->cancelled;
}

int channel_put(struct channel *channel, void *item)
{
    int result;
    lock(channel);
    while ((result = put(channel, item)) == -EAGAIN)
        if (!wait_for_change(channel)) {
            channel->cancelled = false;
            result = -ECANCELED;
            break;
        }
    unlock(channel);
    return result;
}

int channel_get(struct channel *channel, void **ret_item)
{
    int result;
    lock(channel);
    while ((result = get(channel, ret_item)) == -EAGAIN)
        if (!wait_for_change(channel)) {
            channel->cancelled = false;
            result = -ECANCELED;
            break;
        }
    unlock(channel);
    return result;
}

void channel_close(struct channel *channel)
{
    lock(channel);
    if (!channel->closed) {
        channel->closed = true;
        tell(channel);
    }
    unlock(channel);
}

void channel_cancel(struct channel *channel)
{
    lock(channel);
    channel->cancelled = true;
    pthread_cond_broadcast(&channel->changed);
    unlock(channel);
}

size_t channel_count(struct channel *channel)
{
    lock(channel);
    size_t n = channel->n;
    unlock(channel);
    return n;
}

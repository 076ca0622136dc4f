/* See plugin_thread.h. The channels and the struct are shared with the thread; if it hangs they are
 * left to it, since it may still come back. */
#include "coroutines/plugin_thread.h"
#include "base/memory.h"
#include "coroutines/channel.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

enum { PLUGIN_GRACE = 500 }; /* milliseconds a plugin has at the end to come back from its call */

struct plugin_thread {
    const struct rouse_xtrigger *xtrigger;
    struct channel *requests, *answers;
    pthread_t thread;
    size_t pending;
};

static void *serve(void *argument)
{
    struct plugin_thread *self = argument;
    for (void *call; channel_get(self->requests, &call) == 0;) {
        call_ask(call, self->xtrigger);
        if (channel_put(self->answers, call) < 0)
            break;
    }
    return NULL;
}

static void release(struct plugin_thread *self)
{
    channel_detach(self->answers);
    channel_destroy(self->answers);
    channel_destroy(self->requests);
    free(self);
}

struct plugin_thread *plugin_thread_create(struct env *env, struct co *co,
                                           const struct rouse_xtrigger *xtrigger,
                                           struct error *error)
{
    struct plugin_thread *self = NEW(struct plugin_thread);
    self->xtrigger = xtrigger;
    self->requests = channel_create(0, NULL);
    self->answers = channel_create(0, NULL);
    int result = channel_attach(self->answers, env, co);
    if (result == 0)
        result = -pthread_create(&self->thread, NULL, serve, self);
    if (result == 0)
        return self;
    error_set(error, result, "no thread for the plugin %s: %s", xtrigger->name, strerror(-result));
    release(self);
    return NULL;
}

void plugin_thread_ask(struct plugin_thread *self, struct call *call)
{
    int result = channel_try_put(self->requests, call);
    PRE(result == 0); /* no limit, and not closed before destroy */
    self->pending++;
}

struct call *plugin_thread_answer(struct plugin_thread *self)
{
    void *call = NULL;
    if (channel_try_get(self->answers, &call) < 0)
        return NULL;
    self->pending--;
    return call;
}

size_t plugin_thread_pending(const struct plugin_thread *self)
{
    return self->pending;
}

struct call *plugin_thread_take_back(struct plugin_thread *self)
{
    void *call = NULL;
    if (channel_try_get(self->requests, &call) < 0)
        return NULL;
    self->pending--;
    return call;
}

bool plugin_thread_destroy(struct plugin_thread *self)
{
    while (plugin_thread_take_back(self))
        ;
    channel_close(self->requests);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += PLUGIN_GRACE * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    if (pthread_timedjoin_np(self->thread, NULL, &until) == 0) {
        release(self);
        return true;
    }
    channel_detach(self->answers);
    pthread_detach(self->thread);
    return false;
}

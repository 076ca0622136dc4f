/* See host_c.h. A seat is one signature: its call, with the plugin's state, from the first start
 * until it is cancelled. */
#include "xtriggers/host_c.h"
#include "base/memory.h"
#include "base/table.h"
#include "xtriggers/loader.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* A seat is the waker that the plugin is given. */
struct rouse_waker {
    uint64_t number;
    struct host_c *host;
    struct call call;
    bool satisfied;
    bool watching; /* the scheduler knows that it says by itself when it is satisfied */
    bool woken;    /* under the lock */
    UT_hash_handle hh;
};

struct host_c {
    struct host_c_world world;
    struct plugin plugin;
    const struct rouse_xtrigger *xtrigger;
    char *run_dir;
    struct rouse_waker *seats; /* by number */
    pthread_mutex_t lock;
};

static struct rouse_waker *find(const struct host_c *self, uint64_t number)
{
    struct rouse_waker *seat;
    HASH_FIND(hh, self->seats, &number, sizeof number, seat);
    return seat;
}

static void wake(struct rouse_waker *seat)
{
    struct host_c *self = seat->host;
    pthread_mutex_lock(&self->lock);
    seat->woken = true;
    pthread_mutex_unlock(&self->lock);
    self->world.woken(self->world.context);
}

static bool take_wake(struct rouse_waker *seat)
{
    pthread_mutex_lock(&seat->host->lock);
    bool woken = seat->woken;
    seat->woken = false;
    pthread_mutex_unlock(&seat->host->lock);
    return woken;
}

static void say_log(struct rouse_waker *seat, struct text *out)
{
    size_t at = 0;
    for (const char *line; (line = call_log_line(&seat->call, &at));)
        host_say_text(out, HOST_LOG, seat->number, line);
    text_clear(&seat->call.log);
}

/* `asked`: the scheduler waits for an answer, whatever it is. */
static void ask(struct rouse_waker *seat, bool asked, struct text *out)
{
    struct host_c *self = seat->host;
    (void)take_wake(seat); /* what woke it before this is seen by this */
    seat->call.call.now = self->world.now(self->world.context);
    seat->call.call.dice = self->world.random(self->world.context);
    call_ask(&seat->call, self->xtrigger);
    say_log(seat, out);
    seat->satisfied = seat->call.verdict == ROUSE_SATISFIED;
    bool watches = host_answer_is_watching(&seat->call);
    if (asked || !watches || !seat->watching)
        host_say_answer(out, seat->number, &seat->call);
    seat->watching = watches;
}

/* --- what the scheduler says --- */

static int read_call(struct host_c *self, const struct host_message *message, struct call *ret_call,
                     struct error *error)
{
    int result = host_message_call(message, ret_call, error);
    if (result < 0)
        return result;
    ret_call->call.run_dir = self->run_dir ? self->run_dir : "";
    ret_call->call.interval = message->interval;
    if (strcmp(ret_call->function, self->xtrigger->name) == 0)
        return 0;
    result = error_set(error, -ENOENT, "there is no \"%s\" in this plugin", ret_call->function);
    call_release(ret_call);
    return result;
}

static int create_seat(struct host_c *self, const struct host_message *message,
                       struct rouse_waker **ret_seat, struct error *error)
{
    struct rouse_waker *seat = NEW(struct rouse_waker);
    int result = read_call(self, message, &seat->call, error);
    if (result == 0 && call_validate(&seat->call, self->xtrigger, error) < 0) {
        call_release(&seat->call);
        result = error->code;
    }
    if (result < 0) {
        free(seat);
        return result;
    }
    seat->number = message->number;
    seat->host = self;
    seat->call.call.waker = seat;
    seat->call.call.wake = wake;
    HASH_ADD(hh, self->seats, number, sizeof seat->number, seat);
    *ret_seat = seat;
    return 0;
}

static void forget(struct host_c *self, struct rouse_waker *seat)
{
    if (self->xtrigger->drop)
        self->xtrigger->drop(&seat->call.call);
    HASH_DEL(self->seats, seat);
    call_release(&seat->call);
    free(seat);
}

static void start(struct host_c *self, const struct host_message *message, struct text *out)
{
    struct rouse_waker *seat = find(self, message->number);
    struct error error = {0};
    if (!seat && create_seat(self, message, &seat, &error) < 0)
        host_say_text(out, HOST_FAIL, message->number, error.text);
    else if (!seat->satisfied) /* or its answer is on the way */
        ask(seat, true, out);
}

static void check(struct host_c *self, const struct host_message *message, struct text *out)
{
    struct call call;
    struct error error = {0};
    int result = read_call(self, message, &call, &error);
    if (result == 0) {
        result = call_validate(&call, self->xtrigger, &error);
        call_release(&call);
    }
    if (result == 0)
        host_say(out, HOST_CHECKED, message->number);
    else
        host_say_text(out, HOST_CHECKED, message->number, error.text);
}

int host_c_hear(struct host_c *self, const struct host_message *message, struct text *out,
                struct error *error)
{
    if (message->verb == HOST_START) {
        start(self, message, out);
    } else if (message->verb == HOST_CHECK) {
        check(self, message, out);
    } else if (message->verb == HOST_HELLO) {
        free(self->run_dir);
        self->run_dir = str_copy(message->run_dir);
    } else if (message->verb == HOST_PING) {
        host_say(out, HOST_PONG, message->number);
    } else if (message->verb == HOST_CANCEL || message->verb == HOST_KEPT) {
        struct rouse_waker *seat = find(self, message->number);
        if (seat && message->verb == HOST_CANCEL)
            forget(self, seat);
        else if (seat && self->xtrigger->kept) {
            self->xtrigger->kept(&seat->call.call);
            say_log(seat, out);
        }
    } else
        return error_set(error, -EBADMSG, "\"%s\" is not for a host to hear",
                         host_verbs[message->verb]);
    return 0;
}

void host_c_ask_woken(struct host_c *self, struct text *out)
{
    struct rouse_waker *seat, *next;
    HASH_ITER(hh, self->seats, seat, next)
    if (take_wake(seat) && !seat->satisfied)
        ask(seat, false, out);
}

/* --- its life --- */

struct host_c *host_c_create(const char *path, const struct host_c_world *world, struct text *out,
                             struct error *error)
{
    struct host_c *self = NEW(struct host_c);
    self->world = *world;
    if (plugin_load(path, &self->plugin, error) < 0) {
        free(self);
        return NULL;
    }
    self->xtrigger = self->plugin.xtrigger;
    pthread_mutex_init(&self->lock, NULL);
    host_say_register(out, self->xtrigger->name);
    return self;
}

void host_c_destroy(struct host_c *self)
{
    struct rouse_waker *seat, *next;
    if (!self)
        return;
    HASH_ITER(hh, self->seats, seat, next)
    forget(self, seat);
    plugin_unload(&self->plugin);
    pthread_mutex_destroy(&self->lock);
    free(self->run_dir);
    free(self);
}

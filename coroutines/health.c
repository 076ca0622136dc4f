/* Health: the run directory and the contact file stay ours. Both are watched (inotify), never
 * polled; the contact file is there before this member runs. A run directory that is moved or
 * removed, or a contact file that is gone or names another scheduler, ends this one at once,
 * leaving the jobs alone. So do SIGTERM, SIGINT and SIGHUP, as `stop --now` does. */
#include "coroutines/health.h"
#include "base/memory.h"
#include "coroutines/actor.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
enum { SIGNALS = sizeof signals / sizeof *signals };

struct health {
    struct actor actor;
    struct env_watch signals[SIGNALS];
    unsigned signals_seen;
    struct env_watch service; /* .service, where the contact file lives */
    struct env_watch run_dir; /* moved as a whole, it does not change .service */
    unsigned seen;            /* changes of both */
    bool reported;
    char *service_path, *contact;
};

static struct env *env_of(const struct health *self)
{
    return self->actor.context->env;
}

static void report(struct health *self, const char *reason)
{
    self->reported = true;
    actor_say(&self->actor, &(struct message){.topic = TOPIC_POOL_COMMAND,
                                              .number = POOL_ABORT,
                                              .text = slice_of(reason)});
}

/* The contact file must name our run by its UUID. */
static void check(struct health *self)
{
    struct text contact = {0};
    int result = env_of(self)->ops->file_read(env_of(self), self->contact, 0, &contact);
    if (result == -ENOENT || result == -ENOTDIR)
        report(self, "the contact file or the run directory was removed");
    else if (result < 0)
        actor_log(&self->actor, LOG_WARNING_LEVEL, "cannot read %s: %s", self->contact,
                  strerror(-result));
    else if (!strstr(text_string(&contact), self->actor.context->uuid))
        report(self, "the contact file was taken over by another scheduler");
    text_release(&contact);
}

static void start_watch(struct health *self, struct env_watch *watch, const char *path)
{
    int result = env_of(self)->ops->watch_start(env_of(self), watch, &self->actor.co, path);
    if (result < 0)
        actor_log(&self->actor, LOG_WARNING_LEVEL,
                  "cannot watch %s: %s; a run directory that is removed will not be noticed", path,
                  strerror(-result));
}

void health_fault(void *member, const char *why)
{
    struct actor *actor = &((struct health *)member)->actor;
    if (actor->faulted || bus_closed(actor->context->bus, HEALTH))
        return;
    actor_log(actor, LOG_CRITICAL_LEVEL, "%s", why);
    actor_say(actor, &(struct message){.topic = TOPIC_FAULT, .text = slice_of(why)});
    atomic_store(actor->context->exit_status, 1);
    actor->faulted = true;
    co_wake(&actor->co);
}

static void health_start(struct actor *actor)
{
    struct health *self = (struct health *)actor;
    for (size_t i = 0; i < SIGNALS; i++)
        env_of(self)->ops->signal_start(env_of(self), &self->signals[i], &actor->co, signals[i]);
    start_watch(self, &self->run_dir, actor->context->run_dir);
    start_watch(self, &self->service, self->service_path);
    check(self); /* what happened before it was watched */
}

static void health_hear(struct actor *actor, const struct message *message)
{
    (void)actor;
    (void)message;
}

/* A signal asks for what `stop --now` does. */
static void check_signals(struct health *self)
{
    unsigned seen = 0;
    for (size_t i = 0; i < SIGNALS; i++)
        seen += self->signals[i].changes;
    if (seen == self->signals_seen)
        return;
    self->signals_seen = seen;
    actor_log(&self->actor, LOG_WARNING_LEVEL, "stopping at once: a signal was received");
    actor_say(
        &self->actor,
        &(struct message){.topic = TOPIC_POOL_COMMAND, .number = POOL_STOP, .flags = STOP_NOW});
}

static bool health_work(struct actor *actor)
{
    struct health *self = (struct health *)actor;
    if (!actor->shutting_down)
        check_signals(self);
    unsigned changes = self->service.changes + self->run_dir.changes;
    if (changes == self->seen || self->reported || actor->shutting_down)
        return false;
    self->seen = changes;
    check(self);
    return false;
}

static void health_end(struct actor *actor)
{
    struct health *self = (struct health *)actor;
    env_of(self)->ops->watch_stop(env_of(self), &self->service);
    env_of(self)->ops->watch_stop(env_of(self), &self->run_dir);
    for (size_t i = 0; i < SIGNALS; i++)
        env_of(self)->ops->signal_stop(env_of(self), &self->signals[i]);
}

static const struct actor_type health_type = {.member = HEALTH,
                                              .start = health_start,
                                              .hear = health_hear,
                                              .work = health_work,
                                              .end = health_end};

static void *health_create(const struct cast_context *context, struct error *error)
{
    (void)error;
    struct health *self = NEW(struct health);
    self->service_path = str_format("%s/.service", context->run_dir);
    self->contact = str_format("%s/contact", self->service_path);
    actor_init(&self->actor, &health_type, context);
    return self;
}

static void health_destroy(void *member)
{
    struct health *self = member;
    if (!self)
        return;
    actor_release(&self->actor);
    free(self->service_path);
    free(self->contact);
    free(self);
}

const struct cast_entry cast_health = {health_create, health_destroy};

/* The xtriggers: one watch (watch.h) for each distinct signature somebody waits for.
 *
 * A signature is watched once however many tasks wait for it. Satisfied signatures are remembered
 * until nobody waits for them, and over restarts. Who calls the function of a watch is its host
 * (xtrigger_host.h). */
#include "base/memory.h"
#include "base/table.h"
#include "coroutines/actor.h"
#include "coroutines/host_program.h"
#include "coroutines/watch.h"
#include "coroutines/xtrigger_check.h"
#include "coroutines/xtrigger_hosts.h"
#include "db/restart.h"
#include "xtriggers/loader.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { RETRY_INTERVAL = 10 }; /* seconds, where a definition gives none */

struct xtriggers {
    struct actor actor;
    struct xtrigger_hosts *hosts;
    struct programs *programs;
    struct watch *watches;  /* by signature */
    struct watch *orphans;  /* dropped, and not over; by signature, which may be there twice */
    struct result *results; /* satisfied before this start */
    bool complete;          /* the workflow is, as it shuts down */
};

struct result {
    char *signature, *results;
    UT_hash_handle hh;
};

static void say(struct xtriggers *self, enum topic topic, const char *signature, const char *detail)
{
    actor_say(
        &self->actor,
        &(struct message){.topic = topic, .text = slice_of(signature), .detail = slice_of(detail)});
}

/* --- watches --- */

static struct watch *find(struct watch *table, struct slice signature)
{
    struct watch *watch;
    HASH_FIND(hh, table, signature.at, signature.n, watch);
    return watch;
}

static void add(struct watch **table, struct watch *watch)
{
    const char *signature = watch_signature(watch);
    HASH_ADD_KEYPTR(hh, *table, signature, strlen(signature), watch);
}

static void gone(struct watch *watch)
{
    struct xtriggers *self = (struct xtriggers *)watch->actor;
    HASH_DEL(self->orphans, watch);
    bool free_again = watch_destroy(watch);
    INVARIANT(free_again); /* it ends when its host has given the call back */
}

/* What is built in is called without further checks. */
static int check_call(const struct xtriggers *self, struct call *call, struct error *error)
{
    const struct rouse_xtrigger *xtrigger =
        xtrigger_builtin(call->function, self->actor.context->run_dir);
    call->call.run_dir = self->actor.context->run_dir;
    return xtrigger ? call_validate(call, xtrigger, error) : 0;
}

/* A watch for a signature that nobody waited for yet. `text`: the call to make; empty: the
 * signature is one. */
static int begin_watch(struct xtriggers *self, const char *signature, const char *text,
                       uint32_t index, struct error *error)
{
    const struct workflow *workflow = self->actor.context->workflow;
    struct call call;
    if (call_init(&call, *text ? text : signature, signature, error) < 0)
        return error->code;
    if (check_call(self, &call, error) < 0) {
        call_release(&call);
        return error->code;
    }
    double interval =
        index < workflow->n_xtriggers ? workflow->xtriggers[index].interval : RETRY_INTERVAL;
    struct host *host = xtrigger_hosts_find(self->hosts, call.function);
    add(&self->watches, watch_create(&self->actor, host, &call, interval, gone));
    return 0;
}

static void begin(struct xtriggers *self, const struct message *message)
{
    struct error error = {0};
    char *signature = slice_copy(message->text), *text = slice_copy(message->detail);
    if (begin_watch(self, signature, text, message->number, &error) < 0) {
        actor_log(&self->actor, LOG_ERROR_LEVEL, "xtrigger %s: %s", signature, error.text);
        say(self, TOPIC_XTRIGGER_PROBLEM, signature, error.text);
    }
    free(signature);
    free(text);
}

static void drop(struct xtriggers *self, struct watch *watch)
{
    HASH_DEL(self->watches, watch);
    add(&self->orphans, watch);
    watch_drop(watch);
}

static void drop_all(struct xtriggers *self)
{
    struct watch *watch, *next;
    HASH_ITER(hh, self->watches, watch, next)
    drop(self, watch);
}

/* --- what the pool and the recorder say --- */

static void hear_watch(struct xtriggers *self, const struct message *message)
{
    struct result *known;
    HASH_FIND(hh, self->results, message->text.at, message->text.n, known);
    struct watch *watch = find(self->watches, message->text);
    if (known)
        say(self, TOPIC_XTRIGGER_SATISFIED, known->signature, known->results);
    else if (watch && watch_is_satisfied(watch))
        watch_say_satisfied(watch);
    else if (!watch)
        begin(self, message);
}

static void result_free(struct xtriggers *self, struct result *result)
{
    HASH_DEL(self->results, result);
    free(result->signature);
    free(result->results);
    free(result);
}

/* Who looks at it forgets it. What is satisfied is forgotten by then. */
static void say_gone(struct xtriggers *self, struct slice signature)
{
    const struct watch *watch = find(self->watches, signature);
    if (self->actor.shutting_down || self->actor.faulted || (watch && watch_is_satisfied(watch)))
        return;
    actor_say(
        &self->actor,
        &(struct message){.topic = TOPIC_XTRIGGER_ASKED, .number = ASKED_GONE, .text = signature});
}

static void hear_drop(struct xtriggers *self, const struct message *message)
{
    say_gone(self, message->text);
    struct watch *watch = find(self->watches, message->text);
    if (watch)
        drop(self, watch);
    struct result *result;
    HASH_FIND(hh, self->results, message->text.at, message->text.n, result);
    if (result)
        result_free(self, result);
}

static void hear_kept(struct xtriggers *self, const struct message *message)
{
    struct watch *watch = find(self->watches, message->text);
    if (watch)
        watch_keep(watch);
    watch = find(self->orphans, message->text);
    if (watch)
        watch_keep(watch);
}

static void xtriggers_hear(struct actor *actor, const struct message *message)
{
    struct xtriggers *self = (struct xtriggers *)actor;
    if (message->topic == TOPIC_XTRIGGER_WATCH)
        hear_watch(self, message);
    else if (message->topic == TOPIC_XTRIGGER_DROP)
        hear_drop(self, message);
    else if (message->topic == TOPIC_XTRIGGER_KEPT)
        hear_kept(self, message);
    else if (message->topic == TOPIC_XTRIGGER_TOLD)
        programs_begin(self->programs);
    else if (message->topic == TOPIC_XTRIGGER_PROGRAM || message->topic == TOPIC_REPLY_TAKEN)
        programs_hear(self->programs, message);
    else if (message->topic == TOPIC_WORKFLOW_SHUTDOWN)
        self->complete = message->number == STOP_AUTOMATIC && message->value == 0;
}

/* Nothing is said once the outbox is closed: nobody waits for any signature now. */
static bool xtriggers_may_close(struct actor *actor)
{
    struct xtriggers *self = (struct xtriggers *)actor;
    programs_end(self->programs, self->complete);
    drop_all(self);
    return true;
}

static void xtriggers_start(struct actor *actor)
{
    actor_say(actor, &(struct message){.topic = TOPIC_XTRIGGER_READY});
}

/* --- beginning and end --- */

/* A watch whose function hangs is left to it. */
static void xtriggers_end(struct actor *actor)
{
    struct xtriggers *self = (struct xtriggers *)actor;
    xtrigger_hosts_end(self->hosts);
    programs_end(self->programs, self->complete);
    drop_all(self);
    struct watch *watch, *next;
    HASH_ITER(hh, self->orphans, watch, next)
    {
        HASH_DEL(self->orphans, watch);
        (void)watch_destroy(watch);
    }
}

/* Those that are built in must accept their arguments. The others are checked before the workflow
 * runs, and by the process that reads it again for a reload: what is not ours is not called here.
 */
static int check_definitions(const struct cast_context *context, const struct workflow *workflow,
                             struct error *error)
{
    int code = 0;
    bool *called = xtriggers_called(workflow);
    for (uint32_t i = 0; i < workflow->n_xtriggers && code == 0; i++)
        if (called[i] && xtrigger_builtin(workflow->xtriggers[i].function, context->run_dir))
            code = xtrigger_check(&workflow->xtriggers[i], context->run_dir, error);
    free(called);
    return code;
}

static int xtriggers_settle(struct actor *actor, const struct workflow *next, struct error *error)
{
    return check_definitions(actor->context, next, error);
}

/* The pool says anew what is to be watched; signatures, intervals may be others. */
static void xtriggers_swap(struct actor *actor)
{
    struct xtriggers *self = (struct xtriggers *)actor;
    for (const struct watch *watch = self->watches; watch; watch = watch->hh.next)
        say_gone(self, slice_of(watch_signature(watch)));
    drop_all(self);
    xtrigger_hosts_renew(self->hosts);
}

static const struct actor_type xtriggers_type = {.member = XTRIGGERS,
                                                 .start = xtriggers_start,
                                                 .hear = xtriggers_hear,
                                                 .may_close = xtriggers_may_close,
                                                 .settle = xtriggers_settle,
                                                 .swap = xtriggers_swap,
                                                 .end = xtriggers_end};

static void remember_results(struct xtriggers *self, const struct restart *restart)
{
    for (size_t i = 0; restart && i < restart->n_results; i++) {
        struct result *result = NEW(struct result);
        result->signature = str_copy(restart->results[i].signature);
        result->results = str_copy(restart->results[i].results);
        HASH_ADD_KEYPTR(hh, self->results, result->signature, strlen(result->signature), result);
    }
}

static void xtriggers_destroy(void *member)
{
    struct xtriggers *self = member;
    if (!self)
        return;
    if (self->actor.context)
        actor_release(&self->actor);
    struct result *result, *next;
    HASH_ITER(hh, self->results, result, next)
    result_free(self, result);
    xtrigger_hosts_destroy(self->hosts);
    programs_destroy(self->programs);
    free(self);
}

static void *xtriggers_create(const struct cast_context *context, struct error *error)
{
    struct xtriggers *self = NEW(struct xtriggers);
    if (check_definitions(context, context->workflow, error) < 0) {
        xtriggers_destroy(self);
        return NULL;
    }
    remember_results(self, context->restart);
    actor_init(&self->actor, &xtriggers_type, context);
    self->programs = programs_create(&self->actor);
    self->hosts = xtrigger_hosts_create(&self->actor, self->programs);
    return self;
}

const struct cast_entry cast_xtriggers = {xtriggers_create, xtriggers_destroy};

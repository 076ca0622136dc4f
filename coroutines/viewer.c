/* The viewer: answers queries from its read model (queries.h), in streams what is long (streams.h).
 * What the pool says waits in `pending` until it
 * is recorded, so a client never sees what a crash could undo. What others say of jobs and
 * xtriggers is no state of a task: it waits for nothing, since after a crash of their process it
 * might wait for ever. */
#include "base/memory.h"
#include "coroutines/actor.h"
#include "coroutines/progress.h"
#include "coroutines/queries.h"
#include "coroutines/search.h"
#include "coroutines/streams.h"
#include <errno.h>

#include "base/banned.h"

enum { APPLIED_PER_TURN = 1000 };

/* A query that came before there was anything to see. */
struct early {
    uint64_t id;
    char *name, *args;
};

struct viewer {
    struct actor actor;
    struct view view;
    struct streams streams;
    struct searches searches;
    uint64_t streamed; /* in which turn a stream last made a chunk */
    struct progress progress;
    struct text pending; /* encoded messages, each behind its u32 length */
    size_t first;        /* offset of the oldest */
    bool behind;         /* more was recorded since `pending` was looked at */
    uint64_t recorded;   /* of the pool's outbox */
    bool blind;          /* a new run, of which nothing is recorded yet */
    VEC(struct early) early;
};

/* --- never ahead of the record --- */

static void defer(struct viewer *self, const struct message *message)
{
    size_t at = self->pending.n;
    text_add_n(&self->pending, "\0\0\0\0", sizeof(uint32_t));
    message_encode(message, &self->pending);
    uint32_t length = (uint32_t)(self->pending.n - at - sizeof length);
    memcpy(self->pending.at + at, &length, sizeof length);
}

static void forget_applied(struct viewer *self)
{
    if (self->first == self->pending.n) {
        text_clear(&self->pending);
        self->first = 0;
    } else if (self->first > self->pending.n / 2) {
        self->pending.n -= self->first;
        memmove(self->pending.at, self->pending.at + self->first, self->pending.n);
        self->first = 0;
    }
}

static void apply(struct viewer *self, const struct message *message)
{
    view_apply(&self->view, message);
    streams_note(&self->streams, message);
    progress_note(&self->progress, message, &self->actor.co);
}

/* Apply what is recorded by now; true if some of it is left for the next turn. */
static bool catch_up(struct viewer *self)
{
    for (unsigned i = 0; i < APPLIED_PER_TURN && self->first < self->pending.n; i++) {
        uint32_t length;
        struct message message;
        struct error error = {0};
        memcpy(&length, self->pending.at + self->first, sizeof length);
        const char *bytes = self->pending.at + self->first + sizeof length;
        int result = message_decode(bytes, length, &message, &error);
        INVARIANT(result == 0);
        if (message.seq > self->recorded) {
            self->behind = false;
            break;
        }
        apply(self, &message);
        self->first += sizeof length + length;
    }
    forget_applied(self);
    return self->behind && self->first < self->pending.n;
}

/* --- queries --- */

static void answer(void *context, uint64_t id, enum reply_kind kind, const char *text)
{
    struct viewer *self = context;
    actor_say(
        &self->actor,
        &(struct message){.topic = TOPIC_REPLY, .id = id, .number = kind, .text = slice_of(text)});
}

static int run_query(struct viewer *self, uint64_t id, struct slice name, const json_t *args,
                     const struct candidates *candidates, struct error *error)
{
    json_t *data = NULL;
    int result =
        query_answer(&self->view, self->actor.context, name, args, candidates, &data, error);
    if (result < 0)
        return result;
    char *text = json_dumps(data, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(data);
    PRE(text);
    if (strlen(text) < MESSAGE_SIZE_MAX - 1024)
        answer(self, id, REPLY_DONE, text);
    else
        answer(self, id, REPLY_ERROR, "the answer is too large: ask for fewer tasks");
    free(text);
    return 0;
}

static void search_done(void *context, uint64_t id, struct slice name, const json_t *args,
                        const struct candidates *candidates, const char *why)
{
    struct error error = {0};
    if (!candidates)
        answer(context, id, REPLY_ERROR, why);
    else if (run_query(context, id, name, args, candidates, &error) < 0)
        answer(context, id, REPLY_ERROR, error.text);
}

static int begin_query(struct viewer *self, const struct message *query, const json_t *args,
                       struct error *error)
{
    if (streams_takes(query->text))
        return streams_open(&self->streams, query->id, query->text, args, error);
    if (!search_is_needed(&self->view, args))
        return run_query(self, query->id, query->text, args, NULL, error);
    search_begin(&self->searches, query->id, query->text, args);
    return 0;
}

static void keep_query(struct viewer *self, const struct message *query)
{
    *vec_push(&self->early) = (struct early){
        .id = query->id, .name = slice_copy(query->text), .args = slice_copy(query->detail)};
}

static void hear_query(struct viewer *self, const struct message *query)
{
    struct error error = {0};
    const char *detail = query->detail.n ? query->detail.at : "{}";
    json_t *args = json_loadb(detail, query->detail.n ? query->detail.n : 2, 0, NULL);
    int result = json_is_object(args)
                     ? begin_query(self, query, args, &error)
                     : error_set(&error, -EINVAL, "\"args\" must be a JSON object");
    if (result < 0)
        answer(self, query->id, REPLY_ERROR, error.text);
    json_decref(args);
}

static void forget_early(struct viewer *self)
{
    VEC_EACH (struct early, query, &self->early) {
        free(query->name);
        free(query->args);
    }
    vec_release(&self->early);
}

/* The first of what the pool said is recorded and seen: who asked too early is answered. */
static void open_eyes(struct viewer *self)
{
    self->blind = false;
    VEC_EACH (struct early, query, &self->early)
        hear_query(self, &(struct message){.id = query->id,
                                           .text = slice_of(query->name),
                                           .detail = slice_of(query->args)});
    forget_early(self);
}

/* --- the member --- */

static void viewer_hear(struct actor *actor, const struct message *message)
{
    struct viewer *self = (struct viewer *)actor;
    if (message->topic == TOPIC_QUERY_REQUEST) {
        (self->blind ? keep_query : hear_query)(self, message);
    } else if (message->topic == TOPIC_REPLY_TAKEN) {
        streams_taken(&self->streams, message->id, message->number);
    } else if (message->topic == TOPIC_RECORDED) {
        self->recorded = message_recorded(message, TASK_POOL);
        self->behind = true;
    } else if (message->topic == TOPIC_DEFINITION_NEXT || message->topic == TOPIC_DEFINITION_STEP) {
        return; /* the actor's */
    } else if (message->sender == TASK_POOL && message->topic != TOPIC_WORKFLOW_SHUTDOWN) {
        defer(self, message);
    } else if (message->topic != TOPIC_WORKFLOW_SHUTDOWN) {
        apply(self, message);
    }
}

static bool viewer_work(struct actor *actor)
{
    struct viewer *self = (struct viewer *)actor;
    if (self->behind && catch_up(self))
        return true;
    if (self->blind && self->recorded)
        open_eyes(self);
    progress_work(&self->progress);
    if (!streams_have_work(&self->streams) && !self->searches.first)
        return false;
    uint64_t turn = actor->co.ready->resumed; /* this is asked again after each message */
    if (self->streamed != turn) {
        streams_work(&self->streams);
        searches_work(&self->searches);
    }
    self->streamed = turn;
    if (streams_have_work(&self->streams) || self->searches.first)
        co_wake(&actor->co); /* after the others have been heard */
    return false;
}

/* What is recorded has all been seen: the next version's view is what the database holds. */
static int viewer_settle(struct actor *actor, const struct workflow *next, struct error *error)
{
    struct viewer *self = (struct viewer *)actor;
    if (self->first < self->pending.n)
        return -EINPROGRESS;
    const struct restart *ignored;
    return definitions_restart(actor->context->definitions, next->version, &actor->co, &ignored,
                               error);
}

static void viewer_swap(struct actor *actor)
{
    struct viewer *self = (struct viewer *)actor;
    const struct workflow *workflow = actor->context->workflow;
    const struct restart *restart = NULL;
    struct error error;
    int result = definitions_restart(actor->context->definitions, workflow->version, &actor->co,
                                     &restart, &error);
    INVARIANT(result == 0);
    searches_end(&self->searches, "the workflow was reloaded meanwhile: ask again");
    view_renew(&self->view, workflow, restart);
    streams_renew(&self->streams);
    co_wake(&actor->co); /* to begin the new snapshots */
}

/* Answers go on until the recorder has said its last. */
static bool viewer_may_close(struct actor *actor)
{
    if (!bus_drained(actor->context->bus, VIEWER, ~MEMBER_BIT(RECORDER)))
        return false;
    struct viewer *self = (struct viewer *)actor;
    open_eyes(self);
    streams_end(&self->streams);
    searches_end(&self->searches, "the workflow has shut down");
    return true;
}

static const struct actor_type viewer_type = {.member = VIEWER,
                                              .hear = viewer_hear,
                                              .work = viewer_work,
                                              .settle = viewer_settle,
                                              .swap = viewer_swap,
                                              .may_close = viewer_may_close};

static void *viewer_create(const struct cast_context *context, struct error *error)
{
    (void)error;
    struct viewer *self = NEW(struct viewer);
    view_init(&self->view, context->workflow, context->restart);
    self->blind = !context->restart;
    self->streams =
        (struct streams){.view = &self->view, .cast = context, .say = answer, .context = self};
    self->searches = (struct searches){.view = &self->view, .context = self, .done = search_done};
    progress_init(&self->progress, context, &self->view);
    actor_init(&self->actor, &viewer_type, context);
    return self;
}

static void viewer_destroy(void *member)
{
    struct viewer *self = member;
    if (!self)
        return;
    actor_release(&self->actor);
    forget_early(self);
    streams_release(&self->streams);
    searches_release(&self->searches);
    progress_release(&self->progress);
    view_release(&self->view);
    text_release(&self->pending);
    free(self);
}

const struct cast_entry cast_viewer = {viewer_create, viewer_destroy};

/* The commands: what clients ask to be done. Each request is checked, becomes a pool.command, and
 * is answered only when the pool has said its outcome and that is committed.
 *
 *     request -> checked -> pool.command -> pool.outcome -> recorded -> reply */
#include "base/memory.h"
#include "base/table.h"
#include "coroutines/actor.h"
#include "coroutines/reload.h"
#include "coroutines/requests.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/banned.h"

enum { COMMANDS_IN_FLIGHT_MAX = 10000 };

struct flight { /* a command under way */
    uint64_t id;
    uint64_t outcome_seq; /* in the pool's outbox; 0: no outcome yet */
    bool failed;
    char *reply;
    struct flight *next; /* by outcome_seq */
    UT_hash_handle hh;
};

struct commands {
    struct actor actor;
    struct flight *flights;
    struct flight *first, *last; /* carried out, not recorded */
    uint64_t recorded;           /* of the pool's outbox */
    struct reload *reload;
};

static void reply(struct commands *self, uint64_t id, enum reply_kind kind, const char *text)
{
    actor_say(
        &self->actor,
        &(struct message){.topic = TOPIC_REPLY, .id = id, .number = kind, .text = slice_of(text)});
}

static void land(struct commands *self, struct flight *flight)
{
    reply(self, flight->id, flight->failed ? REPLY_ERROR : REPLY_DONE, flight->reply);
    HASH_DEL(self->flights, flight);
    free(flight->reply);
    free(flight);
}

/* It has not reached the pool: nothing of it is to be recorded. */
static void fail(struct commands *self, struct flight *flight, const char *why)
{
    actor_log(&self->actor, LOG_WARNING_LEVEL, "Command failed: %s", why);
    flight->failed = true;
    flight->reply = str_copy(why);
    land(self, flight);
}

/* A definition has been read. */
static void hear_reload(void *owner, const struct reload_news *news)
{
    struct commands *self = owner;
    struct flight *flight;
    HASH_FIND(hh, self->flights, &news->id, sizeof news->id, flight);
    if (!flight || bus_closed(self->actor.context->bus, COMMANDS))
        return;
    if (news->failed) {
        char *why = slice_copy(news->text);
        fail(self, flight, why);
        free(why);
        return;
    }
    actor_say(&self->actor, &(struct message){.topic = TOPIC_POOL_COMMAND,
                                              .id = news->id,
                                              .number = POOL_RELOAD,
                                              .text = news->text,
                                              .detail = news->detail});
}

/* --- requests --- */

static int accept_request(struct commands *self, const struct message *asked,
                          struct request *ret_request, struct error *error)
{
    if (self->actor.shutting_down)
        return error_set(error, -ESHUTDOWN, "the workflow is shutting down");
    if (HASH_COUNT(self->flights) >= COMMANDS_IN_FLIGHT_MAX)
        return error_set(error, -EBUSY, "%d commands are under way already, try again",
                         COMMANDS_IN_FLIGHT_MAX);
    return request_read(asked, ret_request, error);
}

/* One line, however many ids there are. */
static void log_request(struct commands *self, const struct message *request,
                        const struct text *ids)
{
    int n = (int)strcspn(text_string(ids), "\n");
    actor_log(&self->actor, LOG_INFO_LEVEL, "Command \"%.*s\" received%s%.*s%s",
              (int)request->text.n, request->text.at, n ? ": " : "", n, text_string(ids),
              (size_t)n < ids->n ? ", ..." : "");
}

static void hear_request(struct commands *self, const struct message *asked)
{
    struct request request;
    struct error error = {0};
    if (accept_request(self, asked, &request, &error) < 0) {
        reply(self, asked->id, REPLY_ERROR, error.text);
        return;
    }
    struct flight *flight = NEW(struct flight);
    flight->id = asked->id;
    HASH_ADD(hh, self->flights, id, sizeof flight->id, flight);
    log_request(self, asked, &request.ids);
    if (request.command.number != POOL_RELOAD)
        actor_say(&self->actor, &request.command);
    else if (reload_begin(self->reload, asked->id, request.command.flags != 0, &error) < 0)
        fail(self, flight, error.text);
    request_release(&request);
}

/* --- answering --- */

static void land_recorded(struct commands *self)
{
    for (struct flight *flight; (flight = self->first);) {
        if (flight->outcome_seq > self->recorded)
            break;
        self->first = flight->next;
        if (!self->first)
            self->last = NULL;
        land(self, flight);
    }
}

static void hear_outcome(struct commands *self, const struct message *outcome)
{
    struct flight *flight;
    HASH_FIND(hh, self->flights, &outcome->id, sizeof outcome->id, flight);
    if (!flight || flight->outcome_seq)
        return; /* a job message's */
    flight->outcome_seq = outcome->seq;
    flight->failed = outcome->number != 0;
    flight->reply = outcome->text.n ? slice_copy(outcome->text) : str_copy("{}");
    if (flight->failed)
        actor_log(&self->actor, LOG_WARNING_LEVEL, "Command failed: %s", flight->reply);
    if (self->last)
        self->last->next = flight;
    else
        self->first = flight;
    self->last = flight;
    land_recorded(self);
}

static void hear_recorded(struct commands *self, const struct message *recorded)
{
    self->recorded = message_recorded(recorded, TASK_POOL);
    land_recorded(self);
}

static void commands_hear(struct actor *actor, const struct message *message)
{
    struct commands *self = (struct commands *)actor;
    if (message->topic == TOPIC_COMMAND_REQUEST)
        hear_request(self, message);
    else if (message->topic == TOPIC_POOL_OUTCOME)
        hear_outcome(self, message);
    else if (message->topic == TOPIC_RECORDED)
        hear_recorded(self, message);
}

/* Outcomes are answered when they are recorded: the recorder's last word comes before ours. */
static bool commands_may_close(struct actor *actor)
{
    struct commands *self = (struct commands *)actor;
    if (!bus_drained(actor->context->bus, COMMANDS, ~MEMBER_BIT(RECORDER)))
        return false;
    struct flight *flight, *next;
    self->first = self->last = NULL;
    HASH_ITER(hh, self->flights, flight, next)
    {
        flight->failed = true;
        free(flight->reply);
        flight->reply = str_copy("the workflow shut down before the command was carried out");
        land(self, flight);
    }
    return true;
}

static const struct actor_type commands_type = {
    .member = COMMANDS, .hear = commands_hear, .may_close = commands_may_close};

static void *commands_create(const struct cast_context *context, struct error *error)
{
    (void)error;
    struct commands *self = NEW(struct commands);
    actor_init(&self->actor, &commands_type, context);
    self->reload = reload_create(context, hear_reload, self);
    return self;
}

static void commands_destroy(void *member)
{
    struct commands *self = member;
    if (!self)
        return;
    actor_release(&self->actor);
    reload_destroy(self->reload);
    struct flight *flight, *next;
    HASH_ITER(hh, self->flights, flight, next)
    {
        HASH_DEL(self->flights, flight);
        free(flight->reply);
        free(flight);
    }
    free(self);
}

const struct cast_entry cast_commands = {commands_create, commands_destroy};

/* The server: hears clients, says what they ask on the bus, and gives them the answers.
 *
 *   client -> request -> command.request | query.request | job.report | xtrigger.program
 *                                                                          (with the server's id)
 *   reply (by id) -> answer -> client
 *
 * States: SERVING until workflow.shutdown; then the outbox is closed and it is ENDING: new requests
 * are refused, answers still go out, until every other member has ended (the recorder among them,
 * so that all is committed). A fault ends it at once. Requests without an answer by then get an
 * error. Bad input is answered with an error and changes nothing. */
#include "base/memory.h"
#include "base/trace.h"
#include "coroutines/cast.h"
#include "scheduler/net/listener.h"
#include "scheduler/net/wire.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
/* The default hash falls through cases in a way clang warns of. */
#include "base/table.h"

#include "base/banned.h"

enum {
    SERVER_REQUESTS_MAX = 10000,          /* unanswered requests */
    SERVER_CHUNKS_MAX = 16 * 1024 * 1024, /* bytes kept for one answer of a client without stream */
    SERVER_BURST = 64                     /* requests, and replies, in one turn */
};

struct request {
    uint64_t id; /* ours */
    json_t *client_id;
    struct listener_peer peer;
    bool stream;
    bool is_program; /* of xtriggers: what it says names this request */
    struct text chunks;
    struct request *next_stream;
    UT_hash_handle hh;
};

enum server_state { SERVER_SERVING, SERVER_ENDING, SERVER_ENDED };
static const char *const server_states[] = {"serving", "ending", "ended"};

struct server {
    struct co co;
    const struct cast_context *context;
    struct listener *listener;
    struct env_watch requests_watch, keys_watch;
    struct request *requests; /* by id, oldest first */
    struct request *streams;  /* those of them that are streamed */
    uint64_t last_id, refused;
    bool shutting_down, fault, watching, done;
    char *fault_text;
};

static void log_warning(struct server *self, const char *text)
{
    self->context->env->ops->log(self->context->env, LOG_WARNING_LEVEL, text);
}

/* False: the client is gone, or does not read. */
static bool send_answer(struct server *self, const struct listener_peer *peer,
                        const struct text *answer)
{
    int code = listener_send(self->listener, peer, text_string(answer), answer->n);
    if (code == -EHOSTUNREACH)
        trace("server: client gone", 0, 0);
    else if (code)
        log_warning(self, "an answer was dropped: the client does not read");
    return !code;
}

static void send_error(struct server *self, const struct listener_peer *peer, const json_t *id,
                       const char *message)
{
    struct text answer = {0};
    wire_error_write(id, message, &answer);
    send_answer(self, peer, &answer);
    text_release(&answer);
}

static void request_destroy(struct server *self, struct request *request)
{
    struct request **at = &self->streams;
    while (*at && *at != request)
        at = &(*at)->next_stream;
    if (*at)
        *at = request->next_stream;
    HASH_DEL(self->requests, request);
    json_decref(request->client_id);
    text_release(&request->chunks);
    free(request);
}

static uint64_t remember(struct server *self, const struct listener_peer *peer,
                         const struct wire_request *wire)
{
    struct request *request = NEW(struct request);
    request->id = ++self->last_id;
    request->client_id = json_incref(wire->id);
    request->peer = *peer;
    request->stream = wire->stream;
    if (wire->stream) {
        request->next_stream = self->streams;
        self->streams = request;
    }
    HASH_ADD(hh, self->requests, id, sizeof request->id, request);
    return request->id;
}

static struct slice json_text(const json_t *value, char **ret_owned)
{
    *ret_owned = value ? json_dumps(value, JSON_COMPACT) : str_copy("{}");
    return slice_of(*ret_owned);
}

/* Queries are answered by the viewer, everything else is a command; an unknown name is refused by
 * whoever gets it. */
static bool is_query(const char *name)
{
    static const char *const queries[] = {"dump", "ping", "show", "subscribe", "why", "workflow"};
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
        if (!strcmp(name, queries[i]))
            return true;
    return false;
}

/* Commands that are answered by a stream or not at all. */
static bool needs_stream(const char *name)
{
    return !strcmp(name, "subscribe") || !strcmp(name, "xtrigger-host");
}

static struct request *find_stream(struct server *self, const struct listener_peer *peer,
                                   const json_t *id)
{
    struct request *request = self->streams;
    while (request && (request->peer.n != peer->n || memcmp(request->peer.at, peer->at, peer->n) ||
                       !(id ? json_equal(request->client_id, id) : !request->client_id)))
        request = request->next_stream;
    return request;
}

/* A program that serves xtriggers speaks for itself alone: for a stream of its own connection. True
 * if it is one. */
static bool say_program(struct server *self, const struct listener_peer *peer,
                        const struct wire_request *wire)
{
    bool begins = !strcmp(wire->command, "xtrigger-host");
    if (!begins && strcmp(wire->command, "xtrigger-say"))
        return false;
    const struct request *host =
        begins ? NULL : find_stream(self, peer, json_object_get(wire->args, "host"));
    char *args;
    struct message message = {
        .topic = TOPIC_XTRIGGER_PROGRAM,
        .id = remember(self, peer, wire),
        .value = host && host->is_program ? (int64_t)host->id : 0,
        .text = slice_of(wire->command),
        .detail = json_text(wire->args, &args),
    };
    if (begins)
        self->streams->is_program = true;
    bus_publish(self->context->bus, SERVER, &message);
    free(args);
    return true;
}

static void say_request(struct server *self, const struct listener_peer *peer,
                        const struct wire_request *wire)
{
    char *args;
    struct message message = {
        .topic = is_query(wire->command) ? TOPIC_QUERY_REQUEST : TOPIC_COMMAND_REQUEST,
        .id = remember(self, peer, wire),
        .text = slice_of(wire->command),
        .detail = json_text(wire->args, &args),
    };
    bus_publish(self->context->bus, SERVER, &message);
    free(args);
}

/* The answer to the last of a job's messages is the answer to all: they are handled and committed
 * in order. */
static int say_messages(struct server *self, const struct listener_peer *peer,
                        const struct wire_request *wire, struct error *error)
{
    const char *job;
    size_t n;
    int code = wire_messages_check(wire->args, &job, &n, error);
    if (code)
        return code;
    uint64_t id = remember(self, peer, wire);
    for (size_t i = 0; i < n; i++) {
        struct wire_message said;
        wire_message_get(wire->args, i, &said);
        struct message message = {
            .topic = TOPIC_JOB_REPORT,
            .id = i + 1 == n ? id : 0,
            .text = slice_of(job),
            .detail = slice_of(said.text),
            .number = (uint32_t)said.severity,
            .when = said.when,
            .value = said.offset,
        };
        bus_publish(self->context->bus, SERVER, &message);
    }
    return 0;
}

/* --- streams: the client says what it has taken --- */

/* n chunks of the answer have been taken; 0: nobody wants the rest. */
static void say_taken(struct server *self, const struct request *request, uint32_t n)
{
    if (!bus_closed(self->context->bus, SERVER))
        bus_publish(self->context->bus, SERVER,
                    &(struct message){.topic = TOPIC_REPLY_TAKEN, .id = request->id, .number = n});
}

/* "taken" and "cancel": nobody answers them; about a stream that has ended they are late. True if
 * it is one of them. */
static bool hear_reader(struct server *self, const struct listener_peer *peer,
                        const struct wire_request *wire)
{
    bool cancel = !strcmp(wire->command, "cancel");
    if (!cancel && strcmp(wire->command, "taken"))
        return false;
    json_int_t n = json_integer_value(json_object_get(wire->args, "n"));
    struct request *request = find_stream(self, peer, json_object_get(wire->args, "id"));
    if (!request || (!cancel && (n < 1 || n > UINT32_MAX)))
        return true;
    say_taken(self, request, cancel ? 0 : (uint32_t)n);
    if (cancel) {
        send_error(self, &request->peer, request->client_id, "cancelled");
        request_destroy(self, request);
    }
    return true;
}

static int check_room(const struct server *self, struct error *error)
{
    if (self->fault)
        return error_set(error, -ESHUTDOWN, "the scheduler has stopped: %s", self->fault_text);
    if (self->shutting_down)
        return error_set(error, -ESHUTDOWN, "the workflow is shutting down");
    if (HASH_COUNT(self->requests) >= SERVER_REQUESTS_MAX)
        return error_set(error, -EAGAIN, "the scheduler is busy: %d requests wait for an answer",
                         SERVER_REQUESTS_MAX);
    return 0;
}

static void handle_request(struct server *self, const struct listener_request *request)
{
    struct error error = {0};
    struct wire_request wire = {0};
    int code = request->body ? wire_request_read(request->body, request->n, &wire, &error)
                             : error_set(&error, -EBADMSG, "bad request: not one frame");
    bool garbage = code != 0;
    if (!code && hear_reader(self, &request->peer, &wire)) {
        wire_request_release(&wire);
        return;
    }
    if (!code)
        code = check_room(self, &error);
    if (!code && !wire.stream && needs_stream(wire.command))
        code = error_set(&error, -EINVAL, "%s: ask for a stream (\"stream\": true)", wire.command);
    if (!code && !strcmp(wire.command, "message"))
        code = say_messages(self, &request->peer, &wire, &error);
    else if (!code && !say_program(self, &request->peer, &wire))
        say_request(self, &request->peer, &wire);
    if (garbage)
        log_warning(self, error.text);
    if (code)
        send_error(self, &request->peer, wire.id, error.text);
    wire_request_release(&wire);
}

/* Bounded work. True if there may be more. */
static bool hear_clients(struct server *self)
{
    struct listener_request request;
    for (unsigned i = 0; i < SERVER_BURST; i++)
        if (!listener_turn(self->listener) || !listener_receive(self->listener, &request))
            return false;
        else
            handle_request(self, &request);
    return true;
}

static void report_refused_keys(struct server *self)
{
    uint64_t refused = listener_refused(self->listener);
    if (refused == self->refused)
        return;
    self->refused = refused;
    log_warning(self, "a client was refused: its key is not known");
}

/* For a client that wants all in one answer. */
static void keep_chunk(struct server *self, struct request *request, struct slice data)
{
    if (request->chunks.n + data.n > SERVER_CHUNKS_MAX) {
        say_taken(self, request, 0);
        send_error(self, &request->peer, request->client_id,
                   "the answer is too large: ask for a stream");
        request_destroy(self, request);
        return;
    }
    if (request->chunks.n)
        text_add_char(&request->chunks, ',');
    text_add_n(&request->chunks, data.at, data.n);
    say_taken(self, request, 1);
}

static void send_chunk(struct server *self, struct request *request, struct slice data)
{
    struct text answer = {0};
    wire_chunk_write(request->client_id, data, &answer);
    bool sent = send_answer(self, &request->peer, &answer);
    text_release(&answer);
    if (sent)
        return;
    say_taken(self, request, 0);
    request_destroy(self, request);
}

static void send_last(struct server *self, struct request *request, const struct message *reply)
{
    struct text answer = {0};
    if (reply->number == REPLY_DONE) {
        wire_data_write(request->client_id, text_string(&request->chunks), reply->text, &answer);
    } else {
        char *message = slice_copy(reply->text);
        wire_error_write(request->client_id, message, &answer);
        free(message);
    }
    send_answer(self, &request->peer, &answer);
    text_release(&answer);
    request_destroy(self, request);
}

static void handle_reply(struct server *self, const struct message *reply)
{
    struct request *request;
    HASH_FIND(hh, self->requests, &reply->id, sizeof reply->id, request);
    if (!request)
        return;
    if (reply->number != REPLY_CHUNK)
        send_last(self, request, reply);
    else if (request->stream)
        send_chunk(self, request, reply->text);
    else
        keep_chunk(self, request, reply->text);
}

static bool hear_cast(struct server *self)
{
    struct message message;
    for (unsigned i = 0; i < SERVER_BURST; i++) {
        if (!bus_receive(self->context->bus, SERVER, &message))
            return false;
        if (message.topic == TOPIC_REPLY) {
            handle_reply(self, &message);
        } else if (message.topic == TOPIC_WORKFLOW_SHUTDOWN) {
            self->shutting_down = true;
        } else if (message.topic == TOPIC_FAULT && !self->fault) {
            self->fault = true;
            self->fault_text = slice_copy(message.text);
        }
    }
    return true;
}

/* One turn. True if there is more to do. */
static bool turn(struct server *self)
{
    bool more = hear_cast(self);
    if (self->fault)
        return false;
    bool congested = bus_congested(self->context->bus, SERVER) && !self->shutting_down;
    if (!congested)
        more |= hear_clients(self);
    report_refused_keys(self);
    return more || congested;
}

static void answer_the_rest(struct server *self)
{
    struct request *request, *next;
    char *text = self->fault ? str_format("the scheduler has stopped: %s", self->fault_text)
                             : str_copy("the workflow has shut down");
    HASH_ITER(hh, self->requests, request, next)
    {
        send_error(self, &request->peer, request->client_id, text);
        request_destroy(self, request);
    }
    free(text);
}

static int watch(struct server *self)
{
    struct env *env = self->context->env;
    int code = env->ops->poll_start(env, &self->requests_watch, &self->co,
                                    listener_requests_fd(self->listener));
    if (code)
        return code;
    code =
        env->ops->poll_start(env, &self->keys_watch, &self->co, listener_keys_fd(self->listener));
    if (code)
        env->ops->poll_stop(env, &self->requests_watch);
    self->watching = !code;
    return code;
}

static void unwatch(struct server *self)
{
    struct env *env = self->context->env;
    if (!self->watching)
        return;
    env->ops->poll_stop(env, &self->requests_watch);
    env->ops->poll_stop(env, &self->keys_watch);
    self->watching = false;
}

static bool has_ended(struct server *self)
{
    if (turn(self))
        co_wake(&self->co);
    return self->fault || bus_drained(self->context->bus, SERVER, 0);
}

static enum co_result server_step(struct co *co)
{
    struct server *self = (struct server *)co;
    CO_BEGIN(co, server_state, SERVER_SERVING);
    if (turn(self))
        return CO_READY;
    if (!self->shutting_down && !self->fault)
        return CO_ASLEEP;
    bus_close(self->context->bus, SERVER);
    CO_AWAIT(co, SERVER_ENDING, has_ended(self));
    answer_the_rest(self);
    unwatch(self);
    CO_END(co, SERVER_ENDED);
}

static void server_done(struct co *co)
{
    struct server *self = (struct server *)co;
    self->done = true;
    self->context->member_done(self->context->context, SERVER);
}

static const struct co_type server_type = {
    .name = "server",
    .step = server_step,
    .states = server_states,
    .n_states = sizeof server_states / sizeof *server_states,
    .done = server_done,
};

static void server_destroy(void *member)
{
    struct server *self = member;
    if (!self)
        return;
    struct request *request, *next;
    if (!self->done)
        co_cancel(&self->co);
    unwatch(self);
    HASH_ITER(hh, self->requests, request, next)
    request_destroy(self, request);
    free(self->fault_text);
    free(self);
}

static void *server_create(const struct cast_context *context, struct error *error)
{
    PRE(context->listener);
    struct server *self = NEW(struct server);
    self->context = context;
    self->listener = context->listener;
    co_init(&self->co, &server_type, &context->env->ready);
    int code = watch(self);
    if (code) {
        error_set(error, code, "cannot watch the socket for clients: %s", strerror(-code));
        server_destroy(self);
        return NULL;
    }
    bus_attach(context->bus, SERVER, &self->co);
    co_wake(&self->co);
    return self;
}

const struct cast_entry cast_server = {server_create, server_destroy};

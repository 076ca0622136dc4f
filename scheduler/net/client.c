/* A DEALER socket, and a monitor that tells at once why a connection does not come about: without
 * it a refused key or a dead port would look like a timeout. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/net/client.h"
#include "base/check.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/vec.h"
#include "scheduler/net/keys.h"
#include "scheduler/net/wire.h"
#include "scheduler/run/process.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#include "base/banned.h"

enum { FAILED_HANDSHAKES_MAX = 3, MONITOR_FRAME_MAX = 512 };
#define MONITOR_ENDPOINT "inproc://monitor"

struct pending { /* a request under way */
    uint64_t id;
    bool streamed;
    bool chunk_given; /* to be said to be taken */
};

struct client {
    VEC(struct pending) pending;
    VEC(struct wire_answer) kept; /* answers read while another one was waited for, oldest first */
    uint64_t last_id;
    void *context, *socket, *monitor;
    struct contact contact;
    char *program, *workflow_id;
    unsigned timeout_ms, failed_handshakes;
    bool connected;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value);
}

static int set_text(void *socket, int option, const char *value)
{
    return zmq_setsockopt(socket, option, value, strlen(value));
}

static int open_sockets(struct client *self, const struct client_keys *keys)
{
    self->context = zmq_ctx_new();
    if (!self->context)
        return -zmq_errno();
    zmq_ctx_set(self->context, ZMQ_BLOCKY, 0);
    void *s = self->socket = zmq_socket(self->context, ZMQ_DEALER);
    if (!s || set_int(s, ZMQ_LINGER, 0) || set_text(s, ZMQ_CURVE_SERVERKEY, keys->server) ||
        set_text(s, ZMQ_CURVE_PUBLICKEY, keys->own.public_key) ||
        set_text(s, ZMQ_CURVE_SECRETKEY, keys->own.secret_key) ||
        zmq_socket_monitor(s, MONITOR_ENDPOINT, ZMQ_EVENT_ALL))
        return -zmq_errno();
    self->monitor = zmq_socket(self->context, ZMQ_PAIR);
    if (!self->monitor || set_int(self->monitor, ZMQ_LINGER, 0) ||
        zmq_connect(self->monitor, MONITOR_ENDPOINT))
        return -zmq_errno();
    return 0;
}

static int connect_to(struct client *self)
{
    char endpoint[512];
    const char *host = process_host_is_here(self->contact.host) ? "127.0.0.1" : self->contact.host;
    (void)snprintf(endpoint, sizeof endpoint, "tcp://%s:%d", host, self->contact.port);
    return zmq_connect(self->socket, endpoint) ? -zmq_errno() : 0;
}

static int find_scheduler(struct client *self, const struct client_options *options,
                          struct error *error)
{
    int code = contact_read(options->run_dir, &self->contact, error);
    if (code == -ENOENT)
        return error_set(error, code, "%s is not running", options->workflow_id);
    if (code)
        return code;
    if (contact_state(&self->contact) == CONTACT_STALE)
        return error_set(error, -ESTALE,
                         "%s is not running: its scheduler (process %lld at %s) has died and left "
                         "its contact file behind",
                         options->workflow_id, (long long)self->contact.pid, self->contact.host);
    return 0;
}

struct client *client_open(const struct client_options *options, struct error *error)
{
    struct client *self = NEW(struct client);
    struct client_keys keys;
    int code = find_scheduler(self, options, error);
    if (!code) {
        code = keys_read_client(options->run_dir, &keys, error);
        if (code) /* a scheduler runs, but not for us */
            code = error->code = -EACCES;
    }
    if (code)
        goto fail;
    self->timeout_ms = options->timeout_ms ? options->timeout_ms : CLIENT_TIMEOUT_MS;
    self->program = str_copy(options->program);
    self->workflow_id = str_copy(options->workflow_id);
    code = open_sockets(self, &keys);
    if (!code)
        code = connect_to(self);
    explicit_bzero(&keys, sizeof keys);
    if (code) {
        error_set(error, code, "cannot connect to %s at %s:%d: %s", options->workflow_id,
                  self->contact.host, self->contact.port, zmq_strerror(-code));
        goto fail;
    }
    return self;
fail:
    client_close(self);
    return NULL;
}

void client_close(struct client *self)
{
    if (!self)
        return;
    if (self->monitor)
        zmq_close(self->monitor);
    if (self->socket)
        zmq_close(self->socket);
    if (self->context)
        zmq_ctx_term(self->context);
    VEC_EACH (struct wire_answer, answer, &self->kept)
        wire_answer_release(answer);
    vec_release(&self->kept);
    vec_release(&self->pending);
    contact_release(&self->contact);
    free(self->program);
    free(self->workflow_id);
    free(self);
}

const struct contact *client_contact(const struct client *self)
{
    return &self->contact;
}

static int receive_frame(void *socket, zmq_msg_t *frame)
{
    return zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) < 0 ? -zmq_errno() : 0;
}

/* One event of the connection: what it means for us. 0: nothing (yet). */
static int judge_event(struct client *self, uint16_t event, struct error *error)
{
    const struct contact *contact = &self->contact;
    switch (event) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        self->connected = true;
        return 0;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        return error_set(error, -EACCES, "%s at %s:%d refused our key", self->workflow_id,
                         contact->host, contact->port);
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        return error_set(error, -EACCES, "what listens at %s:%d is not the scheduler of %s",
                         contact->host, contact->port, self->workflow_id);
    case ZMQ_EVENT_DISCONNECTED:
        if (self->connected)
            return error_set(error, -ECONNRESET, "%s closed the connection", self->workflow_id);
        if (++self->failed_handshakes < FAILED_HANDSHAKES_MAX)
            return 0;
        return error_set(error, -EACCES, "%s at %s:%d does not accept our keys", self->workflow_id,
                         contact->host, contact->port);
    case ZMQ_EVENT_CLOSED:
        return error_set(error, -ECONNREFUSED, "nothing listens at %s:%d, where %s should be",
                         contact->host, contact->port, self->workflow_id);
    default:
        return 0;
    }
}

static int read_monitor(struct client *self, struct error *error)
{
    int code = 0;
    for (;;) {
        zmq_msg_t frame;
        uint16_t event = 0;
        zmq_msg_init(&frame);
        bool got = !receive_frame(self->monitor, &frame);
        if (got && zmq_msg_size(&frame) >= sizeof event)
            memcpy(&event, zmq_msg_data(&frame), sizeof event);
        if (got && zmq_msg_more(&frame))
            (void)receive_frame(self->monitor, &frame);
        zmq_msg_close(&frame);
        if (!got)
            return code;
        if (!code)
            code = judge_event(self, event, error);
    }
}

/* Wait until an answer can be read. deadline < 0: for ever. */
static int wait_for_answer(struct client *self, int64_t began, int64_t deadline,
                           struct error *error)
{
    for (;;) {
        zmq_pollitem_t items[] = {{.socket = self->socket, .events = ZMQ_POLLIN},
                                  {.socket = self->monitor, .events = ZMQ_POLLIN}};
        int64_t left = deadline < 0 ? -1 : deadline - now_ms();
        if (deadline >= 0 && left < 0)
            left = 0;
        int n = zmq_poll(items, 2, (long)left);
        if (n < 0 && zmq_errno() != EINTR)
            return error_set(error, -zmq_errno(), "cannot wait for an answer: %s",
                             zmq_strerror(zmq_errno()));
        if (n > 0 && items[0].revents)
            return 0;
        int code = n > 0 ? read_monitor(self, error) : 0;
        if (code)
            return code;
        if (deadline >= 0 && deadline <= now_ms())
            return error_set(error, -ETIMEDOUT, "%s at %s:%d did not answer within %g s",
                             self->workflow_id, self->contact.host, self->contact.port,
                             (double)(deadline - began) / 1e3);
    }
}

/* --- requests under way --- */

static struct pending *find_pending(struct client *self, uint64_t id)
{
    VEC_EACH (struct pending, pending, &self->pending)
        if (pending->id == id)
            return pending;
    return NULL;
}

static void forget_pending(struct client *self, uint64_t id)
{
    struct pending *pending = find_pending(self, id);
    if (pending)
        *pending = self->pending.at[--self->pending.n];
}

static int send_text(struct client *self, const struct text *request, struct error *error)
{
    if (request->n > WIRE_REQUEST_MAX)
        return error_set(error, -EMSGSIZE, "the request of %zu bytes is too large (limit %d)",
                         request->n, WIRE_REQUEST_MAX);
    if (zmq_send(self->socket, request->at, request->n, ZMQ_DONTWAIT) < 0)
        return error_set(error, -zmq_errno(), "cannot ask %s: %s", self->workflow_id,
                         zmq_strerror(zmq_errno()));
    return 0;
}

/* "taken" or "cancel", which nobody answers. */
static void send_word(struct client *self, const char *word, uint64_t id)
{
    struct text request = {0};
    struct error ignored = {0}; /* then no more comes, and the wait runs out */
    json_t *args = json_pack("{s:I,s:i}", "id", (json_int_t)id, "n", 1);
    wire_request_write(word, args, self->program, 0, false, &request);
    (void)send_text(self, &request, &ignored);
    json_decref(args);
    text_release(&request);
}

int client_send(struct client *self, const char *command, const json_t *args, bool stream,
                uint64_t *ret_request, struct error *error)
{
    struct text request = {0};
    uint64_t id = ++self->last_id;
    wire_request_write(command, args, self->program, id, stream, &request);
    int code = send_text(self, &request, error);
    text_release(&request);
    if (code)
        return code;
    *vec_push(&self->pending) = (struct pending){.id = id, .streamed = stream};
    *ret_request = id;
    return 0;
}

void client_cancel(struct client *self, uint64_t request)
{
    struct pending *pending = find_pending(self, request);
    if (pending && pending->streamed)
        send_word(self, "cancel", request);
    forget_pending(self, request);
    size_t n = 0;
    for (size_t i = 0; i < self->kept.n; i++)
        if (self->kept.at[i].id == request)
            wire_answer_release(&self->kept.at[i]);
        else
            self->kept.at[n++] = self->kept.at[i];
    self->kept.n = n;
}

int client_descriptor(const struct client *self)
{
    int fd = -1;
    size_t n = sizeof fd;
    return zmq_getsockopt(self->socket, ZMQ_FD, &fd, &n) ? -zmq_errno() : fd;
}

int client_poll(struct client *self, struct pollfd *descriptors, size_t n, int timeout_ms,
                bool *ret_ready)
{
    zmq_pollitem_t items[CLIENT_POLL_MAX + 2];
    PRE(n <= CLIENT_POLL_MAX);
    for (size_t i = 0; i < n; i++) /* ZMQ_POLLIN, POLLOUT, POLLERR are not the system's numbers */
        items[i] = (zmq_pollitem_t){
            .fd = descriptors[i].fd,
            .events = (short)((descriptors[i].events & POLLIN ? ZMQ_POLLIN : 0) |
                              (descriptors[i].events & POLLOUT ? ZMQ_POLLOUT : 0))};
    items[n] = (zmq_pollitem_t){.socket = self ? self->socket : NULL, .events = ZMQ_POLLIN};
    items[n + 1] = (zmq_pollitem_t){.socket = self ? self->monitor : NULL, .events = ZMQ_POLLIN};
    bool kept = self && self->kept.n;
    if (zmq_poll(items, (int)n + (self ? 2 : 0), kept ? 0 : timeout_ms) < 0)
        return zmq_errno() == EINTR ? 0 : -zmq_errno();
    for (size_t i = 0; i < n; i++)
        descriptors[i].revents =
            (short)((items[i].revents & (ZMQ_POLLIN | ZMQ_POLLERR) ? POLLIN : 0) |
                    (items[i].revents & ZMQ_POLLOUT ? POLLOUT : 0));
    *ret_ready = kept || (self && (items[n].revents || items[n + 1].revents));
    return 0;
}

static int read_answer(struct client *self, struct wire_answer *ret_answer, struct error *error)
{
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    int code = receive_frame(self->socket, &frame);
    if (code)
        error_set(error, code, "cannot read the answer: %s", zmq_strerror(-code));
    else
        code = wire_answer_read(zmq_msg_data(&frame), zmq_msg_size(&frame), ret_answer, error);
    zmq_msg_close(&frame);
    return code;
}

/* An answer that was kept for this request (0: any). */
static bool take_kept(struct client *self, uint64_t request, struct wire_answer *ret_answer)
{
    for (size_t i = 0; i < self->kept.n; i++) {
        if (request && self->kept.at[i].id != request)
            continue;
        *ret_answer = self->kept.at[i];
        self->kept.n--;
        memmove(&self->kept.at[i], &self->kept.at[i + 1],
                (self->kept.n - i) * sizeof *self->kept.at);
        return true;
    }
    return false;
}

/* Read answers until one is to this request. What is to nothing under way is dropped. */
static int read_until(struct client *self, uint64_t request, int timeout_ms,
                      struct wire_answer *ret_answer, struct error *error)
{
    int64_t began = now_ms();
    int64_t wait = timeout_ms ? timeout_ms : (int64_t)self->timeout_ms;
    for (;;) {
        struct wire_answer answer;
        int code = wait_for_answer(self, began, wait < 0 ? -1 : began + wait, error);
        if (!code)
            code = read_answer(self, &answer, error);
        if (code)
            return code;
        if (!answer.id) /* about a request that could not even be read */
            answer.id = request ? request : self->pending.at[0].id;
        if (!find_pending(self, answer.id)) {
            wire_answer_release(&answer);
        } else if (!request || answer.id == request) {
            *ret_answer = answer;
            return 0;
        } else if (self->kept.n == CLIENT_KEPT_MAX) {
            wire_answer_release(&answer);
            return error_set(error, -ENOBUFS, "%d answers have not been waited for",
                             CLIENT_KEPT_MAX);
        } else {
            *vec_push(&self->kept) = answer;
        }
    }
}

int client_wait(struct client *self, uint64_t request, int timeout_ms,
                struct wire_answer *ret_answer, struct error *error)
{
    struct pending *pending = find_pending(self, request);
    if (request ? !pending : !self->pending.n)
        return error_set(error, -EINVAL, "no such request is under way");
    VEC_EACH (struct pending, each, &self->pending)
        if (each->chunk_given && (!request || each == pending)) {
            each->chunk_given = false;
            send_word(self, "taken", each->id);
        }
    if (!take_kept(self, request, ret_answer)) {
        int code = read_until(self, request, timeout_ms, ret_answer, error);
        if (code)
            return code;
    }
    if (ret_answer->kind == WIRE_CHUNK)
        find_pending(self, ret_answer->id)->chunk_given = true;
    else
        forget_pending(self, ret_answer->id);
    return 0;
}

/* --- asking and waiting --- */

static int take_answer(struct wire_answer *answer, client_chunk *chunk, void *context,
                       json_t **ret_data, struct error *error)
{
    switch (answer->kind) {
    case WIRE_ERROR:
        return error_set(error, -EREMOTEIO, "%s", answer->message);
    case WIRE_CHUNK:
        if (chunk)
            chunk(context, answer->value);
        return 1;
    case WIRE_DATA:
        break;
    }
    *ret_data = json_incref(answer->value);
    return 0;
}

int client_request(struct client *self, const char *command, const json_t *args,
                   client_chunk *chunk, void *context, json_t **ret_data, struct error *error)
{
    uint64_t request;
    int code = client_send(self, command, args, chunk != NULL, &request, error);
    if (code)
        return code;
    do {
        struct wire_answer answer;
        code = client_wait(self, request, 0, &answer, error);
        if (!code) {
            code = take_answer(&answer, chunk, context, ret_data, error);
            wire_answer_release(&answer);
        }
    } while (code > 0);
    if (code && code != -EREMOTEIO)
        client_cancel(self, request);
    return code;
}

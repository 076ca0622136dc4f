/* ROUTER and ZAP handler in one ZMQ context of their own, so that closing it touches nobody else.
 * The known keys are read again whenever an unknown one turns up: a key may have been added since.
 */
#include "scheduler/net/listener.h"
#include "base/check.h"
#include "base/memory.h"
#include "scheduler/net/keys.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/banned.h"

enum {
    LINGER_MS = 1000,
    HANDSHAKE_MS = 10000,
    PEER_QUEUE_MAX = 10000, /* answers to one client waiting to leave */
    KEEPALIVE_IDLE_S = 60,
    ZAP_FRAMES = 7
};
#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define ZAP_DOMAIN "rouse"

struct listener {
    void *context, *requests, *keys;
    char *run_dir;
    struct known_keys known;
    uint64_t refused;
    int port;
    zmq_msg_t body;
};

static int set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value);
}

static int set_text(void *socket, int option, const char *value)
{
    return zmq_setsockopt(socket, option, value, strlen(value));
}

static int open_keys_handler(struct listener *self, struct error *error)
{
    self->keys = zmq_socket(self->context, ZMQ_REP);
    if (!self->keys || set_int(self->keys, ZMQ_LINGER, 0) || zmq_bind(self->keys, ZAP_ENDPOINT))
        return error_set(error, -zmq_errno(), "cannot handle keys: %s", zmq_strerror(zmq_errno()));
    return 0;
}

static int open_requests(struct listener *self, const struct key_pair *pair, struct error *error)
{
    int64_t frame_max = LISTENER_FRAME_MAX;
    void *s = self->requests = zmq_socket(self->context, ZMQ_ROUTER);
    if (!s || set_int(s, ZMQ_LINGER, LINGER_MS) || set_int(s, ZMQ_ROUTER_MANDATORY, 1) ||
        set_int(s, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS) || set_int(s, ZMQ_SNDHWM, PEER_QUEUE_MAX) ||
        set_int(s, ZMQ_TCP_KEEPALIVE, 1) || set_int(s, ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_IDLE_S) ||
        zmq_setsockopt(s, ZMQ_MAXMSGSIZE, &frame_max, sizeof frame_max) ||
        set_text(s, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN) || set_int(s, ZMQ_CURVE_SERVER, 1) ||
        set_text(s, ZMQ_CURVE_SECRETKEY, pair->secret_key))
        return error_set(error, -zmq_errno(), "cannot make the socket for clients: %s",
                         zmq_strerror(zmq_errno()));
    return 0;
}

static int bind_in_range(struct listener *self, const struct listener_options *options,
                         struct error *error)
{
    const char *address = options->address ? options->address : "*";
    int first = options->port_first ? options->port_first : LISTENER_PORT_FIRST;
    int last = options->port_last ? options->port_last : LISTENER_PORT_LAST;
    for (int port = first; port <= last; port++) {
        char endpoint[512];
        (void)snprintf(endpoint, sizeof endpoint, "tcp://%s:%d", address, port);
        if (!zmq_bind(self->requests, endpoint)) {
            self->port = port;
            return 0;
        }
        if (zmq_errno() != EADDRINUSE)
            return error_set(error, -zmq_errno(), "cannot listen at %s: %s", endpoint,
                             zmq_strerror(zmq_errno()));
    }
    return error_set(error, -EADDRINUSE, "no free port: all from %d to %d are taken", first, last);
}

struct listener *listener_open(const struct listener_options *options, struct error *error)
{
    struct key_pair pair;
    if (keys_read_server(options->run_dir, &pair, error))
        return NULL;
    struct listener *self = NEW(struct listener);
    self->run_dir = str_copy(options->run_dir);
    zmq_msg_init(&self->body);
    self->context = zmq_ctx_new();
    int code = self->context ? 0 : error_set(error, -zmq_errno(), "cannot start ZMQ");
    /* The handler first: a client that came before it would be let in unseen. */
    if (!code)
        code = open_keys_handler(self, error);
    if (!code)
        code = open_requests(self, &pair, error);
    if (!code)
        code = bind_in_range(self, options, error);
    explicit_bzero(&pair, sizeof pair);
    if (code) {
        listener_close(self);
        return NULL;
    }
    known_keys_read(self->run_dir, &self->known);
    return self;
}

void listener_close(struct listener *self)
{
    if (!self)
        return;
    zmq_msg_close(&self->body);
    if (self->requests)
        zmq_close(self->requests);
    if (self->keys)
        zmq_close(self->keys);
    if (self->context)
        zmq_ctx_term(self->context);
    known_keys_release(&self->known);
    free(self->run_dir);
    free(self);
}

int listener_port(const struct listener *self)
{
    return self->port;
}

static int descriptor(void *socket)
{
    int fd = -1;
    size_t n = sizeof fd;
    PRE(!zmq_getsockopt(socket, ZMQ_FD, &fd, &n));
    return fd;
}

int listener_requests_fd(const struct listener *self)
{
    return descriptor(self->requests);
}

int listener_keys_fd(const struct listener *self)
{
    return descriptor(self->keys);
}

static bool is_readable(void *socket)
{
    int events = 0;
    size_t n = sizeof events;
    return !zmq_getsockopt(socket, ZMQ_EVENTS, &events, &n) && (events & ZMQ_POLLIN);
}

static bool has_more(void *socket)
{
    int more = 0;
    size_t n = sizeof more;
    return !zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &n) && more;
}

static bool key_is_known(struct listener *self, const uint8_t *key)
{
    if (known_keys_have(&self->known, key))
        return true;
    known_keys_read(self->run_dir, &self->known);
    return known_keys_have(&self->known, key);
}

static void send_frame(void *socket, const void *bytes, size_t n, bool more)
{
    (void)zmq_send(socket, bytes, n, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0));
}

static void send_string(void *socket, const char *text, bool more)
{
    send_frame(socket, text, strlen(text), more);
}

/* One question of libzmq: version, request id, domain, address, identity, mechanism, key. */
static void answer_key_question(struct listener *self)
{
    uint8_t frames[ZAP_FRAMES][256];
    int sizes[ZAP_FRAMES] = {0};
    int n = 0;
    do {
        uint8_t spare[256];
        int size = zmq_recv(self->keys, n < ZAP_FRAMES ? frames[n] : spare, 256, ZMQ_DONTWAIT);
        if (size < 0)
            return;
        if (n < ZAP_FRAMES)
            sizes[n] = size < 256 ? size : 256;
        n++;
    } while (has_more(self->keys));
    bool well_formed =
        n == ZAP_FRAMES && sizes[5] == 5 && !memcmp(frames[5], "CURVE", 5) && sizes[6] == KEY_BYTES;
    bool known = well_formed && key_is_known(self, frames[6]);
    self->refused += !known;
    send_string(self->keys, "1.0", true);
    send_frame(self->keys, frames[1], n > 1 ? (size_t)sizes[1] : 0, true);
    send_string(self->keys, known ? "200" : "400", true);
    send_string(self->keys, known ? "OK" : "unknown key", true);
    send_string(self->keys, known ? "client" : "", true);
    send_string(self->keys, "", false);
}

bool listener_turn(struct listener *self)
{
    while (is_readable(self->keys))
        answer_key_question(self);
    return is_readable(self->requests);
}

static bool receive_peer(struct listener *self, struct listener_peer *ret_peer)
{
    int n = zmq_recv(self->requests, ret_peer->at, sizeof ret_peer->at, ZMQ_DONTWAIT);
    if (n < 0)
        return false;
    ret_peer->n = (uint8_t)n;
    ret_peer->delimited = false;
    return true;
}

bool listener_receive(struct listener *self, struct listener_request *ret_request)
{
    struct listener_request request = {0};
    if (!receive_peer(self, &request.peer))
        return false;
    int frames = 0;
    while (has_more(self->requests)) {
        if (zmq_msg_recv(&self->body, self->requests, ZMQ_DONTWAIT) < 0)
            break;
        frames++;
        if (frames == 1 && !zmq_msg_size(&self->body) && has_more(self->requests)) {
            request.peer.delimited = true;
            frames = 0;
        }
    }
    if (frames == 1) {
        request.body = zmq_msg_data(&self->body);
        request.n = zmq_msg_size(&self->body);
    }
    *ret_request = request;
    return true;
}

int listener_send(struct listener *self, const struct listener_peer *peer, const void *body,
                  size_t n)
{
    /* Only the first frame can fail: it chooses the client and its queue. */
    if (zmq_send(self->requests, peer->at, peer->n, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0)
        return -zmq_errno();
    if (peer->delimited)
        send_frame(self->requests, "", 0, true);
    if (zmq_send(self->requests, body, n, ZMQ_DONTWAIT) < 0)
        return -zmq_errno();
    return 0;
}

uint64_t listener_refused(const struct listener *self)
{
    return self->refused;
}

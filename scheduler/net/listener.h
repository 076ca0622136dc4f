/* The socket clients connect to: a ROUTER with CurveZMQ on a TCP port, and the handler that decides
 * which client keys are let in (ZAP, RFC 27). Everything is non-blocking: its owner, one coroutine,
 * waits on two descriptors and calls listener_turn.
 *
 * Edge triggered: after a wake, and after every send, call listener_turn and receive until both say
 * that there is nothing, or a wake-up is lost. */
#ifndef ROUSE_LISTENER_H
#define ROUSE_LISTENER_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LISTENER_PORT_FIRST = 43001, /* Cylc's default range */
    LISTENER_PORT_LAST = 43101,
    LISTENER_FRAME_MAX = 16 * 1024 * 1024, /* a larger frame ends the connection */
    LISTENER_PEER_MAX = 255
};

struct listener;

struct listener_options {
    const char *run_dir;       /* where the keys are */
    const char *address;       /* NULL: all interfaces */
    int port_first, port_last; /* both 0: the default range */
};

/* Binds the first free port of the range. -EADDRINUSE if all are taken. */
struct listener *listener_open(const struct listener_options *options, struct error *error);
/* Replies already sent are given up to a second to leave. Takes NULL. */
void listener_close(struct listener *listener);
int listener_port(const struct listener *listener);

/* Descriptors that become readable when there may be something to do. */
int listener_requests_fd(const struct listener *listener);
int listener_keys_fd(const struct listener *listener);

/* Whom a request came from: enough to answer it. */
struct listener_peer {
    uint8_t at[LISTENER_PEER_MAX];
    uint8_t n;
    bool delimited; /* a REQ socket: an empty frame stands before the body */
};

struct listener_request {
    struct listener_peer peer;
    const void *body; /* valid until the next receive */
    size_t n;
};

/* Let waiting clients in or refuse them. True if a request can be received. */
bool listener_turn(struct listener *listener);
/* The next request, or false. One with a wrong number of frames arrives with body NULL. */
bool listener_receive(struct listener *listener, struct listener_request *ret_request);
/* 0; -EHOSTUNREACH: it is gone; -EAGAIN: it does not read its answers. */
int listener_send(struct listener *listener, const struct listener_peer *peer, const void *body,
                  size_t n);
/* Clients refused because of their key so far. */
uint64_t listener_refused(const struct listener *listener);

#endif

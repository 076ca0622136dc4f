/* The client: one connection to one scheduler, by contact file and keys of a run directory.
 * Requests are sent at once; answers are waited for. The commands use it, and rouse.h is it for
 * others. */
#ifndef ROUSE_CLIENT_H
#define ROUSE_CLIENT_H

#include "base/error.h"
#include "scheduler/net/contact.h"
#include "scheduler/net/wire.h"

enum {
    CLIENT_POLL_MAX = 8,      /* descriptors for client_poll */
    CLIENT_TIMEOUT_MS = 5000, /* as Cylc's comms timeout */
    CLIENT_KEPT_MAX = 100000  /* answers that nobody has waited for yet */
};

struct client;

struct client_options {
    const char *run_dir;
    const char *workflow_id; /* for messages */
    const char *program;     /* who asks: "rouse trigger" */
    unsigned timeout_ms;     /* for each answer; 0: CLIENT_TIMEOUT_MS */
};

/* Nothing is sent yet. -ENOENT: the workflow is not running (no contact file); -ESTALE: its contact
 * file is left over from a scheduler that died; -EACCES: the keys cannot be read. */
struct client *client_open(const struct client_options *options, struct error *error);
void client_close(struct client *client); /* takes NULL */
const struct contact *client_contact(const struct client *client);

/* Send a request and do not wait: any number may be under way, and their answers may come in any
 * order. *ret_request is its name for client_wait. stream: the answer may come in chunks. */
int client_send(struct client *client, const char *command, const json_t *args, bool stream,
                uint64_t *ret_request, struct error *error);
/* Wait for the next answer to this request (0: to any); those to others are kept until they are
 * waited for. timeout_ms 0: the client's own; negative: for ever. 0 and *ret_answer, which is
 * released by the caller: data, a chunk (wait again) or an error of the scheduler. A chunk counts
 * as taken when this request is waited for again. -ETIMEDOUT: none within the time; -ECONNREFUSED:
 * nobody listens; -EACCES: our key was refused; -EINVAL: there is no such request under way. */
int client_wait(struct client *client, uint64_t request, int timeout_ms,
                struct wire_answer *ret_answer, struct error *error);
/* Nothing more of its answer is wanted; it is not under way any more. */
void client_cancel(struct client *client, uint64_t request);
/* Becomes readable when there may be an answer (see zmq_getsockopt, ZMQ_FD: edge triggered). */
int client_descriptor(const struct client *client);

struct pollfd;
/* poll() for those who wait for more than answers: until one of the descriptors is ready, or
 * client_wait would return at once (an answer, or an error of the connection). `client` may be
 * NULL. timeout_ms < 0: for ever. 0, or negative errno; fills revents. */
int client_poll(struct client *client, struct pollfd *descriptors, size_t n, int timeout_ms,
                bool *ret_ready);

/* What came in between, if the request is to be streamed. */
typedef void client_chunk(void *context, const json_t *chunk);

/* Ask and wait for the answer; ret_data is a new reference. Errors as of client_wait; -EREMOTEIO:
 * the scheduler answered with an error, which is error->text. chunk may be NULL (no stream). */
int client_request(struct client *client, const char *command, const json_t *args,
                   client_chunk *chunk, void *context, json_t **ret_data, struct error *error);

#endif

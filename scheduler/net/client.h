/* The client of the command line: one connection to one scheduler, blocking, by contact file and
 * keys of a run directory. */
#ifndef ROUSE_CLIENT_H
#define ROUSE_CLIENT_H

#include "base/error.h"
#include "scheduler/net/contact.h"
#include <jansson.h>

enum { CLIENT_TIMEOUT_MS = 5000 }; /* as Cylc's comms timeout */

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

/* What came in between, if the request is to be streamed. */
typedef void client_chunk(void *context, const json_t *chunk);

/* Ask and wait for the answer; ret_data is a new reference. -ETIMEDOUT: none within the time;
 * -ECONNREFUSED: nobody listens; -EACCES: our key was refused; -EREMOTEIO: the scheduler answered
 * with an error, which is error->text. chunk may be NULL (no stream). */
int client_request(struct client *client, const char *command, const json_t *args,
                   client_chunk *chunk, void *context, json_t **ret_data, struct error *error);

#endif

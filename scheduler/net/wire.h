/* What goes over the wire: JSON.
 *
 *   request  {"command": NAME, "args": {...}, "meta": {...}}         as in Cylc 8
 *            and, as far as wanted,  "id": ANY, "stream": true
 *   answer   {"data": ...}  or  {"error": {"message": TEXT}}
 *            with "id" if the request had one; "chunks": [...] before "data" if there were any
 *   streamed {"id": ID, "chunk": ...} any number of times, then an answer
 *
 * Of a stream no more than some chunks are sent before the client says that it has taken them:
 *   {"command": "taken", "args": {"id": ID, "n": CHUNKS}}
 *   {"command": "cancel", "args": {"id": ID}}                        it does not want the rest
 * which are not answered.
 *
 * The command "message" brings what jobs say; its args are
 *   {"job": "CYCLE/TASK/NN", "messages": [{"severity", "text", "when", "offset"}, ...]}
 * where `when` is in microseconds since 1970-01-01T00Z and `offset` is the place just after the
 * message in job.status, or -1. */
#ifndef ROUSE_WIRE_H
#define ROUSE_WIRE_H

#include "base/error.h"
#include "base/text.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WIRE_REQUEST_MAX = 4 * 1024 * 1024, /* bytes; larger ones are refused with an error */
    WIRE_COMMAND_MAX = 64,              /* length of a command's name */
    WIRE_MESSAGES_MAX = 1000            /* messages of a job in one request */
};

struct wire_request {
    json_t *root; /* owns the rest */
    const char *command;
    json_t *args; /* an object; NULL: none given */
    json_t *id;   /* NULL: none given */
    bool stream;
};

/* -EMSGSIZE or -EBADMSG and what is wrong. Release with wire_request_release. */
int wire_request_read(const void *bytes, size_t n, struct wire_request *ret_request,
                      struct error *error);
void wire_request_release(struct wire_request *request);
/* args may be NULL. program: who asks, for the log. id 0: none. */
void wire_request_write(const char *command, const json_t *args, const char *program, uint64_t id,
                        bool stream, struct text *out);

/* Answers. `data` is JSON text (empty: null); `id` may be NULL; `chunks`: JSON texts joined by
 * commas, or empty. */
void wire_data_write(const json_t *id, const char *chunks, struct slice data, struct text *out);
void wire_chunk_write(const json_t *id, struct slice data, struct text *out);
void wire_error_write(const json_t *id, const char *message, struct text *out);

enum wire_answer_kind { WIRE_DATA, WIRE_CHUNK, WIRE_ERROR };
struct wire_answer {
    enum wire_answer_kind kind;
    uint64_t id;    /* 0: none, or one that is no number */
    json_t *value;  /* data or chunk; owned by the reader of the answer */
    json_t *chunks; /* array or NULL; owned likewise */
    char *message;  /* WIRE_ERROR; owned likewise */
};
int wire_answer_read(const void *bytes, size_t n, struct wire_answer *ret_answer,
                     struct error *error);
void wire_answer_release(struct wire_answer *answer);

struct wire_message {
    int severity; /* enum severity of coroutines/topics.h */
    const char *text;
    int64_t when, offset;
};
/* How many messages, and the job they are from; -EBADMSG and what is wrong with any of them. */
int wire_messages_check(const json_t *args, const char **ret_job, size_t *ret_n,
                        struct error *error);
/* Message i of args that were checked. The text belongs to args. */
void wire_message_get(const json_t *args, size_t i, struct wire_message *ret_message);
/* New reference: args for "message". */
json_t *wire_messages_write(const char *job, const struct wire_message *messages, size_t n);
/* DEBUG 0 ... CRITICAL 4, CUSTOM 5; -1 for no severity. Upper and lower case, NORMAL is INFO. */
int wire_severity(const char *name);
extern const char *const wire_severity_names[6];

#endif

/* See rouse.h: the client of client.h with texts at its border. */
#include "scheduler/net/rouse.h"
#include "base/memory.h"
#include "scheduler/net/client.h"
#include "scheduler/run/process.h"
#include "scheduler/run/resolve.h"
#include <errno.h>
#include <stdlib.h>

#include "base/banned.h"

enum { HEARTBEAT = 10, BEAT_AFTER = 3, IDLE_MS = 1000, RETRY_SECONDS = 1 };

struct rouse {
    char *workflow, *program;
    struct client *client;   /* NULL: opening failed */
    unsigned long long host; /* the request whose stream tells what to serve; 0: none */
    struct error error;
    char *text; /* of the last answer */
};

static int begin(struct rouse *self)
{
    if (!self->client)
        return self->error.code;
    self->error = (struct error){0};
    return 0;
}

static void disconnect(struct rouse *self)
{
    client_close(self->client);
    self->client = NULL;
    self->host = 0;
}

static void connect_to_workflow(struct rouse *self)
{
    struct workflow_place place;
    self->error = (struct error){0};
    if (resolve_workflow(self->workflow, &place, &self->error))
        return;
    const struct client_options options = {
        .run_dir = place.run_dir, .workflow_id = place.id, .program = self->program};
    self->client = client_open(&options, &self->error);
    workflow_place_release(&place);
}

struct rouse *rouse_open(const char *workflow, const char *program)
{
    struct rouse *self = NEW(struct rouse);
    self->workflow = str_copy(workflow);
    self->program = str_copy(program ? program : "");
    connect_to_workflow(self);
    return self;
}

void rouse_close(struct rouse *self)
{
    if (!self)
        return;
    disconnect(self);
    free(self->text);
    free(self->workflow);
    free(self->program);
    free(self);
}

int rouse_code(const struct rouse *self)
{
    return self->error.code;
}

const char *rouse_message(const struct rouse *self)
{
    return self->error.text;
}

int rouse_send(struct rouse *self, const char *command, const char *args, int flags,
               unsigned long long *ret_request)
{
    int code = begin(self);
    json_error_t where = {0};
    json_t *object = !code && args ? json_loads(args, JSON_REJECT_DUPLICATES, &where) : NULL;
    uint64_t request = 0;
    if (!code && args && !json_is_object(object))
        code = error_set(&self->error, -EINVAL, "the arguments are not a JSON object%s%s",
                         object ? "" : ": ", object ? "" : where.text);
    if (!code)
        code = client_send(self->client, command, object, flags & ROUSE_STREAM, &request,
                           &self->error);
    json_decref(object);
    if (!code)
        *ret_request = request;
    return code;
}

int rouse_wait(struct rouse *self, unsigned long long request, int timeout_ms,
               struct rouse_answer *ret_answer)
{
    static const enum rouse_kind kinds[] = {
        [WIRE_DATA] = ROUSE_DATA, [WIRE_CHUNK] = ROUSE_CHUNK, [WIRE_ERROR] = ROUSE_ERROR};
    struct wire_answer answer;
    int code = begin(self);
    if (!code)
        code = client_wait(self->client, request, timeout_ms, &answer, &self->error);
    if (code)
        return code;
    free(self->text);
    if (answer.kind == WIRE_ERROR) {
        self->text = str_copy(answer.message);
        code = error_set(&self->error, -EREMOTEIO, "%s", answer.message);
    } else {
        self->text = json_dumps(answer.value, JSON_COMPACT | JSON_ENCODE_ANY);
    }
    *ret_answer = (struct rouse_answer){kinds[answer.kind], answer.id, self->text};
    wire_answer_release(&answer);
    return code;
}

int rouse_ask(struct rouse *self, const char *command, const char *args,
              struct rouse_answer *ret_answer)
{
    unsigned long long request;
    int code = rouse_send(self, command, args, 0, &request);
    if (!code)
        code = rouse_wait(self, request, 0, ret_answer);
    if (code == -ETIMEDOUT)
        client_cancel(self->client, request);
    return code;
}

int rouse_cancel(struct rouse *self, unsigned long long request)
{
    int code = begin(self);
    if (!code)
        client_cancel(self->client, request);
    return code;
}

int rouse_descriptor(struct rouse *self)
{
    int code = begin(self);
    return code ? code : client_descriptor(self->client);
}

/* --- serving xtriggers --- */

int rouse_say(struct rouse *self, const char *message)
{
    json_error_t where = {0};
    json_t *object = json_loads(message, JSON_REJECT_DUPLICATES, &where);
    int code = begin(self);
    uint64_t ignored;
    if (!code && !self->host)
        code = error_set(&self->error, -EINVAL, "there is nobody to say it to: see rouse_serve");
    if (!code && !json_is_object(object))
        code = error_set(&self->error, -EINVAL, "a message must be a JSON object: %s", where.text);
    if (!code) {
        json_object_set_new(object, "host", json_integer((json_int_t)self->host));
        code = client_send(self->client, "xtrigger-say", object, false, &ignored, &self->error);
    }
    json_decref(object);
    return code;
}

static int begin_to_serve(struct rouse *self, const char *const *names)
{
    json_t *list = json_array();
    for (; *names; names++)
        json_array_append_new(list, json_string(*names));
    json_t *args = json_pack("{s:o, s:i}", "register", list, "heartbeat", HEARTBEAT);
    char *text = json_dumps(args, JSON_COMPACT);
    int code = rouse_send(self, "xtrigger-host", text, ROUSE_STREAM, &self->host);
    free(text);
    json_decref(args);
    return code;
}

/* The stream has ended. 0: the workflow is complete; -EAGAIN: it makes sense to come back. */
static int read_end(struct rouse *self, const struct rouse_answer *told)
{
    json_t *end = json_loads(told->text, JSON_DECODE_ANY, NULL);
    const char *why = json_string_value(json_object_get(end, "end"));
    int code = json_is_true(json_object_get(end, "complete")) ? 0
               : json_is_true(json_object_get(end, "again"))  ? -EAGAIN
                                                              : -EREMOTEIO;
    if (code)
        error_set(&self->error, code, "%s", why ? why : told->text);
    json_decref(end);
    return code;
}

/* Until the stream or the connection ends; *ret_served: a scheduler has taken us before, so that an
 * error of the next one may pass (it is shutting down). */
static int serve(struct rouse *self, rouse_hear *hear, void *context, bool *ret_served)
{
    int64_t beat_at = process_now() + BEAT_AFTER * 1000000;
    for (;;) {
        struct rouse_answer told;
        int code = rouse_wait(self, 0, IDLE_MS, &told);
        if (code && code != -ETIMEDOUT && code != -EREMOTEIO)
            return code;
        if (code != -ETIMEDOUT && told.request == self->host && told.kind != ROUSE_CHUNK)
            return told.kind == ROUSE_DATA ? read_end(self, &told) : *ret_served ? -EAGAIN : code;
        bool is_told = !code && told.request == self->host;
        *ret_served = *ret_served || is_told;
        if (is_told || code == -ETIMEDOUT)
            hear(self, is_told ? told.text : NULL, context);
        if (process_now() < beat_at)
            continue;
        beat_at = process_now() + BEAT_AFTER * 1000000;
        code = rouse_say(self, "{\"heartbeat\": true}");
        if (code)
            return code;
    }
}

int rouse_serve(struct rouse *self, const char *const *names, rouse_hear *hear, void *context)
{
    bool served = false;
    struct workflow_place place;
    if (resolve_workflow(self->workflow, &place, &self->error))
        return self->error.code;
    workflow_place_release(&place);
    for (;;) {
        if (!self->client)
            connect_to_workflow(self);
        int code = self->client ? begin_to_serve(self, names) : self->error.code;
        if (!code)
            code = serve(self, hear, context, &served);
        if (!code || code == -EINVAL || code == -EREMOTEIO)
            return code;
        disconnect(self);
        process_wait(RETRY_SECONDS);
    }
}

/* See rouse.h: the client of client.h with texts at its border. */
#include "scheduler/net/rouse.h"
#include "base/memory.h"
#include "scheduler/net/client.h"
#include "scheduler/run/resolve.h"
#include <errno.h>
#include <stdlib.h>

#include "base/banned.h"

struct rouse {
    struct client *client; /* NULL: opening failed */
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

struct rouse *rouse_open(const char *workflow, const char *program)
{
    struct rouse *self = NEW(struct rouse);
    struct workflow_place place;
    if (resolve_workflow(workflow, &place, &self->error))
        return self;
    const struct client_options options = {
        .run_dir = place.run_dir, .workflow_id = place.id, .program = program ? program : ""};
    self->client = client_open(&options, &self->error);
    workflow_place_release(&place);
    return self;
}

void rouse_close(struct rouse *self)
{
    if (!self)
        return;
    client_close(self->client);
    free(self->text);
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

/* Requests and answers as JSON text. What comes in is checked here, completely, so that nobody
 * further in has to doubt its shape. */
#include "scheduler/net/wire.h"
#include "base/check.h"
#include "base/memory.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

const char *const wire_severity_names[6] = {"DEBUG", "INFO",     "WARNING",
                                            "ERROR", "CRITICAL", "CUSTOM"};

static void add_json(struct text *out, const json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    if (!text)
        IMPOSSIBLE("JSON that cannot be written");
    text_add(out, text);
    free(text);
}

/* A JSON string, also of bytes that are not UTF-8: then what can be said of them. */
static json_t *string_of(const char *text)
{
    json_t *value = json_string(text);
    if (value)
        return value;
    char *plain = str_copy(text);
    for (char *c = plain; *c; c++)
        if (*c & '\x80')
            *c = '?';
    value = json_string(plain);
    free(plain);
    return value;
}

static void add_json_string(struct text *out, const char *text)
{
    json_t *value = string_of(text);
    add_json(out, value);
    json_decref(value);
}

static int refuse(json_t *root, struct error *error, const char *what)
{
    json_decref(root);
    return error_set(error, -EBADMSG, "bad request: %s", what);
}

int wire_request_read(const void *bytes, size_t n, struct wire_request *ret_request,
                      struct error *error)
{
    if (n > WIRE_REQUEST_MAX)
        return error_set(error, -EMSGSIZE, "request of %zu bytes is too large (limit %d)", n,
                         WIRE_REQUEST_MAX);
    json_error_t where;
    json_t *root = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, &where);
    if (!root)
        return error_set(error, -EBADMSG, "bad request: not JSON: %s", where.text);
    if (!json_is_object(root))
        return refuse(root, error, "not a JSON object");
    const json_t *command = json_object_get(root, "command");
    json_t *args = json_object_get(root, "args");
    if (!json_is_string(command) || !json_string_length(command))
        return refuse(root, error, "no \"command\"");
    if (json_string_length(command) > WIRE_COMMAND_MAX)
        return refuse(root, error, "the command's name is too long");
    if (args && !json_is_object(args) && !json_is_null(args))
        return refuse(root, error, "\"args\" is not an object");
    *ret_request = (struct wire_request){
        .root = root,
        .command = json_string_value(command),
        .args = json_is_object(args) ? args : NULL,
        .id = json_object_get(root, "id"),
        .stream = json_is_true(json_object_get(root, "stream")),
    };
    return 0;
}

void wire_request_release(struct wire_request *request)
{
    json_decref(request->root);
    *request = (struct wire_request){0};
}

void wire_request_write(const char *command, const json_t *args, const char *program, uint64_t id,
                        bool stream, struct text *out)
{
    text_add(out, "{\"command\":");
    add_json_string(out, command);
    text_add(out, ",\"args\":");
    if (args)
        add_json(out, args);
    else
        text_add(out, "{}");
    text_add(out, ",\"meta\":{\"prog\":");
    add_json_string(out, program ? program : "");
    text_add_char(out, '}');
    if (id)
        text_addf(out, ",\"id\":%" PRIu64, id);
    text_add(out, stream ? ",\"stream\":true}" : "}");
}

static void begin(const json_t *id, struct text *out)
{
    text_add_char(out, '{');
    if (id) {
        text_add(out, "\"id\":");
        add_json(out, id);
        text_add_char(out, ',');
    }
}

static void add_data(struct slice data, struct text *out)
{
    if (data.n)
        text_add_n(out, data.at, data.n);
    else
        text_add(out, "null");
    text_add_char(out, '}');
}

void wire_data_write(const json_t *id, const char *chunks, struct slice data, struct text *out)
{
    begin(id, out);
    if (chunks && *chunks)
        text_addf(out, "\"chunks\":[%s],", chunks);
    text_add(out, "\"data\":");
    add_data(data, out);
}

void wire_chunk_write(const json_t *id, struct slice data, struct text *out)
{
    begin(id, out);
    text_add(out, "\"chunk\":");
    add_data(data, out);
}

void wire_error_write(const json_t *id, const char *message, struct text *out)
{
    begin(id, out);
    text_add(out, "\"error\":{\"message\":");
    add_json_string(out, message);
    text_add(out, "}}");
}

int wire_answer_read(const void *bytes, size_t n, struct wire_answer *ret_answer,
                     struct error *error)
{
    struct wire_answer answer = {0};
    json_error_t where;
    json_t *root = json_loadb(bytes, n, 0, &where);
    json_t *failed = json_object_get(root, "error");
    if (!root)
        return error_set(error, -EBADMSG, "the scheduler's answer is not JSON: %s", where.text);
    answer.id = (uint64_t)json_integer_value(json_object_get(root, "id"));
    if (failed) {
        const char *message = json_string_value(json_object_get(failed, "message"));
        answer.kind = WIRE_ERROR;
        answer.message = str_copy(message ? message : "unknown error");
    } else {
        json_t *chunk = json_object_get(root, "chunk");
        answer.kind = chunk ? WIRE_CHUNK : WIRE_DATA;
        answer.value = json_incref(chunk ? chunk : json_object_get(root, "data"));
        answer.chunks = json_incref(json_object_get(root, "chunks"));
    }
    json_decref(root);
    if (answer.kind != WIRE_ERROR && !answer.value)
        return error_set(error, -EBADMSG, "the scheduler's answer has neither data nor error");
    *ret_answer = answer;
    return 0;
}

void wire_answer_release(struct wire_answer *answer)
{
    json_decref(answer->value);
    json_decref(answer->chunks);
    free(answer->message);
    *answer = (struct wire_answer){0};
}

int wire_severity(const char *name)
{
    for (int i = 0; name && i < 6; i++)
        if (!strcasecmp(name, wire_severity_names[i]))
            return i;
    return name && !strcasecmp(name, "NORMAL") ? 1 : -1;
}

static const char *message_problem(const json_t *message)
{
    const json_t *severity = json_object_get(message, "severity");
    const json_t *offset = json_object_get(message, "offset");
    if (!json_is_object(message))
        return "a message is not an object";
    if (!json_is_string(json_object_get(message, "text")))
        return "a message has no text";
    if (severity && wire_severity(json_string_value(severity)) < 0)
        return "a message has an unknown severity";
    if (!json_is_integer(json_object_get(message, "when")))
        return "a message has no time";
    if (offset && !json_is_integer(offset))
        return "a message's offset is no number";
    return NULL;
}

int wire_messages_check(const json_t *args, const char **ret_job, size_t *ret_n,
                        struct error *error)
{
    const json_t *messages = json_object_get(args, "messages");
    const char *job = json_string_value(json_object_get(args, "job"));
    size_t n = json_array_size(messages);
    if (!job || !*job)
        return error_set(error, -EBADMSG, "bad message: no job is named");
    if (!n)
        return error_set(error, -EBADMSG, "bad message: there is none");
    if (n > WIRE_MESSAGES_MAX)
        return error_set(error, -EMSGSIZE, "%zu messages in one request (limit %d)", n,
                         WIRE_MESSAGES_MAX);
    for (size_t i = 0; i < n; i++) {
        const char *problem = message_problem(json_array_get(messages, i));
        if (problem)
            return error_set(error, -EBADMSG, "bad message: %s", problem);
    }
    *ret_job = job;
    *ret_n = n;
    return 0;
}

void wire_message_get(const json_t *args, size_t i, struct wire_message *ret_message)
{
    const json_t *message = json_array_get(json_object_get(args, "messages"), i);
    PRE(message);
    const json_t *severity = json_object_get(message, "severity");
    const json_t *offset = json_object_get(message, "offset");
    *ret_message = (struct wire_message){
        .severity = severity ? wire_severity(json_string_value(severity)) : 1,
        .text = json_string_value(json_object_get(message, "text")),
        .when = json_integer_value(json_object_get(message, "when")),
        .offset = offset ? json_integer_value(offset) : -1,
    };
}

json_t *wire_messages_write(const char *job, const struct wire_message *messages, size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++) {
        const struct wire_message *m = &messages[i];
        json_t *message = json_object();
        json_object_set_new(message, "severity", json_string(wire_severity_names[m->severity]));
        json_object_set_new(message, "text", string_of(m->text));
        json_object_set_new(message, "when", json_integer(m->when));
        json_object_set_new(message, "offset", json_integer(m->offset));
        json_array_append_new(array, message);
    }
    return json_pack("{s:s, s:o}", "job", job, "messages", array);
}

/* See host_wire.h. Arguments go as the JSON values that Python would read them as. */
#include "xtriggers/host_wire.h"
#include "base/check.h"
#include "base/memory.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

const char *const host_verbs[HOST_VERBS] = {
    [HOST_HELLO] = "hello",       [HOST_START] = "start",       [HOST_CANCEL] = "cancel",
    [HOST_KEPT] = "kept",         [HOST_CHECK] = "check",       [HOST_PING] = "ping",
    [HOST_REGISTER] = "register", [HOST_WATCHING] = "watching", [HOST_SATISFIED] = "satisfied",
    [HOST_NOT_YET] = "not_yet",   [HOST_FAIL] = "fail",         [HOST_CHECKED] = "checked",
    [HOST_LOG] = "log",           [HOST_PONG] = "pong",         [HOST_HEARTBEAT] = "heartbeat"};

/* --- reading --- */

/* Members beside the one that names the message. */
enum member_type { MEMBER_TEXT, MEMBER_SECONDS, MEMBER_LIST, MEMBER_OBJECT };
static const struct {
    const char *name;
    enum member_type type;
    size_t offset;
} members[] = {
    {"signature", MEMBER_TEXT, offsetof(struct host_message, signature)},
    {"function", MEMBER_TEXT, offsetof(struct host_message, function)},
    {"workflow", MEMBER_TEXT, offsetof(struct host_message, workflow)},
    {"run_dir", MEMBER_TEXT, offsetof(struct host_message, run_dir)},
    {"version", MEMBER_TEXT, offsetof(struct host_message, version)},
    {"error", MEMBER_TEXT, offsetof(struct host_message, error)},
    {"text", MEMBER_TEXT, offsetof(struct host_message, text)},
    {"file", MEMBER_TEXT, offsetof(struct host_message, file)},
    {"after", MEMBER_SECONDS, offsetof(struct host_message, after)},
    {"at", MEMBER_SECONDS, offsetof(struct host_message, at)},
    {"interval", MEMBER_SECONDS, offsetof(struct host_message, interval)},
    {"deadline", MEMBER_SECONDS, offsetof(struct host_message, deadline)},
    {"heartbeat", MEMBER_SECONDS, offsetof(struct host_message, heartbeat)},
    {"args", MEMBER_LIST, offsetof(struct host_message, args)},
    {"kwargs", MEMBER_OBJECT, offsetof(struct host_message, kwargs)},
    {"results", MEMBER_OBJECT, offsetof(struct host_message, results)},
};
static const char *const type_names[] = {"a text", "a number of seconds", "a list", "an object"};

static bool has_type(const json_t *value, enum member_type type)
{
    return type == MEMBER_TEXT      ? json_is_string(value)
           : type == MEMBER_SECONDS ? json_is_number(value)
           : type == MEMBER_LIST    ? json_is_array(value)
                                    : json_is_object(value);
}

static int read_member(struct host_message *message, size_t i, struct error *error)
{
    json_t *value = json_object_get(message->json, members[i].name);
    char *at = (char *)message + members[i].offset;
    if (!value || json_is_null(value))
        return 0;
    if (message->verb == HOST_HEARTBEAT && strcmp(members[i].name, "heartbeat") == 0)
        return 0;
    if (!has_type(value, members[i].type))
        return error_set(error, -EBADMSG, "\"%s\" of \"%s\" must be %s", members[i].name,
                         host_verbs[message->verb], type_names[members[i].type]);
    if (members[i].type == MEMBER_TEXT)
        *(const char **)(void *)at = json_string_value(value);
    else if (members[i].type == MEMBER_SECONDS)
        *(double *)(void *)at = json_number_value(value);
    else
        *(json_t **)(void *)at = value;
    return 0;
}

static bool are_texts(const json_t *list)
{
    size_t i;
    json_t *each;
    json_array_foreach(list, i, each)
    {
        if (!json_is_string(each))
            return false;
    }
    return json_array_size(list) > 0;
}

/* The value of the member that names the message. */
static int read_number(struct host_message *message, struct error *error)
{
    json_t *value = json_object_get(message->json, host_verbs[message->verb]);
    if (message->verb == HOST_HEARTBEAT)
        return 0;
    if (message->verb == HOST_REGISTER) {
        message->names = value;
        if (json_is_array(value) && are_texts(value))
            return 0;
        return error_set(error, -EBADMSG, "\"register\" must be a list of names");
    }
    double number = json_is_number(value) ? json_number_value(value) : -1;
    if (!(number >= 0 && number < 1e15 && number == floor(number)))
        return error_set(error, -EBADMSG, "\"%s\" must be a number", host_verbs[message->verb]);
    message->number = (uint64_t)number;
    return 0;
}

/* "register" may have a heartbeat: the first verb that is there names the message. */
static bool find_verb(struct host_message *message)
{
    for (int verb = 0; verb < HOST_VERBS; verb++)
        if (json_object_get(message->json, host_verbs[verb])) {
            message->verb = (enum host_verb)verb;
            return true;
        }
    return false;
}

static int check_members(const struct host_message *message, struct error *error)
{
    bool is_call = message->verb == HOST_START || message->verb == HOST_CHECK;
    if (is_call && (!message->function || !message->args || !message->kwargs))
        return error_set(error, -EBADMSG, "\"%s\" without function, args or kwargs",
                         host_verbs[message->verb]);
    if (message->verb == HOST_FAIL && !message->error)
        return error_set(error, -EBADMSG, "\"fail\" without error");
    if (message->verb == HOST_LOG && !message->text)
        return error_set(error, -EBADMSG, "\"log\" without text");
    return 0;
}

int host_message_of(json_t *json, struct host_message *ret_message, struct error *error)
{
    struct host_message message = {.json = json, .after = -1, .at = -1};
    if (!json_is_object(json))
        return error_set(error, -EBADMSG, "a JSON object is expected");
    if (!find_verb(&message))
        return error_set(error, -EBADMSG, "no message that is known");
    if (read_number(&message, error) < 0)
        return error->code;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (read_member(&message, i, error) < 0)
            return error->code;
    if (check_members(&message, error) < 0)
        return error->code;
    json_incref(json);
    *ret_message = message;
    return 0;
}

int host_message_read(const char *line, size_t n, struct host_message *ret_message,
                      struct error *error)
{
    json_error_t bad;
    json_t *json = json_loadb(line, n, 0, &bad);
    if (!json && json_error_code(&bad) == json_error_numeric_overflow)
        json = json_loadb(line, n, JSON_DECODE_INT_AS_REAL, &bad);
    if (!json)
        return error_set(error, -EBADMSG, "no JSON: %s", bad.text);
    int result = host_message_of(json, ret_message, error);
    json_decref(json);
    return result;
}

void host_message_release(struct host_message *message)
{
    json_decref(message->json);
    *message = (struct host_message){0};
}

/* --- writing --- */

static void add_seconds(struct text *out, const char *name, double seconds)
{
    text_addf(out, ", \"%s\": %.*g", name, seconds >= 1e6 ? 17 : 6, seconds);
}

static void add_text(struct text *out, const char *name, const char *value)
{
    text_addf(out, ", \"%s\": ", name);
    json_add_text(out, value);
}

/* One argument: "007" is 7, ".5" 0.5; a number that JSON has no form for stays a text. */
static void add_value(struct text *out, enum rouse_type type, const char *value)
{
    double number;
    if (type == ROUSE_NONE)
        text_add(out, "null");
    else if (type == ROUSE_BOOLEAN)
        text_add(out, argument_is_true(value) ? "true" : "false");
    else if (type == ROUSE_INTEGER) {
        const char *digits = value + (*value == '-' || *value == '+');
        const char *first = digits + strspn(digits, "0");
        text_addf(out, "%s%s", *value == '-' && *first ? "-" : "", *first ? first : "0");
    } else if (type == ROUSE_NUMBER && (number = strtod(value, NULL), isfinite(number)))
        json_add_real(out, number);
    else
        json_add_text(out, value);
}

static void add_arguments(struct text *out, const struct rouse_call *call)
{
    text_add(out, ", \"args\": [");
    const char *comma = "";
    for (size_t i = 0; i < call->n; i++)
        if (!call->names[i]) {
            text_add(out, comma);
            add_value(out, call->types[i], call->values[i]);
            comma = ", ";
        }
    text_add(out, "], \"kwargs\": {");
    comma = "";
    for (size_t i = 0; i < call->n; i++)
        if (call->names[i]) {
            text_add(out, comma);
            json_add_text(out, call->names[i]);
            text_add(out, ": ");
            add_value(out, call->types[i], call->values[i]);
            comma = ", ";
        }
    text_add(out, "}");
}

static void begin(struct text *out, enum host_verb verb, uint64_t number)
{
    text_addf(out, "{\"%s\": %llu", host_verbs[verb], (unsigned long long)number);
}

static void end(struct text *out)
{
    text_add(out, "}\n");
}

void host_say_hello(struct text *out, const char *workflow, const char *run_dir)
{
    begin(out, HOST_HELLO, HOST_WIRE_VERSION);
    add_text(out, "workflow", workflow);
    add_text(out, "run_dir", run_dir);
    add_text(out, "version", ROUSE_VERSION);
    end(out);
}

void host_say_start(struct text *out, uint64_t number, const struct call *call, double deadline)
{
    begin(out, HOST_START, number);
    add_text(out, "signature", call->call.signature);
    add_text(out, "function", call->function);
    add_arguments(out, &call->call);
    add_seconds(out, "interval", call->call.interval);
    add_seconds(out, "deadline", deadline);
    end(out);
}

void host_say_check(struct text *out, uint64_t number, const struct call *call)
{
    begin(out, HOST_CHECK, number);
    add_text(out, "function", call->function);
    add_arguments(out, &call->call);
    end(out);
}

void host_say(struct text *out, enum host_verb verb, uint64_t number)
{
    begin(out, verb, number);
    end(out);
}

void host_say_text(struct text *out, enum host_verb verb, uint64_t number, const char *text)
{
    begin(out, verb, number);
    add_text(out, verb == HOST_LOG ? "text" : "error", text);
    end(out);
}

void host_say_register(struct text *out, const char *name)
{
    text_addf(out, "{\"%s\": [", host_verbs[HOST_REGISTER]);
    json_add_text(out, name);
    text_add(out, "]}\n");
}

bool host_answer_is_watching(const struct call *call)
{
    return call->verdict == ROUSE_NOT_YET && call->when_woken && call->after < 0 && call->at < 0 &&
           !call->path.n;
}

void host_say_answer(struct text *out, uint64_t number, const struct call *call)
{
    if (host_answer_is_watching(call)) {
        host_say(out, HOST_WATCHING, number);
        return;
    }
    if (call->verdict == ROUSE_ERROR) {
        host_say_text(out, HOST_FAIL, number, text_string(&call->failure));
        return;
    }
    bool satisfied = call->verdict == ROUSE_SATISFIED;
    begin(out, satisfied ? HOST_SATISFIED : HOST_NOT_YET, number);
    if (satisfied)
        text_addf(out, ", \"results\": {%s}", text_string(&call->results));
    if (!satisfied && call->after >= 0)
        add_seconds(out, "after", fmin(call->after, CALL_TIME_MAX));
    if (!satisfied && call->at >= 0)
        add_seconds(out, "at", fmin(call->at, CALL_TIME_MAX));
    if (!satisfied && call->path.n)
        add_text(out, "file", text_string(&call->path));
    end(out);
}

/* --- calls --- */

/* A JSON value as a plugin in C is given it. */
static enum rouse_type take_value(const json_t *value, struct text *out)
{
    if (json_is_string(value)) {
        text_add(out, json_string_value(value));
        return ROUSE_TEXT;
    }
    if (json_is_integer(value)) {
        text_addf(out, "%lld", (long long)json_integer_value(value));
        return ROUSE_INTEGER;
    }
    if (json_is_real(value)) {
        json_add_real(out, json_real_value(value));
        return ROUSE_NUMBER;
    }
    if (json_is_boolean(value)) {
        text_add(out, json_is_true(value) ? "True" : "False");
        return ROUSE_BOOLEAN;
    }
    text_add(out, "None");
    return ROUSE_NONE;
}

/* NULL ends what was taken; names and values are offsets until the text grows no more. */
static int take_argument(struct call *call, struct text *texts, size_t *offsets, const char *name,
                         const json_t *value, struct error *error)
{
    size_t n = call->call.n;
    if (n == CALL_ARGUMENTS_MAX)
        return error_set(error, -E2BIG, "more than %d arguments", CALL_ARGUMENTS_MAX);
    if (json_is_array(value) || json_is_object(value))
        return error_set(error, -EBADMSG, "an argument must be a single value");
    offsets[2 * n] = name ? texts->n + 1 : 0;
    if (name)
        text_addf(texts, " %s", name), text_add_char(texts, '\0');
    offsets[2 * n + 1] = texts->n;
    call->types[n] = take_value(value, texts);
    text_add_char(texts, '\0');
    call->call.n++;
    return 0;
}

int host_message_call(const struct host_message *message, struct call *ret_call,
                      struct error *error)
{
    char *open = str_format("%s()", message->function);
    int result = call_init(ret_call, open, message->signature, error);
    free(open);
    if (result < 0)
        return result;
    size_t offsets[2 * CALL_ARGUMENTS_MAX], i;
    struct text texts = {0};
    json_t *value;
    const char *name;
    json_array_foreach(message->args, i, value)
    {
        result = result ? result : take_argument(ret_call, &texts, offsets, NULL, value, error);
    }
    json_object_foreach(message->kwargs, name, value)
    {
        result = result ? result : take_argument(ret_call, &texts, offsets, name, value, error);
    }
    free(ret_call->texts);
    ret_call->texts = text_take(&texts);
    if (result < 0) {
        call_release(ret_call);
        return result;
    }
    for (i = 0; i < ret_call->call.n; i++) {
        ret_call->names[i] = offsets[2 * i] ? ret_call->texts + offsets[2 * i] : NULL;
        ret_call->values[i] = ret_call->texts + offsets[2 * i + 1];
    }
    return 0;
}

/* An object without its braces. */
static void take_results(const json_t *results, struct call *call)
{
    char *text = results ? json_dumps(results, 0) : NULL;
    if (!text)
        return;
    size_t n = strlen(text);
    if (n > CALL_RESULTS_MAX) {
        call->verdict = ROUSE_ERROR;
        text_addf(&call->failure, "the results are larger than %d bytes", CALL_RESULTS_MAX);
    } else if (n > 2)
        text_add_n(&call->results, text + 1, n - 2);
    free(text);
}

void host_message_answer(const struct host_message *message, struct call *call)
{
    call_clear_answer(call);
    if (message->verb == HOST_SATISFIED) {
        call->verdict = ROUSE_SATISFIED;
        take_results(message->results, call);
    } else if (message->verb == HOST_NOT_YET) {
        call->verdict = ROUSE_NOT_YET;
        call->after = message->after;
        call->at = message->at;
        text_add(&call->path, message->file ? message->file : "");
    } else {
        PRE(message->verb == HOST_FAIL);
        call->verdict = ROUSE_ERROR;
        text_addf(&call->failure, "%.*s", CALL_REASON_MAX, message->error);
    }
}

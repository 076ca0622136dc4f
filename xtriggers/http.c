/* http(url, ...): a URL is asked until its answer is as wanted; http(hook="name", ...): somebody
 * posts to the name. Neither blocks: http_ask.h and http_hook.h wake the call when there is
 * something.
 *
 * A header or a secret that is not to be seen by everybody is written "@file": the file's text, of
 * a path below the run directory or absolute. */
#include "base/memory.h"
#include "xtriggers/builtins.h"
#include "xtriggers/call.h"
#include "xtriggers/http_ask.h"
#include "xtriggers/http_hook.h"
#include "xtriggers/http_json.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { HTTP_TIMEOUT_MAX = 3600, HTTP_FILE_MAX = 16 * 1024 }; /* seconds; bytes of an "@file" */
static const double http_timeout = 30;                       /* seconds, unless given */

enum parameter {
    URL,
    STATUS,
    CONTAINS,
    JSON,
    EQUALS,
    METHOD,
    HEADER,
    BODY,
    TIMEOUT,
    HOOK,
    PORT,
    BIND,
    SECRET,
    PARAMETERS
};
static const char *const parameters[] = {"url",    "status", "contains", "json",    "equals",
                                         "method", "header", "body",     "timeout", "hook",
                                         "port",   "bind",   "secret",   NULL};

static const char *argument(const struct rouse_call *call, enum parameter parameter)
{
    return call_argument(call, parameters[parameter], parameter);
}

static int fail(struct rouse_call *call, const char *reason)
{
    call->fail(call, reason);
    return -1;
}

/* --- what is right --- */

static bool is_number(const char *text, double least, double most)
{
    char *end = NULL;
    double number = text ? strtod(text, &end) : least;
    return !text || (end != text && !*end && number >= least && number <= most);
}

/* "204", or "2xx" for all of them; NULL: 2xx. */
static bool status_fits(const char *wanted, long status)
{
    char text[16];
    snprintf(text, sizeof text, "%ld", status);
    if (!wanted)
        return text[0] == '2';
    return strcmp(wanted, text) == 0 || (wanted[0] == text[0] && strcmp(wanted + 1, "xx") == 0);
}

static bool is_status(const char *text)
{
    return !text || (strlen(text) == 3 && *text >= '1' && *text <= '5' &&
                     (strcmp(text + 1, "xx") == 0 || strspn(text, "0123456789") == 3));
}

static bool is_method(const char *text)
{
    return !text || (*text && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(text));
}

static bool is_url(const char *text)
{
    size_t n = strncmp(text, "http://", 7) == 0 ? 7 : strncmp(text, "https://", 8) == 0 ? 8 : 0;
    return n && text[n] && text[n] != '/' && !strpbrk(text, " \t\n");
}

static int check_url(struct rouse_call *call)
{
    const char *header = argument(call, HEADER);
    for (enum parameter p = PORT; p <= SECRET; p++)
        if (argument(call, p))
            return fail(call, "`port`, `bind` and `secret` belong to a `hook`");
    if (!is_url(argument(call, URL)))
        return fail(call, "`url` must begin with http:// or https:// and hold no blanks");
    if (!is_status(argument(call, STATUS)))
        return fail(call, "`status` must be a number such as 204, or 2xx");
    if (!is_method(argument(call, METHOD)))
        return fail(call, "`method` must be a word such as GET or POST");
    if (header && *header != '@' && !strchr(header, ':'))
        return fail(call, "`header` must be \"Name: value\", or \"@file\"");
    if (argument(call, EQUALS) && !argument(call, JSON))
        return fail(call, "`equals` needs `json`");
    if (!is_number(argument(call, TIMEOUT), 0.001, HTTP_TIMEOUT_MAX))
        return fail(call, "`timeout` must be a number of seconds, at most 3600");
    return 0;
}

static int check_hook(struct rouse_call *call)
{
    const char *name = argument(call, HOOK), *port = argument(call, PORT),
               *address = argument(call, BIND), *secret = argument(call, SECRET);
    unsigned char ignored[16];
    for (enum parameter p = URL; p < HOOK; p++)
        if (argument(call, p))
            return fail(call, "with `hook` only `port`, `bind` and `secret` may be given");
    if (!*name || *name == '/' || strpbrk(name, " \t?#"))
        return fail(call, "`hook` must be a name without blanks, ? and #, not beginning with /");
    if (port && (!is_number(port, 0, 65535) || strspn(port, "0123456789") != strlen(port)))
        return fail(call, "`port` must be a number from 0 to 65535");
    if (address && inet_pton(AF_INET, address, ignored) != 1 &&
        inet_pton(AF_INET6, address, ignored) != 1)
        return fail(call, "`bind` must be an address in numbers, such as 127.0.0.1");
    if (secret && !*secret)
        return fail(call, "`secret` is empty");
    return 0;
}

static int validate(struct rouse_call *call)
{
    if (!call_knows_arguments(call, parameters))
        return -1;
    if (!argument(call, URL) == !argument(call, HOOK))
        return fail(call, "either `url` or `hook` must be given");
    return argument(call, URL) ? check_url(call) : check_hook(call);
}

/* --- files --- */

/* The argument, or the text of the file it names; heap, NULL and error. */
static char *read_text(const struct rouse_call *call, const char *argument, struct error *error)
{
    if (!argument || *argument != '@')
        return str_copy(argument);
    const char *name = argument + 1;
    char *path = *name == '/' ? str_copy(name) : str_format("%s/%s", call->run_dir, name);
    FILE *file = fopen(path, "re");
    char *text = NULL;
    if (file) {
        text = mem_new(HTTP_FILE_MAX + 2);
        size_t n = fread(text, 1, HTTP_FILE_MAX + 1, file);
        while (n && isspace((unsigned char)text[n - 1]))
            n--;
        text[n] = '\0';
        if (n == 0 || n > HTTP_FILE_MAX || ferror(file))
            error_set(error, -EINVAL, "%s: empty, larger than 16 KiB, or not to be read", path);
        (void)fclose(file);
    } else {
        error_set(error, -errno, "cannot read %s: %s", path, strerror(errno));
    }
    free(path);
    if (error->code < 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* --- a URL --- */

struct http_state {
    struct http_request *request;
    struct hook *hook;
};

static enum rouse_verdict say_error(struct rouse_call *call, const struct error *error)
{
    call->fail(call, error->text);
    return ROUSE_ERROR;
}

static enum rouse_verdict start(struct rouse_call *call, struct http_request *request)
{
    const char *method = argument(call, METHOD), *timeout = argument(call, TIMEOUT);
    struct error error = {0};
    struct http_question question = {.url = argument(call, URL),
                                     .body = argument(call, BODY),
                                     .timeout = timeout ? strtod(timeout, NULL) : http_timeout};
    question.method = method ? method : question.body ? "POST" : "GET";
    char *headers = read_text(call, argument(call, HEADER), &error);
    for (char *rest = headers, *line; rest && question.n_headers < HTTP_HEADERS_MAX;) {
        line = strsep(&rest, "\r\n");
        if (*line)
            question.headers[question.n_headers++] = line;
    }
    if (error.code == 0)
        http_request_start(request, &question, &error);
    free(headers);
    if (error.code < 0)
        return say_error(call, &error);
    call->again_when_woken(call);
    return ROUSE_NOT_YET;
}

/* The wanted member of the answer becomes the result `value`. */
static enum rouse_verdict look_at_json(struct rouse_call *call, const struct http_answer *answer)
{
    const char *equals = argument(call, EQUALS);
    json_error_t why;
    json_t *whole = json_loadb(answer->content, answer->n, JSON_DECODE_ANY, &why);
    const json_t *value = http_member(whole, argument(call, JSON));
    enum rouse_verdict verdict = ROUSE_NOT_YET;
    if (!whole) {
        char *reason = str_format("the answer is no JSON: %s", why.text);
        call->fail(call, reason);
        free(reason);
        verdict = ROUSE_ERROR;
    } else if (value && !json_is_null(value)) {
        char *text = http_text(value);
        if (equals ? strcmp(text, equals) == 0 : !json_is_false(value))
            verdict = ROUSE_SATISFIED;
        free(text);
    }
    if (verdict == ROUSE_SATISFIED)
        http_result(call, "value", value);
    else if (verdict == ROUSE_NOT_YET)
        call_note(call, "the answer has not that value");
    json_decref(whole);
    return verdict;
}

static enum rouse_verdict look(struct rouse_call *call, const struct http_answer *answer)
{
    const char *contains = argument(call, CONTAINS);
    enum rouse_verdict verdict = ROUSE_NOT_YET;
    char status[16];
    snprintf(status, sizeof status, "%ld", answer->status);
    if (answer->error) {
        char *reason = str_format("%s: %s", argument(call, URL), answer->error);
        call->fail(call, reason);
        free(reason);
        return ROUSE_ERROR;
    }
    if (!status_fits(argument(call, STATUS), answer->status))
        call_note(call, "the status is %s", status);
    else if (contains && !memmem(answer->content, answer->n, contains, strlen(contains)))
        call_note(call, "the answer does not contain \"%s\"", contains);
    else
        verdict = argument(call, JSON) ? look_at_json(call, answer) : ROUSE_SATISFIED;
    if (verdict == ROUSE_SATISFIED) {
        call->typed_result(call, "status", ROUSE_INTEGER, status);
        http_content(call, answer->content, answer->n);
    }
    return verdict;
}

/* An answer is looked at once; asked again after the interval, a new one is fetched. */
static enum rouse_verdict ask_url(struct rouse_call *call, struct http_state *state)
{
    struct http_answer answer;
    if (!state->request)
        state->request = http_request_create(call);
    switch (http_request_look(state->request, &answer)) {
    case HTTP_ANSWERED:
        http_request_done(state->request);
        return look(call, &answer);
    case HTTP_UNDER_WAY:
        call->again_when_woken(call);
        return ROUSE_NOT_YET;
    case HTTP_IDLE:
        break;
    }
    return start(call, state->request);
}

/* --- a hook --- */

static struct hook *open_hook(struct rouse_call *call, struct error *error)
{
    const char *port = argument(call, PORT), *address = argument(call, BIND);
    char *secret = read_text(call, argument(call, SECRET), error);
    struct hook *hook = NULL;
    if (error->code == 0)
        hook = hook_open(call,
                         &(struct hook_place){.name = argument(call, HOOK),
                                              .address = address ? address : "127.0.0.1",
                                              .port = port ? (unsigned)strtoul(port, NULL, 10) : 0,
                                              .secret = secret},
                         error);
    free(secret);
    return hook;
}

static enum rouse_verdict ask_hook(struct rouse_call *call, struct http_state *state)
{
    struct error error = {0};
    if (!state->hook)
        state->hook = open_hook(call, &error);
    if (!state->hook)
        return say_error(call, &error);
    const json_t *message = hook_message(state->hook);
    if (!message) {
        call_note(call, "nothing posted to %s", hook_url(state->hook));
        call->again_when_woken(call);
        return ROUSE_NOT_YET;
    }
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)message, key, value) http_result(call, key, value);
    return ROUSE_SATISFIED;
}

/* --- the xtrigger --- */

static enum rouse_verdict ask(struct rouse_call *call)
{
    if (!*call->state)
        *call->state = NEW(struct http_state);
    return argument(call, URL) ? ask_url(call, *call->state) : ask_hook(call, *call->state);
}

static void kept(struct rouse_call *call)
{
    const struct http_state *state = *call->state;
    if (state && state->hook)
        hook_kept(state->hook);
}

static void drop(struct rouse_call *call)
{
    struct http_state *state = *call->state;
    if (!state)
        return;
    http_request_drop(state->request);
    hook_drop(state->hook);
    free(state);
    *call->state = NULL;
}

const struct rouse_xtrigger xtrigger_http = {
    .abi = ROUSE_XTRIGGER_ABI,
    .name = "http",
    .usage = "http(url, status=2xx, contains=None, json=None, equals=None, method=GET, "
             "header=None, body=None, timeout=30), or "
             "http(hook=NAME, port=0, bind=127.0.0.1, secret=None)",
    .validate = validate,
    .ask = ask,
    .drop = drop,
    .kept = kept};

/* See call.h. Arguments are written as in Python calls: 'quoted', "quoted" or bare, joined by
 * commas. */
#include "xtriggers/call.h"
#include "base/check.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* --- reading the signature --- */

struct scanner {
    const char *at; /* rest of the arguments */
    char *out;      /* where the next unquoted text goes */
};

static void skip_blanks(struct scanner *in)
{
    while (*in->at == ' ' || *in->at == '\t')
        in->at++;
}

enum rouse_type call_type(const char *value)
{
    const char *digits = value + (*value == '-' || *value == '+');
    size_t n = strspn(digits, "0123456789");
    if (strcmp(value, "True") == 0 || strcmp(value, "False") == 0)
        return ROUSE_BOOLEAN;
    if (strcmp(value, "None") == 0)
        return ROUSE_NONE;
    if (n && !digits[n])
        return ROUSE_INTEGER;
    char *end;
    bool begins = *digits == '.' || n;
    if (begins && strspn(digits, "0123456789.eE+-") == strlen(digits) &&
        (strtod(value, &end), *end == '\0'))
        return ROUSE_NUMBER;
    return ROUSE_TEXT;
}

/* Copy up to the closing quote; false if it is missing. */
static bool scan_quoted(struct scanner *in)
{
    char quote = *in->at++;
    while (*in->at && *in->at != quote) {
        if (*in->at == '\\' && in->at[1])
            in->at++;
        *in->out++ = *in->at++;
    }
    if (!*in->at)
        return false;
    in->at++;
    return true;
}

static void scan_bare(struct scanner *in, bool stop_at_equals)
{
    char *begin = in->out;
    int depth = 0;
    while (*in->at && (depth > 0 || (*in->at != ',' && *in->at != ')')) &&
           !(stop_at_equals && *in->at == '=')) {
        depth += (*in->at == '(' || *in->at == '[') - (*in->at == ')' || *in->at == ']');
        *in->out++ = *in->at++;
    }
    while (in->out > begin && (in->out[-1] == ' ' || in->out[-1] == '\t'))
        in->out--;
}

/* One value; NULL if a quote is not closed. */
static const char *scan_value(struct scanner *in, bool stop_at_equals, bool *ret_quoted)
{
    const char *value = in->out;
    skip_blanks(in);
    *ret_quoted = *in->at == '\'' || *in->at == '"';
    if (*ret_quoted) {
        if (!scan_quoted(in))
            return NULL;
    } else {
        scan_bare(in, stop_at_equals);
    }
    *in->out++ = '\0';
    skip_blanks(in);
    return value;
}

static int scan_argument(struct call *call, struct scanner *in, const char *signature,
                         struct error *error)
{
    if (call->call.n == CALL_ARGUMENTS_MAX)
        return error_set(error, -E2BIG, "%s: more than %d arguments", signature,
                         CALL_ARGUMENTS_MAX);
    bool quoted;
    const char *name = NULL, *value = scan_value(in, true, &quoted);
    if (value && *in->at == '=') {
        in->at++;
        name = value;
        value = scan_value(in, false, &quoted);
    }
    if (!value)
        return error_set(error, -EINVAL, "%s: a quote is not closed", signature);
    call->names[call->call.n] = name;
    call->types[call->call.n] = quoted ? ROUSE_TEXT : call_type(value);
    call->values[call->call.n++] = value;
    return 0;
}

static int scan_arguments(struct call *call, struct scanner *in, const char *signature,
                          struct error *error)
{
    skip_blanks(in);
    while (*in->at != ')') {
        int result = scan_argument(call, in, signature, error);
        if (result < 0)
            return result;
        if (*in->at == ',')
            in->at++;
        else if (*in->at != ')')
            return error_set(error, -EINVAL, "%s: expected \",\" or \")\" at \"%.20s\"", signature,
                             in->at);
        skip_blanks(in);
    }
    if (in->at[1])
        return error_set(error, -EINVAL, "%s: nothing may follow \")\"", signature);
    return 0;
}

/* --- what a plugin may say --- */

static struct call *of(struct rouse_call *call)
{
    return (struct call *)call;
}

/* Bytes of the UTF-8 character at `c`; 0: there is none. */
static size_t utf8_size(const unsigned char *c)
{
    size_t n = c[0] < 0x80 ? 1 : c[0] >= 0xf0 && c[0] < 0xf5 ? 4 : c[0] >= 0xe0 ? 3 : 2;
    if (n > 1 && (c[0] < 0xc2 || c[0] > 0xf4))
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
    bool surrogate = c[0] == 0xed && c[1] > 0x9f, beyond = c[0] == 0xf4 && c[1] > 0x8f;
    return overlong || surrogate || beyond ? 0 : n;
}

void json_add_text(struct text *out, const char *value)
{
    text_add_char(out, '"');
    for (const unsigned char *c = (const unsigned char *)(value ? value : ""); *c;) {
        size_t n = utf8_size(c);
        if (*c == '"' || *c == '\\')
            text_addf(out, "\\%c", *c);
        else if (*c < 0x20)
            text_addf(out, "\\u%04x", *c);
        else if (n)
            text_add_n(out, (const char *)c, n);
        else
            text_add_char(out, '?');
        c += n ? n : 1;
    }
    text_add_char(out, '"');
}

void json_add_real(struct text *out, double number)
{
    char digits[32];
    for (int precision = 15; precision <= 17; precision++) {
        (void)snprintf(digits, sizeof digits, "%.*g", precision, number);
        if (strtod(digits, NULL) == number)
            break;
    }
    text_add(out, digits);
    if (!strpbrk(digits, ".e"))
        text_add(out, ".0");
}

/* JSON has no leading zeros or plus signs, and not every number that C reads. */
static bool is_json_number(const char *value)
{
    value += *value == '-';
    size_t n = strspn(value, "0123456789");
    return n && (value[0] != '0' || n == 1) &&
           (!value[n] || (value[n] == '.' && value[n + 1] &&
                          !value[n + 1 + strspn(value + n + 1, "0123456789")]));
}

static void say_typed_result(struct rouse_call *call, const char *key, enum rouse_type type,
                             const char *value)
{
    struct text *results = &of(call)->results;
    if (results->n > CALL_RESULTS_MAX)
        return;
    if (results->n)
        text_add(results, ", ");
    json_add_text(results, key);
    text_add(results, ": ");
    if (type == ROUSE_NONE)
        text_add(results, "null");
    else if (type == ROUSE_BOOLEAN)
        text_add(results, argument_is_true(value) ? "true" : "false");
    else if (type != ROUSE_TEXT && value && is_json_number(value))
        text_add(results, value);
    else
        json_add_text(results, value);
}

static void say_result(struct rouse_call *call, const char *key, const char *value)
{
    say_typed_result(call, key, ROUSE_TEXT, value);
}

static void say_fail(struct rouse_call *call, const char *reason)
{
    text_clear(&of(call)->failure);
    text_addf(&of(call)->failure, "%.*s", CALL_REASON_MAX, reason ? reason : "no reason given");
}

static void say_again_after(struct rouse_call *call, double seconds)
{
    struct call *self = of(call);
    if (seconds >= 0 && (self->after < 0 || seconds < self->after))
        self->after = seconds;
}

static void say_again_at(struct rouse_call *call, double time)
{
    struct call *self = of(call);
    if (time >= 0 && (self->at < 0 || time < self->at))
        self->at = time;
}

static void say_again_when_changed(struct rouse_call *call, const char *path)
{
    text_clear(&of(call)->path);
    text_add(&of(call)->path, path ? path : "");
}

static void say_again_when_woken(struct rouse_call *call)
{
    of(call)->when_woken = true;
}

/* Where nobody can be woken. */
static void wake_nobody(struct rouse_waker *waker)
{
    (void)waker;
}

static void say_log(struct rouse_call *call, const char *text)
{
    struct text *log = &of(call)->log;
    if (text && log->n < CALL_LOG_MAX)
        text_addf(log, "%.*s\n", CALL_LOG_MAX, text);
}

/* --- a call's life --- */

int call_init(struct call *call, const char *text, const char *known_as, struct error *error)
{
    const char *signature = text; /* in messages */
    *call = (struct call){.after = -1, .at = -1};
    const char *open = strchr(signature, '(');
    if (!open || open == signature)
        return error_set(error, -EINVAL, "\"%s\" is no call: expected NAME(ARGUMENTS)", signature);
    size_t size = strlen(signature);
    call->function = slice_copy(slice_trim((struct slice){signature, (size_t)(open - signature)}));
    call->texts = mem_new(2 * size + CALL_ARGUMENTS_MAX + 2);
    char *copy = str_copy(known_as ? known_as : text);
    call->call = (struct rouse_call){.signature = copy,
                                     .names = call->names,
                                     .values = call->values,
                                     .types = call->types,
                                     .state = &call->state,
                                     .result = say_result,
                                     .typed_result = say_typed_result,
                                     .fail = say_fail,
                                     .again_after = say_again_after,
                                     .again_at = say_again_at,
                                     .again_when_changed = say_again_when_changed,
                                     .log = say_log,
                                     .wake = wake_nobody,
                                     .again_when_woken = say_again_when_woken};
    struct scanner in = {open + 1, call->texts};
    if (!strchr(open, ')'))
        error_set(error, -EINVAL, "\"%s\" is no call: \")\" is missing", signature);
    else
        scan_arguments(call, &in, signature, error);
    if (error->code < 0)
        call_release(call);
    return error->code;
}

void call_release(struct call *call)
{
    free((char *)(uintptr_t)call->call.signature);
    free(call->function);
    free(call->texts);
    text_release(&call->results);
    text_release(&call->failure);
    text_release(&call->path);
    text_release(&call->log);
    text_release(&call->note);
    *call = (struct call){0};
}

void call_move(struct call *to, struct call *from)
{
    *to = *from;
    to->call.names = to->names;
    to->call.values = to->values;
    to->call.types = to->types;
    to->call.state = &to->state;
    *from = (struct call){0};
}

void call_clear_answer(struct call *call)
{
    text_clear(&call->results);
    text_clear(&call->failure);
    text_clear(&call->path);
    text_clear(&call->log);
    text_clear(&call->note);
    call->after = call->at = -1;
    call->when_woken = false;
}

const char *call_argument(const struct rouse_call *call, const char *name, size_t position)
{
    size_t positional = 0;
    for (size_t i = 0; i < call->n; i++) {
        if (call->names[i] ? strcmp(call->names[i], name) == 0 : positional++ == position)
            return call->values[i];
    }
    return NULL;
}

static bool refuse(struct rouse_call *call, const char *before, const char *name, const char *after)
{
    char *reason = str_format("%s%s%s", before, name, after);
    call->fail(call, reason);
    free(reason);
    return false;
}

bool call_knows_arguments(struct rouse_call *call, const char *const *parameters)
{
    uint64_t given = 0;
    size_t positional = 0;
    for (size_t i = 0; i < call->n; i++) {
        size_t p = 0;
        while (parameters[p] &&
               (call->names[i] ? strcmp(parameters[p], call->names[i]) != 0 : p != positional))
            p++;
        positional += !call->names[i];
        if (!parameters[p] && call->names[i])
            return refuse(call, "there is no argument `", call->names[i], "`");
        if (!parameters[p])
            return refuse(call, "too many arguments: \"", call->values[i], "\"");
        if (given >> p & 1)
            return refuse(call, "the argument `", parameters[p], "` is given twice");
        given |= UINT64_C(1) << p;
    }
    return true;
}

void call_note(struct rouse_call *call, const char *format, ...)
{
    struct text whole = {0};
    va_list args;
    va_start(args, format);
    text_vaddf(&whole, format, args);
    va_end(args);
    text_clear(&of(call)->note);
    text_addf(&of(call)->note, "%.*s", CALL_NOTE_MAX, text_string(&whole));
    text_release(&whole);
}

bool call_is_deaf(const struct rouse_call *call)
{
    return ((const struct call *)call)->deaf;
}

void call_ask(struct call *call, const struct rouse_xtrigger *xtrigger)
{
    call_clear_answer(call);
    call->verdict = xtrigger->ask(&call->call);
    if (call->verdict == ROUSE_SATISFIED && call->results.n > CALL_RESULTS_MAX) {
        call->verdict = ROUSE_ERROR;
        text_clear(&call->failure);
        text_addf(&call->failure, "the results are larger than %d bytes", CALL_RESULTS_MAX);
    }
    if (call->verdict == ROUSE_ERROR && !call->failure.n)
        text_add(&call->failure, "the plugin gave no reason");
}

int call_validate(struct call *call, const struct rouse_xtrigger *xtrigger, struct error *error)
{
    text_clear(&call->failure);
    if (!xtrigger->validate || xtrigger->validate(&call->call) == 0)
        return 0;
    return error_set(error, -EINVAL, "%s: %s; usage: %s", call->call.signature,
                     text_string(&call->failure), xtrigger->usage);
}

const char *call_log_line(struct call *call, size_t *at)
{
    char *line = call->log.at + *at;
    if (*at >= call->log.n)
        return NULL;
    char *end = strchr(line, '\n');
    *end = '\0';
    *at += (size_t)(end - line) + 1;
    return line;
}

void call_results(const struct call *call, struct text *out)
{
    text_addf(out, "{%s}", text_string(&call->results));
}

bool argument_is_true(const char *value)
{
    return value &&
           (strcmp(value, "True") == 0 || strcmp(value, "true") == 0 || strcmp(value, "1") == 0);
}

bool argument_is_false(const char *value)
{
    return value &&
           (strcmp(value, "False") == 0 || strcmp(value, "false") == 0 || strcmp(value, "0") == 0);
}

/* See http_json.h. */
#include "xtriggers/http_json.h"
#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

char *http_text(const json_t *value)
{
    if (json_is_string(value))
        return str_copy(json_string_value(value));
    if (json_is_boolean(value))
        return str_copy(json_is_true(value) ? "True" : "False");
    if (json_is_null(value))
        return str_copy("None");
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    return text ? text : str_copy("");
}

void http_result(struct rouse_call *call, const char *key, const json_t *value)
{
    enum rouse_type type = json_is_boolean(value)   ? ROUSE_BOOLEAN
                           : json_is_null(value)    ? ROUSE_NONE
                           : json_is_integer(value) ? ROUSE_INTEGER
                           : json_is_real(value)    ? ROUSE_NUMBER
                                                    : ROUSE_TEXT;
    char *text = http_text(value);
    call->typed_result(call, key, type, text);
    free(text);
}

void http_content(struct rouse_call *call, const char *bytes, size_t n)
{
    if (n > HTTP_CONTENT_MAX)
        for (n = HTTP_CONTENT_MAX; n && (bytes[n] & 0xc0) == 0x80;)
            n--;
    char *content = str_copy_n(bytes ? bytes : "", n);
    call->result(call, "content", content);
    free(content);
}

const json_t *http_member(const json_t *value, const char *path)
{
    while (value && *path) {
        size_t n = strcspn(path, ".");
        char *name = str_copy_n(path, n), *end = NULL;
        if (json_is_array(value)) {
            unsigned long index = strtoul(name, &end, 10);
            bool number = *name >= '0' && *name <= '9' && !*end;
            value = number ? json_array_get(value, index) : NULL;
        } else {
            value = json_object_get(value, name);
        }
        free(name);
        path += n + (path[n] == '.');
    }
    return value;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;
    return at && (c > '9' || (c >= '0' && c <= '9')) ? (int)(at - digits) : -1;
}

/* "a%20b+c" is "a b c"; heap. */
static char *unescape(const char *text, size_t n)
{
    struct text out = {0};
    for (size_t i = 0; i < n; i++) {
        int high = text[i] == '%' && i + 2 < n ? hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
        text_add_char(&out, low >= 0 ? (char)(high * 16 + low) : text[i] == '+' ? ' ' : text[i]);
        i += low >= 0 ? 2 : 0;
    }
    return text_take(&out);
}

static void set_text(json_t *object, const char *key, const char *text, size_t n)
{
    json_t *value = json_stringn(text, n);
    if (!value || memchr(text, '\0', n)) { /* not UTF-8 */
        json_decref(value);
        value = json_string("(not text)");
    }
    json_object_set_new(object, key, value);
}

static json_t *read_form(const char *at, size_t n)
{
    json_t *object = json_object();
    for (const char *end = at + n; at < end;) {
        size_t length = strcspn(at, "&");
        const char *equals = memchr(at, '=', length);
        char *key = unescape(at, equals ? (size_t)(equals - at) : length);
        char *value = equals ? unescape(equals + 1, (size_t)(at + length - equals - 1)) : NULL;
        if (*key && value)
            set_text(object, key, value, strlen(value));
        free(key);
        free(value);
        at += length + 1;
    }
    return object;
}

static bool type_is(const char *type, const char *wanted)
{
    return type && strncasecmp(type, wanted, strlen(wanted)) == 0;
}

json_t *http_posted(const char *type, const char *bytes, size_t n, struct error *error)
{
    json_error_t why;
    char *text = str_copy_n(n ? bytes : "", n);
    json_t *object = *text == '{' ? json_loadb(text, n, 0, &why) : NULL;
    if (json_is_object(object) || !n) {
        free(text);
        return object ? object : json_object();
    }
    if (type_is(type, "application/json")) {
        json_t *value = json_loadb(text, n, JSON_DECODE_ANY, &why);
        if (!value) {
            error_set(error, -EINVAL, "this is no JSON: %s", why.text);
        } else if ((object = json_object())) {
            json_object_set_new(object, "content", value);
        }
    } else if (type_is(type, "application/x-www-form-urlencoded") && strchr(text, '=')) {
        object = read_form(text, strlen(text));
    } else {
        object = json_object();
        set_text(object, "content", text, n < HTTP_CONTENT_MAX ? n : HTTP_CONTENT_MAX);
    }
    free(text);
    return object;
}

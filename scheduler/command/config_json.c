/* See config_json.h. */
#include "scheduler/command/config_json.h"
#include "base/check.h"
#include "scheduler/config/print.h"
#include "scheduler/config/workflow.h"
#include "scheduler/config/xtrigger_args.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Bytes that are no UTF-8 are shown as Latin-1 would read them. */
static json_t *string_json(const char *string, size_t n)
{
    json_t *json = json_stringn(string, n);
    if (json)
        return json;
    struct text text = {0};
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)string[i];
        if (c >= 0x80)
            text_add_char(&text, (char)(0xc0 | c >> 6));
        text_add_char(&text, (char)(c >= 0x80 ? 0x80 | (c & 0x3f) : c));
    }
    json = json_stringn(text_string(&text), text.n);
    text_release(&text);
    return json;
}

static json_t *duration_json(double seconds)
{
    struct text text = {0};
    duration_print(seconds, &text);
    json_t *json = json_string(text_string(&text));
    text_release(&text);
    return json;
}

/* An argument of an xtrigger, as Python would read it. */
static json_t *argument_json(const struct xtrigger_argument *argument)
{
    char text[64], *end;
    if (!argument->quoted && argument->value.n < sizeof text) {
        memcpy(text, argument->value.at, argument->value.n);
        text[argument->value.n] = '\0';
        if (!strcmp(text, "True") || !strcmp(text, "False"))
            return json_boolean(*text == 'T');
        if (!strcmp(text, "None"))
            return json_null();
        errno = 0;
        long long integer = strtoll(text, &end, 10);
        if (*text && !*end && !errno)
            return json_integer(integer);
        double number = strtod(text, &end);
        if (*text && !*end && !strpbrk(text, "xXnN"))
            return json_real(number);
    }
    return string_json(argument->value.at, argument->value.n);
}

static json_t *xtrigger_json(const struct xtrigger_def *xtrigger)
{
    json_t *args = json_array(), *kwargs = json_object();
    struct xtrigger_argument argument;
    for (struct slice rest = slice_of(xtrigger->args); xtrigger_next_argument(&rest, &argument);) {
        char *name = slice_copy(argument.name);
        if (*name)
            json_object_set_new(kwargs, name, argument_json(&argument));
        else
            json_array_append_new(args, argument_json(&argument));
        free(name);
    }
    return json_pack("{s:s, s:o, s:o, s:o}", "function", xtrigger->function, "args", args, "kwargs",
                     kwargs, "interval", duration_json(xtrigger->interval));
}

static json_t *list_json(const struct value *value)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < value->strings.n; i++)
        json_array_append_new(list,
                              string_json(value->strings.at[i], strlen(value->strings.at[i])));
    for (uint32_t i = 0; i < value->numbers.n; i++)
        json_array_append_new(list, duration_json(value->numbers.at[i]));
    for (uint32_t i = 0; i < value->integers.n; i++)
        json_array_append_new(list, json_integer(value->integers.at[i]));
    return list;
}

static json_t *empty_json(const struct value *value, const char *null)
{
    if (null)
        return string_json(null, strlen(null));
    if (value->unset)
        return json_null();
    switch (value->type) {
    case VALUE_STRING:
    case VALUE_GRAPH:
    case VALUE_XTRIGGER:
        return json_string("");
    case VALUE_STRING_LIST:
    case VALUE_DURATION_LIST:
    case VALUE_INTEGER_LIST:
        return json_array();
    case VALUE_FORMAT:
    case VALUE_BOOLEAN:
    case VALUE_INTEGER:
    case VALUE_NUMBER:
    case VALUE_DURATION:
        return json_null();
    }
    IMPOSSIBLE("no such type of value");
}

static json_t *value_json(const struct value *value, const char *null)
{
    if (value->empty)
        return empty_json(value, null);
    switch (value->type) {
    case VALUE_BOOLEAN:
        return json_boolean(value->boolean);
    case VALUE_INTEGER:
        return json_integer(value->integer);
    case VALUE_NUMBER:
        return json_real(value->number);
    case VALUE_DURATION:
        return duration_json(value->number);
    case VALUE_STRING_LIST:
    case VALUE_DURATION_LIST:
    case VALUE_INTEGER_LIST:
        return list_json(value);
    case VALUE_XTRIGGER:
        if (value->xtrigger)
            return xtrigger_json(value->xtrigger);
        break;
    case VALUE_STRING:
    case VALUE_FORMAT:
    case VALUE_GRAPH:
        break;
    }
    return string_json(value->string, strlen(value->string));
}

json_t *item_json(const struct item *item, const char *null)
{
    if (!item->section)
        return value_json(&item->value, null);
    json_t *object = json_object();
    for (const struct item *child = item->first; child; child = child->next) {
        json_t *name = string_json(child->name, strlen(child->name));
        json_object_set_new(object, json_string_value(name), item_json(child, null));
        json_decref(name);
    }
    return object;
}

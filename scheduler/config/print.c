/* See print.h. The layout: items of a section first, then its sections, four blanks a level; a
 * value of several lines in triple quotes, a level deeper. */
#include "scheduler/config/print.h"
#include "base/check.h"
#include "scheduler/config/workflow.h"
#include "scheduler/config/xtrigger_args.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { INDENT = 4, RUN_MIN = 3 };

static void print_fraction(double seconds, struct text *out)
{
    char digits[32];
    int n = snprintf(digits, sizeof digits, "%.6f", seconds);
    while (n > 0 && digits[n - 1] == '0')
        digits[--n] = '\0';
    if (n > 0 && digits[n - 1] == '.')
        digits[--n] = '\0';
    char *point = strchr(digits, '.');
    if (point)
        *point = ',';
    text_addf(out, "%sS", digits);
}

void duration_print(double seconds, struct text *out)
{
    double days = floor(seconds / 86400), rest = seconds - days * 86400;
    int hours = (int)(rest / 3600), minutes = (int)(rest / 60) % 60;
    rest -= hours * 3600 + minutes * 60;
    if (seconds == 0) {
        text_add(out, "P0Y");
        return;
    }
    text_add_char(out, 'P');
    if (days != 0)
        text_addf(out, "%.0fD", days);
    if (hours || minutes || rest > 0)
        text_add_char(out, 'T');
    if (hours)
        text_addf(out, "%dH", hours);
    if (minutes)
        text_addf(out, "%dM", minutes);
    if (rest > 0)
        print_fraction(rest, out);
}

void number_print(double number, struct text *out)
{
    char digits[40];
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, number);
        if (strtod(digits, NULL) == number)
            break;
    }
    if (strchr(digits, 'e') && fabs(number) >= 1e-4 && fabs(number) < 1e16)
        snprintf(digits, sizeof digits, "%.0f", number); /* the digits of a whole number */
    text_add(out, digits);
    if (!strpbrk(digits, ".en"))
        text_add(out, ".0");
}

/* As Python writes a string. */
static void print_quoted(const char *string, struct text *out)
{
    char quote = strchr(string, '\'') && !strchr(string, '"') ? '"' : '\'';
    text_add_char(out, quote);
    for (const char *c = string; *c; c++) {
        if (*c == quote || *c == '\\')
            text_add_char(out, '\\');
        text_add_char(out, *c);
    }
    text_add_char(out, quote);
}

static void print_strings(const struct string_list *list, struct text *out)
{
    for (uint32_t i = 0; i < list->n; i++) {
        text_add(out, i ? ", " : "");
        if (strpbrk(list->at[i], ",#\"'"))
            print_quoted(list->at[i], out);
        else
            text_add(out, list->at[i]);
    }
}

static void print_durations(const struct number_list *list, struct text *out)
{
    for (uint32_t i = 0; i < list->n; i++) {
        text_add(out, i ? ", " : "");
        duration_print(list->at[i], out);
    }
}

/* How many of the list, from `first` on, are equally far apart. */
static uint32_t run_length(const struct integer_list *list, uint32_t first)
{
    uint32_t n = 1;
    for (uint32_t i = first + 1; i < list->n; i++, n++)
        if (list->at[i] - list->at[i - 1] != list->at[first + 1] - list->at[first] ||
            list->at[i] <= list->at[i - 1])
            break;
    return n;
}

static void print_integers(const struct integer_list *list, struct text *out)
{
    for (uint32_t i = 0; i < list->n;) {
        uint32_t n = run_length(list, i);
        text_addf(out, "%s%lld", i ? ", " : "", (long long)list->at[i]);
        if (n < RUN_MIN) {
            i++;
            continue;
        }
        int64_t step = list->at[i + 1] - list->at[i];
        text_addf(out, "..%lld", (long long)list->at[i + n - 1]);
        if (step > 1)
            text_addf(out, "..%lld", (long long)step);
        i += n;
    }
}

static void print_xtrigger(const struct xtrigger_def *xtrigger, struct text *out)
{
    struct xtrigger_argument argument;
    struct slice rest = slice_of(xtrigger->args);
    text_addf(out, "%s(", xtrigger->function);
    for (bool any = false; xtrigger_next_argument(&rest, &argument); any = true) {
        text_add(out, any ? ", " : "");
        if (argument.name.n)
            text_addf(out, "%.*s=", (int)argument.name.n, argument.name.at);
        text_add_n(out, argument.value.at, argument.value.n);
    }
    text_add(out, "):");
    number_print(xtrigger->interval, out);
}

void value_print(const struct value *value, const char *null, struct text *out)
{
    if (value->empty) {
        text_add(out, null);
        return;
    }
    switch (value->type) {
    case VALUE_STRING:
    case VALUE_FORMAT:
    case VALUE_GRAPH:
        text_add(out, value->string);
        return;
    case VALUE_BOOLEAN:
        text_add(out, value->boolean ? "True" : "False");
        return;
    case VALUE_INTEGER:
        text_addf(out, "%lld", (long long)value->integer);
        return;
    case VALUE_NUMBER:
        number_print(value->number, out);
        return;
    case VALUE_DURATION:
        duration_print(value->number, out);
        return;
    case VALUE_STRING_LIST:
        print_strings(&value->strings, out);
        return;
    case VALUE_DURATION_LIST:
        print_durations(&value->numbers, out);
        return;
    case VALUE_INTEGER_LIST:
        print_integers(&value->integers, out);
        return;
    case VALUE_XTRIGGER:
        if (value->xtrigger)
            print_xtrigger(value->xtrigger, out);
        else
            text_add(out, value->string);
        return;
    }
    IMPOSSIBLE("no such type of value");
}

static void indent(int level, struct text *out)
{
    for (int i = 0; i < level * INDENT; i++)
        text_add_char(out, ' ');
}

static void print_lines(const char *lines, int depth, struct text *out)
{
    text_add(out, "\"\"\"\n");
    for (const char *at = lines;;) {
        size_t n = strcspn(at, "\n");
        indent(depth + 1, out);
        text_add_n(out, at, n);
        text_add_char(out, '\n');
        if (!at[n])
            break;
        at += n + 1;
    }
    indent(depth, out);
    text_add(out, "\"\"\"");
}

static void print_item(const struct item *item, int depth, const char *null, struct text *out)
{
    struct text value = {0};
    value_print(&item->value, null ? null : "", &value);
    indent(depth, out);
    text_addf(out, "%s = ", item->name);
    if (value.n && strchr(value.at, '\n'))
        print_lines(text_string(&value), depth, out);
    else
        text_add(out, text_string(&value));
    text_add_char(out, '\n');
    text_release(&value);
}

/* Nothing: a section without items, an item that is set to nothing but is no string. */
static bool is_nothing(const struct item *item)
{
    enum value_type type = item->value.type;
    if (item->section)
        return !item->first;
    return item->value.empty && type != VALUE_STRING && type != VALUE_GRAPH;
}

static void print_below(const struct item *section, int level, int depth, const char *null,
                        struct text *out)
{
    for (const struct item *item = section->first; item; item = item->next)
        if (!item->section && (null || !is_nothing(item)))
            print_item(item, depth, null, out);
    for (const struct item *item = section->first; item; item = item->next) {
        if (!item->section || (!null && is_nothing(item)))
            continue;
        indent(depth, out);
        for (int i = 0; i < level; i++)
            text_add_char(out, '[');
        text_add(out, item->name);
        for (int i = 0; i < level; i++)
            text_add_char(out, ']');
        text_add_char(out, '\n');
        print_below(item, level + 1, depth + 1, null, out);
    }
}

void section_print(const struct item *section, int level, const char *null, struct text *out)
{
    print_below(section, level, 0, null, out);
}

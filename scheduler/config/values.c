/* Typed values. A value that begins with a quote is quoted up to the closing one; any other ends at
 * the first `#`. */
#include "scheduler/config/values.h"
#include "base/check.h"
#include "base/vec.h"
#include "scheduler/cycling/cycling.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { VALUE_QUOTED_MAX = 120 };

static int refuse(struct error *error, const char *expected, struct slice got)
{
    int n = got.n > VALUE_QUOTED_MAX ? VALUE_QUOTED_MAX : (int)got.n;
    return error_set(error, -EINVAL, "expected %s, not \"%.*s\"", expected, n, n ? got.at : "");
}

/* The closing quote of s, which begins with one; a backslash guards the next character. */
static const char *closing_quote(struct slice s)
{
    for (size_t i = 1; i < s.n; i++) {
        if (s.at[i] == '\\')
            i++;
        else if (s.at[i] == s.at[0])
            return s.at + i;
    }
    return NULL;
}

static bool is_quoted(struct slice s)
{
    return s.n && (s.at[0] == '"' || s.at[0] == '\'');
}

static struct slice without_comment(struct slice s)
{
    const char *hash = s.n ? memchr(s.at, '#', s.n) : NULL;
    if (hash)
        s.n = (size_t)(hash - s.at);
    return slice_trim(s);
}

/* The text of a value on one line. */
static int unquote(struct slice s, struct slice *ret, struct error *error)
{
    if (!is_quoted(s)) {
        *ret = without_comment(s);
        return 0;
    }
    const char *end = closing_quote(s);
    if (!end)
        return refuse(error, "a closing quote", s);
    struct slice rest = slice_trim((struct slice){end + 1, s.n - (size_t)(end + 1 - s.at)});
    if (rest.n && rest.at[0] != '#')
        return refuse(error, "nothing after the closing quote", s);
    *ret = slice_trim((struct slice){s.at + 1, (size_t)(end - s.at) - 1});
    return 0;
}

static bool take_row(struct slice *rest, struct slice *ret_row)
{
    if (!rest->at)
        return false;
    const char *newline = rest->n ? memchr(rest->at, '\n', rest->n) : NULL;
    *ret_row = (struct slice){rest->at, newline ? (size_t)(newline - rest->at) : rest->n};
    if (newline)
        *rest = (struct slice){newline + 1, rest->n - ret_row->n - 1};
    else
        *rest = (struct slice){0};
    return true;
}

static size_t indent(struct slice row)
{
    size_t n = 0;
    while (n < row.n && (row.at[n] == ' ' || row.at[n] == '\t'))
        n++;
    return n;
}

/* How many bytes of blanks all rows that hold anything begin with alike. */
static size_t common_indent(struct slice text)
{
    struct slice rest = text, row, margin = {0};
    bool any = false;
    while (take_row(&rest, &row)) {
        size_t n = indent(row);
        if (n == row.n)
            continue;
        if (!any)
            margin = (struct slice){row.at, n};
        any = true;
        size_t same = 0;
        while (same < n && same < margin.n && row.at[same] == margin.at[same])
            same++;
        margin.n = same;
    }
    return margin.n;
}

static bool ends_in_backslash(struct slice row)
{
    return row.n && row.at[row.n - 1] == '\\';
}

static void join_continued(struct slice text, struct text *ret)
{
    struct slice row, rest = text;
    while (take_row(&rest, &row)) {
        bool joined = ends_in_backslash(row) && rest.at;
        if (row.n)
            text_add_n(ret, row.at, row.n - joined);
        if (!joined && rest.at)
            text_add_char(ret, '\n');
    }
}

static const char *block_string(struct arena *arena, struct slice block)
{
    struct text joined = {0}, text = {0};
    join_continued(block, &joined);
    struct slice rest = {text_string(&joined), joined.n}, row;
    size_t margin = common_indent(rest);
    while (take_row(&rest, &row)) {
        if (indent(row) < row.n)
            text_add_n(&text, row.at + margin, row.n - margin);
        if (rest.at)
            text_add_char(&text, '\n');
    }
    const char *string = arena_text(arena, slice_trim((struct slice){text_string(&text), text.n}));
    text_release(&joined);
    text_release(&text);
    return string;
}

int value_string(struct arena *arena, const struct raw_value *raw, const char **ret_string,
                 struct error *error)
{
    struct slice text = {0};
    if (raw->block) {
        *ret_string = block_string(arena, raw->text);
        return 0;
    }
    int result = unquote(raw->text, &text, error);
    if (result == 0)
        *ret_string = arena_text(arena, text);
    return result;
}

/* A list whose first item is quoted is taken apart as Python's shlex does it: words and quoted
 * texts that touch are one item, a comma, a blank or any character that is not in a word ends one.
 */
static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (unsigned char)c >= 0x80 || (c && strchr("_~-./*?=", c));
}

/* Append what stands between quotes; the length with the quotes, or 0 if they are not closed. */
static size_t take_quotes(struct slice rest, struct text *item)
{
    char quote = rest.at[0];
    for (size_t i = 1; i < rest.n; i++) {
        if (rest.at[i] == quote)
            return i + 1;
        bool escaped = quote == '"' && rest.at[i] == '\\' && i + 1 < rest.n &&
                       (rest.at[i + 1] == '"' || rest.at[i + 1] == '\\');
        i += escaped;
        text_add_char(item, rest.at[i]);
    }
    return 0;
}

/* The words and quoted texts in front; one other character if there are none. */
static int take_token(struct slice *rest, struct text *item, struct error *error)
{
    size_t n = 0;
    while (n < rest->n && (is_word_char(rest->at[n]) || rest->at[n] == '\\' ||
                           is_quoted((struct slice){rest->at + n, 1}))) {
        const struct slice here = {rest->at + n, rest->n - n};
        size_t taken = 1;
        if (is_quoted(here) && !(taken = take_quotes(here, item)))
            return refuse(error, "a closing quote", *rest);
        if (*here.at == '\\' && here.n > 1)
            text_add_char(item, here.at[taken++]);
        else if (is_word_char(*here.at))
            text_add_char(item, *here.at);
        n += taken;
    }
    if (!n)
        text_add_char(item, rest->at[n++]);
    *rest = (struct slice){rest->at + n, rest->n - n};
    return 0;
}

/* 1 and the next item, or 0 at the end. */
static int take_quoted(struct arena *arena, struct slice *rest, struct slice *ret,
                       struct error *error)
{
    while (rest->n && (strchr(", \t\n\r", rest->at[0])))
        *rest = (struct slice){rest->at + 1, rest->n - 1};
    if (!rest->n || rest->at[0] == '#')
        return 0;
    struct text item = {0};
    int result = take_token(rest, &item, error);
    if (result == 0)
        *ret =
            (struct slice){arena_text(arena, (struct slice){text_string(&item), item.n}), item.n};
    text_release(&item);
    return result < 0 ? result : 1;
}

static int take_plain(struct slice *rest, struct slice *ret)
{
    if (!rest->n)
        return 0;
    const char *comma = memchr(rest->at, ',', rest->n);
    size_t n = comma ? (size_t)(comma - rest->at) : rest->n;
    *ret = slice_trim((struct slice){rest->at, n});
    n += comma ? 1 : 0;
    *rest = (struct slice){rest->at + n, rest->n - n};
    return 1;
}

/* "t<m,n>" cannot be told from two items. */
static bool has_comma_in_angles(struct slice s)
{
    bool inside = false;
    for (size_t i = 0; i < s.n; i++) {
        if (inside && s.at[i] == ',')
            return true;
        if (s.at[i] == '<' || s.at[i] == '>')
            inside = s.at[i] == '<';
    }
    return false;
}

typedef int add_item_fn(void *context, struct arena *arena, struct slice item, struct error *error);

static int for_each_item(struct arena *arena, const struct raw_value *raw, add_item_fn *add,
                         void *context, struct error *error)
{
    struct slice rest = raw->text, item = {0};
    if (raw->block)
        rest = slice_of(block_string(arena, raw->text));
    bool quoted = is_quoted(rest);
    if (!quoted) {
        rest = without_comment(rest);
        if (has_comma_in_angles(rest))
            return refuse(error, "quotes around names with commas (\"foo<m,n>\")", rest);
    }
    int result;
    while ((result = quoted ? take_quoted(arena, &rest, &item, error) : take_plain(&rest, &item)) >
           0)
        if (item.n && (result = add(context, arena, item, error)) < 0)
            return result;
    return result;
}

typedef VEC(const char *) string_vec;
typedef VEC(double) double_vec;
typedef VEC(int64_t) integer_vec;

/* A copy in the arena. */
static void *keep(struct arena *arena, const void *at, size_t n, size_t size)
{
    void *copy = arena_new_array(arena, n, size);
    if (n)
        memcpy(copy, at, n * size);
    return copy;
}

static int add_string(void *context, struct arena *arena, struct slice item, struct error *error)
{
    string_vec *strings = context;
    if (strings->n >= LIST_MAX)
        return error_set(error, -EINVAL, "a list longer than %d items", LIST_MAX);
    *vec_push(strings) = arena_text(arena, item);
    return 0;
}

int value_string_list(struct arena *arena, const struct raw_value *raw, struct string_list *ret,
                      struct error *error)
{
    string_vec strings = {0};
    int result = for_each_item(arena, raw, add_string, &strings, error);
    if (result == 0)
        *ret = (struct string_list){keep(arena, strings.at, strings.n, sizeof *strings.at),
                                    (uint32_t)strings.n};
    vec_release(&strings);
    return result;
}

static int parse_integer(const char *text, int64_t *ret, struct error *error)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || end == text || *end)
        return refuse(error, "an integer", slice_of(text));
    *ret = number;
    return 0;
}

static int parse_duration(const char *text, double *ret, struct error *error)
{
    int result = duration_parse(text, ret, error);
    if (result < 0)
        return refuse(error, "an ISO 8601 duration (such as PT1H30M)", slice_of(text));
    return 0;
}

/* "PT1M" or "3*PT1M". */
static int add_duration(void *context, struct arena *arena, struct slice item, struct error *error)
{
    double_vec *numbers = context;
    int64_t times = 1;
    const char *star = memchr(item.at, '*', item.n);
    int result = 0;
    if (star) {
        struct slice count = slice_trim((struct slice){item.at, (size_t)(star - item.at)});
        result = parse_integer(arena_text(arena, count), &times, error);
        item = slice_trim((struct slice){star + 1, item.n - (size_t)(star + 1 - item.at)});
    }
    double seconds = 0;
    if (result == 0)
        result = parse_duration(arena_text(arena, item), &seconds, error);
    if (result == 0 && times < 0)
        result = error_set(error, -EINVAL, "expected a number of times before the `*`, not %lld",
                           (long long)times);
    if (result == 0 && (times > LIST_MAX - (int64_t)numbers->n))
        result = error_set(error, -EINVAL, "a list longer than %d items", LIST_MAX);
    for (int64_t i = 0; result == 0 && i < times; i++)
        *vec_push(numbers) = seconds;
    return result;
}

/* "3", "1..5", "10..20..5" (with a step); multipliers as for durations make no sense here. */
static int add_integers(void *context, struct arena *arena, struct slice item, struct error *error)
{
    integer_vec *numbers = context;
    int64_t part[3] = {0, 0, 1};
    int parts = 0, result = 0;
    for (const char *text = arena_text(arena, item), *dots; text && result == 0; parts++) {
        if (parts == 3)
            return refuse(error, "an integer or a range such as 1..9 or 1..9..2", item);
        dots = strstr(text, "..");
        struct slice number =
            slice_trim((struct slice){text, dots ? (size_t)(dots - text) : strlen(text)});
        result = parse_integer(arena_text(arena, number), &part[parts], error);
        text = dots ? dots + 2 : NULL;
    }
    if (parts == 1)
        part[1] = part[0];
    if (result == 0 && part[2] < 1)
        result = refuse(error, "a positive step", item);
    if (result < 0)
        return result;
    if (part[1] > part[0] && (part[1] - part[0]) / part[2] >= LIST_MAX - (int64_t)numbers->n)
        return error_set(error, -EINVAL, "a list longer than %d items", LIST_MAX);
    for (int64_t i = part[0]; i <= part[1]; i += part[2])
        *vec_push(numbers) = i;
    return 0;
}

static int read_integers(struct arena *arena, const struct raw_value *raw, struct integer_list *ret,
                         struct error *error)
{
    integer_vec numbers = {0};
    int result = for_each_item(arena, raw, add_integers, &numbers, error);
    if (result == 0)
        *ret = (struct integer_list){keep(arena, numbers.at, numbers.n, sizeof *numbers.at),
                                     (uint32_t)numbers.n};
    vec_release(&numbers);
    return result;
}

static int read_durations(struct arena *arena, const struct raw_value *raw, struct number_list *ret,
                          struct error *error)
{
    double_vec numbers = {0};
    int result = for_each_item(arena, raw, add_duration, &numbers, error);
    if (result == 0)
        *ret = (struct number_list){keep(arena, numbers.at, numbers.n, sizeof *numbers.at),
                                    (uint32_t)numbers.n};
    vec_release(&numbers);
    return result;
}

static int parse_boolean(const char *text, bool *ret, struct error *error)
{
    bool is_true = strcmp(text, "True") == 0 || strcmp(text, "true") == 0;
    if (!is_true && strcmp(text, "False") != 0 && strcmp(text, "false") != 0)
        return refuse(error, "True or False", slice_of(text));
    *ret = is_true;
    return 0;
}

static int parse_number(const char *text, double *ret, struct error *error)
{
    char *end;
    errno = 0;
    double number = strtod(text, &end);
    if (errno || end == text || *end || !(number - number == 0))
        return refuse(error, "a number", slice_of(text));
    *ret = number;
    return 0;
}

static int read_scalar(struct value *value, struct error *error)
{
    switch (value->type) {
    case VALUE_BOOLEAN:
        return parse_boolean(value->string, &value->boolean, error);
    case VALUE_INTEGER:
        return parse_integer(value->string, &value->integer, error);
    case VALUE_NUMBER:
        return parse_number(value->string, &value->number, error);
    case VALUE_DURATION:
        return parse_duration(value->string, &value->number, error);
    case VALUE_STRING:
    case VALUE_FORMAT:
    case VALUE_XTRIGGER:
        return 0;
    case VALUE_STRING_LIST:
    case VALUE_DURATION_LIST:
    case VALUE_INTEGER_LIST:
    case VALUE_GRAPH:
        break;
    }
    IMPOSSIBLE("not a scalar");
}

int value_read(struct arena *arena, enum value_type type, const struct raw_value *raw,
               struct value *ret_value, struct error *error)
{
    struct value value = {.type = type, .string = ""};
    int result = 0;
    if (type == VALUE_STRING_LIST) {
        result = value_string_list(arena, raw, &value.strings, error);
        value.empty = value.strings.n == 0;
    } else if (type == VALUE_DURATION_LIST) {
        result = read_durations(arena, raw, &value.numbers, error);
        value.empty = value.numbers.n == 0;
    } else if (type == VALUE_INTEGER_LIST) {
        result = read_integers(arena, raw, &value.integers, error);
        value.empty = value.integers.n == 0;
    } else if (type != VALUE_GRAPH) {
        result = value_string(arena, raw, &value.string, error);
        value.empty = result == 0 && !*value.string;
        if (result == 0 && !value.empty)
            result = read_scalar(&value, error);
    }
    if (result == 0)
        *ret_value = value;
    return result;
}

struct value value_copy(struct arena *arena, const struct value *value)
{
    struct value copy = *value;
    const char **strings = keep(arena, value->strings.at, value->strings.n, sizeof *strings);
    for (uint32_t i = 0; i < value->strings.n; i++)
        strings[i] = arena_text(arena, slice_of(value->strings.at[i]));
    copy.string = arena_text(arena, slice_of(value->string ? value->string : ""));
    copy.strings.at = strings;
    copy.numbers.at = keep(arena, value->numbers.at, value->numbers.n, sizeof *value->numbers.at);
    copy.integers.at =
        keep(arena, value->integers.at, value->integers.n, sizeof *value->integers.at);
    return copy;
}

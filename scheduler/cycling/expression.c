/* Point expressions. */
#include "scheduler/cycling/expression.h"

#include "base/check.h"
#include "scheduler/cycling/truncated.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { BASE_TEXT_MAX = 128 };

static bool is_sign(char c)
{
    return c == '+' || c == '-';
}

static size_t skip_blanks(struct slice text, size_t from)
{
    while (from < text.n && isspace((unsigned char)text.at[from]))
        from++;
    return from;
}

static struct slice after(struct slice text, size_t n)
{
    return n ? (struct slice){text.at + n, text.n - n} : text; /* text.at may be NULL */
}

struct slice list_take(struct slice *rest)
{
    int depth = 0;
    size_t i = 0;

    for (; i < rest->n; i++) {
        if (rest->at[i] == '(')
            depth++;
        else if (rest->at[i] == ')')
            depth--;
        else if (rest->at[i] == ',' && depth == 0)
            break;
    }
    const struct slice item = {rest->at, i};
    *rest = i < rest->n ? after(*rest, i + 1) : (struct slice){0};
    return slice_trim(item);
}

/* Where the next signed interval begins, from `from` on; text.n if there is none. */
static size_t find_term(struct slice text, size_t from)
{
    for (size_t i = from; i < text.n; i++) {
        const size_t next = skip_blanks(text, i + 1);
        if (is_sign(text.at[i]) && next < text.n && text.at[next] == 'P')
            return i;
    }
    return text.n;
}

void expression_split(struct slice text, struct slice *ret_base, struct slice *ret_tail)
{
    text = slice_trim(text);
    const size_t tail_at = text.n > 0 && text.at[0] == 'P' ? 0 : find_term(text, 0);
    *ret_base = slice_trim((struct slice){text.at, tail_at});
    *ret_tail = after(text, tail_at);
}

int expression_take_term(const struct cycling *cycling, struct slice *tail,
                         struct interval *ret_term, struct error *error)
{
    struct interval term;
    bool negative = false;
    size_t start = 0;

    PRE(tail->n > 0);
    if (is_sign(tail->at[0])) {
        negative = tail->at[0] == '-';
        start = skip_blanks(*tail, 1);
    }
    const size_t end = find_term(*tail, start);
    const struct slice interval = slice_trim((struct slice){tail->at + start, end - start});
    if (interval_parse_slice(cycling, interval, &term, error))
        return error->code;
    *ret_term = negative ? interval_negated(&term) : term;
    *tail = after(*tail, end);
    return 0;
}

int expression_add_tail(const struct cycling *cycling, struct slice tail, cycle_point *point,
                        struct error *error)
{
    const struct slice whole = tail;
    while (tail.n > 0) {
        struct interval term;
        if (expression_take_term(cycling, &tail, &term, error))
            return error->code;
        *point = point_add(cycling, *point, &term, 1);
        if (*point == POINT_NONE)
            return error_set(error, -ERANGE, "offset '%.*s' leads beyond the range of cycle points",
                             (int)whole.n, whole.at);
    }
    return 0;
}

/* Cylc's short spellings of truncated points: "01T00" for "---01T00" and so on. */
static const char *missing_dashes(struct slice text)
{
    size_t digits = 0;
    while (digits < text.n && isdigit((unsigned char)text.at[digits]))
        digits++;
    if (digits < text.n && text.at[digits] == 'T') {
        if (digits == 2)
            return "---";
        if (digits == 4)
            return "--";
        if (digits == 3)
            return "-";
    }
    const bool week = text.n > 1 && text.at[0] == 'W';
    /* "W10-1" is left out, as in Cylc: it looks like a week and an offset. */
    const bool dashed = text.n > 3 && isdigit((unsigned char)text.at[1]) && text.at[3] == '-';
    return week && !dashed ? "-" : "";
}

static int no_context(struct slice text, struct error *error)
{
    return error_set(error, -EINVAL, "'%.*s' is not a full cycle point", (int)text.n, text.at);
}

int expression_read_base(const struct cycling *cycling, struct slice base, bool *ret_truncated,
                         cycle_point *ret_point, struct iso_text *ret_iso, struct error *error)
{
    char spelled[BASE_TEXT_MAX];

    *ret_truncated = false;
    if (format_read(cycling, base, ret_point))
        return 0;
    if (base.n == 2 && isdigit((unsigned char)base.at[0]) && isdigit((unsigned char)base.at[1]))
        return error_set(error, -EINVAL,
                         "'%.*s': a century cannot be used here; the hour would be T%.*s",
                         (int)base.n, base.at, (int)base.n, base.at);
    if (base.n > BASE_TEXT_MAX - 8)
        return error_set(error, -EINVAL, "cycle point '%.*s...' is too long", 32, base.at);
    snprintf(spelled, sizeof spelled, "%s%.*s", missing_dashes(base), (int)base.n, base.at);
    if (iso_text_parse(cycling, slice_of(spelled), ret_iso, error))
        return error->code;
    *ret_truncated = !ret_iso->has_year;
    return *ret_truncated ? 0 : iso_text_point(cycling, ret_iso, ret_point, error);
}

static int evaluate_base(const struct cycling *cycling, struct slice base, cycle_point context,
                         struct expression *expression, struct error *error)
{
    struct iso_text iso;
    bool truncated;

    int code = expression_read_base(cycling, base, &truncated, &expression->point, &iso, error);
    if (code < 0 || !truncated)
        return code;
    if (context == POINT_NONE)
        return no_context(base, error);
    expression->point = truncated_next(cycling, &iso, context);
    expression->is_truncated = true;
    expression->unit = truncated_unit(&iso);
    if (expression->point == POINT_NONE)
        return error_set(error, -ERANGE, "the next '%.*s' is beyond the range of cycle points",
                         (int)base.n, base.at);
    return 0;
}

static int evaluate_single(const struct cycling *cycling, struct slice text, cycle_point context,
                           struct expression *ret_expression, struct error *error)
{
    struct expression expression = {.point = context};
    struct slice base, tail;

    expression_split(text, &base, &tail);
    if (base.n > 0 && evaluate_base(cycling, base, context, &expression, error))
        return error->code;
    if (expression.point == POINT_NONE)
        return no_context(text, error);
    if (expression_add_tail(cycling, tail, &expression.point, error))
        return error->code;
    *ret_expression = expression;
    return 0;
}

static int evaluate_min(const struct cycling *cycling, struct slice list, cycle_point context,
                        struct expression *ret_expression, struct error *error)
{
    struct expression least = {.point = POINT_MAX};

    if (slice_trim(list).n == 0)
        return error_set(error, -EINVAL, "min() needs at least one cycle point");
    while (list.at) {
        struct expression expression;
        const struct slice item = list_take(&list);
        if (item.n == 0)
            return error_set(error, -EINVAL, "empty item in min(...)");
        if (evaluate_single(cycling, item, context, &expression, error))
            return error->code;
        if (expression.point < least.point)
            least = expression;
    }
    *ret_expression = least;
    return 0;
}

static int evaluate_integer(const struct cycling *cycling, struct slice text, cycle_point context,
                            struct expression *ret_expression, struct error *error)
{
    struct expression expression = {.point = context};
    const bool relative = text.n > 1 && is_sign(text.at[0]) && text.at[1] == 'P';
    struct interval interval;

    if (relative || text.n == 0) {
        if (context == POINT_NONE)
            return no_context(text, error);
        if (!relative) {
            *ret_expression = expression;
            return 0;
        }
        if (interval_parse_slice(cycling, text, &interval, error))
            return error->code;
        expression.point = point_add(cycling, context, &interval, 1);
        if (expression.point == POINT_NONE)
            return error_set(error, -ERANGE, "offset '%.*s' leads beyond the range of cycle points",
                             (int)text.n, text.at);
    } else if (integer_parse(text, &expression.point, error)) {
        return error->code;
    }
    *ret_expression = expression;
    return 0;
}

int expression_evaluate(const struct cycling *cycling, struct slice text, cycle_point context,
                        struct expression *ret_expression, struct error *error)
{
    text = slice_trim(text);
    if (cycling->mode == CYCLING_INTEGER)
        return evaluate_integer(cycling, text, context, ret_expression, error);
    if (text.n >= 5 && strncmp(text.at, "min(", 4) == 0 && text.at[text.n - 1] == ')')
        return evaluate_min(cycling, (struct slice){text.at + 4, text.n - 5}, context,
                            ret_expression, error);
    return evaluate_single(cycling, text, context, ret_expression, error);
}

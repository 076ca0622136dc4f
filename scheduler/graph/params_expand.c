/* Names and graph statements with parameters, expanded.
 *
 * Inside <> stands a list of references: `m` (the value in hand), `m=cat` (that value) or `m-1`
 * (the value before the one in hand, graph only). The <> becomes the parameters' templates one
 * after another, each filled in. */
#include "base/check.h"
#include "scheduler/graph/arena.h"
#include "scheduler/graph/param.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { OUT_OF_RANGE = -2 };

/* --- a combination of values --- */

/* By parameter: the index of its value, or PARAM_NONE. */
struct combination {
    const struct params *params;
    int value[PARAMS_MAX];
    const struct param_value *given; /* for params_fill: values by text */
    size_t n_given;
};

/* One reference inside <>. */
struct reference {
    int param;
    struct slice fixed; /* at NULL: none */
    long long offset;
};

static int parse_reference(const struct params *params, struct slice text, struct slice whole,
                           struct reference *ret_reference, struct error *error)
{
    struct reference reference = {0};
    text = slice_trim(text);
    size_t n = 0;
    while (n < text.n && text.at[n] != '=' && text.at[n] != '+' && text.at[n] != '-')
        n++;
    struct slice name = slice_trim((struct slice){text.at, n});
    struct slice rest = {text.at + n, text.n - n};
    reference.param = param_find(params, name);
    if (reference.param == PARAM_NONE || params->all.at[reference.param].values.n == 0)
        return error_set(error, -EINVAL, "parameter '%.*s' in '%.*s' is not defined", (int)name.n,
                         name.at, (int)whole.n, whole.at);
    if (rest.n && rest.at[0] == '=') {
        reference.fixed = slice_trim((struct slice){rest.at + 1, rest.n - 1});
    } else if (rest.n) {
        struct slice digits = slice_trim((struct slice){rest.at + 1, rest.n - 1});
        if (!param_integer(digits, &reference.offset) || !isdigit((unsigned char)digits.at[0]))
            return error_set(error, -EINVAL,
                             "bad parameter offset '%.*s' in '%.*s': expected one such as m-1",
                             (int)text.n, text.at, (int)whole.n, whole.at);
        if (rest.at[0] == '-')
            reference.offset = -reference.offset;
    }
    *ret_reference = reference;
    return 0;
}

/* Which value the reference has in the combination, or OUT_OF_RANGE. */
static int resolve(const struct combination *combination, const struct reference *reference,
                   struct slice whole, int *ret_value, struct error *error)
{
    const struct param *param = &combination->params->all.at[reference->param];
    if (reference->fixed.at) {
        *ret_value = param_find_value(param, reference->fixed);
        if (*ret_value == PARAM_NONE)
            return error_set(error, -EINVAL, "parameter %s is out of range: %s=%.*s, in '%.*s'",
                             param->name, param->name, (int)reference->fixed.n, reference->fixed.at,
                             (int)whole.n, whole.at);
        return 0;
    }
    int value = combination->value[reference->param];
    for (size_t i = 0; value == PARAM_NONE && i < combination->n_given; i++)
        if (strcmp(combination->given[i].name, param->name) == 0)
            value = param_find_value(param, slice_of(combination->given[i].value));
    if (value == PARAM_NONE)
        return error_set(error, -EINVAL, "parameter '%s' in '%.*s' has no value here", param->name,
                         (int)whole.n, whole.at);
    long long moved = value + reference->offset;
    *ret_value = moved < 0 || moved >= (long long)param->values.n ? OUT_OF_RANGE : (int)moved;
    return 0;
}

/* --- names --- */

/* The next <...> of a name: what is before it, and inside. False if there is none. */
static bool next_brackets(struct slice *rest, struct slice *ret_before, struct slice *ret_inside)
{
    struct slice after = *rest;
    if (!param_cut(&after, "<", ret_before) || !param_cut(&after, ">", ret_inside))
        return false;
    *rest = after;
    return true;
}

/* Called with each reference inside a name's <>. */
typedef int reference_handler(void *context, const struct reference *reference, struct slice whole,
                              struct error *error);

static int each_reference(const struct params *params, struct slice inside, struct slice whole,
                          reference_handler *handler, void *context, struct error *error)
{
    bool more = true;
    int code = 0;
    while (code == 0 && more) {
        struct slice item = {0};
        struct reference reference = {0};
        more = param_cut(&inside, ",", &item);
        code = parse_reference(params, more ? item : inside, whole, &reference, error);
        if (code == 0)
            code = handler(context, &reference, whole, error);
    }
    return code;
}

struct filling {
    const struct combination *combination;
    int values[PARAMS_MAX];
    int order[PARAMS_MAX];
    size_t n;
    bool out_of_range;
};

static int note_reference(void *context, const struct reference *reference, struct slice whole,
                          struct error *error)
{
    struct filling *filling = context;
    int value = PARAM_NONE;
    int code = resolve(filling->combination, reference, whole, &value, error);
    if (code < 0)
        return code;
    if (filling->n == PARAMS_MAX)
        return error_set(error, -EINVAL, "more than %d parameters in '%.*s' (PARAMS_MAX)",
                         (int)PARAMS_MAX, (int)whole.n, whole.at);
    filling->out_of_range = filling->out_of_range || value == OUT_OF_RANGE;
    filling->values[reference->param] = value;
    filling->order[filling->n++] = reference->param;
    return 0;
}

static int fill_brackets(const struct combination *combination, struct slice inside,
                         struct slice whole, struct text *out, bool *ret_out_of_range,
                         struct error *error)
{
    const struct params *params = combination->params;
    struct filling filling = {.combination = combination};
    for (size_t i = 0; i < PARAMS_MAX; i++)
        filling.values[i] = PARAM_NONE;
    int code = each_reference(params, inside, whole, note_reference, &filling, error);
    if (code == 0 && filling.out_of_range)
        *ret_out_of_range = true;
    for (size_t i = 0; code == 0 && !filling.out_of_range && i < filling.n; i++) {
        const struct param *param = &params->all.at[filling.order[i]];
        code = param_fill_template(
            params, param->template_text ? param->template_text : param->default_template,
            filling.values, out, error);
    }
    return code;
}

static int check_name(struct slice whole, const struct text *name, struct error *error)
{
    for (size_t i = 0; i < name->n; i++)
        if (!graph_name_char(name->at[i], i == 0))
            return error_set(error, -EINVAL, "'%.*s' becomes '%s', where '%c' is not allowed",
                             (int)whole.n, whole.at, text_string(name), name->at[i]);
    if (name->n > GRAPH_NAME_MAX)
        return error_set(error, -EINVAL, "'%.*s' becomes a name of %zu bytes: at most %d",
                         (int)whole.n, whole.at, name->n, (int)GRAPH_NAME_MAX);
    return 0;
}

static int fill_name(const struct combination *combination, struct slice whole, struct text *out,
                     bool *ret_out_of_range, struct error *error)
{
    struct slice rest = whole, before = {0}, inside = {0};
    int code = 0;
    *ret_out_of_range = false;
    while (code == 0 && next_brackets(&rest, &before, &inside)) {
        text_add_n(out, before.at, before.n);
        code = fill_brackets(combination, inside, whole, out, ret_out_of_range, error);
    }
    text_add_n(out, rest.at, rest.n);
    return code < 0 || *ret_out_of_range ? code : check_name(whole, out, error);
}

/* --- which parameters run --- */

struct running {
    const struct params *params;
    bool offsets_allowed;
    int params_in_order[PARAMS_MAX];
    size_t n;
    double combinations;
};

static int note_running(void *context, const struct reference *reference, struct slice whole,
                        struct error *error)
{
    struct running *running = context;
    if (reference->offset && !running->offsets_allowed)
        return error_set(error, -EINVAL,
                         "parameter offset in '%.*s': offsets can stand in the graph only",
                         (int)whole.n, whole.at);
    if (reference->fixed.at)
        return 0;
    for (size_t i = 0; i < running->n; i++)
        if (running->params_in_order[i] == reference->param)
            return 0;
    running->params_in_order[running->n++] = reference->param;
    running->combinations *= (double)running->params->all.at[reference->param].values.n;
    if (running->combinations > PARAMS_COMBINATIONS_MAX)
        return error_set(error, -EINVAL,
                         "'%.*s' has more than %d combinations of parameters "
                         "(PARAMS_COMBINATIONS_MAX)",
                         (int)whole.n, whole.at, (int)PARAMS_COMBINATIONS_MAX);
    return 0;
}

static int note_name(struct running *running, struct slice name, struct error *error)
{
    struct slice rest = name, before = {0}, inside = {0};
    int code = 0;
    while (code == 0 && next_brackets(&rest, &before, &inside))
        code = each_reference(running->params, inside, name, note_running, running, error);
    return code;
}

static void first_combination(const struct running *running, struct combination *combination)
{
    *combination = (struct combination){.params = running->params};
    for (size_t i = 0; i < PARAMS_MAX; i++)
        combination->value[i] = PARAM_NONE;
    for (size_t i = 0; i < running->n; i++)
        combination->value[running->params_in_order[i]] = 0;
}

/* The last parameter runs fastest. False after the last combination. */
static bool next_combination(const struct running *running, struct combination *combination)
{
    for (size_t i = running->n; i-- > 0;) {
        int param = running->params_in_order[i];
        if ((size_t)++combination->value[param] < running->params->all.at[param].values.n)
            return true;
        combination->value[param] = 0;
    }
    return false;
}

/* --- the interface --- */

struct fixed_values {
    const struct combination *combination;
    struct param_value values[PARAMS_MAX];
    size_t n;
};

/* The values a name was made of, each parameter once. */
static int collect_value(void *context, const struct reference *reference, struct slice whole,
                         struct error *error)
{
    struct fixed_values *fixed = context;
    const struct param *param = &fixed->combination->params->all.at[reference->param];
    int value = PARAM_NONE;
    int code = resolve(fixed->combination, reference, whole, &value, error);
    if (code < 0)
        return code;
    for (size_t i = 0; i < fixed->n; i++)
        if (strcmp(fixed->values[i].name, param->name) == 0)
            return 0;
    fixed->values[fixed->n++] =
        (struct param_value){.name = param->name, .value = param->values.at[value]};
    return 0;
}

static int call_with_name(const struct combination *combination, struct slice text,
                          params_name_handler *handler, void *context, struct error *error)
{
    struct text name = {0};
    bool out_of_range = false;
    struct fixed_values fixed = {.combination = combination};
    struct slice rest = text, before = {0}, inside = {0};
    int code = fill_name(combination, text, &name, &out_of_range, error);
    while (code == 0 && next_brackets(&rest, &before, &inside))
        code = each_reference(combination->params, inside, text, collect_value, &fixed, error);
    if (code == 0)
        code = handler(context, text_string(&name), fixed.values, fixed.n, error);
    text_release(&name);
    return code;
}

int params_expand_name(const struct params *params, struct slice text, params_name_handler *handler,
                       void *context, struct error *error)
{
    struct running running = {.params = params, .combinations = 1};
    struct combination combination;
    text = slice_trim(text);
    int code = note_name(&running, text, error);
    if (code < 0)
        return code;
    first_combination(&running, &combination);
    do
        code = call_with_name(&combination, text, handler, context, error);
    while (code == 0 && next_combination(&running, &combination));
    return code;
}

int params_fill(const struct params *params, struct slice text, const struct param_value *values,
                size_t n_values, struct text *ret_name, struct error *error)
{
    struct running running = {.params = params, .combinations = 1};
    struct combination combination = {.params = params, .given = values, .n_given = n_values};
    bool out_of_range = false;
    struct text name = {0};
    for (size_t i = 0; i < PARAMS_MAX; i++)
        combination.value[i] = PARAM_NONE;
    text = slice_trim(text);
    int code = note_name(&running, text, error);
    if (code == 0)
        code = fill_name(&combination, text, &name, &out_of_range, error);
    if (code == 0)
        text_add(ret_name, text_string(&name));
    text_release(&name);
    return code;
}

/* An empty `&` says nothing, wherever it stands. */
static void remove_node(struct graph_node *node)
{
    node->kind = NODE_AND;
    node->first = node->last = 0;
}

static bool element_is_empty(const struct graph_statement *statement,
                             const struct graph_element *element)
{
    PRE(statement->nodes.at && element->end <= statement->nodes.n);
    for (uint32_t i = element->first; i < element->end; i++)
        if (statement->nodes.at[i].kind == NODE_TASK ||
            statement->nodes.at[i].kind == NODE_XTRIGGER)
            return false;
    return true;
}

static bool has_parameters(const struct graph_node *node)
{
    return node->kind == NODE_TASK && node->name.n && memchr(node->name.at, '<', node->name.n);
}

/* Fill in the names of `to`, a copy of the statement; the names are put into the arena. */
static int fill_nodes(const struct combination *combination, struct graph_statement *to,
                      struct arena *arena, struct error *error)
{
    struct text name = {0};
    struct error reason = {0};
    int code = 0;
    for (size_t i = 1; code == 0 && i < to->nodes.n; i++) {
        struct graph_node *node = &to->nodes.at[i];
        bool out_of_range = false;
        if (!has_parameters(node))
            continue;
        text_clear(&name);
        if (fill_name(combination, node->name, &name, &out_of_range, &reason) < 0)
            code = graph_statement_error(to, node, error, "%s", reason.text);
        else if (out_of_range)
            remove_node(node);
        else
            node->name = (struct slice){arena_text(arena, (struct slice){name.at, name.n}), name.n};
    }
    text_release(&name);
    return code;
}

static void copy_statement(const struct graph_statement *from, struct graph_statement *to)
{
    vec_clear(&to->nodes);
    vec_clear(&to->chain);
    VEC_EACH (struct graph_node, node, &from->nodes)
        *vec_push(&to->nodes) = *node;
    VEC_EACH (struct graph_element, element, &from->chain)
        *vec_push(&to->chain) = *element;
    to->source = from->source;
    to->line = from->line;
}

static int apply_combination(const struct combination *combination,
                             const struct graph_statement *statement, struct graph_statement *copy,
                             graph_statement_handler *handler, void *context, struct error *error)
{
    struct arena arena = {0};
    copy_statement(statement, copy);
    int code = fill_nodes(combination, copy, &arena, error);
    for (size_t i = 0; i < copy->chain.n; i++)
        if (element_is_empty(copy, &copy->chain.at[i]))
            copy->chain.n = i;
    if (code == 0 && copy->chain.n)
        code = handler(context, copy, error);
    arena_release(&arena);
    return code;
}

int params_expand_statement(const struct params *params, struct graph_statement *statement,
                            graph_statement_handler *handler, void *context, struct error *error)
{
    if (!statement->parameters)
        return handler(context, statement, error);
    struct running running = {.params = params, .offsets_allowed = true, .combinations = 1};
    struct error reason = {0};
    VEC_EACH (struct graph_node, node, &statement->nodes)
        if (has_parameters(node) && note_name(&running, node->name, &reason) < 0)
            return graph_statement_error(statement, node, error, "%s", reason.text);
    struct graph_statement copy = {0};
    struct combination combination;
    int code;
    first_combination(&running, &combination);
    do
        code = apply_combination(&combination, statement, &copy, handler, context, error);
    while (code == 0 && next_combination(&running, &combination));
    graph_statement_release(&copy);
    return code;
}

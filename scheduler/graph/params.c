/* Values and templates of parameters. A template is what Python's % makes of it, as far as %(m)s,
 * %(m)d and their widths go. */
#include "base/check.h"
#include "base/memory.h"
#include "scheduler/graph/param.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { WIDTH_MAX = 64 };

struct params *params_create(void)
{
    return NEW(struct params);
}

static void release_values(struct param *param)
{
    for (size_t i = 0; i < param->values.n; i++)
        free(param->values.at[i]);
    vec_release(&param->values);
    index_set_release(&param->by_text);
}

struct value_search {
    const struct param *param;
    struct slice wanted;
};

static struct slice value_text(const struct value_search *search, uint32_t index)
{
    return index == INDEX_WANTED ? search->wanted : slice_of(search->param->values.at[index]);
}

static uint64_t value_hash(const void *context, uint32_t index)
{
    return hash_text(value_text(context, index));
}

static bool value_same(const void *context, uint32_t a, uint32_t b)
{
    const struct value_search *search = context;
    return slice_equal(value_text(search, b), search->param->values.at[a]);
}

static const struct index_set_type values_by_text = {value_hash, value_same};

int param_find_value(const struct param *param, struct slice text)
{
    long long number = 0;
    char canonical[32];
    if (param->integers && param_integer(text, &number)) {
        snprintf(canonical, sizeof canonical, "%lld", number);
        text = slice_of(canonical);
    }
    const struct value_search search = {param, text};
    uint32_t index = index_set_find(&param->by_text, &values_by_text, &search, INDEX_WANTED);
    return index == UINT32_MAX ? PARAM_NONE : (int)index;
}

void params_destroy(struct params *params)
{
    if (!params)
        return;
    VEC_EACH (struct param, param, &params->all) {
        release_values(param);
        free(param->template_text);
        free(param->name);
    }
    vec_release(&params->all);
    free(params);
}

int param_find(const struct params *params, struct slice name)
{
    for (size_t i = 0; params && i < params->all.n; i++)
        if (slice_equal(name, params->all.at[i].name))
            return (int)i;
    return PARAM_NONE;
}

const char *const *params_values(const struct params *params, const char *name, size_t *ret_n,
                                 bool *ret_integers)
{
    int index = param_find(params, slice_of(name));
    if (index < 0)
        return NULL;
    const struct param *param = &params->all.at[index];
    *ret_n = param->values.n;
    *ret_integers = param->integers;
    return (const char *const *)param->values.at;
}

static struct param *param_of(struct params *params, const char *name, struct error *error)
{
    int index = param_find(params, slice_of(name));
    if (index >= 0)
        return &params->all.at[index];
    if (*name == '\0' || strlen(name) > GRAPH_NAME_MAX) {
        error_set(error, -EINVAL, "bad parameter name '%.100s': expected 1 to %d characters", name,
                  (int)GRAPH_NAME_MAX);
        return NULL;
    }
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '_' && (unsigned char)*c < 0x80) {
            error_set(error, -EINVAL,
                      "bad parameter name '%s': expected letters, digits and underscores", name);
            return NULL;
        }
    if (params->all.n == PARAMS_MAX) {
        error_set(error, -EINVAL, "more than %d parameters (PARAMS_MAX)", (int)PARAMS_MAX);
        return NULL;
    }
    struct param *param = vec_push(&params->all);
    param->name = str_copy(name);
    return param;
}

/* --- values --- */

bool param_integer(struct slice text, long long *ret_value)
{
    text = slice_trim(text);
    size_t i = text.n && (text.at[0] == '-' || text.at[0] == '+') ? 1 : 0, digits = text.n - i;
    if (digits == 0 || digits > INTEGER_DIGITS_MAX)
        return false;
    long long value = 0;
    for (; i < text.n; i++) {
        if (!isdigit((unsigned char)text.at[i]))
            return false;
        value = value * 10 + (text.at[i] - '0');
    }
    *ret_value = text.at[0] == '-' ? -value : value;
    return true;
}

bool param_cut(struct slice *rest, const char *mark, struct slice *ret_before)
{
    size_t n = strlen(mark);
    const char *found = rest->n ? memmem(rest->at, rest->n, mark, n) : NULL;
    if (!found)
        return false;
    *ret_before = (struct slice){rest->at, (size_t)(found - rest->at)};
    *rest = (struct slice){found + n, rest->n - ret_before->n - n};
    return true;
}

/* "1..5" or "1..9..2": false if it is not of this form. */
static bool parse_range(struct slice text, long long *ret_first, long long *ret_last,
                        long long *ret_step)
{
    struct slice first, last;
    if (!param_cut(&text, "..", &first))
        return false;
    *ret_step = 1;
    if (param_cut(&text, "..", &last)) {
        if (!param_integer(text, ret_step) || *ret_step < 1)
            return false;
    } else {
        last = text;
    }
    return param_integer(first, ret_first) && param_integer(last, ret_last);
}

static int add_value(struct param *param, char *value, struct error *error)
{
    *vec_push(&param->values) = value;
    if (param->values.n > PARAMS_VALUES_MAX)
        return error_set(error, -EINVAL,
                         "parameter '%s' has more than %d values "
                         "(PARAMS_VALUES_MAX)",
                         param->name, (int)PARAMS_VALUES_MAX);
    return 0;
}

static int add_word(struct param *param, struct slice word, struct error *error)
{
    char quote = word.n >= 2 ? word.at[0] : '\0';
    if ((quote == '"' || quote == '\'') && word.at[word.n - 1] == quote)
        word = (struct slice){word.at + 1, word.n - 2};
    for (size_t i = 0; i < word.n; i++)
        if (!graph_name_char(word.at[i], false))
            return error_set(error, -EINVAL,
                             "bad value '%.*s' of parameter '%s': expected words of characters "
                             "allowed in task names, or a range such as 1..5",
                             (int)word.n, word.at, param->name);
    if (word.n == 0)
        return error_set(error, -EINVAL, "empty value of parameter '%s'", param->name);
    return add_value(param, slice_copy(word), error);
}

static int add_range(struct param *param, struct slice text, struct error *error)
{
    long long first = 0, last = 0, step = 1;
    if (!parse_range(text, &first, &last, &step))
        return error_set(error, -EINVAL,
                         "bad range '%.*s' of parameter '%s': expected FIRST..LAST or "
                         "FIRST..LAST..STEP",
                         (int)text.n, text.at, param->name);
    int code = 0;
    for (long long value = first; code == 0 && value <= last; value += step)
        code = add_value(param, str_format("%lld", value), error);
    return code;
}

/* All integers: make them canonical and the template as wide as the widest. */
static void settle_values(struct param *param)
{
    long long value = 0;
    size_t width = 0;
    bool negative = false;
    param->integers = param->values.n > 0;
    for (size_t i = 0; param->integers && i < param->values.n; i++)
        param->integers = param_integer(slice_of(param->values.at[i]), &value);
    for (size_t i = 0; param->integers && i < param->values.n; i++) {
        char **text = &param->values.at[i];
        param_integer(slice_of(*text), &value);
        free(*text);
        *text = str_format("%lld", value);
        size_t digits = strlen(*text) - (value < 0);
        width = digits > width ? digits : width;
        negative = negative || value < 0;
    }
    size_t size = sizeof param->default_template;
    if (param->integers)
        snprintf(param->default_template, size, "_%.*s%%(%.*s)%s0%zud", GRAPH_NAME_MAX / 2,
                 param->name, GRAPH_NAME_MAX / 2, param->name, negative ? "+" : "",
                 width + negative);
    else
        snprintf(param->default_template, size, "_%%(%.*s)s", GRAPH_NAME_MAX, param->name);
    const struct value_search search = {.param = param};
    for (size_t i = 0; i < param->values.n; i++)
        index_set_add(&param->by_text, &values_by_text, &search, (uint32_t)i);
}

int params_define(struct params *params, const char *name, const char *values, struct error *error)
{
    struct param *param = param_of(params, name, error);
    if (!param)
        return -EINVAL;
    release_values(param);
    struct slice rest = slice_of(values), item;
    bool ranges = false, words = false, more = slice_trim(rest).n > 0;
    int code = 0;
    while (code == 0 && more) {
        more = param_cut(&rest, ",", &item);
        item = slice_trim(more ? item : rest);
        long long ignored;
        bool range = item.n && memmem(item.at, item.n, "..", 2);
        ranges = ranges || range;
        words = words || !(range || param_integer(item, &ignored));
        code = range ? add_range(param, item, error) : add_word(param, item, error);
        if (code == 0 && ranges && words)
            code = error_set(error, -EINVAL,
                             "parameter '%s' = %s mixes a range of integers with words: expected "
                             "one or the other",
                             name, values);
    }
    if (code < 0)
        release_values(param);
    settle_values(param);
    return code;
}

int params_template(struct params *params, const char *name, const char *template_text,
                    struct error *error)
{
    struct param *param = param_of(params, name, error);
    if (!param)
        return -EINVAL;
    free(param->template_text);
    param->template_text = str_copy(template_text);
    return 0;
}

/* --- templates --- */

struct conversion {
    bool zero, plus, left;
    size_t width;
    char type;
};

/* The part of %(name)03d after the bracket. */
static const char *parse_conversion(const char *at, struct conversion *ret_conversion)
{
    struct conversion conversion = {0};
    for (; *at && strchr("0+-", *at); at++) {
        conversion.zero = conversion.zero || *at == '0';
        conversion.plus = conversion.plus || *at == '+';
        conversion.left = conversion.left || *at == '-';
    }
    for (; isdigit((unsigned char)*at) && conversion.width <= WIDTH_MAX; at++)
        conversion.width = conversion.width * 10 + (size_t)(*at - '0');
    conversion.type = *at;
    *ret_conversion = conversion;
    return *at ? at + 1 : at;
}

static void add_padded(struct text *out, const struct conversion *conversion, const char *value)
{
    bool number = conversion->type != 's';
    bool negative = number && *value == '-';
    const char *sign = negative ? "-" : number && conversion->plus ? "+" : "";
    value += negative;
    size_t n = strlen(sign) + strlen(value);
    size_t padding = conversion->width > n ? conversion->width - n : 0;
    bool zeros = number && conversion->zero && !conversion->left;
    if (!zeros && !conversion->left)
        text_addf(out, "%*s", (int)padding, "");
    text_add(out, sign);
    for (size_t i = 0; zeros && i < padding; i++)
        text_add_char(out, '0');
    text_add(out, value);
    if (conversion->left)
        text_addf(out, "%*s", (int)padding, "");
}

static int bad_template(const char *template_text, const char *why, struct error *error)
{
    return error_set(error, -EINVAL,
                     "bad parameter template '%s': %s; expected one such as _%%(m)s or "
                     "_m%%(m)02d",
                     template_text, why);
}

int param_fill_template(const struct params *params, const char *template_text, const int *values,
                        struct text *out, struct error *error)
{
    for (const char *at = template_text; *at;) {
        if (*at != '%') {
            text_add_char(out, *at++);
            continue;
        }
        if (at[1] == '%') {
            text_add_char(out, '%');
            at += 2;
            continue;
        }
        const char *close = at[1] == '(' ? strchr(at, ')') : NULL;
        if (!close)
            return bad_template(template_text, "% without (NAME)", error);
        struct slice name = {at + 2, (size_t)(close - at - 2)};
        int param = param_find(params, name);
        if (param == PARAM_NONE || values[param] < 0)
            return error_set(error, -EINVAL, "parameter '%.*s' in template '%s' is not defined",
                             (int)name.n, name.at, template_text);
        struct conversion conversion;
        at = parse_conversion(close + 1, &conversion);
        bool number = conversion.type == 'd' || conversion.type == 'i';
        if (!number && conversion.type != 's')
            return bad_template(template_text, "%(NAME) is not followed by s or d", error);
        if (number && !params->all.at[param].integers)
            return bad_template(template_text, "%d is for integers only", error);
        if (conversion.width > WIDTH_MAX)
            return bad_template(template_text, "the width is too large", error);
        add_padded(out, &conversion, params->all.at[param].values.at[values[param]]);
    }
    return 0;
}

int params_fill_text(const char *text, const struct param_value *values, size_t n_values,
                     struct text *ret_text, struct error *error)
{
    PRE(n_values <= PARAMS_MAX);
    struct params *params = params_create();
    struct text filled = {0};
    int first[PARAMS_MAX] = {0}, code = 0;
    for (size_t i = 0; i < n_values && code == 0; i++)
        code = params_define(params, values[i].name, values[i].value, error);
    if (code == 0)
        code = param_fill_template(params, text, first, &filled, error);
    if (code == 0)
        text_add(ret_text, text_string(&filled));
    text_release(&filled);
    params_destroy(params);
    return code;
}

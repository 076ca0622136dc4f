/* A parameter, for params.c and params_expand.c only. */
#ifndef ROUSE_GRAPH_PARAM_H
#define ROUSE_GRAPH_PARAM_H

#include "base/vec.h"
#include "scheduler/graph/index_set.h"
#include "scheduler/graph/params.h"

enum { PARAM_NONE = -1, INTEGER_DIGITS_MAX = 18 };

struct param {
    char *name;
    char *template_text; /* NULL: the default */
    char default_template[GRAPH_NAME_MAX + 32];
    bool integers;
    VEC(char *) values;       /* integers: in canonical form */
    struct index_set by_text; /* the values; of equal ones the first */
};

struct params {
    VEC(struct param) all;
};

/* Index of a parameter, or PARAM_NONE. params may be NULL. */
int param_find(const struct params *params, struct slice name);
/* Index of a value, or PARAM_NONE. */
int param_find_value(const struct param *param, struct slice text);
/* An optional sign and digits, blanks around. */
bool param_integer(struct slice text, long long *ret_value);
/* Cut off what stands before `mark`; false if it is not there. */
bool param_cut(struct slice *rest, const char *mark, struct slice *ret_before);
/* Append the template, filled in. values: index of each parameter's value, negative for those that
 * the name does not mention. */
int param_fill_template(const struct params *params, const char *template_text, const int *values,
                        struct text *out, struct error *error);

#endif

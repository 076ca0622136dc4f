/* Task parameters: [task parameters] and [task parameters][templates], and names such as foo<m>,
 * foo<m-1>, foo<m=cat>_bar<n> that stand for one name for each value. Used for graph strings and
 * for the headings of [runtime]. Semantics: Cylc 8.4's. */
#ifndef ROUSE_GRAPH_PARAMS_H
#define ROUSE_GRAPH_PARAMS_H

#include "base/error.h"
#include "base/text.h"
#include "scheduler/graph/parser.h"
#include <stdint.h>

enum {
    PARAMS_MAX = 64,                   /* parameters of a workflow */
    PARAMS_VALUES_MAX = 1 << 17,       /* values of one parameter */
    PARAMS_COMBINATIONS_MAX = 1 << 20, /* of one name or graph line */
};

struct params;

struct params *params_create(void);
void params_destroy(struct params *params);

/* The value of [task parameters]NAME: "cat, dog", "1..5", "1..9..2", "2, 5, 11". An empty list
 * leaves the parameter undefined. */
int params_define(struct params *params, const char *name, const char *values, struct error *error);
/* The value of [task parameters][templates]NAME, "_%(m)s"; without one it is "_%(m)s" or, for
 * integers, "_m%(m)0Nd" with N wide enough for all values. */
int params_template(struct params *params, const char *name, const char *template_text,
                    struct error *error);

/* The values of a parameter, as texts (integers in canonical form); NULL if it is not defined. They
 * belong to params. */
const char *const *params_values(const struct params *params, const char *name, size_t *ret_n,
                                 bool *ret_integers);

/* One value of one parameter. */
struct param_value {
    const char *name;
    const char *value; /* integers without padding */
};

/* Called with each name; the texts live during the call. A negative return ends the expansion. */
typedef int params_name_handler(void *context, const char *name, const struct param_value *values,
                                size_t n_values, struct error *error);

/* All names that `text` stands for, in order of the values; the last parameter runs fastest. A name
 * without parameters is called back as it is. Offsets (foo<m-1>) are refused. params may be NULL
 * here and below: no parameters are defined. */
int params_expand_name(const struct params *params, struct slice text, params_name_handler *handler,
                       void *context, struct error *error);
/* The one name that `text` stands for where the parameters have these values, as in `inherit =
 * FAM<m>` of a task foo<m>. */
int params_fill(const struct params *params, struct slice text, const struct param_value *values,
                size_t n_values, struct text *ret_name, struct error *error);

/* `text` with %(m)s, %(m)02d and the like filled in from `values`. -EINVAL if it holds anything
 * else behind a %. */
int params_fill_text(const char *text, const struct param_value *values, size_t n_values,
                     struct text *ret_text, struct error *error);

/* The statement itself if it has no parameters; else one for each combination of their values.
 * Names whose offset leads out of the values are dropped, and with an element left empty the rest
 * of its chain. */
int params_expand_statement(const struct params *params, struct graph_statement *statement,
                            graph_statement_handler *handler, void *context, struct error *error);

#endif

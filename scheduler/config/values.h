/* Values of flow.cylc: from the text behind `=` to a string, number, duration or list. */
#ifndef ROUSE_CONFIG_VALUES_H
#define ROUSE_CONFIG_VALUES_H

#include "base/error.h"
#include "base/text.h"
#include "scheduler/graph/arena.h"
#include <stdbool.h>
#include <stdint.h>

/* What stands behind `=`, as written. */
struct raw_value {
    struct slice text; /* block: what is between the triple quotes, line ends and all */
    bool block;        /* was in triple quotes */
    const char *file;
    int line; /* of the first character of text */
    struct raw_value *next;
};

enum value_type {
    VALUE_STRING,
    VALUE_BOOLEAN,
    VALUE_INTEGER,
    VALUE_NUMBER,
    VALUE_DURATION,      /* seconds in `number` */
    VALUE_STRING_LIST,   /* "a, b", items quoted or not */
    VALUE_DURATION_LIST, /* "PT1M, 3*PT1H" */
    VALUE_INTEGER_LIST,  /* "1, 3..5, 10..20..5" */
    VALUE_FORMAT,        /* a string; set to nothing there is none */
    VALUE_XTRIGGER,      /* a string; `xtrigger` is filled in when it is understood */
    VALUE_GRAPH          /* left as written */
};

struct string_list {
    const char *const *at;
    uint32_t n;
};

struct number_list {
    const double *at;
    uint32_t n;
};

struct integer_list {
    const int64_t *at;
    uint32_t n;
};

enum { LIST_MAX = 1 << 20 }; /* items of one list, multipliers counted out */

struct xtrigger_def;

struct value {
    enum value_type type;
    bool empty; /* `item =`: set to nothing */
    bool unset; /* there is no such item, and it has no default */
    bool boolean;
    int64_t integer;
    double number;
    const char *string;
    struct string_list strings;
    struct number_list numbers;
    struct integer_list integers;
    const struct xtrigger_def *xtrigger;
};

/* Read `raw` as `type`; everything in the value lives in the arena. On error -EINVAL and what was
 * expected; the caller adds where. */
int value_read(struct arena *arena, enum value_type type, const struct raw_value *raw,
               struct value *ret_value, struct error *error);

/* The same value with all that it holds in the arena. */
struct value value_copy(struct arena *arena, const struct value *value);

/* Quotes and comment taken off, blanks around taken off; the lines of a block moved left together
 * as far as they go. */
int value_string(struct arena *arena, const struct raw_value *raw, const char **ret_string,
                 struct error *error);
int value_string_list(struct arena *arena, const struct raw_value *raw, struct string_list *ret,
                      struct error *error);

#endif

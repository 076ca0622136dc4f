/* What `lint` looks for in the lines of a definition. Pure. */
#ifndef ROUSE_LINT_RULES_H
#define ROUSE_LINT_RULES_H

#include "base/text.h"
#include <stdbool.h>
#include <stddef.h>

enum { LINT_LINE_MAX = 130 }; /* columns, unless pyproject.toml says otherwise */

enum lint_set { LINT_STYLE = 1, LINT_UPGRADE = 2, LINT_DEFINITION = 4, LINT_ALL = 7 };

/* One line, and what is known of the lines before it. */
struct lint_line {
    struct slice text; /* without the end of the line */
    struct slice code; /* without blanks around it and a comment behind it; empty: a comment */
    size_t indent;     /* blanks in front */
    bool block;        /* within a triple-quoted value */
    bool jinja2;       /* the file begins with #!jinja2 */
    bool directives;   /* within [[[directives]]] */
    size_t columns_max;
};

struct lint_rule {
    const char *code; /* "S001" */
    enum lint_set set;
    const char *text;                            /* what is wrong and what was expected */
    bool (*finds)(const struct lint_line *line); /* NULL: found in the definition as a whole */
};

/* In order of their codes, ended by one without a code. Those that Cylc has keep Cylc's codes; R
 * is for rouse's own. */
extern const struct lint_rule lint_rules[];
/* NULL if there is none of that code. */
const struct lint_rule *lint_rule_find(const char *code);

/* What goes over from line to line; begin with zeros. */
struct lint_reader {
    bool block, jinja2, directives;
    char quote; /* of the block */
    int lines;
};
/* The next line of a file. */
void lint_read(struct lint_reader *reader, struct slice text, struct lint_line *ret_line);

#endif

/* Graph strings, cut into tokens. Comments and blanks are dropped, `\` at a line's end joins lines.
 */
#ifndef ROUSE_GRAPH_LEXER_H
#define ROUSE_GRAPH_LEXER_H

#include "base/error.h"
#include "base/text.h"

enum {
    GRAPH_NAME_MAX = 255,   /* bytes of a task name (it is a directory name of job logs) */
    GRAPH_QUOTED_MAX = 160, /* bytes of a graph line shown in a message */
};

enum token_kind {
    TOKEN_NAME,      /* "foo", "foo<m>_bar", "far<flow::task:x>" */
    TOKEN_XTRIGGER,  /* "@x": text is "x" */
    TOKEN_OFFSET,    /* "[-P1]": text is "-P1" */
    TOKEN_QUALIFIER, /* ":fail": text is "fail" */
    TOKEN_OPTIONAL,  /* "?" */
    TOKEN_SUICIDE,   /* "!" */
    TOKEN_ARROW,
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_LINE_END,
    TOKEN_END
};

struct token {
    enum token_kind kind;
    struct slice text;
    struct slice whole; /* as written, in the source */
    int line;
};

struct lexer {
    const char *next, *end;
    int line;
    const char *from; /* for messages: where the statement in hand begins */
};

/* line: the number of the text's first line. The text must outlive the tokens. */
void lexer_init(struct lexer *lexer, struct slice text, int line);
/* 0, or -EINVAL when the text here begins no token. After TOKEN_END comes TOKEN_END. */
int lexer_next(struct lexer *lexer, struct token *ret_token, struct error *error);
/* Set an error with `line` and, after the text, the source from lexer->from to the end of the line
 * that `at` stands in. */
int lexer_error(const struct lexer *lexer, const char *at, int line, struct error *error,
                const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Append the source to the error's text: on one line, blanks squeezed, cut to GRAPH_QUOTED_MAX. */
void graph_add_quote(struct slice source, struct error *error);
/* Whether c may stand in a task name (first: at its beginning). */
bool graph_name_char(char c, bool first);

#endif

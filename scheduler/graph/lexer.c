/* The graph language's tokens.
 *
 * Cylc drops blanks before it looks at nodes, so "a : fail" and "! b" are fine, and a token here
 * never depends on blanks around it. Blanks inside a word separate two words, which the parser
 * refuses. Bytes from 0x80 up count as letters: names may be in any script. */
#include "scheduler/graph/lexer.h"
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

void lexer_init(struct lexer *lexer, struct slice text, int line)
{
    *lexer =
        (struct lexer){.next = text.at, .end = text.at + text.n, .line = line, .from = text.at};
}

void graph_add_quote(struct slice source, struct error *error)
{
    char quoted[GRAPH_QUOTED_MAX];
    char text[ERROR_TEXT_MAX];
    size_t n = 0;
    source = slice_trim(source);
    for (size_t i = 0; i < source.n && n < sizeof quoted; i++) {
        bool blank = isspace((unsigned char)source.at[i]);
        if (!blank || (n && quoted[n - 1] != ' '))
            quoted[n++] = blank ? ' ' : source.at[i];
    }
    memcpy(text, error->text, sizeof text);
    error_set(error, error->code, "%s, in \"%.*s%s\"", text, (int)n, quoted,
              n == sizeof quoted ? "..." : "");
}

int lexer_error(const struct lexer *lexer, const char *at, int line, struct error *error,
                const char *format, ...)
{
    const char *stop = at;
    while (stop < lexer->end && *stop != '\n')
        stop++;
    va_list args;
    va_start(args, format);
    error_vset(error, -EINVAL, format, args);
    va_end(args);
    graph_add_quote((struct slice){lexer->from, (size_t)(stop - lexer->from)}, error);
    return error_where(error, NULL, line, NULL);
}

static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

bool graph_name_char(char c, bool first)
{
    return is_word_char(c) || (!first && c && strchr("-+%@", c));
}

static char peek(const struct lexer *lexer, size_t ahead)
{
    return (size_t)(lexer->end - lexer->next) > ahead ? lexer->next[ahead] : '\0';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static void skip_blanks(struct lexer *lexer)
{
    while (lexer->next < lexer->end) {
        char c = *lexer->next;
        if (c == '#') {
            while (lexer->next < lexer->end && *lexer->next != '\n')
                lexer->next++;
        } else if (c == '\\' && peek(lexer, 1) == '\n') {
            lexer->next += 2;
            lexer->line++;
        } else if (is_blank(c)) {
            lexer->next++;
        } else {
            return;
        }
    }
}

/* Advance over characters that `accept` likes. */
static struct slice scan(struct lexer *lexer, bool (*accept)(char c))
{
    const char *start = lexer->next;
    while (lexer->next < lexer->end && accept(*lexer->next))
        lexer->next++;
    return (struct slice){start, (size_t)(lexer->next - start)};
}

static bool is_qualifier_char(char c)
{
    return is_word_char(c) || c == '-';
}

static bool is_body_char(char c)
{
    return graph_name_char(c, false);
}

/* Advance past `close` on this line; the text before it. In foo<m => bar the > belongs to =>. */
static int scan_to(struct lexer *lexer, char close, struct slice *ret_text, struct error *error)
{
    const char *open = lexer->next++;
    while (lexer->next < lexer->end && *lexer->next != close && *lexer->next != '\n')
        lexer->next++;
    bool arrow = close == '>' && lexer->next < lexer->end && lexer->next[-1] == '=';
    if (lexer->next == lexer->end || *lexer->next != close || arrow)
        return lexer_error(lexer, open, lexer->line, error,
                           "'%c' is not closed: expected '%c' on the same line", *open, close);
    *ret_text = (struct slice){open + 1, (size_t)(lexer->next - open - 1)};
    lexer->next++;
    return 0;
}

static int scan_name(struct lexer *lexer, struct token *token, struct error *error)
{
    const char *start = lexer->next;
    for (;;) {
        scan(lexer, is_body_char);
        if (peek(lexer, 0) != '<')
            break;
        struct slice inside = {0};
        int code = scan_to(lexer, '>', &inside, error);
        if (code < 0)
            return code;
        if (slice_trim(inside).n == 0)
            return lexer_error(lexer, start, lexer->line, error,
                               "'<>' is empty: expected a parameter, as in foo<m>");
    }
    token->kind = TOKEN_NAME;
    token->text = (struct slice){start, (size_t)(lexer->next - start)};
    return 0;
}

static bool is_offset_mark(char c)
{
    return c == '-' || c == '+' || c == '^' || c == '$' || c == ':';
}

static int scan_offset(struct lexer *lexer, struct token *token, struct error *error)
{
    const char *start = lexer->next;
    int code = scan_to(lexer, ']', &token->text, error);
    if (code < 0)
        return code;
    token->kind = TOKEN_OFFSET;
    token->text = slice_trim(token->text);
    if (token->text.n == 0)
        return lexer_error(lexer, start, lexer->line, error,
                           "'[]' is empty: expected an offset such as [-P1] or a cycle point");
    for (size_t i = 0; i < token->text.n; i++)
        if (!is_word_char(token->text.at[i]) && !is_offset_mark(token->text.at[i]))
            return lexer_error(lexer, start, lexer->line, error,
                               "bad offset '[%.*s]': expected an offset such as [-P1] or [^+P1], "
                               "or a cycle point",
                               (int)token->text.n, token->text.at);
    return 0;
}

/* ":word" or "@word". */
static int scan_marked(struct lexer *lexer, enum token_kind kind, struct token *token,
                       struct error *error)
{
    const char *start = lexer->next++;
    skip_blanks(lexer);
    token->kind = kind;
    token->text = scan(lexer, is_qualifier_char);
    if (token->text.n == 0)
        return lexer_error(
            lexer, start, lexer->line, error, "expected %s after '%c'",
            kind == TOKEN_QUALIFIER ? "an output such as fail" : "the name of an xtrigger", *start);
    return 0;
}

static int scan_mark(struct lexer *lexer, struct token *token, struct error *error)
{
    static const struct {
        char c;
        enum token_kind kind;
    } marks[] = {{'&', TOKEN_AND},      {'|', TOKEN_OR},      {'(', TOKEN_OPEN},
                 {')', TOKEN_CLOSE},    {'!', TOKEN_SUICIDE}, {'?', TOKEN_OPTIONAL},
                 {'\n', TOKEN_LINE_END}};
    if (peek(lexer, 0) == '=' && peek(lexer, 1) == '>') {
        token->kind = TOKEN_ARROW;
        lexer->next += 2;
        return 0;
    }
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (marks[i].c == *lexer->next) {
            token->kind = marks[i].kind;
            lexer->line += *lexer->next == '\n';
            lexer->next++;
            return 0;
        }
    }
    if (*lexer->next == '{' && (peek(lexer, 1) == '{' || peek(lexer, 1) == '%'))
        return lexer_error(lexer, lexer->next, lexer->line, error,
                           "unexpected '{%c': a template needs #!jinja2 as the first line of the "
                           "file",
                           peek(lexer, 1));
    char shown[8] = {*lexer->next};
    if (iscntrl((unsigned char)*shown))
        snprintf(shown, sizeof shown, "\\x%02x", (unsigned char)*lexer->next);
    return lexer_error(lexer, lexer->next, lexer->line, error,
                       "unexpected '%s': expected a task name, =>, & or |", shown);
}

int lexer_next(struct lexer *lexer, struct token *ret_token, struct error *error)
{
    skip_blanks(lexer);
    const char *start = lexer->next;
    struct token token = {.kind = TOKEN_END, .line = lexer->line};
    int code = 0;
    char c = peek(lexer, 0);
    if (lexer->next == lexer->end)
        token.kind = TOKEN_END;
    else if (graph_name_char(c, true) || c == '<')
        code = scan_name(lexer, &token, error);
    else if (c == '[')
        code = scan_offset(lexer, &token, error);
    else if (c == ':')
        code = scan_marked(lexer, TOKEN_QUALIFIER, &token, error);
    else if (c == '@')
        code = scan_marked(lexer, TOKEN_XTRIGGER, &token, error);
    else
        code = scan_mark(lexer, &token, error);
    if (code < 0)
        return code;
    token.whole = (struct slice){start, (size_t)(lexer->next - start)};
    *ret_token = token;
    return 0;
}

/* A recursive descent over the tokens, with one token in hand and the line-joining rule in
 * advance(): outside of it nobody sees the line ends that are no ends of statements. */
#include "scheduler/graph/parser.h"
#include "base/check.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

struct parser {
    struct lexer lexer;
    struct token token;    /* in hand */
    struct token previous; /* before it; .kind is TOKEN_LINE_END at a statement's beginning */
    struct token ahead;    /* lexed beyond a line's end */
    bool has_ahead;
    unsigned depth; /* of parentheses */
    bool brackets, has_or;
    struct graph_statement statement;
};

void graph_statement_release(struct graph_statement *statement)
{
    vec_release(&statement->nodes);
    vec_release(&statement->chain);
}

int graph_statement_error(const struct graph_statement *statement, const struct graph_node *node,
                          struct error *error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    error_vset(error, -EINVAL, format, args);
    va_end(args);
    graph_add_quote(statement->source, error);
    return error_where(error, NULL, node ? node->line : statement->line, NULL);
}

/* --- tokens --- */

static bool is_operator(enum token_kind kind)
{
    return kind == TOKEN_ARROW || kind == TOKEN_AND || kind == TOKEN_OR;
}

#define FAIL(parser, token, ...)                                                                   \
    lexer_error(&(parser)->lexer, (token)->whole.at, (token)->line, error, __VA_ARGS__)

static int lex(struct parser *parser, struct error *error)
{
    if (!parser->has_ahead)
        return lexer_next(&parser->lexer, &parser->token, error);
    parser->token = parser->ahead;
    parser->has_ahead = false;
    return 0;
}

/* Decide what the line end in hand is: nothing, or the end of the statement. */
static int end_line(struct parser *parser, struct error *error)
{
    struct token end = parser->token;
    const char *from = parser->lexer.from;
    int code = 0;
    while (code == 0 && parser->token.kind == TOKEN_LINE_END) {
        parser->lexer.from = parser->lexer.next; /* a bad token here is quoted with its line only */
        code = lexer_next(&parser->lexer, &parser->token, error);
    }
    if (code < 0)
        return code;
    parser->lexer.from = from;
    bool before = is_operator(parser->previous.kind), after = is_operator(parser->token.kind);
    if (before && after)
        return FAIL(parser, &parser->token,
                    "one line ends and the next begins with an operator ('%.*s', '%.*s'): expected "
                    "a task between them",
                    (int)parser->previous.whole.n, parser->previous.whole.at,
                    (int)parser->token.whole.n, parser->token.whole.at);
    if (before || after || parser->previous.kind == TOKEN_LINE_END)
        return 0;
    parser->ahead = parser->token;
    parser->has_ahead = true;
    parser->token = end;
    return 0;
}

static int advance(struct parser *parser, struct error *error)
{
    parser->previous = parser->token;
    int code = lex(parser, error);
    if (code == 0 && parser->token.kind == TOKEN_LINE_END)
        code = end_line(parser, error);
    return code;
}

static bool at_end(const struct parser *parser)
{
    return parser->token.kind == TOKEN_END || parser->token.kind == TOKEN_LINE_END;
}

/* --- nodes --- */

static int new_node(struct parser *parser, enum graph_node_kind kind, uint32_t *ret_index,
                    struct error *error)
{
    if (parser->statement.nodes.n >= GRAPH_STATEMENT_NODES_MAX)
        return FAIL(parser, &parser->token,
                    "the statement has more than %d parts (GRAPH_STATEMENT_NODES_MAX)",
                    (int)GRAPH_STATEMENT_NODES_MAX);
    *ret_index = (uint32_t)parser->statement.nodes.n;
    struct graph_node *node = vec_push(&parser->statement.nodes);
    node->kind = kind;
    node->line = parser->token.line;
    return 0;
}

/* A polling task names what it polls: "far<flow/run1::task:output>". */
static int split_name(struct parser *parser, struct graph_node *node, struct error *error)
{
    struct slice name = parser->token.text;
    const char *open = memchr(name.at, '<', name.n);
    const char *colons = open ? memmem(open, name.n - (size_t)(open - name.at), "::", 2) : NULL;
    node->name = name;
    if (colons) {
        if (open == name.at || name.at[name.n - 1] != '>')
            return FAIL(parser, &parser->token,
                        "bad polling task '%.*s': expected NAME<FLOW::TASK>", (int)name.n, name.at);
        node->name.n = (size_t)(open - name.at);
        node->polled = (struct slice){open + 1, name.n - node->name.n - 2};
    } else if (open) {
        parser->statement.parameters = true;
    }
    if (node->name.n > GRAPH_NAME_MAX)
        return FAIL(parser, &parser->token, "a task name of %zu bytes is too long: at most %d",
                    node->name.n, (int)GRAPH_NAME_MAX);
    return 0;
}

static int expected_task(struct parser *parser, struct error *error)
{
    const struct token *token = &parser->token, *before = &parser->previous;
    if (is_operator(token->kind) && token->kind == before->kind)
        return FAIL(parser, token, "'%.*s' stands twice: expected a task between",
                    (int)token->whole.n, token->whole.at);
    if (is_operator(before->kind) && at_end(parser))
        return FAIL(parser, before, "'%.*s' at the end: expected a task after it",
                    (int)before->whole.n, before->whole.at);
    if (before->kind == TOKEN_LINE_END && is_operator(token->kind))
        return FAIL(parser, token, "'%.*s' at the beginning: expected a task before it",
                    (int)token->whole.n, token->whole.at);
    if (at_end(parser))
        return FAIL(parser, token, "expected a task after '%.*s'", (int)before->whole.n,
                    before->whole.at);
    if (before->kind == TOKEN_LINE_END)
        return FAIL(parser, token, "unexpected '%.*s': expected a task", (int)token->whole.n,
                    token->whole.at);
    return FAIL(parser, token, "unexpected '%.*s' after '%.*s': expected a task",
                (int)token->whole.n, token->whole.at, (int)before->whole.n, before->whole.at);
}

/* Take the token in hand as one of the node's marks, in their order. */
static int parse_marks(struct parser *parser, uint32_t index, struct error *error)
{
    static const enum token_kind order[] = {TOKEN_OFFSET, TOKEN_QUALIFIER, TOKEN_OPTIONAL};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (parser->token.kind != order[i])
            continue;
        struct graph_node *node = &parser->statement.nodes.at[index];
        if (order[i] == TOKEN_OFFSET)
            node->offset = parser->token.text;
        else if (order[i] == TOKEN_QUALIFIER)
            node->output = parser->token.text;
        else
            node->optional = true;
        int code = advance(parser, error);
        if (code < 0)
            return code;
    }
    return 0;
}

static int parse_node(struct parser *parser, uint32_t *ret_index, struct error *error)
{
    uint32_t index = 0;
    bool xtrigger = parser->token.kind == TOKEN_XTRIGGER;
    int code = new_node(parser, xtrigger ? NODE_XTRIGGER : NODE_TASK, &index, error);
    if (code < 0)
        return code;
    struct graph_node *node = &parser->statement.nodes.at[index];
    *ret_index = index;
    if (xtrigger) {
        node->name = parser->token.text;
        code = advance(parser, error);
        return code < 0 || parser->token.kind != TOKEN_QUALIFIER
                   ? code
                   : parse_marks(parser, index, error);
    }
    if (parser->token.kind == TOKEN_SUICIDE) {
        node->suicide = true;
        code = advance(parser, error);
        if (code < 0)
            return code;
    }
    if (parser->token.kind != TOKEN_NAME)
        return expected_task(parser, error);
    code = split_name(parser, node, error);
    if (code == 0)
        code = advance(parser, error);
    return code < 0 ? code : parse_marks(parser, index, error);
}

/* --- expressions --- */

static int parse_operators(struct parser *parser, enum token_kind operator, uint32_t * ret_index,
                           struct error *error);

static int parse_primary(struct parser *parser, uint32_t *ret_index, struct error *error)
{
    if (parser->token.kind != TOKEN_OPEN)
        return parse_node(parser, ret_index, error);
    if (++parser->depth > GRAPH_NESTING_MAX)
        return FAIL(parser, &parser->token,
                    "parentheses are nested more than %d deep (GRAPH_NESTING_MAX)",
                    (int)GRAPH_NESTING_MAX);
    parser->brackets = true;
    int code = advance(parser, error);
    if (code == 0)
        code = parse_operators(parser, TOKEN_OR, ret_index, error);
    if (code < 0)
        return code;
    if (at_end(parser) || parser->token.kind == TOKEN_ARROW)
        return FAIL(parser, &parser->token, "'(' is not closed: expected ')' before %s",
                    at_end(parser) ? "the end of the line" : "=>");
    if (parser->token.kind != TOKEN_CLOSE)
        return FAIL(parser, &parser->token, "unexpected '%.*s' after '%.*s': expected &, | or ')'",
                    (int)parser->token.whole.n, parser->token.whole.at,
                    (int)parser->previous.whole.n, parser->previous.whole.at);
    parser->depth--;
    return advance(parser, error);
}

static void add_child(struct graph_statement *statement, uint32_t parent, uint32_t child)
{
    struct graph_node *nodes = statement->nodes.at;
    if (nodes[parent].last)
        nodes[nodes[parent].last].next = child;
    else
        nodes[parent].first = child;
    nodes[parent].last = child;
}

/* operator: TOKEN_OR or TOKEN_AND, which binds tighter. */
static int parse_operators(struct parser *parser, enum token_kind operator, uint32_t * ret_index,
                           struct error *error)
{
    uint32_t root = 0, child = 0;
    for (;;) {
        int code = operator== TOKEN_OR ? parse_operators(parser, TOKEN_AND, &child, error)
                                       : parse_primary(parser, &child, error);
        if (code < 0)
            return code;
        bool more = parser->token.kind == operator;
        if (more && !root)
            code = new_node(parser, operator== TOKEN_OR ? NODE_OR : NODE_AND, &root, error);
        if (code < 0)
            return code;
        if (root)
            add_child(&parser->statement, root, child);
        if (!more)
            break;
        parser->has_or = parser->has_or || operator== TOKEN_OR;
        code = advance(parser, error);
        if (code < 0)
            return code;
    }
    *ret_index = root ? root : child;
    return 0;
}

static int expected_operator(struct parser *parser, struct error *error)
{
    const struct token *token = &parser->token, *before = &parser->previous;
    if (token->kind == TOKEN_CLOSE)
        return FAIL(parser, token, "')' without '(' before it");
    return FAIL(parser, token, "unexpected '%.*s' after '%.*s': expected =>, & or |%s",
                (int)token->whole.n, token->whole.at, (int)before->whole.n, before->whole.at,
                token->kind == TOKEN_OFFSET || token->kind == TOKEN_QUALIFIER ||
                        token->kind == TOKEN_OPTIONAL
                    ? " (a task is NAME[OFFSET]:OUTPUT? in this order)"
                    : "");
}

static int parse_statement(struct parser *parser, struct error *error)
{
    struct graph_statement *statement = &parser->statement;
    vec_clear(&statement->nodes);
    vec_clear(&statement->chain);
    vec_push(&statement->nodes)->line = parser->token.line;
    statement->line = parser->token.line;
    statement->parameters = false;
    parser->lexer.from = parser->token.whole.at;
    parser->depth = 0;
    for (;;) {
        struct graph_element element = {.first = (uint32_t)statement->nodes.n};
        parser->brackets = parser->has_or = false;
        int code = parse_operators(parser, TOKEN_OR, &element.root, error);
        if (code < 0)
            return code;
        element.end = (uint32_t)statement->nodes.n;
        element.brackets = parser->brackets;
        element.has_or = parser->has_or;
        *vec_push(&statement->chain) = element;
        if (at_end(parser))
            break;
        if (parser->token.kind != TOKEN_ARROW)
            return expected_operator(parser, error);
        code = advance(parser, error);
        if (code < 0)
            return code;
    }
    const char *from = parser->lexer.from;
    statement->source = (struct slice){from, (size_t)(parser->token.whole.at - from)};
    return 0;
}

int graph_parse(struct slice text, int line, graph_statement_handler *handler, void *context,
                struct error *error)
{
    struct parser parser = {.token.kind = TOKEN_LINE_END};
    lexer_init(&parser.lexer, text, line);
    int code = advance(&parser, error);
    while (code == 0 && parser.token.kind != TOKEN_END) {
        if (parser.token.kind != TOKEN_LINE_END) {
            code = parse_statement(&parser, error);
            if (code == 0)
                code = handler(context, &parser.statement, error);
        } else {
            code = advance(&parser, error);
        }
    }
    graph_statement_release(&parser.statement);
    return code;
}

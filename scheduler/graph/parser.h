/* Graph strings to statements: one chain `A => B => C`, each element a tree of nodes.
 *
 *     statement := element ("=>" element)*
 *     element   := and ("|" and)*
 *     and       := primary ("&" primary)*
 *     primary   := "(" element ")" | node
 *     node      := ["!"] NAME ["[" OFFSET "]"] [":" OUTPUT] ["?"] | "@" XTRIGGER [":" OUTPUT]
 *
 * A line's end ends a statement, unless a =>, & or | stands right before or after it. What the
 * names mean is not looked at here. */
#ifndef ROUSE_GRAPH_PARSER_H
#define ROUSE_GRAPH_PARSER_H

#include "base/vec.h"
#include "scheduler/graph/lexer.h"
#include <stdint.h>

enum {
    GRAPH_NESTING_MAX = 100,             /* parentheses in parentheses */
    GRAPH_STATEMENT_NODES_MAX = 1 << 22, /* tasks and operators in one statement */
};

enum graph_node_kind { NODE_TASK, NODE_XTRIGGER, NODE_AND, NODE_OR };

struct graph_node {
    enum graph_node_kind kind;
    bool suicide, optional;
    struct slice name;   /* may hold parameters: "foo<m>" */
    struct slice offset; /* at NULL: none; else the text between the brackets */
    struct slice output; /* at NULL: none */
    struct slice polled; /* at NULL: none; "flow::task:output" of a polling task */
    int line;
    uint32_t first, last, next; /* children of NODE_AND, NODE_OR; 0 = none (node 0 is not used) */
};

struct graph_element {
    uint32_t root;       /* of the tree */
    uint32_t first, end; /* its nodes, leaves in the order of the text */
    bool brackets;       /* some part of it stands in parentheses */
    bool has_or;
};

struct graph_statement {
    VEC(struct graph_node) nodes; /* [0] is not used */
    VEC(struct graph_element) chain;
    bool parameters;     /* some name holds parameters */
    struct slice source; /* as written, for messages; may hold line ends */
    int line;
};

void graph_statement_release(struct graph_statement *statement);

/* Called with each statement; it may be changed but lives only during the call. A negative return
 * ends the parse. */
typedef int graph_statement_handler(void *context, struct graph_statement *statement,
                                    struct error *error);

/* Parse text, whose first line has the number `line`. Negative and error (with the line) if it is
 * refused by the grammar or by the handler. */
int graph_parse(struct slice text, int line, graph_statement_handler *handler, void *context,
                struct error *error);

/* Set an error at the node (NULL: the statement) that quotes the statement. -EINVAL. */
int graph_statement_error(const struct graph_statement *statement, const struct graph_node *node,
                          struct error *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif

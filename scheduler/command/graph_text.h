/* Graphs as text: the reference listing, Graphviz' language, lines for people. Pure. */
#ifndef ROUSE_GRAPH_TEXT_H
#define ROUSE_GRAPH_TEXT_H

#include "base/text.h"
#include "base/vec.h"
#include "scheduler/command/concrete.h"

struct drawn_node {
    char *id, *label, *group; /* group: nodes of one group are drawn together; NULL = none */
};
struct drawn_edge {
    char *from, *to; /* ids */
};
struct drawing { /* nodes and edges in the order they are written */
    VEC(struct drawn_node) nodes;
    VEC(struct drawn_edge) edges;
};

/* Task instances, "1/a"; by_point groups them. */
void drawing_of_instances(const struct workflow *workflow, const struct concrete *concrete,
                          bool by_point, struct drawing *ret_drawing);
/* Who inherits from whom. */
void drawing_of_namespaces(const struct workflow *workflow, struct drawing *ret_drawing);
void drawing_release(struct drawing *drawing);

/* As `cylc graph --reference` prints it. */
void drawing_reference(const struct drawing *drawing, struct text *out);
/* "1/a => 1/b", one a line, then what has no edge. */
void drawing_plain(const struct drawing *drawing, struct text *out);
void drawing_dot(const struct drawing *drawing, const char *title, bool left_to_right,
                 struct text *out);

#endif

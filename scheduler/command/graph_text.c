/* See graph_text.h. */
#include "scheduler/command/graph_text.h"
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static char *instance_id(const struct workflow *workflow, const struct concrete_node *node)
{
    char point[POINT_TEXT_MAX];
    return str_format("%s/%s", point_format(workflow->cycling, node->point, point), node->name);
}

void drawing_of_instances(const struct workflow *workflow, const struct concrete *concrete,
                          bool by_point, struct drawing *ret_drawing)
{
    struct drawing drawing = {0};
    for (size_t i = 0; i < concrete->nodes.n; i++) {
        const struct concrete_node *node = &concrete->nodes.at[i];
        char point[POINT_TEXT_MAX];
        (void)point_format(workflow->cycling, node->point, point);
        *vec_push(&drawing.nodes) = (struct drawn_node){instance_id(workflow, node),
                                                        str_format("%s\\n%s", node->name, point),
                                                        by_point ? str_copy(point) : NULL};
    }
    for (size_t i = 0; i < concrete->edges.n; i++)
        *vec_push(&drawing.edges) =
            (struct drawn_edge){instance_id(workflow, &concrete->edges.at[i].from),
                                instance_id(workflow, &concrete->edges.at[i].to)};
    *ret_drawing = drawing;
}

static void add_namespaces(struct drawing *drawing, const struct task_def *defs, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        *vec_push(&drawing->nodes) =
            (struct drawn_node){str_copy(defs[i].name), str_copy(defs[i].name), NULL};
        for (uint32_t p = 0; p < defs[i].n_parents; p++)
            *vec_push(&drawing->edges) =
                (struct drawn_edge){str_copy(defs[i].parents[p]), str_copy(defs[i].name)};
    }
}

static int compare_nodes(const void *left, const void *right)
{
    const struct drawn_node *a = left, *b = right;
    return strcmp(a->id, b->id);
}

static int compare_edges(const void *left, const void *right)
{
    const struct drawn_edge *a = left, *b = right;
    int result = strcmp(a->from, b->from);
    return result ? result : strcmp(a->to, b->to);
}

void drawing_of_namespaces(const struct workflow *workflow, struct drawing *ret_drawing)
{
    struct drawing drawing = {0};
    add_namespaces(&drawing, workflow->families, workflow->n_families);
    add_namespaces(&drawing, workflow->tasks, workflow->n_tasks);
    if (drawing.nodes.n)
        qsort(drawing.nodes.at, drawing.nodes.n, sizeof *drawing.nodes.at, compare_nodes);
    if (drawing.edges.n)
        qsort(drawing.edges.at, drawing.edges.n, sizeof *drawing.edges.at, compare_edges);
    *ret_drawing = drawing;
}

void drawing_release(struct drawing *drawing)
{
    VEC_EACH (struct drawn_node, node, &drawing->nodes) {
        free(node->id);
        free(node->label);
        free(node->group);
    }
    VEC_EACH (struct drawn_edge, edge, &drawing->edges) {
        free(edge->from);
        free(edge->to);
    }
    vec_release(&drawing->nodes);
    vec_release(&drawing->edges);
}

void drawing_reference(const struct drawing *drawing, struct text *out)
{
    VEC_EACH (const struct drawn_edge, edge, &drawing->edges)
        text_addf(out, "edge \"%s\" \"%s\"\n", edge->from, edge->to);
    text_add(out, "graph\n");
    VEC_EACH (const struct drawn_node, node, &drawing->nodes)
        text_addf(out, "node \"%s\" \"%s\"\n", node->id, node->label);
    text_add(out, "stop\n");
}

static int compare_texts(const void *left, const void *right)
{
    const char *const *a = left, *const *b = right;
    return strcmp(*a, *b);
}

void drawing_plain(const struct drawing *drawing, struct text *out)
{
    VEC(const char *) linked = {0};
    VEC_EACH (const struct drawn_edge, edge, &drawing->edges) {
        text_addf(out, "%s => %s\n", edge->from, edge->to);
        *vec_push(&linked) = edge->from;
        *vec_push(&linked) = edge->to;
    }
    if (linked.n)
        qsort(linked.at, linked.n, sizeof *linked.at, compare_texts);
    VEC_EACH (const struct drawn_node, node, &drawing->nodes) {
        const char *id = node->id;
        if (!linked.n || !bsearch(&id, linked.at, linked.n, sizeof *linked.at, compare_texts))
            text_addf(out, "%s\n", id);
    }
    vec_release(&linked);
}

static int compare_groups(const void *left, const void *right)
{
    const struct drawn_node *const *a = left, *const *b = right;
    int result = strcmp((*a)->group, (*b)->group);
    return result ? result : strcmp((*a)->id, (*b)->id);
}

/* Nodes that have a group, group by group. */
static void dot_groups(const struct drawing *drawing, struct text *out)
{
    VEC(const struct drawn_node *) grouped = {0};
    VEC_EACH (const struct drawn_node, node, &drawing->nodes)
        if (node->group)
            *vec_push(&grouped) = node;
    if (grouped.n)
        qsort(grouped.at, grouped.n, sizeof *grouped.at, compare_groups);
    const char *open = NULL;
    for (size_t i = 0; i < grouped.n; i++) {
        const char *group = grouped.at[i]->group;
        if (!open || strcmp(open, group) != 0)
            text_addf(out, "%s    subgraph \"cluster_%s\" {\n        label=\"%s\"\n",
                      open ? "    }\n" : "", group, group);
        open = group;
        text_addf(out, "        \"%s\"\n", grouped.at[i]->id);
    }
    if (open)
        text_add(out, "    }\n");
    vec_release(&grouped);
}

/* A quoted string of Graphviz' language. */
static void dot_quote(const char *string, struct text *out)
{
    text_add_char(out, '"');
    for (; *string; string++) {
        if (*string == '"' || *string == '\\')
            text_add_char(out, '\\');
        text_add_char(out, *string);
    }
    text_add_char(out, '"');
}

void drawing_dot(const struct drawing *drawing, const char *title, bool left_to_right,
                 struct text *out)
{
    text_add(out, "digraph ");
    dot_quote(title, out);
    text_addf(out, " {\n    node [shape=box]\n%s", left_to_right ? "    rankdir=LR\n" : "");
    VEC_EACH (const struct drawn_node, node, &drawing->nodes)
        text_addf(out, "    \"%s\" [label=\"%s\"]\n", node->id, node->label);
    dot_groups(drawing, out);
    VEC_EACH (const struct drawn_edge, edge, &drawing->edges)
        text_addf(out, "    \"%s\" -> \"%s\"\n", edge->from, edge->to);
    text_add(out, "}\n");
}

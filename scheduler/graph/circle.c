/* Circular dependencies among the first instances of a workflow: the graph is unrolled over some
 * points and searched depth first. A family trigger is a node of its own, so that its members are
 * not multiplied by its children. What the limits leave out can hide a circle, but never make one
 * up. */
#include "base/check.h"
#include "base/text.h"
#include "base/vec.h"
#include "scheduler/graph/graph.h"
#include "scheduler/graph/index_set.h"
#include <errno.h>

#include "base/banned.h"

enum colour { WHITE, GREY, BLACK };

/* A task at a point, or a group at a point: then `task` is n_tasks + its index. */
struct node {
    uint32_t task;
    enum colour colour;
    cycle_point point;
    uint32_t edges; /* index + 1 into `edges`; 0 = none */
};

/* To a parent. */
struct link {
    uint32_t parent, next;
};

struct search {
    const struct graph *graph;
    const struct cycling *cycling;
    VEC(struct node) nodes;
    VEC(struct link) edges;
    VEC(uint32_t) path;
    struct index_set by_instance;
    const char *(*task_name)(void *context, uint32_t task);
    void *context;
};

static uint64_t node_hash(const void *context, uint32_t index)
{
    const struct search *search = context;
    return hash_fold(search->nodes.at[index].task, (uint64_t)search->nodes.at[index].point);
}

static bool node_same(const void *context, uint32_t a, uint32_t b)
{
    const struct search *search = context;
    const struct node *x = &search->nodes.at[a], *y = &search->nodes.at[b];
    return x->task == y->task && x->point == y->point;
}

static const struct index_set_type nodes_by_instance = {node_hash, node_same};

/* The node of an instance; UINT32_MAX if there is none, unless it is to be added. */
static uint32_t find_node(struct search *search, uint32_t task, cycle_point point, bool add)
{
    uint32_t index = (uint32_t)search->nodes.n;
    *vec_push(&search->nodes) = (struct node){.task = task, .point = point};
    uint32_t found = add ? index_set_add(&search->by_instance, &nodes_by_instance, search, index)
                         : index_set_find(&search->by_instance, &nodes_by_instance, search, index);
    if (!add || found != index)
        search->nodes.n--;
    return found;
}

static void add_edge(struct search *search, uint32_t child, uint32_t parent)
{
    if (parent == UINT32_MAX || search->edges.n >= CIRCLE_EDGES_MAX)
        return;
    *vec_push(&search->edges) =
        (struct link){.parent = parent, .next = search->nodes.at[child].edges};
    search->nodes.at[child].edges = (uint32_t)search->edges.n;
}

/* --- unrolling --- */

static cycle_point next_point(const struct graph *graph, cycle_point point)
{
    cycle_point least = POINT_NONE;
    for (uint32_t i = 0; i < graph->n_sequences; i++) {
        const struct sequence *sequence = graph->sequences[i].sequence;
        cycle_point next = point == POINT_NONE ? sequence_first(sequence, POINT_NONE + 1)
                                               : sequence_next(sequence, point);
        if (next != POINT_NONE && (least == POINT_NONE || next < least))
            least = next;
    }
    return least;
}

static void add_instances(struct search *search)
{
    cycle_point point = next_point(search->graph, POINT_NONE);
    for (unsigned n = 0; n < CIRCLE_POINTS_MAX && point != POINT_NONE; n++) {
        for (uint32_t task = 0; task < search->graph->n_tasks; task++)
            if (search->nodes.n < CIRCLE_NODES_MAX &&
                graph_task_valid_at(search->graph, task, point))
                find_node(search, task, point, true);
        if (search->nodes.n >= CIRCLE_NODES_MAX)
            return;
        point = next_point(search->graph, point);
    }
}

/* The group at a point depends on all of its members there. */
static uint32_t group_node(struct search *search, uint32_t index, cycle_point point)
{
    const struct group *group = &search->graph->groups[index];
    size_t before = search->nodes.n;
    uint32_t node = find_node(search, search->graph->n_tasks + index, point, true);
    for (uint32_t i = 0; search->nodes.n > before && i < group->n_members; i++)
        add_edge(search, node, find_node(search, group->members[i], point, false));
    return node;
}

static void add_dependency(struct search *search, uint32_t child, const struct graph_task *task,
                           const struct dependency *dependency)
{
    cycle_point point = search->nodes.at[child].point;
    for (uint32_t i = 0; i < dependency->n_terms; i++) {
        if (dependency->terms[i].kind != TERM_ATOM)
            continue;
        const struct atom *atom = &task->atoms[dependency->terms[i].atom];
        cycle_point parent = offset_apply(search->cycling, atom->offset, point);
        add_edge(search, child,
                 atom->kind == ATOM_GROUP ? group_node(search, atom->index, parent)
                                          : find_node(search, atom->index, parent, false));
    }
}

static void add_edges(struct search *search)
{
    size_t instances = search->nodes.n;
    for (uint32_t i = 0; i < instances && search->edges.n < CIRCLE_EDGES_MAX; i++) {
        const struct graph_task *task = &search->graph->tasks[search->nodes.at[i].task];
        cycle_point point = search->nodes.at[i].point;
        for (uint32_t d = 0; d < task->n_dependencies; d++) {
            const struct dependency *dependency = &task->dependencies[d];
            const struct graph_sequence *on = &search->graph->sequences[dependency->sequence];
            if (!dependency->suicide && sequence_contains(on->sequence, point))
                add_dependency(search, i, task, dependency);
        }
    }
}

/* --- searching --- */

/* Follow edges from the node; the grey node that closes a circle with the path, or UINT32_MAX. */
static uint32_t walk(struct search *search, uint32_t start)
{
    *vec_push(&search->path) = start;
    search->nodes.at[start].colour = GREY;
    while (search->path.n) {
        struct node *node = &search->nodes.at[*vec_last(&search->path)];
        if (!node->edges) {
            node->colour = BLACK;
            search->path.n--;
            continue;
        }
        const struct link *edge = &search->edges.at[node->edges - 1];
        node->edges = edge->next;
        struct node *parent = &search->nodes.at[edge->parent];
        if (parent->colour == GREY)
            return edge->parent;
        if (parent->colour == WHITE) {
            parent->colour = GREY;
            *vec_push(&search->path) = edge->parent;
        }
    }
    return UINT32_MAX;
}

static void add_name(const struct search *search, uint32_t index, struct text *out)
{
    const struct node *node = &search->nodes.at[index];
    char point[POINT_TEXT_MAX];
    text_addf(out, "%s/", point_format(search->cycling, node->point, point));
    if (node->task >= search->graph->n_tasks)
        text_add(out, search->graph->groups[node->task - search->graph->n_tasks].name);
    else if (search->task_name)
        text_add(out, search->task_name(search->context, node->task));
    else
        text_addf(out, "task %u", (unsigned)node->task);
}

/* The path leads from children to parents; a person reads it the other way. */
static int report(const struct search *search, uint32_t closing, struct error *error)
{
    struct text text = {0};
    add_name(search, closing, &text);
    for (size_t i = search->path.n; i-- > 0 && search->path.at[i] != closing;) {
        text_add(&text, " => ");
        add_name(search, search->path.at[i], &text);
    }
    text_add(&text, " => ");
    add_name(search, closing, &text);
    int code = error_set(error, -EINVAL, "circular dependencies: %s", text_string(&text));
    text_release(&text);
    return code;
}

int graph_check_circular(const struct graph *graph, const struct cycling *cycling,
                         const char *(*task_name)(void *context, uint32_t task), void *context,
                         struct error *error)
{
    struct search search = {
        .graph = graph, .cycling = cycling, .task_name = task_name, .context = context};
    int code = 0;
    add_instances(&search);
    add_edges(&search);
    for (uint32_t i = 0; code == 0 && i < search.nodes.n; i++) {
        uint32_t closing = search.nodes.at[i].colour == WHITE ? walk(&search, i) : UINT32_MAX;
        if (closing != UINT32_MAX)
            code = report(&search, closing, error);
    }
    index_set_release(&search.by_instance);
    vec_release(&search.path);
    vec_release(&search.edges);
    vec_release(&search.nodes);
    return code;
}

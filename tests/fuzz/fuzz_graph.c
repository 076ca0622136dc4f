/* Graph strings: parser, parameters, compiler and the questions asked of the result. The first line
 * of the input is the heading, the second one "d" for dates or anything for integers; the rest is
 * the graph, in which a line "%%% HEADING" begins another section. FAM, GAP and the parameters m
 * and n are defined. */
#include "scheduler/graph/params.h"
#include "scheduler/graph/terms.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/graph_names.h"
#include <string.h>

#include "base/banned.h"

enum { POINTS = 12, CHILDREN = 64 };

static void define(struct test_names *names, struct params *params)
{
    struct error error;
    test_names_family(names, "FAM", "m1 m2 m3");
    test_names_family(names, "GAP", "m2 g1");
    test_names_family(names, "NONE", "");
    test_names_output(names, "a", "x");
    test_names_output(names, "a", "y");
    test_names_output(names, "m1", "x");
    test_names_output(names, "m2", "x");
    test_names_output(names, "m3", "x");
    test_names_xtrigger(names, "xt");
    test_names_xtrigger(names, "xt:timeout");
    test_names_xtrigger(names, "wall_clock");
    HOLDS(params_define(params, "m", "1..3", &error) == 0);
    HOLDS(params_define(params, "n", "cat, dog", &error) == 0);
    HOLDS(params_template(params, "n", "-%(n)s", &error) == 0);
}

static bool has_edge(struct edges edges, enum edge_kind kind, uint32_t index, uint32_t atom)
{
    for (uint32_t i = 0; i < edges.n; i++)
        if (edges.at[i].kind == kind && edges.at[i].index == index && edges.at[i].atom == atom)
            return true;
    return false;
}

/* What a task waits for tells it so. */
static void check_atoms(const struct graph *graph, uint32_t child)
{
    const struct graph_task *task = &graph->tasks[child];
    for (uint32_t i = 0; i < task->n_atoms; i++) {
        const struct atom *atom = &task->atoms[i];
        const bool group = atom->kind == ATOM_GROUP;
        HOLDS(atom->index < (group ? graph->n_groups : graph->n_tasks));
        HOLDS(group || atom->output < graph->tasks[atom->index].n_outputs);
        HOLDS(has_edge(group ? graph->groups[atom->index].edges
                             : graph->tasks[atom->index].edges[atom->output],
                       EDGE_TASK, child, i));
    }
    for (uint32_t i = 0; i < task->n_dependencies; i++) {
        const struct dependency *dependency = &task->dependencies[i];
        HOLDS(dependency->sequence < graph->n_sequences && *dependency->text);
        uint32_t depth = 0;
        for (uint32_t j = 0; j < dependency->n_terms; j++) {
            const bool leaf = term_is_leaf(&dependency->terms[j]);
            const bool atom = dependency->terms[j].kind == TERM_ATOM;
            HOLDS(leaf ? dependency->terms[j].atom < (atom ? task->n_atoms : task->n_alternatives)
                       : depth >= 2);
            depth += leaf ? 1 : UINT32_MAX;
        }
        HOLDS(depth == (dependency->n_terms > 0));
    }
}

static void check_groups(const struct graph *graph)
{
    for (uint32_t g = 0; g < graph->n_groups; g++) {
        const struct group *group = &graph->groups[g];
        for (uint32_t i = 0; i < group->n_members; i++)
            for (uint32_t o = 0; o < OUTPUT_CUSTOM; o++)
                if (group->outputs >> o & 1)
                    HOLDS(has_edge(graph->tasks[group->members[i]].edges[o], EDGE_GROUP, g, i));
    }
}

/* From a child's point to the parent's and back. */
static void check_offset(const struct cycling *cycling, const struct offset *offset,
                         const struct sequence *sequence, cycle_point point)
{
    const cycle_point parent = offset_apply(cycling, offset, point);
    struct offset_children children;
    bool found = false;
    if (offset->kind == OFFSET_ABSOLUTE || parent == POINT_NONE)
        return;
    cycle_point before = POINT_NONE;
    offset_children_begin(&children, cycling, offset, sequence, parent);
    for (int i = 0; i < CHILDREN && !found; i++) {
        const cycle_point child = offset_children_next(&children);
        HOLDS(child != POINT_NONE && (before == POINT_NONE || child > before));
        HOLDS(sequence_contains(sequence, child) && offset_apply(cycling, offset, child) == parent);
        found = child == point;
        before = child;
    }
}

static void check_edges(const struct graph *graph, const struct cycling *cycling,
                        struct edges edges)
{
    for (uint32_t i = 0; i < edges.n; i++) {
        const struct edge *edge = &edges.at[i];
        if (edge->kind == EDGE_GROUP)
            continue;
        const struct sequence *sequence = graph->sequences[edge->sequence].sequence;
        const struct offset *offset = graph->tasks[edge->index].atoms[edge->atom].offset;
        cycle_point point = POINT_NONE;
        for (int n = 0; n < POINTS; n++) {
            point = sequence_next(sequence, point);
            if (point == POINT_NONE)
                break;
            check_offset(cycling, offset, sequence, point);
        }
    }
}

static void check_points(const struct graph *graph, const struct cycling *cycling, uint32_t task,
                         cycle_point initial)
{
    cycle_point point = POINT_NONE;
    for (int i = 0; i < POINTS; i++) {
        const cycle_point next = graph_task_next(graph, task, point);
        if (next == POINT_NONE)
            return;
        HOLDS(next > point && graph_task_valid_at(graph, task, next));
        (void)graph_task_parentless_at(graph, cycling, task, next, initial);
        point = next;
    }
}

static struct graph *build(const struct test_names *names, const struct params *params,
                           const struct cycling *cycling, cycle_point initial, struct slice input,
                           struct slice heading, struct error *error)
{
    struct graph_builder *builder =
        graph_builder_create(cycling, initial, initial * 2, &names->names);
    struct graph *graph = NULL;
    struct text text = {0};
    int code = 0;
    graph_builder_parameters(builder, params);
    while (code == 0) {
        struct slice line = {0};
        bool more = false;
        text_clear(&text);
        while (input.n && !more) {
            line = fuzz_line(&input);
            more = line.n >= 4 && memcmp(line.at, "%%% ", 4) == 0;
            if (!more) {
                text_add_n(&text, line.at, line.n);
                text_add_char(&text, '\n');
            }
        }
        char *recurrence = slice_copy(heading);
        code = graph_builder_add(builder, recurrence, text_string(&text), "flow.cylc", 10, error);
        free(recurrence);
        if (!more)
            break;
        heading = (struct slice){line.at + 4, line.n - 4};
    }
    text_release(&text);
    if (code == 0)
        graph = graph_build(builder, (uint32_t)names->tasks.n, error);
    graph_builder_destroy(builder);
    return graph;
}

static void check_graph(const struct graph *graph, const struct cycling *cycling,
                        struct test_names *names, cycle_point initial)
{
    struct error error = {0};
    check_groups(graph);
    for (uint32_t i = 0; i < graph->n_tasks; i++) {
        check_atoms(graph, i);
        check_points(graph, cycling, i, initial);
        for (uint32_t o = 0; o < graph->tasks[i].n_outputs; o++)
            check_edges(graph, cycling, graph->tasks[i].edges[o]);
    }
    for (uint32_t i = 0; i < graph->n_groups; i++)
        check_edges(graph, cycling, graph->groups[i].edges);
    if (graph_check_circular(graph, cycling, names->names.task_name, names, &error) < 0)
        HOLDS(*error.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = {(const char *)data, size};
    const struct slice heading = fuzz_line(&input);
    const bool dates = slice_equal(fuzz_line(&input), "d");
    const cycle_point initial = dates ? 951782400 : 5;
    struct error error = {0};
    struct test_names names;
    struct cycling *cycling = cycling_create(
        &(struct cycling_options){.mode = dates ? CYCLING_DATETIME : CYCLING_INTEGER}, &error);
    struct params *params = params_create();
    HOLDS(cycling != NULL);
    test_names_init(&names);
    define(&names, params);
    struct graph *graph = build(&names, params, cycling, initial, input, heading, &error);
    if (graph)
        check_graph(graph, cycling, &names, initial);
    else
        HOLDS(error.code < 0 && *error.text);
    graph_destroy(graph);
    params_destroy(params);
    test_names_release(&names);
    cycling_destroy(cycling);
    return 0;
}

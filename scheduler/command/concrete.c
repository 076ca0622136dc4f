/* See concrete.h. */
#include "scheduler/command/concrete.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { POINTS_SHOWN = 3 };
static const char automatic[] = "_cylc_"; /* xtriggers of clock-trigger tasks: not in the graph */

struct building {
    const struct workflow *workflow;
    const struct graph *graph;
    struct concrete_request request; /* start and stop filled in */
    cycle_point first;               /* at or after start, at which anything runs */
    const char **shown;              /* by task: its name, or its family's */
    struct concrete *out;
};

static const struct task_def *find_namespace(const struct workflow *workflow, const char *name)
{
    for (uint32_t i = 0; i < workflow->n_families; i++)
        if (!strcmp(workflow->families[i].name, name))
            return &workflow->families[i];
    return NULL;
}

static bool is_grouped(const struct concrete_request *request, const char *family)
{
    for (size_t i = 0; i < request->n_groups; i++)
        if (!strcmp(request->groups[i], family) || !strcmp(request->groups[i], "<all>"))
            return true;
    return false;
}

/* The outermost grouped family among a task's first parents, or itself. root is never grouped. */
static const char *shown_name(const struct building *self, const struct task_def *task)
{
    const char *name = task->name;
    for (const struct task_def *at = task; at && self->request.n_groups && at->first_parent;
         at = find_namespace(self->workflow, at->first_parent))
        if (strcmp(at->first_parent, "root") != 0 && is_grouped(&self->request, at->first_parent))
            name = at->first_parent;
    return name;
}

/* The first point of all sequences after `point`, or at it. */
static cycle_point point_from(const struct graph *graph, cycle_point point, bool after)
{
    cycle_point found = POINT_NONE;
    for (uint32_t i = 0; i < graph->n_sequences; i++) {
        const struct sequence *sequence = graph->sequences[i].sequence;
        cycle_point next = after ? sequence_next(sequence, point) : sequence_first(sequence, point);
        if (next != POINT_NONE && (found == POINT_NONE || next < found))
            found = next;
    }
    return found;
}

static void find_range(struct building *self)
{
    if (self->request.start == POINT_NONE)
        self->request.start = self->workflow->initial;
    self->first = point_from(self->graph, self->request.start, false);
    if (self->request.stop != POINT_NONE || self->first == POINT_NONE)
        return;
    cycle_point last = self->first;
    for (int i = 1; i < POINTS_SHOWN; i++) {
        cycle_point next = point_from(self->graph, last, true);
        last = next == POINT_NONE ? last : next;
    }
    self->request.stop = last;
}

static struct concrete_node node_of(const struct building *self, uint32_t task, cycle_point point)
{
    return (struct concrete_node){self->shown[task], point};
}

static void add_edge(struct building *self, struct concrete_node from, struct concrete_node to)
{
    bool inner = from.point == to.point && from.name == to.name;
    if (from.point == POINT_NONE || from.point < self->first || inner)
        return;
    *vec_push(&self->out->edges) = (struct concrete_edge){from, to};
    *vec_push(&self->out->nodes) = from;
}

/* The point of a parent; what is counted from ^ is counted from the start of what is shown. */
static cycle_point parent_point(const struct building *self, const struct offset *offset,
                                cycle_point point)
{
    const struct workflow *workflow = self->workflow;
    if (offset->kind == OFFSET_ABSOLUTE && offset->from_initial)
        return offset_from_initial(workflow->cycling, offset, self->request.start);
    return offset_apply(workflow->cycling, offset, point);
}

static void add_parent(struct building *self, const struct atom *atom, struct concrete_node child)
{
    cycle_point point = parent_point(self, atom->offset, child.point);
    if (atom->kind == ATOM_OUTPUT) {
        add_edge(self, node_of(self, atom->index, point), child);
        return;
    }
    const struct group *group = &self->graph->groups[atom->index];
    for (uint32_t i = 0; i < group->n_members; i++)
        add_edge(self, node_of(self, group->members[i], point), child);
}

static void add_instance(struct building *self, uint32_t index, uint32_t sequence,
                         cycle_point point)
{
    const struct graph_task *task = &self->graph->tasks[index];
    struct concrete_node child = node_of(self, index, point);
    *vec_push(&self->out->nodes) = child;
    for (uint32_t i = 0; i < task->n_dependencies; i++) {
        const struct dependency *dependency = &task->dependencies[i];
        if (dependency->sequence != sequence || (dependency->suicide && !self->request.suicide))
            continue;
        for (uint32_t t = 0; t < dependency->n_terms; t++)
            if (dependency->terms[t].kind == TERM_ATOM)
                add_parent(self, &task->atoms[dependency->terms[t].atom], child);
    }
    for (uint32_t i = 0; i < task->n_xtriggers; i++) {
        const char *name = self->out->names.at[task->xtriggers[i].xtrigger];
        if (task->xtriggers[i].sequence == sequence &&
            strncmp(name + 1, automatic, strlen(automatic)) != 0)
            add_edge(self, (struct concrete_node){name, point}, child);
    }
}

static int add_all(struct building *self, struct error *error)
{
    const struct graph *graph = self->graph;
    for (uint32_t t = 0; t < graph->n_tasks; t++)
        for (uint32_t s = 0; s < graph->tasks[t].n_sequences; s++) {
            uint32_t index = graph->tasks[t].sequences[s];
            const struct sequence *sequence = graph->sequences[index].sequence;
            cycle_point point = sequence_first(sequence, self->request.start);
            while (point != POINT_NONE && point <= self->request.stop) {
                add_instance(self, t, index, point);
                if (self->out->nodes.n > CONCRETE_MAX || self->out->edges.n > CONCRETE_MAX)
                    return error_set(error, -E2BIG, "the graph has more than %d nodes",
                                     CONCRETE_MAX);
                point = sequence_next(sequence, point);
            }
        }
    return 0;
}

static int compare_points(const struct cycling *cycling, cycle_point a, cycle_point b)
{
    char one[POINT_TEXT_MAX], other[POINT_TEXT_MAX];
    if (a == b)
        return 0;
    if (cycling_mode(cycling) == CYCLING_INTEGER)
        return a < b ? -1 : 1;
    return strcmp(point_format(cycling, a, one), point_format(cycling, b, other));
}

static int compare_nodes(const void *left, const void *right, void *context)
{
    const struct concrete_node *a = left, *b = right;
    const struct cycling *cycling = context;
    int by_name = strcmp(a->name, b->name);
    int by_point = compare_points(cycling, a->point, b->point);
    if (cycling_mode(cycling) == CYCLING_INTEGER)
        return by_name ? by_name : by_point;
    return by_point ? by_point : by_name;
}

static int compare_edges(const void *left, const void *right, void *context)
{
    const struct concrete_edge *a = left, *b = right;
    int result = compare_nodes(&a->from, &b->from, context);
    return result ? result : compare_nodes(&a->to, &b->to, context);
}

/* Sorted, and what repeats taken out; returns how many are left. */
static size_t sort_unique(void *at, size_t n, size_t size,
                          int (*compare)(const void *, const void *, void *),
                          struct cycling *cycling)
{
    char *bytes = at;
    size_t kept = n > 0;
    if (n)
        qsort_r(at, n, size, compare, cycling);
    for (size_t i = 1; i < n; i++)
        if (compare(bytes + (kept - 1) * size, bytes + i * size, cycling) != 0)
            memmove(bytes + kept++ * size, bytes + i * size, size);
    return kept;
}

int concrete_build(const struct workflow *workflow, const struct concrete_request *request,
                   struct concrete *ret_concrete, struct error *error)
{
    struct concrete out = {0};
    struct building self = {.workflow = workflow,
                            .graph = workflow->graph,
                            .request = *request,
                            .shown = NEW_ARRAY(const char *, workflow->n_tasks),
                            .out = &out};
    for (uint32_t i = 0; i < workflow->n_tasks; i++)
        self.shown[i] = shown_name(&self, &workflow->tasks[i]);
    for (uint32_t i = 0; i < workflow->n_xtriggers; i++)
        *vec_push(&out.names) = str_format("@%s", workflow->xtriggers[i].label);
    find_range(&self);
    int code = self.first == POINT_NONE ? 0 : add_all(&self, error);
    free(self.shown);
    if (code) {
        concrete_release(&out);
        return code;
    }
    struct cycling *cycling = workflow->cycling;
    out.nodes.n =
        sort_unique(out.nodes.at, out.nodes.n, sizeof *out.nodes.at, compare_nodes, cycling);
    out.edges.n =
        sort_unique(out.edges.at, out.edges.n, sizeof *out.edges.at, compare_edges, cycling);
    *ret_concrete = out;
    return 0;
}

static int read_point(const struct workflow *workflow, const char *text, cycle_point *ret_point,
                      struct error *error)
{
    *ret_point = POINT_NONE;
    return text && *text ? point_parse(workflow->cycling, text, ret_point, error) : 0;
}

int concrete_between(const struct workflow *workflow, const char *start, const char *stop,
                     struct concrete_request request, struct concrete *ret_concrete,
                     struct error *error)
{
    int code = read_point(workflow, start, &request.start, error);
    if (!code)
        code = read_point(workflow, stop, &request.stop, error);
    return code ? code : concrete_build(workflow, &request, ret_concrete, error);
}

void concrete_release(struct concrete *concrete)
{
    for (size_t i = 0; i < concrete->names.n; i++)
        free(concrete->names.at[i]);
    vec_release(&concrete->names);
    vec_release(&concrete->nodes);
    vec_release(&concrete->edges);
}

/* See window.h. It looks at the edges of one task definition, never at the pool. */
#include "coroutines/window.h"

#include "base/banned.h"

enum { WINDOW_POINTS_MAX = 8 }; /* child points that one offset may lead to */

static const struct view_task *find_member(const struct view *view, const struct group *group,
                                           cycle_point point)
{
    const struct view_task *found = NULL;
    for (uint32_t m = 0; m < group->n_members && !found; m++)
        found = view_find(view, point, group->members[m]);
    return found;
}

static const struct view_task *find_parent(const struct view *view, cycle_point point,
                                           uint32_t task)
{
    const struct graph_task *graph = &view->workflow->graph->tasks[task];
    const struct view_task *found = NULL;
    for (uint32_t a = 0; a < graph->n_atoms && !found; a++) {
        const struct atom *atom = &graph->atoms[a];
        cycle_point parent = offset_apply(view->workflow->cycling, &atom->offset, point);
        found = atom->kind == ATOM_OUTPUT
                    ? view_find(view, parent, atom->index)
                    : find_member(view, &view->workflow->graph->groups[atom->index], parent);
    }
    return found;
}

static const struct view_task *find_children(const struct view *view, cycle_point point,
                                             const struct edges *edges);

static const struct view_task *find_child(const struct view *view, cycle_point point,
                                          const struct edge *edge)
{
    const struct graph *graph = view->workflow->graph;
    if (edge->kind == EDGE_GROUP)
        return find_children(view, point, &graph->groups[edge->index].edges);
    const struct offset *offset = &graph->tasks[edge->index].atoms[edge->atom].offset;
    cycle_point points[WINDOW_POINTS_MAX];
    if (offset->kind == OFFSET_ABSOLUTE) /* any point may be a child's: those at its own count */
        return view_find(view, point, edge->index);
    const struct view_task *found = NULL;
    size_t n = offset_invert(view->workflow->cycling, offset, point, points, WINDOW_POINTS_MAX);
    for (size_t i = 0; i < n && !found; i++)
        found = view_find(view, points[i], edge->index);
    return found;
}

static const struct view_task *find_children(const struct view *view, cycle_point point,
                                             const struct edges *edges)
{
    const struct view_task *found = NULL;
    for (uint32_t e = 0; e < edges->n && !found; e++)
        found = find_child(view, point, &edges->at[e]);
    return found;
}

const struct view_task *window_neighbour(const struct view *view, cycle_point point, uint32_t task)
{
    const struct graph_task *graph = &view->workflow->graph->tasks[task];
    const struct view_task *found = find_parent(view, point, task);
    for (uint32_t o = 0; o < graph->n_outputs && !found; o++)
        found = find_children(view, point, &graph->edges[o]);
    return found;
}

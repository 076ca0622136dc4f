/* See window.h. It looks at the edges of one task definition, never at the pool. */
#include "coroutines/window.h"

#include "base/banned.h"

enum { WINDOW_POINTS_MAX = 32 }; /* child points that one offset may lead to */

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
        cycle_point parent = offset_apply(view->workflow->cycling, atom->offset, point);
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
    const struct offset *offset = graph->tasks[edge->index].atoms[edge->atom].offset;
    if (offset->kind == OFFSET_ABSOLUTE) /* any point may be a child's: those at its own count */
        return view_find(view, point, edge->index);
    const struct view_task *found = NULL;
    struct offset_children children;
    offset_children_begin(&children, view->workflow->cycling, offset,
                          graph->sequences[edge->sequence].sequence, point);
    for (unsigned i = 0; i < WINDOW_POINTS_MAX && !found; i++) {
        cycle_point child = offset_children_next(&children);
        if (child == POINT_NONE)
            break;
        found = view_find(view, child, edge->index);
    }
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

/* See children.h. */
#include "pool/children.h"

#include "base/banned.h"

void edge_children_begin(struct edge_children *children, const struct workflow *workflow,
                         const struct edge *edge, cycle_point parent)
{
    const struct graph *graph = workflow->graph;
    const struct offset *offset = graph->tasks[edge->index].atoms[edge->atom].offset;
    const struct sequence *sequence = graph->sequences[edge->sequence].sequence;
    children->workflow = workflow;
    children->is_absolute = offset->kind == OFFSET_ABSOLUTE;
    children->absolute = POINT_NONE;
    if (!children->is_absolute)
        offset_children_begin(&children->relative, workflow->cycling, offset, sequence, parent);
    else if (offset->point == parent)
        children->absolute = sequence_first(sequence, workflow->start);
}

cycle_point edge_children_next(struct edge_children *children)
{
    cycle_point point = children->absolute;
    children->absolute = POINT_NONE;
    if (children->is_absolute)
        return point;
    do
        point = offset_children_next(&children->relative);
    while (point != POINT_NONE && point < children->workflow->start);
    return point;
}

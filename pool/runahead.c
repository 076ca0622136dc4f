/* See runahead.h. */
#include "pool/runahead.h"
#include "base/memory.h"
#include <stdlib.h>

#include "base/banned.h"

static const struct sequence *sequence_at(const struct workflow *workflow, uint32_t i)
{
    return workflow->graph->sequences[i].sequence;
}

cycle_point runahead_first(const struct workflow *workflow)
{
    cycle_point first = POINT_NONE;
    for (uint32_t i = 0; i < workflow->graph->n_sequences; i++) {
        cycle_point point = sequence_first(sequence_at(workflow, i), workflow->start);
        if (point != POINT_NONE && (first == POINT_NONE || point < first))
            first = point;
    }
    return first;
}

static cycle_point limit_by_count(const struct workflow *workflow, cycle_point base)
{
    uint32_t n = workflow->graph->n_sequences;
    cycle_point *next = NEW_ARRAY(cycle_point, n);
    for (uint32_t i = 0; i < n; i++)
        next[i] = sequence_first(sequence_at(workflow, i), base);
    cycle_point limit = base;
    for (uint64_t count = 0; count <= workflow->runahead.count; count++) {
        cycle_point lowest = POINT_NONE;
        for (uint32_t i = 0; i < n; i++)
            if (next[i] != POINT_NONE && (lowest == POINT_NONE || next[i] < lowest))
                lowest = next[i];
        if (lowest == POINT_NONE)
            break;
        limit = lowest;
        for (uint32_t i = 0; i < n; i++)
            if (next[i] == lowest)
                next[i] = sequence_next(sequence_at(workflow, i), lowest);
    }
    free(next);
    return limit;
}

static cycle_point limit_by_duration(const struct workflow *workflow, cycle_point base)
{
    cycle_point last = point_add(workflow->cycling, base, &workflow->runahead.duration, 1);
    cycle_point limit = base;
    for (uint32_t i = 0; i < workflow->graph->n_sequences; i++) {
        cycle_point point = sequence_previous(sequence_at(workflow, i), last + 1);
        if (point != POINT_NONE && point > limit)
            limit = point;
    }
    return limit;
}

cycle_point runahead_limit(const struct workflow *workflow, cycle_point base, cycle_point stop)
{
    cycle_point limit = workflow->runahead.by_count ? limit_by_count(workflow, base)
                                                    : limit_by_duration(workflow, base);
    if (!interval_is_null(&workflow->future_offset_max))
        limit = point_add(workflow->cycling, limit, &workflow->future_offset_max, 1);
    return limit < stop ? limit : stop;
}

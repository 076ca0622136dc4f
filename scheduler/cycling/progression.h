/* A progression: a start, an interval added again and again, perhaps a count. This is the regular
 * part of a recurrence, without its bounds and exclusions. Each point follows from the one before,
 * as in Cylc: P1M from January 31st goes on with February 28th and March 28th. */
#ifndef ROUSE_CYCLING_PROGRESSION_H
#define ROUSE_CYCLING_PROGRESSION_H

#include "scheduler/cycling/internal.h"

#define COUNT_UNLIMITED INT64_MAX

enum progression_kind {
    PROGRESSION_EXACT,   /* a fixed distance: one multiplication */
    PROGRESSION_NOMINAL, /* months and years: arithmetic on months */
    PROGRESSION_MIXED,   /* months and an exact part: a table, see progression.c */
};

enum { PROGRESSION_PHASES_MAX = 4 };

struct progression {
    const struct cycling *cycling;
    enum progression_kind kind;
    cycle_point start;
    int64_t count; /* of points, at least 1 */
    struct interval interval;
    int64_t step; /* exact: units of points; nominal: months */

    /* nominal: the day of the month is 31, then 30 from some index on, ...: it only gets less */
    int64_t first_month; /* since year 0 */
    int64_t second;      /* of the day */
    unsigned phases;
    struct {
        int64_t from; /* index */
        int day;
    } phase[PROGRESSION_PHASES_MAX];

    /* mixed: every PROGRESSION_STRIDE-th point */
    cycle_point *table;
    size_t table_n;
};

/* interval is positive, or null (then there is one point). Points after `last` may be asked for,
 * but are not prepared for. start is in range. */
void progression_init(struct progression *progression, const struct cycling *cycling,
                      cycle_point start, const struct interval *interval, int64_t count,
                      cycle_point last);
void progression_release(struct progression *progression);
/* The point with this index; POINT_NONE if it is past the count or out of range. */
cycle_point progression_at(const struct progression *progression, int64_t index);
/* Index of the first point at or after `point`. It need not exist: see progression_at. */
int64_t progression_index(const struct progression *progression, cycle_point point);

/* The other way, for recurrences which are given by their end, a point in range: where one gets
 * from `end` by taking the interval off until a point is at or before `until`, `steps` times, or as
 * far as points can be written, whichever comes first. *ret_steps is how many times it was taken
 * off. POINT_NONE if a mixed interval is taken off more often than its limit (progression.c). */
cycle_point progression_back(const struct cycling *cycling, cycle_point end,
                             const struct interval *interval, int64_t steps, cycle_point until,
                             int64_t *ret_steps);

#endif

/* The arguments of wall_clock: which time of the clock belongs to a cycle point. */
#ifndef ROUSE_CONFIG_CLOCK_H
#define ROUSE_CONFIG_CLOCK_H

#include "scheduler/cycling/cycling.h"

/* The time for `point`, seconds since 1970-01-01T00Z. `args` is what stands in the brackets of
 * wall_clock(...): nothing, or None     the point itself offset=PT1H          that much after the
 * point (the name may be left out) trigger_at=T0630     the first such time at or after the point;
 * intervals may follow trigger_at=DATE      that time, whatever the point; the only one for integer
 * points -EINVAL and what was expected for anything else, for any point; -ERANGE beyond the year
 * 9999. */
int clock_time(const struct cycling *cycling, const char *args, cycle_point point,
               int64_t *ret_time, struct error *error);

#endif

/* Truncated points: "T06" is the next 06:00 from some point on. */
#ifndef ROUSE_CYCLING_TRUNCATED_H
#define ROUSE_CYCLING_TRUNCATED_H

#include "scheduler/cycling/iso_text.h"

/* The first point at or after `from` which has the parts of `iso`. Parts smaller than the smallest
 * given keep the value they have in `from`. POINT_NONE if it is out of range. */
cycle_point truncated_next(const struct cycling *cycling, const struct iso_text *iso,
                           cycle_point from);
/* How often such points come: "T06" each day, "-05" each century. */
struct interval truncated_unit(const struct iso_text *iso);
/* The point with all parts smaller than the smallest given at their lowest value. */
cycle_point truncated_lowest(const struct cycling *cycling, const struct iso_text *iso,
                             cycle_point point);

#endif

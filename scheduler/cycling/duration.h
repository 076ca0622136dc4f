/* ISO 8601 durations as text. */
#ifndef ROUSE_CYCLING_DURATION_H
#define ROUSE_CYCLING_DURATION_H

#include "base/text.h"
#include "scheduler/cycling/cycling.h"

enum { DURATION_DIGITS_MAX = 9 }; /* of one number, so that nothing made of them overflows */

struct duration {
    struct interval interval;
    int64_t nanoseconds; /* what is left of a fraction of a second */
};

/* "P1Y2M3DT4H5M6S", "P2W", "PT1.5H", "P0001-02-03T04:05:06", "P00010203T040506"; a sign may stand
 * in front, or before each number if it is the same everywhere. Everything may be left out after
 * the P, as in Cylc: "P" is no time at all. Only numbers of time may have a fraction, the last. */
int duration_read(struct slice text, struct duration *ret_duration, struct error *error);

#endif

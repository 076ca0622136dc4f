/* Date-times as `cycle-point` takes and gives them: a point is written back in the format it came
 * in, or by a template. Pure. */
#ifndef ROUSE_POINT_TEXT_H
#define ROUSE_POINT_TEXT_H

#include "base/text.h"
#include "scheduler/cycling/cycling.h"

/* A point in its own zone. */
struct stamp {
    cycle_point point;   /* seconds since 1970-01-01T00Z */
    int64_t nanoseconds; /* after point */
    int64_t zone;        /* seconds east of Greenwich */
    int expanded;        /* year digits beyond four */
};

/* How the text of a point was written. */
struct shape {
    const char *date, *time;     /* templates: "CCYY-MM-DD", "hh:mm"; time is NULL without one */
    struct slice fraction, zone; /* as written: ",5", "+01:00"; of the text that was read */
};

/* -EINVAL and why, if text is no full date-time. expanded: year digits beyond four (0 to 6). */
int stamp_parse(const char *text, int expanded, struct stamp *ret_stamp, struct shape *ret_shape,
                struct error *error);
/* Adds a duration ("P1D", "-PT6H", "--P1D": the signs multiply); -EINVAL if it is none, -ERANGE if
 * the year cannot be written. */
int stamp_add_text(struct stamp *stamp, const char *duration, struct error *error);
/* Adds an interval, the parts of which may differ in sign: exact ones first, then months, then
 * years. -ERANGE as above. */
int stamp_add(struct stamp *stamp, const struct interval *interval, struct error *error);
/* -1, 0 or 1. */
int stamp_compare(const struct stamp *a, const struct stamp *b);

/* As it was written. */
void stamp_write(const struct stamp *stamp, const struct shape *shape, struct text *out);
/* By a template in ISO 8601 letters ("CCYY-MM-DDThhZ") or, if it holds a %, strftime's ("%Y%m").
 * -EINVAL and the directive which is not known. */
int stamp_write_template(const struct stamp *stamp, const char *format, struct text *out,
                         struct error *error);

#endif

/* ISO 8601 dates and times as text, taken apart: full points ("2026-01-01T00:00+01:00", "2026W011")
 * and truncated ones, which lack their year or more ("T06", "--0101", "-W-1T00", "T-30"). */
#ifndef ROUSE_CYCLING_ISO_TEXT_H
#define ROUSE_CYCLING_ISO_TEXT_H

#include "scheduler/cycling/internal.h"

/* Takes the text apart and checks that each part is in bounds for the calendar. */
int iso_text_parse(const struct cycling *cycling, struct slice text, struct iso_text *ret_iso,
                   struct error *error);
/* The point of a full one. */
int iso_text_point(const struct cycling *cycling, const struct iso_text *iso,
                   cycle_point *ret_point, struct error *error);

#endif

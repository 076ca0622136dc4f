/* The regular part of a recurrence as the user writes it: "R5/2026/P1M", "P1D", "T00", "R1//+P1".
 */
#ifndef ROUSE_CYCLING_RECURRENCE_H
#define ROUSE_CYCLING_RECURRENCE_H

#include "scheduler/cycling/internal.h"

/* Which of the ways to write a recurrence it is. */
enum recurrence_form {
    FORM_START,          /* T06 */
    FORM_ONCE_AT_START,  /* R1, R1/START */
    FORM_ONCE_AT_END,    /* R1//END */
    FORM_START_END,      /* Rn/START/END */
    FORM_START_INTERVAL, /* START/Pn, Rn/START/Pn, Pn */
    FORM_INTERVAL_END,   /* Pn/END, Rn/Pn/END, Rn/Pn */
};

struct recurrence_text {
    enum recurrence_form form;
    int64_t count; /* COUNT_UNLIMITED if none is written */
    struct slice start, interval, end;
};

struct recurrence {
    cycle_point start;
    struct interval interval; /* null if it is only once */
    int64_t count;
};

int recurrence_split(struct slice text, struct recurrence_text *ret_text, struct error *error);
/* initial and final (or POINT_MAX) are what relative parts of the text count from. */
int recurrence_parse(const struct cycling *cycling, struct slice text, cycle_point initial,
                     cycle_point final, struct recurrence *ret_recurrence, struct error *error);

#endif

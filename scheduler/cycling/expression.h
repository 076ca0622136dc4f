/* Points as expressions: "20260101T00+P1D", "T06", "+P2D-PT6H", "min(T00,T12)"; integers "5",
 * "+P3". */
#ifndef ROUSE_CYCLING_EXPRESSION_H
#define ROUSE_CYCLING_EXPRESSION_H

#include "scheduler/cycling/internal.h"

struct expression {
    cycle_point point;
    bool is_truncated;    /* it named a repeating time, */
    struct interval unit; /* which comes so often */
};

/* The point that `text` means when seen from `context`: offsets are added to it, truncated points
 * are the next from it on, empty text is context itself. With POINT_NONE as context such texts are
 * refused: the text must stand for itself. */
int expression_evaluate(const struct cycling *cycling, struct slice text, cycle_point context,
                        struct expression *ret_expression, struct error *error);

/* "20260101T00+P1D" is a base and a tail of offsets, each of which may be empty. */
void expression_split(struct slice text, struct slice *ret_base, struct slice *ret_tail);
/* Takes the first signed interval off the tail, which is not empty. */
int expression_take_term(const struct cycling *cycling, struct slice *tail,
                         struct interval *ret_term, struct error *error);
/* A base, not empty, alone: *ret_truncated says whether it is the point, or a truncated one in
 * *ret_iso. */
int expression_read_base(const struct cycling *cycling, struct slice base, bool *ret_truncated,
                         cycle_point *ret_point, struct iso_text *ret_iso, struct error *error);
/* Adds all terms of the tail to *point. */
int expression_add_tail(const struct cycling *cycling, struct slice tail, cycle_point *point,
                        struct error *error);
/* The next item of a list with commas, those in parentheses not counted; *rest loses it, and is
 * nothing (at is NULL) after the last one. */
struct slice list_take(struct slice *rest);

#endif

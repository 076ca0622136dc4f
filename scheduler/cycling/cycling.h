/* Cycle points, intervals and recurrences: one interface over integer and ISO 8601 cycling.
 *
 * A point is a number, so that everything which only compares, counts or hashes points (the pool,
 * the database, the bus) needs to know nothing of calendars. Text goes in and out through the
 * struct cycling of the workflow. Everything here is pure and immutable after creation.
 *
 * Semantics: Cylc 8.4's (docs: user guide, "Scheduling configuration"). */
#ifndef ROUSE_CYCLING_H
#define ROUSE_CYCLING_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Integer cycling: the integer. Date-time cycling: seconds since 1970-01-01T00Z in the workflow's
 * calendar (proleptic; may be negative). */
typedef int64_t cycle_point;
#define POINT_NONE INT64_MIN /* no point */
#define POINT_MAX INT64_MAX  /* after every point: "no limit" */

enum { POINT_TEXT_MAX = 64 }; /* buffer for any formatted point or interval */

enum cycling_mode { CYCLING_INTEGER, CYCLING_DATETIME };
enum calendar { CALENDAR_GREGORIAN, CALENDAR_360DAY, CALENDAR_365DAY, CALENDAR_366DAY };

struct cycling_options {
    enum cycling_mode mode;
    enum calendar calendar;
    int utc_offset_minutes;   /* [scheduler]cycle point time zone; 0 = Z */
    const char *time_zone;    /* the same as written ("+01:00"): goes before the number and ends the
                                 default format so spelled; NULL = made from the number */
    int year_digits_expanded; /* [scheduler]cycle point num expanded year digits; 0 to 6 */
    const char *format;       /* [scheduler]cycle point format; NULL or "" = CCYYMMDDThhmmZ */
};

struct cycling;

/* NULL and error on a bad format or option. Destroy with cycling_destroy (takes NULL). */
struct cycling *cycling_create(const struct cycling_options *options, struct error *error);
void cycling_destroy(struct cycling *cycling);
/* For times that go with the points of `of`: dates in its calendar and time zone, written to the
 * second; if `of` is integer, Gregorian and UTC. */
struct cycling *cycling_to_the_second(const struct cycling *of);
enum cycling_mode cycling_mode(const struct cycling *cycling);
/* As [scheduling]cycling mode names it: "integer", "gregorian", "360day", "365day", "366day". */
const char *cycling_mode_name(const struct cycling *cycling);

/* -EINVAL and what was expected, or 0 and the point. Full points only ("5", "20260101T00Z",
 * "2026-01-01T00:00Z", "2026W011", "2026-001", ...), or one as point_format writes it. Without a
 * time zone, the workflow's is meant. */
int point_parse(const struct cycling *cycling, const char *text, cycle_point *ret_point,
                struct error *error);
/* The value of [scheduling]initial cycle point: also `now` and the forms relative to it ("-P1D",
 * "T06", "next(T00;T12)+PT1H", "previous(-W-1)"). now: seconds since 1970-01-01T00Z in the real
 * calendar. */
int point_parse_initial(const struct cycling *cycling, const char *text, int64_t now,
                        cycle_point *ret_point, struct error *error);
/* The value of final or stop cycle point: also "+P1D", "+P5", "T06", "min(T00,T12)", relative to
 * the initial point. Empty text is an error: that there is none is for the caller to know. */
int point_parse_final(const struct cycling *cycling, const char *text, cycle_point initial,
                      cycle_point *ret_point, struct error *error);
/* Whether a point meets `constraint`, the list in initial or final cycle point constraints
 * ("T00, T06", "01T00"): one of them is enough. */
int point_meets(const struct cycling *cycling, cycle_point point, const char *constraint,
                bool *ret_meets, struct error *error);
/* Normal form into buffer (at least POINT_TEXT_MAX). Returns buffer. */
const char *point_format(const struct cycling *cycling, cycle_point point, char *buffer);

/* A signed length of time: nominal years and months, the rest exact. Integer cycling uses `count`
 * only ("P3", "-P1"). */
struct interval {
    int64_t count;                                               /* integer cycling */
    int64_t years, months, weeks, days, hours, minutes, seconds; /* date-time; all of one sign */
};

/* An ISO 8601 duration, or "PN" of integer cycling; a sign may stand in front. */
int interval_parse(const struct cycling *cycling, const char *text, struct interval *ret_interval,
                   struct error *error);
const char *interval_format(const struct cycling *cycling, const struct interval *interval,
                            char *buffer);
bool interval_is_null(const struct interval *interval);
bool interval_is_negative(const struct interval *interval);
/* point + times * interval, as Cylc adds: the exact part first, then month by month with the day
 * cut to each month's end (August 31st + P6M = February 28th), then the years. What the point
 * format does not write is cut off. POINT_NONE if that leads beyond the years which can be written;
 * POINT_NONE and POINT_MAX are left as they are. */
cycle_point point_add(const struct cycling *cycling, cycle_point point,
                      const struct interval *interval, int64_t times);
/* Durations of configuration items (PT10S, P1DT6H, PT1.5S): seconds, always by 24 h days; years
 * and months are nominal (365 and 30 days). For any workflow, whatever its cycling. */
int duration_parse(const char *text, double *ret_seconds, struct error *error);

/* A point in ISO 8601 text, taken apart. -1 = not given. */
struct iso_text {
    bool has_year;       /* a full point; else a truncated one: "T06", "-W-1", "--0101" */
    int64_t year;        /* with has_year */
    int year_of_century; /* the rest without it, too */
    int month, day;
    int ordinal;
    int week, weekday;
    int hour, minute, second;
    bool has_zone;
    int64_t zone; /* seconds */
};

/* An offset as a graph writes it in foo[...]: relative ("-P1D", "+PT6H-P1D", "-P2", or "T06-P1D":
 * from the next 06:00 on), or absolute ("^", "$", "^+P1", "20260101T00Z"). */
enum offset_kind { OFFSET_RELATIVE, OFFSET_ABSOLUTE };
enum { OFFSET_TERMS_MAX = 8 };
struct offset {
    enum offset_kind kind;
    cycle_point point;                      /* OFFSET_ABSOLUTE */
    bool from_initial;                      /* ABSOLUTE, from ^: what follows leads from there */
    bool has_truncated;                     /* the next `truncated` comes before all terms */
    unsigned n;                             /* how many terms; 0 and none: the same point */
    struct interval term[OFFSET_TERMS_MAX]; /* applied in order */
    struct iso_text truncated;
};

int offset_parse(const struct cycling *cycling, const char *text, cycle_point initial,
                 cycle_point final, struct offset *ret_offset, struct error *error);
/* The point an offset leads to from `point`: parent's point, given the child's. */
cycle_point offset_apply(const struct cycling *cycling, const struct offset *offset,
                         cycle_point point);
/* The same for an offset from ^, as if the initial point were `initial`. */
cycle_point offset_from_initial(const struct cycling *cycling, const struct offset *offset,
                                cycle_point initial);
/* How far forward the offset leads: the distance from `from`, or 0 and a null interval if it does
 * not; no less than it ever does if it has a truncated point. */
int64_t offset_ahead(const struct cycling *cycling, const struct offset *offset, cycle_point from,
                     struct interval *ret_ahead);
bool offset_equal(const struct offset *a, const struct offset *b);
/* Equal offsets have equal hashes. */
uint64_t offset_hash(const struct offset *offset);

/* A recurrence between two points: the heading of a [[graph]] item. Immutable. Every question is
 * answered in closed form, however long the sequence. */
struct sequence;

/* recurrence: one recurrence without commas at top level ("R1", "P1D", "R/^/P1", "T00",
 * "P1!20260103T00Z"). final may be POINT_MAX. NULL and an error which names the recurrence if it is
 * not one, needs a final point that is not there, or has points which the point format cannot tell
 * apart. A sequence without any points is not an error. The cycling must outlive it. */
struct sequence *sequence_create(const struct cycling *cycling, const char *recurrence,
                                 cycle_point initial, cycle_point final, struct error *error);
void sequence_destroy(struct sequence *sequence);
/* First point at or after `from`; POINT_NONE if there is none. */
cycle_point sequence_first(const struct sequence *sequence, cycle_point from);
/* First point after `point`; POINT_NONE if there is none. */
cycle_point sequence_next(const struct sequence *sequence, cycle_point point);
/* Last point before `point`; POINT_NONE if there is none. */
cycle_point sequence_previous(const struct sequence *sequence, cycle_point point);
bool sequence_contains(const struct sequence *sequence, cycle_point point);
/* As the user wrote it. */
const char *sequence_text(const struct sequence *sequence);

/* An offset the other way: the points of a child's sequence from which `offset` (OFFSET_RELATIVE)
 * leads to `parent`. With months and years there may be none or several (Jan 29, 30, 31 + P1M),
 * with a truncated point many (each hour of a day + T00). */
enum { OFFSET_CHILDREN_MAX = 16 }; /* of an offset without a truncated point */
struct offset_children {
    const struct cycling *cycling;
    const struct offset *offset;
    const struct sequence *sequence;
    cycle_point parent;
    cycle_point next, last; /* with a truncated point: the next child, none is after the last */
    cycle_point points[OFFSET_CHILDREN_MAX];
    size_t n, taken;
};
void offset_children_begin(struct offset_children *children, const struct cycling *cycling,
                           const struct offset *offset, const struct sequence *sequence,
                           cycle_point parent);
/* The next one in ascending order; POINT_NONE after the last. */
cycle_point offset_children_next(struct offset_children *children);

#endif

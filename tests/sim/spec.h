/* A random workflow: made from a seed as plain data, from which both its flow.cylc and the model of
 * what must happen are derived, independently of rouse's own parser and graph. */
#ifndef ROUSE_SIM_SPEC_H
#define ROUSE_SIM_SPEC_H

#include "base/text.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    SPEC_NOBODY = -1,
    SPEC_TASKS_MAX = 11,
    SPEC_LINES_MAX = 24,
    SPEC_ATOMS_MAX = 3,
    SPEC_POINTS_MAX = 6
};

enum spec_output {
    SPEC_SUBMITTED,
    SPEC_STARTED,
    SPEC_SUCCEEDED,
    SPEC_FAILED,
    SPEC_X,
    SPEC_EXPIRED,
    SPEC_OUTPUTS
};

enum spec_recurrence { SPEC_R1, SPEC_P1, SPEC_P2, SPEC_RECURRENCES };

struct spec_atom {
    bool family; /* of the family instead of one task */
    bool all;    /* family: all members, or any */
    int task;
    int back;         /* points: the parent is at point - back */
    unsigned outputs; /* bit set: any of these satisfies (two for `finish`) */
};

/* @e, or the timeout of another one, which always comes true: nothing to do with the line, joined
 * to its atoms by &, or by |. */
enum spec_xtrigger { SPEC_NO_XTRIGGER, SPEC_AND_XTRIGGER, SPEC_OR_XTRIGGER, SPEC_XTRIGGERS };

struct spec_line { /* atoms joined by & or | => child */
    enum spec_recurrence recurrence;
    int child; /* SPEC_NOBODY: the line is gone */
    bool any;  /* joined by | */
    int n_atoms;
    struct spec_atom atoms[SPEC_ATOMS_MAX];
    enum spec_xtrigger xtrigger;
    bool late;  /* @file => as well: satisfied when the story says so */
    bool clock; /* @clock => as well: at the time of its point */
};

struct spec_task {
    bool optional; /* success is optional */
    bool member;   /* of the family */
    bool x_optional, x_used;
    int retries;
    bool queued;     /* in the small queue */
    bool is_long;    /* the first job of each point ends when the story says so */
    bool sequential; /* these are special tasks */
    bool external;
    bool expires;
    bool removed; /* no longer defined */
};

struct spec {
    uint64_t seed;
    int n_tasks, n_lines;
    int final; /* points 1 to final */
    int runahead;
    int queue_limit;
    bool has_family;
    bool gated; /* task number n_tasks, at the final point, waits until users let it go */
    bool dated; /* points are days (spec_day), else they are numbers */
    bool told;  /* made for a story */
    struct spec_task tasks[SPEC_TASKS_MAX];
    struct spec_line lines[SPEC_LINES_MAX];
};

void spec_make(struct spec *spec, uint64_t seed);
/* One with whatever a story (story.h) can be about, gate included. */
void spec_make_told(struct spec *spec, uint64_t seed);
/* Another definition of the same workflow: an edge more or less, a task more or less. */
void spec_change(struct spec *spec, uint64_t dice);
/* "3" or "20260131T0000Z"; and back, 0 for what is no point. */
const char *spec_point(const struct spec *spec, int point, char buffer[16]);
int spec_point_of(const struct spec *spec, const char *text);
/* Days from the start of the simulation to the time of a point. */
int spec_day(int point);
/* Its flow.cylc. */
void spec_write(const struct spec *spec, struct text *out);
/* Once every thing that happens by itself has happened, the workflow neither ends nor stalls: users
 * may intervene. No runahead limit, so that what they begin is not in its way. */
void spec_add_gate(struct spec *spec);

/* --- pieces, for spec_told.c --- */
uint64_t spec_mix(uint64_t x);
int spec_pick(uint64_t *state, int n);
void spec_make_tasks(struct spec *spec, uint64_t *state);
bool spec_make_atom(struct spec *spec, int child, struct spec_atom *atom, uint64_t *state);
bool spec_same_atom(const struct spec_atom *a, const struct spec_atom *b);
void spec_make_line(struct spec *spec, int child, uint64_t *state);
/* The special tasks. */
void spec_write_special(const struct spec *spec, struct text *out);

bool spec_recurs(enum spec_recurrence recurrence, int point);

/* What the job of this task, point and try does: outputs it completes, as a bit set of spec_output.
 */
unsigned spec_outcome(const struct spec *spec, int task, int point, int try_number);
/* After all tries. */
unsigned spec_final_outcome(const struct spec *spec, int task, int point);

#endif

/* What users do to a simulated workflow, one thing at a time, each when nothing goes on any more by
 * itself; and what must come of it, by the model. */
#ifndef ROUSE_SIM_PLAN_H
#define ROUSE_SIM_PLAN_H

#include "tests/sim/model.h"
#include "tests/sim/rules.h"

enum { PLAN_STEPS_MAX = 48, PLAN_FLOWS_MAX = 3 };

/* A step of the plan is taken every PLAN_PAUSE seconds, which is time enough for everything that
 * follows from it. */
enum { PLAN_PAUSE = 4 * 3600 };

struct plan_step {
    const char *command; /* NULL: only the world is another now */
    char args[2048];     /* JSON */
    int64_t due;         /* seconds from the start of the simulation */
    bool quiet;          /* nothing goes wrong before the next step is due */
    struct rules *after; /* of a story: what must be in the pool when the next step is due */
};

struct plan {
    int n;
    struct plan_step steps[PLAN_STEPS_MAX];
    int n_flows;
    struct model flows[PLAN_FLOWS_MAX]; /* flow N is flows[N - 1]: how it must end */
    bool stopped[PLAN_FLOWS_MAX];       /* flow N was stopped */
    struct rules *begin;                /* of a story: what is in the pool before it; NULL: none */
};

/* Without a gate: no steps, and the one flow. */
void plan_make(struct plan *plan, const struct spec *spec);
/* story.c: a spec made for a story. The caller releases the plan. */
void plan_tell(struct plan *plan, const struct spec *spec);
void plan_release(struct plan *plan);
/* Something is left in a flow that was not stopped. */
bool plan_stalls(const struct plan *plan);

#endif

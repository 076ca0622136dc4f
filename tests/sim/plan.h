/* What users do to a simulated workflow, one thing at a time, each when nothing goes on any more by
 * itself; and what must come of it, by the model. */
#ifndef ROUSE_SIM_PLAN_H
#define ROUSE_SIM_PLAN_H

#include "tests/sim/model.h"

enum { PLAN_STEPS_MAX = 10, PLAN_FLOWS_MAX = 3 };

struct plan_step {
    const char *command;
    char args[2048]; /* JSON */
};

struct plan {
    int n;
    struct plan_step steps[PLAN_STEPS_MAX];
    int n_flows;
    struct model flows[PLAN_FLOWS_MAX]; /* flow N is flows[N - 1]: how it must end */
    bool stopped[PLAN_FLOWS_MAX];       /* flow N was stopped */
};

/* Without a gate: no steps, and the one flow. */
void plan_make(struct plan *plan, const struct spec *spec);
/* Something is left in a flow that was not stopped. */
bool plan_stalls(const struct plan *plan);

#endif

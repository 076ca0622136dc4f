/* The rules of spawning and runahead, slow and obvious: which instances of a spec run, and how the
 * workflow ends. It knows nothing of time, so it holds for every order of events. */
#ifndef ROUSE_SIM_MODEL_H
#define ROUSE_SIM_MODEL_H

#include "tests/sim/spec.h"

struct model {
    /* by task and point (from 1) */
    bool spawned[SPEC_TASKS_MAX][SPEC_POINTS_MAX + 1];
    bool ran[SPEC_TASKS_MAX][SPEC_POINTS_MAX + 1];
    unsigned outputs[SPEC_TASKS_MAX][SPEC_POINTS_MAX + 1];
    bool stalls; /* something is left that cannot go on */
};

void model_run(const struct spec *spec, struct model *ret_model);
/* Whether a finished job with these outputs completes the task. */
bool model_is_complete(const struct spec *spec, int task, unsigned outputs);
bool model_task_at(const struct spec *spec, int task, int point);

#endif

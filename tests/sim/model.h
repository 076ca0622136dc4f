/* The rules of spawning and runahead, slow and obvious: which instances of a spec run, and how the
 * workflow ends. It knows nothing of time, so it holds for every order of events. */
#ifndef ROUSE_SIM_MODEL_H
#define ROUSE_SIM_MODEL_H

#include "tests/sim/spec.h"

/* One flow; flows do not meet. */
struct model {
    /* by task and point (from 1) */
    bool spawned[SPEC_TASKS_MAX][SPEC_POINTS_MAX + 1];
    bool ran[SPEC_TASKS_MAX][SPEC_POINTS_MAX + 1];
    unsigned outputs[SPEC_TASKS_MAX][SPEC_POINTS_MAX + 1];
    bool failed[SPEC_TASKS_MAX][SPEC_POINTS_MAX + 1];  /* its state in the end, if it ran */
    bool removed[SPEC_TASKS_MAX][SPEC_POINTS_MAX + 1]; /* by a user, or with what had brought it */
    bool stalls;                                       /* something is left that cannot go on */
    int from_task, from_point; /* the flow began by a trigger of this task; point 0: at the start */
};

/* The original flow, to its end. */
void model_run(const struct spec *spec, struct model *ret_model);
/* Whatever follows from its state. */
void model_go_on(const struct spec *spec, struct model *model);

/* --- what users do when nothing goes on by itself; model_go_on after it --- */
/* A new flow, begun by triggering this task. */
void model_trigger(const struct spec *spec, struct model *ret_model, int task, int point);
/* Outputs are set; 0: the required ones. */
void model_set(const struct spec *spec, struct model *model, int task, int point, unsigned outputs);
/* The task leaves the flow, and what only it had brought with it. PRE: no output of it was set. */
void model_remove(const struct spec *spec, struct model *model, int task, int point);
/* Something of it is in the pool and cannot go on. */
bool model_is_left(const struct spec *spec, const struct model *model, int task, int point);
/* Whether a finished job with these outputs completes the task. */
bool model_is_complete(const struct spec *spec, int task, unsigned outputs);
bool model_task_at(const struct spec *spec, int task, int point);

#endif

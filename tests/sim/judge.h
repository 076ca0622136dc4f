/* What the database says, compared with what must be so. Differences are the world's problem. */
#ifndef ROUSE_SIM_JUDGE_H
#define ROUSE_SIM_JUDGE_H

#include "tests/sim/world.h"

/* The pool, held tasks, jobs run and broadcasts, as the story has them now. Without one: nothing.
 */
void judge_pool(struct world *world);
/* States and outputs in the end, by the model of each flow, and the exit status. */
void judge_end(struct world *world, int exit_status);

#endif

/* An xtrigger for tests that blocks: slow(seconds). */
#define ROUSE_TOUCHES_THE_WORLD
#include "xtriggers/rouse_xtrigger.h"
#include <stdlib.h>
#include <time.h>

#include "base/banned.h"

static enum rouse_verdict ask(struct rouse_call *call)
{
    double seconds = call->n ? atof(call->values[0]) : 0;
    struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&time, NULL);
    call->result(call, "slept", "yes");
    return ROUSE_SATISFIED;
}

static const struct rouse_xtrigger slow = {.abi = ROUSE_XTRIGGER_ABI,
                                           .flags = ROUSE_BLOCKS,
                                           .name = "slow",
                                           .usage = "slow(seconds)",
                                           .ask = ask};

const struct rouse_xtrigger *rouse_xtrigger_v1(void);
const struct rouse_xtrigger *rouse_xtrigger_v1(void)
{
    return &slow;
}

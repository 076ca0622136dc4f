/* A plugin made for an interface of the future. */
#include "xtriggers/rouse_xtrigger.h"

#include "base/banned.h"

static const struct rouse_xtrigger future = {.abi = ROUSE_XTRIGGER_ABI + 1, .name = "future"};

const struct rouse_xtrigger *rouse_xtrigger_v1(void);
const struct rouse_xtrigger *rouse_xtrigger_v1(void)
{
    return &future;
}

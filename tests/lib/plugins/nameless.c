/* A plugin without a name. */
#include "xtriggers/rouse_xtrigger.h"

#include "base/banned.h"

static const struct rouse_xtrigger nameless = {.abi = ROUSE_XTRIGGER_ABI, .usage = "()"};

const struct rouse_xtrigger *rouse_xtrigger_v1(void);
const struct rouse_xtrigger *rouse_xtrigger_v1(void)
{
    return &nameless;
}

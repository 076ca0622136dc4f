/* A plugin by the name of a built-in one. */
#include "xtriggers/rouse_xtrigger.h"

#include "base/banned.h"

static enum rouse_verdict ask(struct rouse_call *call)
{
    (void)call;
    return ROUSE_SATISFIED;
}

static const struct rouse_xtrigger second = {
    .abi = ROUSE_XTRIGGER_ABI, .name = "echo", .usage = "echo()", .ask = ask};

const struct rouse_xtrigger *rouse_xtrigger_v1(void);
const struct rouse_xtrigger *rouse_xtrigger_v1(void)
{
    return &second;
}

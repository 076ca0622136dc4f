/* wall_clock(trigger_time=SECONDS): satisfied once the wall clock has reached that time (seconds
 * since 1970-01-01T00Z). The pool works it out from the cycle point and the `offset` a user writes.
 * Retry delays are waited for in the same way. */
#include "xtriggers/builtins.h"
#include "xtriggers/call.h"
#include <math.h>
#include <stdlib.h>

#include "base/banned.h"

static enum rouse_verdict ask(struct rouse_call *call)
{
    const char *text = call_argument(call, "trigger_time", 1);
    char *end = NULL;
    double time = text ? strtod(text, &end) : 0;
    if (!text || *end || end == text || !isfinite(time)) {
        call->fail(call, "trigger_time must be seconds since 1970-01-01T00Z");
        return ROUSE_ERROR;
    }
    if (call->now >= time)
        return ROUSE_SATISFIED;
    call->again_at(call, time);
    return ROUSE_NOT_YET;
}

const struct rouse_xtrigger xtrigger_wall_clock = {.abi = ROUSE_XTRIGGER_ABI,
                                                   .name = "wall_clock",
                                                   .usage = "wall_clock(offset=PT0H)",
                                                   .ask = ask};

/* echo(..., succeed=True): satisfied if told so; its results are its arguments. For trying things
 * out. As in Cylc 8.4. */
#include "xtriggers/builtins.h"
#include "xtriggers/call.h"

#include "base/banned.h"

static int validate(struct rouse_call *call)
{
    const char *succeed = call_argument(call, "succeed", SIZE_MAX);
    if (!succeed)
        call->fail(call, "the argument `succeed` (True or False) is missing");
    else if (!argument_is_true(succeed) && !argument_is_false(succeed))
        call->fail(call, "`succeed` must be True or False");
    else
        return 0;
    return -1;
}

static enum rouse_verdict ask(struct rouse_call *call)
{
    if (!argument_is_true(call_argument(call, "succeed", SIZE_MAX)))
        return ROUSE_NOT_YET;
    for (size_t i = 0; i < call->n; i++)
        if (call->names[i])
            call->typed_result(call, call->names[i], call->types[i], call->values[i]);
    return ROUSE_SATISFIED;
}

const struct rouse_xtrigger xtrigger_echo = {.abi = ROUSE_XTRIGGER_ABI,
                                             .name = "echo",
                                             .usage = "echo(..., succeed=True)",
                                             .validate = validate,
                                             .ask = ask};

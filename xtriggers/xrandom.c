/* xrandom(percent, secs=0, _=None): satisfied with a chance of `percent` in 100 at each call,
 * `secs` after it was called. `_` is for whatever makes a signature of its own: _=%(point)s.
 * Results COLOR and SIZE, as in Cylc 8.4. */
#include "xtriggers/builtins.h"
#include "xtriggers/call.h"
#include <stdint.h>
#include <stdlib.h>

#include "base/banned.h"

static const char *const colors[] = {"red",  "orange", "yellow", "green",
                                     "blue", "indigo", "violet"};
static const char *const sizes[] = {"tiny", "small", "medium", "large", "huge", "humongous"};

/* A number in [low, high], or false. */
static bool read_number(const char *text, double low, double high, double *ret_number)
{
    char *end = NULL;
    double number = text ? strtod(text, &end) : -1;
    if (!text || end == text || *end || !(number >= low && number <= high))
        return false;
    *ret_number = number;
    return true;
}

static int validate(struct rouse_call *call)
{
    static const char *const parameters[] = {"percent", "secs", "_", NULL};
    double number;
    const char *secs = call_argument(call, "secs", 1);
    if (!call_knows_arguments(call, parameters))
        return -1;
    if (!read_number(call_argument(call, "percent", 0), 0, 100, &number))
        call->fail(call, "`percent` must be a number from 0 to 100");
    else if (secs && !read_number(secs, 0, 1e9, &number))
        call->fail(call, "`secs` must be a number of seconds");
    else
        return 0;
    return -1;
}

/* The dice fall at the first call; with `secs` the answer is kept until the second. */
static enum rouse_verdict ask(struct rouse_call *call)
{
    static char hit;
    double percent, secs = 0;
    read_number(call_argument(call, "secs", 1), 0, 1e9, &secs);
    if (!read_number(call_argument(call, "percent", 0), 0, 100, &percent)) {
        call->fail(call, "`percent` must be a number from 0 to 100");
        return ROUSE_ERROR;
    }
    if (*call->state != &hit) {
        if ((double)(call->dice >> 11) * 0x1p-53 * 100 >= percent)
            return ROUSE_NOT_YET;
        if (secs > 0) {
            *call->state = &hit;
            call->again_after(call, secs);
            return ROUSE_NOT_YET;
        }
    }
    uint64_t throw = call->dice * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    call->result(call, "COLOR", colors[throw % (sizeof colors / sizeof *colors)]);
    call->result(call, "SIZE", sizes[throw / 7 % (sizeof sizes / sizeof *sizes)]);
    return ROUSE_SATISFIED;
}

const struct rouse_xtrigger xtrigger_xrandom = {.abi = ROUSE_XTRIGGER_ABI,
                                                .name = "xrandom",
                                                .usage = "xrandom(percent, secs=0, _=None)",
                                                .validate = validate,
                                                .ask = ask};

/* See clock.h. The offset is Cylc's; trigger_at is ours. */
#include "scheduler/config/clock.h"
#include "base/memory.h"
#include "scheduler/config/xtrigger_args.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static int add_offset(const struct cycling *cycling, const char *text, const char *args,
                      cycle_point point, int64_t *ret_time, struct error *error)
{
    struct interval interval;
    if (cycling_mode(cycling) == CYCLING_INTEGER)
        return error_set(error, -EINVAL, "clock triggers require date-time cycling");
    *ret_time = point;
    if (!*text || strcmp(text, "None") == 0)
        return 0;
    if (interval_parse(cycling, text, &interval, error) < 0)
        return error_set(error, -EINVAL, "expected an ISO 8601 duration as offset: (%s)", args);
    *ret_time = point_add(cycling, point, &interval, 1);
    return 0;
}

/* To the second, however coarse the points are. */
static int read_time(const struct cycling *cycling, const char *text, cycle_point point,
                     int64_t *ret_time, struct error *error)
{
    struct cycling *exact = cycling_to_the_second(cycling);
    struct offset when;
    struct error why = {0};
    int code = *text == '^' || *text == '$'
                   ? -EINVAL
                   : offset_parse(exact, text, POINT_NONE, POINT_NONE, &when, &why);
    if (code < 0 || !*text)
        error_set(error, code = -EINVAL,
                  "expected a time such as T0630, T06+PT30M or 2026-01-01T06:30Z as trigger_at, "
                  "not \"%s\"%s%s",
                  text, *why.text ? ": " : "", why.text);
    else if (when.kind == OFFSET_RELATIVE && cycling_mode(cycling) == CYCLING_INTEGER)
        error_set(error, code = -EINVAL,
                  "trigger_at=%s is relative to the cycle point: that needs date-time cycling",
                  text);
    else
        *ret_time = offset_apply(exact, &when, point);
    cycling_destroy(exact);
    return code;
}

int clock_time(const struct cycling *cycling, const char *args, cycle_point point,
               int64_t *ret_time, struct error *error)
{
    struct xtrigger_argument argument = {0}, more;
    struct slice rest = slice_of(args);
    int64_t time = POINT_NONE;
    bool any = xtrigger_next_argument(&rest, &argument);
    bool at = any && slice_equal(argument.name, "trigger_at");
    if (any && ((argument.name.n && !at && !slice_equal(argument.name, "offset")) ||
                xtrigger_next_argument(&rest, &more)))
        return error_set(error, -EINVAL,
                         "wall_clock takes one argument, offset or trigger_at: (%s)", args);
    char *text = any ? slice_copy(slice_trim(argument.value)) : str_copy("");
    int code = at ? read_time(cycling, text, point, &time, error)
                  : add_offset(cycling, text, args, point, &time, error);
    free(text);
    if (code == 0 && time == POINT_NONE)
        code = error_set(error, -ERANGE, "no time can be so far away: (%s)", args);
    if (code == 0)
        *ret_time = time;
    return code;
}

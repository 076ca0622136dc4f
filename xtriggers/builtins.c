/* The list of built-in xtriggers. */
#include "xtriggers/builtins.h"

#include "base/banned.h"

const struct rouse_xtrigger *const builtin_xtriggers[] = {
    &xtrigger_wall_clock, &xtrigger_echo,           &xtrigger_xrandom,
    &xtrigger_file,       &xtrigger_workflow_state, &xtrigger_suite_state,
    &xtrigger_schedule,   &xtrigger_http,           NULL};

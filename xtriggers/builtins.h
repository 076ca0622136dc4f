/* The xtriggers that are always there. They keep to the plugin interface like any other. */
#ifndef ROUSE_XTRIGGERS_BUILTINS_H
#define ROUSE_XTRIGGERS_BUILTINS_H

#include "xtriggers/rouse_xtrigger.h"

extern const struct rouse_xtrigger xtrigger_wall_clock, xtrigger_echo, xtrigger_xrandom,
    xtrigger_file, xtrigger_workflow_state, xtrigger_suite_state, xtrigger_schedule, xtrigger_http;

/* NULL-ended. */
extern const struct rouse_xtrigger *const builtin_xtriggers[];

#endif

/* Who is who. */
#include "coroutines/cast.h"

#include "base/banned.h"

const struct cast_entry *const cast[MEMBERS] = {
    [SERVER] = &cast_server,     [COMMANDS] = &cast_commands,   [TASK_POOL] = &cast_task_pool,
    [TRIGGERS] = &cast_triggers, [XTRIGGERS] = &cast_xtriggers, [JOBS] = &cast_jobs,
    [RECORDER] = &cast_recorder, [VIEWER] = &cast_viewer,       [HANDLERS] = &cast_handlers,
    [HEALTH] = &cast_health,
};

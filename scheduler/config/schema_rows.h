/* How rows of the schema are written, and the sections that flow.cylc and global.cylc have in
 * common. For schema.c and schema_global.c only. */
#ifndef ROUSE_CONFIG_SCHEMA_ROWS_H
#define ROUSE_CONFIG_SCHEMA_ROWS_H

#include "scheduler/config/schema.h"

#define SECTION(level, name)                                                                       \
    {                                                                                              \
        level, true, name, VALUE_STRING, BUILT, ID_NONE, NULL, NULL                                \
    }
#define ITEM(level, name, type, id)                                                                \
    {                                                                                              \
        level, false, name, VALUE_##type, BUILT, ID_##id, NULL, NULL                               \
    }
#define DEFAULT(level, name, type, id, fallback)                                                   \
    {                                                                                              \
        level, false, name, VALUE_##type, BUILT, ID_##id, fallback, NULL                           \
    }
#define OTHER(level, name, type, support)                                                          \
    {                                                                                              \
        level, false, name, VALUE_##type, support, ID_NONE, NULL, NULL                             \
    }
#define IDLE(level, name, type, fallback)                                                          \
    {                                                                                              \
        level, false, name, VALUE_##type, LISTED, ID_NONE, fallback, NULL                          \
    }
/* An item that is looked up by its name. */
#define NAMED(level, name, type, fallback)                                                         \
    {                                                                                              \
        level, false, name, VALUE_##type, BUILT, ID_NONE, fallback, NULL                           \
    }
#define CHOICE(level, name, fallback, allowed)                                                     \
    {                                                                                              \
        level, false, name, VALUE_STRING, BUILT, ID_NONE, fallback, allowed                        \
    }

/* clang-format off */
#define WORKFLOW_EVENTS                                                                            \
            ITEM(3, "handlers", STRING_LIST, WORKFLOW_HANDLERS),                                 \
            ITEM(3, "handler events", STRING_LIST, WORKFLOW_HANDLER_EVENTS),                       \
            ITEM(3, "mail events", STRING_LIST, WORKFLOW_MAIL_EVENTS),                                \
            ITEM(3, "startup handlers", STRING_LIST, WORKFLOW_EVENT_HANDLERS),                   \
            ITEM(3, "shutdown handlers", STRING_LIST, WORKFLOW_EVENT_HANDLERS),                  \
            ITEM(3, "abort handlers", STRING_LIST, WORKFLOW_EVENT_HANDLERS),                     \
            ITEM(3, "workflow timeout", DURATION, WORKFLOW_TIMEOUT),                               \
            ITEM(3, "workflow timeout handlers", STRING_LIST, WORKFLOW_EVENT_HANDLERS),          \
            DEFAULT(3, "abort on workflow timeout", BOOLEAN, ABORT_ON_WORKFLOW_TIMEOUT, "False"),  \
            ITEM(3, "stall handlers", STRING_LIST, WORKFLOW_EVENT_HANDLERS),                     \
            DEFAULT(3, "stall timeout", DURATION, STALL_TIMEOUT, "PT1H"),                          \
            ITEM(3, "stall timeout handlers", STRING_LIST, WORKFLOW_EVENT_HANDLERS),             \
            DEFAULT(3, "abort on stall timeout", BOOLEAN, ABORT_ON_STALL_TIMEOUT, "True"),         \
            ITEM(3, "inactivity timeout", DURATION, INACTIVITY_TIMEOUT),                           \
            ITEM(3, "inactivity timeout handlers", STRING_LIST, WORKFLOW_EVENT_HANDLERS),        \
            DEFAULT(3, "abort on inactivity timeout", BOOLEAN, ABORT_ON_INACTIVITY_TIMEOUT, "False"), \
            DEFAULT(3, "restart timeout", DURATION, RESTART_TIMEOUT, "PT2M"),                      \
            ITEM(3, "restart timeout handlers", STRING_LIST, WORKFLOW_EVENT_HANDLERS)
/* clang-format on */

#endif

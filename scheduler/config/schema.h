/* Every section and item flow.cylc and global.cylc may hold at the language level of Cylc 8.4, in
 * one table each: its type, default and allowed values, and how far this version has built it. */
#ifndef ROUSE_CONFIG_SCHEMA_H
#define ROUSE_CONFIG_SCHEMA_H

#include "scheduler/config/item.h"

/* What the builders of the workflow know an item by. Items they do not look at have ID_NONE. */
enum item_id {
    ID_NONE,
    ID_META,
    /* [scheduler] */
    ID_UTC_MODE,
    ID_ALLOW_IMPLICIT_TASKS,
    ID_POINT_FORMAT,
    ID_EXPANDED_YEAR_DIGITS,
    ID_TIME_ZONE,
    ID_INSTALL,
    ID_WORKFLOW_TIMEOUT,
    ID_STALL_TIMEOUT,
    ID_INACTIVITY_TIMEOUT,
    ID_EXPECTED_FAILURES,
    ID_RESTART_TIMEOUT,
    ID_ABORT_ON_WORKFLOW_TIMEOUT,
    ID_ABORT_ON_STALL_TIMEOUT,
    ID_ABORT_ON_INACTIVITY_TIMEOUT,
    ID_WORKFLOW_HANDLERS,
    ID_WORKFLOW_HANDLER_EVENTS,
    ID_WORKFLOW_EVENT_HANDLERS, /* "stall handlers" and the like */
    ID_WORKFLOW_MAIL_EVENTS,
    ID_MAIL_FOOTER,
    ID_MAIL_TO,
    ID_MAIL_FROM,
    ID_MAIL_INTERVAL,
    /* [scheduling] */
    ID_INITIAL,
    ID_FINAL,
    ID_INITIAL_CONSTRAINTS,
    ID_FINAL_CONSTRAINTS,
    ID_STOP_AFTER,
    ID_HOLD_AFTER,
    ID_CYCLING_MODE,
    ID_RUNAHEAD,
    ID_SEQUENTIAL_XTRIGGERS,
    ID_XTRIGGER_PROGRAMS,
    ID_QUEUE_LIMIT,
    ID_QUEUE_MEMBERS,
    ID_CLOCK_TRIGGER,
    ID_SEQUENTIAL,
    ID_EXTERNAL_TRIGGER,
    ID_CLOCK_EXPIRE,
    ID_XTRIGGER,
    ID_WINDOW_START,
    ID_WINDOW_UNTIL,
    ID_GRAPH,
    /* [runtime][NAME] */
    ID_INHERIT,
    ID_SCRIPT,
    ID_INIT_SCRIPT,
    ID_ENV_SCRIPT,
    ID_PRE_SCRIPT,
    ID_POST_SCRIPT,
    ID_EXIT_SCRIPT,
    ID_ERR_SCRIPT,
    ID_PLATFORM,
    ID_WORK_SUB_DIRECTORY,
    ID_EXECUTION_RETRIES,
    ID_SUBMISSION_RETRIES,
    ID_EXECUTION_POLLING,
    ID_SUBMISSION_POLLING,
    ID_EXECUTION_TIME_LIMIT,
    ID_COMPLETION,
    ID_TASK_META,
    ID_ENVIRONMENT,
    ID_ENVIRONMENT_INCLUDE,
    ID_ENVIRONMENT_EXCLUDE,
    ID_DIRECTIVE,
    ID_OUTPUT,
    ID_PRIORITY,
    ID_RUN_LENGTH,
    ID_TIME_LIMIT_BUFFER,
    ID_SPEEDUP_FACTOR,
    ID_FAIL_POINTS,
    ID_FAIL_FIRST_ONLY,
    ID_SIMULATION_NO_HANDLERS,
    ID_RUN_MODE,
    ID_SKIP_OUTPUTS,
    ID_SKIP_NO_HANDLERS,
    ID_BATCH_SYSTEM, /* what Cylc 7 had instead of platforms */
    ID_BATCH_TEMPLATE,
    ID_REMOTE_HOST,
    ID_RETRIEVE_LOGS,
    ID_POLL_INTERVAL,
    ID_POLL_MAX,
    ID_POLL_MESSAGE,
    ID_POLL_RUN_DIR,
    ID_TASK_HANDLERS,
    ID_TASK_HANDLER_EVENTS,
    ID_TASK_HANDLER_RETRIES,
    ID_TASK_EVENT_HANDLERS, /* "failed handlers" and the like */
    ID_TASK_MAIL_EVENTS,
    ID_TASK_MAIL_TO,
    ID_TASK_MAIL_FROM,
    ID_LATE_OFFSET,
    ID_EXECUTION_TIMEOUT,
    ID_SUBMISSION_TIMEOUT
};

enum support {
    BUILT,
    HARMLESS,  /* accepted; leaving it out changes nothing a user would miss */
    NO_EFFECT, /* accepted with a warning */
    LISTED     /* the same, of global.cylc: one warning for all that are set */
};

struct schema_entry {
    int level; /* 1: [top section] or an item outside of all sections */
    bool section;
    const char *name; /* "*": the user's own names */
    enum value_type type;
    enum support support;
    enum item_id id;
    const char *fallback; /* the default, as text; NULL = not set */
    const char *allowed;  /* "a|b|c"; NULL = any */
};

/* A table: a section is followed by its children, one level deeper. */
struct schema {
    const char *file; /* whose it is: "flow.cylc" */
    const struct schema_entry *at;
    size_t n;
};
extern const struct schema schema_flow, schema_global;

/* The children of a section in a table: those of `level` from `first` to before `end`. */
struct schema_family {
    const struct schema_entry *first, *end;
    int level;
};
struct schema_family schema_top(const struct schema *schema);
struct schema_family schema_children(const struct schema_family *family,
                                     const struct schema_entry *section);
/* The row of a child: that of its name, or the row "*" of its kind; NULL if there is none. */
const struct schema_entry *schema_child(const struct schema_family *family, const char *name,
                                        bool section);

/* Take warnings; NULL = not wanted. */
struct warner {
    void (*warn)(void *context, const char *text);
    void *context;
};
void warner_say(const struct warner *warner, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Hold every section and item against the schema: sets item->schema and item->value. Negative and
 * error with file, line and item for what is unknown, of a wrong type or not built. What the
 * values hold lives in the arena `values`. */
int schema_check(const struct schema *schema, struct item_tree *tree, struct arena *values,
                 const struct warner *warner, struct error *error);

/* The default of a row as a value, in the arena; false if it has none. */
bool schema_entry_default(struct arena *arena, const struct schema_entry *entry,
                          struct value *ret_value);
/* The default of the item `id` of flow.cylc; false if it has none. */
bool schema_default(struct arena *arena, enum item_id id, struct value *ret_value);

/* How many insertions, deletions, changes and swaps of neighbours lead from a to b; `limit` + 1
 * when it is more than limit. */
unsigned edit_distance(const char *a, const char *b, unsigned limit);

#endif

/* What every member of the cast is given, and the table of them. Each member is one file with a
 * create function that starts its coroutine; it ends itself when the workflow shuts down:
 *
 *   - hearing TOPIC_WORKFLOW_SHUTDOWN a member finishes what it is in the middle of, says what it
 *     has to, closes its outbox (bus_close), and goes on reading until bus_drained, then is done;
 *   - hearing TOPIC_FAULT it closes its outbox and is done at once.
 *   - recorder closes its outbox after it has read all the others (except its listeners' END) to
 *     the end and committed; commands and server after the recorder. */
#ifndef ROUSE_CAST_H
#define ROUSE_CAST_H

#include "coroutines/bus.h"
#include "coroutines/env.h"
#include "scheduler/config/workflow.h"
#include <stdatomic.h>

struct restart; /* db/restart.h */
struct db;      /* db/db.h */
struct listener;
struct global_config; /* scheduler/config/global.h */
struct definitions;   /* coroutines/definitions.h */

struct cast_context {
    struct env *env;
    struct bus *bus;
    /* The version of the definition that counts now. Ask here whenever it is needed: a reload
     * changes it (definitions.h). */
    const struct workflow *workflow;
    struct definitions *definitions;    /* of the loop; NULL: nothing can be reloaded */
    const struct restart *restart;      /* NULL: first start */
    struct db *db;                      /* for the recorder only */
    const struct global_config *global; /* global.cylc; NULL: all defaults */
    const char *db_path;                /* NULL: log/db below run_dir */
    const char *run_dir;                /* ~/cylc-run/NAME, absolute */
    const char *workflow_id;            /* "NAME" or "NAME/run1" */
    const char *owner;                  /* user name */
    const char *host;
    const char *uuid;
    /* This executable, absolute: jobs find `cylc` beside it. NULL: not known. */
    const char *program;
    struct listener *listener;   /* scheduler/net/listener.h: the bound socket, for the server */
    atomic_int *exit_status;     /* of the scheduler: set by whoever hears why it ends */
    unsigned records_per_commit; /* 0: the recorder's own; the simulator commits more often */
    const char
        *start_tasks; /* first start: with these, ids, one a line; NULL: at the start point */
    bool start_paused;
    bool reference_log;    /* log what triggered each task */
    bool abort_on_failure; /* of any task */
    enum run_mode mode;    /* of the workflow; RUN_AS_WORKFLOW: live */
    bool live_summary;     /* people watch the terminal: env_ops.show what is going on */
    /* Called (in the member's own thread) when a member is done. */
    void (*member_done)(void *context, enum member member);
    void *context;
};

struct cast_entry {
    /* NULL and error if it cannot start. The context outlives the member. */
    void *(*create)(const struct cast_context *context, struct error *error);
    void (*destroy)(void *member); /* takes NULL; after it is done, or instead of it */
};

/* By enum member. Defined in coroutines/cast.c. */
extern const struct cast_entry *const cast[MEMBERS];

extern const struct cast_entry cast_server, cast_commands, cast_task_pool, cast_triggers,
    cast_xtriggers, cast_jobs, cast_recorder, cast_viewer, cast_handlers, cast_health;

#endif

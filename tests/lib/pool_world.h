/* A world for the task pool: a workflow from text, the trigger model, a real database in memory as
 * the record, and a log of what the pool said, one line a message:
 *
 *     spawned 1/a [1]              state 1/a waiting held queued      output 1/a succeeded [1]
 *     submit 1/a 1 try 1 [1] ['0/x'] manual {"X_k": "v"}              removed 1/a complete
 *     stalled: ...                 shutdown AUTOMATIC                 outcome 7 0 {}
 *
 * After each event pool_check runs and the pool's state moves are checked. */
#ifndef ROUSE_TESTS_POOL_WORLD_H
#define ROUSE_TESTS_POOL_WORLD_H

#include "base/vec.h"
#include "db/db.h"
#include "pool/pool.h"
#include "tests/lib/trigger_model.h"

struct pool_world {
    struct workflow *workflow;
    struct pool *pool;
    struct trigger_model triggers;
    struct db *db;
    struct text log;           /* since pool_world_clear */
    VEC(struct message) inbox; /* to be handled, in order; without texts */
    size_t next;
    VEC(struct message) events;     /* all that was handled: for duplicates; without texts */
    char *directory;                /* of the database on disk; NULL: in memory */
    VEC(struct world_job) launched; /* all that ever were */
    VEC(struct world_job) jobs;     /* active */
    VEC(struct text) watches;       /* signatures */
    int64_t now;                    /* microseconds */
    bool hold_answers;              /* do not deliver what the triggers and the history say */
    unsigned shutdowns;
    struct text changes; /* what users would call changes (pool_describe_change), since cleared */
    unsigned spawns;     /* trigger.spawn heard */
    bool stalled, complete; /* complete: started again with nothing left to do */
};

struct world_job {
    cycle_point point;
    uint32_t task, submit, try_;
    unsigned progress; /* events told since the pool last asked for it */
    bool killed;
    bool launched; /* its submission is committed */
};

/* text: flow.cylc. Fails the test if it is refused. */
struct pool_world *pool_world_create(const char *text);
struct pool_world *pool_world_create_paused(const char *text);
/* With a database on disk: jobs are launched when it commits, and it can crash. */
struct pool_world *pool_world_create_durable(const char *text);
void pool_world_commit(struct pool_world *world);
/* Loses what was not committed, and starts again. */
void pool_world_crash(struct pool_world *world);
void pool_world_destroy(struct pool_world *world);
/* First start, and whatever follows from it. */
void pool_world_start(struct pool_world *world);
/* Both. */
struct pool_world *pool_world_begin(const char *text);

/* Definitions of four cycles, of one, and of a task `a` with two outputs of its own. */
#define FOUR_CYCLES(rest)                                                                          \
    "[scheduler]\nallow implicit tasks = True\n[scheduling]\n"                                     \
    "cycling mode = integer\ninitial cycle point = 1\nfinal cycle point = 4\n" rest
#define ONE_CYCLE(lines) FOUR_CYCLES("[[graph]]\nR1 = \"\"\"\n" lines "\n\"\"\"\n")
#define X_AND_Y "[runtime]\n[[a]]\n[[[outputs]]]\nx = the x\ny = the y\n"
/* Stop it here, load the database and start again in a new pool: follows what is said. */
void pool_world_restart(struct pool_world *world);
/* With another definition. */
void pool_world_restart_as(struct pool_world *world, const char *text);
/* Deliver what is in the inbox until it is empty. */
void pool_world_run(struct pool_world *world);
void pool_world_run_one(struct pool_world *world);
/* Give the pool a message and run. */
void pool_world_hear(struct pool_world *world, struct message message);
/* A job event for the last submit of "1/a". */
void pool_world_job(struct pool_world *world, enum topic topic, const char *id);
void pool_world_succeed(struct pool_world *world,
                        const char *id); /* submitted, started, succeeded */
void pool_world_fail(struct pool_world *world, const char *id);
void pool_world_message(struct pool_world *world, const char *id, const char *text);
/* Ids separated by spaces; flags: enum pool_command_flag or stop_mode. Returns the errno. */
uint32_t pool_world_command(struct pool_world *world, enum pool_command command, const char *ids,
                            uint32_t flags);
/* The same for a command that takes a detail and no ids. */
uint32_t pool_world_command_detail(struct pool_world *world, enum pool_command command,
                                   const char *detail);
/* set: outputs or prerequisites (POOL_SET_*), separated by spaces. Returns the errno. */
uint32_t pool_world_set(struct pool_world *world, enum pool_command command, const char *ids,
                        const char *items, uint32_t flags);
/* A command about some flow; flow 0: none given. Returns the errno. */
uint32_t pool_world_in_flow(struct pool_world *world, enum pool_command command, const char *ids,
                            uint32_t flow);
void pool_world_end_job(struct pool_world *world, const struct world_job *job);
void pool_world_satisfy(struct pool_world *world, const char *signature, const char *results);

/* "1/a" */
void pool_world_id(const struct pool_world *world, const char *id, cycle_point *ret_point,
                   uint32_t *ret_task);
const char *pool_world_log(const struct pool_world *world);
void pool_world_clear(struct pool_world *world);
/* Lines of the log that begin with `prefix`, each followed by a newline, into a buffer that is
 * valid until the next call. */
const char *pool_world_lines(struct pool_world *world, const char *prefix);
/* Active jobs in the order they were submitted: "1/a 1/b". */
const char *pool_world_active(struct pool_world *world);
/* The rows of the pool as the database has them, sorted: "1/a failed [1]; 2/b waiting [1]". */
const char *pool_world_rows(struct pool_world *world);

#define assert_said(world, line) assert_non_null(strstr(pool_world_log(world), (line)))
#define assert_not_said(world, line) assert_null(strstr(pool_world_log(world), (line)))

#endif

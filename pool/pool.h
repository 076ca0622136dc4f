/* The task pool: which instances exist, in which state, and what happens to them. Pure: it knows no
 * clock, file, socket or log. Events go in by the functions below; every change comes out, in
 * order, as messages given to the sink (the topics M(TASK_POOL) of coroutines/topics.h). The same
 * messages, recorded, are enough to build the pool again (pool_restore).
 *
 * Semantics: Cylc 8.4's spawn on demand. All operations cost O(the tasks they are about), never
 * O(pool), except pool_check and the globs of commands. */
#ifndef ROUSE_POOL_H
#define ROUSE_POOL_H

#include "coroutines/topics.h"
#include "scheduler/config/workflow.h"

struct pool;
struct restart;

struct pool_sink {
    void *context;
    /* The texts of *message are valid during the call only. */
    void (*say)(void *context, struct message *message);
};

struct pool_options {
    bool start_paused;
    bool abort_on_failure; /* the workflow aborts when a task fails that is not expected to */
    enum run_mode mode;    /* RUN_AS_WORKFLOW: live */
    /* For %(workflow)s, %(user_name)s, %(workflow_run_dir)s in xtriggers; NULL: not filled in.
     * They outlive the pool. */
    const char *workflow, *owner, *run_dir;
};

struct pool *pool_create(const struct workflow *workflow, const struct pool_options *options,
                         const struct pool_sink *sink);
void pool_destroy(struct pool *pool);

/* First start: says pool.runahead (answered by trigger.spawn ..., trigger.settled) and
 * workflow.state. */
void pool_start(struct pool *pool);
/* Start from what the database holds: instances, flows, holds, unsettled outputs (said again as
 * task.output), active jobs (said as job.follow), xtriggers (xtrigger.watch), retry timers. `now`:
 * as for pool_handle. */
void pool_restore(struct pool *pool, const struct restart *restart, int64_t now);

/* The same pool by another version of the definition, at the end of an event. `restart` is what the
 * database holds, by the names of `workflow`, of all that `pool` has said. Tasks that are no longer
 * there are dropped, unless they are active: those run on and then leave. Says what follows, and
 * xtrigger.watch for all that is waited for. Returns the new pool; the old one is gone. PRE:
 * nothing is in flight, not shut down. */
struct pool *pool_reload(struct pool *pool, const struct workflow *workflow,
                         const struct restart *restart);

/* One event: a message heard by TASK_POOL (job.*, trigger.*, xtrigger.satisfied, pool.command).
 * `now` is message->when where the topic has it. Applying an event twice changes nothing. After
 * each event everything that follows from it has been said: states, releases from queues, the
 * runahead limit, stall, completion, shutdown. */
void pool_handle(struct pool *pool, const struct message *message, int64_t now);

/* True once workflow.shutdown has been said; nothing is said after it. */
bool pool_is_shut_down(const struct pool *pool);
/* When it is to stop by a command: seconds since 1970-01-01T00Z; negative: never. Whoever has a
 * clock then says pool.command STOP_AT with that time once more. */
int64_t pool_stop_time(const struct pool *pool);
/* What is in flight between the pool and the triggers. */
uint64_t pool_in_flight(const struct pool *pool);
size_t pool_size(const struct pool *pool);

/* STATUSES if it is not in the pool. */
enum task_status pool_status(const struct pool *pool, cycle_point point, uint32_t task);

/* The parents whose outputs satisfied the instance's prerequisites, pre-initial ones included:
 * "['1/a', '1/b']". For the reference log, when job.submit is said. */
void pool_describe_triggers(const struct pool *pool, cycle_point point, uint32_t task,
                            struct text *out);

/* What a message of the pool says to users, in words: "1/a: running, flows 1". False if it is
 * nothing they would call a change. */
bool pool_describe_change(const struct pool *pool, const struct message *message, struct text *out);

/* Recount every derived number and set (queues, runahead, active, indices) and compare: aborts on a
 * difference. O(pool); for tests and the simulator, after every step. */
void pool_check(const struct pool *pool);

#endif

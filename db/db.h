/* The run database: Cylc 8's tables (so that tools which read log/db go on working) and rouse_*
 * tables for what they have no place for. One writer. What the cast says is what is stored:
 * db_apply turns one message into row changes, db_load turns the rows into a struct restart.
 *
 * Only db/ includes sqlite3.h. */
#ifndef ROUSE_DB_H
#define ROUSE_DB_H

#include "coroutines/topics.h"
#include "db/restart.h"
#include "scheduler/config/workflow.h"

struct db;

/* Faults for the simulator: called before a commit reaches the disk; 0 to go on, negative errno to
 * fail the commit. */
struct db_faults {
    void *context;
    int (*before_commit)(void *context);
    /* The commit is durable; a negative errno makes db_commit fail with it all the same, as a loss
     * of power just then does. May be NULL. */
    int (*after_commit)(void *context);
};

/* Open or create (path ":memory:" for tests): WAL, foreign tools may read meanwhile. NULL and error
 * naming the file if it cannot be used (not a database, locked by another writer, read only). */
struct db *db_open(const char *path, const struct db_faults *faults, struct error *error);
/* Cylc keeps two: .service/db, which counts, and log/db, a copy for others. If `private` is there
 * it becomes `path`: 1; else 0. Negative and error. PRE: nobody has them open. */
int db_take_private(const char *private, const char *path, struct error *error);
/* A database that another process writes, to read it: closing leaves the file as it is. */
struct db *db_visit(const char *path, struct error *error);
/* The file may grow to so many pages (PRAGMA max_page_count): a full disk, for tests. */
void db_limit_pages(struct db *db, unsigned pages);
/* A commit outlives the process, but maybe not a loss of power: nothing outside rests on it when
 * jobs are only simulated, and waiting for the disk would be all the time such a run takes. */
void db_simulated(struct db *db);
/* Instances kept in memory between commits; more are read again when needed. */
void db_limit_instances(struct db *db, unsigned n);
/* Rolls back what was not committed. */
void db_close(struct db *db);
/* The workflow whose names the rows use; changes at a reload. PRE: nothing is dirty. */
void db_set_workflow(struct db *db, const struct workflow *workflow);
/* Rows that describe the start: inheritance, workflow_params (uuid_str, cylc_version, icp ...),
 * flow
 * 1. In the open transaction. params: key, value pairs; value NULL is SQL's NULL. n_restart is
 * counted here unless given. */
int db_start(struct db *db, const struct key_value *params, size_t n, struct error *error);
/* A first start from chosen tasks: no task is spawned from its sequence. In the open transaction.
 */
void db_put_no_cursors(struct db *db);
/* A value of workflow_params as committed. 1 and ret_value (heap; NULL for SQL's NULL), or 0: there
 * is none, or negative. Needs no workflow. */
int db_param(struct db *db, const char *key, char **ret_value, struct error *error);

/* The template variables as committed, keys and values on the heap with the array; or none, and the
 * number 0. Needs no workflow. */
int db_template_variables(struct db *db, struct key_value **ret_variables, size_t *ret_n,
                          struct error *error);
/* Keep them, beside those that are there. In the open transaction. */
void db_put_template_variables(struct db *db, const struct key_value *variables, size_t n);
void template_variables_free(struct key_value *variables, size_t n);

/* Applies one message, in memory: nothing is written before db_commit. Several changes of one row
 * between two commits cost little. Negative and error if the database cannot be read. */
int db_apply(struct db *db, const struct message *message, struct error *error);
/* Begins to write for the next commit, at most n rows or instances. 1: there is more; on failure
 * all of it is undone, as db_commit does. Nothing may be applied until db_commit has written the
 * rest. */
int db_write(struct db *db, size_t n, struct error *error);
/* Durable when it returns 0. On failure (-EBUSY: may be tried again; else final) nothing of the
 * transaction is lost from memory: db_commit may be called again. */
int db_commit(struct db *db, struct error *error);
bool db_is_dirty(const struct db *db);

/* Answer a history.ask: says one TOPIC_HISTORY for each set of flows, then the last one. What is
 * applied and not yet committed counts. */
int db_history(struct db *db, const struct message *ask,
               void (*say)(void *context, struct message *message), void *context,
               struct error *error);

/* A reload: what is in the pool is written anew by the next commit, as `workflow` has it. PRE:
 * nothing is dirty. Negative and error if the database cannot be read; it may be called again. */
int db_renew(struct db *db, const struct workflow *workflow, struct error *error);
/* What the database at `path` holds by now, committed by another connection. From any thread. NULL
 * and error. */
struct restart *db_read(const char *path, const struct workflow *workflow, struct error *error);

/* NULL with error->code 0 if the run never started (no rows); NULL and an error if it is damaged.
 */
struct restart *db_load(struct db *db, const struct workflow *workflow, struct error *error);

#endif

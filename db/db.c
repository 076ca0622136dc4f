/* The run database: opening, transactions, start.
 *
 * WAL, so that readers and this writer do not wait for each other; synchronous=FULL, so that what
 * was acknowledged survives a loss of power. Messages change rows in memory only. A read begins a
 * transaction, which goes on to the next commit; db_commit writes what is dirty in it. */
#include "db/db.h"
#include "base/check.h"
#include "db/apply.h"
#include "db/schema.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* WAL pages at which a commit copies them into the file: 32 MB. */
enum { CHECKPOINT_PAGES = 8192 };
/* Pages kept in memory: what a run needs however long it lasts. */
enum { CACHE_KIBIBYTES = 16384 };
/* How long opening waits for a lock. */
enum { OPEN_WAIT_MS = 5000, OPEN_TRIES = 20, OPEN_PAUSE_MS = 20 };

static int run_plain(struct db *db, enum statement statement, struct error *error)
{
    struct run run = run_begin(&db->sql, statement, error);
    return run_do(&run, error);
}

/* --- opening --- */

static int set_pragmas(sqlite3 *connection, struct error *error)
{
    char *sql = str_format("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                           "PRAGMA wal_autocheckpoint=%d; PRAGMA temp_store=MEMORY;"
                           "PRAGMA cache_size=-%d;",
                           CHECKPOINT_PAGES, CACHE_KIBIBYTES);
    int result = sqlite3_exec(connection, sql, NULL, NULL, NULL);
    free(sql);
    return result == SQLITE_OK ? 0 : statement_error(connection, error);
}

/* What the last start and the last commit left. */
static int read_last(struct db *db, struct error *error)
{
    struct run run = run_begin(&db->sql, SQL_FLOW_LAST, error);
    if (run_step(&run, error) > 0)
        db->flow_last = (uint32_t)run_column_int(&run, 0);
    return run_end(&run);
}

static int try_to_prepare(struct db *db, struct error *error)
{
    int result = set_pragmas(db->sql.connection, error);
    if (result == 0)
        result = schema_create(db->sql.connection, error);
    return result < 0 ? result : read_last(db, error);
}

/* Another member of the cast in its own process may be opening it, too, or closing it, or one that
 * was killed holds its locks a moment longer. Not all of that is waited for by SQLite itself: so it
 * is tried again, too. Later a lock is met by trying again, not by waiting. */
static int prepare(struct db *db, struct error *error)
{
    sqlite3 *connection = db->sql.connection;
    sqlite3_extended_result_codes(connection, 1);
    if (sqlite3_db_readonly(connection, "main") == 1)
        return error_set(error, -EROFS, "attempt to write a readonly database");
    sqlite3_busy_timeout(connection, OPEN_WAIT_MS / OPEN_TRIES);
    int result = -EBUSY;
    for (int i = 0; i < OPEN_TRIES && result == -EBUSY; i++) {
        if (i)
            sqlite3_sleep(OPEN_PAUSE_MS);
        result = try_to_prepare(db, error);
    }
    sqlite3_busy_timeout(connection, 0);
    return result;
}

/* Statistics of SQLite's memory that nobody looks at take a lock at each allocation: a tenth of the
 * time of a commit. Has no effect once the library is in use. */
static void spare_statistics(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

struct db *db_open(const char *path, const struct db_faults *faults, struct error *error)
{
    spare_statistics();
    struct db *db = NEW(struct db);
    db->path = str_copy(path);
    db->instances_max = INSTANCES_KEPT_MAX;
    if (faults)
        db->faults = *faults;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int result = 0;
    if (sqlite3_open_v2(path, &db->sql.connection, flags, NULL) != SQLITE_OK)
        result = statement_error(db->sql.connection, error);
    if (result == 0)
        result = prepare(db, error);
    if (result == 0)
        return db;
    char *why = str_copy(error->text);
    error_set(error, result, "%s: %s%s", path, why,
              result == -EBUSY ? " (is another scheduler writing to it?)" : "");
    free(why);
    db_close(db);
    return NULL;
}

struct db *db_visit(const char *path, struct error *error)
{
    struct db *db = db_open(path, NULL, error);
    if (db)
        db->guest = true;
    return db;
}

void db_limit_pages(struct db *db, unsigned pages)
{
    char *sql = str_format("PRAGMA max_page_count=%u", pages);
    sqlite3_exec(db->sql.connection, sql, NULL, NULL, NULL);
    free(sql);
}

void db_simulated(struct db *db)
{
    sqlite3_exec(db->sql.connection, "PRAGMA synchronous=NORMAL", NULL, NULL, NULL);
}

void db_limit_instances(struct db *db, unsigned n)
{
    db->instances_max = n;
}

/* After the end the file alone is the database: readers need no WAL, nor the right to write beside
 * it. A reader that is still there prevents this; then the next opening does it. */
static void leave_plain_file(struct db *db)
{
    sqlite3_wal_checkpoint_v2(db->sql.connection, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_exec(db->sql.connection, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
}

void db_close(struct db *db)
{
    if (!db)
        return;
    struct error ignored = {0};
    if (db->in_transaction)
        run_plain(db, SQL_ROLLBACK, &ignored);
    rows_release(db);
    later_release(&db->later);
    forms_release(&db->forms);
    statements_release(&db->sql);
    if (db->sql.connection && !db->guest && sqlite3_db_readonly(db->sql.connection, "main") == 0)
        leave_plain_file(db);
    INVARIANT(sqlite3_close(db->sql.connection) == SQLITE_OK);
    free(db->absolute);
    free(db->path);
    free(db);
}

/* --- the workflow --- */

static void find_absolute(struct db *db)
{
    const struct workflow *workflow = db->workflow;
    free(db->absolute);
    db->absolute = NEW_ARRAY(uint64_t, workflow->n_tasks);
    for (uint32_t child = 0; child < workflow->graph->n_tasks; child++)
        for (uint32_t i = 0; i < workflow->graph->tasks[child].n_atoms; i++) {
            const struct atom *atom = &workflow->graph->tasks[child].atoms[i];
            if (atom->kind == ATOM_OUTPUT && atom->offset->kind == OFFSET_ABSOLUTE)
                db->absolute[atom->index] |= UINT64_C(1) << atom->output;
        }
}

void db_set_workflow(struct db *db, const struct workflow *workflow)
{
    if (db->workflow == workflow)
        return;
    PRE(!db_is_dirty(db));
    rows_release(db);
    forms_forget_points(&db->forms);
    db->workflow = workflow;
    find_absolute(db);
}

static void put_param(struct db *db, const char *key, const char *value)
{
    later_add(&db->later, SQL_PARAM_PUT);
    later_text(&db->later, key);
    later_text(&db->later, value);
}

/* Which start this is: 0 for the first, then how often it was restarted. */
static int count_restarts(struct db *db, int64_t *ret_n, struct error *error)
{
    struct run run = run_begin(&db->sql, SQL_PARAM_GET, error);
    run_text(&run, "n_restart");
    int64_t n = run_step(&run, error) > 0 ? run_column_int(&run, 0) + 1 : 0;
    int result = run_end(&run);
    if (result == 0)
        *ret_n = n;
    return result;
}

static int was_known(struct db *db, const char *task, bool *ret_known, struct error *error)
{
    struct run run = run_begin(&db->sql, SQL_INHERITANCE_GET, error);
    run_text(&run, task);
    *ret_known = run_step(&run, error) > 0;
    return run_end(&run);
}

static void put_ancestors(struct db *db, const struct task_def *task)
{
    struct text ancestors = {0};
    text_add(&ancestors, "[");
    for (uint32_t k = 0; k < task->n_ancestors; k++) {
        text_add(&ancestors, k ? ", " : "");
        forms_json_string(&ancestors, task->ancestors[k]);
    }
    text_add(&ancestors, "]");
    later_add(&db->later, SQL_INHERITANCE_PUT);
    later_text(&db->later, task->name);
    later_text(&db->later, text_string(&ancestors));
    text_release(&ancestors);
}

/* A task without a cursor: it joins by the graph. So does one that the run did not know when it
 * began, and one that had parents at every point then, whatever its definition says later. */
static void put_no_cursor(struct db *db, const struct task_def *task)
{
    later_add(&db->later, SQL_CURSOR_PUT);
    later_text(&db->later, task->name);
    later_text(&db->later, "");
    later_text(&db->later, "[]");
}

void db_put_no_cursors(struct db *db)
{
    for (uint32_t i = 0; i < db->workflow->n_tasks; i++)
        put_no_cursor(db, &db->workflow->tasks[i]);
}

static bool starts_alone(const struct db *db, uint32_t task)
{
    const struct workflow *workflow = db->workflow;
    return graph_task_starts_alone(workflow->graph, workflow->cycling, task, workflow->start);
}

static int put_names(struct db *db, bool first, struct error *error)
{
    for (uint32_t i = 0; i < db->workflow->n_tasks; i++) {
        const struct task_def *task = &db->workflow->tasks[i];
        bool known = true;
        int result = first ? 0 : was_known(db, task->name, &known, error);
        if (result < 0)
            return result;
        if (db->workflow->graph->tasks[i].n_sequences &&
            (!known || (first && !starts_alone(db, i))))
            put_no_cursor(db, task);
        put_ancestors(db, task);
    }
    return 0;
}

int db_put_names(struct db *db, struct error *error)
{
    return put_names(db, false, error);
}

/* The flow every workflow starts with. */
static void put_first_flow(struct db *db)
{
    char start[POINT_TEXT_MAX];
    char *text = str_format("original flow from %s",
                            point_format(db->workflow->cycling, db->workflow->start, start));
    later_add(&db->later, SQL_FLOW_ADD);
    later_number(&db->later, 1);
    later_text(&db->later, forms_time(&db->forms, db->now));
    later_text(&db->later, text);
    free(text);
    db->flow_last = 1;
}

int db_start(struct db *db, const struct key_value *params, size_t n, struct error *error)
{
    PRE(db->workflow);
    int64_t restarts = 0;
    int result = db_begin(db, error);
    if (result == 0)
        result = count_restarts(db, &restarts, error);
    if (result < 0)
        return result;
    later_add(&db->later, SQL_PARAM_PUT);
    later_text(&db->later, "n_restart");
    later_number(&db->later, restarts);
    for (size_t i = 0; i < n; i++)
        put_param(db, params[i].key, params[i].value);
    result = put_names(db, restarts == 0, error);
    if (db->flow_last == 0)
        put_first_flow(db);
    return result;
}

/* --- transactions --- */

int db_begin(struct db *db, struct error *error)
{
    if (db->in_transaction)
        return 0;
    int result = run_plain(db, SQL_BEGIN_READ, error);
    db->in_transaction = result == 0;
    return result;
}

int db_apply(struct db *db, const struct message *message, struct error *error)
{
    PRE(db->workflow);
    int result = apply_message(db, message, error);
    if (result == 0 && apply_changes(message->topic))
        db->changed = true;
    return result;
}

bool db_is_dirty(const struct db *db)
{
    return db->changed || db->later.rows.n > 0;
}

static int call_fault(const struct db *db, int (*fault)(void *context), struct error *error)
{
    int result = fault ? fault(db->faults.context) : 0;
    return result < 0 ? error_set(error, result, "%s: injected fault", db->path) : 0;
}

static int write_some(struct db *db, size_t n, struct error *error)
{
    int result = 0;
    if (!db->in_transaction)
        result = run_plain(db, SQL_BEGIN_WRITE, error);
    db->in_transaction = result == 0;
    return result == 0 ? flush(db, n, error) : result;
}

static int write_transaction(struct db *db, struct error *error)
{
    int result = write_some(db, SIZE_MAX, error);
    if (result == 0)
        result = call_fault(db, db->faults.before_commit, error);
    if (result == 0)
        result = run_plain(db, SQL_COMMIT, error);
    return result;
}

/* SQLite ends the transaction itself on some errors. */
static void roll_back(struct db *db)
{
    struct error ignored = {0};
    if (!sqlite3_get_autocommit(db->sql.connection))
        run_plain(db, SQL_ROLLBACK, &ignored);
    db->in_transaction = false;
    flush_undone(db);
}

/* What failed is rolled back; the cause is told with the path. */
static int undo(struct db *db, int result, const struct error *cause, struct error *error)
{
    roll_back(db);
    return error_set(error, result, "%s: %s", db->path, cause->text);
}

int db_write(struct db *db, size_t n, struct error *error)
{
    if (!db_is_dirty(db))
        return 0;
    struct error cause = {0};
    int result = write_some(db, n, &cause);
    return result < 0 ? undo(db, result, &cause, error) : result;
}

int db_commit(struct db *db, struct error *error)
{
    if (!db_is_dirty(db)) {
        roll_back(db);
        flush_done(db);
        return 0;
    }
    struct error cause = {0};
    int result = write_transaction(db, &cause);
    if (result < 0)
        return undo(db, result, &cause, error);
    db->in_transaction = false;
    flush_done(db);
    db->changed = false;
    return call_fault(db, db->faults.after_commit, error);
}

/* Tables, columns, types and primary keys of a Cylc 8.4 run database, and the rouse_* tables: what
 * a restart needs and Cylc's tables have no place for.
 *
 * Tables with a text key are WITHOUT ROWID: the same to every reader, half the work to write. */
#include "db/schema.h"
#include "base/memory.h"
#include "base/text.h"
#include "db/statement.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Kept as user_version; to be counted up with every table, column or index that comes: an older
 * database then gets it when it is opened. */
enum { SCHEMA_VERSION = 1 };

struct table {
    const char *name;
    const char *columns;
    const char *key; /* NULL: rows are only appended */
};

static const struct table tables[] = {
    {"absolute_outputs", "cycle TEXT, name TEXT, output TEXT", NULL},
    {"broadcast_events", "time TEXT, change TEXT, point TEXT, namespace TEXT, key TEXT, value TEXT",
     NULL},
    {"broadcast_states", "point TEXT, namespace TEXT, key TEXT, value TEXT",
     "point, namespace, key"},
    {"inheritance", "namespace TEXT, inheritance TEXT", "namespace"},
    {"task_action_timers",
     "cycle TEXT, name TEXT, ctx_key TEXT, ctx TEXT, delays TEXT, num INTEGER, delay TEXT, "
     "timeout TEXT",
     "cycle, name, ctx_key"},
    {"task_events",
     "name TEXT, cycle TEXT, time TEXT, submit_num INTEGER, event TEXT, message TEXT", NULL},
    {"task_jobs",
     "cycle TEXT, name TEXT, submit_num INTEGER, flow_nums TEXT, is_manual_submit INTEGER, "
     "try_num INTEGER, time_submit TEXT, time_submit_exit TEXT, submit_status INTEGER, "
     "time_run TEXT, time_run_exit TEXT, run_signal TEXT, run_status INTEGER, platform_name TEXT, "
     "job_runner_name TEXT, job_id TEXT",
     "cycle, name, submit_num"},
    {"task_late_flags", "cycle TEXT, name TEXT, value INTEGER", "cycle, name"},
    {"task_outputs", "cycle TEXT, name TEXT, flow_nums TEXT, outputs TEXT",
     "cycle, name, flow_nums"},
    {"task_pool", "cycle TEXT, name TEXT, flow_nums TEXT, status TEXT, is_held INTEGER",
     "cycle, name, flow_nums"},
    {"task_prerequisites",
     "cycle TEXT, name TEXT, flow_nums TEXT, prereq_name TEXT, prereq_cycle TEXT, "
     "prereq_output TEXT, satisfied TEXT",
     "cycle, name, flow_nums, prereq_name, prereq_cycle, prereq_output"},
    {"task_states",
     "name TEXT, cycle TEXT, flow_nums TEXT, time_created TEXT, time_updated TEXT, "
     "submit_num INTEGER, status TEXT, flow_wait INTEGER, is_manual_submit INTEGER",
     "name, cycle, flow_nums"},
    {"task_timeout_timers", "cycle TEXT, name TEXT, timeout REAL", "cycle, name"},
    {"tasks_to_hold", "name TEXT, cycle TEXT", NULL},
    {"workflow_flows", "flow_num INTEGER, start_time TEXT, description TEXT", "flow_num"},
    {"workflow_params", "key TEXT, value TEXT", "key"},
    {"workflow_template_vars", "key TEXT, value TEXT", "key"},
    {"xtriggers", "signature TEXT, results TEXT", "signature"},

    /* flags: enum task_flag; settled: offset in job.status; settings: what was broadcast to the job
     * that is active, as in job.submit. Only where they say something that task_pool, task_states
     * and task_jobs do not. */
    {"rouse_tasks",
     "cycle TEXT, name TEXT, flags INTEGER, try_num INTEGER, settled INTEGER, settings TEXT",
     "cycle, name"},
    /* Completed outputs whose consequences are not all recorded. */
    {"rouse_unsettled", "cycle TEXT, name TEXT, output TEXT, flow_nums TEXT",
     "cycle, name, output, flow_nums"},
    /* Satisfied members of family triggers ("FAM:succeed-all"). */
    {"rouse_groups", "name TEXT, cycle TEXT, member TEXT, flow_nums TEXT",
     "name, cycle, member, flow_nums"},
    /* Satisfied prerequisites that are no row of task_prerequisites: family triggers as a whole,
     * and those of suicide triggers. */
    {"rouse_prerequisites", "cycle TEXT, name TEXT, prereq_cycle TEXT, prereq TEXT, satisfied TEXT",
     "cycle, name, prereq_cycle, prereq"},
    /* Last point that a task without parents was spawned at in each flow. */
    {"rouse_cursors", "name TEXT, cycle TEXT, flow_nums TEXT", "name, flow_nums"},
    /* What instances wait for. label: empty for a retry delay. */
    {"rouse_xtriggers", "cycle TEXT, name TEXT, label TEXT, signature TEXT, satisfied INTEGER",
     "cycle, name, label"},
    /* Task events that handlers or mail are still to tell of. */
    {"rouse_events",
     "id INTEGER, name TEXT, cycle TEXT, submit_num INTEGER, try_num INTEGER, event TEXT, "
     "message TEXT, settings TEXT",
     "id"},
    /* Messages of external triggers that nothing has used yet. */
    {"rouse_external", "number INTEGER, message TEXT, event_id TEXT", "number"},
    {"rouse_state", "key TEXT, value TEXT", "key"},
};

static int execute(sqlite3 *connection, const char *sql, struct error *error)
{
    if (sqlite3_exec(connection, sql, NULL, NULL, NULL) != SQLITE_OK)
        return statement_error(connection, error);
    return 0;
}

static int create_table(sqlite3 *connection, const struct table *table, struct error *error)
{
    struct text sql = {0};
    text_addf(&sql, "CREATE TABLE IF NOT EXISTS %s(%s", table->name, table->columns);
    if (table->key)
        text_addf(&sql, ", PRIMARY KEY(%s)) WITHOUT ROWID", table->key);
    else
        text_add(&sql, ")");
    int result = execute(connection, text_string(&sql), error);
    text_release(&sql);
    return result;
}

/* Tables without a key that are searched. */
static const char *const indices[] = {
    "CREATE INDEX IF NOT EXISTS rouse_held ON tasks_to_hold(name, cycle)",
    "CREATE INDEX IF NOT EXISTS rouse_absolute ON absolute_outputs(cycle, name, output)",
};

/* 1 if it is there. */
static int has_table(sqlite3 *connection, const char *name, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(connection, "SELECT 1 FROM sqlite_master WHERE name=?", -1, &statement,
                           NULL) != SQLITE_OK)
        return statement_error(connection, error);
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    int step = sqlite3_step(statement);
    int result = step == SQLITE_ROW ? 1 : step == SQLITE_DONE ? 0 : -1;
    if (result < 0)
        result = statement_error(connection, error);
    sqlite3_finalize(statement);
    return result;
}

/* --- what an older version, or Cylc, has left --- */

static int read_number(sqlite3 *connection, const char *sql, int *ret_number, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(connection, sql, -1, &statement, NULL) != SQLITE_OK)
        return statement_error(connection, error);
    int step = sqlite3_step(statement);
    if (step == SQLITE_ROW)
        *ret_number = sqlite3_column_int(statement, 0);
    int result = step == SQLITE_ROW || step == SQLITE_DONE ? 0 : statement_error(connection, error);
    sqlite3_finalize(statement);
    return result;
}

/* Whether `name` is one of "a, b, c". */
static bool is_listed(const char *list, struct slice name)
{
    for (const char *at = list; at && *at; at = strchr(at, ' ')) {
        at += *at == ' ';
        size_t n = strcspn(at, ",");
        if (n == name.n && memcmp(at, name.at, n) == 0)
            return true;
    }
    return false;
}

/* `definition`: "name TYPE". */
static int add_column(sqlite3 *connection, const struct table *table, struct slice definition,
                      struct error *error)
{
    struct slice name = {definition.at, strcspn(definition.at, " ")};
    char *sql = str_format("SELECT count(*) FROM pragma_table_info('%s') WHERE name='%.*s'",
                           table->name, (int)name.n, name.at);
    int found = 0;
    int result = read_number(connection, sql, &found, error);
    free(sql);
    if (result < 0 || found)
        return result;
    if (is_listed(table->key, name))
        return error_set(error, -EBADMSG, "its table %s is not that of a run database: no %.*s",
                         table->name, (int)name.n, name.at);
    sql =
        str_format("ALTER TABLE %s ADD COLUMN %.*s", table->name, (int)definition.n, definition.at);
    result = execute(connection, sql, error);
    free(sql);
    return result;
}

/* Columns that have come since the table was made. */
static int add_columns(sqlite3 *connection, const struct table *table, struct error *error)
{
    int result = 0;
    for (const char *at = table->columns; *at && result == 0;) {
        size_t n = strcspn(at, ",");
        result = add_column(connection, table, (struct slice){at, n}, error);
        at += n + (at[n] ? 2 : 0);
    }
    return result;
}

/* Known by what Cylc always writes, without our tables beside it: adopt.c goes on from there. */
static int note_foreign(sqlite3 *connection, bool foreign, struct error *error)
{
    return foreign ? execute(connection, "INSERT INTO rouse_state(key, value) VALUES('foreign', 1)",
                             error)
                   : 0;
}

static int make_all(sqlite3 *connection, struct error *error)
{
    int theirs = has_table(connection, "workflow_params", error);
    int ours = theirs < 0 ? theirs : has_table(connection, "rouse_state", error);
    int result = ours < 0 ? ours : 0;
    for (size_t i = 0; i < sizeof tables / sizeof *tables && result == 0; i++) {
        result = create_table(connection, &tables[i], error);
        if (result == 0)
            result = add_columns(connection, &tables[i], error);
    }
    for (size_t i = 0; i < sizeof indices / sizeof *indices && result == 0; i++)
        result = execute(connection, indices[i], error);
    if (result == 0)
        result = note_foreign(connection, theirs > 0 && ours == 0, error);
    char *version = str_format("PRAGMA user_version=%d", SCHEMA_VERSION);
    if (result == 0)
        result = execute(connection, version, error);
    free(version);
    return result;
}

int schema_create(sqlite3 *connection, struct error *error)
{
    int version = 0;
    int result = read_number(connection, "PRAGMA user_version", &version, error);
    if (result < 0 || version == SCHEMA_VERSION)
        return result; /* nothing needs to be written, nor a lock to be had */
    if (version > SCHEMA_VERSION)
        return error_set(error, -ENOTSUP,
                         "written by a newer version of rouse (its form is number %d, this version "
                         "knows %d)",
                         version, SCHEMA_VERSION);
    result = execute(connection, "BEGIN IMMEDIATE", error);
    if (result < 0)
        return result;
    result = make_all(connection, error);
    if (result == 0)
        result = execute(connection, "COMMIT", error);
    if (result < 0)
        sqlite3_exec(connection, "ROLLBACK", NULL, NULL, NULL);
    return result;
}

/* See reader.h. A few fixed queries; every one of them is prepared, run and forgotten. */
#include "db/reader.h"
#include "base/memory.h"
#include "db/statement.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

enum { READER_BUSY_MS = 5000 }; /* how long a writer that locks everything out is waited for */

struct reader {
    sqlite3 *connection;
};

struct reader *reader_open(const char *path, struct error *error)
{
    if (access(path, R_OK)) {
        error_set(error, -errno, "cannot read %s: there is no run database", path);
        return NULL;
    }
    struct reader *self = NEW(struct reader);
    /* Not read only as SQLite means it: a reader of a WAL has to make its shared memory. */
    int code = sqlite3_open_v2(path, &self->connection, SQLITE_OPEN_READWRITE, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(self->connection, "PRAGMA query_only=1", NULL, NULL, NULL);
    if (code != SQLITE_OK) {
        statement_error(self->connection, error);
        reader_close(self);
        return NULL;
    }
    sqlite3_busy_timeout(self->connection, READER_BUSY_MS);
    return self;
}

void reader_close(struct reader *self)
{
    if (!self)
        return;
    sqlite3_close(self->connection);
    free(self);
}

static int prepare(struct reader *self, const char *sql, sqlite3_stmt **ret_statement,
                   struct error *error)
{
    if (sqlite3_prepare_v2(self->connection, sql, -1, ret_statement, NULL) != SQLITE_OK)
        return statement_error(self->connection, error);
    return 0;
}

/* 1: a row; 0: the end. */
static int step(struct reader *self, sqlite3_stmt *statement, struct error *error)
{
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        return 1;
    return code == SQLITE_DONE ? 0 : statement_error(self->connection, error);
}

static const char *column(sqlite3_stmt *statement, int number)
{
    const unsigned char *text = sqlite3_column_text(statement, number);
    return text ? (const char *)text : "";
}

/* One value; key NULL: the statement takes none. 1, 0 or negative. */
static int one_value(struct reader *self, const char *sql, const char *key, char **ret_value,
                     struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = prepare(self, sql, &statement, error);
    if (code)
        return code;
    if (key)
        sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    code = step(self, statement, error);
    if (code > 0)
        *ret_value = sqlite3_column_type(statement, 0) == SQLITE_NULL
                         ? NULL
                         : str_copy(column(statement, 0));
    sqlite3_finalize(statement);
    return code;
}

int reader_param(struct reader *self, const char *key, char **ret_value, struct error *error)
{
    return one_value(self, "SELECT value FROM workflow_params WHERE key=?", key, ret_value, error);
}

int reader_template_variables(struct reader *self, reader_each_variable *each, void *context,
                              struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = prepare(self, "SELECT key, value FROM workflow_template_vars", &statement, error);
    if (code)
        return code;
    while ((code = step(self, statement, error)) > 0)
        each(context, column(statement, 0), column(statement, 1));
    sqlite3_finalize(statement);
    return code;
}

int reader_some_cycle(struct reader *self, char **ret_cycle, struct error *error)
{
    return one_value(self, "SELECT cycle FROM task_states LIMIT 1", NULL, ret_cycle, error);
}

static void bind_choice(sqlite3_stmt *statement, const struct reader_choice *choice)
{
    sqlite3_bind_text(statement, 1, choice->cycle ? choice->cycle : "*", -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, choice->name ? choice->name : "*", -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, choice->flow);
}

#define CHOICE_                                                                                    \
    " WHERE cycle GLOB ?1 AND name GLOB ?2 AND (?3=0 OR EXISTS"                                    \
    " (SELECT 1 FROM json_each(CASE WHEN json_valid(flow_nums) THEN flow_nums ELSE '[]' END)"      \
    " WHERE value=?3)) ORDER BY length(cycle), cycle, name, flow_nums"

static int each_row(struct reader *self, const char *sql, const struct reader_choice *choice,
                    reader_each *each, void *context, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = prepare(self, sql, &statement, error);
    if (code)
        return code;
    bind_choice(statement, choice);
    while ((code = step(self, statement, error)) > 0)
        each(context, &(struct reader_row){.cycle = column(statement, 0),
                                           .name = column(statement, 1),
                                           .flows = column(statement, 2),
                                           .status = column(statement, 3),
                                           .outputs = column(statement, 4),
                                           .submit = sqlite3_column_int64(statement, 5)});
    sqlite3_finalize(statement);
    return code;
}

int reader_states(struct reader *self, const struct reader_choice *choice, reader_each *each,
                  void *context, struct error *error)
{
    return each_row(self,
                    "SELECT cycle, name, flow_nums, status, '', submit_num"
                    " FROM task_states" CHOICE_,
                    choice, each, context, error);
}

int reader_outputs(struct reader *self, const struct reader_choice *choice, reader_each *each,
                   void *context, struct error *error)
{
    return each_row(self, "SELECT cycle, name, flow_nums, '', outputs, 0 FROM task_outputs" CHOICE_,
                    choice, each, context, error);
}

int reader_platforms(struct reader *self, void (*each)(void *context, const char *name),
                     void *context, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = prepare(self,
                       "SELECT DISTINCT platform_name FROM task_jobs"
                       " WHERE platform_name IS NOT NULL ORDER BY 1",
                       &statement, error);
    if (code)
        return code;
    while ((code = step(self, statement, error)) > 0)
        each(context, column(statement, 0));
    sqlite3_finalize(statement);
    return code;
}

int reader_jobs(struct reader *self, reader_each_job *each, void *context, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = prepare(self,
                       "SELECT cycle, name, platform_name, job_runner_name, time_submit, time_run,"
                       " time_run_exit, strftime('%s', time_run) - strftime('%s', time_submit),"
                       " strftime('%s', time_run_exit) - strftime('%s', time_run) FROM task_jobs"
                       " WHERE run_status=0 ORDER BY name, length(cycle), cycle, submit_num",
                       &statement, error);
    if (code)
        return code;
    while ((code = step(self, statement, error)) > 0)
        each(context, &(struct reader_job){.cycle = column(statement, 0),
                                           .name = column(statement, 1),
                                           .platform = column(statement, 2),
                                           .runner = column(statement, 3),
                                           .submitted = column(statement, 4),
                                           .started = column(statement, 5),
                                           .finished = column(statement, 6),
                                           .submit_seconds = sqlite3_column_int64(statement, 7),
                                           .run_seconds = sqlite3_column_int64(statement, 8)});
    sqlite3_finalize(statement);
    return code;
}

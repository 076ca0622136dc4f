/* Prepared statements and their runs. */
#include "db/statement.h"
#include "base/check.h"
#include <errno.h>

#include "base/banned.h"

static const char *const sources[STATEMENTS_N] = {
#define STATEMENT_SQL_(name, sql) sql,
    STATEMENTS(STATEMENT_SQL_)
#undef STATEMENT_SQL_
};

static int code_of(int result)
{
    switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return -EACCES;
    case SQLITE_CANTOPEN:
        return -ENOENT;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: /* no such table or column: somebody else's database */
    case SQLITE_MISMATCH:
        return -EBADMSG;
    default:
        return -EIO;
    }
}

int statement_error(sqlite3 *connection, struct error *error)
{
    return error_set(error, code_of(sqlite3_extended_errcode(connection)), "%s",
                     sqlite3_errmsg(connection));
}

void statements_release(struct statements *statements)
{
    for (int i = 0; i < STATEMENTS_N; i++) {
        sqlite3_finalize(statements->prepared[i]);
        statements->prepared[i] = NULL;
    }
}

struct run run_begin(struct statements *statements, enum statement statement, struct error *error)
{
    struct run run = {.of = statements};
    sqlite3_stmt **prepared = &statements->prepared[statement];
    if (!*prepared && sqlite3_prepare_v3(statements->connection, sources[statement], -1,
                                         SQLITE_PREPARE_PERSISTENT, prepared, NULL) != SQLITE_OK)
        run.result = statement_error(statements->connection, error);
    run.statement = *prepared;
    return run;
}

static void bound(int result)
{
    INVARIANT(result == SQLITE_OK);
}

void run_text_n(struct run *run, const char *text, size_t n)
{
    if (run->result == 0)
        bound(sqlite3_bind_text64(run->statement, ++run->parameter, text, n, SQLITE_STATIC,
                                  SQLITE_UTF8));
}

void run_text(struct run *run, const char *text)
{
    if (run->result == 0)
        bound(sqlite3_bind_text(run->statement, ++run->parameter, text, -1, SQLITE_STATIC));
}

void run_text_copy(struct run *run, const char *text)
{
    if (run->result == 0)
        bound(sqlite3_bind_text(run->statement, ++run->parameter, text, -1, SQLITE_TRANSIENT));
}

void run_int(struct run *run, int64_t value)
{
    if (run->result == 0)
        bound(sqlite3_bind_int64(run->statement, ++run->parameter, value));
}

void run_real(struct run *run, double value)
{
    if (run->result == 0)
        bound(sqlite3_bind_double(run->statement, ++run->parameter, value));
}

void run_null(struct run *run)
{
    if (run->result == 0)
        bound(sqlite3_bind_null(run->statement, ++run->parameter));
}

int run_step(struct run *run, struct error *error)
{
    if (run->result < 0)
        return run->result;
    PRE(run->parameter == sqlite3_bind_parameter_count(run->statement));
    switch (sqlite3_step(run->statement)) {
    case SQLITE_ROW:
        return 1;
    case SQLITE_DONE:
        return 0;
    default:
        run->result = statement_error(run->of->connection, error);
        return run->result;
    }
}

const char *run_column(struct run *run, int column)
{
    const unsigned char *text = sqlite3_column_text(run->statement, column);
    return text ? (const char *)text : "";
}

int64_t run_column_int(struct run *run, int column)
{
    return sqlite3_column_int64(run->statement, column);
}

double run_column_real(struct run *run, int column)
{
    return sqlite3_column_double(run->statement, column);
}

bool run_column_is_null(struct run *run, int column)
{
    return sqlite3_column_type(run->statement, column) == SQLITE_NULL;
}

int run_end(struct run *run)
{
    if (run->statement)
        sqlite3_reset(run->statement);
    return run->result;
}

int run_do(struct run *run, struct error *error)
{
    int step = run_step(run, error);
    INVARIANT(step <= 0);
    return run_end(run);
}

/* See db_fixture.h. */
#include "tests/lib/db_fixture.h"
#include "base/memory.h"
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char flow_cylc[] = "[scheduler]\n"
                                "    allow implicit tasks = True\n"
                                "[scheduling]\n"
                                "    cycling mode = integer\n"
                                "    initial cycle point = 1\n"
                                "    final cycle point = 9\n"
                                "    [[xtriggers]]\n"
                                "        ready = echo(hello)\n"
                                "    [[graph]]\n"
                                "        R1 = prep\n"
                                "        P1 = \"\"\"\n"
                                "            prep[^] => a\n"
                                "            @ready => a\n"
                                "            a => b\n"
                                "            a:x? & a[-P1] => c?\n"
                                "            b & c? => d\n"
                                "            c:fail? => !d\n"
                                "            FAM:succeed-all => e\n"
                                "        \"\"\"\n"
                                "[runtime]\n"
                                "    [[a]]\n"
                                "        [[[outputs]]]\n"
                                "            x = the \"x\" file\n"
                                "    [[b]]\n"
                                "        execution retry delays = PT0S, PT1.5S\n"
                                "    [[FAM]]\n"
                                "    [[m1, m2]]\n"
                                "        inherit = FAM\n";

static void find_tasks(struct db_fixture *f)
{
    const struct {
        const char *name;
        uint32_t *index;
    } tasks[] = {{"a", &f->a}, {"b", &f->b},   {"c", &f->c},   {"d", &f->d},
                 {"e", &f->e}, {"m1", &f->m1}, {"m2", &f->m2}, {"prep", &f->prep}};
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
        *tasks[i].index = workflow_task(f->workflow, tasks[i].name);
        assert_int_not_equal(*tasks[i].index, NO_INDEX);
    }
}

int db_fixture_setup(void **state)
{
    struct db_fixture *f = NEW(struct db_fixture);
    *state = f;
    snprintf(f->directory, sizeof f->directory, "/tmp/rouse-db-XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    snprintf(f->path, sizeof f->path, "%s/db", f->directory);
    f->workflow =
        workflow_parse("flow.cylc", flow_cylc, strlen(flow_cylc), NULL, NULL, NULL, &f->error);
    if (!f->workflow)
        fail_msg("%s", f->error.text);
    find_tasks(f);
    f->db = db_open(f->path, NULL, &f->error);
    if (!f->db)
        fail_msg("%s", f->error.text);
    db_set_workflow(f->db, f->workflow);
    return 0;
}

int db_fixture_teardown(void **state)
{
    struct db_fixture *f = *state;
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    db_close(f->db);
    workflow_destroy(f->workflow);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char path[96];
        snprintf(path, sizeof path, "%s%s", f->path, suffixes[i]);
        unlink(path);
    }
    int result = rmdir(f->directory);
    free(f);
    return result;
}

void db_fixture_reopen(struct db_fixture *f)
{
    db_close(f->db);
    f->db = db_open(f->path, NULL, &f->error);
    if (!f->db)
        fail_msg("%s", f->error.text);
    db_set_workflow(f->db, f->workflow);
}

void db_apply_ok(struct db_fixture *f, struct message message)
{
    if (message.when == 0)
        message.when = FIXTURE_TIME;
    if (db_apply(f->db, &message, &f->error) < 0)
        fail_msg("%s", f->error.text);
}

void db_commit_ok(struct db_fixture *f)
{
    if (db_commit(f->db, &f->error) < 0)
        fail_msg("%s", f->error.text);
}

static void add_row(sqlite3_stmt *statement, struct text *out)
{
    for (int i = 0; i < sqlite3_column_count(statement); i++) {
        const char *value = (const char *)sqlite3_column_text(statement, i);
        text_addf(out, "%s%s", i ? "|" : "", value ? value : "NULL");
    }
    text_add_char(out, '\n');
}

void assert_rows(const struct db_fixture *f, const char *sql, const char *expected)
{
    sqlite3 *connection;
    sqlite3_stmt *statement;
    struct text found = {0};
    assert_int_equal(sqlite3_open_v2(f->path, &connection, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(connection, sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(connection));
    while (sqlite3_step(statement) == SQLITE_ROW)
        add_row(statement, &found);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    sqlite3_close(connection);
    assert_string_equal(text_string(&found), expected);
    text_release(&found);
}

void execute_elsewhere(const struct db_fixture *f, const char *sql)
{
    sqlite3 *connection;
    assert_int_equal(sqlite3_open(f->path, &connection), SQLITE_OK);
    if (sqlite3_exec(connection, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(connection));
    sqlite3_close(connection);
}

/* For tests of the database: a small workflow, a database in a directory of its own, and a second
 * connection that reads what the first has written. */
#ifndef ROUSE_TESTS_DB_FIXTURE_H
#define ROUSE_TESTS_DB_FIXTURE_H

#include "db/db.h"

struct db_fixture {
    char directory[64];
    char path[80];
    struct workflow *workflow;
    struct db *db;
    uint32_t a, b, c, d, e, m1, m2, prep; /* task indices */
    struct error error;
};

/* cmocka's setup and teardown: *state is the fixture. The database is open, not started. */
int db_fixture_setup(void **state);
int db_fixture_teardown(void **state);
/* Close and open it again. */
void db_fixture_reopen(struct db_fixture *f);

/* Apply a message, which must work. `when` is set to a fixed time if it is 0. */
void db_apply_ok(struct db_fixture *f, struct message message);
void db_commit_ok(struct db_fixture *f);
/* What a second connection reads: columns joined by '|', rows by a newline. */
void assert_rows(const struct db_fixture *f, const char *sql, const char *expected);
/* Run by a connection of its own. */
void execute_elsewhere(const struct db_fixture *f, const char *sql);

/* 2026-01-31T12:00:00Z */
#define FIXTURE_TIME INT64_C(1769860800000000)
#define FLOW_1 ((struct flow_list){1, {1}})
#define FLOWS_1_2 ((struct flow_list){2, {1, 2}})

#endif

/* Opening, commits and their failures, other connections beside the writer. */
#include "tests/lib/db_fixture.h"
#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void spawn(struct db_fixture *f, cycle_point point)
{
    db_apply_ok(f, (struct message){
                       .topic = TOPIC_TASK_SPAWNED, .point = point, .task = f->b, .flows = FLOW_1});
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void tables_have_cylcs_columns(void **state)
{
    struct db_fixture *f = *state;
    static const char *const tables[][2] = {
        {"task_states", "name* cycle* flow_nums* time_created time_updated submit_num status "
                        "flow_wait is_manual_submit\n"},
        {"task_pool", "cycle* name* flow_nums* status is_held\n"},
        {"task_jobs", "cycle* name* submit_num* flow_nums is_manual_submit try_num time_submit "
                      "time_submit_exit submit_status time_run time_run_exit run_signal "
                      "run_status platform_name job_runner_name job_id\n"},
        {"task_events", "name cycle time submit_num event message\n"},
        {"task_outputs", "cycle* name* flow_nums* outputs\n"},
        {"task_prerequisites", "cycle* name* flow_nums* prereq_name* prereq_cycle* "
                               "prereq_output* satisfied\n"},
        {"task_action_timers", "cycle* name* ctx_key* ctx delays num delay timeout\n"},
        {"task_late_flags", "cycle* name* value\n"},
        {"task_timeout_timers", "cycle* name* timeout\n"},
        {"tasks_to_hold", "name cycle\n"},
        {"workflow_params", "key* value\n"},
        {"workflow_template_vars", "key* value\n"},
        {"workflow_flows", "flow_num* start_time description\n"},
        {"xtriggers", "signature* results\n"},
        {"broadcast_events", "time change point namespace key value\n"},
        {"broadcast_states", "point* namespace* key* value\n"},
        {"inheritance", "namespace* inheritance\n"},
        {"absolute_outputs", "cycle name output\n"},
    };
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char sql[160];
        snprintf(sql, sizeof sql,
                 "SELECT group_concat(name || iif(pk, '*', ''), ' ') FROM"
                 " (SELECT * FROM pragma_table_info('%s') ORDER BY cid)",
                 tables[i][0]);
        assert_rows(f, sql, tables[i][1]);
    }
}

static void a_file_that_is_no_database_is_refused(void **state)
{
    struct db_fixture *f = *state;
    db_close(f->db);
    f->db = NULL;
    unlink(f->path);
    write_file(f->path, "This is a text and has nothing to do with databases, however long it is.");
    assert_null(db_open(f->path, NULL, &f->error));
    assert_int_equal(f->error.code, -EBADMSG);
    assert_non_null(strstr(f->error.text, f->path));
    assert_non_null(strstr(f->error.text, "not a database"));
}

static void somebody_elses_tables_are_refused(void **state)
{
    struct db_fixture *f = *state;
    db_close(f->db);
    unlink(f->path);
    execute_elsewhere(f, "CREATE TABLE workflow_flows(colour)");
    f->db = db_open(f->path, NULL, &f->error);
    assert_null(f->db);
    assert_int_equal(f->error.code, -EBADMSG);
}

static void a_place_where_nothing_can_be_made_is_named(void **state)
{
    struct db_fixture *f = *state;
    static const char *const paths[] = {"/nonexistent/log/db", "/proc/db", "/tmp"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_null(db_open(paths[i], NULL, &f->error));
        assert_int_equal(f->error.code, -ENOENT);
        assert_non_null(strstr(f->error.text, paths[i]));
    }
}

/* Root may write anywhere. */
static void a_database_that_cannot_be_written_is_refused(void **state)
{
    struct db_fixture *f = *state;
    if (geteuid() == 0)
        skip();
    db_close(f->db);
    f->db = NULL;
    chmod(f->path, 0400);
    chmod(f->directory, 0500);
    assert_null(db_open(f->path, NULL, &f->error));
    chmod(f->directory, 0700);
    assert_true(f->error.code == -EROFS || f->error.code == -ENOENT || f->error.code == -EACCES);
    assert_non_null(strstr(f->error.text, f->path));
}

static void a_database_locked_at_its_creation_is_refused(void **state)
{
    struct db_fixture *f = *state;
    db_close(f->db);
    f->db = NULL;
    unlink(f->path);
    sqlite3 *other;
    assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    assert_null(db_open(f->path, NULL, &f->error));
    assert_int_equal(f->error.code, -EBUSY);
    assert_non_null(strstr(f->error.text, "another scheduler"));
    sqlite3_close(other);
}

static void nothing_is_seen_before_the_commit(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1);
    assert_true(db_is_dirty(f->db));
    assert_rows(f, "SELECT count(*) FROM task_pool", "0\n");
    db_commit_ok(f);
    assert_false(db_is_dirty(f->db));
    assert_rows(f, "SELECT count(*) FROM task_pool", "1\n");
}

static void a_message_that_changes_nothing_makes_nothing_dirty(void **state)
{
    struct db_fixture *f = *state;
    db_apply_ok(f, (struct message){.topic = TOPIC_POOL_OUTCOME, .id = 1});
    assert_false(db_is_dirty(f->db));
}

static void a_reader_in_a_transaction_neither_blocks_nor_is_disturbed(void **state)
{
    struct db_fixture *f = *state;
    sqlite3 *reader;
    sqlite3_stmt *count;
    assert_int_equal(sqlite3_open_v2(f->path, &reader, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    sqlite3_exec(reader, "BEGIN", NULL, NULL, NULL);
    sqlite3_prepare_v2(reader, "SELECT count(*) FROM task_pool", -1, &count, NULL);
    assert_int_equal(sqlite3_step(count), SQLITE_ROW);
    spawn(f, 1);
    db_commit_ok(f);
    sqlite3_reset(count);
    assert_int_equal(sqlite3_step(count), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(count, 0), 0);
    sqlite3_reset(count);
    sqlite3_exec(reader, "COMMIT", NULL, NULL, NULL);
    assert_int_equal(sqlite3_step(count), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(count, 0), 1);
    sqlite3_finalize(count);
    sqlite3_close(reader);
}

static void a_foreign_writer_delays_a_commit_and_loses_nothing(void **state)
{
    struct db_fixture *f = *state;
    sqlite3 *writer;
    assert_int_equal(sqlite3_open(f->path, &writer), SQLITE_OK);
    spawn(f, 1);
    assert_int_equal(sqlite3_exec(writer, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(db_commit(f->db, &f->error), -EBUSY);
        assert_true(db_is_dirty(f->db));
        spawn(f, 2 + i);
    }
    sqlite3_exec(writer, "INSERT INTO workflow_template_vars VALUES('a', 'b'); COMMIT", NULL, NULL,
                 NULL);
    sqlite3_close(writer);
    /* What was read before the foreign write is out of date: the first attempt may notice that. */
    if (db_commit(f->db, &f->error) < 0)
        db_commit_ok(f);
    assert_rows(f, "SELECT count(*) FROM task_pool", "4\n");
}

static void template_variables_are_kept_and_the_later_ones_count(void **state)
{
    struct db_fixture *f = *state;
    const struct key_value first[] = {{"N", "1"}, {"A", "'a'"}}, second[] = {{"N", "2"}};
    struct key_value *found = NULL;
    size_t n = 1;
    assert_int_equal(db_template_variables(f->db, &found, &n, &f->error), 0);
    assert_int_equal(n, 0);
    db_put_template_variables(f->db, first, 2);
    db_put_template_variables(f->db, second, 1);
    db_commit_ok(f);
    assert_int_equal(db_template_variables(f->db, &found, &n, &f->error), 0);
    assert_int_equal(n, 2);
    assert_string_equal(found[0].key, "A");
    assert_string_equal(found[0].value, "'a'");
    assert_string_equal(found[1].key, "N");
    assert_string_equal(found[1].value, "2");
    template_variables_free(found, n);
}

static void a_full_disk_fails_the_commit_and_space_heals_it(void **state)
{
    struct db_fixture *f = *state;
    for (int i = 0; i < 50; i++)
        spawn(f, 1 + i);
    db_commit_ok(f);
    db_limit_pages(f->db, 1);
    for (int i = 0; i < 2000; i++)
        spawn(f, 100 + i);
    assert_int_equal(db_commit(f->db, &f->error), -ENOSPC);
    assert_non_null(strstr(f->error.text, "full"));
    assert_rows(f, "SELECT count(*) FROM task_pool", "50\n");
    db_limit_pages(f->db, 1000000);
    db_commit_ok(f);
    assert_rows(f, "SELECT count(*) FROM task_pool", "2050\n");
}

static void a_commit_is_written_in_parts(void **state)
{
    struct db_fixture *f = *state;
    for (int i = 0; i < 50; i++)
        spawn(f, 1 + i);
    int parts = 1;
    for (int more; (more = db_write(f->db, 3, &f->error)) != 0; parts++)
        assert_int_equal(more, 1);
    assert_true(parts >= 50 / 3);
    assert_rows(f, "SELECT count(*) FROM task_pool", "0\n");
    db_commit_ok(f);
    assert_rows(f, "SELECT count(*) FROM task_pool", "50\n");
    assert_int_equal(db_write(f->db, 3, &f->error), 0);
}

static void a_part_that_fails_undoes_the_parts_before_it(void **state)
{
    struct db_fixture *f = *state;
    for (int i = 0; i < 2000; i++)
        spawn(f, 1 + i);
    db_limit_pages(f->db, 60);
    int more = 1, parts = 0;
    for (; more > 0; parts++)
        more = db_write(f->db, 10, &f->error);
    assert_int_equal(more, -ENOSPC);
    assert_true(parts > 1);
    assert_rows(f, "SELECT count(*) FROM task_pool", "0\n");
    db_limit_pages(f->db, 1000000);
    assert_int_equal(db_write(f->db, 10, &f->error), 1);
    db_commit_ok(f);
    assert_rows(f, "SELECT count(*) FROM task_pool", "2000\n");
}

/* --- injected faults --- */

struct faults {
    int before, after; /* results, used once */
};

static int take_before(void *context)
{
    struct faults *faults = context;
    int result = faults->before;
    faults->before = 0;
    return result;
}

static int take_after(void *context)
{
    struct faults *faults = context;
    int result = faults->after;
    faults->after = 0;
    return result;
}

static void open_with(struct db_fixture *f, struct faults *faults)
{
    const struct db_faults hooks = {faults, take_before, take_after};
    db_close(f->db);
    f->db = db_open(f->path, &hooks, &f->error);
    assert_non_null(f->db);
    db_set_workflow(f->db, f->workflow);
}

static void a_fault_before_the_commit_leaves_the_old_state(void **state)
{
    struct db_fixture *f = *state;
    struct faults faults = {.before = -EIO};
    open_with(f, &faults);
    spawn(f, 1);
    assert_int_equal(db_commit(f->db, &f->error), -EIO);
    assert_rows(f, "SELECT count(*) FROM task_pool", "0\n");
    db_commit_ok(f); /* nothing was lost from memory */
    assert_rows(f, "SELECT count(*) FROM task_pool", "1\n");
}

static void a_fault_after_the_commit_has_the_new_state(void **state)
{
    struct db_fixture *f = *state;
    struct faults faults = {.after = -EIO};
    open_with(f, &faults);
    spawn(f, 1);
    assert_int_equal(db_commit(f->db, &f->error), -EIO);
    assert_rows(f, "SELECT count(*) FROM task_pool", "1\n");
}

static void closing_rolls_back(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1);
    db_fixture_reopen(f);
    db_commit_ok(f);
    assert_rows(f, "SELECT count(*) FROM task_pool", "0\n");
}

static void after_the_end_the_file_alone_is_the_database(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1);
    db_commit_ok(f);
    db_close(f->db);
    f->db = NULL;
    char path[96];
    snprintf(path, sizeof path, "%s-wal", f->path);
    assert_int_equal(access(path, F_OK), -1);
    snprintf(path, sizeof path, "%s-shm", f->path);
    assert_int_equal(access(path, F_OK), -1);
    assert_rows(f, "PRAGMA journal_mode", "delete\n");
    assert_rows(f, "SELECT count(*) FROM task_pool", "1\n");
}

static void a_reader_that_stays_does_not_keep_it_from_closing(void **state)
{
    struct db_fixture *f = *state;
    sqlite3 *reader;
    assert_int_equal(sqlite3_open_v2(f->path, &reader, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    sqlite3_exec(reader, "BEGIN; SELECT * FROM task_pool", NULL, NULL, NULL);
    spawn(f, 1);
    db_commit_ok(f);
    db_close(f->db);
    f->db = NULL;
    sqlite3_close(reader);
    assert_rows(f, "SELECT count(*) FROM task_pool", "1\n");
}

/* Every place at which writing can fail: whatever the n-th page is, nothing is half written. */
static void a_commit_is_whole_or_not_at_all(void **state)
{
    struct db_fixture *f = *state;
    int failures = 0;
    for (unsigned pages = 1; pages < 400; pages += 7) {
        for (unsigned i = 0; i < 100; i++)
            spawn(f, pages * 1000 + i);
        db_limit_pages(f->db, pages);
        if (db_commit(f->db, &f->error) == 0)
            continue;
        failures++;
        assert_int_equal(f->error.code, -ENOSPC);
        assert_rows(f,
                    "SELECT count(*) % 100, (SELECT count(*) FROM task_states) -"
                    " (SELECT count(*) FROM task_pool) FROM task_pool",
                    "0|0\n");
    }
    assert_true(failures > 0);
    db_limit_pages(f->db, 1000000);
    db_commit_ok(f);
    assert_rows(f, "SELECT count(*) FROM task_pool", "5700\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, db_fixture_setup, db_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tables_have_cylcs_columns),
        TEST(a_file_that_is_no_database_is_refused),
        TEST(somebody_elses_tables_are_refused),
        TEST(a_place_where_nothing_can_be_made_is_named),
        TEST(a_database_that_cannot_be_written_is_refused),
        TEST(a_database_locked_at_its_creation_is_refused),
        TEST(nothing_is_seen_before_the_commit),
        TEST(a_message_that_changes_nothing_makes_nothing_dirty),
        TEST(a_reader_in_a_transaction_neither_blocks_nor_is_disturbed),
        TEST(a_foreign_writer_delays_a_commit_and_loses_nothing),
        TEST(template_variables_are_kept_and_the_later_ones_count),
        TEST(a_full_disk_fails_the_commit_and_space_heals_it),
        TEST(a_commit_is_written_in_parts),
        TEST(a_part_that_fails_undoes_the_parts_before_it),
        TEST(a_fault_before_the_commit_leaves_the_old_state),
        TEST(a_fault_after_the_commit_has_the_new_state),
        TEST(closing_rolls_back),
        TEST(after_the_end_the_file_alone_is_the_database),
        TEST(a_reader_that_stays_does_not_keep_it_from_closing),
        TEST(a_commit_is_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

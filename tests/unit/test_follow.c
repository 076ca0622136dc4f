/* Waiting for changes of files, and what is asked of another workflow's database. */
#include "base/memory.h"
#include "tests/lib/home.h"
#include "xtriggers/builtins.h"
#include "xtriggers/follow.h"
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

static int setup(void **state)
{
    *state = home_make();
    return 0;
}

static int teardown(void **state)
{
    home_remove(*state);
    return 0;
}

struct trial {
    struct call call;
    const struct rouse_xtrigger *xtrigger;
};

static void begin(struct trial *trial, const char *home, const struct rouse_xtrigger *xtrigger,
                  const char *call)
{
    struct error error = {0};
    assert_int_equal(call_init(&trial->call, call, NULL, &error), 0);
    trial->xtrigger = xtrigger;
    trial->call.call.run_dir = home;
    trial->call.call.interval = 60;
    if (call_validate(&trial->call, xtrigger, &error) < 0)
        fail_msg("%s", error.text);
}

static enum rouse_verdict ask(struct trial *trial)
{
    call_ask(&trial->call, trial->xtrigger);
    return trial->call.verdict;
}

static void end(struct trial *trial)
{
    if (trial->xtrigger->drop)
        trial->xtrigger->drop(&trial->call.call);
    call_release(&trial->call);
}

static void expect_followed(const struct trial *trial, const char *home, const char *path)
{
    char *full = str_format("%s%s", home, path);
    assert_string_equal(text_string(&trial->call.path), full);
    free(full);
}

/* --- where inotify can tell --- */

static void network_file_systems_and_proc_do_not_tell(void **state)
{
    (void)state;
    static const uint64_t silent[] = {0x6969,     0xfe534d42, 0x0bd00bd0,
                                      0x47504653, 0x65735546, 0x9fa0};
    static const uint64_t telling[] = {0xef53, 0x58465342, 0x01021994, 0x9123683e, 0x794c7630};
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
        assert_false(follow_type_tells(silent[i]));
    for (size_t i = 0; i < sizeof telling / sizeof *telling; i++)
        assert_true(follow_type_tells(telling[i]));
}

static void looks_become_seldom_while_nothing_changes(void **state)
{
    (void)state;
    static const double expected[] = {1, 2, 4, 8, 16, 32, 60, 60};
    double delay = 0;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        delay = follow_delay(delay, false, 60);
        assert_true(delay == expected[i]);
    }
    assert_true(follow_delay(60, true, 60) == 1);
    assert_true(follow_delay(0, false, 0.2) == 0.2); /* never later than the interval */
    assert_true(follow_delay(0.2, false, 0.2) == 0.2);
}

static void a_file_in_proc_is_looked_for(void **state)
{
    struct trial trial;
    begin(&trial, *state, &xtrigger_file, "file(/proc/self/no-such-file)");
    for (double delay = 1; delay <= 32; delay *= 2) {
        assert_int_equal(ask(&trial), ROUSE_NOT_YET);
        assert_true(trial.call.after == delay);
        assert_string_equal(text_string(&trial.call.path), "");
    }
    end(&trial);
    begin(&trial, *state, &xtrigger_file, "file(/proc/self/status)");
    assert_int_equal(ask(&trial), ROUSE_SATISFIED);
    end(&trial);
}

static void without_watches_a_file_is_looked_for_sooner_after_a_change(void **state)
{
    const char *home = *state;
    struct trial trial;
    begin(&trial, home, &xtrigger_file, "file(incoming/data, stable=100)");
    assert_int_equal(ask(&trial), ROUSE_NOT_YET);
    expect_followed(&trial, home, "");
    assert_true(trial.call.after < 0);
    trial.call.deaf = true; /* the kernel had no watch for it */
    for (double delay = 1; delay <= 8; delay *= 2) {
        assert_int_equal(ask(&trial), ROUSE_NOT_YET);
        assert_true(trial.call.after == delay && !trial.call.path.n);
    }
    home_write(home, "incoming/other", "");
    assert_int_equal(ask(&trial), ROUSE_NOT_YET);
    assert_true(trial.call.after == 1); /* the directory has come */
    assert_int_equal(ask(&trial), ROUSE_NOT_YET);
    assert_true(trial.call.after == 2);
    home_write(home, "incoming/data", "1");
    trial.call.call.now = 50;
    assert_int_equal(ask(&trial), ROUSE_NOT_YET);
    assert_true(trial.call.after == 1);
    trial.call.call.now = 149.5;
    assert_int_equal(ask(&trial), ROUSE_NOT_YET);
    assert_true(trial.call.after == 0.5); /* stable then, if it is */
    trial.call.call.now = 150;
    assert_int_equal(ask(&trial), ROUSE_SATISFIED);
    end(&trial);
}

/* --- another workflow --- */

static void execute(const char *home, const char *sql)
{
    char *path = str_format("%s/up/log/db", home), *message = NULL;
    sqlite3 *connection;
    assert_int_equal(sqlite3_open(path, &connection), SQLITE_OK);
    if (sqlite3_exec(connection, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    sqlite3_close(connection);
    free(path);
}

static void make_database(const char *home)
{
    home_write(home, "up/log/db", "");
    execute(home,
            "CREATE TABLE workflow_params(key, value);"
            "CREATE TABLE task_states(name, cycle, flow_nums, status, submit_num);"
            "CREATE TABLE task_outputs(cycle, name, flow_nums, outputs);"
            "INSERT INTO task_states VALUES('analysis', '20260101T0000Z', '[1]', 'succeeded', 1)");
}

static void complete(const char *home, const char *cycle, const char *outputs)
{
    char *sql = str_format("INSERT INTO task_outputs VALUES('%s', 'analysis', '[1]', '%s')", cycle,
                           outputs);
    execute(home, sql);
    free(sql);
}

/* What schedule(ID...) says; NULL: not yet. */
static void expect_schedule(const char *home, const char *arguments, const char *point)
{
    struct trial trial;
    char *call = str_format("schedule(%s, alt_cylc_run_dir=\"%s\")", arguments, home);
    begin(&trial, home, &xtrigger_schedule, call);
    enum rouse_verdict verdict = ask(&trial);
    if (!point) {
        assert_int_equal(verdict, ROUSE_NOT_YET);
    } else {
        assert_int_equal(verdict, ROUSE_SATISFIED);
        char *expected = str_format("\"point\": \"%s\", \"output\": \"ready\", \"message\": \"is "
                                    "ready\"",
                                    point);
        if (!strstr(text_string(&trial.call.results), expected))
            fail_msg("%s: %s", arguments, text_string(&trial.call.results));
        free(expected);
    }
    end(&trial);
    free(call);
}

static void schedule_finds_the_newest_point_with_the_output(void **state)
{
    const char *home = *state;
    make_database(home);
    complete(home, "20260101T0000Z", "{\"ready\": \"is ready\", \"succeeded\": \"succeeded\"}");
    complete(home, "20260102T0000Z", "{\"ready\": \"is ready\"}");
    complete(home, "20260103T0000Z", "{\"submitted\": \"submitted\"}");
    expect_schedule(home, "\"up//20260103T00Z/analysis:ready\"", "20260102T0000Z");
    expect_schedule(home, "\"up//20260102T00Z/analysis:ready\"", "20260102T0000Z");
    expect_schedule(home, "\"up//20260101T12Z/analysis:is ready\"", "20260101T0000Z");
    expect_schedule(home, "\"up//*/analysis:ready\"", "20260102T0000Z");
    expect_schedule(home, "\"up//20251231T00Z/analysis:ready\"", NULL);
    expect_schedule(home, "\"up//20260103T00Z/other:ready\"", NULL);
    expect_schedule(home, "\"up//20260103T00Z/analysis:failed\"", NULL);
    expect_schedule(home, "\"up//20260103T00Z/analysis:ready\", offset=-P2D", "20260101T0000Z");
    expect_schedule(home, "\"up//20260103T00Z/analysis:ready\", oldest=P1D", "20260102T0000Z");
    expect_schedule(home, "\"up//20260103T00Z/analysis:ready\", oldest=PT23H", NULL);
}

static void schedule_orders_points_as_numbers(void **state)
{
    const char *home = *state;
    make_database(home);
    execute(home, "UPDATE task_states SET cycle='1'");
    complete(home, "9", "{\"ready\": \"is ready\"}");
    complete(home, "10", "{\"ready\": \"is ready\"}");
    complete(home, "-3", "{\"ready\": \"is ready\"}");
    expect_schedule(home, "\"up//*/analysis:ready\"", "10");
    expect_schedule(home, "\"up//9/analysis:ready\"", "9");
    expect_schedule(home, "\"up//8/analysis:ready\"", "-3");
}

static void expect_invalid(const char *call, const char *says)
{
    struct call parsed;
    struct error error = {0};
    assert_int_equal(call_init(&parsed, call, NULL, &error), 0);
    assert_true(call_validate(&parsed, &xtrigger_schedule, &error) < 0);
    if (!strstr(error.text, says))
        fail_msg("%s: %s", call, error.text);
    call_release(&parsed);
}

static void schedule_needs_one_task(void **state)
{
    (void)state;
    expect_invalid("schedule()", "`workflow_task_id` is missing");
    expect_invalid("schedule(up)", "expected \"WORKFLOW//CYCLE/TASK:OUTPUT\"");
    expect_invalid("schedule(\"up//2026*/a\")", "must name one task");
    expect_invalid("schedule(\"up//1/a*\")", "must name one task");
    expect_invalid("schedule(\"up//*/a\", offset=P1)", "need a cycle point");
    expect_invalid("schedule(\"up//1/a\", newest=P1)", "no argument `newest`");
}

static void a_commit_is_told_where_the_file_system_can(void **state)
{
    const char *home = *state;
    struct trial trial;
    char *call = str_format("workflow_state(\"up//1/a\", alt_cylc_run_dir=\"%s\")", home);
    begin(&trial, home, &xtrigger_workflow_state, call);
    assert_int_equal(ask(&trial), ROUSE_NOT_YET);
    expect_followed(&trial, home, ""); /* it is not installed yet */
    assert_true(trial.call.after == 60);
    make_database(home);
    execute(home, "UPDATE task_states SET cycle='1'");
    assert_int_equal(ask(&trial), ROUSE_NOT_YET);
    expect_followed(&trial, home, "/up/log/db");
    assert_true(trial.call.after == 60); /* it may be started: that changes another file */
    home_write(home, "up/log/db-wal", "");
    assert_int_equal(ask(&trial), ROUSE_NOT_YET);
    expect_followed(&trial, home, "/up/log/db-wal");
    assert_true(trial.call.after < 0); /* pushed: nothing polls */
    trial.call.deaf = true;
    assert_int_equal(ask(&trial), ROUSE_NOT_YET);
    assert_true(trial.call.after == 60 && !trial.call.path.n);
    end(&trial);
    free(call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(network_file_systems_and_proc_do_not_tell),
        cmocka_unit_test(looks_become_seldom_while_nothing_changes),
        cmocka_unit_test_setup_teardown(a_file_in_proc_is_looked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(without_watches_a_file_is_looked_for_sooner_after_a_change,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(schedule_finds_the_newest_point_with_the_output, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(schedule_orders_points_as_numbers, setup, teardown),
        cmocka_unit_test(schedule_needs_one_task),
        cmocka_unit_test_setup_teardown(a_commit_is_told_where_the_file_system_can, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

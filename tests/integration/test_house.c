/* The house: a tiny workflow run in the real world by several placements, starts that fail, and
 * processes of the cast that are killed. */
#include "base/memory.h"
#include "base/vec.h"
#include "coroutines/house.h"
#include "db/db.h"
#include "scheduler/net/contact.h"
#include "scheduler/net/keys.h"
#include "scheduler/net/listener.h"
#include "scheduler/run/rundir.h"
#include "tests/lib/flow.h"
#include "tests/lib/home.h"
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUSE_TOUCHES_THE_WORLD
#include "base/banned.h"

enum { PATIENCE = 60 }; /* seconds a run may take */

#define HEAD                                                                                       \
    "[scheduler]\nallow implicit tasks = True\n[[events]]\nstall timeout = PT0S\n"                 \
    "abort on stall timeout = True\n"                                                              \
    "[scheduling]\ncycling mode = integer\ninitial cycle point = 1\nfinal cycle point = 2\n"
#define GOOD HEAD "[[graph]]\nP1 = a => b\n[runtime]\n[[a, b]]\nscript = true\n"
#define XTRIGGERED                                                                                 \
    HEAD "[[xtriggers]]\nx = echo(k=v, succeed=True)\n[[graph]]\nP1 = @x => a => b\n"              \
         "[runtime]\n[[a]]\nscript = test \"$x_k\" = v\n"
#define FAILING HEAD "[[graph]]\nP1 = a => b\n[runtime]\n[[a]]\nscript = false\n"
#define WRONG HEAD "[[xtriggers]]\nx = xrandom(percent=200)\n[[graph]]\nP1 = @x => a\n"
/* Waits for the file `go` in the run directory. */
#define LONG HEAD "[[xtriggers]]\nx = file(go):PT1S\n[[graph]]\nR1 = @x => a\n"

static char *home, *run_dir;
static char own_program[4096]; /* this one: see main */

/* --- one run --- */

struct run {
    struct workflow *workflow;
    struct restart *restart;
    struct db *db;
    struct listener *listener;
    struct house_options options;
    struct error error;
    int log_fd;
    const char *kill_member; /* once it has started, kill this member's process; NULL: nobody */
};

static bool is_member_process(const char *pid, const char *member)
{
    char path[64], command[4096], wanted[64];
    snprintf(path, sizeof path, "/proc/%s/cmdline", pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t n = fread(command, 1, sizeof command - 1, file);
    (void)fclose(file);
    command[n] = '\0';
    size_t first = strlen(command) + 1;
    snprintf(wanted, sizeof wanted, "\"member\":\"%s", member ? member : "");
    /* rouse NUL cast NUL {JSON that names our run directory} */
    return first + 5 < n && strcmp(command + first, "cast") == 0 &&
           strstr(command + first + 5, wanted) && strstr(command + first + 5, run_dir);
}

static pid_t find_member_process(const char *member)
{
    pid_t found = 0;
    DIR *proc = opendir("/proc");
    assert_non_null(proc);
    for (struct dirent *entry; (entry = readdir(proc));)
        if (*entry->d_name >= '1' && *entry->d_name <= '9' &&
            is_member_process(entry->d_name, member))
            found = (pid_t)atoi(entry->d_name);
    (void)closedir(proc);
    return found;
}

/* As the scheduler does: the contact file is there once everything runs. */
static void on_started(void *context)
{
    struct run *run = context;
    struct error error = {0};
    const struct contact contact = {.version = "8",
                                    .command = "test",
                                    .host = "localhost",
                                    .id = "flow",
                                    .owner = "me",
                                    .run_dir = run_dir,
                                    .uuid = "uuid-1",
                                    .cylc_path = "",
                                    .pid = getpid(),
                                    .port = listener_port(run->listener)};
    if (contact_write(run_dir, &contact, &error))
        fail_msg("%s", error.text);
    if (run->kill_member) {
        pid_t pid = find_member_process(run->kill_member);
        assert_true(pid > 0);
        assert_int_equal(kill(pid, SIGKILL), 0);
    }
}

static bool lives_in_process(const char *placement, const char *member)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "%s=process", member);
    return placement && strstr(placement, wanted);
}

static void open_db(struct run *run, const char *placement)
{
    struct error error = {0};
    char *path = str_format("%s/log/db", run_dir);
    run->db = db_open(path, NULL, &error);
    if (!run->db)
        fail_msg("%s", error.text);
    db_set_workflow(run->db, run->workflow);
    run->restart = db_load(run->db, run->workflow, &error);
    const struct key_value params[] = {{"uuid_str", "uuid-1"}, {"run_mode", "live"}};
    assert_int_equal(db_start(run->db, params, 2, &error), 0);
    if (lives_in_process(placement, "recorder")) {
        assert_int_equal(db_commit(run->db, &error), 0);
        db_close(run->db);
        run->db = NULL;
    }
    free(path);
}

static void open_run(struct run *run, const char *flow, const char *placement)
{
    struct error error = {0};
    home_write(run_dir, "flow.cylc", flow);
    char *file = str_format("%s/flow.cylc", run_dir), *log = str_format("%s/run.log", run_dir);
    run->workflow = workflow_load(file, NULL, NULL, NULL, &error);
    if (!run->workflow)
        fail_msg("%s", error.text);
    assert_int_equal(rundir_prepare(run_dir, &error), 0);
    assert_int_equal(keys_create(run_dir, &error), 0);
    run->listener = listener_open(
        &(struct listener_options){
            .run_dir = run_dir, .address = "127.0.0.1", .port_first = 1, .port_last = 65535},
        &error);
    open_db(run, placement);
    run->log_fd = open(log, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    assert_true(run->listener && run->log_fd > 2);
    run->options = (struct house_options){.context = {.workflow = run->workflow,
                                                      .restart = run->restart,
                                                      .db = run->db,
                                                      .run_dir = run_dir,
                                                      .workflow_id = "flow",
                                                      .owner = "me",
                                                      .host = "localhost",
                                                      .uuid = "uuid-1",
                                                      .listener = run->listener},
                                          .placement = placement,
                                          .log_fd = run->log_fd,
                                          .log_level = LOG_INFO_LEVEL,
                                          .log_utc = true,
                                          .workflow_file = file,
                                          .program = own_program,
                                          .started = on_started,
                                          .started_context = run};
    free(log);
}

static void close_run(struct run *run)
{
    struct error error = {0};
    (void)contact_remove(run_dir, "uuid-1", &error);
    listener_close(run->listener);
    db_close(run->db);
    restart_destroy(run->restart);
    workflow_destroy(run->workflow);
    close(run->log_fd);
    free((char *)(uintptr_t)run->options.workflow_file);
}

static int run_killing(const char *flow, const char *placement, const char *member,
                       struct error *error)
{
    struct run run = {.kill_member = member};
    open_run(&run, flow, placement);
    alarm(PATIENCE); /* nothing hangs */
    int result = house_run(&run.options, error);
    alarm(0);
    close_run(&run);
    return result;
}

static int run_house(const char *flow, const char *placement, struct error *error)
{
    return run_killing(flow, placement, NULL, error);
}

static void expect_in_log(const char *part)
{
    char *log = home_read(run_dir, "run.log");
    if (!strstr(log, part))
        fail_msg("\"%s\" is not in the log:\n%s", part, log);
    free(log);
}

/* "1/a succeeded, ..." as the database has it. */
static void expect_states(const char *expected)
{
    struct text states = {0};
    sqlite3 *db;
    sqlite3_stmt *statement;
    char *path = str_format("%s/log/db", run_dir);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT cycle || '/' || name || ' ' || status FROM "
                                        "task_states ORDER BY cycle, name",
                                        -1, &statement, NULL),
                     SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW)
        text_addf(&states, "%s\n", (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    sqlite3_close(db);
    assert_string_equal(text_string(&states), expected);
    text_release(&states);
    free(path);
}

#define ALL_SUCCEEDED "1/a succeeded\n1/b succeeded\n2/a succeeded\n2/b succeeded\n"

/* No process of the cast is left; jobs that have said their last may be about to exit. */
static void expect_nobody_left(void)
{
    assert_int_equal(find_member_process(NULL), 0);
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

/* All that are left are dying, since the start was given up. */
static void await_the_killed(void)
{
    alarm(PATIENCE);
    while (waitpid(-1, NULL, 0) > 0)
        ;
    alarm(0);
}

/* --- placements --- */

#define ALL_THREADS                                                                                \
    "server=thread,commands=thread,task_pool=thread,triggers=thread,xtriggers=thread,jobs=thread," \
    "recorder=thread,viewer=thread,handlers=thread"
#define ALL_PROCESSES                                                                              \
    "commands=process,task_pool=process,triggers=process,xtriggers=process,jobs=process,"          \
    "recorder=process,viewer=process,handlers=process"

static const char *const placements[] = {NULL, "recorder=thread,viewer=thread", ALL_THREADS,
                                         "xtriggers=process,jobs=thread", ALL_PROCESSES};
enum { PLACEMENTS = sizeof placements / sizeof *placements };

static int make_run_dir(void **state)
{
    (void)state;
    home = home_make();
    run_dir = str_format("%s/cylc-run/flow", home);
    return 0;
}

static int remove_run_dir(void **state)
{
    (void)state;
    home_remove(home);
    free(run_dir);
    return 0;
}

static void in_every_placement(const char *flow, int status, const char *states)
{
    for (int i = 0; i < PLACEMENTS; i++) {
        struct error error = {0};
        make_run_dir(NULL);
        int result = run_house(flow, placements[i], &error);
        if (result != status)
            fail_msg("%s: %d: %s", placements[i] ? placements[i] : "one loop", result, error.text);
        expect_states(states);
        expect_nobody_left();
        remove_run_dir(NULL);
    }
}

static void a_workflow_that_ends_well_gives_0(void **state)
{
    (void)state;
    in_every_placement(GOOD, 0, ALL_SUCCEEDED);
}

static void xtriggers_work_wherever_they_live(void **state)
{
    (void)state;
    in_every_placement(XTRIGGERED, 0, ALL_SUCCEEDED);
}

static void a_workflow_that_stalls_gives_1(void **state)
{
    (void)state;
    in_every_placement(FAILING, 1, "1/a failed\n2/a failed\n");
}

/* --- starts that fail --- */

static void wrong_arguments_of_an_xtrigger_prevent_the_start(void **state)
{
    (void)state;
    for (int i = 0; i < PLACEMENTS; i++) {
        struct error error = {0};
        make_run_dir(NULL);
        int result = run_house(WRONG, placements[i], &error);
        assert_true(result < 0 && error.code < 0);
        if (!strstr(error.text, "xtrigger @x: xrandom(percent=200): `percent` must be a number"))
            fail_msg("%s: %s", placements[i] ? placements[i] : "one loop", error.text);
        await_the_killed();
        remove_run_dir(NULL);
    }
}

static void a_bad_placement_prevents_the_start(void **state)
{
    (void)state;
    struct error error = {0};
    assert_true(run_house(GOOD, "cook=thread", &error) < 0);
    assert_non_null(strstr(error.text, "\"cook\" is no part of the scheduler"));
}

static void a_program_that_is_not_there_is_said(void **state)
{
    (void)state;
    struct run run = {0};
    open_run(&run, GOOD, "viewer=process");
    run.options.program = "/nowhere/rouse";
    alarm(PATIENCE);
    int result = house_run(&run.options, &run.error);
    alarm(0);
    if (result >= 0 || !strstr(run.error.text, "the process of viewer ended"))
        fail_msg("%d: %s\n%s", result, run.error.text, home_read(run_dir, "run.log"));
    close_run(&run);
    expect_in_log("cannot start the process of viewer: No such file or directory");
}

/* Before the others are let in, and with a thread that waits for that. */
static void a_process_that_refuses_at_once_prevents_the_start(void **state)
{
    (void)state;
    struct run run = {0};
    open_run(&run, GOOD, "xtriggers=process,jobs=thread");
    home_write(run_dir, "refuse", "#!/bin/sh\necho 'rouse: error: no luck' >&2\nexit 3\n");
    char *program = str_format("%s/refuse", run_dir);
    assert_int_equal(chmod(program, 0700), 0);
    run.options.program = program;
    alarm(PATIENCE);
    int result = house_run(&run.options, &run.error);
    alarm(0);
    assert_true(result < 0);
    assert_string_equal(run.error.text, "no luck");
    close_run(&run);
    free(program);
    await_the_killed();
}

/* --- processes that die --- */

static void a_crashed_process_of_xtriggers_is_replaced(void **state)
{
    (void)state;
    struct error error = {0};
    assert_int_equal(run_killing(XTRIGGERED, "xtriggers=process", "xtriggers", &error), 0);
    expect_in_log("the process of xtriggers ended (signal 9); it is started again in 0.1 s");
    expect_states(ALL_SUCCEEDED);
    expect_nobody_left();
}

/* What another one knew is lost, so the scheduler ends, and goes on when it is started again. */
static void any_other_process_that_dies_ends_the_run(void **state)
{
    (void)state;
    static const char *const members[] = {"commands", "task_pool", "triggers", "jobs",
                                          "recorder", "viewer",    "handlers"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        struct error error = {0};
        make_run_dir(NULL);
        char *one = str_format("%s=process", members[i]);
        for (int all = 0; all < 2; all++) {
            int result = run_killing(LONG, all ? ALL_PROCESSES : one, members[i], &error);
            if (result != 1)
                fail_msg("%s: %d: %s\n%s", members[i], result, error.text,
                         home_read(run_dir, "run.log"));
            char *line = str_format("the process of %s ended (signal 9); the next start goes on "
                                    "from the last commit",
                                    members[i]);
            expect_in_log(line);
            free(line);
            expect_nobody_left();
        }
        home_write(run_dir, "go", "");
        assert_int_equal(run_house(LONG, one, &error), 0);
        expect_states("1/a succeeded\n");
        free(one);
        remove_run_dir(NULL);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_run_dir, remove_run_dir)

/* `test_house cast JSON` is a member in a process: it lives only below the same program. */
int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "cast") == 0)
        return house_member_main(argc - 1, argv + 1);
    assert_true(readlink("/proc/self/exe", own_program, sizeof own_program - 1) > 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_workflow_that_ends_well_gives_0),
        cmocka_unit_test(xtriggers_work_wherever_they_live),
        cmocka_unit_test(a_workflow_that_stalls_gives_1),
        cmocka_unit_test(wrong_arguments_of_an_xtrigger_prevent_the_start),
        TEST(a_bad_placement_prevents_the_start),
        TEST(a_program_that_is_not_there_is_said),
        TEST(a_process_that_refuses_at_once_prevents_the_start),
        TEST(a_crashed_process_of_xtriggers_is_replaced),
        cmocka_unit_test(any_other_process_that_dies_ends_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

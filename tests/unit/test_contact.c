/* The contact file: written whole and once, read back, judged. */
#define ROUSE_TOUCHES_THE_WORLD
#include "base/memory.h"
#include "scheduler/net/contact.h"
#include "scheduler/run/process.h"
#include "scheduler/run/rundir.h"
#include "tests/lib/home.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

struct fixture {
    char *home, *run_dir;
    struct contact contact; /* ours, running */
};

static int set_up(void **state)
{
    struct fixture *f = NEW(struct fixture);
    struct error error = {0};
    f->home = home_make();
    f->run_dir = str_format("%s/cylc-run/flow", f->home);
    assert_int_equal(directory_make(f->run_dir, &error), 0);
    assert_int_equal(rundir_prepare(f->run_dir, &error), 0);
    f->contact = (struct contact){
        .command = process_command(0),
        .host = process_host(),
        .id = str_copy("flow/run1"),
        .owner = process_user(),
        .run_dir = str_copy(f->run_dir),
        .uuid = process_uuid(),
        .version = str_copy(CONTACT_CYLC_VERSION),
        .cylc_path = str_copy(""),
        .pid = getpid(),
        .port = 43001,
    };
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    contact_release(&f->contact);
    home_remove(f->home);
    free(f->run_dir);
    free(f);
    return 0;
}

static void what_was_written_is_read(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    struct contact contact;
    assert_int_equal(contact_write(f->run_dir, &f->contact, &error), 0);
    assert_int_equal(contact_read(f->run_dir, &contact, &error), 0);
    assert_string_equal(contact.id, "flow/run1");
    assert_string_equal(contact.uuid, f->contact.uuid);
    assert_string_equal(contact.version, "8.4.4");
    assert_string_equal(contact.command, f->contact.command);
    assert_int_equal(contact.port, 43001);
    assert_int_equal(contact.pid, getpid());
    contact_release(&contact);
}

static void the_keys_are_those_of_cylc(void **state)
{
    static const char *const keys[] = {"CYLC_API",
                                       "CYLC_VERSION",
                                       "CYLC_WORKFLOW_COMMAND",
                                       "CYLC_WORKFLOW_HOST",
                                       "CYLC_WORKFLOW_ID",
                                       "CYLC_WORKFLOW_OWNER",
                                       "CYLC_WORKFLOW_PID",
                                       "CYLC_WORKFLOW_PORT",
                                       "CYLC_WORKFLOW_PUBLISH_PORT",
                                       "CYLC_WORKFLOW_RUN_DIR_ON_WORKFLOW_HOST",
                                       "CYLC_WORKFLOW_UUID",
                                       "SCHEDULER_CYLC_PATH",
                                       "SCHEDULER_SSH_COMMAND",
                                       "SCHEDULER_USE_LOGIN_SHELL"};
    struct fixture *f = *state;
    struct error error = {0};
    assert_int_equal(contact_write(f->run_dir, &f->contact, &error), 0);
    char *text = home_read(f->run_dir, ".service/contact");
    char *line = text;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        assert_int_equal(strcspn(line, "="), strlen(keys[i]));
        assert_memory_equal(line, keys[i], strlen(keys[i]));
        line = strchr(line, '\n') + 1;
    }
    assert_int_equal(*line, '\0');
    free(text);
}

static void a_second_scheduler_cannot_take_the_place(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    assert_int_equal(contact_write(f->run_dir, &f->contact, &error), 0);
    char *before = home_read(f->run_dir, ".service/contact");
    f->contact.port = 43002;
    assert_int_equal(contact_write(f->run_dir, &f->contact, &error), -EEXIST);
    assert_non_null(strstr(error.text, "workflow contact file exists"));
    char *after = home_read(f->run_dir, ".service/contact");
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void no_file_means_not_running(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    struct contact contact;
    assert_int_equal(contact_read(f->run_dir, &contact, &error), -ENOENT);
}

static void a_damaged_file_is_refused(void **state)
{
    static const char *const damaged[] = {
        "", "CYLC_WORKFLOW_HOST=here\n", "CYLC_WORKFLOW_HOST=h\nCYLC_WORKFLOW_PID=1\n",
        "CYLC_WORKFLOW_HOST=h\nCYLC_WORKFLOW_PID=1\nCYLC_WORKFLOW_PORT=123456\n",
        "CYLC_WORKFLOW_HOST=h\nCYLC_WORKFLOW_PID=x\nCYLC_WORKFLOW_PORT=43001\n"};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        struct error error = {0};
        struct contact contact;
        home_write(f->run_dir, ".service/contact", damaged[i]);
        assert_int_equal(contact_read(f->run_dir, &contact, &error), -EINVAL);
        assert_non_null(strstr(error.text, "damaged"));
    }
}

static void a_living_process_with_the_same_command_is_running(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(contact_state(&f->contact), CONTACT_RUNNING);
}

static void a_dead_process_is_stale(void **state)
{
    struct fixture *f = *state;
    pid_t pid = fork();
    if (!pid)
        _exit(0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    f->contact.pid = pid;
    assert_int_equal(contact_state(&f->contact), CONTACT_STALE);
}

static void a_number_that_belongs_to_another_program_is_stale(void **state)
{
    struct fixture *f = *state;
    free(f->contact.command);
    f->contact.command = str_copy("rouse play something else");
    assert_int_equal(contact_state(&f->contact), CONTACT_STALE);
}

static void another_host_cannot_be_judged(void **state)
{
    struct fixture *f = *state;
    free(f->contact.host);
    f->contact.host = str_copy("host.invalid");
    f->contact.pid = 999999999;
    assert_int_equal(contact_state(&f->contact), CONTACT_ELSEWHERE);
}

static void only_our_own_file_is_removed(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    assert_int_equal(contact_write(f->run_dir, &f->contact, &error), 0);
    assert_int_equal(contact_remove(f->run_dir, "another-uuid", &error), -EPERM);
    assert_true(home_has(f->run_dir, ".service/contact"));
    assert_int_equal(contact_remove(f->run_dir, f->contact.uuid, &error), 0);
    assert_false(home_has(f->run_dir, ".service/contact"));
    assert_int_equal(contact_remove(f->run_dir, f->contact.uuid, &error), 0);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(what_was_written_is_read),
        CASE(the_keys_are_those_of_cylc),
        CASE(a_second_scheduler_cannot_take_the_place),
        CASE(no_file_means_not_running),
        CASE(a_damaged_file_is_refused),
        CASE(a_living_process_with_the_same_command_is_running),
        CASE(a_dead_process_is_stale),
        CASE(a_number_that_belongs_to_another_program_is_stale),
        CASE(another_host_cannot_be_judged),
        CASE(only_our_own_file_is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Health alone, with a real run directory. */
#include "base/memory.h"
#include "scheduler/run/copy.h"
#include "tests/lib/cast_fixture.h"
#include "tests/lib/flow.h"
#include "tests/lib/home.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

#define FLOW "[scheduling]\n[[graph]]\nR1 = a\n"
#define GONE "pool.command id=0 number=7 \"the contact file or the run directory was removed\"\n"
#define TAKEN                                                                                      \
    "pool.command id=0 number=7 \"the contact file was taken over by another scheduler\"\n"

static struct cast_fixture fixture;

static void open_with(const char *contact)
{
    cast_prepare(&fixture, HEALTH, FLOW, true);
    home_write(fixture.run_dir, ".service/x", "");
    if (contact)
        home_write(fixture.run_dir, ".service/contact", contact);
    cast_begin(&fixture, NULL);
}

static int setup(void **state)
{
    (void)state;
    open_with("CYLC_WORKFLOW_UUID=uuid-1\n");
    cast_expect(&fixture, "");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cast_close(&fixture);
    return 0;
}

static char *path_of(const char *name)
{
    return str_format("%s/%s", fixture.run_dir, name);
}

static void other_files_do_not_matter(void **state)
{
    (void)state;
    home_write(fixture.run_dir, ".service/contact.77.new", "");
    home_write(fixture.run_dir, "share/x", "");
    home_write(fixture.run_dir, ".service/contact", "CYLC_WORKFLOW_UUID=uuid-1\nMORE=1\n");
    cast_settle(&fixture);
    cast_expect(&fixture, "");
}

static void a_contact_file_removed_ends_the_run(void **state)
{
    (void)state;
    char *contact = path_of(".service/contact");
    assert_int_equal(unlink(contact), 0);
    free(contact);
    cast_await(&fixture, "pool.command");
    cast_expect(&fixture, GONE);
    home_write(fixture.run_dir, ".service/y", "");
    cast_settle(&fixture);
    cast_expect(&fixture, ""); /* once is enough */
}

static void a_contact_file_of_another_ends_the_run(void **state)
{
    (void)state;
    home_write(fixture.run_dir, ".service/contact", "CYLC_WORKFLOW_UUID=uuid-2\n");
    cast_await(&fixture, "pool.command");
    cast_expect(&fixture, TAKEN);
}

static void a_run_directory_removed_ends_the_run(void **state)
{
    (void)state;
    struct error error = {0};
    assert_int_equal(tree_remove(fixture.run_dir, &error), 0);
    cast_await(&fixture, "pool.command");
    cast_expect(&fixture, GONE);
    home_write(fixture.run_dir, "x", ""); /* for the teardown to remove */
}

static void a_run_directory_moved_ends_the_run(void **state)
{
    (void)state;
    struct error error = {0};
    char *elsewhere = str_format("%s-elsewhere", fixture.run_dir);
    assert_int_equal(rename(fixture.run_dir, elsewhere), 0);
    cast_await(&fixture, "pool.command");
    cast_expect(&fixture, GONE);
    assert_int_equal(tree_remove(elsewhere, &error), 0);
    free(elsewhere);
    home_write(fixture.run_dir, "x", "");
}

static void a_contact_file_that_is_not_there_at_the_start_ends_the_run(void **state)
{
    (void)state;
    open_with(NULL);
    cast_expect(&fixture, GONE);
}

static void without_a_service_directory_it_says_so(void **state)
{
    (void)state;
    cast_open_real(&fixture, HEALTH, FLOW, NULL);
    cast_expect(&fixture, GONE);
    cast_expect_log(&fixture, "/.service: No such file or directory; a run directory that is "
                              "removed will not be noticed");
}

static void a_signal_stops_at_once(void **state)
{
    (void)state;
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(raise(signals[i]), 0);
        cast_await(&fixture, "pool.command");
        cast_expect(&fixture, "pool.command id=0 number=6 flags=3\n");
    }
}

static void what_happens_at_the_end_does_not_matter(void **state)
{
    (void)state;
    cast_say_shutdown(&fixture);
    assert_true(bus_closed(fixture.bus, HEALTH));
    char *contact = path_of(".service/contact");
    assert_int_equal(unlink(contact), 0);
    free(contact);
    assert_int_equal(raise(SIGTERM), 0);
    cast_settle(&fixture);
    cast_expect(&fixture, "");
    cast_close_others(&fixture, 0);
    assert_int_equal(fixture.done, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(other_files_do_not_matter),
        TEST(a_contact_file_removed_ends_the_run),
        TEST(a_contact_file_of_another_ends_the_run),
        TEST(a_run_directory_removed_ends_the_run),
        TEST(a_run_directory_moved_ends_the_run),
        cmocka_unit_test_teardown(a_contact_file_that_is_not_there_at_the_start_ends_the_run,
                                  teardown),
        cmocka_unit_test_teardown(without_a_service_directory_it_says_so, teardown),
        TEST(a_signal_stops_at_once),
        TEST(what_happens_at_the_end_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, flow_release);
}

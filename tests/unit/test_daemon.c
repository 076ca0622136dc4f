/* Becoming a daemon: the caller learns how the start went. */
#define ROUSE_TOUCHES_THE_WORLD
#include "base/memory.h"
#include "scheduler/run/daemon.h"
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

/* Begin; the scheduler's side does `act` and is gone. Returns what the caller is told. */
static int begin(void (*act)(struct daemon *), char **ret_text)
{
    struct daemon daemon;
    struct error error = {0};
    bool is_scheduler;
    assert_int_equal(daemon_begin(&daemon, &is_scheduler, &error), 0);
    if (is_scheduler) {
        act(&daemon);
        _exit(0);
    }
    return daemon_wait(&daemon, ret_text);
}

static void succeed(struct daemon *daemon)
{
    daemon_report(daemon, 0, "flow: host:43001 PID=1\nsecond line\n");
    daemon_report(daemon, 3, "told already"); /* has no effect */
}

static void refuse(struct daemon *daemon)
{
    daemon_report(daemon, 3, "no free port");
}

static void die(struct daemon *daemon)
{
    (void)daemon;
    raise(SIGKILL);
}

static void tell_session(struct daemon *daemon)
{
    char *text = str_format("%d %d", getsid(0) == getpid(), isatty(STDIN_FILENO));
    daemon_report(daemon, getsid(0) != getpgrp(), text);
    free(text);
}

static void the_report_reaches_the_caller(void **state)
{
    (void)state;
    char *text;
    assert_int_equal(begin(succeed, &text), 0);
    assert_string_equal(text, "flow: host:43001 PID=1\nsecond line\n");
    free(text);
}

static void a_failed_start_reaches_the_caller(void **state)
{
    (void)state;
    char *text;
    assert_int_equal(begin(refuse, &text), 3);
    assert_string_equal(text, "no free port");
    free(text);
}

static void a_scheduler_that_dies_is_noticed(void **state)
{
    (void)state;
    char *text;
    assert_int_equal(begin(die, &text), -1);
    assert_string_equal(text, "");
    free(text);
}

static void the_scheduler_has_a_session_it_does_not_lead_and_no_terminal(void **state)
{
    (void)state;
    char *text;
    assert_int_equal(begin(tell_session, &text), 0);
    assert_string_equal(text, "0 0");
    free(text);
}

static void without_a_daemon_nothing_is_reported(void **state)
{
    (void)state;
    struct daemon none = {.fd = -1};
    daemon_report(&none, 3, "nobody hears this");
    assert_false(none.told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_report_reaches_the_caller),
        cmocka_unit_test(a_failed_start_reaches_the_caller),
        cmocka_unit_test(a_scheduler_that_dies_is_noticed),
        cmocka_unit_test(the_scheduler_has_a_session_it_does_not_lead_and_no_terminal),
        cmocka_unit_test(without_a_daemon_nothing_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

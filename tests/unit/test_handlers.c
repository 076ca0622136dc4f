/* The handlers alone: the four timeouts, in the simulated world. */
#include "tests/lib/cast_fixture.h"
#include "tests/lib/flow.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/banned.h"

#define EVENTS(more)                                                                               \
    "[scheduler]\n[[events]]\n" more                                                               \
    "[scheduling]\ncycling mode = integer\ninitial cycle point = 1\n[[graph]]\nP1 = a\n"

static struct cast_fixture fixture;

static void open(const char *flow)
{
    cast_open(&fixture, HANDLERS, flow, NULL);
}

static int close(void **state)
{
    (void)state;
    cast_close(&fixture);
    return 0;
}

static void say_state(uint32_t flags)
{
    cast_say(&fixture, TASK_POOL,
             &(struct message){
                 .topic = TOPIC_WORKFLOW_STATE, .number = WORKFLOW_RUNNING, .flags = flags});
}

static void say_activity(void)
{
    cast_say(&fixture, TASK_POOL,
             &(struct message){.topic = TOPIC_TASK_STATE, .point = 1, .status = STATUS_RUNNING});
}

#define ABORT(name) "pool.command id=0 number=7 \"\"abort on " name " timeout\" is set\"\n"

static void a_stall_that_lasts_aborts_if_told_so(void **state)
{
    (void)state;
    open(EVENTS("stall timeout = PT1H\nabort on stall timeout = True\n"));
    say_state(0);
    cast_pass(&fixture, 10000);
    say_state(WORKFLOW_STALLED);
    cast_pass(&fixture, 3599);
    cast_expect(&fixture, "");
    say_state(WORKFLOW_STALLED); /* still: it does not begin anew */
    cast_pass(&fixture, 2);
    cast_expect(&fixture, ABORT("stall"));
    cast_expect_log(&fixture, "stall timed out after 3600s");
    cast_pass(&fixture, 10000);
    cast_expect(&fixture, "");
}

static void a_stall_that_is_over_counts_anew(void **state)
{
    (void)state;
    open(EVENTS("stall timeout = PT1H\nabort on stall timeout = True\n"));
    say_state(WORKFLOW_STALLED);
    cast_pass(&fixture, 3000);
    say_state(0);
    cast_pass(&fixture, 3000);
    say_state(WORKFLOW_STALLED);
    cast_pass(&fixture, 3000);
    cast_expect(&fixture, "");
    cast_pass(&fixture, 601);
    cast_expect(&fixture, ABORT("stall"));
}

static void a_stall_only_logged(void **state)
{
    (void)state;
    open(EVENTS("stall timeout = PT1H\nabort on stall timeout = False\n"));
    say_state(WORKFLOW_STALLED);
    cast_pass(&fixture, 3601);
    cast_expect(&fixture, "");
    cast_expect_log(&fixture, "stall timed out after 3600s");
}

static void inactivity_is_counted_from_the_last_activity(void **state)
{
    (void)state;
    open(EVENTS("stall timeout = PT9H\n"
                "inactivity timeout = PT10M\nabort on inactivity timeout = True\n"));
    cast_pass(&fixture, 599);
    say_activity();
    cast_pass(&fixture, 599);
    say_activity();
    say_activity();
    cast_pass(&fixture, 599);
    cast_expect(&fixture, "");
    cast_pass(&fixture, 2);
    cast_expect(&fixture, ABORT("inactivity"));
}

static void the_whole_run_may_be_limited(void **state)
{
    (void)state;
    open(EVENTS("workflow timeout = PT10M\nabort on workflow timeout = True\n"));
    cast_pass(&fixture, 599);
    say_activity();
    cast_expect(&fixture, "");
    cast_pass(&fixture, 2);
    cast_expect(&fixture, ABORT("workflow"));
}

static void nothing_is_limited_unless_it_is_said(void **state)
{
    (void)state;
    open(EVENTS(""));
    say_activity();
    say_state(0);
    cast_pass(&fixture, 1e7);
    cast_expect(&fixture, "");
}

static void a_finished_workflow_restarted_ends_after_a_while(void **state)
{
    (void)state;
    open(EVENTS("restart timeout = PT2M\n"));
    say_state(WORKFLOW_IS_RESTART | WORKFLOW_COMPLETE_AT_START);
    cast_pass(&fixture, 119);
    cast_expect(&fixture, "");
    cast_pass(&fixture, 2);
    cast_expect(&fixture, "pool.command id=0 number=6\n");
}

static void a_restarted_workflow_that_is_given_work_goes_on(void **state)
{
    (void)state;
    open(EVENTS("restart timeout = PT2M\n"));
    say_state(WORKFLOW_IS_RESTART | WORKFLOW_COMPLETE_AT_START);
    cast_pass(&fixture, 100);
    say_state(WORKFLOW_IS_RESTART);
    cast_pass(&fixture, 1000);
    cast_expect(&fixture, "");
}

static void nothing_is_said_while_it_shuts_down(void **state)
{
    (void)state;
    open(EVENTS("workflow timeout = PT10M\nabort on workflow timeout = True\n"));
    cast_say_shutdown(&fixture);
    assert_true(bus_closed(fixture.bus, HANDLERS));
    cast_pass(&fixture, 1000);
    cast_expect(&fixture, "");
    cast_close_others(&fixture, 0);
    assert_int_equal(fixture.done, 1);
}

#define TEST(function) cmocka_unit_test_teardown(function, close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_stall_that_lasts_aborts_if_told_so),
        TEST(a_stall_that_is_over_counts_anew),
        TEST(a_stall_only_logged),
        TEST(inactivity_is_counted_from_the_last_activity),
        TEST(the_whole_run_may_be_limited),
        TEST(nothing_is_limited_unless_it_is_said),
        TEST(a_finished_workflow_restarted_ends_after_a_while),
        TEST(a_restarted_workflow_that_is_given_work_goes_on),
        TEST(nothing_is_said_while_it_shuts_down),
    };
    return cmocka_run_group_tests(tests, NULL, flow_release);
}

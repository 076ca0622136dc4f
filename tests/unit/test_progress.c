/* The summary of a run on a terminal: what it shows, and how often it is drawn. */
#include "tests/lib/cast_fixture.h"
#include "tests/lib/flow.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/banned.h"

#define FLOW                                                                                       \
    "[scheduling]\ncycling mode = integer\ninitial cycle point = 1\n[[graph]]\nP1 = a & b\n"

static struct cast_fixture fixture;
static char *shown; /* NULL: nothing yet */
static unsigned drawings;

static void show(struct env *env, const char *lines)
{
    (void)env;
    free(shown);
    shown = str_copy(lines);
    drawings++;
}

static void open(bool live)
{
    shown = NULL;
    drawings = 0;
    cast_prepare(&fixture, VIEWER, FLOW, false);
    fixture.context.live_summary = live;
    fixture.ops.show = show;
    cast_begin(&fixture, NULL);
}

static int close(void **state)
{
    (void)state;
    cast_close(&fixture);
    free(shown);
    return 0;
}

static void spawn(cycle_point point, const char *task)
{
    cast_say(&fixture, TASK_POOL,
             &(struct message){
                 .topic = TOPIC_TASK_SPAWNED, .point = point, .task = cast_task(&fixture, task)});
}

static void move(cycle_point point, const char *task, enum task_status from, enum task_status to)
{
    cast_say(&fixture, TASK_POOL,
             &(struct message){.topic = TOPIC_TASK_STATE,
                               .point = point,
                               .task = cast_task(&fixture, task),
                               .status = to,
                               .value = from});
}

static void remove_task(cycle_point point, const char *task)
{
    cast_say(&fixture, TASK_POOL,
             &(struct message){
                 .topic = TOPIC_TASK_REMOVED, .point = point, .task = cast_task(&fixture, task)});
}

static void states_cycles_and_running_tasks_are_shown(void **state)
{
    (void)state;
    open(true);
    spawn(2, "a");
    spawn(1, "a");
    spawn(1, "b");
    move(1, "a", STATUS_WAITING, STATUS_RUNNING);
    cast_say_recorded(&fixture);
    cast_pass(&fixture, 1);
    assert_string_equal(shown, "flow/run1: running  waiting 2  running 1\n"
                               "cycles:  1 (2)  2 (1)\n"
                               "running:  1/a\n");
    move(1, "a", STATUS_RUNNING, STATUS_SUCCEEDED);
    remove_task(1, "a");
    cast_say_recorded(&fixture);
    cast_pass(&fixture, 1);
    assert_string_equal(shown, "flow/run1: running  waiting 2  succeeded 1\n"
                               "cycles:  1 (1)  2 (1)\n"
                               "running:  nothing\n");
}

static void it_is_drawn_some_times_a_second_and_only_after_a_change(void **state)
{
    (void)state;
    open(true);
    for (cycle_point point = 1; point <= 50; point++) {
        spawn(point, "a");
        cast_say_recorded(&fixture);
    }
    cast_pass(&fixture, 1);
    assert_in_range(drawings, 1, 5);
    unsigned before = drawings;
    cast_pass(&fixture, 100);
    assert_int_equal(drawings, before);
}

static void it_is_never_ahead_of_the_record(void **state)
{
    (void)state;
    open(true);
    spawn(1, "a");
    cast_pass(&fixture, 1);
    assert_null(shown);
}

static void nobody_watches(void **state)
{
    (void)state;
    open(false);
    spawn(1, "a");
    cast_say_recorded(&fixture);
    cast_pass(&fixture, 1);
    assert_null(shown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(states_cycles_and_running_tasks_are_shown, close),
        cmocka_unit_test_teardown(it_is_drawn_some_times_a_second_and_only_after_a_change, close),
        cmocka_unit_test_teardown(it_is_never_ahead_of_the_record, close),
        cmocka_unit_test_teardown(nobody_watches, close),
    };
    return cmocka_run_group_tests(tests, NULL, flow_release);
}

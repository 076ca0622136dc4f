/* The triggers alone: what they say of an output and of the runahead limit. */
#include "base/memory.h"
#include "db/restart.h"
#include "tests/lib/cast_fixture.h"
#include "tests/lib/flow.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define INTEGER(more)                                                                              \
    "[scheduling]\ncycling mode = integer\ninitial cycle point = 1\nfinal cycle point = 4\n" more
#define DATES(initial, more)                                                                       \
    "[scheduler]\nUTC mode = True\n[scheduling]\ninitial cycle point = " initial "\n" more

static const struct flow_list first_flow = {.n = 1, .at = {1}};

static struct cast_fixture fixture;

static void open(const char *flow)
{
    cast_open(&fixture, TRIGGERS, flow, NULL);
}

static int close(void **state)
{
    (void)state;
    cast_close(&fixture);
    return 0;
}

static cycle_point point_of(const char *text)
{
    cycle_point point;
    struct error error = {0};
    if (point_parse(fixture.workflow->cycling, text, &point, &error) < 0)
        fail_msg("%s", error.text);
    return point;
}

static void say_output(const char *point, const char *task, uint32_t output)
{
    cast_say(&fixture, TASK_POOL,
             &(struct message){.topic = TOPIC_TASK_OUTPUT,
                               .point = point_of(point),
                               .task = cast_task(&fixture, task),
                               .number = output,
                               .flows = {.n = 2, .at = {1, 3}}});
}

static void say_limit(const char *point)
{
    cast_say(&fixture, TASK_POOL,
             &(struct message){.topic = TOPIC_POOL_RUNAHEAD,
                               .point = point ? point_of(point) : POINT_NONE});
}

/* --- outputs --- */

static void an_output_without_children_is_settled_at_once(void **state)
{
    (void)state;
    open(INTEGER("[[graph]]\nP1 = a\n"));
    cast_expect(&fixture, "");
    say_output("1", "a", OUTPUT_SUCCEEDED);
    cast_expect(&fixture, "trigger.settled 1/a number=4 flows=1,3\n");
}

static void children_are_told_and_settled_comes_last_and_once(void **state)
{
    (void)state;
    open(INTEGER("[[graph]]\nP1 = \"\"\"a? => b & c\na:fail? => d\na[-P1]? => b\n\"\"\"\n"));
    say_output("1", "a", OUTPUT_SUCCEEDED);
    cast_expect(&fixture, "trigger.satisfied 1/b number=0 value=0 flows=1,3\n"
                          "trigger.satisfied 2/b number=1 value=0 flows=1,3\n"
                          "trigger.satisfied 1/c number=0 value=0 flows=1,3\n"
                          "trigger.settled 1/a number=4 flows=1,3\n");
    say_output("1", "a", OUTPUT_FAILED);
    cast_expect(&fixture, "trigger.satisfied 1/d number=0 value=0 flows=1,3\n"
                          "trigger.settled 1/a number=5 flows=1,3\n");
    say_output("4", "a", OUTPUT_SUCCEEDED); /* 5/b is beyond the final point */
    cast_expect(&fixture, "trigger.satisfied 4/b number=0 value=0 flows=1,3\n"
                          "trigger.satisfied 4/c number=0 value=0 flows=1,3\n"
                          "trigger.settled 4/a number=4 flows=1,3\n");
}

static void an_output_that_waits_for_its_flow_is_only_settled(void **state)
{
    (void)state;
    open(INTEGER("[[graph]]\nP1 = a => b\n"));
    cast_say(&fixture, TASK_POOL,
             &(struct message){.topic = TOPIC_TASK_OUTPUT,
                               .point = 1,
                               .task = cast_task(&fixture, "a"),
                               .number = OUTPUT_SUCCEEDED,
                               .value = OUTPUT_WAITS,
                               .flows = first_flow});
    cast_expect(&fixture, "trigger.settled 1/a number=4 flows=1\n");
}

static void children_off_their_sequence_are_left_out(void **state)
{
    (void)state;
    open(INTEGER("[[graph]]\nP1 = a\nR/1/P2 = \"\"\"a => b\na[-P1] => c\n\"\"\"\n"));
    say_output("2", "a", OUTPUT_SUCCEEDED);
    cast_expect(&fixture, "trigger.satisfied 3/c number=0 value=0 flows=1,3\n"
                          "trigger.settled 2/a number=4 flows=1,3\n");
    say_output("3", "a", OUTPUT_SUCCEEDED);
    cast_expect(&fixture, "trigger.satisfied 3/b number=0 value=0 flows=1,3\n"
                          "trigger.settled 3/a number=4 flows=1,3\n");
}

static void children_before_the_start_are_left_out(void **state)
{
    (void)state;
    cast_prepare(&fixture, TRIGGERS, INTEGER("[[graph]]\nP1 = \"\"\"a => b\na[+P1] => c\n\"\"\"\n"),
                 false);
    ((struct workflow *)fixture.workflow)->start = 3;
    cast_begin(&fixture, NULL);
    say_output("2", "a", OUTPUT_SUCCEEDED);
    cast_expect(&fixture, "trigger.settled 2/a number=4 flows=1,3\n");
    say_output("4", "a", OUTPUT_SUCCEEDED);
    cast_expect(&fixture, "trigger.satisfied 4/b number=0 value=0 flows=1,3\n"
                          "trigger.satisfied 3/c number=0 value=0 flows=1,3\n"
                          "trigger.settled 4/a number=4 flows=1,3\n");
}

static void an_absolute_trigger_tells_the_first_child(void **state)
{
    (void)state;
    open(INTEGER("[[graph]]\nP1 = a\nR/2/P1 = a[^] => b\n"));
    say_output("1", "a", OUTPUT_SUCCEEDED);
    cast_expect(&fixture, "trigger.satisfied 2/b number=0 value=0 flows=1,3\n"
                          "trigger.settled 1/a number=4 flows=1,3\n");
    say_output("2", "a", OUTPUT_SUCCEEDED);
    cast_expect(&fixture, "trigger.settled 2/a number=4 flows=1,3\n");
}

/* A month before March 29, 30 and 31 there is only one day: the end of February. */
static void one_output_may_have_several_children_of_one_kind(void **state)
{
    (void)state;
    open(DATES("20260201T00Z", "[[graph]]\nP1D = \"\"\"a[-P1M] => b\na\n\"\"\"\n"));
    say_output("20260228T0000Z", "a", OUTPUT_SUCCEEDED);
    cast_expect(&fixture, "trigger.satisfied 20260328T0000Z/b number=0 value=0 flows=1,3\n"
                          "trigger.satisfied 20260329T0000Z/b number=0 value=0 flows=1,3\n"
                          "trigger.satisfied 20260330T0000Z/b number=0 value=0 flows=1,3\n"
                          "trigger.satisfied 20260331T0000Z/b number=0 value=0 flows=1,3\n"
                          "trigger.settled 20260228T0000Z/a number=4 flows=1,3\n");
    say_output("20260227T0000Z", "a", OUTPUT_SUCCEEDED);
    cast_expect(&fixture, "trigger.satisfied 20260327T0000Z/b number=0 value=0 flows=1,3\n"
                          "trigger.settled 20260227T0000Z/a number=4 flows=1,3\n");
}

/* What offset_apply leads back is what is told, whatever the offset has for terms. */
static void every_child_of_a_long_offset_is_told(void **state)
{
    (void)state;
    open(DATES("20200101T00Z", "[[graph]]\nPT12H = \"\"\"a[-P1Y-P1M-P1D] => b\na\n\"\"\"\n"));
    const struct graph *graph = fixture.workflow->graph;
    uint32_t b = cast_task(&fixture, "b");
    const struct offset *offset = graph->tasks[b].atoms[0].offset;
    const char *parents[] = {"20240228T0000Z", "20240229T1200Z", "20230228T0000Z", "20230430T0000Z",
                             "20201231T1200Z"};
    for (size_t i = 0; i < sizeof parents / sizeof *parents; i++) {
        cycle_point parent = point_of(parents[i]);
        unsigned expected = 0;
        for (cycle_point point = parent; point < parent + 500 * 86400; point += 43200)
            expected += offset_apply(fixture.workflow->cycling, offset, point) == parent;
        say_output(parents[i], "a", OUTPUT_SUCCEEDED);
        assert_int_equal(cast_count(&fixture, "trigger.satisfied"), expected);
        cast_forget(&fixture);
    }
}

static void a_truncated_offset_tells_the_children_up_to_its_point(void **state)
{
    (void)state;
    open(DATES("20260101T00Z", "[[graph]]\nPT6H = b[T06-P1D] => c\nT06 = b\n"));
    say_output("20260101T0600Z", "b", OUTPUT_SUCCEEDED);
    cast_expect(&fixture, "trigger.satisfied 20260101T1200Z/c number=0 value=0 flows=1,3\n"
                          "trigger.satisfied 20260101T1800Z/c number=0 value=0 flows=1,3\n"
                          "trigger.satisfied 20260102T0000Z/c number=0 value=0 flows=1,3\n"
                          "trigger.satisfied 20260102T0600Z/c number=0 value=0 flows=1,3\n"
                          "trigger.settled 20260101T0600Z/b number=4 flows=1,3\n");
}

static void a_member_of_a_family_is_told_to_its_group_once(void **state)
{
    (void)state;
    open(INTEGER("[[graph]]\nP1 = \"\"\"FAM:succeed-all? => x & y\nFAM:fail-any? => z\n\"\"\"\n"
                 "[runtime]\n[[FAM]]\n[[a, b]]\ninherit = FAM\n"));
    say_output("2", "b", OUTPUT_SUCCEEDED);
    assert_int_equal(cast_count(&fixture, "trigger.group 2 "), 1);
    assert_int_equal(cast_count(&fixture, "trigger.satisfied"), 0);
    cast_await(&fixture, "trigger.settled 2/b number=4");
    cast_forget(&fixture);
    say_output("2", "a", OUTPUT_FAILED);
    assert_int_equal(cast_count(&fixture, "trigger.group 2 "), 1);
    assert_int_equal(fixture.heard.n, 2);
}

/* --- a fan-out that takes more than one turn --- */

enum { CHILDREN = 2500 };

static char *wide_flow(void)
{
    struct text flow = {0};
    text_add(&flow, INTEGER("[[graph]]\nP1 = \"\"\"\n"));
    for (int i = 0; i < CHILDREN; i++)
        text_addf(&flow, "a => c%d\n", i);
    text_add(&flow, "\"\"\"\n");
    return text_take(&flow);
}

static void a_wide_fan_out_takes_several_turns(void **state)
{
    (void)state;
    char *flow = wide_flow();
    open(flow);
    free(flow);
    struct message output = {.topic = TOPIC_TASK_OUTPUT,
                             .point = 1,
                             .task = cast_task(&fixture, "a"),
                             .number = OUTPUT_SUCCEEDED,
                             .flows = first_flow};
    cast_say_only(&fixture, TASK_POOL, &output);
    cast_say_only(&fixture, TASK_POOL, &output);
    uint64_t said = 0, turns = 0;
    while (sim_turn_ready(fixture.sim)) {
        uint64_t now = bus_seq(fixture.bus, TRIGGERS);
        assert_true(now - said <= 1001);
        turns += now > said;
        said = now;
    }
    assert_true(turns >= 6);
    assert_int_equal(said, 2 * (CHILDREN + 1));
    assert_int_equal(fixture.heard.n, said);
    assert_int_equal(cast_count(&fixture, "trigger.settled"), 2);
    assert_true(strncmp(fixture.heard.at[CHILDREN], "trigger.settled", 15) == 0);
    assert_true(strncmp(fixture.heard.at[said - 1], "trigger.settled", 15) == 0);
}

static void a_fan_out_under_way_is_finished_at_shutdown(void **state)
{
    (void)state;
    char *flow = wide_flow();
    open(flow);
    free(flow);
    cast_say_only(&fixture, TASK_POOL,
                  &(struct message){.topic = TOPIC_TASK_OUTPUT,
                                    .point = 1,
                                    .task = cast_task(&fixture, "a"),
                                    .number = OUTPUT_SUCCEEDED,
                                    .flows = first_flow});
    cast_say_shutdown(&fixture);
    assert_int_equal(fixture.heard.n, CHILDREN + 1);
    assert_true(bus_closed(fixture.bus, TRIGGERS));
    assert_int_equal(fixture.done, 0);
    cast_close_others(&fixture, 0);
    assert_int_equal(fixture.done, 1);
}

static void a_fault_ends_it_at_once(void **state)
{
    (void)state;
    open(INTEGER("[[graph]]\nP1 = a => b\n"));
    cast_say_only(&fixture, RECORDER,
                  &(struct message){.topic = TOPIC_FAULT, .text = slice_of("disk full")});
    say_output("1", "a", OUTPUT_SUCCEEDED);
    cast_expect(&fixture, "");
    assert_int_equal(fixture.done, 1);
    assert_int_equal(fixture.exit_status, 1);
    assert_true(bus_closed(fixture.bus, TRIGGERS));
}

/* --- cursors --- */

static void the_limit_lets_every_point_below_and_one_beyond(void **state)
{
    (void)state;
    open(INTEGER("[[graph]]\nP1 = a => b\nP2 = c\n"));
    say_limit("2");
    cast_expect(&fixture, "trigger.spawn 1/a flows=1\n"
                          "trigger.spawn 1/c flows=1\n"
                          "trigger.spawn 2/a flows=1\n"
                          "trigger.spawn 3/c flags=4 flows=1\n"
                          "trigger.spawn 3/a flags=4 flows=1\n"
                          "trigger.settled number=none\n");
    say_limit("2");
    cast_expect(&fixture, "trigger.settled number=none\n");
    say_limit("4");
    cast_expect(&fixture, "trigger.spawn 4/a flows=1\n"
                          "trigger.settled number=none\n");
    say_limit("4");
    cast_expect(&fixture, "trigger.settled number=none\n");
}

static void no_limit_known_spawns_the_first_points_beyond_it(void **state)
{
    (void)state;
    open(INTEGER("[[graph]]\nP1 = a\nR1/3 = b\n"));
    say_limit(NULL);
    cast_expect(&fixture, "trigger.spawn 1/a flags=4 flows=1\n"
                          "trigger.spawn 3/b flags=4 flows=1\n"
                          "trigger.settled number=none\n");
}

static void a_task_with_parents_sometimes_is_spawned_where_it_has_none(void **state)
{
    (void)state;
    open(INTEGER("[[graph]]\nP1 = \"\"\"a[-P1] => a\nb\n\"\"\"\nR1/3 = b => c\nR/2/P1 = c\n"));
    say_limit("4");
    cast_await(&fixture, "trigger.settled number=none");
    assert_int_equal(cast_count(&fixture, "trigger.spawn 1/a "), 1);
    assert_int_equal(cast_count(&fixture, "trigger.spawn 2/a "), 0);
    assert_int_equal(cast_count(&fixture, "trigger.spawn 2/c "), 1);
    assert_int_equal(cast_count(&fixture, "trigger.spawn 3/c "), 0);
    assert_int_equal(cast_count(&fixture, "trigger.spawn 4/c "), 1);
}

static void cursors_begin_at_the_start_point(void **state)
{
    (void)state;
    cast_prepare(&fixture, TRIGGERS, INTEGER("[[graph]]\nP1 = a[-P2] => a\n"), false);
    ((struct workflow *)fixture.workflow)->start = 2;
    cast_begin(&fixture, NULL);
    say_limit("4");
    cast_expect(&fixture, "trigger.spawn 2/a flows=1\n"
                          "trigger.spawn 3/a flows=1\n"
                          "trigger.settled number=none\n");
}

static void a_steep_rise_of_the_limit_takes_several_turns(void **state)
{
    (void)state;
    open("[scheduling]\ncycling mode = integer\ninitial cycle point = 1\n[[graph]]\nP1 = a\n");
    cast_say_only(&fixture, TASK_POOL,
                  &(struct message){.topic = TOPIC_POOL_RUNAHEAD, .point = 3000});
    uint64_t said = 0;
    while (sim_turn_ready(fixture.sim)) {
        uint64_t now = bus_seq(fixture.bus, TRIGGERS);
        assert_true(now - said <= 1001);
        said = now;
    }
    assert_int_equal(said, 3002);
    assert_int_equal(cast_count(&fixture, "trigger.settled"), 1);
}

static void after_a_restart_a_cursor_goes_on_where_it_was(void **state)
{
    (void)state;
    cast_prepare(&fixture, TRIGGERS, INTEGER("[[graph]]\nP1 = a & b\n"), false);
    struct restart_point cursor = {
        .task = cast_task(&fixture, "a"), .point = 2, .flows = {.n = 2, .at = {1, 2}}};
    struct restart restart = {.cursors = &cursor, .n_cursors = 1};
    cast_begin(&fixture, &restart);
    say_limit("2");
    cast_expect(&fixture, "trigger.spawn 1/b flows=1\n"
                          "trigger.spawn 2/b flows=1\n"
                          "trigger.spawn 3/a flags=4 flows=1,2\n"
                          "trigger.spawn 3/b flags=4 flows=1\n"
                          "trigger.settled number=none\n");
}

static void what_is_beyond_a_lower_limit_after_a_restart_is_not_spawned_again(void **state)
{
    (void)state;
    cast_prepare(&fixture, TRIGGERS, INTEGER("[[graph]]\nP1 = a\n"), false);
    struct restart_point cursor = {.task = 0, .point = 3, .flows = first_flow};
    struct restart restart = {.cursors = &cursor, .n_cursors = 1};
    cast_begin(&fixture, &restart);
    say_limit("2");
    cast_expect(&fixture, "trigger.settled number=none\n");
    say_limit("3");
    cast_expect(&fixture, "trigger.spawn 4/a flags=4 flows=1\n"
                          "trigger.settled number=none\n");
}

#define TEST(function) cmocka_unit_test_teardown(function, close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_output_without_children_is_settled_at_once),
        TEST(children_are_told_and_settled_comes_last_and_once),
        TEST(an_output_that_waits_for_its_flow_is_only_settled),
        TEST(children_off_their_sequence_are_left_out),
        TEST(children_before_the_start_are_left_out),
        TEST(an_absolute_trigger_tells_the_first_child),
        TEST(one_output_may_have_several_children_of_one_kind),
        TEST(every_child_of_a_long_offset_is_told),
        TEST(a_truncated_offset_tells_the_children_up_to_its_point),
        TEST(a_member_of_a_family_is_told_to_its_group_once),
        TEST(a_wide_fan_out_takes_several_turns),
        TEST(a_fan_out_under_way_is_finished_at_shutdown),
        TEST(a_fault_ends_it_at_once),
        TEST(the_limit_lets_every_point_below_and_one_beyond),
        TEST(no_limit_known_spawns_the_first_points_beyond_it),
        TEST(a_task_with_parents_sometimes_is_spawned_where_it_has_none),
        TEST(cursors_begin_at_the_start_point),
        TEST(a_steep_rise_of_the_limit_takes_several_turns),
        TEST(after_a_restart_a_cursor_goes_on_where_it_was),
        TEST(what_is_beyond_a_lower_limit_after_a_restart_is_not_spawned_again),
    };
    return cmocka_run_group_tests(tests, NULL, flow_release);
}

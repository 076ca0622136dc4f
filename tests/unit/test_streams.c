/* Long answers: the reader sets the pace, nothing is kept for one who does not read, and the model
 * may change meanwhile. */
#include "base/memory.h"
#include "coroutines/streams.h"
#include "tests/lib/cast_fixture.h"
#include "tests/lib/flow.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define FLOW                                                                                       \
    "[scheduling]\ncycling mode = integer\ninitial cycle point = 1\n[[graph]]\nP1 = a => b\n"

enum { MANY = 12000, MANY_IN_FULL = 2500 }; /* tasks: more than STREAM_WINDOW chunks of them */

static struct cast_fixture fixture;

static int open(void **state)
{
    (void)state;
    cast_open(&fixture, VIEWER, FLOW, NULL);
    return 0;
}

static int close(void **state)
{
    (void)state;
    cast_close(&fixture);
    return 0;
}

static void ask(uint64_t id, const char *name, const char *args)
{
    cast_say_only(&fixture, SERVER,
                  &(struct message){.topic = TOPIC_QUERY_REQUEST,
                                    .id = id,
                                    .text = slice_of(name),
                                    .detail = slice_of(args)});
    cast_settle(&fixture);
}

static void take(uint64_t id, uint32_t n)
{
    cast_say_only(&fixture, SERVER,
                  &(struct message){.topic = TOPIC_REPLY_TAKEN, .id = id, .number = n});
    cast_settle(&fixture);
}

static void say(enum topic topic, const char *task, cycle_point point, enum task_status status)
{
    cast_say_only(&fixture, TASK_POOL,
                  &(struct message){.topic = topic,
                                    .point = point,
                                    .task = cast_task(&fixture, task),
                                    .flows = {1, {1}},
                                    .status = status});
}

static void spawn(const char *task, cycle_point first, cycle_point last)
{
    for (cycle_point point = first; point <= last; point++)
        say(TOPIC_TASK_SPAWNED, task, point, STATUS_WAITING);
}

static void record(void)
{
    cast_say_recorded(&fixture);
    cast_settle(&fixture);
}

static unsigned count(uint64_t id, enum reply_kind kind)
{
    char *line = str_format("reply id=%" PRIu64 " number=%d", id, (int)kind);
    unsigned n = cast_count(&fixture, line);
    free(line);
    return n;
}

/* How often `part` is in what was heard. */
static unsigned occurrences(const char *part)
{
    unsigned n = 0;
    VEC_EACH (char *, line, &fixture.heard)
        for (const char *at = *line; (at = strstr(at, part)); at += strlen(part))
            n++;
    return n;
}

#define SUMMARY(name, point, state)                                                                \
    "{\"name\":\"" name "\",\"cyclePoint\":\"" point "\",\"state\":\"" state                       \
    "\",\"isHeld\":false,\"isQueued\":false,\"isRunahead\":false,\"flowNums\":\"[1]\","            \
    "\"submitNum\":0,\"outputs\":[]}"

static void a_dump_has_every_task_and_then_the_workflow(void **state)
{
    (void)state;
    spawn("a", 1, 1);
    record();
    spawn("b", 1, 1); /* not recorded: not seen */
    cast_forget(&fixture);
    ask(1, "dump", "{}");
    assert_int_equal(count(1, REPLY_CHUNK), 1);
    assert_string_equal(fixture.heard.at[0],
                        "reply id=1 number=0 \"[" SUMMARY("a", "1", "waiting") "]\"");
    assert_int_equal(count(1, REPLY_DONE), 1);
    assert_non_null(strstr(fixture.heard.at[1], "\"status\":\"running\""));
}

static void a_dump_waits_for_its_reader(void **state)
{
    (void)state;
    spawn("a", 1, MANY);
    record();
    cast_forget(&fixture);
    ask(1, "dump", "{}");
    assert_int_equal(count(1, REPLY_CHUNK), STREAM_WINDOW);
    ask(2, "ping", "{}"); /* is answered meanwhile */
    assert_int_equal(count(2, REPLY_DONE), 1);
    take(1, 1);
    assert_int_equal(count(1, REPLY_CHUNK), STREAM_WINDOW + 1);
    assert_int_equal(count(1, REPLY_DONE), 0);
    for (int i = 0; i < MANY && !count(1, REPLY_DONE); i++)
        take(1, 1);
    assert_int_equal(count(1, REPLY_DONE), 1);
    assert_int_equal(occurrences("\"cyclePoint\""), MANY);
}

static void tasks_that_go_and_come_meanwhile_do_no_harm(void **state)
{
    (void)state;
    spawn("a", 1, MANY);
    record();
    cast_forget(&fixture);
    ask(1, "dump", "{}");
    for (cycle_point point = 1; point <= MANY; point++) /* all go, also the next one to be told */
        say(TOPIC_TASK_REMOVED, "a", point, STATUS_WAITING);
    spawn("b", 1, 1);
    record();
    take(1, STREAM_WINDOW);
    assert_int_equal(count(1, REPLY_CHUNK), STREAM_WINDOW + 1);
    assert_int_equal(count(1, REPLY_DONE), 1);
    assert_int_equal(occurrences("\"name\":\"b\""), 1);
}

static void who_does_not_want_the_rest_gets_no_more(void **state)
{
    (void)state;
    spawn("a", 1, MANY);
    record();
    ask(1, "dump", "{}");
    take(1, 0);
    cast_forget(&fixture);
    take(1, 5);
    cast_expect(&fixture, "");
}

static void a_subscriber_hears_what_is_there_and_what_changes(void **state)
{
    (void)state;
    spawn("a", 1, 1);
    record();
    cast_forget(&fixture);
    ask(1, "subscribe", "{}");
    assert_int_equal(count(1, REPLY_CHUNK), 2);
    assert_non_null(strstr(fixture.heard.at[0], "{\"snapshot\":[{\"name\":\"a\""));
    assert_non_null(strstr(fixture.heard.at[1], "{\"sentinel\":{\"name\":\"flow/run1\""));
    cast_forget(&fixture);
    say(TOPIC_TASK_STATE, "a", 1, STATUS_RUNNING);
    cast_settle(&fixture);
    cast_expect(&fixture, ""); /* not recorded yet */
    record();
    cast_expect(&fixture, "reply id=1 number=0 \"{\"deltas\":[{\"task\":" SUMMARY(
                              "a", "1", "running") "}]}\"\n");
    say(TOPIC_TASK_REMOVED, "a", 1, STATUS_RUNNING);
    cast_say_only(&fixture, TASK_POOL,
                  &(struct message){.topic = TOPIC_WORKFLOW_STATE,
                                    .number = WORKFLOW_STOPPING,
                                    .text = slice_of("why")});
    record();
    cast_expect(&fixture, "reply id=1 number=0 \"{\"deltas\":[{\"removed\":\"1/a\"},{\"workflow\":"
                          "{\"status\":\"stopping\",\"stalled\":false,\"reason\":\"why\"}}]}\"\n");
}

static void a_slow_subscriber_is_told_and_cut_off(void **state)
{
    (void)state;
    spawn("a", 1, 1);
    record();
    ask(1, "subscribe", "{}"); /* reads nothing */
    ask(2, "subscribe", "{}"); /* reads everything */
    for (int i = 0; i < 2 * JOURNAL_CHANGES_MAX && !count(1, REPLY_ERROR); i++) {
        say(TOPIC_TASK_STATE, "a", 1, i % 2 ? STATUS_RUNNING : STATUS_WAITING);
        if (i % 1000)
            continue;
        record();
        take(2, STREAM_WINDOW);
    }
    assert_int_equal(count(1, REPLY_ERROR), 1);
    assert_int_equal(occurrences("cut off: more than 100000 changes"), 1);
    assert_int_equal(count(2, REPLY_ERROR), 0);
    unsigned before = count(2, REPLY_CHUNK);
    say(TOPIC_TASK_STATE, "a", 1, STATUS_FAILED);
    take(2, STREAM_WINDOW);
    record();
    assert_true(count(2, REPLY_CHUNK) > before);
}

static void too_many_streams_cost_the_slowest_its_place(void **state)
{
    (void)state;
    spawn("a", 1, MANY_IN_FULL);
    record();
    ask(1, "dump", "{\"full\": true}");
    ask(2, "dump", "{\"full\": true}");
    for (uint64_t id = 3; id <= STREAMS_MAX; id++) {
        ask(id, "subscribe", "{}");
        cast_forget(&fixture);
    }
    ask(1000, "dump", "{\"full\": true}");
    assert_int_equal(count(1, REPLY_ERROR), 1);
    assert_int_equal(count(1000, REPLY_CHUNK), STREAM_WINDOW);
    take(2, 1);
    assert_int_equal(count(2, REPLY_CHUNK), 1);
}

static void the_end_of_the_workflow_ends_a_subscription(void **state)
{
    (void)state;
    ask(1, "subscribe", "{}");
    say(TOPIC_TASK_SPAWNED, "a", 1, STATUS_WAITING);
    record();
    cast_forget(&fixture);
    cast_say_shutdown(&fixture);
    cast_close_others(&fixture, 0);
    assert_int_equal(count(1, REPLY_DONE), 1);
    assert_int_equal(occurrences("{\"end\":\"the workflow has shut down\"}"), 1);
}

/* --- patterns --- */

static void query(uint64_t id, const char *name, const char *args)
{
    cast_say_only(&fixture, SERVER,
                  &(struct message){.topic = TOPIC_QUERY_REQUEST,
                                    .id = id,
                                    .text = slice_of(name),
                                    .detail = slice_of(args)});
}

/* The pool is looked through a part a turn. */
static void others_are_answered_while_a_pattern_is_looked_for(void **state)
{
    (void)state;
    spawn("a", 1, MANY);
    record();
    cast_forget(&fixture);
    query(1, "show", "{\"ids\":[\"1199?/a\",\"7/a\",\"99*/b\"]}");
    query(2, "why", "{\"ids\":[\"*/a:running\"]}");
    query(3, "ping", "{}");
    say(TOPIC_TASK_STATE, "a", 11995, STATUS_RUNNING);
    say(TOPIC_TASK_REMOVED, "a", 11996, STATUS_WAITING);
    record();
    assert_int_equal(fixture.heard.n, 3);
    assert_int_equal(strncmp(fixture.heard.at[0], "reply id=3", 10), 0);
    assert_int_equal(strncmp(fixture.heard.at[1], "reply id=1 number=1", 19), 0);
    assert_int_equal(occurrences("\"11990/a\":"), 1);
    assert_int_equal(occurrences("\"7/a\":"), 1);
    assert_int_equal(occurrences("\"unmatched\":\"99*/b\""), 1);
    assert_int_equal(strncmp(fixture.heard.at[2], "reply id=2 number=1", 19), 0);
}

static void what_matches_too_much_is_refused(void **state)
{
    (void)state;
    spawn("a", 1, MANY);
    record();
    cast_forget(&fixture);
    ask(1, "show", "{\"ids\":[\"*/a\"]}");
    cast_expect(&fixture, "reply id=1 number=2 \"the answer is too large: ask for fewer tasks\"\n");
}

static void the_end_of_the_workflow_ends_a_search(void **state)
{
    (void)state;
    spawn("a", 1, MANY);
    record();
    cast_forget(&fixture);
    query(1, "show", "{\"ids\":[\"1199?/a\"]}");
    cast_say_shutdown(&fixture);
    cast_close_others(&fixture, 0);
    assert_int_equal(count(1, REPLY_DONE) + count(1, REPLY_ERROR), 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open, close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_dump_has_every_task_and_then_the_workflow),
        TEST(a_dump_waits_for_its_reader),
        TEST(tasks_that_go_and_come_meanwhile_do_no_harm),
        TEST(who_does_not_want_the_rest_gets_no_more),
        TEST(a_subscriber_hears_what_is_there_and_what_changes),
        TEST(a_slow_subscriber_is_told_and_cut_off),
        TEST(too_many_streams_cost_the_slowest_its_place),
        TEST(the_end_of_the_workflow_ends_a_subscription),
        TEST(others_are_answered_while_a_pattern_is_looked_for),
        TEST(what_matches_too_much_is_refused),
        TEST(the_end_of_the_workflow_ends_a_search),
    };
    return cmocka_run_group_tests(tests, NULL, flow_release);
}

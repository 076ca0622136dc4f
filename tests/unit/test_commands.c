/* The commands alone: what becomes a pool.command, and when it is answered. */
#include "base/memory.h"
#include "tests/lib/cast_fixture.h"
#include "tests/lib/flow.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static struct cast_fixture fixture;

static int open(void **state)
{
    (void)state;
    cast_open(&fixture, COMMANDS, "[scheduling]\n[[graph]]\nR1 = a\n", NULL);
    return 0;
}

static int close(void **state)
{
    (void)state;
    cast_close(&fixture);
    return 0;
}

static void request_only(uint64_t id, const char *name, const char *args)
{
    cast_say_only(&fixture, SERVER,
                  &(struct message){.topic = TOPIC_COMMAND_REQUEST,
                                    .id = id,
                                    .text = slice_of(name),
                                    .detail = slice_of(args)});
}

static void request(uint64_t id, const char *name, const char *args)
{
    request_only(id, name, args);
    cast_settle(&fixture);
}

static uint64_t say_outcome(uint64_t id, int code, const char *text)
{
    cast_say(&fixture, TASK_POOL,
             &(struct message){.topic = TOPIC_POOL_OUTCOME,
                               .id = id,
                               .number = (uint32_t)code,
                               .text = slice_of(text)});
    return bus_seq(fixture.bus, TASK_POOL);
}

/* --- forms --- */

static void expect_command(const char *name, const char *args, const char *rest)
{
    request(1, name, args);
    char *line = str_format("pool.command id=1 %s\n", rest);
    cast_expect(&fixture, line);
    free(line);
    say_outcome(1, 0, "");
    cast_say_recorded(&fixture);
    cast_expect(&fixture, "reply id=1 number=1 \"{}\"\n");
}

static void each_form_becomes_a_command_of_the_pool(void **state)
{
    (void)state;
    expect_command("pause", "", "number=0");
    expect_command("pause", "{}", "number=0");
    expect_command("resume", "{}", "number=1");
    expect_command("hold", "{\"ids\": [\"1/a\"]}", "number=2 \"1/a\"");
    expect_command("hold", "{\"after\": \"5\"}", "number=2 5");
    expect_command("release", "{\"ids\": [\"1/a\", \"*/FAM*:failed\"]}",
                   "number=3 \"1/a\n*/FAM*:failed\"");
    expect_command("release", "{\"all\": false, \"ids\": [\"1\"]}", "number=3 \"1\"");
    expect_command("release", "{\"all\": true}", "number=4");
    expect_command("trigger", "{\"ids\": [\"1/a\"], \"flow\": []}", "number=5 \"1/a\"");
    expect_command("trigger", "{\"ids\": [\"1/a\"], \"flow\": [\"all\"]}", "number=5 \"1/a\"");
    expect_command("trigger", "{\"ids\": [\"1/a\"], \"flow\": [\"new\"], \"meta\": \"why not\"}",
                   "number=5 flags=1 \"1/a\" why not");
    expect_command("trigger", "{\"ids\": [\"1/a\"], \"flow\": [\"none\"]}",
                   "number=5 flags=2 \"1/a\"");
    expect_command("trigger", "{\"ids\": [\"1/a\"], \"flow\": [\"1\", 3], \"wait\": true}",
                   "number=5 flags=4 flows=1,3 \"1/a\"");
    expect_command("stop", "{}", "number=6 flags=1");
    expect_command("stop", "{\"mode\": \"clean\"}", "number=6 flags=1");
    expect_command("stop", "{\"mode\": \"kill\"}", "number=6 flags=2");
    expect_command("stop", "{\"mode\": \"now\"}", "number=6 flags=3");
    expect_command("stop", "{\"mode\": \"now-now\"}", "number=6 flags=4");
    expect_command("stop", "{\"after\": \"1/a\"}", "number=6 flags=1 1/a");
}

static void what_is_no_command_is_refused_at_once(void **state)
{
    (void)state;
    static const struct {
        const char *name, *args, *says;
    } bad[] = {
        {"dance", "{}", "command \"dance\" is not implemented"},
        {"", "{}", "command \"\" is not implemented"},
        {"pause", "[]", "\"args\" must be a JSON object"},
        {"pause", "{\"a\"", "\"args\" must be a JSON object"},
        {"pause", "{} {}", "\"args\" must be a JSON object"},
        {"pause", "{\"until\": 1}", "pause: unknown argument \"until\""},
        {"pause", "{\"ids\": [\"1/a\"]}", "pause: unknown argument \"ids\""},
        {"trigger", "{\"ids\": [\"1/a\"], \"flow wait\": 1}",
         "trigger: unknown argument \"flow wait\""},
        {"hold", "{}", "hold: \"ids\" must be a list of at least one task id"},
        {"hold", "{\"ids\": []}", "hold: \"ids\" must be a list of at least one task id"},
        {"hold", "{\"ids\": \"1/a\"}", "hold: \"ids\" must be a list of at least one task id"},
        {"hold", "{\"ids\": [\"1/a\", 5]}", "hold: id number 2 is no text of one line"},
        {"hold", "{\"ids\": [\"1/a\\n2/a\"]}", "hold: id number 1 is no text of one line"},
        {"hold", "{\"ids\": [\"1/a\", \"\"]}",
         "\"\" is no task id: expected CYCLE, CYCLE/TASK or CYCLE/TASK/JOB"},
        {"hold", "{\"after\": 5}", "\"after\" must be a text that is not empty"},
        {"hold", "{\"after\": \"\"}", "\"after\" must be a text that is not empty"},
        {"hold", "{\"after\": \"5\", \"ids\": [\"1/a\"]}",
         "hold: \"ids\" do not go with \"after\""},
        {"release", "{\"all\": \"yes\"}", "\"all\" must be true or false"},
        {"release", "{\"all\": true, \"ids\": [\"1/a\"]}",
         "release: \"ids\" do not go with \"all\""},
        {"trigger", "{\"ids\": [\"1/a\"], \"flow\": \"new\"}", "\"flow\" must be a list"},
        {"trigger", "{\"ids\": [\"1/a\"], \"flow\": [\"old\"]}",
         "\"flow\" must be all, new, none or flow numbers, not \"old\""},
        {"trigger", "{\"ids\": [\"1/a\"], \"flow\": [0]}",
         "\"flow\" must be all, new, none or flow numbers, not \"?\""},
        {"trigger", "{\"ids\": [\"1/a\"], \"flow\": [-1]}",
         "\"flow\" must be all, new, none or flow numbers, not \"?\""},
        {"trigger", "{\"ids\": [\"1/a\"], \"flow\": [\"new\", 1]}",
         "\"flow\": new and none go with nothing else"},
        {"trigger", "{\"ids\": [\"1/a\"], \"flow\": [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]}",
         "more than 15 flows"},
        {"trigger", "{\"ids\": [\"1/a\"], \"wait\": 1}", "\"wait\" must be true or false"},
        {"stop", "{\"mode\": \"later\"}",
         "stop: \"mode\" must be one of clean, kill, now, now-now, not \"later\""},
        {"stop", "{\"mode\": 1}",
         "stop: \"mode\" must be one of clean, kill, now, now-now, not \"?\""},
        {"stop", "{\"after\": 5}", "\"after\" must be a text that is not empty"},
        {"stop", "{\"ids\": [\"1/a\"]}", "stop: unknown argument \"ids\""},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        request(7, bad[i].name, bad[i].args);
        char *line = str_format("reply id=7 number=2 \"%s\"\n", bad[i].says);
        cast_expect(&fixture, line);
        free(line);
    }
}

static void the_number_of_ids_is_limited(void **state)
{
    (void)state;
    struct text args = {0};
    text_add(&args, "{\"ids\": [\"1/a\"");
    for (int i = 0; i < 100000; i++)
        text_add(&args, ",\"1/a\"");
    text_add(&args, "]}");
    request(7, "hold", text_string(&args));
    text_release(&args);
    cast_expect(&fixture, "reply id=7 number=2 \"hold: more than 100000 ids in one command\"\n");
}

static void the_log_has_one_line_for_a_command(void **state)
{
    (void)state;
    request(1, "hold", "{\"ids\": [\"1/a\", \"2/a\"]}");
    request(2, "hold", "{\"ids\": [\"1/a\"]}");
    request(3, "pause", "{}");
    assert_string_equal(text_string(&fixture.log), "Command \"hold\" received: 1/a, ...\n"
                                                   "Command \"hold\" received: 1/a\n"
                                                   "Command \"pause\" received\n");
}

/* --- answers --- */

static void the_answer_waits_for_the_record(void **state)
{
    (void)state;
    request(1, "pause", "{}");
    request(2, "resume", "{}");
    cast_forget(&fixture);
    uint64_t first = say_outcome(1, 0, "{\"x\": 1}");
    uint64_t second = say_outcome(2, ENOENT, "no such thing");
    cast_expect(&fixture, "");
    cast_say_recorded_to(&fixture, TASK_POOL, first - 1);
    cast_expect(&fixture, "");
    cast_say_recorded_to(&fixture, TASK_POOL, first);
    cast_expect(&fixture, "reply id=1 number=1 \"{\"x\": 1}\"\n");
    cast_say_recorded_to(&fixture, TASK_POOL, second);
    cast_expect(&fixture, "reply id=2 number=2 \"no such thing\"\n");
    cast_expect_log(&fixture, "Command failed: no such thing");
    cast_say_recorded_to(&fixture, TASK_POOL, second);
    cast_expect(&fixture, "");
}

/* The recorder may be heard before the pool. */
static void an_outcome_already_recorded_is_answered_at_once(void **state)
{
    (void)state;
    request(1, "pause", "{}");
    cast_forget(&fixture);
    cast_say_recorded_to(&fixture, TASK_POOL, 1);
    say_outcome(1, 0, "");
    cast_expect(&fixture, "reply id=1 number=1 \"{}\"\n");
}

static void outcomes_of_others_are_ignored(void **state)
{
    (void)state;
    say_outcome(99, 0, "");
    cast_say_recorded(&fixture);
    cast_expect(&fixture, "");
}

static void commands_in_flight_are_limited(void **state)
{
    (void)state;
    for (uint64_t id = 1; id <= 10001; id++)
        request_only(id, "pause", "{}");
    cast_settle(&fixture);
    assert_int_equal(cast_count(&fixture, "pool.command"), 10000);
    cast_await(&fixture, "reply id=10001 number=2 \"10000 commands are under way already");
    cast_forget(&fixture);
    say_outcome(5000, 0, "");
    cast_say_recorded(&fixture);
    request(10002, "pause", "{}");
    cast_expect(&fixture, "reply id=5000 number=1 \"{}\"\npool.command id=10002 number=0\n");
}

/* --- the end --- */

static void a_command_in_flight_is_answered_at_the_end(void **state)
{
    (void)state;
    request(1, "pause", "{}");
    request(2, "resume", "{}");
    request(3, "resume", "{}");
    cast_forget(&fixture);
    uint64_t seq = say_outcome(1, 0, "");
    say_outcome(2, 0, "");
    cast_say_shutdown(&fixture);
    request(4, "pause", "{}");
    cast_expect(&fixture, "reply id=4 number=2 \"the workflow is shutting down\"\n");
    cast_say_recorded_to(&fixture, TASK_POOL, seq);
    cast_expect(&fixture, "reply id=1 number=1 \"{}\"\n");
    assert_false(bus_closed(fixture.bus, COMMANDS));
    cast_close_others(&fixture, MEMBER_BIT(SERVER));
    assert_true(bus_closed(fixture.bus, COMMANDS));
    cast_expect(&fixture, "reply id=2 number=2 \"the workflow shut down before the command was "
                          "carried out\"\n"
                          "reply id=3 number=2 \"the workflow shut down before the command was "
                          "carried out\"\n");
    request(5, "pause", "{}");
    cast_expect(&fixture, "");
    cast_close_others(&fixture, 0);
    assert_int_equal(fixture.done, 1);
}

static void a_fault_ends_it_without_an_answer(void **state)
{
    (void)state;
    request(1, "pause", "{}");
    cast_forget(&fixture);
    say_outcome(1, 0, "");
    cast_say(&fixture, RECORDER,
             &(struct message){.topic = TOPIC_FAULT, .text = slice_of("disk full")});
    cast_expect(&fixture, "");
    assert_int_equal(fixture.done, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open, close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_form_becomes_a_command_of_the_pool),
        TEST(what_is_no_command_is_refused_at_once),
        TEST(the_number_of_ids_is_limited),
        TEST(the_log_has_one_line_for_a_command),
        TEST(the_answer_waits_for_the_record),
        TEST(an_outcome_already_recorded_is_answered_at_once),
        TEST(outcomes_of_others_are_ignored),
        TEST(commands_in_flight_are_limited),
        TEST(a_command_in_flight_is_answered_at_the_end),
        TEST(a_fault_ends_it_without_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, flow_release);
}

/* Functions that programs serve: the xtriggers alone in the simulated world; the test speaks as the
 * server, for the programs, and as the pool and the recorder. */
#include "base/memory.h"
#include "coroutines/host_program.h"
#include "coroutines/program.h"
#include "coroutines/streams.h"
#include "tests/lib/cast_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define FLOW                                                                                       \
    "[scheduling]\ncycling mode = integer\ninitial cycle point = 1\n"                              \
    "xtrigger programs = mine, other\n"                                                            \
    "[[xtriggers]]\nx = mine():PT30S\n[[graph]]\nP1 = @x => a\n"
#define NOBODY "no program serves \"mine\": rouse xtrigger-host flow/run1 mine -- COMMAND"
#define HELLO(starts)                                                                              \
    "{\"hello\":1,\"workflow\":\"flow/run1\",\"run_dir\":\"%s\",\"version\":\"" ROUSE_VERSION      \
    "\",\"starts\":" #starts "}"
#define START(number)                                                                              \
    "{\"start\": " #number ", \"signature\": \"mine()\", \"function\": \"mine\", \"args\": [], "   \
    "\"kwargs\": {}, \"interval\": 30, \"deadline\": 600}\n"

#define CHECK(number)                                                                              \
    "{\"check\": " #number ", \"function\": \"mine\", \"args\": [], \"kwargs\": {}}\n"

static struct cast_fixture fixture;
static uint64_t last_request;

static int open_all(void **state)
{
    (void)state;
    last_request = 100;
    cast_prepare(&fixture, XTRIGGERS, FLOW, false);
    cast_begin(&fixture, NULL);
    cast_expect(&fixture, "xtrigger.ready\n");
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    cast_close(&fixture);
    return 0;
}

/* --- the others --- */

static void say_watch(const char *signature)
{
    cast_say(
        &fixture, TASK_POOL,
        &(struct message){.topic = TOPIC_XTRIGGER_WATCH, .point = 1, .text = slice_of(signature)});
}

static void say_signature(enum member member, enum topic topic, const char *signature)
{
    cast_say(&fixture, member, &(struct message){.topic = topic, .text = slice_of(signature)});
}

static void say_told(void)
{
    cast_say(&fixture, TASK_POOL, &(struct message){.topic = TOPIC_XTRIGGER_TOLD});
}

/* --- the programs --- */

/* Its stream is the answer to request `id`. */
static void begin(uint64_t id, const char *args)
{
    cast_say(&fixture, SERVER,
             &(struct message){.topic = TOPIC_XTRIGGER_PROGRAM,
                               .id = id,
                               .text = slice_of("xtrigger-host"),
                               .detail = slice_of(args)});
}

/* Program `id` says this; 0: the server does not know from which stream. */
static void say(uint64_t id, const char *args)
{
    cast_say(&fixture, SERVER,
             &(struct message){.topic = TOPIC_XTRIGGER_PROGRAM,
                               .id = ++last_request,
                               .value = (int64_t)id,
                               .text = slice_of("xtrigger-say"),
                               .detail = slice_of(args)});
}

static void take(uint64_t id, uint32_t n)
{
    cast_say(&fixture, SERVER,
             &(struct message){.topic = TOPIC_REPLY_TAKEN, .id = id, .number = n});
}

static void add_reply(struct text *lines, uint64_t id, enum reply_kind kind, const char *text)
{
    text_addf(lines, "reply id=%llu number=%d \"%s\"\n", (unsigned long long)id, kind, text);
}

static void expect_reply(uint64_t id, enum reply_kind kind, const char *text)
{
    struct text line = {0};
    add_reply(&line, id, kind, text);
    cast_expect(&fixture, text_string(&line));
    text_release(&line);
}

static void expect_answer(enum reply_kind kind, const char *text)
{
    expect_reply(last_request, kind, text);
}

/* "mine" is served by program 1, which has been told to start it under number 1. */
static void serve(void)
{
    say_watch("mine()");
    cast_expect(&fixture, "xtrigger.problem \"mine()\" " NOBODY "\n");
    say_told();
    begin(1, "{\"register\": [\"mine\"]}");
    char *hello = str_format(HELLO(1), fixture.run_dir);
    struct text lines = {0};
    add_reply(&lines, 1, REPLY_CHUNK, hello);
    add_reply(&lines, 1, REPLY_CHUNK, START(1));
    add_reply(&lines, 1, REPLY_CHUNK, CHECK(2));
    text_add(&lines, "xtrigger.problem \"mine()\"\n"); /* what was wrong is over */
    cast_expect(&fixture, text_string(&lines));
    text_release(&lines);
    free(hello);
}

/* --- tests --- */

static void a_call_waits_for_its_program_and_is_acknowledged_after_the_commit(void **state)
{
    (void)state;
    serve();
    say(1, "{\"host\": 1, \"watching\": 1}");
    expect_answer(REPLY_DONE, "{}");
    cast_pass(&fixture, 29); /* its patience is 30 s */
    say(1, "{\"host\": 1, \"satisfied\": 1, \"results\": {\"a\": [1]}}");
    cast_expect(&fixture, "xtrigger.satisfied \"mine()\" {\"a\": [1]}\n");
    say_signature(TASK_POOL, TOPIC_XTRIGGER_DROP, "mine()");
    cast_expect(&fixture, "");
    say_signature(RECORDER, TOPIC_XTRIGGER_KEPT, "mine()");
    struct text lines = {0};
    add_reply(&lines, 1, REPLY_CHUNK, "{\"kept\": 1}\n");
    add_reply(&lines, last_request, REPLY_DONE, "{}");
    cast_expect(&fixture, text_string(&lines));
    text_release(&lines);
}

static void a_program_that_comes_first_waits_until_all_is_watched(void **state)
{
    (void)state;
    begin(1, "{\"register\": [\"mine\"]}");
    cast_expect(&fixture, "");
    say_watch("mine(1)");
    say_watch("mine(2)");
    cast_expect(&fixture, "");
    say_told();
    assert_int_equal(cast_count(&fixture, "reply id=1 number=0 \"{\"hello\":1"), 1);
    assert_int_equal(
        cast_count(&fixture, "reply id=1 number=0 \"{\"start\": 1, \"signature\": \"mine(1)"), 1);
    assert_int_equal(
        cast_count(&fixture, "reply id=1 number=0 \"{\"start\": 2, \"signature\": \"mine(2)"), 1);
}

static void silence_of_three_heartbeats_is_its_end(void **state)
{
    (void)state;
    serve();
    cast_pass(&fixture, 29);
    say(1, "{\"host\": 1, \"heartbeat\": true}");
    expect_answer(REPLY_DONE, "{}");
    cast_pass(&fixture, 29);
    cast_expect(&fixture, "");
    cast_pass(&fixture, 2);
    cast_expect(&fixture,
                "xtrigger.problem \"mine()\" the program that serves \"mine\" was silent for 30 s\n"
                "reply id=1 number=1 \"{\"end\":\"was silent for 30 s\",\"again\":true,"
                "\"complete\":false}\"\n");
    say(1, "{\"host\": 1, \"satisfied\": 1}");
    cast_expect(&fixture,
                "reply id=102 number=2 \"no program on this connection has that \"host\": begin "
                "with xtrigger-host\"\n"
                "reply id=1 number=1 \"{\"end\":\"the xtriggers were started again\","
                "\"again\":true,\"complete\":false}\"\n");
    begin(2, "{\"register\": [\"mine\"]}");
    assert_int_equal(cast_count(&fixture, "reply id=2 number=0 \"{\"start\": 3"), 1);
}

static void the_newest_program_takes_over(void **state)
{
    (void)state;
    serve();
    begin(2, "{\"register\": [\"other\", \"mine\"]}");
    assert_int_equal(cast_count(&fixture, "reply id=1 number=0 \"{\"cancel\": 1}"), 1);
    assert_int_equal(cast_count(&fixture, "reply id=2 number=0 \"{\"start\": 3"), 1);
    assert_int_equal(cast_count(&fixture, "reply id=1 number=1 \"{\"end\":\"was replaced: another "
                                          "program serves \\\"mine\\\" now\",\"again\":false"),
                     1);
    cast_forget(&fixture);
    begin(3, "{\"register\": [\"other\"]}"); /* the second one has a name left */
    assert_int_equal(cast_count(&fixture, "reply id=2"), 0);
    cast_forget(&fixture);
    say(2, "{\"host\": 1, \"satisfied\": 3}");
    cast_expect(&fixture, "xtrigger.satisfied \"mine()\" {}\n");
}

static void what_one_program_says_of_the_call_of_another_has_no_effect(void **state)
{
    (void)state;
    serve();
    begin(2, "{\"register\": [\"other\"]}");
    cast_forget(&fixture);
    say(2, "{\"host\": 1, \"satisfied\": 1}");
    expect_answer(REPLY_ERROR, "nobody waits for it any more");
    say(0, "{\"host\": 1, \"satisfied\": 1}");
    expect_answer(REPLY_ERROR,
                  "no program on this connection has that \"host\": begin with xtrigger-host");
}

static void rubbish_is_answered_and_logged_so_often_only(void **state)
{
    (void)state;
    static const char *const said[][2] = {
        {"{\"host\": 1}", "no message that is known"},
        {"{\"host\": 1, \"satisfied\": \"x\"}", "\"satisfied\" must be a number"},
        {"{\"host\": 1, \"satisfied\": 7}", "there is no such call"},
        {"{\"host\": 1, \"fail\": 1}", "\"fail\" without error"},
        {"{\"host\": 1, \"start\": 1, \"function\": \"f\", \"args\": [], \"kwargs\": {}}",
         "that is not for a program to say"},
    };
    serve();
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        say(1, said[i][0]);
        expect_answer(REPLY_ERROR, said[i][1]);
    }
    fixture.log.n = 0;
    for (int i = 0; i < 2 * PROGRAM_LINES_MAX; i++)
        say(1, "{\"host\": 1, \"log\": 1, \"text\": \"flood\"}");
    unsigned lines = 0;
    for (size_t i = 0; i < fixture.log.n; i++)
        lines += fixture.log.at[i] == '\n';
    assert_in_range(lines, PROGRAM_LINES_MAX - 10, PROGRAM_LINES_MAX);
    cast_forget(&fixture);
    say(1, "{\"host\": 1, \"satisfied\": 1}");
    cast_expect(&fixture, "xtrigger.satisfied \"mine()\" {}\n");
    say(1, "{\"host\": 1, \"satisfied\": 1}");
    expect_answer(REPLY_ERROR, "it is satisfied already");
}

static void calls_that_are_over_are_started_again(void **state)
{
    (void)state;
    serve();
    say(1, "{\"host\": 1, \"not_yet\": 1, \"after\": 5}");
    expect_answer(REPLY_DONE, "{}");
    cast_pass(&fixture, 4.9);
    cast_expect(&fixture, "");
    cast_pass(&fixture, 0.2);
    expect_reply(1, REPLY_CHUNK, START(3));
    say(1, "{\"host\": 1, \"fail\": 3, \"error\": \"no\"}");
    cast_expect(&fixture, "reply id=102 number=1 \"{}\"\nxtrigger.problem \"mine()\" no\n");
    for (int i = 0; i < 3; i++) { /* signs of life until the interval is over */
        cast_pass(&fixture, 10);
        cast_forget(&fixture);
        say(1, "{\"host\": 1, \"heartbeat\": true}");
    }
    cast_forget(&fixture);
    cast_pass(&fixture, 0.1);
    assert_int_equal(cast_count(&fixture, "xtrigger.problem"), 0);
    say(1, "{\"host\": 1, \"satisfied\": 4}");
    cast_expect(&fixture, "xtrigger.satisfied \"mine()\" {}\n");
}

static void a_call_that_is_late_is_cancelled(void **state)
{
    (void)state;
    serve();
    for (int i = 0; i < 59; i++) {
        cast_pass(&fixture, 10);
        say(1, "{\"host\": 1, \"heartbeat\": true}");
    }
    cast_forget(&fixture);
    cast_pass(&fixture, 11);
    assert_int_equal(cast_count(&fixture, "reply id=1 number=0 \"{\"cancel\": 1}"), 1);
    assert_int_equal(
        cast_count(&fixture, "xtrigger.problem \"mine()\" it did not answer within 600 s"), 1);
}

static void arguments_that_are_wrong_are_told_in_the_log(void **state)
{
    (void)state;
    serve();
    say(1, "{\"host\": 1, \"checked\": 2, \"error\": \"I want more\"}");
    expect_answer(REPLY_DONE, "{}");
    cast_expect_log(&fixture, ": [scheduling][xtriggers]x: I want more");
    say(1, "{\"host\": 1, \"checked\": 2}");
    expect_answer(REPLY_ERROR, "nobody waits for it any more");
}

static void what_is_dropped_is_cancelled(void **state)
{
    (void)state;
    serve();
    say_signature(TASK_POOL, TOPIC_XTRIGGER_DROP, "mine()");
    expect_reply(1, REPLY_CHUNK, "{\"cancel\": 1}\n");
    say(1, "{\"host\": 1, \"satisfied\": 1}");
    expect_answer(REPLY_ERROR, "nobody waits for it any more");
}

static void who_does_not_take_what_is_sent_gets_no_more(void **state)
{
    (void)state;
    serve(); /* three chunks */
    for (int i = 0; i < 2 * STREAM_WINDOW; i++) {
        char *signature = str_format("mine(%d)", i);
        say_watch(signature);
        free(signature);
    }
    assert_int_equal(cast_count(&fixture, "reply id=1 number=0"), STREAM_WINDOW - 3);
    take(1, 2);
    assert_int_equal(cast_count(&fixture, "reply id=1 number=0"), STREAM_WINDOW - 1);
    take(1, STREAM_WINDOW);
    take(1, STREAM_WINDOW);
    assert_int_equal(cast_count(&fixture, "reply id=1 number=0"), 2 * STREAM_WINDOW);
}

static void who_never_takes_anything_is_cut_off(void **state)
{
    (void)state;
    serve();
    size_t n = 60000;
    char *argument = mem_new(n + 1);
    memset(argument, 'x', n);
    for (int i = 0; !cast_count(&fixture, "reply id=1 number=1") && i < 1000; i++) {
        char *signature = str_format("mine(%s, %d)", argument, i);
        say_watch(signature);
        free(signature);
    }
    assert_int_equal(cast_count(&fixture, "reply id=1 number=1 \"{\"end\":\"has not taken what it "
                                          "was told (16 MiB)\",\"again\":true"),
                     1);
    free(argument);
}

static void who_goes_leaves_its_calls_to_the_next(void **state)
{
    (void)state;
    serve();
    take(1, 0);
    cast_expect(&fixture,
                "xtrigger.problem \"mine()\" the program that serves \"mine\" has left\n");
    begin(2, "{\"register\": [\"mine\"]}");
    assert_int_equal(cast_count(&fixture, "reply id=2 number=0 \"{\"start\": 3"), 1);
}

static void registrations_that_cannot_be(void **state)
{
    (void)state;
    struct text many = {0};
    text_add(&many, "{\"register\": [\"mine\"");
    for (int i = 0; i < PROGRAM_NAMES_MAX; i++)
        text_add(&many, ", \"mine\"");
    text_add(&many, "]}");
    const char *const said[][2] = {
        {"{}", "no message that is known"},
        {"nonsense", "no JSON: '[' or '{' expected near 'nonsense'"},
        {"{\"heartbeat\": true}", "xtrigger-host: \"register\" must be a list of names"},
        {"{\"register\": []}", "\"register\" must be a list of names"},
        {"{\"register\": [\"mine\", \"none\"]}",
         "xtrigger-host: \"none\" is not among [scheduling]xtrigger programs"},
        {"{\"register\": [\"mine\"], \"heartbeat\": 1e9}",
         "xtrigger-host: \"heartbeat\" must be 0.1 to 3600 seconds"},
        {text_string(&many), "xtrigger-host: more than 100 names"},
    };
    say_told();
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        begin(9, said[i][0]);
        expect_reply(9, REPLY_ERROR, said[i][1]);
    }
    text_release(&many);
    for (uint64_t id = 1; id <= PROGRAMS_MAX; id++)
        begin(id, "{\"register\": [\"other\"]}");
    /* each took the name from the one before, which is gone */
    assert_int_equal(cast_count(&fixture, "reply id=99 number=1"), 1);
    assert_int_equal(cast_count(&fixture, "reply id=100 number=1"), 0);
}

static void the_end_is_told(void **state)
{
    (void)state;
    serve();
    cast_say_shutdown(&fixture);
    assert_int_equal(cast_count(&fixture, "reply id=1 number=1 \"{\"end\":\"the workflow "), 1);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_call_waits_for_its_program_and_is_acknowledged_after_the_commit),
        CASE(a_program_that_comes_first_waits_until_all_is_watched),
        CASE(silence_of_three_heartbeats_is_its_end),
        CASE(the_newest_program_takes_over),
        CASE(what_one_program_says_of_the_call_of_another_has_no_effect),
        CASE(rubbish_is_answered_and_logged_so_often_only),
        CASE(calls_that_are_over_are_started_again),
        CASE(a_call_that_is_late_is_cancelled),
        CASE(arguments_that_are_wrong_are_told_in_the_log),
        CASE(what_is_dropped_is_cancelled),
        CASE(who_does_not_take_what_is_sent_gets_no_more),
        CASE(who_never_takes_anything_is_cut_off),
        CASE(who_goes_leaves_its_calls_to_the_next),
        CASE(registrations_that_cannot_be),
        CASE(the_end_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

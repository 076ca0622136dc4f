/* The language of xtrigger hosts: what is written can be read, arguments keep their types, rubbish
 * is refused with a reason. */
#include "base/memory.h"
#include "xtriggers/host_wire.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static void expect_line(struct text *out, const char *line)
{
    assert_string_equal(text_string(out), line);
    text_release(out);
}

static void make_call(struct call *call, const char *signature)
{
    struct error error = {0};
    if (call_init(call, signature, NULL, &error) < 0)
        fail_msg("%s", error.text);
    call->call.interval = 10;
}

static struct host_message read_line(const char *line)
{
    struct host_message message;
    struct error error = {0};
    if (host_message_read(line, strlen(line), &message, &error) < 0)
        fail_msg("%s: %s", line, error.text);
    return message;
}

static void expect_start(const char *signature, const char *arguments)
{
    struct call call;
    make_call(&call, signature);
    struct text out = {0};
    host_say_start(&out, 7, &call, 600);
    if (!strstr(text_string(&out), arguments))
        fail_msg("%s", text_string(&out));
    struct host_message message = read_line(text_string(&out));
    assert_int_equal(message.verb, HOST_START);
    host_message_release(&message);
    text_release(&out);
    call_release(&call);
}

static void arguments_are_typed_as_python_reads_them(void **state)
{
    (void)state;
    expect_start("mine(1, a=2)", "{\"start\": 7, \"signature\": \"mine(1, a=2)\", \"function\": "
                                 "\"mine\", \"args\": [1], \"kwargs\": {\"a\": 2}, "
                                 "\"interval\": 10, \"deadline\": 600}\n");
    expect_start("f()", "\"args\": [], \"kwargs\": {},");
    expect_start("f(007, +5, -0, -012)", "\"args\": [7, 5, 0, -12],");
    expect_start("f(.5, 5., 1e3, 0.1, 1e999)", "\"args\": [0.5, 5.0, 1000.0, 0.1, \"1e999\"],");
    expect_start("f(True, False, None, text, '1')",
                 "\"args\": [true, false, null, \"text\", \"1\"],");
    expect_start("f(\"a'b\", 'c\"d\\\\e', z=x y)",
                 "\"args\": [\"a'b\", \"c\\\"d\\\\e\"], \"kwargs\": {\"z\": \"x y\"}");
    expect_start("f(123456789012345678901234567890)", "[123456789012345678901234567890]");
    expect_start("f('\xff\xc3\xa4')", "[\"?\xc3\xa4\"]");
}

static void expect_argument(const struct call *call, size_t i, const char *name, const char *value,
                            enum rouse_type type)
{
    assert_true(i < call->call.n);
    if (name)
        assert_string_equal(call->call.names[i], name);
    else
        assert_null(call->call.names[i]);
    assert_string_equal(call->call.values[i], value);
    assert_int_equal(call->call.types[i], type);
}

static void a_call_comes_through_as_it_was(void **state)
{
    (void)state;
    struct call call, back;
    make_call(&call, "f(1, 0.1, 'te xt', n=True, m=None, o='')");
    struct text out = {0};
    struct error error = {0};
    host_say_start(&out, 1, &call, 600);
    struct host_message message = read_line(text_string(&out));
    assert_int_equal(host_message_call(&message, &back, &error), 0);
    assert_string_equal(back.call.signature, call.call.signature);
    assert_string_equal(back.function, "f");
    assert_int_equal(back.call.n, 6);
    expect_argument(&back, 0, NULL, "1", ROUSE_INTEGER);
    expect_argument(&back, 1, NULL, "0.1", ROUSE_NUMBER);
    expect_argument(&back, 2, NULL, "te xt", ROUSE_TEXT);
    expect_argument(&back, 3, "n", "True", ROUSE_BOOLEAN);
    expect_argument(&back, 4, "m", "None", ROUSE_NONE);
    expect_argument(&back, 5, "o", "", ROUSE_TEXT);
    call_release(&back);
    host_message_release(&message);
    text_release(&out);
    call_release(&call);
}

static void expect_no_call(const char *line, const char *why)
{
    struct host_message message = read_line(line);
    struct call call;
    struct error error = {0};
    assert_true(host_message_call(&message, &call, &error) < 0);
    if (!strstr(error.text, why))
        fail_msg("%s", error.text);
    host_message_release(&message);
}

static void calls_that_cannot_be_are_refused(void **state)
{
    (void)state;
    expect_no_call("{\"start\": 1, \"function\": \"f\", \"args\": [[]], \"kwargs\": {}}",
                   "must be a single value");
    expect_no_call("{\"start\": 1, \"function\": \"\", \"args\": [], \"kwargs\": {}}",
                   "is no call");
    struct text many = {0};
    text_add(&many, "{\"check\": 1, \"function\": \"f\", \"kwargs\": {}, \"args\": [0");
    for (int i = 0; i < CALL_ARGUMENTS_MAX; i++)
        text_add(&many, ", 1");
    text_add(&many, "]}");
    expect_no_call(text_string(&many), "more than 64 arguments");
    text_release(&many);
}

static void expect_answer(const char *line, const char *again)
{
    struct host_message message = read_line(line);
    struct call call;
    make_call(&call, "f()");
    struct text out = {0};
    host_message_answer(&message, &call);
    host_say_answer(&out, message.number, &call);
    expect_line(&out, again);
    call_release(&call);
    host_message_release(&message);
}

static void answers_come_through_as_they_were(void **state)
{
    (void)state;
    expect_answer("{\"satisfied\":3,\"results\":{\"a\":1,\"b\":{\"c\":null}}}",
                  "{\"satisfied\": 3, \"results\": {\"a\": 1, \"b\": {\"c\": null}}}\n");
    expect_answer("{\"satisfied\": 3}", "{\"satisfied\": 3, \"results\": {}}\n");
    expect_answer("{\"not_yet\": 3}", "{\"not_yet\": 3}\n");
    expect_answer("{\"not_yet\": 3, \"after\": 0.5, \"at\": 1.5e9, \"file\": \"/a\"}",
                  "{\"not_yet\": 3, \"after\": 0.5, \"at\": 1500000000, \"file\": \"/a\"}\n");
    expect_answer("{\"fail\": 3, \"error\": \"why\\n\"}",
                  "{\"fail\": 3, \"error\": \"why\\u000a\"}\n");
}

static void a_plugin_that_wakes_says_that_it_watches(void **state)
{
    (void)state;
    struct call call;
    make_call(&call, "f()");
    struct text out = {0};
    call.verdict = ROUSE_NOT_YET;
    call.call.again_when_woken(&call.call);
    host_say_answer(&out, 4, &call);
    expect_line(&out, "{\"watching\": 4}\n");
    call.call.again_after(&call.call, 2);
    host_say_answer(&out, 4, &call);
    expect_line(&out, "{\"not_yet\": 4, \"after\": 2}\n");
    call_release(&call);
}

static void results_that_are_too_large_are_an_error(void **state)
{
    (void)state;
    struct call call;
    make_call(&call, "f()");
    json_t *results = json_object();
    char *large = mem_new(CALL_RESULTS_MAX + 1);
    memset(large, 'x', CALL_RESULTS_MAX);
    json_object_set_new(results, "k", json_string(large));
    const struct host_message message = {.verb = HOST_SATISFIED, .results = results};
    host_message_answer(&message, &call);
    assert_int_equal(call.verdict, ROUSE_ERROR);
    assert_string_equal(text_string(&call.failure), "the results are larger than 1048576 bytes");
    free(large);
    json_decref(results);
    call_release(&call);
}

static void the_short_ones(void **state)
{
    (void)state;
    struct text out = {0};
    host_say_hello(&out, "a\"b", "/r");
    expect_line(&out, "{\"hello\": 1, \"workflow\": \"a\\\"b\", \"run_dir\": \"/r\", "
                      "\"version\": \"" ROUSE_VERSION "\"}\n");
    host_say(&out, HOST_CANCEL, 7);
    expect_line(&out, "{\"cancel\": 7}\n");
    host_say_text(&out, HOST_LOG, 7, "x");
    expect_line(&out, "{\"log\": 7, \"text\": \"x\"}\n");
    host_say_register(&out, "f");
    expect_line(&out, "{\"register\": [\"f\"]}\n");
    struct host_message message = read_line("{\"register\": [\"f\", \"g\"], \"heartbeat\": 2.5}");
    assert_int_equal(message.verb, HOST_REGISTER);
    assert_true(message.heartbeat == 2.5);
    assert_int_equal(json_array_size(message.names), 2);
    host_message_release(&message);
    message = read_line("{\"heartbeat\": true}");
    assert_int_equal(message.verb, HOST_HEARTBEAT);
    host_message_release(&message);
    message = read_line("{\"checked\": 8}");
    assert_null(message.error);
    host_message_release(&message);
}

static void rubbish_is_refused_with_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *line, *why;
    } rubbish[] = {
        {"", "no JSON"},
        {"hello", "no JSON"},
        {"{\"pong\": 1", "no JSON"},
        {"{\"pong\": 1} x", "no JSON"},
        {"{\"pong\": \"\xff\"}", "no JSON"},
        {"[1]", "a JSON object is expected"},
        {"{}", "no message that is known"},
        {"{\"frobnicate\": 1}", "no message that is known"},
        {"{\"pong\": \"1\"}", "\"pong\" must be a number"},
        {"{\"satisfied\": -1}", "\"satisfied\" must be a number"},
        {"{\"satisfied\": 1.5}", "\"satisfied\" must be a number"},
        {"{\"satisfied\": 1e30}", "\"satisfied\" must be a number"},
        {"{\"satisfied\": 99999999999999999999}", "\"satisfied\" must be a number"},
        {"{\"satisfied\": 1, \"results\": []}", "\"results\" of \"satisfied\" must be an object"},
        {"{\"not_yet\": 1, \"after\": \"x\"}", "\"after\" of \"not_yet\" must be a number"},
        {"{\"fail\": 1}", "\"fail\" without error"},
        {"{\"fail\": 1, \"error\": 2}", "\"error\" of \"fail\" must be a text"},
        {"{\"log\": 1}", "\"log\" without text"},
        {"{\"register\": []}", "must be a list of names"},
        {"{\"register\": [1]}", "must be a list of names"},
        {"{\"register\": \"f\"}", "must be a list of names"},
        {"{\"start\": 1}", "\"start\" without function"},
    };
    for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++) {
        struct host_message message;
        struct error error = {0};
        int result = host_message_read(rubbish[i].line, strlen(rubbish[i].line), &message, &error);
        assert_int_equal(result, -EBADMSG);
        if (!strstr(error.text, rubbish[i].why))
            fail_msg("%s: %s", rubbish[i].line, error.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_are_typed_as_python_reads_them),
        cmocka_unit_test(a_call_comes_through_as_it_was),
        cmocka_unit_test(calls_that_cannot_be_are_refused),
        cmocka_unit_test(answers_come_through_as_they_were),
        cmocka_unit_test(a_plugin_that_wakes_says_that_it_watches),
        cmocka_unit_test(results_that_are_too_large_are_an_error),
        cmocka_unit_test(the_short_ones),
        cmocka_unit_test(rubbish_is_refused_with_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

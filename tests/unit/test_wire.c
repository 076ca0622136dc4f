/* The wire form: what is written is read, and nothing else is let in. */
#include "base/memory.h"
#include "scheduler/net/wire.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static void a_request_is_read_as_written(void **state)
{
    (void)state;
    struct text text = {0};
    struct error error = {0};
    struct wire_request request;
    json_t *args = json_pack("{s:[s]}", "ids", "1/a");
    wire_request_write("trigger", args, "rouse", 0, true, &text);
    assert_int_equal(wire_request_read(text.at, text.n, &request, &error), 0);
    assert_string_equal(request.command, "trigger");
    assert_true(json_equal(request.args, args));
    assert_true(request.stream);
    assert_null(request.id);
    wire_request_release(&request);
    json_decref(args);
    text_release(&text);
}

static void what_cylc_sends_is_understood(void **state)
{
    (void)state;
    struct error error = {0};
    struct wire_request request;
    const char *text = "{\"command\": \"ping\", \"args\": {}, \"meta\": {\"prog\": \"ping\", "
                       "\"host\": \"h\", \"comms_timeout\": 5.0}, \"id\": [7]}";
    assert_int_equal(wire_request_read(text, strlen(text), &request, &error), 0);
    assert_false(request.stream);
    assert_true(json_is_array(request.id));
    wire_request_release(&request);
}

static void what_is_no_request_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "x",
        "\xff\xfe",
        "[]",
        "3",
        "{}",
        "{\"command\": 3}",
        "{\"command\": \"\"}",
        "{\"command\": \"ping\", \"args\": []}",
        "{\"command\": \"ping\"} trailing",
        "{\"command\": \"ping\", \"command\": \"stop\"}",
        "{\"command\": \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error error = {0};
        struct wire_request request;
        assert_int_equal(wire_request_read(bad[i], strlen(bad[i]), &request, &error), -EBADMSG);
        assert_non_null(strstr(error.text, "bad request"));
    }
}

static void a_request_that_is_too_large_is_refused_unread(void **state)
{
    (void)state;
    struct error error = {0};
    struct wire_request request;
    assert_int_equal(wire_request_read("", WIRE_REQUEST_MAX + 1, &request, &error), -EMSGSIZE);
    assert_non_null(strstr(error.text, "4194304"));
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    struct error error = {0};
    struct wire_request request;
    struct text text = {0};
    text_add(&text, "{\"command\":\"ping\",\"args\":");
    for (int i = 0; i < 100000; i++)
        text_add(&text, "{\"a\":");
    assert_int_equal(wire_request_read(text.at, text.n, &request, &error), -EBADMSG);
    text_release(&text);
}

static void answers_are_read_as_written(void **state)
{
    (void)state;
    struct error error = {0};
    struct wire_answer answer;
    struct text text = {0};
    json_t *id = json_integer(7);
    wire_data_write(id, "1,2", slice_of("{\"a\":1}"), &text);
    assert_string_equal(text_string(&text), "{\"id\":7,\"chunks\":[1,2],\"data\":{\"a\":1}}");
    assert_int_equal(wire_answer_read(text.at, text.n, &answer, &error), 0);
    assert_int_equal(answer.kind, WIRE_DATA);
    assert_int_equal(json_array_size(answer.chunks), 2);
    wire_answer_release(&answer);

    text_clear(&text);
    wire_chunk_write(NULL, slice_of("\"half\""), &text);
    assert_int_equal(wire_answer_read(text.at, text.n, &answer, &error), 0);
    assert_int_equal(answer.kind, WIRE_CHUNK);
    assert_string_equal(json_string_value(answer.value), "half");
    wire_answer_release(&answer);

    text_clear(&text);
    wire_error_write(NULL, "no \"such\"\ntask", &text);
    assert_int_equal(wire_answer_read(text.at, text.n, &answer, &error), 0);
    assert_int_equal(answer.kind, WIRE_ERROR);
    assert_string_equal(answer.message, "no \"such\"\ntask");
    wire_answer_release(&answer);

    text_clear(&text);
    wire_data_write(NULL, "", (struct slice){0}, &text);
    assert_string_equal(text_string(&text), "{\"data\":null}");
    text_release(&text);
    json_decref(id);
}

static void an_answer_that_is_none_is_refused(void **state)
{
    static const char *const bad[] = {"", "nonsense", "{}", "{\"id\": 1}"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error error = {0};
        struct wire_answer answer;
        assert_int_equal(wire_answer_read(bad[i], strlen(bad[i]), &answer, &error), -EBADMSG);
    }
}

static void a_jobs_messages_are_read_as_written(void **state)
{
    (void)state;
    const struct wire_message said[] = {
        {.severity = 1, .text = "one", .when = 1700000000123456, .offset = 77},
        {.severity = 4, .text = "t\xc3\xb6o \"x\"", .when = 5, .offset = -1}};
    struct error error = {0};
    struct wire_message read;
    const char *job;
    size_t n;
    json_t *args = wire_messages_write("1/a/01", said, 2);
    assert_int_equal(wire_messages_check(args, &job, &n, &error), 0);
    assert_string_equal(job, "1/a/01");
    assert_int_equal(n, 2);
    for (size_t i = 0; i < n; i++) {
        wire_message_get(args, i, &read);
        assert_int_equal(read.severity, said[i].severity);
        assert_string_equal(read.text, said[i].text);
        assert_true(read.when == said[i].when && read.offset == said[i].offset);
    }
    json_decref(args);
}

static void bytes_that_are_no_text_are_still_said(void **state)
{
    (void)state;
    const struct wire_message said = {.severity = 1, .text = "caf\xe9", .offset = -1};
    struct wire_message read;
    json_t *args = wire_messages_write("1/a/01", &said, 1);
    wire_message_get(args, 0, &read);
    assert_string_equal(read.text, "caf?");
    json_decref(args);
}

static void bad_messages_of_jobs_are_refused(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"job\": \"1/a/01\"}",
        "{\"job\": \"1/a/01\", \"messages\": []}",
        "{\"job\": \"\", \"messages\": [{\"text\": \"x\", \"when\": 1}]}",
        "{\"job\": \"1/a/01\", \"messages\": [3]}",
        "{\"job\": \"1/a/01\", \"messages\": [{\"when\": 1}]}",
        "{\"job\": \"1/a/01\", \"messages\": [{\"text\": \"x\"}]}",
        "{\"job\": \"1/a/01\", \"messages\": [{\"text\": \"x\", \"when\": 1, \"offset\": \"y\"}]}",
        "{\"job\": \"1/a/01\", \"messages\": [{\"text\": \"x\", \"when\": 1, \"severity\": 3}]}",
        ("{\"job\": \"1/a/01\", \"messages\": [{\"text\": \"x\", \"when\": 1},"
         " {\"text\": \"x\", \"when\": 1, \"severity\": \"LOUD\"}]}")};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error error = {0};
        const char *job;
        size_t n;
        json_t *args = json_loads(bad[i], 0, NULL);
        assert_non_null(args);
        assert_int_equal(wire_messages_check(args, &job, &n, &error), -EBADMSG);
        json_decref(args);
    }
}

static void too_many_messages_are_refused(void **state)
{
    (void)state;
    struct error error = {0};
    const char *job;
    size_t n;
    json_t *messages = json_array();
    for (int i = 0; i <= WIRE_MESSAGES_MAX; i++)
        json_array_append_new(messages, json_pack("{s:s,s:i}", "text", "x", "when", 1));
    json_t *args = json_pack("{s:s,s:o}", "job", "1/a/01", "messages", messages);
    assert_int_equal(wire_messages_check(args, &job, &n, &error), -EMSGSIZE);
    json_decref(args);
}

static void severities_have_names(void **state)
{
    (void)state;
    assert_int_equal(wire_severity("DEBUG"), 0);
    assert_int_equal(wire_severity("warning"), 2);
    assert_int_equal(wire_severity("NORMAL"), 1);
    assert_int_equal(wire_severity("loud"), -1);
    assert_int_equal(wire_severity(""), -1);
    assert_int_equal(wire_severity(NULL), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_read_as_written),
        cmocka_unit_test(what_cylc_sends_is_understood),
        cmocka_unit_test(what_is_no_request_is_refused),
        cmocka_unit_test(a_request_that_is_too_large_is_refused_unread),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(answers_are_read_as_written),
        cmocka_unit_test(an_answer_that_is_none_is_refused),
        cmocka_unit_test(a_jobs_messages_are_read_as_written),
        cmocka_unit_test(bytes_that_are_no_text_are_still_said),
        cmocka_unit_test(bad_messages_of_jobs_are_refused),
        cmocka_unit_test(too_many_messages_are_refused),
        cmocka_unit_test(severities_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

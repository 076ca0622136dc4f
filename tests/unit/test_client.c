/* The client against the server of the fixture: requests at once, streams. */
#include "tests/lib/server_fixture.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/banned.h"

/* Six requests at once over one connection; the stand-in answers the last of them first. */
static void answers_are_matched_in_any_order(void **state)
{
    enum { REQUESTS_AT_ONCE = 6 };
    struct error error = {0};
    struct client *client = open_client(*state, 0, &error);
    uint64_t requests[REQUESTS_AT_ONCE];
    for (int i = 0; i < REQUESTS_AT_ONCE; i++) {
        json_t *args = json_pack("{s:i}", "i", i);
        const char *command = i + 1 < REQUESTS_AT_ONCE ? "later" : "now";
        assert_int_equal(client_send(client, command, args, false, &requests[i], &error), 0);
        json_decref(args);
    }
    for (int k = 0; k < REQUESTS_AT_ONCE; k++) {
        int i = (k * 5 + 2) % REQUESTS_AT_ONCE; /* waited for in yet another order */
        struct wire_answer answer;
        assert_int_equal(client_wait(client, requests[i], 0, &answer, &error), 0);
        assert_int_equal(answer.kind, WIRE_DATA);
        assert_int_equal(json_integer_value(json_object_get(answer.value, "i")), i);
        wire_answer_release(&answer);
        assert_int_equal(client_wait(client, requests[i], 0, &answer, &error), -EINVAL);
    }
    client_close(client);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Six that take 1 to 6 seconds, one after the other 21 s, take 6 s together. */
static void requests_at_once_take_as_long_as_the_longest(void **state)
{
    struct error error = {0};
    struct client *client = open_client(*state, 10000, &error);
    uint64_t requests[6];
    int64_t began = now_ms();
    for (int i = 0; i < 6; i++) {
        json_t *args = json_pack("{s:i}", "ms", 1000 * (i + 1));
        assert_int_equal(client_send(client, "after", args, false, &requests[i], &error), 0);
        json_decref(args);
    }
    assert_true(now_ms() - began < 1000); /* nothing was waited for */
    for (int i = 5; i >= 0; i--) {
        struct wire_answer answer;
        assert_int_equal(client_wait(client, requests[i], 0, &answer, &error), 0);
        wire_answer_release(&answer);
    }
    int64_t took = now_ms() - began;
    assert_true(took >= 6000);
    assert_true(took < 9000);
    client_close(client);
}

static void an_answer_may_be_waited_for_again(void **state)
{
    struct error error = {0};
    struct client *client = open_client(*state, 0, &error);
    uint64_t slow, quick;
    struct wire_answer answer;
    assert_int_equal(client_send(client, "later", NULL, false, &slow, &error), 0);
    assert_int_equal(client_wait(client, slow, 50, &answer, &error), -ETIMEDOUT);
    assert_int_equal(client_send(client, "now", NULL, false, &quick, &error), 0);
    assert_int_equal(client_wait(client, slow, 0, &answer, &error), 0);
    wire_answer_release(&answer);
    assert_int_equal(client_wait(client, 0, 0, &answer, &error), 0);
    assert_int_equal(answer.id, quick);
    wire_answer_release(&answer);
    client_close(client);
}

/* A chunk counts as taken when the next one is asked for; the rest can be done without. */
static void a_reader_says_what_it_has_taken(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    struct client *client = open_client(f, 0, &error);
    uint64_t request;
    struct wire_answer answer;
    assert_int_equal(client_send(client, "dump", NULL, true, &request, &error), 0);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(client_wait(client, request, 0, &answer, &error), 0);
        assert_int_equal(answer.kind, WIRE_CHUNK);
        assert_int_equal(json_integer_value(answer.value), i);
        wire_answer_release(&answer);
    }
    client_cancel(client, request);
    assert_int_equal(client_wait(client, request, 0, &answer, &error), -EINVAL);
    client_close(client);
    assert_serves(f);
    assert_int_equal(f->cancelled, 1);
}

static void subscribing_needs_a_stream(void **state)
{
    struct error error = {0};
    assert_int_equal(request(*state, "subscribe", NULL, 0, NULL, &error), -EREMOTEIO);
    assert_non_null(strstr(error.text, "ask for a stream"));
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, server_set_up, server_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(answers_are_matched_in_any_order),  CASE(requests_at_once_take_as_long_as_the_longest),
        CASE(an_answer_may_be_waited_for_again), CASE(a_reader_says_what_it_has_taken),
        CASE(subscribing_needs_a_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

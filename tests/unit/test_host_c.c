/* The host of a plugin in C, without its process: what it is told and what it answers. */
#include "base/memory.h"
#include "xtriggers/host_c.h"
#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define PLUGIN(name) ROUSE_BINARY_DIR "/tests/plugins/" name ".so"

static struct host_c *host;
static struct text out;
static unsigned wakes;

static double now(void *context)
{
    (void)context;
    return 1000;
}

static uint64_t dice(void *context)
{
    (void)context;
    return 4;
}

static void woken(void *context)
{
    (void)context;
    wakes++;
}

static const struct host_c_world world = {now, dice, woken, NULL};

static void expect(const char *lines)
{
    assert_string_equal(text_string(&out), lines);
    text_clear(&out);
}

static int begin(void **state)
{
    struct error error = {0};
    (void)state;
    wakes = 0;
    host = host_c_create(PLUGIN("probe"), &world, &out, &error);
    assert_non_null(host);
    expect("{\"register\": [\"probe\"]}\n");
    return 0;
}

static int end(void **state)
{
    (void)state;
    host_c_destroy(host);
    text_release(&out);
    return 0;
}

static int hear(const char *line, struct error *error)
{
    struct host_message message;
    int result = host_message_read(line, strlen(line), &message, error);
    assert_int_equal(result, 0);
    result = host_c_hear(host, &message, &out, error);
    host_message_release(&message);
    return result;
}

static void tell(const char *line)
{
    struct error error = {0};
    if (hear(line, &error) < 0)
        fail_msg("%s", error.text);
}

static void start(int number, const char *arguments)
{
    char *line = str_format("{\"start\": %d, \"signature\": \"s\", \"function\": \"probe\", %s}",
                            number, arguments);
    tell(line);
    free(line);
}

static void it_is_asked_and_answers(void **state)
{
    (void)state;
    tell("{\"hello\": 1, \"run_dir\": \"/run\", \"workflow\": \"w\"}");
    start(1, "\"args\": [\"after\"], \"kwargs\": {\"n\": 3, \"x\": 7}");
    expect("{\"log\": 1, \"text\": \"not yet\"}\n{\"not_yet\": 1, \"after\": 7}\n");
    start(1, "\"args\": [\"after\"], \"kwargs\": {\"n\": 3, \"x\": 7}");
    text_clear(&out);
    start(1, "\"args\": [\"after\"], \"kwargs\": {\"n\": 3, \"x\": 7}");
    expect("{\"satisfied\": 1, \"results\": {\"calls\": \"3\", \"tricky\": "
           "\"a\\\"b\\\\c\\u000a\"}}\n");
    /* Its answer has crossed another start. */
    start(1, "\"args\": [\"after\"], \"kwargs\": {\"n\": 3, \"x\": 7}");
    expect("");
    tell("{\"kept\": 1}");
    expect("{\"log\": 1, \"text\": \"kept\"}\n");
    tell("{\"cancel\": 1}");
    tell("{\"cancel\": 1}");
    tell("{\"kept\": 1}");
    expect("");
}

static void wrong_arguments_are_refused(void **state)
{
    (void)state;
    start(1, "\"args\": [\"bad\"], \"kwargs\": {}");
    expect("{\"fail\": 1, \"error\": \"s: `bad` is no way to wait; usage: probe(how, n=1, x=0, "
           "path='')\"}\n");
    tell("{\"check\": 2, \"function\": \"probe\", \"args\": [\"bad\"], \"kwargs\": {}}");
    assert_non_null(strstr(text_string(&out), "{\"checked\": 2, \"error\": "));
    text_clear(&out);
    tell("{\"check\": 3, \"function\": \"probe\", \"args\": [], \"kwargs\": {}}");
    expect("{\"checked\": 3}\n");
    tell("{\"start\": 4, \"signature\": \"s\", \"function\": \"other\", \"args\": [], \"kwargs\": "
         "{}}");
    expect("{\"fail\": 4, \"error\": \"there is no \\\"other\\\" in this plugin\"}\n");
    tell("{\"ping\": 5}");
    expect("{\"pong\": 5}\n");
}

static void one_that_wakes_is_asked_again_by_itself(void **state)
{
    (void)state;
    start(1, "\"args\": [\"wake\"], \"kwargs\": {\"n\": 4}");
    expect("{\"log\": 1, \"text\": \"not yet\"}\n{\"watching\": 1}\n");
    assert_int_equal(wakes, 1);
    host_c_ask_woken(host, &out); /* that it watches is not said again */
    expect("{\"log\": 1, \"text\": \"not yet\"}\n");
    host_c_ask_woken(host, &out);
    text_clear(&out);
    host_c_ask_woken(host, &out);
    assert_non_null(strstr(text_string(&out), "{\"satisfied\": 1, "));
    text_clear(&out);
    host_c_ask_woken(host, &out);
    expect("");
}

/* Any time, from outside of its functions. */
static void a_wake_may_come_from_anywhere(void **state)
{
    (void)state;
    void *library = dlopen(PLUGIN("probe"), RTLD_NOW | RTLD_NOLOAD);
    union {
        void *symbol;
        void (*function)(void);
    } entry = {dlsym(library, "probe_wake")};
    assert_non_null(entry.symbol);
    start(7, "\"args\": [\"push\"], \"kwargs\": {\"n\": 2}");
    text_clear(&out);
    host_c_ask_woken(host, &out);
    expect("");
    entry.function();
    assert_int_equal(wakes, 1);
    host_c_ask_woken(host, &out);
    assert_non_null(strstr(text_string(&out), "{\"satisfied\": 7, "));
    dlclose(library);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    struct error error = {0};
    assert_int_equal(hear("{\"pong\": 1}", &error), -EBADMSG);
    assert_string_equal(error.text, "\"pong\" is not for a host to hear");
}

static void what_is_no_plugin_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *path, *why;
    } bad[] = {{PLUGIN("other_abi"), "made for version"},
               {PLUGIN("nameless"), "name, usage or ask is missing"},
               {PLUGIN("no_plugin"), "exports no rouse_xtrigger_v1"},
               {PLUGIN("second_echo"), "there is already an xtrigger \"echo\""},
               {PLUGIN("nowhere"), "cannot load the plugin"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error error = {0};
        assert_null(host_c_create(bad[i].path, &world, &out, &error));
        if (!strstr(error.text, bad[i].why))
            fail_msg("%s", error.text);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_asked_and_answers),
        TEST(wrong_arguments_are_refused),
        TEST(one_that_wakes_is_asked_again_by_itself),
        TEST(a_wake_may_come_from_anywhere),
        TEST(what_makes_no_sense_is_refused),
        cmocka_unit_test(what_is_no_plugin_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

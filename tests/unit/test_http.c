/* The http xtrigger's parts: what becomes of JSON and forms, where hooks listen. */
#include "base/memory.h"
#include "base/text.h"
#include "tests/lib/home.h"
#include "xtriggers/builtins.h"
#include "xtriggers/call.h"
#include "xtriggers/http_json.h"
#include "xtriggers/http_listen.h"
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

static int setup(void **state)
{
    char *home = home_make();
    home_write(home, ".service/here", "");
    *state = home;
    return 0;
}

static int teardown(void **state)
{
    home_remove(*state);
    return 0;
}

/* --- JSON --- */

static void expect_member(const json_t *whole, const char *path, const char *expected)
{
    const json_t *value = http_member(whole, path);
    char *text = value ? http_text(value) : NULL;
    if (!text != !expected || (text && strcmp(text, expected) != 0))
        fail_msg("%s: %s", path, text ? text : "nothing");
    free(text);
}

static void members_are_found_by_their_path(void **state)
{
    (void)state;
    json_t *whole =
        json_loads("{\"a\": {\"b\": [1, {\"c\": \"x\"}], \"t\": true}, \"n\": null}", 0, NULL);
    expect_member(whole, "a.b.0", "1");
    expect_member(whole, "a.b.1.c", "x");
    expect_member(whole, "a.t", "True");
    expect_member(whole, "n", "None");
    expect_member(whole, "a.b", "[1,{\"c\":\"x\"}]");
    expect_member(whole, "a.b.2", NULL);
    expect_member(whole, "a.b.x", NULL);
    expect_member(whole, "a.b.-1", NULL);
    expect_member(whole, "a.b.0.c", NULL);
    expect_member(whole, "n.x", NULL);
    expect_member(whole, "b", NULL);
    json_decref(whole);
}

static void expect_posted(const char *type, const char *bytes, const char *expected)
{
    struct error error = {0};
    json_t *object = http_posted(type, bytes, strlen(bytes), &error);
    if (!expected) {
        assert_null(object);
        assert_int_equal(error.code, -EINVAL);
        return;
    }
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, expected);
    free(text);
    json_decref(object);
}

static void what_is_posted_becomes_results(void **state)
{
    (void)state;
    static const char form[] = "application/x-www-form-urlencoded", json[] = "application/json";
    expect_posted(json, "{\"a\": 1}", "{\"a\":1}");
    expect_posted("application/json; charset=utf-8", "[1]", "{\"content\":[1]}");
    expect_posted(form, "{\"a\": 1}", "{\"a\":1}"); /* as curl -d says */
    expect_posted(NULL, "{\"a\": 1}", "{\"a\":1}");
    expect_posted(json, "{\"a\": ", NULL);
    expect_posted(json, "x", NULL);
    expect_posted(NULL, "{x", "{\"content\":\"{x\"}");
    expect_posted(form, "a=1&b=x+y%21&c", "{\"a\":\"1\",\"b\":\"x y!\"}");
    expect_posted(form, "a=%", "{\"a\":\"%\"}");
    expect_posted(form, "a=%4", "{\"a\":\"%4\"}");
    expect_posted(form, "a=%zz%41", "{\"a\":\"%zzA\"}");
    expect_posted(form, "a=%ff", "{\"a\":\"(not text)\"}");
    expect_posted(form, "=1&&a=", "{\"a\":\"\"}");
    expect_posted(form, "plain", "{\"content\":\"plain\"}");
    expect_posted("text/plain", "a=1", "{\"content\":\"a=1\"}");
    expect_posted("text/plain", "\xff", "{\"content\":\"(not text)\"}");
    expect_posted(json, "", "{}");
    expect_posted(NULL, "", "{}");
}

/* Whatever the bytes are, there is an answer. */
static void garbage_is_survived(void **state)
{
    (void)state;
    static const char alphabet[] = "{}[]\":,a1%&=+\\\xc3\xbc";
    unsigned random = 3;
    for (int round = 0; round < 20000; round++) {
        char bytes[16];
        size_t n = 0;
        for (random = random * 1103515245u + 12345u; n < random / 65536 % sizeof bytes; n++)
            bytes[n] = alphabet[(random >> (n % 16)) % (sizeof alphabet - 1)];
        struct error error = {0};
        const char *types[] = {NULL, "application/json", "application/x-www-form-urlencoded"};
        json_t *object = http_posted(types[round % 3], bytes, n, &error);
        assert_true(json_is_object(object) || error.code < 0);
        json_decref(object);
    }
}

static void content_is_cut_between_characters(void **state)
{
    (void)state;
    struct call call;
    struct error error = {0};
    assert_int_equal(call_init(&call, "http()", NULL, &error), 0);
    struct text long_text = {0};
    text_add(&long_text, "x");
    while (long_text.n < HTTP_CONTENT_MAX + 100)
        text_add(&long_text, "\xc3\xbc");
    http_content(&call.call, long_text.at, long_text.n);
    static const char around[] = "\"content\": \"\"";
    assert_int_equal(call.results.n, HTTP_CONTENT_MAX - 1 + sizeof around - 1);
    text_release(&long_text);
    call_release(&call);
}

/* --- arguments --- */

static void expect_invalid(const char *text, const char *says)
{
    struct call call;
    struct error error = {0};
    assert_int_equal(call_init(&call, text, NULL, &error), 0);
    int result = call_validate(&call, &xtrigger_http, &error);
    if (says ? result == 0 || !strstr(error.text, says) : result != 0)
        fail_msg("%s: %s", text, error.text);
    call_release(&call);
}

static void arguments_are_checked(void **state)
{
    (void)state;
    expect_invalid("http(\"http://h/%(point)s\", status=2xx, timeout=1.5)", NULL);
    expect_invalid("http(\"https://h\", status=204, json=a.b, equals=1, header=\"A: b\")", NULL);
    expect_invalid("http(hook=\"a/%(point)s\", port=8080, bind=\"::1\", secret=\"@x\")", NULL);
    expect_invalid("http(\"http:///x\")", "`url` must");
    expect_invalid("http(\"http://h/a b\")", "`url` must");
    expect_invalid("http(\"http://h/\", status=6xx)", "`status` must");
    expect_invalid("http(\"http://h/\", status=20)", "`status` must");
    expect_invalid("http(\"http://h/\", method=get)", "`method` must");
    expect_invalid("http(\"http://h/\", timeout=1h)", "`timeout` must");
    expect_invalid("http(\"http://h/\", secret=x)", "belong to a `hook`");
    expect_invalid("http(hook=\"a b\")", "`hook` must");
    expect_invalid("http(hook=\"a?b\")", "`hook` must");
    expect_invalid("http(hook=a, port=1.5)", "`port` must");
    expect_invalid("http(hook=a, port=-1)", "`port` must");
    expect_invalid("http(hook=a, secret=\"\")", "`secret` is empty");
    expect_invalid("http(hook=a, header=\"A: b\")", "only `port`, `bind` and `secret`");
}

/* --- listening --- */

static void a_free_port_is_kept_and_told(void **state)
{
    const char *home = *state;
    struct error error = {0};
    char *url = NULL, *again = NULL;
    int fd = http_listen(home, "127.0.0.1", 0, &url, &error);
    if (fd < 0)
        fail_msg("%s", error.text);
    char *told = home_read(home, ".service/hooks-0");
    assert_int_equal(strncmp(told, url, strlen(url)), 0);
    assert_string_equal(told + strlen(url), "\n");
    close(fd);
    fd = http_listen(home, "127.0.0.1", 0, &again, &error);
    assert_true(fd >= 0);
    assert_string_equal(again, url);
    free(again);
    int other = http_listen(home, "127.0.0.1", 0, &again, &error); /* that one is taken */
    assert_true(other >= 0);
    assert_string_not_equal(again, url);
    close(other);
    close(fd);
    free(told);
    free(again);
    free(url);
}

static void what_cannot_be_listened_to_is_told(void **state)
{
    const char *home = *state;
    struct error error = {0};
    char *url = NULL, *other = NULL;
    int fd = http_listen(home, "127.0.0.1", 0, &url, &error);
    assert_true(fd >= 0);
    unsigned port = (unsigned)strtoul(strrchr(url, ':') + 1, NULL, 10);
    assert_int_equal(http_listen(home, "127.0.0.1", port, &other, &error), -EADDRINUSE);
    assert_non_null(strstr(error.text, "Address already in use"));
    assert_int_equal(http_listen(home, "192.0.2.1", 0, &other, &error), -EADDRNOTAVAIL);
    assert_null(other);
    close(fd);
    free(url);
    assert_true(http_listen("/no/such/directory", "127.0.0.1", 0, &other, &error) < 0);
    assert_non_null(strstr(error.text, "cannot write /no/such/directory/.service/hooks-0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_found_by_their_path),
        cmocka_unit_test(what_is_posted_becomes_results),
        cmocka_unit_test(garbage_is_survived),
        cmocka_unit_test(content_is_cut_between_characters),
        cmocka_unit_test(arguments_are_checked),
        cmocka_unit_test_setup_teardown(a_free_port_is_kept_and_told, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_listened_to_is_told, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Taking signatures apart, what a plugin may say, the loader and the built-in xtriggers. */
#include "base/memory.h"
#include "tests/lib/home.h"
#include "xtriggers/builtins.h"
#include "xtriggers/call.h"
#include "xtriggers/loader.h"
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

/* --- signatures --- */

/* "FUNCTION|value|name=value..." */
static void expect_call(const char *signature, const char *expected)
{
    struct call call;
    struct error error = {0};
    if (call_init(&call, signature, NULL, &error) < 0)
        fail_msg("%s: %s", signature, error.text);
    struct text out = {0};
    text_add(&out, call.function);
    for (size_t i = 0; i < call.call.n; i++)
        text_addf(&out, "|%s%s%s", call.call.names[i] ? call.call.names[i] : "",
                  call.call.names[i] ? "=" : "", call.call.values[i]);
    assert_string_equal(text_string(&out), expected);
    assert_string_equal(call.call.signature, signature);
    text_release(&out);
    call_release(&call);
}

static void signatures_are_taken_apart(void **state)
{
    (void)state;
    expect_call("f()", "f");
    expect_call("f( )", "f");
    expect_call("f(a)", "f|a");
    expect_call("f(a, b=c,d )", "f|a|b=c|d");
    expect_call("f(a=b=c)", "f|a=b=c");
    expect_call("f('a, b', \"c)\", d = 'e f')", "f|a, b|c)|d=e f");
    expect_call("f('it\\'s', \"a\\\\b\", '')", "f|it's|a\\b|");
    expect_call("f(a b , c)", "f|a b|c");
    expect_call("f([1, 2], x=(3, 4), {5: [6]})", "f|[1, 2]|x=(3, 4)|{5: [6]}");
    expect_call("f(a=)", "f|a=");
    expect_call("f(\xc3\xbc='\xe2\x82\xac')", "f|\xc3\xbc=\xe2\x82\xac");
    expect_call("wall_clock(trigger_time=-1)", "wall_clock|trigger_time=-1");
}

static void what_is_no_call_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",        "f",       "(a)",      "f(",    "f(a",
                                      "f('a)",   "f(a) b",  "f('a' b)", "f((a)", "f('a",
                                      "f(a)(b)", "f(\"a')", "f(a='b)",  "f(a))", "f(x=[1, 2)"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct call call;
        struct error error = {0};
        if (call_init(&call, bad[i], NULL, &error) == 0)
            fail_msg("\"%s\" is taken for a call", bad[i]);
        assert_int_equal(error.code, -EINVAL);
    }
}

static char *with_arguments(int n)
{
    struct text signature = {0};
    for (int i = 0; i < n; i++)
        text_addf(&signature, "%sx=", i ? "," : "f(");
    text_add(&signature, ")");
    return text_take(&signature);
}

static void the_number_of_arguments_is_limited(void **state)
{
    (void)state;
    struct call call;
    struct error error = {0};
    char *signature = with_arguments(CALL_ARGUMENTS_MAX);
    assert_int_equal(call_init(&call, signature, NULL, &error), 0);
    assert_int_equal(call.call.n, CALL_ARGUMENTS_MAX);
    call_release(&call);
    free(signature);
    signature = with_arguments(CALL_ARGUMENTS_MAX + 1);
    assert_int_equal(call_init(&call, signature, NULL, &error), -E2BIG);
    free(signature);
}

/* Whatever the bytes are, there is an answer and no byte is touched that is not ours. */
static void garbage_is_survived(void **state)
{
    (void)state;
    static const char alphabet[] = "f(a)'\"\\=,[] \t({})";
    unsigned random = 7;
    for (int round = 0; round < 20000; round++) {
        char signature[24];
        size_t n = 0;
        random = random * 1103515245u + 12345u;
        size_t length = random / 65536 % (sizeof signature - 3);
        signature[n++] = 'f';
        signature[n++] = '(';
        while (n < length) {
            random = random * 1103515245u + 12345u;
            signature[n++] = alphabet[random / 65536 % (sizeof alphabet - 1)];
        }
        signature[n] = '\0';
        struct call call;
        struct error error = {0};
        if (call_init(&call, signature, NULL, &error) == 0)
            call_release(&call);
        else
            assert_true(*error.text);
    }
}

static void arguments_are_found_by_name_or_place(void **state)
{
    (void)state;
    struct call call;
    struct error error = {0};
    assert_int_equal(call_init(&call, "f(one, name=n, two)", NULL, &error), 0);
    assert_string_equal(call_argument(&call.call, "name", 0), "one");
    assert_string_equal(call_argument(&call.call, "name", 5), "n");
    assert_string_equal(call_argument(&call.call, "x", 1), "two");
    assert_null(call_argument(&call.call, "x", 2));
    assert_true(argument_is_true("True") && argument_is_true("1") && argument_is_true("true"));
    assert_false(argument_is_true("False") || argument_is_true("") || argument_is_true(NULL));
    call_release(&call);
}

/* --- what a plugin may say --- */

static void say_much(struct rouse_call *call)
{
    call->result(call, "k", "1");
    call->result(call, "tricky", "a\"b\\c\n\x01");
    call->result(call, NULL, NULL);
    call->again_after(call, 5);
    call->again_after(call, 3);
    call->again_after(call, 4);
    call->again_after(call, -1);
    call->again_after(call, (double)NAN);
    call->again_at(call, 200);
    call->again_at(call, 100);
    call->again_when_changed(call, "/one");
    call->again_when_changed(call, "/two");
    call->log(call, "line");
    call->log(call, NULL);
}

static enum rouse_verdict chatter(struct rouse_call *call)
{
    say_much(call);
    return ROUSE_NOT_YET;
}

static enum rouse_verdict silent_error(struct rouse_call *call)
{
    (void)call;
    return ROUSE_ERROR;
}

static enum rouse_verdict gush(struct rouse_call *call)
{
    char line[1001];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    for (int i = 0; i < 3000; i++) {
        call->result(call, "k", line);
        call->log(call, line);
    }
    char *reason = mem_new(100000);
    memset(reason, 'y', 99999);
    (call->fail)(call, reason); /* in brackets: cmocka has a macro fail() */
    free(reason);
    return ROUSE_SATISFIED;
}

static void the_earliest_time_counts_and_the_last_path(void **state)
{
    (void)state;
    const struct rouse_xtrigger x = {.ask = chatter};
    struct call call;
    struct error error = {0};
    struct text results = {0};
    assert_int_equal(call_init(&call, "f()", NULL, &error), 0);
    call_ask(&call, &x);
    call_ask(&call, &x); /* nothing is left of the first time */
    assert_true(call.after == 3 && call.at == 100);
    assert_string_equal(text_string(&call.path), "/two");
    assert_string_equal(text_string(&call.log), "line\n");
    call_results(&call, &results);
    assert_string_equal(text_string(&results),
                        "{\"k\": \"1\", \"tricky\": \"a\\\"b\\\\c\\u000a\\u0001\", \"\": \"\"}");
    text_release(&results);
    const struct rouse_xtrigger error_only = {.ask = silent_error};
    call_ask(&call, &error_only);
    assert_string_equal(text_string(&call.failure), "the plugin gave no reason");
    assert_true(call.after < 0 && call.at < 0 && !call.path.n && !call.log.n && !call.results.n);
    call_release(&call);
}

static void a_plugin_that_says_too_much_is_cut_short(void **state)
{
    (void)state;
    const struct rouse_xtrigger x = {.ask = gush};
    struct call call;
    struct error error = {0};
    assert_int_equal(call_init(&call, "f()", NULL, &error), 0);
    call_ask(&call, &x);
    assert_int_equal(call.verdict, ROUSE_ERROR);
    assert_string_equal(text_string(&call.failure), "the results are larger than 1048576 bytes");
    assert_true(call.results.n < 2 * CALL_RESULTS_MAX);
    assert_true(call.log.n < 2 * CALL_LOG_MAX);
    (call.call.fail)(&call.call, text_string(&call.log));
    assert_int_equal(call.failure.n, CALL_REASON_MAX);
    call_release(&call);
}

/* --- the built-in ones --- */

static const struct rouse_xtrigger *builtin(const char *name)
{
    for (size_t i = 0; builtin_xtriggers[i]; i++)
        if (strcmp(builtin_xtriggers[i]->name, name) == 0)
            return builtin_xtriggers[i];
    fail_msg("no %s", name);
    return NULL;
}

struct trial {
    struct call call;
    const struct rouse_xtrigger *xtrigger;
};

static void begin(struct trial *trial, const char *signature)
{
    struct error error = {0};
    assert_int_equal(call_init(&trial->call, signature, NULL, &error), 0);
    trial->xtrigger = builtin(trial->call.function);
    if (call_validate(&trial->call, trial->xtrigger, &error) < 0)
        fail_msg("%s", error.text);
}

static enum rouse_verdict ask_at(struct trial *trial, double now)
{
    trial->call.call.now = now;
    call_ask(&trial->call, trial->xtrigger);
    return trial->call.verdict;
}

static void expect_results(const struct trial *trial, const char *expected)
{
    struct text results = {0};
    call_results(&trial->call, &results);
    assert_string_equal(text_string(&results), expected);
    text_release(&results);
}

static void end(struct trial *trial)
{
    if (trial->xtrigger->drop)
        trial->xtrigger->drop(&trial->call.call);
    call_release(&trial->call);
}

static void expect_invalid(const char *signature, const char *says)
{
    struct call call;
    struct error error = {0};
    assert_int_equal(call_init(&call, signature, NULL, &error), 0);
    assert_int_equal(call_validate(&call, builtin(call.function), &error), -EINVAL);
    if (!strstr(error.text, says) || !strstr(error.text, "; usage: "))
        fail_msg("%s: %s", signature, error.text);
    call_release(&call);
}

static void wall_clock_asks_for_its_time(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, "wall_clock(trigger_time=1000)");
    assert_int_equal(ask_at(&trial, 999.9), ROUSE_NOT_YET);
    assert_true(trial.call.at == 1000 && trial.call.after < 0);
    assert_int_equal(ask_at(&trial, 1000), ROUSE_SATISFIED);
    expect_results(&trial, "{}");
    end(&trial);
    begin(&trial, "wall_clock(trigger_time=-5)");
    assert_int_equal(ask_at(&trial, 0), ROUSE_SATISFIED);
    end(&trial);
    static const char *const bad[] = {"wall_clock()", "wall_clock(trigger_time=nan)",
                                      "wall_clock(trigger_time=inf)", "wall_clock(trigger_time=1h)",
                                      "wall_clock(trigger_time=)"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin(&trial, bad[i]);
        assert_int_equal(ask_at(&trial, 1), ROUSE_ERROR);
        end(&trial);
    }
}

static void arguments_have_the_types_that_python_sees(void **state)
{
    (void)state;
    struct call call;
    struct error error = {0};
    assert_int_equal(
        call_init(&call, "f(1, \"1\", x=-2.5, y=True, None, word, 1e3, '')", "known()", &error), 0);
    static const enum rouse_type types[] = {ROUSE_INTEGER, ROUSE_TEXT, ROUSE_NUMBER, ROUSE_BOOLEAN,
                                            ROUSE_NONE,    ROUSE_TEXT, ROUSE_NUMBER, ROUSE_TEXT};
    assert_int_equal(call.call.n, 8);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(call.call.types[i], types[i]);
    assert_string_equal(call.call.signature, "known()");
    assert_string_equal(call.function, "f");
    call.call.typed_result(&call.call, "a", ROUSE_INTEGER, "7");
    call.call.typed_result(&call.call, "b", ROUSE_INTEGER, "007");
    call.call.typed_result(&call.call, "c", ROUSE_NONE, "None");
    struct text results = {0};
    call_results(&call, &results);
    assert_string_equal(text_string(&results), "{\"a\": 7, \"b\": \"007\", \"c\": null}");
    text_release(&results);
    call_release(&call);
}

static void echo_gives_its_arguments_back(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, "echo(x, name='a \"b\"', succeed=True)");
    assert_int_equal(ask_at(&trial, 0), ROUSE_SATISFIED);
    expect_results(&trial, "{\"name\": \"a \\\"b\\\"\", \"succeed\": true}");
    end(&trial);
    begin(&trial, "echo(succeed=False)");
    assert_int_equal(ask_at(&trial, 0), ROUSE_NOT_YET);
    assert_true(trial.call.after < 0 && trial.call.at < 0 && !trial.call.path.n);
    end(&trial);
    expect_invalid("echo(True)", "`succeed`");
}

static void arguments_that_nobody_knows_are_refused(void **state)
{
    (void)state;
    expect_invalid("xrandom(50, color=red)", "there is no argument `color`");
    expect_invalid("xrandom(50, percent=60)", "the argument `percent` is given twice");
    expect_invalid("xrandom(50, 1, 2, 3)", "too many arguments: \"3\"");
    expect_invalid("file(a, stabel=1)", "there is no argument `stabel`");
    expect_invalid("workflow_state(\"up//1/a\", status=failed)", "there is no argument `status`");
    expect_invalid("suite_state(up, a, 1, is_trigger=True)", "there is no argument `is_trigger`");
    struct trial trial;
    begin(&trial, "xrandom(50, _=20260101T0000Z)");
    end(&trial);
}

static void workflow_state_needs_a_task(void **state)
{
    (void)state;
    static const struct {
        const char *call, *reason;
    } bad[] = {
        {"workflow_state()", "`workflow_task_id` is missing"},
        {"workflow_state(up)", "expected \"WORKFLOW//CYCLE/TASK:SELECTOR\""},
        {"workflow_state(\"up//1\")", "expected \"WORKFLOW//CYCLE/TASK:SELECTOR\""},
        {"workflow_state(\"up//1/a:x\", is_trigger=True, is_message=True)", "exclude each other"},
        {"workflow_state(\"up//1/a\", is_trigger=True)", "need a selector"},
        {"workflow_state(\"up//1/a\", flow_num=x)", "must be a flow number"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct call call;
        struct error error = {0};
        assert_int_equal(call_init(&call, bad[i].call, NULL, &error), 0);
        assert_int_equal(call_validate(&call, &xtrigger_workflow_state, &error), -EINVAL);
        assert_non_null(strstr(error.text, bad[i].reason));
        call_release(&call);
    }
    struct call call;
    struct error error = {0};
    assert_int_equal(call_init(&call, "suite_state(up, a)", NULL, &error), 0);
    assert_int_equal(call_validate(&call, &xtrigger_suite_state, &error), -EINVAL);
    call_release(&call);
}

static void xrandom_is_satisfied_by_chance(void **state)
{
    (void)state;
    struct trial trial;
    unsigned hits = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        begin(&trial, "xrandom(30)");
        trial.call.call.dice = i * (UINT64_MAX / 1000);
        hits += ask_at(&trial, 0) == ROUSE_SATISFIED;
        end(&trial);
    }
    assert_in_range(hits, 295, 305);
    begin(&trial, "xrandom(0)");
    trial.call.call.dice = 0;
    assert_int_equal(ask_at(&trial, 0), ROUSE_NOT_YET);
    end(&trial);
    begin(&trial, "xrandom(percent=100)");
    trial.call.call.dice = UINT64_MAX;
    assert_int_equal(ask_at(&trial, 0), ROUSE_SATISFIED);
    assert_non_null(strstr(text_string(&trial.call.results), "\"COLOR\": \""));
    assert_non_null(strstr(text_string(&trial.call.results), "\"SIZE\": \""));
    end(&trial);
}

static void xrandom_with_secs_keeps_its_answer_back(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, "xrandom(50, secs=7)");
    trial.call.call.dice = UINT64_MAX;
    assert_int_equal(ask_at(&trial, 0), ROUSE_NOT_YET);
    assert_true(trial.call.after < 0); /* missed: at the interval */
    trial.call.call.dice = 0;
    assert_int_equal(ask_at(&trial, 0), ROUSE_NOT_YET);
    assert_true(trial.call.after == 7); /* hit */
    trial.call.call.dice = UINT64_MAX;
    assert_int_equal(ask_at(&trial, 7), ROUSE_SATISFIED);
    end(&trial);
    expect_invalid("xrandom()", "`percent`");
    expect_invalid("xrandom(101)", "`percent`");
    expect_invalid("echo(succeed=maybe)", "`succeed` must be True or False");
    expect_invalid("schedule(\"a//1/b\", oldest=foo)", "`oldest` must be an interval");
    expect_invalid("xrandom(x)", "`percent`");
    expect_invalid("xrandom(nan)", "`percent`");
    expect_invalid("xrandom(1, -1)", "`secs`");
    expect_invalid("xrandom(1, secs=soon)", "`secs`");
}

static void expect_watched(const struct trial *trial, const char *home, const char *path)
{
    char *full = str_format("%s%s", home, path);
    assert_string_equal(text_string(&trial->call.path), full);
    free(full);
}

static void file_watches_the_nearest_directory_there_is(void **state)
{
    const char *home = *state;
    struct trial trial;
    begin(&trial, "file(a/b/c)");
    trial.call.call.run_dir = home;
    assert_int_equal(ask_at(&trial, 0), ROUSE_NOT_YET);
    expect_watched(&trial, home, "");
    home_write(home, "a/x", "");
    assert_int_equal(ask_at(&trial, 0), ROUSE_NOT_YET);
    expect_watched(&trial, home, "/a");
    home_write(home, "a/b/x", "");
    assert_int_equal(ask_at(&trial, 0), ROUSE_NOT_YET);
    expect_watched(&trial, home, "/a/b");
    home_write(home, "a/b/c", "four");
    assert_int_equal(ask_at(&trial, 0), ROUSE_SATISFIED);
    char *results = str_format("{\"path\": \"%s/a/b/c\", \"size\": \"4\"}", home);
    expect_results(&trial, results);
    free(results);
    end(&trial);
    begin(&trial, "file(/no such directory/file)");
    assert_int_equal(ask_at(&trial, 0), ROUSE_NOT_YET);
    assert_string_equal(text_string(&trial.call.path), "/");
    end(&trial);
    begin(&trial, "file(/no such file)");
    assert_int_equal(ask_at(&trial, 0), ROUSE_NOT_YET);
    assert_string_equal(text_string(&trial.call.path), "/");
    end(&trial);
    expect_invalid("file()", "`path`");
    expect_invalid("file('')", "`path`");
    expect_invalid("file(a, -1)", "`stable`");
    expect_invalid("file(a, stable=nan)", "`stable`");
    expect_invalid("file(a, stable=1s)", "`stable`");
}

static void a_stable_file_keeps_its_size_for_a_while(void **state)
{
    const char *home = *state;
    struct trial trial;
    begin(&trial, "file(growing, stable=10)");
    trial.call.call.run_dir = home;
    assert_int_equal(ask_at(&trial, 100), ROUSE_NOT_YET);
    home_write(home, "growing", "1");
    assert_int_equal(ask_at(&trial, 101), ROUSE_NOT_YET);
    assert_true(trial.call.after == 10);
    expect_watched(&trial, home, "");
    home_write(home, "growing", "12");
    assert_int_equal(ask_at(&trial, 105), ROUSE_NOT_YET);
    assert_int_equal(ask_at(&trial, 111), ROUSE_NOT_YET);
    assert_true(trial.call.after == 4);
    /* Removed and written again with the same size, it is another file. */
    char *path = str_format("%s/growing", home);
    assert_int_equal(unlink(path), 0);
    free(path);
    assert_int_equal(ask_at(&trial, 112), ROUSE_NOT_YET);
    home_write(home, "growing", "21");
    assert_int_equal(ask_at(&trial, 120), ROUSE_NOT_YET);
    assert_int_equal(ask_at(&trial, 130), ROUSE_SATISFIED);
    end(&trial);
}

static void a_file_below_a_file_may_still_come(void **state)
{
    const char *home = *state;
    struct trial trial;
    home_write(home, "f", "");
    begin(&trial, "file(f/g)");
    trial.call.call.run_dir = home;
    assert_int_equal(ask_at(&trial, 0), ROUSE_NOT_YET);
    expect_watched(&trial, home, "/f");
    end(&trial);
}

/* --- the loader --- */

static void add_plugin(const char *home, const char *name)
{
    char *from = str_format("%s/tests/plugins/%s.so", ROUSE_BINARY_DIR, name);
    char *to = str_format("%s/lib/xtriggers/%s.so", home, name);
    home_write(home, "lib/xtriggers/README", "not looked at");
    assert_int_equal(symlink(from, to), 0);
    free(to);
    free(from);
}

static char *path_of(const char *home, const char *name)
{
    return str_format("%s/lib/xtriggers/%s.so", home, name);
}

static void what_is_built_in_is_found_by_its_name(void **state)
{
    (void)state;
    struct text names = {0};
    builtin_names(&names);
    assert_ptr_equal(strstr(names.at, "wall_clock, echo, xrandom, file, "), names.at);
    text_release(&names);
    assert_ptr_equal(builtin_find("echo"), &xtrigger_echo);
    assert_null(builtin_find("probe"));
    assert_null(builtin_find(""));
}

static void a_plugin_is_loaded(void **state)
{
    const char *home = *state;
    struct error error = {0};
    struct plugin plugin = {0};
    add_plugin(home, "probe");
    char *path = path_of(home, "probe");
    assert_int_equal(plugin_load(path, &plugin, &error), 0);
    assert_string_equal(plugin.xtrigger->name, "probe");
    plugin_unload(&plugin);
    assert_null(plugin.library);
    plugin_unload(&plugin);
    free(path);
}

static void expect_no_plugin(const char *home, const char *name, const char *says)
{
    struct error error = {0};
    struct plugin plugin = {0};
    char *path = path_of(home, name);
    assert_true(plugin_load(path, &plugin, &error) < 0);
    assert_true(error.code < 0);
    assert_null(plugin.library);
    if (!strstr(error.text, says))
        fail_msg("%s", error.text);
    free(path);
}

static void what_is_no_plugin_is_refused_by_name(void **state)
{
    const char *home = *state;
    static const struct {
        const char *name, *says;
    } bad[] = {{"no_plugin", "no_plugin.so: exports no rouse_xtrigger_v1"},
               {"other_abi", "other_abi.so: made for version 2 of the plugin interface, not 1"},
               {"nameless", "nameless.so: name, usage or ask is missing"},
               {"second_echo", "second_echo.so: there is already an xtrigger \"echo\""}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        add_plugin(home, bad[i].name);
        expect_no_plugin(home, bad[i].name, bad[i].says);
    }
    home_write(home, "lib/xtriggers/text.so", "this is text");
    expect_no_plugin(home, "text", "cannot load the plugin");
    expect_no_plugin(home, "text", "text.so");
}

static void a_run_directory_may_have_any_name(void **state)
{
    const char *home = *state;
    struct plugin_paths paths;
    home_write(home, "odd[1]*?/x", "");
    char *odd = str_format("%s/odd[1]*?", home);
    plugin_paths_find(odd, &paths);
    assert_int_equal(paths.found.gl_pathc, 0);
    plugin_paths_release(&paths);
    add_plugin(odd, "slow");
    add_plugin(odd, "probe");
    plugin_paths_find(odd, &paths);
    assert_int_equal(paths.found.gl_pathc, 2);
    assert_non_null(strstr(paths.found.gl_pathv[0], "lib/xtriggers/probe.so"));
    plugin_paths_release(&paths);
    free(odd);
}

static int setup(void **state)
{
    *state = home_make();
    return 0;
}

static int teardown(void **state)
{
    home_remove(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_are_taken_apart),
        cmocka_unit_test(what_is_no_call_is_refused),
        cmocka_unit_test(the_number_of_arguments_is_limited),
        cmocka_unit_test(garbage_is_survived),
        cmocka_unit_test(arguments_are_found_by_name_or_place),
        cmocka_unit_test(the_earliest_time_counts_and_the_last_path),
        cmocka_unit_test(a_plugin_that_says_too_much_is_cut_short),
        cmocka_unit_test(wall_clock_asks_for_its_time),
        cmocka_unit_test(arguments_have_the_types_that_python_sees),
        cmocka_unit_test(echo_gives_its_arguments_back),
        cmocka_unit_test(arguments_that_nobody_knows_are_refused),
        cmocka_unit_test(workflow_state_needs_a_task),
        cmocka_unit_test(xrandom_is_satisfied_by_chance),
        cmocka_unit_test(xrandom_with_secs_keeps_its_answer_back),
        cmocka_unit_test_setup_teardown(file_watches_the_nearest_directory_there_is, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_stable_file_keeps_its_size_for_a_while, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_below_a_file_may_still_come, setup, teardown),
        cmocka_unit_test(what_is_built_in_is_found_by_its_name),
        cmocka_unit_test_setup_teardown(a_plugin_is_loaded, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_plugin_is_refused_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(a_run_directory_may_have_any_name, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

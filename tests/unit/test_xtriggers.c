/* The xtriggers alone: in the simulated world with a plugin that waits as it is told, and in the
 * real one with plugins that block and with real files. */
#include "base/memory.h"
#include "coroutines/bus_parts.h"
#include "db/restart.h"
#include "tests/lib/cast_fixture.h"
#include "tests/lib/flow.h"
#include "tests/lib/home.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/resource.h>

#include <cmocka.h>

#include "base/banned.h"

#define FLOW                                                                                       \
    "[scheduling]\ncycling mode = integer\ninitial cycle point = 1\n"                              \
    "[[xtriggers]]\nx = echo(succeed=True):PT30S\n[[graph]]\nP1 = @x => a\n"

static struct cast_fixture fixture;

static void open_with(bool real, const struct restart *restart)
{
    cast_prepare(&fixture, XTRIGGERS, FLOW, real);
    cast_add_plugin(&fixture, "probe");
    cast_add_plugin(&fixture, "slow");
    cast_add_plugin(&fixture, "dull");
    cast_begin(&fixture, restart);
    cast_expect(&fixture, "xtrigger.ready\n");
}

static int close(void **state)
{
    (void)state;
    cast_close(&fixture);
    return 0;
}

static struct message watch_message(const char *signature)
{
    return (struct message){.topic = TOPIC_XTRIGGER_WATCH,
                            .point = 1,
                            .task = 0,
                            .number = 0,
                            .text = slice_of(signature)};
}

static void say_watch(const char *signature)
{
    struct message message = watch_message(signature);
    cast_say(&fixture, TASK_POOL, &message);
}

static void say_drop(const char *signature)
{
    cast_say(&fixture, TASK_POOL,
             &(struct message){.topic = TOPIC_XTRIGGER_DROP, .text = slice_of(signature)});
}

static void expect_satisfied(const char *signature, const char *calls)
{
    char *line = str_format(
        "xtrigger.satisfied \"%s\" {\"calls\": \"%s\", \"tricky\": \"a\\\"b\\\\c\\n\"}\n",
        signature, calls);
    cast_expect(&fixture, line);
    free(line);
}

/* --- when it is asked --- */

static void a_signature_is_satisfied_with_results(void **state)
{
    (void)state;
    open_with(false, NULL);
    say_watch("probe()");
    expect_satisfied("probe()", "1");
    say_watch("echo(x=1, succeed=True)");
    cast_expect(&fixture, "xtrigger.satisfied \"echo(x=1, succeed=True)\" "
                          "{\"x\": 1, \"succeed\": true}\n");
}

static void a_signature_is_watched_once_however_often_it_is_said(void **state)
{
    (void)state;
    open_with(false, NULL);
    struct message message = watch_message("probe(n=3)");
    cast_say_only(&fixture, TASK_POOL, &message);
    cast_say_only(&fixture, TASK_POOL, &message);
    cast_settle(&fixture);
    cast_pass(&fixture, 35);
    say_watch("probe(n=3)");
    cast_expect(&fixture, "");
    cast_pass(&fixture, 30);
    expect_satisfied("probe(n=3)", "3");
    /* Satisfied, it is not asked again, and whoever comes late is told. */
    say_watch("probe(n=3)");
    expect_satisfied("probe(n=3)", "3");
    cast_pass(&fixture, 1000);
    cast_expect(&fixture, "");
}

static void who_says_nothing_is_asked_at_the_interval(void **state)
{
    (void)state;
    open_with(false, NULL);
    say_watch("probe(n=2)");
    cast_expect_log(&fixture, "xtrigger probe(n=2): not yet");
    cast_pass(&fixture, 29.9);
    cast_expect(&fixture, "");
    cast_pass(&fixture, 0.2);
    expect_satisfied("probe(n=2)", "2");
}

static void errors_are_reported_and_it_is_asked_again(void **state)
{
    (void)state;
    open_with(false, NULL);
    say_watch("probe(error, n=3, x=1)");
    cast_expect(&fixture, "xtrigger.problem \"probe(error, n=3, x=1)\" the moon is not full\n");
    cast_expect_log(&fixture, "xtrigger probe(error, n=3, x=1): the moon is not full");
    cast_pass(&fixture, 31);
    cast_expect(&fixture, "xtrigger.problem \"probe(error, n=3, x=1)\" the moon is not full\n");
    cast_pass(&fixture, 30);
    expect_satisfied("probe(error, n=3, x=1)", "3");
}

static void what_cannot_be_right_is_reported(void **state)
{
    (void)state;
    open_with(false, NULL);
    say_watch("nothing(x)");
    cast_expect(&fixture, "xtrigger.problem \"nothing(x)\" no such xtrigger: nothing\n");
    say_watch("probe(bad)");
    cast_expect(&fixture, "xtrigger.problem \"probe(bad)\" probe(bad): `bad` is no way to wait; "
                          "usage: probe(how, n=1, x=0, path='')\n");
    say_watch("probe(");
    cast_expect(&fixture, "xtrigger.problem \"probe(\" \"probe(\" is no call: \")\" is missing\n");
    say_drop("probe(");
    say_watch("probe(x=1, large=40000)");
    cast_expect(&fixture, "xtrigger.problem \"probe(x=1, large=40000)\" "
                          "the results are larger than 1048576 bytes\n");
}

static void again_after_some_seconds(void **state)
{
    (void)state;
    open_with(false, NULL);
    say_watch("probe(after, x=7, n=3)");
    cast_pass(&fixture, 13.9);
    cast_expect(&fixture, "");
    cast_pass(&fixture, 0.2);
    expect_satisfied("probe(after, x=7, n=3)", "3");
}

static void again_at_a_time_however_the_clock_is_set(void **state)
{
    (void)state;
    open_with(false, NULL);
    /* negative: so many seconds from now */
    say_watch("probe(at, x=-3600, n=2)");
    cast_pass(&fixture, 3000);
    cast_expect(&fixture, "");
    sim_jump_clock(fixture.sim, INT64_C(500) * 1000000);
    cast_pass(&fixture, 99);
    cast_expect(&fixture, "");
    cast_pass(&fixture, 2);
    expect_satisfied("probe(at, x=-3600, n=2)", "2");
}

/* Clock triggers and retry delays: a time is a time. */
static void a_clock_that_is_set_back_makes_it_later(void **state)
{
    (void)state;
    char signature[64];
    open_with(false, NULL);
    long long due = fixture.env->ops->wall(fixture.env) / 1000000 + 100;
    snprintf(signature, sizeof signature, "wall_clock(trigger_time=%lld)", due);
    say_watch(signature);
    cast_pass(&fixture, 90);
    sim_jump_clock(fixture.sim, INT64_C(-3600) * 1000000);
    cast_pass(&fixture, 3600);
    cast_expect(&fixture, "");
    cast_pass(&fixture, 11);
    cast_await(&fixture, "xtrigger.satisfied");
}

/* 0 seconds, a time in the past: it is asked again soon, but never in a busy loop. */
static void nobody_is_asked_in_a_busy_loop(void **state)
{
    (void)state;
    static const char *const eager[] = {"probe(after, x=0, n=101)", "probe(at, x=5, n=101)"};
    open_with(false, NULL);
    for (size_t i = 0; i < 2; i++) {
        uint64_t begin = sim_now(fixture.sim);
        struct message message = watch_message(eager[i]);
        cast_say_only(&fixture, TASK_POOL, &message);
        cast_await(&fixture, "xtrigger.satisfied");
        assert_in_range(sim_now(fixture.sim) - begin, 900000, 1200000);
    }
}

/* Times beyond all numbers do no harm. */
static void an_endless_wait_is_cut(void **state)
{
    (void)state;
    open_with(false, NULL);
    say_watch("probe(after, x=inf, n=2)");
    say_watch("probe(after, x=1e300, n=2)");
    say_watch("probe(at, x=inf, n=2)");
    say_watch("probe(after, x=nan, n=2)"); /* nothing was said: the interval */
    cast_pass(&fixture, 100000);
    expect_satisfied("probe(after, x=nan, n=2)", "2");
}

/* --- files --- */

static void touch(const char *path)
{
    sim_write(fixture.sim, path, "x", 1, 0);
    cast_settle(&fixture);
}

/* A new path is asked about twice: something may have come before it was watched. */
static void again_when_a_file_changes(void **state)
{
    (void)state;
    open_with(false, NULL);
    touch("/p");
    say_watch("probe(path, path='/p', n=4)");
    cast_pass(&fixture, 100000);
    touch("/p");
    cast_expect(&fixture, "");
    touch("/p");
    expect_satisfied("probe(path, path='/p', n=4)", "4");
    touch("/p");
    cast_expect(&fixture, "");
}

static void a_path_that_cannot_be_watched_is_asked_about_at_the_interval(void **state)
{
    (void)state;
    open_with(false, NULL);
    say_watch("probe(path, path='/not there', n=3)");
    cast_pass(&fixture, 59);
    cast_expect(&fixture, "");
    cast_pass(&fixture, 2);
    expect_satisfied("probe(path, path='/not there', n=3)", "3");
}

static void paths_that_change_each_time_do_not_make_it_spin(void **state)
{
    (void)state;
    open_with(false, NULL);
    touch("/a");
    touch("/b");
    struct message message = watch_message("probe(paths, n=100)");
    cast_say_only(&fixture, TASK_POOL, &message);
    uint64_t begin = sim_now(fixture.sim);
    cast_await(&fixture, "xtrigger.satisfied");
    assert_true(sim_now(fixture.sim) - begin >= 400000);
}

static void a_watch_that_breaks_gives_way_to_the_interval(void **state)
{
    (void)state;
    open_with(false, NULL);
    touch("/p");
    /* two questions, two for the broken watch, two at the interval */
    say_watch("probe(path, path='/p', n=6)");
    assert_int_equal(cast_count(&fixture, "xtrigger"), 0);
    cast_say_only(&fixture, TASK_POOL,
                  &(struct message){.topic = TOPIC_XTRIGGER_DROP, .text = slice_of("another")});
    cast_break_watches(&fixture);
    cast_pass(&fixture, 31);
    cast_expect(&fixture, "");
    cast_pass(&fixture, 30);
    expect_satisfied("probe(path, path='/p', n=6)", "6");
}

/* --- dropping, remembering --- */

static void what_is_dropped_is_asked_no_more(void **state)
{
    (void)state;
    open_with(false, NULL);
    touch("/p");
    static const char *const signatures[] = {"probe(n=2)", "probe(after, x=1, n=2)",
                                             "probe(at, x=-9, n=2)", "probe(path, path='/p', n=3)"};
    for (size_t i = 0; i < 4; i++)
        say_watch(signatures[i]);
    for (size_t i = 0; i < 4; i++)
        say_drop(signatures[i]);
    say_drop("probe(n=2)"); /* nobody waits for that */
    touch("/p");
    cast_pass(&fixture, 100);
    cast_expect(&fixture, "");
    /* Watched anew, it begins anew. */
    say_watch("probe(n=2)");
    cast_expect(&fixture, "");
    cast_pass(&fixture, 31);
    expect_satisfied("probe(n=2)", "2");
}

static void what_is_satisfied_and_dropped_begins_anew(void **state)
{
    (void)state;
    open_with(false, NULL);
    say_watch("probe()");
    say_drop("probe()");
    cast_forget(&fixture);
    say_watch("probe(n=2)");
    say_watch("probe()");
    expect_satisfied("probe()", "1");
}

static void dropped_before_its_turn_it_is_not_asked_at_all(void **state)
{
    (void)state;
    open_with(false, NULL);
    struct message message = watch_message("probe(error)");
    cast_say_only(&fixture, TASK_POOL, &message);
    cast_say_only(&fixture, TASK_POOL,
                  &(struct message){.topic = TOPIC_XTRIGGER_DROP, .text = message.text});
    message = watch_message("probe()");
    cast_say_only(&fixture, TASK_POOL, &message);
    cast_settle(&fixture);
    expect_satisfied("probe()", "1");
}

static void results_are_remembered_over_a_restart(void **state)
{
    (void)state;
    struct restart_result result = {"probe(n=9)", "{\"calls\": \"9\"}"};
    struct restart restart = {.results = &result, .n_results = 1};
    open_with(false, &restart);
    say_watch("probe(n=9)");
    cast_expect(&fixture, "xtrigger.satisfied \"probe(n=9)\" {\"calls\": \"9\"}\n");
    say_watch("probe(n=9)");
    cast_expect(&fixture, "xtrigger.satisfied \"probe(n=9)\" {\"calls\": \"9\"}\n");
    say_drop("probe(n=9)");
    say_watch("probe(n=9)");
    cast_expect(&fixture, "");
}

/* --- the end --- */

static void nothing_is_said_once_it_has_closed(void **state)
{
    (void)state;
    open_with(false, NULL);
    touch("/p");
    say_watch("probe(after, x=1, n=2)");
    say_watch("probe(error, n=2)");
    say_watch("probe(path, path='/p', n=3)");
    say_watch("probe()");
    cast_forget(&fixture);
    cast_say_shutdown(&fixture);
    assert_true(bus_closed(fixture.bus, XTRIGGERS));
    touch("/p");
    cast_pass(&fixture, 100); /* others may be slow to end */
    say_watch("probe()");
    cast_expect(&fixture, "");
    assert_int_equal(fixture.done, 0);
    cast_close_others(&fixture, 0);
    assert_int_equal(fixture.done, 1);
}

static void a_fault_ends_it_at_once(void **state)
{
    (void)state;
    open_with(false, NULL);
    say_watch("probe(after, x=1, n=2)");
    cast_say(&fixture, RECORDER,
             &(struct message){.topic = TOPIC_FAULT, .text = slice_of("disk full")});
    assert_int_equal(fixture.done, 1);
    cast_pass(&fixture, 100);
    cast_expect(&fixture, "");
}

/* --- what the workflow defines --- */

static void expect_not_created(const char *xtrigger, const char *says)
{
    char *flow = str_format("[scheduling]\ncycling mode = integer\ninitial cycle point = 1\n"
                            "[[xtriggers]]\nx = %s\n[[graph]]\nP1 = @x => a\n",
                            xtrigger);
    cast_prepare(&fixture, XTRIGGERS, flow, false);
    free(flow);
    struct error error = {0};
    assert_null(cast[XTRIGGERS]->create(&fixture.context, &error));
    assert_true(error.code < 0);
    if (!strstr(error.text, says))
        fail_msg("%s", error.text);
    cast_close(&fixture);
}

static void bad_arguments_of_what_is_built_in_prevent_the_start(void **state)
{
    (void)state;
    expect_not_created("xrandom(percent=200)", "`percent` must be a number from 0 to 100");
    expect_not_created("file(stable=1)", "the argument `path` is missing");
    expect_not_created("file($HOME/data)", "`path` is taken as it stands: write it without $ or ~");
    expect_not_created("file(~/data)", "`path` is taken as it stands: write it without $ or ~");
}

/* --- how it stands --- */

/* The last that was heard. */
static void expect_asked(const char *beginning)
{
    if (!fixture.heard.n ||
        strncmp(fixture.heard.at[fixture.heard.n - 1], beginning, strlen(beginning)) != 0)
        cast_expect(&fixture, beginning);
    cast_forget(&fixture);
}

static void what_comes_of_each_call_is_said(void **state)
{
    (void)state;
    open_with(false, NULL);
    fixture.hears_asked = true;
    say_watch("probe(n=3)");
    assert_int_equal(cast_count(&fixture, "xtrigger.asked id=1 number=0"), 1); /* being asked */
    expect_asked("xtrigger.asked id=1 number=2 value=17672256300");            /* in 30 s */
    cast_pass(&fixture, 31);
    expect_asked("xtrigger.asked id=2 number=2 value=17672256600");
    cast_pass(&fixture, 30);
    expect_asked("xtrigger.satisfied \"probe(n=3)\"");
    say_drop("probe(n=3)"); /* what is satisfied is forgotten by then */
    cast_expect(&fixture, "");
}

static void that_nobody_waits_any_more_is_said(void **state)
{
    (void)state;
    open_with(false, NULL);
    fixture.hears_asked = true;
    touch("/p");
    say_watch("probe(path, path='/p', n=9)");
    expect_asked("xtrigger.asked id=2 number=2 value=-1 flags=1 \"probe(path, path='/p', n=9)\"");
    say_drop("probe(path, path='/p', n=9)");
    expect_asked("xtrigger.asked id=0 number=4 value=0 \"probe(path, path='/p', n=9)\"");
}

/* --- plugins that block --- */

static void a_plugin_that_blocks_holds_up_nobody_else(void **state)
{
    (void)state;
    open_with(true, NULL);
    struct message slow = watch_message("slow(0.3)"), quick = watch_message("probe()");
    cast_say_only(&fixture, TASK_POOL, &slow);
    cast_say_only(&fixture, TASK_POOL, &quick);
    cast_await(&fixture, "xtrigger.satisfied \"probe()\"");
    cast_await(&fixture, "xtrigger.satisfied \"slow(0.3)\"");
    assert_int_equal(cast_count(&fixture, "xtrigger.satisfied"), 2);
}

static void a_blocking_call_may_be_dropped_meanwhile(void **state)
{
    (void)state;
    open_with(true, NULL);
    say_watch("slow(0.2)");
    say_drop("slow(0.2)");
    say_watch("slow(0)"); /* behind the other on the same thread */
    cast_await(&fixture, "xtrigger.satisfied \"slow(0)\"");
    assert_int_equal(cast_count(&fixture, "xtrigger.satisfied"), 1);
}

/* The member ends, though the plugin would go on for an hour: its process is killed. */
static void a_plugin_that_hangs_is_ended(void **state)
{
    (void)state;
    open_with(true, NULL);
    say_watch("slow(3600)");
    say_watch("slow(1)");
    say_watch("slow(2)");
    say_drop("slow(2)");
    say_watch("dull(0.1)");
    say_watch("dull(0)");
    cast_say_shutdown(&fixture);
    assert_true(bus_closed(fixture.bus, XTRIGGERS));
    cast_close_others(&fixture, 0);
    assert_int_equal(fixture.done, 1);
}

/* --- real files --- */

static void a_file_is_noticed_when_it_comes(void **state)
{
    (void)state;
    open_with(true, NULL);
    say_watch("file(data/in/ready, 0)");
    say_watch("file(other)");
    cast_expect(&fixture, "");
    home_write(fixture.run_dir, "data/x", "");
    cast_pass(&fixture, 0.05);
    home_write(fixture.run_dir, "data/in/x", "");
    cast_pass(&fixture, 0.05);
    cast_expect(&fixture, "");
    home_write(fixture.run_dir, "data/in/ready", "now");
    cast_await(&fixture, "xtrigger.satisfied \"file(data/in/ready, 0)\"");
    home_write(fixture.run_dir, "other", "");
    cast_await(&fixture, "xtrigger.satisfied \"file(other)\"");
}

/* The kernel has nothing left to watch it with: it is looked for, long before the interval. */
static void a_file_is_looked_for_where_nobody_tells(void **state)
{
    (void)state;
    struct rlimit limit;
    open_with(true, NULL);
    getrlimit(RLIMIT_NOFILE, &limit);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){3, limit.rlim_max});
    say_watch("file(ready)");
    setrlimit(RLIMIT_NOFILE, &limit);
    home_write(fixture.run_dir, "ready", "");
    cast_pass(&fixture, 0.2);
    cast_expect(&fixture, ""); /* nobody told */
    cast_pass(&fixture, 1.5);
    assert_int_equal(cast_count(&fixture, "xtrigger.satisfied \"file(ready)\""), 1);
}

/* The whole way to it in one go: whatever is not watched yet is seen by asking again. */
static void a_file_that_comes_with_its_directories_is_noticed(void **state)
{
    (void)state;
    open_with(true, NULL);
    for (int i = 0; i < 20; i++) {
        char *signature = str_format("file(%d/a/b/c)", i), *path = str_format("%d/a/b/c", i);
        struct message message = watch_message(signature);
        cast_say_only(&fixture, TASK_POOL, &message);
        if (i % 2)
            cast_settle(&fixture);
        home_write(fixture.run_dir, path, "");
        char *line = str_format("xtrigger.satisfied \"%s\"", signature);
        cast_await(&fixture, line);
        free(line);
        free(path);
        free(signature);
    }
}

/* The directory watched is replaced by another one of the same name. */
static void a_directory_made_anew_is_watched_anew(void **state)
{
    (void)state;
    open_with(true, NULL);
    home_write(fixture.run_dir, "in/x", "");
    say_watch("file(in/ready)");
    char *in = str_format("%s/in", fixture.run_dir), *old = str_format("%s/old", fixture.run_dir);
    assert_int_equal(rename(in, old), 0);
    home_write(fixture.run_dir, "in/x", "");
    cast_pass(&fixture, 0.1);
    cast_expect(&fixture, "");
    home_write(fixture.run_dir, "in/ready", "");
    cast_await(&fixture, "xtrigger.satisfied");
    free(old);
    free(in);
}

#define TEST(function) cmocka_unit_test_teardown(function, close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_signature_is_satisfied_with_results),
        TEST(a_signature_is_watched_once_however_often_it_is_said),
        TEST(who_says_nothing_is_asked_at_the_interval),
        TEST(errors_are_reported_and_it_is_asked_again),
        TEST(what_cannot_be_right_is_reported),
        TEST(again_after_some_seconds),
        TEST(again_at_a_time_however_the_clock_is_set),
        TEST(a_clock_that_is_set_back_makes_it_later),
        TEST(nobody_is_asked_in_a_busy_loop),
        TEST(an_endless_wait_is_cut),
        TEST(again_when_a_file_changes),
        TEST(a_path_that_cannot_be_watched_is_asked_about_at_the_interval),
        TEST(paths_that_change_each_time_do_not_make_it_spin),
        TEST(a_watch_that_breaks_gives_way_to_the_interval),
        TEST(what_is_dropped_is_asked_no_more),
        TEST(what_is_satisfied_and_dropped_begins_anew),
        TEST(dropped_before_its_turn_it_is_not_asked_at_all),
        TEST(results_are_remembered_over_a_restart),
        TEST(nothing_is_said_once_it_has_closed),
        TEST(a_fault_ends_it_at_once),
        cmocka_unit_test(bad_arguments_of_what_is_built_in_prevent_the_start),
        TEST(what_comes_of_each_call_is_said),
        TEST(that_nobody_waits_any_more_is_said),
        TEST(a_plugin_that_blocks_holds_up_nobody_else),
        TEST(a_blocking_call_may_be_dropped_meanwhile),
        TEST(a_plugin_that_hangs_is_ended),
        TEST(a_file_is_noticed_when_it_comes),
        TEST(a_file_is_looked_for_where_nobody_tells),
        TEST(a_file_that_comes_with_its_directories_is_noticed),
        TEST(a_directory_made_anew_is_watched_anew),
    };
    return cmocka_run_group_tests(tests, NULL, flow_release);
}

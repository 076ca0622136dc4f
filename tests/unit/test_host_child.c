/* Hosts in child processes, in the simulated world: scripted ones that answer, late or never, that
 * die, are silent, flood, talk rubbish, leak; one at a time, and all of it at random with a seed.
 */
#include "base/memory.h"
#include "base/vec.h"
#include "coroutines/host_child.h"
#include "tests/lib/cast_fixture.h"
#include "tests/lib/flow.h"
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define FLOW                                                                                       \
    "[scheduling]\ncycling mode = integer\ninitial cycle point = 1\n"                              \
    "[[xtriggers]]\nx = echo(succeed=True):PT5S\n[[graph]]\nP1 = @x => a\n"

static struct cast_fixture fixture;
static struct {
    unsigned births;
    int64_t pid;       /* the last one born */
    struct text heard; /* "start 1 f", one a line */
    unsigned starts;
    uint64_t started_at; /* microseconds: the last start */
    bool mute;           /* pings are not answered; is_mute: by none that is born either */
    bool is_mute;
    unsigned flood; /* lines */
    bool stillborn;
    bool healed;
} world;

/* --- the scripts: what a function does is its name --- */

struct line {
    int64_t pid;
    char *text;
};

static void say_line(void *argument)
{
    struct line *line = argument;
    sim_hosts_say(fixture.hosts, line->pid, "%s", line->text);
    free(line);
}

static void later(int64_t pid, double seconds, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* In one block: the world frees what never comes. */
static void later(int64_t pid, double seconds, const char *format, ...)
{
    struct text text = {0};
    va_list args;
    va_start(args, format);
    text_vaddf(&text, format, args);
    va_end(args);
    struct line *line = mem_new(sizeof *line + text.n + 1);
    line->pid = pid;
    line->text = (char *)(line + 1);
    memcpy(line->text, text_string(&text), text.n + 1);
    sim_after(fixture.sim, (uint64_t)(seconds * 1e6), say_line, line);
    text_release(&text);
}

static void say_much(int64_t pid, unsigned lines)
{
    struct text text = {0};
    for (unsigned i = 0; i < lines; i++)
        text_add(&text, "{\"log\": 1, \"text\": \"x\"}\n");
    sim_stream_say(fixture.sim, pid, text_string(&text), text.n);
    text_release(&text);
}

static void start(int64_t pid, const struct host_message *message)
{
    const char *name = message->function;
    uint64_t n = message->number;
    if (world.healed || strcmp(name, "good") == 0)
        later(pid, 0.01, "{\"satisfied\": %" PRIu64 "}", n);
    else if (strcmp(name, "silence") == 0)
        world.mute = true;
    else if (strcmp(name, "soon") == 0 && !world.mute)
        later(pid, 0.01, "{\"satisfied\": %" PRIu64 "}", n);
    else if (strcmp(name, "late") == 0)
        later(pid, 1000, "{\"satisfied\": %" PRIu64 "}", n);
    else if (strcmp(name, "again") == 0)
        later(pid, 0.01, "{\"not_yet\": %" PRIu64 "}", n);
    else if (strcmp(name, "push") == 0) {
        later(pid, 0.01, "{\"watching\": %" PRIu64 "}", n);
        later(pid, 3600, "{\"satisfied\": %" PRIu64 ", \"results\": {\"a\": 1}}", n);
    } else if (strcmp(name, "crash") == 0)
        sim_process_exit(fixture.sim, pid, 0, SIGSEGV);
    else if (strcmp(name, "leave") == 0)
        sim_process_exit(fixture.sim, pid, 3, 0);
    else if (strcmp(name, "rubbish") == 0)
        for (int i = 0; i < 10; i++)
            sim_hosts_say(fixture.hosts, pid, "rubbish %d", i);
    else if (strcmp(name, "flood") == 0)
        say_much(pid, world.flood);
    else if (strcmp(name, "deaf") == 0)
        sim_stream_deaf(fixture.sim, pid);
    /* "hang" and others never answer */
}

static void heard(void *context, int64_t pid, const struct host_message *message)
{
    (void)context;
    if (message->verb == HOST_PING && !world.mute)
        sim_hosts_say(fixture.hosts, pid, "{\"pong\": %" PRIu64 "}", message->number);
    if (message->verb == HOST_PING)
        return;
    text_addf(&world.heard, "%s %" PRIu64 "%s%s\n", host_verbs[message->verb], message->number,
              message->function ? " " : "", message->function ? message->function : "");
    if (message->verb == HOST_START) {
        world.starts++;
        world.started_at = fixture.env->ops->monotonic(fixture.env);
        start(pid, message);
    }
}

static void born(void *context, int64_t pid)
{
    (void)context;
    world.births++;
    world.mute = world.mute && world.is_mute;
    world.pid = pid;
    if (world.stillborn)
        sim_process_exit(fixture.sim, pid, 1, 0);
}

static int open_world(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    world.flood = 100000;
    cast_prepare(&fixture, XTRIGGERS, FLOW, false);
    sim_hosts_script(fixture.hosts, heard, born, NULL);
    cast_begin(&fixture, NULL);
    cast_expect(&fixture, "xtrigger.ready\n");
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    cast_close(&fixture);
    text_release(&world.heard);
    return 0;
}

static void say(enum member from, enum topic topic, const char *signature)
{
    cast_say(&fixture, from, &(struct message){.topic = topic, .text = slice_of(signature)});
}

static void watch(const char *signature)
{
    say(TASK_POOL, TOPIC_XTRIGGER_WATCH, signature);
}

static void expect_heard(const char *lines)
{
    assert_string_equal(text_string(&world.heard), lines);
    text_clear(&world.heard);
}

static unsigned log_count(const char *part)
{
    unsigned n = 0;
    for (const char *at = text_string(&fixture.log); (at = strstr(at, part)); at++)
        n++;
    return n;
}

/* --- as it should be --- */

static void nobody_is_started_before_somebody_waits(void **state)
{
    (void)state;
    watch("echo(succeed=True)");
    cast_pass(&fixture, 10);
    assert_int_equal(world.births, 0);
    watch("good()");
    cast_await(&fixture, "xtrigger.satisfied \"good()\" {}");
    assert_int_equal(world.births, 1);
    expect_heard("hello 1\nstart 1 good\n");
}

static void who_is_not_satisfied_is_asked_at_the_interval(void **state)
{
    (void)state;
    watch("again()");
    cast_pass(&fixture, 16);
    assert_int_equal(world.starts, 4);
    expect_heard("hello 1\nstart 1 again\nstart 1 again\nstart 1 again\nstart 1 again\n");
}

static void one_that_pushes_is_waited_for_without_end(void **state)
{
    (void)state;
    watch("push()");
    cast_pass(&fixture, 3599);
    cast_expect(&fixture, "");
    cast_pass(&fixture, 2);
    cast_expect(&fixture, "xtrigger.satisfied \"push()\" {\"a\": 1}\n");
    assert_int_equal(world.starts, 1);
    assert_int_equal(world.births, 1);
}

static void what_is_dropped_is_cancelled(void **state)
{
    (void)state;
    watch("hang()");
    watch("again()");
    watch("push()");
    cast_pass(&fixture, 1);
    text_clear(&world.heard);
    say(TASK_POOL, TOPIC_XTRIGGER_DROP, "hang()");
    say(TASK_POOL, TOPIC_XTRIGGER_DROP, "again()");
    say(TASK_POOL, TOPIC_XTRIGGER_DROP, "push()");
    expect_heard("cancel 1\ncancel 2\ncancel 3\n");
    cast_pass(&fixture, 5000); /* what it says of them now, nobody hears */
    cast_expect(&fixture, "");
    assert_string_equal(text_string(&fixture.log), "");
}

static void the_commit_is_told_even_if_nobody_waits_any_more(void **state)
{
    (void)state;
    watch("good()");
    cast_await(&fixture, "xtrigger.satisfied");
    say(TASK_POOL, TOPIC_XTRIGGER_DROP, "good()");
    text_clear(&world.heard);
    cast_pass(&fixture, 5);
    expect_heard("");
    say(RECORDER, TOPIC_XTRIGGER_KEPT, "good()");
    expect_heard("kept 1\ncancel 1\n");
}

static void so_many_at_once_and_no_more(void **state)
{
    (void)state;
    for (int i = 0; i < 40; i++) {
        char *signature = str_format("hang(%d)", i);
        cast_say_only(
            &fixture, TASK_POOL,
            &(struct message){.topic = TOPIC_XTRIGGER_WATCH, .text = slice_of(signature)});
        free(signature);
    }
    cast_pass(&fixture, 1);
    assert_int_equal(world.starts, 32);
    say(TASK_POOL, TOPIC_XTRIGGER_DROP, "hang(3)");
    cast_pass(&fixture, 1);
    assert_int_equal(world.starts, 32); /* it is not over */
    sim_hosts_say(fixture.hosts, world.pid, "{\"not_yet\": 4}");
    cast_pass(&fixture, 1);
    assert_int_equal(world.starts, 33);
}

/* --- as it should not be --- */

static void a_call_has_a_deadline(void **state)
{
    (void)state;
    watch("late()");
    watch("again()");
    cast_pass(&fixture, 599);
    cast_expect(&fixture, "");
    cast_pass(&fixture, 2);
    cast_expect(&fixture, "xtrigger.problem \"late()\" it did not answer within 600 s\n");
    assert_int_equal(world.births, 1);
    cast_pass(&fixture, 500); /* the answer to the first call says nothing of the second */
    assert_int_equal(cast_count(&fixture, "xtrigger.satisfied"), 0);
    cast_pass(&fixture, 600); /* but there it is */
    assert_int_equal(cast_count(&fixture, "xtrigger.satisfied"), 0);
    assert_int_equal(cast_count(&fixture, "xtrigger.problem"), 1);
    assert_int_equal(log_count("rubbish"), 0);
}

static uint64_t newest_first(void *context, uint64_t n)
{
    (void)context;
    return n - 1;
}

static void drop_the_hanging(void *unused)
{
    (void)unused;
    struct message drop = {.topic = TOPIC_XTRIGGER_DROP, .text = slice_of("hang()")};
    cast_say_only(&fixture, TASK_POOL, &drop);
}

/* The xtriggers hear of it before the watch sees that its time has run out. */
static void what_is_dropped_at_its_deadline_is_cancelled_once(void **state)
{
    (void)state;
    watch("hang()");
    cast_pass(&fixture, 1);
    cast_forget(&fixture);
    fixture.env->ready.choose = newest_first;
    uint64_t now = fixture.env->ops->monotonic(fixture.env);
    sim_after(fixture.sim, world.started_at + 600000000 - now, drop_the_hanging, NULL);
    cast_pass(&fixture, 700);
    fixture.env->ready.choose = NULL;
    assert_int_equal(cast_count(&fixture, "xtrigger.problem"), 0);
    expect_heard("hello 1\nstart 1 hang\ncancel 1\n");
    watch("good()");
    cast_await(&fixture, "xtrigger.satisfied \"good()\" {}");
}

static void one_that_crashes_spoils_its_own_trigger_only(void **state)
{
    (void)state;
    struct message good = {.topic = TOPIC_XTRIGGER_WATCH, .text = slice_of("good()")};
    cast_say_only(&fixture, TASK_POOL, &good);
    watch("crash()");
    cast_pass(&fixture, 1);
    cast_expect(&fixture, "xtrigger.problem \"good()\" the Python host ended by SIGSEGV\n"
                          "xtrigger.problem \"crash()\" the Python host ended by SIGSEGV\n"
                          "xtrigger.satisfied \"good()\" {}\n"
                          "xtrigger.problem \"crash()\" the Python host ended by SIGSEGV\n");
    /* Now it is known, and alone: others notice nothing. */
    watch("again()");
    cast_pass(&fixture, 60);
    assert_int_equal(cast_count(&fixture, "xtrigger.problem \"again()\""), 0);
    assert_in_range(cast_count(&fixture, "xtrigger.problem \"crash()\""), 6, 12);
}

static void one_that_crashes_again_and_again_is_asked_later_and_later(void **state)
{
    (void)state;
    watch("crash()");
    cast_pass(&fixture, 3600);
    /* Every 5 s at first, since that is its interval; at last every minute. */
    assert_in_range(world.births, 60, 70);
    world.healed = true;
    cast_pass(&fixture, 61);
    assert_int_equal(cast_count(&fixture, "xtrigger.satisfied"), 1);
}

static void a_host_that_cannot_live_is_started_later_and_later(void **state)
{
    (void)state;
    world.stillborn = true;
    watch("good()");
    cast_pass(&fixture, 6); /* 0, 0.1, 0.3, 0.7, 1.5, 3.1 */
    assert_int_equal(world.births, 6);
    assert_int_equal(cast_count(&fixture, "xtrigger.problem \"good()\" the Python host ended with "
                                          "exit status 1"),
                     6);
    cast_pass(&fixture, 3600);
    assert_in_range(world.births, 60, 70); /* at most every minute */
    world.stillborn = false;
    cast_pass(&fixture, 60);
    assert_int_equal(cast_count(&fixture, "xtrigger.satisfied"), 1);
}

static void a_host_that_gives_no_sign_of_life_is_ended(void **state)
{
    (void)state;
    world.mute = world.is_mute = true;
    watch("push()");
    watch("hang()");
    cast_pass(&fixture, 29);
    assert_int_equal(world.births, 1);
    cast_pass(&fixture, 12);
    assert_int_equal(world.births, 2);
    cast_expect(&fixture,
                "xtrigger.problem \"push()\" the Python host gave no sign of life: killed\n"
                "xtrigger.problem \"hang()\" the Python host gave no sign of life: killed\n");
}

/* One that keeps its host from answering is found, and those beside it go on. */
static void one_that_silences_its_host_is_to_blame(void **state)
{
    (void)state;
    watch("silence()");
    watch("soon()");
    cast_pass(&fixture, 90);
    assert_int_equal(cast_count(&fixture, "xtrigger.satisfied \"soon()\""), 1);
    assert_int_equal(cast_count(&fixture, "xtrigger.problem \"soon()\""), 1);
    assert_int_equal(cast_count(&fixture, "xtrigger.problem \"silence()\""), 2);
}

static void one_that_is_idle_is_left_in_peace(void **state)
{
    (void)state;
    watch("good()");
    cast_pass(&fixture, 100);
    uint64_t turns = sim_turns(fixture.sim);
    cast_pass(&fixture, 100000);
    assert_true(sim_turns(fixture.sim) - turns < 5);
}

static void rubbish_is_told_and_too_much_is_the_end(void **state)
{
    (void)state;
    watch("rubbish()");
    cast_pass(&fixture, 1);
    assert_int_equal(log_count("the Python host sent rubbish: no JSON"), 10);
    assert_int_equal(world.births, 1);
    for (int i = 0; i < HOST_RUBBISH_MAX; i++)
        sim_hosts_say(fixture.hosts, world.pid, "{\"satisfied\": 99}");
    cast_pass(&fixture, 10);
    cast_expect(&fixture,
                "xtrigger.problem \"rubbish()\" the Python host sent nothing but rubbish: "
                "killed\n");
    assert_int_equal(world.births, 2);
    assert_true(log_count("there is no such call") > 0);
}

static void a_line_without_end_is_rubbish(void **state)
{
    (void)state;
    watch("again()");
    cast_pass(&fixture, 1);
    char *much = mem_new(100001);
    memset(much, 'x', 100000);
    for (int i = 0; i < 30; i++) {
        sim_stream_say(fixture.sim, world.pid, much, 100000);
        cast_pass(&fixture, 0.01);
    }
    free(much);
    assert_int_equal(log_count("a line is too long"), 1);
    sim_stream_say(fixture.sim, world.pid, "\n", 1);
    sim_hosts_say(fixture.hosts, world.pid, "{\"satisfied\": 1}");
    cast_pass(&fixture, 1);
    cast_expect(&fixture, "xtrigger.satisfied \"again()\" {}\n");
}

/* What it says beyond the limit stays with it; the log has a limit too. */
static void a_flood_is_read_slowly(void **state)
{
    (void)state;
    watch("flood()");
    cast_pass(&fixture, 1);
    assert_true(sim_stream_unread(fixture.sim, world.pid) > 1000000);
    watch("echo(succeed=True)");
    cast_await(&fixture, "xtrigger.satisfied \"echo(succeed=True)\"");
    cast_pass(&fixture, 5);
    assert_int_equal(log_count("xtrigger flood(): x"), HOST_LOG_LINES);
    cast_pass(&fixture, 20);
    assert_int_equal(sim_stream_unread(fixture.sim, world.pid), 0);
    assert_int_equal(log_count("more lines are not logged"), 1);
    assert_int_equal(world.births, 1);
}

static void one_that_does_not_read_is_ended(void **state)
{
    (void)state;
    watch("deaf()");
    cast_pass(&fixture, 60);
    assert_int_equal(world.births, 2);
    cast_await(&fixture, "xtrigger.problem \"deaf()\" the Python host gave no sign of life");
}

static void one_that_leaks_is_ended(void **state)
{
    (void)state;
    watch("hang()");
    watch("again()");
    cast_pass(&fixture, 1);
    char *path = str_format("/proc/%" PRId64 "/status", world.pid);
    const char *status = "Name:\tpython3\nVmRSS:\t 2200000 kB\n";
    sim_write(fixture.sim, path, status, strlen(status), 0);
    free(path);
    cast_pass(&fixture, 10);
    assert_int_equal(world.births, 2);
    cast_await(&fixture,
               "xtrigger.problem \"hang()\" the Python host used too much memory: killed");
}

static void too_many_calls_that_hang_are_the_end_of_it(void **state)
{
    (void)state;
    for (int i = 0; i < HOST_LOST_MAX; i++) {
        char *signature = str_format("hang(%d)", i);
        watch(signature);
        free(signature);
    }
    watch("push()");
    cast_pass(&fixture, 610);
    assert_int_equal(world.births, 2);
    assert_int_equal(cast_count(&fixture, "xtrigger.problem \"push()\""), 0);
    assert_int_equal(log_count("the Python host had too many calls that do not end: killed"), 1);
}

static void at_the_end_nothing_is_left(void **state)
{
    (void)state;
    watch("hang()");
    watch("push()");
    cast_pass(&fixture, 1);
    cast_say_shutdown(&fixture);
    cast_close_others(&fixture, 0);
    assert_int_equal(fixture.done, 1);
    cast[XTRIGGERS]->destroy(fixture.member);
    fixture.member = NULL;
    cast_pass(&fixture, 1);
    assert_false(sim_process_alive(fixture.sim, world.pid));
}

/* --- all of it, at random --- */

enum { SEEDS = 200, SIGNATURES = 24 };

static void misbehave(int64_t pid, const struct host_message *message)
{
    static const char *const ways[] = {"good", "late",    "again", "push", "crash", "leave",
                                       "hang", "rubbish", "flood", "deaf", "again", "again"};
    struct host_message as = *message;
    bool quiet = sim_happens(fixture.sim, 800);
    as.function = quiet ? "again" : ways[sim_chance(fixture.sim, sizeof ways / sizeof *ways)];
    start(pid, &as);
}

static void heard_at_random(void *context, int64_t pid, const struct host_message *message)
{
    (void)context;
    if (message->verb == HOST_PING && (world.healed || !sim_happens(fixture.sim, 100)))
        sim_hosts_say(fixture.hosts, pid, "{\"pong\": %" PRIu64 "}", message->number);
    if (message->verb == HOST_START)
        misbehave(pid, message);
}

static bool is_satisfied_once(int i)
{
    char *line = str_format("xtrigger.satisfied \"f(%d)\"", i);
    unsigned n = cast_count(&fixture, line);
    free(line);
    return n == 1;
}

/* Whatever a host does: nothing breaks, and when it has healed all are satisfied, once. */
static void whatever_a_host_does_it_heals(void **state)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        cast_use_seed(seed);
        open_world(state);
        sim_hosts_script(fixture.hosts, heard_at_random, born, NULL);
        world.flood = 1000;
        for (int i = 0; i < SIGNATURES; i++) {
            char *signature = str_format("f(%d)", i);
            watch(signature);
            free(signature);
        }
        cast_pass(&fixture, 300);
        world.healed = true;
        cast_pass(&fixture, 3700); /* what hangs has its deadline first, and some push */
        for (int i = 0; i < SIGNATURES; i++)
            if (!is_satisfied_once(i))
                fail_msg("seed %" PRIu64 ": f(%d)\n%s", seed, i, text_string(&fixture.log));
        close_world(state);
    }
    cast_use_seed(0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nobody_is_started_before_somebody_waits),
        TEST(who_is_not_satisfied_is_asked_at_the_interval),
        TEST(one_that_pushes_is_waited_for_without_end),
        TEST(what_is_dropped_is_cancelled),
        TEST(the_commit_is_told_even_if_nobody_waits_any_more),
        TEST(so_many_at_once_and_no_more),
        TEST(a_call_has_a_deadline),
        TEST(one_that_crashes_spoils_its_own_trigger_only),
        TEST(what_is_dropped_at_its_deadline_is_cancelled_once),
        TEST(one_that_crashes_again_and_again_is_asked_later_and_later),
        TEST(a_host_that_cannot_live_is_started_later_and_later),
        TEST(a_host_that_gives_no_sign_of_life_is_ended),
        TEST(one_that_silences_its_host_is_to_blame),
        TEST(one_that_is_idle_is_left_in_peace),
        TEST(rubbish_is_told_and_too_much_is_the_end),
        TEST(a_line_without_end_is_rubbish),
        TEST(a_flood_is_read_slowly),
        TEST(one_that_does_not_read_is_ended),
        TEST(one_that_leaks_is_ended),
        TEST(too_many_calls_that_hang_are_the_end_of_it),
        TEST(at_the_end_nothing_is_left),
        cmocka_unit_test(whatever_a_host_does_it_heals),
    };
    return cmocka_run_group_tests(tests, NULL, flow_release);
}

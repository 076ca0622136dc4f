/* Xtriggers joined by |, and windows: what is watched when, what goes, what is lost. */
#include "tests/lib/pool_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define XTRIGGERS                                                                                  \
    "[[xtriggers]]\nx = echo(x, %(point)s)\ny = echo(y)\n"                                         \
    "data = echo(data, %(point)s)\n"
#define FLOW(windows, graph)                                                                       \
    "[scheduler]\nallow implicit tasks = True\n[scheduling]\ncycling mode = integer\n"             \
    "initial cycle point = 1\nfinal cycle point = 1\n" XTRIGGERS windows                           \
    "[[graph]]\nR1 = \"\"\"\n" graph "\"\"\"\n"
#define OR(graph) FLOW("", graph)
#define X1 "echo(x, 1)"
#define Y "echo(y)"

/* --- or --- */

static void either_an_xtrigger_or_a_task_is_enough(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(OR("@x | foo => a\n"));
    assert_said(w, "watch " X1 "\n");
    assert_false(w->stalled);
    pool_world_satisfy(w, X1, "{\"k\": \"v\"}");
    assert_said(w, "submit 1/a 1 try 1 [1] [] {\"x_k\":\"v\"}\n");
    pool_world_succeed(w, "1/foo");
    pool_world_succeed(w, "1/a");
    assert_said(w, "shutdown AUTOMATIC");
    pool_world_destroy(w);

    w = pool_world_begin(OR("@x | foo => a\n"));
    pool_world_succeed(w, "1/foo");
    assert_said(w, "submit 1/a 1 try 1 [1] ['1/foo']\n");
    assert_said(w, "drop " X1 "\n");
    pool_world_satisfy(w, X1, "");
    pool_world_succeed(w, "1/a");
    assert_said(w, "shutdown AUTOMATIC");
    pool_world_destroy(w);
}

static void what_another_task_waits_for_is_not_dropped(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(OR("@y | foo => a\n@y => b\n"));
    pool_world_succeed(w, "1/foo");
    assert_string_equal(pool_world_active(w), "1/a");
    assert_not_said(w, "drop");
    pool_world_satisfy(w, Y, "");
    assert_string_equal(pool_world_active(w), "1/a 1/b");
    pool_world_destroy(w);
}

static void and_and_or_are_mixed(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(OR("(@x & @y) | foo:fail? => a\nfoo?\n"));
    pool_world_satisfy(w, X1, "");
    assert_string_equal(pool_world_active(w), "1/foo");
    pool_world_satisfy(w, Y, "");
    assert_string_equal(pool_world_active(w), "1/foo 1/a");
    pool_world_destroy(w);

    w = pool_world_begin(OR("@y & (@x | (foo & bar)) => a\n"));
    pool_world_succeed(w, "1/foo");
    pool_world_succeed(w, "1/bar");
    assert_string_equal(pool_world_active(w), "");
    assert_false(w->stalled);
    pool_world_satisfy(w, Y, "");
    assert_string_equal(pool_world_active(w), "1/a");
    assert_said(w, "drop " X1 "\n");
    pool_world_destroy(w);
}

/* What xtriggers alone cannot start is spawned by its parents, as ever. */
static void a_parent_that_is_needed_anyhow_spawns(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_begin(OR("(@x & foo:fail?) | (@y & bar:fail?) => a\nfoo?\nbar?\n"));
    assert_not_said(w, "spawned 1/a");
    assert_not_said(w, "watch");
    pool_world_fail(w, "1/bar");
    assert_said(w, "spawned 1/a");
    pool_world_succeed(w, "1/foo");
    assert_false(w->stalled); /* @y may come */
    pool_world_satisfy(w, Y, "");
    assert_string_equal(pool_world_active(w), "1/a");
    pool_world_destroy(w);
}

static void a_stall_is_one_if_no_xtrigger_can_help(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_begin(OR("(@x & foo:fail?) | (foo:started & bar:fail?) => a\nfoo?\nbar?\n"));
    pool_world_succeed(w, "1/foo");
    pool_world_succeed(w, "1/bar");
    assert_true(w->stalled);
    assert_said(w, "unsatisfied: 1/a (waits for 1/foo:failed 1/bar:failed @x)");
    pool_world_destroy(w);
}

static void a_clock_may_stand_in_a_condition(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(
        "[scheduler]\nallow implicit tasks = True\n[scheduling]\ninitial cycle point = "
        "20300101T00Z\n"
        "final cycle point = 20300102T00Z\n[[graph]]\nP1D = @wall_clock | foo => a\n");
    assert_said(w, "watch wall_clock(trigger_time=1893456000)\n");
    assert_not_said(w, "spawned 20300102T0000Z/a"); /* clocks are sequential */
    pool_world_succeed(w, "20300101T0000Z/foo");
    assert_said(w, "submit 20300101T0000Z/a");
    assert_said(w, "drop wall_clock(trigger_time=1893456000)\n");
    assert_said(w, "watch wall_clock(trigger_time=1893542400)\n");
    pool_world_satisfy(w, "wall_clock(trigger_time=1893542400)", "");
    assert_said(w, "submit 20300102T0000Z/a");
    pool_world_destroy(w);
}

static void an_external_trigger_is_waited_for_besides(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(
        "[scheduling]\ncycling mode = integer\ninitial cycle point = 1\nfinal cycle point = 1\n"
        "[[special tasks]]\nexternal-trigger = a(go)\n" XTRIGGERS
        "[[graph]]\nR1 = @x | foo => a\n[runtime]\n[[a, foo]]\n");
    pool_world_succeed(w, "1/foo");
    assert_string_equal(pool_world_active(w), "");
    assert_false(w->stalled);
    pool_world_hear(w, (struct message){.topic = TOPIC_POOL_COMMAND,
                                        .number = POOL_EXT_TRIGGER,
                                        .text = slice_of("go"),
                                        .detail = slice_of("id")});
    assert_string_equal(pool_world_active(w), "1/a");
    pool_world_destroy(w);
}

static void an_xtrigger_may_remove_a_task(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(OR("b => a\n@x | foo => !a\nb & foo\n"));
    assert_not_said(w, "spawned 1/a");
    pool_world_succeed(w, "1/b");
    assert_string_equal(pool_world_active(w), "1/foo 1/a");
    pool_world_destroy(w);

    w = pool_world_begin(OR("b & c => a\n@x | foo => !a\nfoo\n"));
    pool_world_succeed(w, "1/b");
    assert_said(w, "watch " X1 "\n");
    pool_world_satisfy(w, X1, "");
    assert_said(w, "removed 1/a suicide\n");
    pool_world_destroy(w);
}

/* Both are one signature: what it removes is looked at once. */
static void two_names_of_a_signature_may_remove_a_task(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(
        FLOW("also = echo(x, %(point)s)\n", "b & c => a\n@x | @also | foo => !a\nfoo\n"));
    pool_world_succeed(w, "1/b");
    pool_world_satisfy(w, X1, "");
    assert_said(w, "removed 1/a suicide\n");
    pool_world_destroy(w);
}

static void users_satisfy_xtriggers_of_conditions(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(OR("@x | foo => a\n"));
    assert_int_equal(pool_world_set(w, POOL_SET_PREREQUISITES, "1/a", "xtrigger/x", 0), 0);
    assert_string_equal(pool_world_active(w), "1/foo 1/a");
    assert_said(w, "drop " X1 "\n");
    pool_world_destroy(w);

    w = pool_world_begin(OR("@x | @y => a\n"));
    assert_int_not_equal(pool_world_set(w, POOL_SET_PREREQUISITES, "1/a", "xtrigger/data", 0), 0);
    assert_int_equal(pool_world_set(w, POOL_SET_PREREQUISITES, "1/a", "all", 0), 0);
    assert_string_equal(pool_world_active(w), "1/a");
    pool_world_destroy(w);
}

static void conditions_are_remembered(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create_durable(OR("(@x & foo) | (@y & @data) => a\n"));
    pool_world_start(w);
    pool_world_satisfy(w, X1, "{\"k\": 1}");
    pool_world_commit(w);
    pool_world_clear(w);
    pool_world_restart(w);
    assert_not_said(w, "watch " X1);
    assert_said(w, "watch " Y "\n");
    pool_world_succeed(w, "1/foo");
    assert_said(w, "submit 1/a 1 try 1 [1] ['1/foo'] {\"x_k\":\"1\"}\n");
    pool_world_commit(w);
    pool_world_clear(w);
    pool_world_restart(w); /* it goes: nobody asks for the others again */
    assert_not_said(w, "watch");
    pool_world_succeed(w, "1/a");
    assert_said(w, "shutdown AUTOMATIC");
    pool_world_destroy(w);
}

static void a_retry_asks_for_nothing_again(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create_durable(
        OR("@x | foo => a\n") "[runtime]\n[[foo]]\n[[a]]\nexecution retry delays = PT1M\n");
    pool_world_start(w);
    pool_world_succeed(w, "1/foo");
    pool_world_clear(w);
    pool_world_fail(w, "1/a");
    assert_not_said(w, X1);
    pool_world_commit(w);
    pool_world_restart(w);
    assert_not_said(w, X1);
    pool_world_destroy(w);
}

/* What was removed takes with it what it had satisfied; the xtrigger may come still. */
static void a_removed_parent_leaves_the_xtrigger(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(OR("foo & bar => a\n@x | foo => b\n@x & bar => c\n"));
    pool_world_command(w, POOL_HOLD, "1/b", 0);
    pool_world_succeed(w, "1/foo");
    pool_world_command(w, POOL_REMOVE, "1/foo", 0);
    assert_not_said(w, "removed 1/b");
    pool_world_command(w, POOL_RELEASE, "1/b", 0);
    assert_string_equal(pool_world_active(w), "1/bar");
    assert_false(w->stalled);
    pool_world_satisfy(w, X1, "");
    assert_string_equal(pool_world_active(w), "1/bar 1/b");
    pool_world_destroy(w);
}

static void it_waits_in_another_flow_as_well(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(OR("foo\n@x | foo => a\n"));
    pool_world_satisfy(w, X1, "");
    pool_world_succeed(w, "1/a");
    pool_world_in_flow(w, POOL_TRIGGER, "1/a", 2);
    assert_said(w, "submit 1/a 2 try 1 [2]");
    pool_world_destroy(w);
}

/* --- windows --- */

enum { SECOND = 1000000 };
#define WINDOW(edges) "[[xtrigger windows]]\n[[[data]]]\n" edges
#define DATA "echo(data, 1)"
#define AT(n) "wall_clock(trigger_time=" #n ")"

static struct pool_world *at(const char *flow, int64_t seconds)
{
    struct pool_world *w = pool_world_create_durable(flow);
    w->now = seconds * SECOND;
    pool_world_start(w);
    return w;
}

static void nobody_is_asked_before_the_start(void **state)
{
    (void)state;
    struct pool_world *w =
        at(FLOW(WINDOW("start = PT1M\nuntil = PT1H\n"), "@data => model\n"), 1000);
    assert_said(w, "watch " AT(1060) "\n");
    assert_said(w, "watch " AT(4600) "\n");
    assert_not_said(w, "watch " DATA);
    pool_world_satisfy(w, AT(1060), "");
    assert_said(w, "watch " DATA "\n");
    pool_world_satisfy(w, DATA, "{\"a\": 1}");
    assert_said(w, "drop " AT(4600) "\n");
    assert_said(w, "submit 1/model 1 try 1 [1] [] {\"data_a\":\"1\"}\n");
    pool_world_succeed(w, "1/model");
    assert_said(w, "shutdown AUTOMATIC");
    pool_world_destroy(w);
}

#define ALERT FLOW(WINDOW("until = PT1H\n"), "@data => model\n@data:timeout => alert\n")

static void a_timeout_is_an_output(void **state)
{
    (void)state;
    struct pool_world *w = at(ALERT, 1000);
    pool_world_satisfy(w, AT(4600), "");
    assert_said(w, "drop " DATA "\n");
    assert_said(w,
                "removed 1/model impossible: xtrigger @data timed out at 1970-01-01T01:16:40Z\n");
    assert_string_equal(pool_world_active(w), "1/alert");
    pool_world_satisfy(w, DATA, ""); /* too late */
    pool_world_succeed(w, "1/alert");
    assert_said(w, "shutdown AUTOMATIC");
    pool_world_destroy(w);
}

static void what_comes_in_time_takes_the_timeout_away(void **state)
{
    (void)state;
    struct pool_world *w = at(ALERT, 1000);
    pool_world_satisfy(w, DATA, "");
    assert_said(w, "drop " AT(4600) "\n");
    assert_said(w, "removed 1/alert impossible: xtrigger @data was satisfied in time\n");
    assert_string_equal(pool_world_active(w), "1/model");
    pool_world_succeed(w, "1/model");
    assert_said(w, "shutdown AUTOMATIC");
    pool_world_destroy(w);
}

static void either_of_them_is_enough(void **state)
{
    (void)state;
    struct pool_world *w =
        at(FLOW(WINDOW("until = PT1H\n"), "@data | @data:timeout => model\n"), 1000);
    pool_world_satisfy(w, AT(4600), "");
    assert_string_equal(pool_world_active(w), "1/model");
    assert_said(w, "drop " DATA "\n");
    pool_world_destroy(w);
    w = at(FLOW(WINDOW("until = PT1H\n"), "@data | @data:timeout => model\n"), 1000);
    pool_world_satisfy(w, DATA, "");
    assert_string_equal(pool_world_active(w), "1/model");
    assert_said(w, "drop " AT(4600) "\n");
    pool_world_destroy(w);
}

/* The graph says nothing of the timeout: somebody has to see to it. */
static void a_timeout_that_nobody_names_stalls(void **state)
{
    (void)state;
    struct pool_world *w = at(FLOW(WINDOW("until = PT1H\n"), "@data => model\n"), 1000);
    assert_false(w->stalled);
    pool_world_satisfy(w, AT(4600), "");
    assert_true(w->stalled);
    assert_said(w, "unsatisfied: 1/model (xtrigger @data timed out at 1970-01-01T01:16:40Z)");
    assert_not_said(w, "removed");
    pool_world_commit(w);
    pool_world_clear(w);
    pool_world_restart(w);
    assert_true(w->stalled);
    assert_not_said(w, "watch");
    assert_int_equal(pool_world_set(w, POOL_SET_PREREQUISITES, "1/model", "xtrigger/data", 0), 0);
    assert_string_equal(pool_world_active(w), "1/model");
    pool_world_destroy(w);
}

static void what_was_triggered_after_a_timeout_is_tried_again(void **state)
{
    (void)state;
    struct pool_world *w =
        at(FLOW(WINDOW("until = PT1H\n"), "@data => a\n") "[runtime]\n[[a]]\n"
                                                          "execution retry delays = PT1M\n",
           1000);
    pool_world_satisfy(w, AT(4600), "");
    assert_true(w->stalled);
    pool_world_command(w, POOL_TRIGGER, "1/a", 0);
    pool_world_fail(w, "1/a");
    assert_said(w, "state 1/a waiting retrying");
    pool_world_commit(w);
    pool_world_restart(w);
    assert_false(w->stalled);
    pool_world_satisfy(w, AT(1060), "");
    assert_said(w, "submit 1/a 2 try 2");
    pool_world_destroy(w);
}

static void users_may_satisfy_a_timeout(void **state)
{
    (void)state;
    struct pool_world *w = at(ALERT, 1000);
    assert_int_equal(
        pool_world_set(w, POOL_SET_PREREQUISITES, "1/alert", "xtrigger/data:timeout", 0), 0);
    assert_string_equal(pool_world_active(w), "1/alert");
    assert_int_not_equal(
        pool_world_set(w, POOL_SET_PREREQUISITES, "1/model", "xtrigger/data:timeout", 0), 0);
    pool_world_satisfy(w, DATA, "");
    assert_string_equal(pool_world_active(w), "1/alert 1/model");
    pool_world_destroy(w);
}

static void what_a_timeout_removed_comes_back_when_told_to(void **state)
{
    (void)state;
    struct pool_world *w = at(ALERT, 1000);
    pool_world_satisfy(w, AT(4600), "");
    assert_int_equal(pool_world_set(w, POOL_SET_PREREQUISITES, "1/model", "xtrigger/data", 0), 0);
    assert_string_equal(pool_world_active(w), "1/alert 1/model");
    pool_world_destroy(w);
}

static void other_ways_stay_open(void **state)
{
    (void)state;
    struct pool_world *w =
        at(FLOW(WINDOW("until = PT1H\n"), "@data | foo => model\n@data:timeout & bar => alert\n"),
           1000);
    pool_world_satisfy(w, AT(4600), "");
    assert_not_said(w, "removed");
    pool_world_succeed(w, "1/foo");
    pool_world_succeed(w, "1/bar");
    assert_string_equal(pool_world_active(w), "1/model");
    w->now = 4601 * (int64_t)SECOND;
    pool_world_destroy(w);
}

/* With integer cycling the time is reckoned from when the instance began to wait, once. */
static void the_time_is_kept_over_a_restart(void **state)
{
    (void)state;
    struct pool_world *w = at(ALERT, 1000);
    pool_world_commit(w);
    w->now = 2000 * (int64_t)SECOND;
    pool_world_clear(w);
    pool_world_restart(w);
    assert_said(w, "watch " AT(4600) "\n");
    assert_said(w, "watch " DATA "\n");
    pool_world_satisfy(w, AT(4600), "");
    pool_world_commit(w);
    pool_world_clear(w);
    pool_world_restart(w);
    assert_string_equal(pool_world_active(w), "1/alert");
    assert_not_said(w, "watch");
    assert_not_said(w, "spawned 1/model");
    pool_world_destroy(w);
}

#define DATES(windows, graph)                                                                      \
    "[scheduler]\nallow implicit tasks = True\n[scheduling]\ninitial cycle point = 20300101T00Z\n" \
    "final cycle point = 20300101T00Z\n" XTRIGGERS windows "[[graph]]\nR1 = \"\"\"\n" graph        \
    "\"\"\"\n"

static void the_time_counts_from_the_cycle_point(void **state)
{
    (void)state;
    struct pool_world *w =
        at(DATES(WINDOW("start = -PT1H\nuntil = 20300101T06+01\n"), "@data => model\n"), 1000);
    assert_said(w, "watch " AT(1893452400) "\n");
    assert_said(w, "watch " AT(1893474000) "\n");
    assert_not_said(w, "watch echo");
    pool_world_destroy(w);
}

/* Late: nobody is asked, and it has timed out at once. */
static void what_is_past_has_timed_out(void **state)
{
    (void)state;
    struct pool_world *w =
        at(DATES(WINDOW("until = PT1H\n"), "@data | @data:timeout => model\n"), 1893459601);
    assert_not_said(w, "watch");
    assert_said(w, "submit 20300101T0000Z/model");
    pool_world_destroy(w);
    w = at(DATES(WINDOW("start = PT1H\n"), "@data => model\n"), 1893459601);
    assert_not_said(w, "watch wall_clock");
    assert_said(w, "watch echo(data, 20300101T0000Z)\n");
    pool_world_destroy(w);
}

/* What is beyond the calendar never comes, or is long past. */
static void windows_may_reach_beyond_the_calendar(void **state)
{
    (void)state;
    struct pool_world *w = at(DATES(WINDOW("until = P9000Y\n"), "@data => model\n"), 1000);
    assert_said(w, "watch echo(data, 20300101T0000Z)\n");
    assert_said(w, "watch " AT(1000000000000) "\n");
    pool_world_destroy(w);
    w = at(DATES(WINDOW("start = -P9000Y\nuntil = P9000Y\n"), "@data => model\n"), 1000);
    assert_said(w, "watch echo(data, 20300101T0000Z)\n");
    pool_world_destroy(w);
    w = at(FLOW(WINDOW("until = P99999999Y\n"), "@data => model\n"), 1000);
    assert_said(w, "watch " DATA "\n");
    assert_said(w, "watch " AT(1000000000000) "\n");
    pool_world_destroy(w);
}

static void a_task_may_expire_beyond_the_calendar(void **state)
{
    (void)state;
    struct pool_world *w =
        at("[scheduler]\nallow implicit tasks = True\n[scheduling]\ninitial cycle point = 9999\n"
           "final cycle point = 9999\n[[special tasks]]\nclock-expire = a(P1Y)\n"
           "[[graph]]\nR1 = a\n",
           1000);
    assert_string_equal(pool_world_active(w), "99990101T0000Z/a");
    assert_not_said(w, "expired");
    pool_world_destroy(w);
}

/* The order in which a member of the cast began again makes no difference. */
static void what_is_watched_is_told_to_new_xtriggers(void **state)
{
    (void)state;
    struct pool_world *w =
        at(FLOW(WINDOW("start = PT1M\nuntil = PT1H\n"), "@data => model\n@x | foo => a\n"), 1000);
    pool_world_clear(w);
    pool_world_hear(w, (struct message){.topic = TOPIC_XTRIGGER_READY});
    assert_said(w, "watch " AT(1060) "\n");
    assert_said(w, "watch " AT(4600) "\n");
    assert_said(w, "watch " X1 "\n");
    assert_not_said(w, "watch " DATA);
    pool_world_destroy(w);
}

static void an_instance_in_two_windows_waits_for_both(void **state)
{
    (void)state;
    struct pool_world *w = at(FLOW("[[xtrigger windows]]\n[[[data]]]\nuntil = PT1M\n[[[y]]]\n"
                                   "until = PT2M\n",
                                   "@data | @y => a\n@data:timeout & @y:timeout => b\n"),
                              1000);
    pool_world_satisfy(w, AT(1060), "");
    assert_string_equal(pool_world_active(w), "");
    assert_not_said(w, "removed");
    pool_world_satisfy(w, AT(1120), "");
    assert_said(w, "removed 1/a impossible: ");
    assert_string_equal(pool_world_active(w), "1/b");
    pool_world_destroy(w);
}

#define TWO_DAYS(edges)                                                                            \
    "[scheduler]\nallow implicit tasks = True\n[scheduling]\ninitial cycle point = 20300101T00Z\n" \
    "final cycle point = 20300102T00Z\n" XTRIGGERS "[[xtrigger windows]]\n[[[y]]]\n" edges         \
    "[[graph]]\nP1D = @y => a\n"

/* One signature for all points: it is asked while it is open for one of them. */
static void a_signature_is_watched_while_a_window_is_open(void **state)
{
    (void)state;
    struct pool_world *w = at(TWO_DAYS("start = -PT1H\nuntil = PT1H\n"), 1893400000);
    assert_not_said(w, "watch " Y);
    pool_world_satisfy(w, AT(1893452400), "");
    assert_said(w, "watch " Y "\n");
    pool_world_clear(w);
    pool_world_satisfy(w, AT(1893459600), ""); /* the first has timed out, the other not begun */
    assert_said(w, "drop " Y "\n");
    pool_world_clear(w);
    pool_world_satisfy(w, AT(1893538800), "");
    assert_said(w, "watch " Y "\n");
    pool_world_satisfy(w, Y, "");
    assert_string_equal(pool_world_active(w), "20300102T0000Z/a");
    pool_world_succeed(w, "20300102T0000Z/a");
    assert_true(w->stalled);
    pool_world_destroy(w);
    w = at(TWO_DAYS("start = -PT1H\n"), 1893400000);
    pool_world_satisfy(w, AT(1893452400), "");
    pool_world_satisfy(w, Y, ""); /* for both: what is known is not asked again */
    assert_string_equal(pool_world_active(w), "20300101T0000Z/a 20300102T0000Z/a");
    assert_said(w, "drop " AT(1893538800) "\n");
    pool_world_destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(either_an_xtrigger_or_a_task_is_enough),
        cmocka_unit_test(what_another_task_waits_for_is_not_dropped),
        cmocka_unit_test(and_and_or_are_mixed),
        cmocka_unit_test(a_parent_that_is_needed_anyhow_spawns),
        cmocka_unit_test(a_stall_is_one_if_no_xtrigger_can_help),
        cmocka_unit_test(a_clock_may_stand_in_a_condition),
        cmocka_unit_test(an_external_trigger_is_waited_for_besides),
        cmocka_unit_test(an_xtrigger_may_remove_a_task),
        cmocka_unit_test(two_names_of_a_signature_may_remove_a_task),
        cmocka_unit_test(users_satisfy_xtriggers_of_conditions),
        cmocka_unit_test(conditions_are_remembered),
        cmocka_unit_test(a_retry_asks_for_nothing_again),
        cmocka_unit_test(a_removed_parent_leaves_the_xtrigger),
        cmocka_unit_test(it_waits_in_another_flow_as_well),
        cmocka_unit_test(nobody_is_asked_before_the_start),
        cmocka_unit_test(a_timeout_is_an_output),
        cmocka_unit_test(what_comes_in_time_takes_the_timeout_away),
        cmocka_unit_test(either_of_them_is_enough),
        cmocka_unit_test(a_timeout_that_nobody_names_stalls),
        cmocka_unit_test(what_was_triggered_after_a_timeout_is_tried_again),
        cmocka_unit_test(users_may_satisfy_a_timeout),
        cmocka_unit_test(what_a_timeout_removed_comes_back_when_told_to),
        cmocka_unit_test(other_ways_stay_open),
        cmocka_unit_test(the_time_is_kept_over_a_restart),
        cmocka_unit_test(the_time_counts_from_the_cycle_point),
        cmocka_unit_test(what_is_past_has_timed_out),
        cmocka_unit_test(windows_may_reach_beyond_the_calendar),
        cmocka_unit_test(a_task_may_expire_beyond_the_calendar),
        cmocka_unit_test(what_is_watched_is_told_to_new_xtriggers),
        cmocka_unit_test(an_instance_in_two_windows_waits_for_both),
        cmocka_unit_test(a_signature_is_watched_while_a_window_is_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What instances wait for outside of the graph: external triggers, and the time at which they
 * expire. */
#include "tests/lib/pool_world.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define EXTERNAL                                                                                   \
    "[scheduling]\ncycling mode = integer\ninitial cycle point = 1\nfinal cycle point = 3\n"       \
    "runahead limit = P1\n[[special tasks]]\nexternal-trigger = a(go), b(\"more data\")\n"         \
    "[[graph]]\nP1 = a => b\n[runtime]\n[[a, b]]\n"

static uint32_t trigger(struct pool_world *w, const char *message, const char *id)
{
    static uint64_t number = 1000;
    pool_world_hear(w, (struct message){.topic = TOPIC_POOL_COMMAND,
                                        .id = ++number,
                                        .number = POOL_EXT_TRIGGER,
                                        .text = slice_of(message),
                                        .detail = slice_of(id)});
    char line[64];
    snprintf(line, sizeof line, "outcome %llu ", (unsigned long long)number);
    const char *outcome = strstr(pool_world_log(w), line);
    assert_non_null(outcome);
    return (uint32_t)strtoul(outcome + strlen(line), NULL, 10);
}

static void a_message_lets_the_first_that_waits_go_and_no_other(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(EXTERNAL);
    pool_world_start(w);
    assert_string_equal(pool_world_active(w), "");
    assert_int_equal(trigger(w, "nonsense", "0"), ENOENT);
    trigger(w, "go", "x7");
    assert_string_equal(pool_world_active(w), "1/a");
    assert_said(w, "broadcast + [1/root] [environment]CYLC_EXT_TRIGGER_ID=x7\n");
    assert_said(w, "submit 1/a 1 try 1 [1] [] [[\"[environment]CYLC_EXT_TRIGGER_ID\",\"x7\"]]\n");
    trigger(w, "go", "x8");
    assert_string_equal(pool_world_active(w), "1/a 2/a");
    assert_not_said(w, "watch");
    assert_false(w->stalled);
    pool_world_destroy(w);
}

static void a_message_waits_for_its_task_over_a_restart(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create_durable(EXTERNAL);
    pool_world_start(w);
    trigger(w, "more data", "1st");
    trigger(w, "more data", "2nd");
    trigger(w, "go", "x");
    pool_world_commit(w);
    pool_world_restart(w);
    pool_world_clear(w);
    assert_string_equal(pool_world_active(w), "1/a");
    pool_world_succeed(w, "1/a");
    assert_said(w,
                "submit 1/b 1 try 1 [1] ['1/a'] [[\"[environment]CYLC_EXT_TRIGGER_ID\",\"1st\"]]");
    pool_world_commit(w);
    pool_world_restart(w);
    trigger(w, "go", "y");
    pool_world_succeed(w, "2/a");
    assert_said(w,
                "submit 2/b 1 try 1 [1] ['2/a'] [[\"[environment]CYLC_EXT_TRIGGER_ID\",\"2nd\"]]");
    pool_world_destroy(w);
}

#define SHARED                                                                                     \
    "[scheduling]\ncycling mode = integer\ninitial cycle point = 1\nfinal cycle point = 2\n"       \
    "[[special tasks]]\nexternal-trigger = a(go), b(go), c(go)\n"                                  \
    "[[graph]]\nP1 = a => b\nR1/2 = c\n[runtime]\n[[a, b, c]]\n"

/* Each task that names the message gets it once, with its id, now or when it waits. */
static void a_message_is_for_every_task_that_names_it(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create_durable(SHARED);
    pool_world_start(w);
    trigger(w, "go", "x1");
    assert_string_equal(pool_world_active(w), "1/a 2/c");
    assert_said(w, "submit 1/a 1 try 1 [1] [] [[\"[environment]CYLC_EXT_TRIGGER_ID\",\"x1\"]]\n");
    assert_said(w, "submit 2/c 1 try 1 [1] [] [[\"[environment]CYLC_EXT_TRIGGER_ID\",\"x1\"]]\n");
    pool_world_commit(w);
    pool_world_restart(w);
    pool_world_clear(w);
    pool_world_succeed(w, "1/a"); /* b comes, for which it was kept */
    assert_said(w,
                "submit 1/b 1 try 1 [1] ['1/a'] [[\"[environment]CYLC_EXT_TRIGGER_ID\",\"x1\"]]\n");
    assert_string_equal(pool_world_active(w), "2/c 1/b");
    trigger(w, "go", "x2");
    assert_string_equal(pool_world_active(w), "2/c 1/b 2/a");
    pool_world_succeed(w, "2/a");
    assert_string_equal(pool_world_active(w), "2/c 1/b 2/b");
    assert_said(w, "[\"[environment]CYLC_EXT_TRIGGER_ID\",\"x2\"]]\n");
    pool_world_destroy(w);
}

#define NAMED                                                                                      \
    "[scheduling]\ncycling mode = integer\ninitial cycle point = 1\nfinal cycle point = 1\n"       \
    "[[xtriggers]]\ngo = ext_trigger(\"the data\")\n"                                              \
    "[[graph]]\nR1 = \"\"\"\n@go | foo => a\n@go | foo => b\nb & c => d\n@go | foo => "            \
    "!d\n\"\"\"\n"                                                                                 \
    "[runtime]\n[[a, b, c, d, foo]]\n"

/* By a name it may stand in conditions. */
static void an_external_trigger_may_be_an_xtrigger(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create_durable(NAMED);
    pool_world_start(w);
    assert_int_equal(trigger(w, "go", "0"), ENOENT);
    pool_world_command(w, POOL_HOLD, "1/b", 0);
    trigger(w, "the data", "x1");
    assert_string_equal(pool_world_active(w), "1/c 1/foo 1/a");
    assert_said(w, "submit 1/a 1 try 1 [1] [] [[\"[environment]CYLC_EXT_TRIGGER_ID\",\"x1\"]]\n");
    assert_not_said(w, "watch");
    pool_world_commit(w);
    pool_world_restart(w);
    pool_world_command(w, POOL_RELEASE, "1/b", 0);
    assert_string_equal(pool_world_active(w), "1/a 1/c 1/foo 1/b");
    pool_world_succeed(w, "1/b"); /* d comes, for which the message was kept, and goes by it */
    assert_said(w, "removed 1/d suicide\n");
    pool_world_destroy(w);
}

#define EXPIRE(rest)                                                                               \
    "[scheduling]\ninitial cycle point = 20300101T00Z\nfinal cycle point = 20300101T00Z\n"         \
    "[[special tasks]]\nclock-expire = a(PT1H)\n[[graph]]\nR1 = \"\"\"\n" rest                     \
    "\"\"\"\n[runtime]\n[[a, b, b2, c]]\n"
#define A "20300101T0000Z/a"
#define DUE "wall_clock(trigger_time=1893459600)"

static void what_still_waits_when_its_time_comes_expires(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(EXPIRE("b => a?\na:expired? => c"));
    pool_world_start(w);
    assert_not_said(w, "watch");
    pool_world_command(w, POOL_HOLD, A, 0);
    pool_world_succeed(w, "20300101T0000Z/b");
    assert_said(w, "watch " DUE "\n");
    pool_world_satisfy(w, DUE, "");
    assert_said(w, "event " A " warning: expired\n");
    assert_said(w, "event " A " expired: Task expired: will not submit job.\n");
    assert_said(w, "state " A " expired");
    assert_string_equal(pool_world_active(w), "20300101T0000Z/c");
    pool_world_succeed(w, "20300101T0000Z/c");
    assert_said(w, "shutdown AUTOMATIC 0");
    pool_world_destroy(w);
}

static void what_runs_does_not_expire(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(EXPIRE("a?\na:expired? => c"));
    pool_world_start(w);
    assert_string_equal(pool_world_active(w), A);
    pool_world_satisfy(w, DUE, "");
    assert_not_said(w, "expired\n");
    pool_world_succeed(w, A);
    assert_said(w, "shutdown AUTOMATIC 0");
    pool_world_destroy(w);
}

static void what_is_triggered_by_hand_does_not_expire(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create_paused(EXPIRE("a?\na:expired? => c"));
    pool_world_start(w);
    pool_world_command(w, POOL_TRIGGER, A, 0);
    pool_world_satisfy(w, DUE, "");
    assert_string_equal(pool_world_active(w), A);
    pool_world_destroy(w);
}

static void what_is_past_expires_at_once_and_after_a_restart(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create_durable(EXPIRE("b => a?\na:expired? => c"));
    pool_world_start(w);
    pool_world_command(w, POOL_PAUSE, "", 0);
    pool_world_succeed(w, "20300101T0000Z/b");
    pool_world_commit(w);
    pool_world_restart(w);
    pool_world_clear(w);
    pool_world_hear(w, (struct message){.topic = TOPIC_XTRIGGER_READY});
    assert_said(w, "watch " DUE "\n");
    pool_world_satisfy(w, DUE, "");
    assert_said(w, "state " A " expired");
    pool_world_destroy(w);
}

static void what_is_past_expires_before_a_restart_lets_it_run(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create_durable(EXPIRE("b => a?\na:expired? => c"));
    pool_world_start(w);
    pool_world_command(w, POOL_STOP, "", STOP_CLEAN);
    pool_world_succeed(w, "20300101T0000Z/b");
    pool_world_commit(w);
    w->now = INT64_C(1893459601) * 1000000; /* nothing ran when its time came */
    pool_world_restart(w);
    assert_said(w, "state " A " expired");
    assert_string_equal(pool_world_active(w), "20300101T0000Z/c");
    pool_world_destroy(w);
}

static void what_has_expired_does_not_come_again_when_it_must_not_expire_any_more(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create_durable(EXPIRE("b | c => a?\na:expired? => b2\n"));
    pool_world_start(w);
    pool_world_command(w, POOL_HOLD, A, 0);
    pool_world_succeed(w, "20300101T0000Z/b");
    pool_world_satisfy(w, DUE, "");
    pool_world_succeed(w, "20300101T0000Z/b2");
    w->now = INT64_C(1893459601) * 1000000;
    pool_world_restart_as(w, EXPIRE("b | c => a\nb => b2\n"));
    pool_world_clear(w);
    pool_world_succeed(w, "20300101T0000Z/c");
    assert_not_said(w, "spawned " A);
    pool_world_destroy(w);
}

#define LATE "event " A " late: late (late-time=2030-01-01T01:00:00Z)\n"

static void what_waits_too_long_is_late_once_and_goes_on_waiting(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(
        "[scheduling]\ninitial cycle point = 20300101T00Z\nfinal cycle point = 20300101T00Z\n"
        "[[graph]]\nR1 = b => a\n[runtime]\n[[b]]\n[[a]]\nexecution retry delays = PT0S\n"
        "[[[events]]]\nlate offset = PT1H\n");
    pool_world_start(w);
    pool_world_command(w, POOL_HOLD, A, 0);
    pool_world_succeed(w, "20300101T0000Z/b");
    assert_said(w, "watch " DUE "\n");
    pool_world_satisfy(w, DUE, "");
    assert_said(w, LATE);
    assert_not_said(w, "state " A " expired");
    pool_world_commit(w);
    pool_world_restart(w);
    pool_world_clear(w);
    pool_world_hear(w, (struct message){.topic = TOPIC_XTRIGGER_READY});
    assert_not_said(w, "watch " DUE);
    pool_world_satisfy(w, DUE, "");
    assert_not_said(w, "late: ");
    pool_world_command(w, POOL_RELEASE, A, 0);
    assert_string_equal(pool_world_active(w), A);
    pool_world_succeed(w, A);
    assert_not_said(w, "late: ");
    assert_said(w, "shutdown AUTOMATIC 0");
    pool_world_destroy(w);
}

static void what_runs_is_not_late(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(
        "[scheduling]\ninitial cycle point = 20300101T00Z\nfinal cycle point = 20300101T00Z\n"
        "[[graph]]\nR1 = a\n[runtime]\n[[a]]\n[[[events]]]\nlate offset = PT1H\n");
    pool_world_start(w);
    assert_string_equal(pool_world_active(w), A);
    pool_world_satisfy(w, DUE, "");
    assert_not_said(w, "late");
    pool_world_destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_lets_the_first_that_waits_go_and_no_other),
        cmocka_unit_test(a_message_waits_for_its_task_over_a_restart),
        cmocka_unit_test(a_message_is_for_every_task_that_names_it),
        cmocka_unit_test(an_external_trigger_may_be_an_xtrigger),
        cmocka_unit_test(what_still_waits_when_its_time_comes_expires),
        cmocka_unit_test(what_runs_does_not_expire),
        cmocka_unit_test(what_is_triggered_by_hand_does_not_expire),
        cmocka_unit_test(what_is_past_expires_at_once_and_after_a_restart),
        cmocka_unit_test(what_is_past_expires_before_a_restart_lets_it_run),
        cmocka_unit_test(what_has_expired_does_not_come_again_when_it_must_not_expire_any_more),
        cmocka_unit_test(what_waits_too_long_is_late_once_and_goes_on_waiting),
        cmocka_unit_test(what_runs_is_not_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What tasks wait for besides each other: the runahead limit, xtriggers, and their order. */
#include "pool/xtrigger.h"
#include "tests/lib/pool_world.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define INTEGER(final, limit, graph)                                                               \
    "[scheduler]\nallow implicit tasks = True\n[scheduling]\ncycling mode = integer\n"             \
    "initial cycle point = 1\nfinal cycle point = " final "\n" limit "[[graph]]\n" graph
#define LIMIT(limit) "runahead limit = " limit "\n"

/* --- runahead --- */

static void the_default_limit_is_five_cycles(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(INTEGER("8", "", "P1 = a\n"));
    pool_world_start(w);
    assert_string_equal(pool_world_active(w), "1/a 2/a 3/a 4/a 5/a");
    for (char cycle = '2'; cycle <= '5'; cycle++)
        pool_world_succeed(w, (char[]){cycle, '/', 'a', '\0'});
    assert_string_equal(pool_world_active(w), "1/a");
    pool_world_fail(w, "1/a");
    assert_true(w->stalled);
    assert_string_equal(pool_world_rows(w), "1/a failed [1]; 6/a waiting [1]");
    pool_world_destroy(w);
}

static void a_limit_of_zero_runs_one_cycle_at_a_time(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(INTEGER("3", LIMIT("P0"), "P1 = a => b\n"));
    pool_world_start(w);
    assert_string_equal(pool_world_active(w), "1/a");
    pool_world_succeed(w, "1/a");
    assert_string_equal(pool_world_active(w), "1/b");
    pool_world_succeed(w, "1/b");
    assert_string_equal(pool_world_active(w), "2/a");
    pool_world_destroy(w);
}

static void the_limit_does_not_move_while_an_output_is_in_flight(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(INTEGER("3", LIMIT("P0"), "P1 = a => b\n"));
    pool_world_start(w);
    pool_world_clear(w);
    w->hold_answers = true;
    pool_world_succeed(w, "1/a");
    assert_not_said(w, "runahead");
    w->hold_answers = false;
    pool_world_run(w);
    assert_not_said(w, "runahead");
    assert_string_equal(pool_world_active(w), "1/b");
    pool_world_destroy(w);
}

static void settle(struct pool_world *w, const char *id, uint32_t output)
{
    struct message m = {
        .topic = TOPIC_TRIGGER_SETTLED, .number = output, .flows = {.n = 1, .at = {1}}};
    pool_world_id(w, id, &m.point, &m.task);
    pool_world_hear(w, m);
}

/* 2/a will bring 1/b back: until that is known the base point may not leave 1. */
static void the_limit_waits_even_if_the_lowest_point_is_empty(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_create(INTEGER("4", LIMIT("P0"), "P1 = \"\"\"\na\na[+P1] => b\n\"\"\"\n"));
    pool_world_start(w);
    w->hold_answers = true;
    pool_world_succeed(w, "2/a");
    pool_world_succeed(w, "1/a");
    settle(w, "1/a", OUTPUT_SUBMITTED);
    settle(w, "1/a", OUTPUT_STARTED);
    settle(w, "1/a", OUTPUT_SUCCEEDED);
    assert_said(w, "removed 1/a complete\n");
    assert_not_said(w, "runahead 3\n");
    w->hold_answers = false;
    pool_world_run(w);
    assert_said(w, "submit 1/b 1 try 1 [1] ['2/a']\n");
    assert_not_said(w, "runahead 3\n");
    pool_world_succeed(w, "1/b");
    assert_said(w, "runahead 4\n"); /* 3, the base now, and one for the offset */
    pool_world_destroy(w);
}

static void the_limit_counts_the_points_of_all_sequences(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_create(INTEGER("20", LIMIT("P2"), "P6 = a\n+P1/P6 = b\nR1 = once\n"));
    pool_world_start(w);
    /* 1, 2, 7 */
    assert_int_equal(w->jobs.n, 4);
    assert_said(w, "runahead 7\n");
    assert_said(w, "spawned 8/b [1]\n"); /* the one beyond */
    assert_not_said(w, "submit 8/b");
    pool_world_destroy(w);
}

static void a_limit_by_time_reaches_the_last_point_within(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(
        "[scheduler]\nUTC mode = True\nallow implicit tasks = True\n[scheduling]\n"
        "initial cycle point = 20200101T00Z\nfinal cycle point = 20200102T00Z\n"
        "runahead limit = PT14H\n[[graph]]\nPT6H = a\n");
    pool_world_start(w);
    assert_string_equal(pool_world_active(w), "20200101T0000Z/a 20200101T0600Z/a 20200101T1200Z/a");
    pool_world_destroy(w);
}

static void a_future_offset_widens_the_limit(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_create(INTEGER("9", LIMIT("P0"), "P1 = \"\"\"\na\na[+P2] => b\n\"\"\"\n"));
    pool_world_start(w);
    assert_string_equal(pool_world_active(w), "1/a 2/a 3/a");
    pool_world_succeed(w, "3/a");
    assert_said(w, "submit 1/b 1 try 1 [1] ['3/a']\n");
    pool_world_destroy(w);
}

static void a_child_beyond_the_limit_waits_for_it(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_create(INTEGER("5", LIMIT("P0"), "P1 = \"\"\"\na[-P2] => b\na\nc\n\"\"\"\n"));
    pool_world_start(w);
    pool_world_succeed(w, "1/a"); /* 3/b */
    assert_said(w, "spawned 3/b [1]\n");
    assert_not_said(w, "submit 3/b");
    assert_string_equal(pool_world_lines(w, "submit 1/b"), "submit 1/b 1 try 1 [1] ['-1/a']\n");
    pool_world_succeed(w, "1/b");
    pool_world_succeed(w, "1/c");
    pool_world_succeed(w, "2/a");
    pool_world_succeed(w, "2/b");
    assert_not_said(w, "submit 3/b");
    pool_world_succeed(w, "2/c");
    assert_said(w, "submit 3/b 1 try 1 [1] ['1/a']\n");
    pool_world_destroy(w);
}

static void an_unfinished_task_keeps_the_others_back(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(INTEGER("6", LIMIT("P2"), "R1 = stuck\nP1 = a\n"));
    pool_world_start(w);
    pool_world_fail(w, "1/stuck");
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "2/a");
    pool_world_succeed(w, "3/a");
    assert_true(w->stalled);
    assert_string_equal(pool_world_rows(w), "1/stuck failed [1]; 4/a waiting [1]");
    pool_world_destroy(w);
}

/* --- what lies behind --- */

static void the_past_is_asked_for_and_runs_once_only(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(INTEGER("9", LIMIT("P0"), "P1 = a => b\n"));
    pool_world_start(w);
    for (char cycle = '1'; cycle <= '4'; cycle++) {
        pool_world_succeed(w, (char[]){cycle, '/', 'a', '\0'});
        pool_world_succeed(w, (char[]){cycle, '/', 'b', '\0'});
    }
    pool_world_clear(w);
    assert_int_equal(pool_world_command(w, POOL_TRIGGER, "1/a 5/a 2/a", 0), EALREADY);
    assert_said(w, "ask 1/a\nask 2/a\n");
    assert_said(w, "submit 1/a 2 try 1 [1] [] manual\n");
    assert_said(w, "submit 2/a 2 try 1 [1] [] manual\n");
    pool_world_clear(w);
    pool_world_succeed(w, "1/a");
    assert_said(w, "ask 1/b\n");
    assert_not_said(w, "submit 1/b"); /* it ran in this flow */
    assert_int_equal(pool_in_flight(w->pool), 0);
    pool_world_destroy(w);
}

static void events_wait_in_line_for_the_answer(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(INTEGER("9", LIMIT("P0"), "P1 = a => b\n"));
    pool_world_start(w);
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "1/b");
    pool_world_clear(w);
    w->hold_answers = true;
    pool_world_hear(w, (struct message){.topic = TOPIC_POOL_COMMAND,
                                        .id = 5,
                                        .number = POOL_TRIGGER,
                                        .text = slice_of("1/a")});
    pool_world_job(w, TOPIC_JOB_STARTED, "2/a");
    assert_string_equal(pool_world_log(w), "ask 1/a\n");
    assert_int_equal(pool_in_flight(w->pool), 3);
    w->hold_answers = false;
    pool_world_run(w);
    assert_said(w, "submit 1/a 2");
    assert_true(strstr(pool_world_log(w), "submit 1/a 2") <
                strstr(pool_world_log(w), "state 2/a running"));
    assert_said(w, "outcome 5 0 {}\n");
    pool_world_destroy(w);
}

/* --- xtriggers --- */

#define DATED(rest)                                                                                \
    "[scheduler]\nUTC mode = True\nallow implicit tasks = True\n[scheduling]\n"                    \
    "initial cycle point = 20200101T00Z\nfinal cycle point = 20200104T00Z\n" rest

static void a_clock_is_watched_with_its_time(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(
        DATED("[[xtriggers]]\nlate = wall_clock(offset=PT1H)\n[[graph]]\nR1 = @late => a\n"));
    pool_world_start(w);
    assert_said(w, "watch wall_clock(trigger_time=1577840400)\n");
    assert_string_equal(pool_world_active(w), "");
    assert_false(w->stalled);
    pool_world_satisfy(w, "wall_clock(trigger_time=1577840400)", "{}");
    assert_said(w, "xtrigger-satisfied 20200101T0000Z/a wall_clock(trigger_time=1577840400)\n");
    assert_string_equal(pool_world_active(w), "20200101T0000Z/a");
    pool_world_clear(w);
    pool_world_satisfy(w, "wall_clock(trigger_time=1577840400)", "{}");
    assert_string_equal(pool_world_log(w), "");
    pool_world_succeed(w, "20200101T0000Z/a");
    assert_said(w, "drop wall_clock(trigger_time=1577840400)\n");
    pool_world_destroy(w);
}

static void results_go_to_the_job(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(
        INTEGER("1", "[[xtriggers]]\nmy = echo(7, at=%(id)s, w=%(workflow)s, succeed=True)\n",
                "R1 = @my => a\n"));
    pool_world_start(w);
    const char *signature = "echo(7, at=1/a, w=test/flow, succeed=True)";
    assert_said(w, signature);
    pool_world_satisfy(w, signature, "{\"N\": 14, \"ok\": true, \"name\": \"a b\"}");
    assert_said(w, "submit 1/a 1 try 1 [1] [] "
                   "{\"my_N\":\"14\",\"my_name\":\"a b\",\"my_ok\":\"True\"}\n");
    pool_world_destroy(w);
}

static void a_signature_has_no_quotes_and_its_call_has(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(
        INTEGER("1", "[[xtriggers]]\nmy = echo(\"a, b\", at=%(id)s, n='7', m=7, succeed=True)\n",
                "R1 = @my => a\n"));
    const struct xtrigger_names names = {.workflow = "w"};
    char *call = xtrigger_call(w->workflow, &names, 0, 1, 0);
    assert_string_equal(call, "echo(\"a, b\", at=\"1/a\", n=\"7\", m=7, succeed=True)");
    free(call);
    pool_world_start(w);
    assert_said(w, "watch echo(a, b, at=1/a, n=7, m=7, succeed=True)\n");
    pool_world_destroy(w);
}

static void one_signature_is_watched_once_for_all(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(
        INTEGER("1", "[[xtriggers]]\ne = echo(hi, succeed=True)\n", "R1 = @e => a & b & c\n"));
    pool_world_start(w);
    assert_string_equal(pool_world_lines(w, "watch"), "watch echo(hi, succeed=True)\n");
    pool_world_satisfy(w, "echo(hi, succeed=True)", "{}");
    assert_string_equal(pool_world_active(w), "1/a 1/b 1/c");
    pool_world_clear(w);
    pool_world_succeed(w, "1/a");
    pool_world_succeed(w, "1/b");
    assert_not_said(w, "drop");
    pool_world_succeed(w, "1/c");
    assert_said(w, "drop echo(hi, succeed=True)\n");
    pool_world_destroy(w);
}

static void the_watches_are_said_again_when_asked(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(
        INTEGER("1", "[[xtriggers]]\ne = echo(hi, succeed=True)\nf = echo(ho, succeed=True)\n",
                "R1 = @e => a\nR1 = @f => b\n"));
    pool_world_start(w);
    pool_world_satisfy(w, "echo(hi, succeed=True)", "{}");
    pool_world_clear(w);
    pool_world_hear(w, (struct message){.topic = TOPIC_XTRIGGER_READY});
    assert_string_equal(pool_world_log(w), "watch echo(ho, succeed=True)\ntold\n");
    pool_world_destroy(w);
}

static void sequential_xtriggers_wait_one_by_one(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(DATED(
        "runahead limit = P3\n[[xtriggers]]\nseq = wall_clock()\n[[graph]]\nP1D = @seq => a\n"));
    pool_world_start(w);
    assert_string_equal(pool_world_lines(w, "spawned"), "spawned 20200101T0000Z/a [1]\n");
    pool_world_satisfy(w, "wall_clock(trigger_time=1577836800)", "{}");
    assert_string_equal(pool_world_active(w), "20200101T0000Z/a");
    assert_string_equal(pool_world_lines(w, "spawned"),
                        "spawned 20200101T0000Z/a [1]\nspawned 20200102T0000Z/a [1]\n");
    pool_world_succeed(w, "20200101T0000Z/a");
    assert_string_equal(pool_world_rows(w), "20200102T0000Z/a waiting [1]");
    pool_world_satisfy(w, "wall_clock(trigger_time=1577923200)", "{}");
    pool_world_succeed(w, "20200102T0000Z/a");
    pool_world_satisfy(w, "wall_clock(trigger_time=1578009600)", "{}");
    pool_world_succeed(w, "20200103T0000Z/a");
    pool_world_satisfy(w, "wall_clock(trigger_time=1578096000)", "{}");
    pool_world_succeed(w, "20200104T0000Z/a");
    assert_said(w, "shutdown AUTOMATIC 0\n");
    pool_world_destroy(w);
}

static void what_a_parent_brings_is_not_in_the_way_of_the_sequence(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(
        DATED("runahead limit = P3\n[[xtriggers]]\nseq = wall_clock()\n[[graph]]\n"
              "P1D = @seq => a\nR1 = b => a\n"));
    pool_world_start(w);
    pool_world_succeed(w, "20200101T0000Z/b");
    assert_string_equal(pool_world_rows(w),
                        "20200101T0000Z/a waiting [1]; 20200102T0000Z/a waiting [1]");
    pool_world_restart(w);
    pool_world_satisfy(w, "wall_clock(trigger_time=1577836800)", "{}");
    assert_not_said(w, "spawned 20200103T0000Z/a");
    pool_world_satisfy(w, "wall_clock(trigger_time=1577923200)", "{}");
    assert_said(w, "spawned 20200103T0000Z/a");
    pool_world_destroy(w);
}

static void other_xtriggers_wait_all_at_once(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(
        INTEGER("3", "[[xtriggers]]\ne = echo(%(point)s, succeed=True)\n", "P1 = @e => a\n"));
    pool_world_start(w);
    assert_string_equal(pool_world_lines(w, "watch"),
                        "watch echo(1, succeed=True)\nwatch echo(2, succeed=True)\n"
                        "watch echo(3, succeed=True)\n");
    pool_world_destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_limit_is_five_cycles),
        cmocka_unit_test(a_limit_of_zero_runs_one_cycle_at_a_time),
        cmocka_unit_test(the_limit_does_not_move_while_an_output_is_in_flight),
        cmocka_unit_test(the_limit_waits_even_if_the_lowest_point_is_empty),
        cmocka_unit_test(the_limit_counts_the_points_of_all_sequences),
        cmocka_unit_test(a_limit_by_time_reaches_the_last_point_within),
        cmocka_unit_test(a_future_offset_widens_the_limit),
        cmocka_unit_test(a_child_beyond_the_limit_waits_for_it),
        cmocka_unit_test(an_unfinished_task_keeps_the_others_back),
        cmocka_unit_test(the_past_is_asked_for_and_runs_once_only),
        cmocka_unit_test(events_wait_in_line_for_the_answer),
        cmocka_unit_test(a_clock_is_watched_with_its_time),
        cmocka_unit_test(results_go_to_the_job),
        cmocka_unit_test(a_signature_has_no_quotes_and_its_call_has),
        cmocka_unit_test(one_signature_is_watched_once_for_all),
        cmocka_unit_test(the_watches_are_said_again_when_asked),
        cmocka_unit_test(sequential_xtriggers_wait_one_by_one),
        cmocka_unit_test(what_a_parent_brings_is_not_in_the_way_of_the_sequence),
        cmocka_unit_test(other_xtriggers_wait_all_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

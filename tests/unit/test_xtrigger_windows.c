/* [scheduling][xtrigger windows] as it is read. */
#include "tests/lib/flow.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define DATES "[scheduling]\ninitial cycle point = 20300101T00Z\n"
#define INTEGERS "[scheduling]\ncycling mode = integer\ninitial cycle point = 1\n"
#define X "[[xtriggers]]\nx = echo(1)\n[[xtrigger windows]]\n"
#define GRAPH(line) "[[graph]]\nR1 = " line "\n[runtime]\n[[a]]\n"

static const struct xtrigger_def *def_of(const struct workflow *workflow, const char *label)
{
    for (uint32_t i = 0; i < workflow->n_xtriggers; i++)
        if (strcmp(workflow->xtriggers[i].label, label) == 0)
            return &workflow->xtriggers[i];
    return NULL;
}

static void both_edges_are_clocks(void **state)
{
    (void)state;
    struct workflow *workflow = flow_load(
        DATES X
        "[[[x]]]\nstart = PT1H\nuntil = 2030-01-01T06:00+01:00\n" GRAPH("@x | @x:timeout => a"));
    const struct xtrigger_def *x = def_of(workflow, "x");
    const struct xtrigger_window *window = x->window;
    assert_non_null(window);
    assert_true(window->timeout_named);
    assert_ptr_equal(&workflow->xtriggers[window->xtrigger], x);
    assert_ptr_equal(&workflow->xtriggers[window->start], def_of(workflow, "x:start"));
    assert_ptr_equal(&workflow->xtriggers[window->timeout], def_of(workflow, "x:timeout"));
    assert_true(xtrigger_is_clock(workflow, window->timeout));
    assert_false(xtrigger_is_clock(workflow, window->xtrigger));
    assert_int_equal(window->opens.base, WINDOW_FROM_POINT);
    assert_int_equal(window->opens.interval.hours, 1);
    assert_int_equal(window->closes.base, WINDOW_AT);
    assert_int_equal(window->closes.seconds, 1893474000);
    workflow_destroy(workflow);
}

static void with_integers_a_duration_is_of_the_wait(void **state)
{
    (void)state;
    struct workflow *workflow = flow_load(INTEGERS X "[[[x]]]\nuntil = PT1M30S\n" GRAPH("@x => a"));
    const struct xtrigger_window *window = def_of(workflow, "x")->window;
    assert_false(window->timeout_named);
    assert_int_equal(window->start, NO_INDEX);
    assert_int_equal(window->closes.base, WINDOW_FROM_WAIT);
    assert_int_equal(window->closes.seconds, 90);
    workflow_destroy(workflow);
    workflow = flow_load(
        DATES "[[xtrigger windows]]\n[[[wall_clock]]]\nuntil = P1D\n" GRAPH("@wall_clock => a"));
    assert_non_null(def_of(workflow, "wall_clock")->window);
    workflow_destroy(workflow);
}

static void what_is_wrong_is_named_with_its_line(void **state)
{
    (void)state;
    static const char until[] = "[scheduling][xtrigger windows][x]until";
    assert_refused(INTEGERS X "[[[x]]]\nstart = PT2H\nuntil = PT1H\n" GRAPH("@x => a"), 9, until,
                   "PT1H is not after the start, PT2H");
    assert_refused(DATES X "[[[x]]]\nstart = P1D\nuntil = PT24H\n" GRAPH("@x => a"), 8, until,
                   "PT24H is not after the start, P1D");
    assert_refused(INTEGERS X "[[[x]]]\nuntil = soon\n" GRAPH("@x => a"), 8, until, "not \"soon\"");
    assert_refused(INTEGERS X "[[[x]]]\nuntil = P1\n" GRAPH("@x => a"), 8, until, "not \"P1\"");
    assert_refused(INTEGERS X "[[[x]]]\nuntil = -PT1H\n" GRAPH("@x => a"), 8, until,
                   "expected no negative duration");
    assert_refused(INTEGERS X "[[[x]]]\n" GRAPH("@x => a"), 7, "[scheduling][xtrigger windows][x]",
                   "expected `start` or `until`");
    assert_refused(INTEGERS X "[[[y]]]\nuntil = PT1H\n" GRAPH("@x => a"), 7,
                   "[scheduling][xtrigger windows][y]", "there is no xtrigger \"y\"");
    assert_refused(INTEGERS X
                   "[[[x]]]\nuntil = PT1H\n[[[x:timeout]]]\nuntil = PT1H\n" GRAPH("@x => a"),
                   9, "[scheduling][xtrigger windows][x:timeout]", "there is no xtrigger");
    assert_refused(INTEGERS X "[[[x]]]\nstart = PT1H\n" GRAPH("@x:timeout => a"), 10,
                   "[scheduling][graph]R1", "'@x:timeout' never happens: expected `until`");
}

static void an_external_trigger_has_one_message(void **state)
{
    (void)state;
    static const char item[] = "[scheduling][xtriggers]x", why[] = "a message without templates";
    struct workflow *workflow = flow_load(
        DATES "[[xtriggers]]\nx = ext_trigger(message=\"it is there\")\n" GRAPH("@x => a"));
    assert_string_equal(def_of(workflow, "x")->external, "it is there");
    workflow_destroy(workflow);
    assert_refused(DATES "[[xtriggers]]\nx = ext_trigger()\n" GRAPH("@x => a"), 4, item, why);
    assert_refused(DATES "[[xtriggers]]\nx = ext_trigger(a, b)\n" GRAPH("@x => a"), 4, item, why);
    assert_refused(DATES "[[xtriggers]]\nx = ext_trigger(%(point)s)\n" GRAPH("@x => a"), 4, item,
                   why);
}

static void an_interval_is_not_negative(void **state)
{
    (void)state;
    assert_refused(DATES "[[xtriggers]]\nx = file(share/x):-PT5S\n" GRAPH("@x => a"), 4,
                   "[scheduling][xtriggers]x", "must not be negative: \"-PT5S\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_edges_are_clocks),
        cmocka_unit_test(with_integers_a_duration_is_of_the_wait),
        cmocka_unit_test(what_is_wrong_is_named_with_its_line),
        cmocka_unit_test(an_external_trigger_has_one_message),
        cmocka_unit_test(an_interval_is_not_negative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

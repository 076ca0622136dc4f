/* What [special tasks], run modes and polling tasks come to. */
#include "tests/lib/flow.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static void sequential_tasks_are_marked(void **state)
{
    (void)state;
    struct workflow *workflow =
        flow_load("[scheduling]\n[[special tasks]]\nsequential = FAM, x\n" R1(
            "FAM & x & y", "[runtime]\n[[FAM]]\n[[m1, m2]]\ninherit = FAM\n[[x, y]]\n"));
    assert_true(flow_task(workflow, "m1")->sequential);
    assert_true(flow_task(workflow, "m2")->sequential);
    assert_true(flow_task(workflow, "x")->sequential);
    assert_false(flow_task(workflow, "y")->sequential);
    workflow_destroy(workflow);
}

static void tasks_that_expire_carry_their_offset(void **state)
{
    (void)state;
    struct workflow *workflow =
        flow_load("[scheduling]\ninitial cycle point = 2030\n[[special tasks]]\n"
                  "clock-expire = FAM(-P1DT1H), x\n[[graph]]\nP1D = FAM & x & y\n"
                  "[runtime]\n[[FAM]]\n[[m1, m2]]\ninherit = FAM\n[[x, y]]\n");
    assert_true(flow_task(workflow, "m1")->expires);
    assert_int_equal(flow_task(workflow, "m2")->expire_offset.days, -1);
    assert_int_equal(flow_task(workflow, "m2")->expire_offset.hours, -1);
    assert_true(flow_task(workflow, "x")->expires);
    assert_true(interval_is_null(&flow_task(workflow, "x")->expire_offset));
    assert_false(flow_task(workflow, "y")->expires);
    workflow_destroy(workflow);
    assert_refused("[scheduling]\n[[special tasks]]\nclock-expire = a(1h)\n[[graph]]\n"
                   "P1D = a\n[runtime]\n[[a]]\n",
                   1, "[scheduling]initial cycle point", "requires an initial cycle point");
    assert_refused("[scheduling]\ninitial cycle point = 2030\n[[special tasks]]\n"
                   "clock-expire = a(1h)\n[[graph]]\nP1D = a\n[runtime]\n[[a]]\n",
                   4, "[scheduling][special tasks]clock-expire", "clock-expire tasks such as");
}

static void a_message_belongs_to_all_tasks_that_name_it(void **state)
{
    (void)state;
    struct workflow *workflow =
        flow_load("[scheduling]\n[[special tasks]]\nexternal-trigger = a(\"two words\"), b(c)\n" R1(
            "a & b & d", "[runtime]\n[[a, b, d]]\n"));
    assert_int_equal(workflow->n_xtriggers, 2);
    static const char *const messages[] = {"two words", "c"};
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t task = flow_task(workflow, i ? "b" : "a")->index;
        assert_string_equal(workflow->xtriggers[i].external, messages[i]);
        assert_int_equal(workflow->graph->tasks[task].n_xtriggers, 1);
        assert_int_equal(workflow->graph->tasks[task].xtriggers[0].xtrigger, i);
    }
    workflow_destroy(workflow);
    assert_refused(
        "[scheduling]\n[[special tasks]]\nexternal-trigger = a\n" R1("a", "[runtime]\n[[a]]\n"), 3,
        "[scheduling][special tasks]external-trigger", "foo(\"message\")");
    workflow = flow_load("[scheduling]\n[[special tasks]]\nexternal-trigger = F(go), a(go)\n" R1(
        "F", "[runtime]\n[[F]]\n[[a, b]]\ninherit = F\n"));
    assert_int_equal(workflow->n_xtriggers, 1);
    assert_string_equal(workflow->xtriggers[0].external, "go");
    assert_int_equal(workflow->graph->tasks[flow_task(workflow, "a")->index].n_xtriggers, 1);
    assert_int_equal(workflow->graph->tasks[flow_task(workflow, "b")->index].n_xtriggers, 1);
    workflow_destroy(workflow);
}

static void xtrigger_programs_are_names_of_functions(void **state)
{
    (void)state;
    struct workflow *workflow =
        flow_load("[scheduling]\nxtrigger programs = one, a.two\n" R1("a", "[runtime]\n[[a]]\n"));
    assert_int_equal(workflow->n_xtrigger_programs, 2);
    assert_true(workflow_has_xtrigger_program(workflow, "one"));
    assert_true(workflow_has_xtrigger_program(workflow, "a.two"));
    assert_false(workflow_has_xtrigger_program(workflow, "two"));
    workflow_destroy(workflow);
    assert_refused("[scheduling]\nxtrigger programs = one, a b\n" R1("a", "[runtime]\n[[a]]\n"), 2,
                   "[scheduling]xtrigger programs", "\"a b\" is no name of a function");
}

static void tasks_in_skip_mode_know_their_outputs(void **state)
{
    (void)state;
    struct workflow *workflow =
        flow_load(R1("a? & b & c", "[runtime]\n[[root]]\n[[[skip]]]\noutputs = x, failed, nothing\n"
                                   "[[a]]\nrun mode = skip\n[[[outputs]]]\nx = x message\n"
                                   "[[b]]\n[[[skip]]]\ndisable task event handlers = False\n"
                                   "[[c]]\n[[[skip]]]\noutputs =\n"));
    assert_int_equal(flow_task(workflow, "a")->runtime.run_mode, RUN_SKIP);
    assert_int_equal(flow_task(workflow, "b")->runtime.run_mode, RUN_AS_WORKFLOW);
    assert_int_equal(flow_task(workflow, "a")->skip_outputs,
                     1 << OUTPUT_FAILED | 1 << OUTPUT_CUSTOM);
    assert_int_equal(flow_task(workflow, "b")->skip_outputs, 1 << OUTPUT_FAILED);
    assert_int_equal(flow_task(workflow, "c")->skip_outputs, 0);
    assert_true(flow_task(workflow, "b")->runtime.skip_handlers);
    assert_false(flow_task(workflow, "a")->runtime.skip_handlers);
    assert_non_null(strstr(text_string(&flow_warnings), "run in skip mode:\n    * a\n"));
    workflow_destroy(workflow);
    assert_refused(R1("a", "[runtime]\n[[a]]\n[[[skip]]]\noutputs = succeeded, failed\n"), 7,
                   "[runtime][a][skip]outputs", "task a cannot both succeed and fail");
}

static void polling_tasks_get_their_script(void **state)
{
    (void)state;
    struct workflow *workflow =
        flow_load(R1("far<other/run1::t:fail> & far2<o::t> & far3<o::t> => b",
                     "[runtime]\n[[root]]\nscript = true\n[[POLL]]\nscript =\n"
                     "[[[workflow state polling]]]\ninterval = PT10S\nmax-polls = 6\n"
                     "[[far, far2]]\ninherit = POLL\n"
                     "[[far3]]\nscript =\n[[[workflow state polling]]]\n"
                     "message = say \"$x\"\nalt-cylc-run-dir = /r\n[[b]]\n"));
#define FAR                                                                                        \
    "cylc workflow-state other/run1//$CYLC_TASK_CYCLE_POINT/t:failed --interval=10 --max-polls=6"
#define FAR2 "cylc workflow-state o//$CYLC_TASK_CYCLE_POINT/t:succeeded --interval=10 --max-polls=6"
#define FAR3                                                                                       \
    "cylc workflow-state o//$CYLC_TASK_CYCLE_POINT/t:\"say \\\"$x\\\"\" --messages "               \
    "--alt-cylc-run-dir=/r"
    assert_string_equal(flow_task(workflow, "far")->runtime.script, "echo " FAR "\n" FAR);
    assert_string_equal(flow_task(workflow, "far2")->runtime.script, "echo " FAR2 "\n" FAR2);
    assert_string_equal(flow_task(workflow, "far3")->runtime.script, "echo " FAR3 "\n" FAR3);
    assert_string_equal(flow_task(workflow, "b")->runtime.script, "true");
    assert_non_null(strstr(text_string(&flow_warnings), "    * far\n    * far2\n    * far3\n"));
    workflow_destroy(workflow);
    assert_refused(R1("far<o::t> => b", "[runtime]\n[[b]]\n[[far]]\nscript = mine\n"), 6,
                   "[runtime][far]script", "expected no script, not \"mine\"");
    assert_refused(R1("far<o::t:x> => b", "[runtime]\n[[b]]\n[[far]]\n"
                                          "[[[workflow state polling]]]\nmessage = y\n"),
                   8, "[runtime][far][workflow state polling]message", "(:x) and a message (y)");
}

static void clock_triggers_of_special_tasks_become_xtriggers(void **state)
{
    (void)state;
    struct workflow *workflow =
        flow_load(DAYS("[[special tasks]]\nclock-trigger = a(PT1H), FAM(-PT5M), b\n",
                       "a => b\nFAM\n@wall_clock => b"));
    assert_int_equal(workflow->n_xtriggers, 4);
    const struct graph_task *a = &workflow->graph->tasks[flow_task(workflow, "a")->index];
    assert_int_equal(a->n_xtriggers, 1);
    assert_int_equal(a->xtriggers[0].sequence, a->sequences[0]);
    const struct xtrigger_def *clock = &workflow->xtriggers[a->xtriggers[0].xtrigger];
    assert_string_equal(clock->label, "_cylc_wall_clock_PT1H");
    assert_string_equal(clock->function, "wall_clock");
    assert_string_equal(clock->args, "offset=PT1H");
    assert_true(clock->sequential);
    const struct graph_task *m2 = &workflow->graph->tasks[flow_task(workflow, "m2")->index];
    assert_string_equal(workflow->xtriggers[m2->xtriggers[0].xtrigger].args, "offset=-PT5M");
    assert_int_equal(workflow->graph->tasks[flow_task(workflow, "b")->index].n_xtriggers, 2);
    workflow_destroy(workflow);
}

static void bad_special_tasks_are_refused(void **state)
{
    (void)state;
#define CLOCK "[scheduling][special tasks]clock-trigger"
    assert_refused(DAYS("[[special tasks]]\nclock-trigger = a(bananas)\n", "a"), 4, CLOCK,
                   "a(bananas)");
    assert_refused(DAYS("[[special tasks]]\nclock-trigger = a(PT1H\n", "a"), 4, CLOCK, "a(PT1H");
    assert_refused(DAYS("[[special tasks]]\nclock-trigger = ghost(PT1H)\n", "a"), 4, CLOCK,
                   "ghost");
    assert_refused(R1("a", "[[special tasks]]\nclock-trigger = a(PT1H)\n"), 5, CLOCK,
                   "date-time cycling");
#undef CLOCK
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequential_tasks_are_marked),
        cmocka_unit_test(tasks_that_expire_carry_their_offset),
        cmocka_unit_test(xtrigger_programs_are_names_of_functions),
        cmocka_unit_test(a_message_belongs_to_all_tasks_that_name_it),
        cmocka_unit_test(tasks_in_skip_mode_know_their_outputs),
        cmocka_unit_test(polling_tasks_get_their_script),
        cmocka_unit_test(clock_triggers_of_special_tasks_become_xtriggers),
        cmocka_unit_test(bad_special_tasks_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, flow_release);
}

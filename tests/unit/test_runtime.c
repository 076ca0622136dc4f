/* [runtime] as tasks have it: inheritance, outputs and completion. */
#include "base/memory.h"
#include "scheduler/config/overlay.h"
#include "tests/lib/flow.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static void assert_environment(const struct workflow *workflow, const char *name,
                               const char *expected)
{
    const struct runtime *runtime = &flow_task(workflow, name)->runtime;
    struct text text = {0};
    for (uint32_t i = 0; i < runtime->n_environment; i++)
        text_addf(&text, "%s%s=%s", i ? " " : "", runtime->environment[i].key,
                  runtime->environment[i].value);
    assert_string_equal(text_string(&text), expected);
    text_release(&text);
}

static void assert_completion(const char *text, const char *name, const char *expected)
{
    struct workflow *workflow = flow_load(text);
    assert_string_equal(workflow->completions[flow_task(workflow, name)->index].text, expected);
    workflow_destroy(workflow);
}

static void settings_are_inherited_and_overruled(void **state)
{
    (void)state;
    struct workflow *workflow =
        flow_load(R1("t & u & v", "[runtime]\n[[root]]\npre-script = all\nplatform = here\n"
                                  "[[FAM]]\nscript = \"\"\"\n  one\n  two\n\"\"\"\n"
                                  "execution time limit = PT1H\n"
                                  "execution retry delays = PT1S, 2*PT1M\n"
                                  "[[t]]\ninherit = FAM\npost-script = t only\n"
                                  "[[u]]\ninherit = FAM\nscript =\nexecution time limit =\n"
                                  "execution retry delays =\nplatform =\n[[v]]\n"));
    const struct runtime *t = &flow_task(workflow, "t")->runtime,
                         *u = &flow_task(workflow, "u")->runtime;
    assert_string_equal(t->script, "one\ntwo");
    assert_string_equal(t->pre_script, "all");
    assert_string_equal(t->post_script, "t only");
    assert_string_equal(t->platform, "here");
    assert_float_equal(t->execution_time_limit, 3600, 0);
    assert_int_equal(t->execution_retries.n, 3);
    assert_float_equal(t->execution_retries.at[2], 60, 0);
    assert_string_equal(u->script, "");
    assert_string_equal(u->pre_script, "all");
    assert_string_equal(u->platform, "localhost");
    assert_float_equal(u->execution_time_limit, 0, 0);
    assert_int_equal(u->execution_retries.n, 0);
    assert_string_equal(flow_task(workflow, "v")->runtime.script, "");
    workflow_destroy(workflow);
}

static void the_environment_keeps_its_order(void **state)
{
    (void)state;
    struct workflow *workflow = flow_load(
        R1("ab & ba & deep", "[runtime]\n[[A]]\n[[[environment]]]\nX = A\nAA = 1\n"
                             "[[B]]\n[[[environment]]]\nX = B\nBB = 2\n"
                             "[[ab]]\ninherit = A, B\n[[ba]]\ninherit = B, A\n"
                             "[[deep]]\ninherit = A\n[[[environment]]]\nNEW = $AA\nX = \n"));
    assert_environment(workflow, "ab", "X=A BB=2 AA=1");
    assert_environment(workflow, "ba", "X=B AA=1 BB=2");
    assert_environment(workflow, "deep", "X= AA=1 NEW=$AA");
    workflow_destroy(workflow);
    assert_refused(R1("a", "[runtime]\n[[a]]\n[[[environment]]]\nBAD-NAME = 1\n"), 7,
                   "[runtime][a][environment]BAD-NAME", "BAD-NAME");
    assert_refused(R1("a", "[runtime]\n[[a]]\n[[[environment]]]\n1X = 1\n"), 7,
                   "[runtime][a][environment]1X", "no digit first");
}

static void the_environment_filter_is_applied_after_inheritance(void **state)
{
    (void)state;
    struct workflow *workflow =
        flow_load(R1("inc & exc & both & inh",
                     "[runtime]\n[[root]]\n[[[environment]]]\nA = 1\nB = 2\nC = 3\nD = 4\n"
                     "[[inc]]\n[[[environment filter]]]\ninclude = A, C, NOPE\n"
                     "[[exc]]\n[[[environment filter]]]\nexclude = B, D\n"
                     "[[both]]\n[[[environment filter]]]\ninclude = A, B, C\nexclude = C\n"
                     "[[[environment]]]\nE = 5\n[[F]]\n[[[environment filter]]]\ninclude = D\n"
                     "[[inh]]\ninherit = F\n[[[environment]]]\nA = again\n"));
    assert_environment(workflow, "inc", "A=1 C=3");
    assert_environment(workflow, "exc", "A=1 C=3");
    assert_environment(workflow, "both", "A=1 B=2");
    assert_environment(workflow, "inh", "D=4");
    workflow_destroy(workflow);
}

static void directives_meta_and_handlers_are_read(void **state)
{
    (void)state;
    struct workflow *workflow = flow_load(
        R1("t", "[runtime]\n[[root]]\n[[[directives]]]\n--mem = 1G\n-q = short\n[[t]]\n"
                "[[[directives]]]\n-q = long\n-l walltime = 00:10:00\n--exclusive = \"\"\n"
                "[[[meta]]]\ntitle = T\n[[[events]]]\nhandlers = h %(id)s, k\n"
                "handler events = failed, retry\nhandler retry delays = PT1S\n"
                "failed handlers = f\nsubmission failed handlers = s1, s2\n"
                "execution timeout = PT1M\nsubmission timeout = PT2M\n"
                "[[[simulation]]]\nspeedup factor = 2\nfail cycle points = all\n"));
    const struct runtime *t = &flow_task(workflow, "t")->runtime;
    assert_int_equal(t->n_directives, 4);
    assert_string_equal(t->directives[1].key, "-q");
    assert_string_equal(t->directives[1].value, "long");
    assert_string_equal(t->directives[3].value, "");
    assert_string_equal(t->meta[0].value, "T");
    assert_int_equal(t->n_handlers, 2);
    assert_string_equal(t->handlers[0], "h %(id)s");
    assert_string_equal(t->handler_events[1], "retry");
    assert_int_equal(t->handler_retries.n, 1);
    assert_int_equal(t->n_event_handlers, 2);
    assert_string_equal(t->event_handlers[1].event, "submission failed");
    assert_string_equal(t->event_handlers[1].commands[1], "s2");
    assert_float_equal(t->execution_timeout, 60, 0);
    assert_float_equal(t->submission_timeout, 120, 0);
    assert_true(t->simulated_failures.everywhere);
    workflow_destroy(workflow);
}

static void handlers_name_what_is_known(void **state)
{
    (void)state;
    workflow_destroy(flow_load(
        R1("t", "[meta]\nowner = me\n[runtime]\n[[t]]\n[[[meta]]]\nimportance = 3\n[[[events]]]\n"
                "handlers = \"h %(event)s %%(nope)s %(importance)s\", \"h %(workflow_owner)s\"\n"
                "[[u]]\n[[[events]]]\nhandlers = %(nope)s\n")));
    assert_refused(R1("t", "[runtime]\n[[t]]\n[[[events]]]\nhandlers = h %(nope)s\n"), 5,
                   "[runtime][t][events]handlers", "bad template %(nope)s");
}

static void a_dummy_job_has_its_own_time_limit(void **state)
{
    (void)state;
    struct workflow *w =
        flow_load(R1("a & b & c", "[runtime]\n[[a, b]]\nexecution time limit = PT8S\n[[c]]\n[[a]]\n"
                                  "[[[simulation]]]\nspeedup factor = 2\n"
                                  "time limit buffer = PT3S\n"));
    static const double limits[] = {4 + 3, 10 + 30, 0};
    for (uint32_t i = 0; i < 3; i++) {
        const char name[] = {"abc"[i], '\0'};
        struct overlay *overlay = overlay_create(w->cycling, flow_task(w, name), NULL, 0);
        overlay_make_dummy(overlay, "true");
        assert_float_equal(overlay_task(overlay)->runtime.execution_time_limit, limits[i], 0);
        overlay_destroy(overlay);
    }
    workflow_destroy(w);
}

static void simulated_jobs_fail_where_they_shall(void **state)
{
    (void)state;
    struct workflow *workflow = flow_load(
        "[scheduling]\ninitial cycle point = 2030\n[[graph]]\nP1D = a & b & c\n[runtime]\n"
        "[[a]]\n[[[simulation]]]\nfail cycle points = 20300102, soon, 2030-01-04T00:00Z\n"
        "[[b]]\n[[[simulation]]]\nfail cycle points = all\nfail try 1 only = False\n"
        "[[c]]\n");
    cycle_point first = workflow->initial, day = 86400;
    const struct simulated_failures *a = &flow_task(workflow, "a")->runtime.simulated_failures;
    assert_false(simulated_job_fails(a, first, 1));
    assert_true(simulated_job_fails(a, first + day, 1));
    assert_false(simulated_job_fails(a, first + day, 2));
    assert_true(simulated_job_fails(a, first + 3 * day, 1));
    const struct simulated_failures *b = &flow_task(workflow, "b")->runtime.simulated_failures;
    assert_true(simulated_job_fails(b, first, 1));
    assert_true(simulated_job_fails(b, first, 2));
    const struct simulated_failures *c = &flow_task(workflow, "c")->runtime.simulated_failures;
    assert_false(simulated_job_fails(c, first, 1));
    assert_non_null(strstr(text_string(&flow_warnings),
                           ":8: [runtime][a][simulation]fail cycle points: soon is left out"));
    workflow_destroy(workflow);
}

static void simulated_tasks_last_as_long_as_their_limit_sped_up(void **state)
{
    (void)state;
    struct workflow *workflow =
        flow_load(R1("t & u", "[runtime]\n[[t]]\nexecution time limit = PT1M\n[[[simulation]]]\n"
                              "speedup factor = 4\n[[u]]\n[[[simulation]]]\n"
                              "default run length = PT3S\nspeedup factor = 4\n"));
    assert_float_equal(flow_task(workflow, "t")->runtime.simulation_run_length, 15, 0);
    assert_float_equal(flow_task(workflow, "u")->runtime.simulation_run_length, 3, 0);
    workflow_destroy(workflow);
}

static void families_are_apart_from_tasks(void **state)
{
    (void)state;
    struct workflow *workflow =
        flow_load(R1("FAM:succeed-all => z", "[runtime]\n[[FAM]]\n[[SUB]]\ninherit = FAM\n"
                                             "[[a, b]]\ninherit = SUB\n[[z]]\n"));
    assert_int_equal(workflow->n_tasks, 3);
    assert_int_equal(workflow->n_families, 3);
    assert_string_equal(workflow->families[0].name, "root");
    assert_int_equal(workflow->families[1].index, NO_INDEX);
    assert_int_equal(workflow_task(workflow, "FAM"), NO_INDEX);
    assert_int_equal(workflow_task(workflow, "nobody"), NO_INDEX);
    const struct task_def *a = flow_task(workflow, "a");
    assert_int_equal(a->n_ancestors, 4);
    assert_string_equal(a->ancestors[0], "a");
    assert_string_equal(a->ancestors[3], "root");
    assert_true(workflow_task_is_a(workflow, a->index, "FAM"));
    assert_true(workflow_task_is_a(workflow, a->index, "a"));
    assert_false(workflow_task_is_a(workflow, flow_task(workflow, "z")->index, "FAM"));
    assert_int_equal(workflow->graph->n_groups, 1);
    assert_int_equal(workflow->graph->groups[0].n_members, 2);
    workflow_destroy(workflow);
}

static void outputs_follow_the_standard_ones(void **state)
{
    (void)state;
    struct workflow *workflow = flow_load(
        R1("\"t:ready & t:half-done => u\"",
           "[runtime]\n[[FAM]]\n[[[outputs]]]\ninherited = from the family\n[[t]]\n"
           "inherit = FAM\n[[[outputs]]]\nready = ready to go\nhalf-done = \"half done\"\n"
           "maybe = INFO: a message\n[[u]]\n"));
    const struct task_def *t = flow_task(workflow, "t");
    assert_int_equal(t->n_outputs, OUTPUT_CUSTOM + 4);
    assert_string_equal(t->outputs[OUTPUT_SUBMIT_FAILED].message, "submit-failed");
    assert_string_equal(t->outputs[OUTPUT_CUSTOM].name, "inherited");
    assert_string_equal(t->outputs[OUTPUT_CUSTOM + 2].message, "half done");
    assert_int_equal(task_output_by_message(t, "ready to go", 11), OUTPUT_CUSTOM + 1);
    assert_int_equal(task_output_by_message(t, "ready", 5), NO_INDEX);
    assert_int_equal(task_output_by_message(t, "started", 7), OUTPUT_STARTED);
    assert_int_equal(flow_task(workflow, "u")->n_outputs, OUTPUT_CUSTOM);
    workflow_destroy(workflow);
}

static void assert_output_refused(const char *output, const char *name, const char *says)
{
    char item[64];
    char *text = str_format(R1("a", "[runtime]\n[[a]]\n[[[outputs]]]\n%s\n"), output);
    snprintf(item, sizeof item, "[runtime][a][outputs]%s", name);
    assert_refused(text, 7, item, says);
    free(text);
}

static void bad_outputs_are_refused(void **state)
{
    (void)state;
    assert_output_refused("out.put = x", "out.put", "out.put");
    assert_output_refused("x = file is: ready", "x", "end the first word");
    assert_output_refused("x = a:b", "x", "end the first word");
    assert_output_refused("x = A: b: c", "x", "end the first word");
    assert_output_refused("optional = x", "optional", "may not be called");
    assert_output_refused("succeeded = x", "succeeded", "may not be called");
    assert_output_refused("fail = x", "fail", "may not be called");
    assert_output_refused("_cylc_x = x", "_cylc_x", "_cylc");
    assert_output_refused("x =", "x", "needs the message");
    struct text text = {0};
    text_add(&text, R1("a", "[runtime]\n[[a]]\n[[[outputs]]]\n"));
    for (int i = 0; i <= OUTPUTS_MAX - OUTPUT_CUSTOM; i++)
        text_addf(&text, "x%d = m%d\n", i, i);
    assert_refused(text_string(&text), 6, "[runtime][a][outputs]", "more than 58 outputs");
    text_release(&text);
}

static void default_completion_follows_the_graph(void **state)
{
    (void)state;
#define ABC "[runtime]\n[[a]]\n[[[outputs]]]\nx = X\nlong-y = Y\n[[b, c]]\n"
    assert_completion(R1("a => b", ABC), "a", "succeeded");
    assert_completion(R1("a:x => b", ABC), "a", "(succeeded and x)");
    assert_completion(R1("\"a:x & a:long-y => b\"", ABC), "a", "(long_y and succeeded and x)");
    assert_completion(R1("a:x? => b", ABC), "a", "succeeded");
    assert_completion(R1("a? => b", ABC), "a", "succeeded or failed");
    assert_completion(R1("a:fail? => b", ABC), "a", "succeeded or failed");
    assert_completion(R1("a:fail => b", ABC), "a", "failed");
    assert_completion(R1("\"a:fail & a:x => b\"", ABC), "a", "(failed and x)");
    assert_completion(R1("\"a:fail? | a:x => b\"", ABC), "a", "(x and succeeded) or failed");
    assert_completion(R1("a:submit-fail? => b", ABC), "a", "succeeded or submit_failed");
    assert_completion(R1("a:expire? => b", ABC), "a", "succeeded or expired");
    assert_completion(R1("\"a? | a:expire? => b\"", ABC), "a", "succeeded or failed or expired");
#undef ABC
}

static bool completes(const char *expression, uint64_t outputs)
{
    char *text =
        str_format(R1("a? => b", "[runtime]\n[[b]]\n[[a]]\ncompletion = %s\n[[[outputs]]]\n"
                                 "x = X\ny = Y\n"),
                   expression);
    struct workflow *workflow = flow_load(text);
    const struct completion *completion = &workflow->completions[flow_task(workflow, "a")->index];
    bool stack[64];
    size_t n = 0;
    for (uint32_t i = 0; i < completion->n_terms; i++) {
        const struct term *term = &completion->terms[i];
        if (term->kind == TERM_ATOM) {
            stack[n++] = outputs >> term->atom & 1;
            continue;
        }
        n--;
        stack[n - 1] = term->kind == TERM_AND ? stack[n - 1] && stack[n] : stack[n - 1] || stack[n];
    }
    assert_int_equal(n, 1);
    workflow_destroy(workflow);
    free(text);
    return stack[0];
}

static void completion_expressions_bind_and_tighter_than_or(void **state)
{
    (void)state;
    const uint64_t succeeded = 1 << OUTPUT_SUCCEEDED, x = 1 << OUTPUT_CUSTOM, y = x << 1;
    assert_true(completes("succeeded or x and y", succeeded));
    assert_false(completes("(succeeded or x) and y", succeeded));
    assert_true(completes("(succeeded or x) and y", succeeded | y));
    assert_true(completes("x and y or succeeded and (submit_failed or x)", succeeded | x));
    assert_false(completes("x and y or succeeded and (submit_failed or x)", succeeded | y));
    assert_true(completes("((x))", x));
}

static void assert_completion_refused(const char *graph, const char *expression, const char *says)
{
    char *text = str_format(R1("%s", "[runtime]\n[[a]]\ncompletion = %s\n[[[outputs]]]\nx = X\n"
                                     "[[b]]\n"),
                            graph, expression);
    assert_refused(text, 6, "[runtime][a]completion", says);
    free(text);
}

static void bad_completion_expressions_are_refused(void **state)
{
    (void)state;
    assert_completion_refused("a? => b", "succeeded and or failed", "an output is missing");
    assert_completion_refused("a? => b", "succeeded failed", "neither an output");
    assert_completion_refused("a? => b", "any([succeeded, failed])", "\"any\" is no output");
    assert_completion_refused("a? => b", "succeeded or submit-failed", "submit-failed");
    assert_completion_refused("a? => b", "succeeded and z", "\"z\" is no output");
    assert_completion_refused("a? => b", "(succeeded", "closing bracket");
    assert_completion_refused("a? => b", "finished", "succeeded or failed");
    assert_completion_refused("a? => b", "not failed", "no output");
    struct text deep = {0};
    for (int i = 0; i < 200; i++)
        text_add(&deep, "(");
    assert_completion_refused("a? => b", text_string(&deep), "too deep");
    text_release(&deep);
}

static void completion_and_graph_must_agree(void **state)
{
    (void)state;
    assert_completion_refused("a:x? => b", "succeeded and x", "a:x is optional in the graph");
    assert_completion_refused("a:x => b", "succeeded", "a:x is required in the graph, but not");
    assert_completion_refused("a => b", "succeeded or failed",
                              "a:succeeded is required in the graph (no ? symbol), but optional");
    assert_completion(R1("a:x? => b", "[runtime]\n[[a]]\ncompletion = succeeded and (x or y)\n"
                                      "[[[outputs]]]\nx = X\ny = Y\n[[b]]\n"),
                      "a", "succeeded and (x or y)");
}

static void many_tasks_share_what_they_inherit(void **state)
{
    (void)state;
    enum { N = 20000 };
    struct text text = {0};
    text_add(&text, "[scheduling]\n[[graph]]\nR1 = \"\"\"\n");
    for (int i = 1; i < N; i++)
        text_addf(&text, "t%d => t%d\n", i - 1, i);
    text_add(&text, "\"\"\"\n[runtime]\n[[root]]\n[[[environment]]]\nA = 1\n[[FAM]]\n");
    for (int i = 0; i < N; i++)
        text_addf(&text, "[[t%d]]\ninherit = FAM\nscript = echo %d\n", i, i);
    struct workflow *workflow = flow_load(text_string(&text));
    assert_int_equal(workflow->n_tasks, N);
    const struct task_def *last = flow_task(workflow, "t19999");
    assert_string_equal(last->runtime.script, "echo 19999");
    assert_ptr_equal(last->runtime.environment, workflow->tasks[0].runtime.environment);
    assert_ptr_equal(last->outputs, workflow->tasks[0].outputs);
    workflow_destroy(workflow);
    text_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_inherited_and_overruled),
        cmocka_unit_test(the_environment_keeps_its_order),
        cmocka_unit_test(the_environment_filter_is_applied_after_inheritance),
        cmocka_unit_test(directives_meta_and_handlers_are_read),
        cmocka_unit_test(handlers_name_what_is_known),
        cmocka_unit_test(a_dummy_job_has_its_own_time_limit),
        cmocka_unit_test(simulated_jobs_fail_where_they_shall),
        cmocka_unit_test(simulated_tasks_last_as_long_as_their_limit_sped_up),
        cmocka_unit_test(families_are_apart_from_tasks),
        cmocka_unit_test(outputs_follow_the_standard_ones),
        cmocka_unit_test(bad_outputs_are_refused),
        cmocka_unit_test(default_completion_follows_the_graph),
        cmocka_unit_test(completion_expressions_bind_and_tighter_than_or),
        cmocka_unit_test(bad_completion_expressions_are_refused),
        cmocka_unit_test(completion_and_graph_must_agree),
        cmocka_unit_test(many_tasks_share_what_they_inherit),
    };
    return cmocka_run_group_tests(tests, NULL, flow_release);
}

/* Settings put over a task's definition. */
#include "scheduler/config/overlay.h"
#include "tests/lib/flow.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define FLOW                                                                                       \
    "[scheduling]\n[[graph]]\nR1 = \"\"\"\na\na:x => b\na:y? => c\n\"\"\"\n[runtime]\n[[a]]\n"     \
    "script = old\n[[[environment]]]\nX = 1\nY = 2\n[[[outputs]]]\nx = x-msg\ny = y-msg\n[[b, "    \
    "c]]\n"

static struct overlay *over(const struct workflow *workflow, const char *json)
{
    return overlay_from_json(workflow->cycling, flow_task(workflow, "a"), slice_of(json));
}

static void settings_come_over_the_definition(void **state)
{
    (void)state;
    struct workflow *workflow = flow_load(FLOW);
    struct overlay *overlay =
        over(workflow, "[[\"[environment]X\", \"one # two\"], [\"[environment]Z\", \"$X\"], "
                       "[\"script\", \"\\\"\\\"\\\"\\n  echo\\n  true\\\"\\\"\\\"\"], "
                       "[\"execution time limit\", \"PT1M\"], [\"[events]nonsense\", \"1\"]]");
    const struct runtime *runtime = &overlay_task(overlay)->runtime;
    assert_int_equal(runtime->n_environment, 3);
    assert_string_equal(runtime->environment[0].value, "one # two");
    assert_string_equal(runtime->environment[1].value, "2");
    assert_string_equal(runtime->environment[2].key, "Z");
    assert_string_equal(runtime->script, "echo\ntrue");
    assert_float_equal(runtime->execution_time_limit, 60, 0);
    assert_string_equal(flow_task(workflow, "a")->runtime.script, "old");
    overlay_destroy(overlay);
    assert_null(over(workflow, "[]"));
    workflow_destroy(workflow);
}

static void what_skip_mode_completes_can_be_set(void **state)
{
    (void)state;
    struct workflow *workflow = flow_load(FLOW);
    const struct task_def *task = flow_task(workflow, "a");
    uint64_t begun = 1u << OUTPUT_SUBMITTED | 1u << OUTPUT_STARTED;
    assert_int_equal(task_skip_outputs(workflow, task),
                     begun | 1u << OUTPUT_SUCCEEDED | 1u << OUTPUT_CUSTOM);
    struct overlay *overlay = over(workflow, "[[\"[skip]outputs\", \"y, failed\"]]");
    assert_int_equal(task_skip_outputs(workflow, overlay_task(overlay)),
                     begun | 1u << OUTPUT_FAILED | 1u << (OUTPUT_CUSTOM + 1));
    overlay_destroy(overlay);
    workflow_destroy(workflow);
}

static void a_mode_for_all_beats_that_of_a_task(void **state)
{
    (void)state;
    const struct runtime live = {.run_mode = RUN_LIVE}, skip = {.run_mode = RUN_SKIP}, unset = {0};
    assert_int_equal(task_run_mode(&skip, RUN_LIVE), RUN_SKIP);
    assert_int_equal(task_run_mode(&live, RUN_SKIP), RUN_LIVE);
    assert_int_equal(task_run_mode(&unset, RUN_SKIP), RUN_SKIP);
    assert_int_equal(task_run_mode(&skip, RUN_SIMULATION), RUN_SIMULATION);
    assert_int_equal(task_run_mode(&live, RUN_DUMMY), RUN_DUMMY);
}

static void what_is_no_setting_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"nonsense",          "[environment]", "[environment", "[]X",
                                      "[environment][a]b", "[skip]",        "inherit",      "",
                                      "[a][b][c][d][e]f"};
    struct workflow *workflow = flow_load(FLOW);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error error = {0};
        assert_int_equal(overlay_check(workflow->cycling, bad[i], "1", &error), -EINVAL);
        assert_true(strlen(error.text) > 0);
    }
    struct error error = {0};
    assert_int_equal(overlay_check(workflow->cycling, "[environment]0X", "1", &error), -EINVAL);
    assert_int_equal(overlay_check(workflow->cycling, "run mode", "fast", &error), -EINVAL);
    assert_int_equal(overlay_check(workflow->cycling, "[skip]outputs", "failed, succeeded", &error),
                     -EINVAL);
    assert_int_equal(overlay_check(workflow->cycling, "[directives]-l a", "1", &error), 0);
    workflow_destroy(workflow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_come_over_the_definition),
        cmocka_unit_test(what_skip_mode_completes_can_be_set),
        cmocka_unit_test(a_mode_for_all_beats_that_of_a_task),
        cmocka_unit_test(what_is_no_setting_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

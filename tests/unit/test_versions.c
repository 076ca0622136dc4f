/* The next version of a definition: an index means the same task in all versions. */
#include "base/memory.h"
#include "tests/lib/flow.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static struct workflow *next_of(const struct workflow *previous, const char *text)
{
    const struct workflow_options options = {.previous = previous};
    return flow_load_with(text, &options);
}

static void tasks_keep_their_indices(void **state)
{
    (void)state;
    struct workflow *one = flow_load(R1("a => b => c", "[runtime]\n[[a]]\n[[b]]\n[[c]]\n"));
    struct workflow *two = next_of(one, R1("d => c => a", "[runtime]\n[[d]]\n[[c]]\n[[a]]\n"));
    assert_int_equal(two->version, 2);
    assert_int_equal(two->n_tasks, 4);
    assert_int_equal(flow_task(two, "a")->index, 0);
    assert_int_equal(flow_task(two, "b")->index, 1);
    assert_int_equal(flow_task(two, "c")->index, 2);
    assert_int_equal(flow_task(two, "d")->index, 3);
    assert_int_equal(flow_task(two, "a")->removed, 0);
    assert_int_equal(flow_task(two, "b")->removed, 1);
    assert_int_equal(two->graph->tasks[1].n_sequences, 0);
    assert_int_equal(two->graph->tasks[3].n_sequences, 1);
    workflow_destroy(two);
    workflow_destroy(one);
}

static void a_removed_task_keeps_its_settings_and_outputs(void **state)
{
    (void)state;
    struct workflow *one = flow_load(
        R1("a:x => b", "[runtime]\n[[a]]\nscript = old\n[[[outputs]]]\nx = the x\n[[b]]\n"));
    struct workflow *two = next_of(one, R1("b", "[runtime]\n[[b]]\n"));
    struct workflow *three = next_of(two, R1("b", "[runtime]\n[[b]]\n"));
    for (int i = 0; i < 2; i++) {
        const struct task_def *a = flow_task(i ? three : two, "a");
        assert_int_equal(a->removed, 1);
        assert_string_equal(a->runtime.script, "old");
        assert_int_equal(task_output_by_message(a, "the x", 5), OUTPUT_CUSTOM);
        assert_true((i ? three : two)->graph->tasks[a->index].n_outputs > OUTPUT_CUSTOM);
    }
    assert_true(workflow_uses(three, 1));
    assert_false(workflow_uses(three, 2));
    workflow_destroy(three);
    workflow_destroy(two);
    workflow_destroy(one);
}

static void a_removed_task_may_come_back(void **state)
{
    (void)state;
    struct workflow *one = flow_load(R1("a => b", "[runtime]\n[[a]]\nscript = old\n[[b]]\n"));
    struct workflow *two = next_of(one, R1("b", "[runtime]\n[[b]]\n"));
    struct workflow *three =
        next_of(two, R1("b => a", "[scheduler]\nallow implicit tasks = True\n[runtime]\n[[b]]\n"));
    assert_int_equal(three->n_tasks, 2);
    assert_int_equal(flow_task(three, "a")->index, 0);
    assert_int_equal(flow_task(three, "a")->removed, 0);
    assert_string_equal(flow_task(three, "a")->runtime.script, "");
    workflow_destroy(three);
    workflow_destroy(two);
    workflow_destroy(one);
}

static void a_task_may_become_a_family(void **state)
{
    (void)state;
    struct workflow *one = flow_load(R1("a", "[runtime]\n[[a]]\n"));
    struct workflow *two =
        next_of(one, R1("a:start-all => c", "[runtime]\n[[a]]\n[[b]]\ninherit = a\n[[c]]\n"));
    assert_int_equal(two->n_tasks, 3);
    assert_int_equal(flow_task(two, "a")->removed, 1);
    assert_int_equal(flow_task(two, "b")->index, 1);
    assert_int_equal(two->graph->groups[0].n_members, 1);
    assert_int_equal(two->graph->groups[0].members[0], 1);
    workflow_destroy(two);
    workflow_destroy(one);
}

static void no_version_is_kept_for_ever(void **state)
{
    (void)state;
    struct workflow *versions[12];
    versions[0] = flow_load(R1("a => b", "[runtime]\n[[a]]\nscript = old\n[[b]]\n"));
    for (size_t i = 1; i < 12; i++)
        versions[i] = next_of(versions[i - 1], R1("b", "[runtime]\n[[b]]\n"));
    assert_string_equal(flow_task(versions[7], "a")->runtime.script, "old");
    assert_string_equal(flow_task(versions[11], "a")->runtime.script, "");
    assert_false(workflow_uses(versions[11], 1));
    for (size_t i = 12; i > 0; i--)
        workflow_destroy(versions[i - 1]);
}

static void what_changed_is_told(void **state)
{
    (void)state;
    struct text out = {0};
    struct workflow *one = flow_load(R1("a => b", "[runtime]\n[[a]]\n[[b]]\n"));
    struct workflow *same = next_of(one, R1("a & b", "[runtime]\n[[a]]\n[[b]]\n"));
    struct workflow *two = next_of(one, R1("c => b", "[runtime]\n[[c]]\n[[b]]\n"));
    assert_false(workflow_compare(one, same, &out));
    assert_true(workflow_compare(one, two, &out));
    assert_string_equal(text_string(&out), "- a\n+ c\n");
    text_clear(&out);
    struct workflow *other = next_of(
        one, R1("a => b", "[runtime]\n[[a]]\n[[[environment]]]\nX = 1\n[[b]]\nscript = true\n"));
    assert_true(workflow_compare(one, other, &out));
    assert_string_equal(text_string(&out), "~ a\n~ b\n");
    workflow_destroy(other);
    text_release(&out);
    workflow_destroy(two);
    workflow_destroy(same);
    workflow_destroy(one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_keep_their_indices),
        cmocka_unit_test(a_removed_task_keeps_its_settings_and_outputs),
        cmocka_unit_test(a_removed_task_may_come_back),
        cmocka_unit_test(a_task_may_become_a_family),
        cmocka_unit_test(no_version_is_kept_for_ever),
        cmocka_unit_test(what_changed_is_told),
    };
    return cmocka_run_group_tests_name("versions", tests, NULL, flow_release);
}

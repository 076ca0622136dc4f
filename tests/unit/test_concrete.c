/* The concrete graph, its drawings, and the tree of namespaces. The recorded listings test the
 * commands; this, what they do not reach. */
#include "scheduler/command/graph_text.h"
#include "scheduler/command/tree.h"
#include "tests/lib/flow.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define INTEGER(graph, runtime)                                                                    \
    "[scheduling]\ncycling mode = integer\ninitial cycle point = 1\n[[graph]]\n" graph             \
    "\n[runtime]\n" runtime

static struct concrete_request request(cycle_point start, cycle_point stop)
{
    return (struct concrete_request){.start = start, .stop = stop};
}

static void expect_plain(const char *flow, struct concrete_request wish, const char *expected)
{
    struct workflow *workflow = flow_load(flow);
    struct concrete concrete;
    struct drawing drawing;
    struct error error = {0};
    struct text text = {0};
    assert_int_equal(concrete_build(workflow, &wish, &concrete, &error), 0);
    drawing_of_instances(workflow, &concrete, false, &drawing);
    drawing_plain(&drawing, &text);
    assert_string_equal(text_string(&text), expected);
    text_release(&text);
    drawing_release(&drawing);
    concrete_release(&concrete);
    workflow_destroy(workflow);
}

static void three_points_are_shown_unless_a_stop_is_given(void **state)
{
    (void)state;
    const char *flow = INTEGER("P2 = a => b", "[[a, b]]");
    expect_plain(flow, request(POINT_NONE, POINT_NONE), "1/a => 1/b\n3/a => 3/b\n5/a => 5/b\n");
    expect_plain(flow, request(2, 3), "3/a => 3/b\n");
    expect_plain(flow, request(POINT_NONE, 1), "1/a => 1/b\n");
    expect_plain(flow, request(5, 3), "");
}

static void a_graph_that_ends_early_shows_what_there_is(void **state)
{
    (void)state;
    expect_plain(INTEGER("R2/1/P1 = a", "[[a]]"), request(POINT_NONE, POINT_NONE), "1/a\n2/a\n");
    expect_plain(INTEGER("R1 = a", "[[a]]"), request(2, POINT_NONE), "");
}

static void an_edge_from_before_the_start_is_left_out(void **state)
{
    (void)state;
    const char *flow = INTEGER("P1 = a[-P1] => a", "[[a]]");
    expect_plain(flow, request(1, 2), "1/a => 2/a\n");
    expect_plain(flow, request(2, 2), "2/a\n");
}

static void the_initial_point_of_an_offset_is_the_start_shown(void **state)
{
    (void)state;
    expect_plain(INTEGER("P1 = a\nP1 = a[^] & a[3] => b", "[[a, b]]"), request(2, 2),
                 "2/a => 2/b\n3/a => 2/b\n");
}

static void a_suicide_edge_is_shown_on_request(void **state)
{
    (void)state;
    const char *flow = INTEGER("R1 = \"\"\"\na? => b\na:fail? => !b\n\"\"\"", "[[a, b]]");
    expect_plain(flow, request(1, 1), "1/a => 1/b\n");
    const char *other = INTEGER("R1 = \"\"\"\na & b\na => !b\n\"\"\"", "[[a, b]]");
    expect_plain(other, request(1, 1), "1/a\n1/b\n");
    struct concrete_request wish = request(1, 1);
    wish.suicide = true;
    expect_plain(other, wish, "1/a => 1/b\n");
}

static void a_group_is_one_node_without_edges_inside(void **state)
{
    (void)state;
    const char *flow =
        INTEGER("R1 = s => a => b => e", "[[s, e]]\n[[OUTER]]\n[[INNER]]\ninherit = OUTER\n"
                                         "[[a]]\ninherit = INNER\n[[b]]\ninherit = OUTER");
    static const char *const all[] = {"<all>"}, *const inner[] = {"INNER", "NONE"};
    struct concrete_request wish = request(1, 1);
    wish.groups = all;
    wish.n_groups = 1;
    expect_plain(flow, wish, "1/OUTER => 1/e\n1/s => 1/OUTER\n");
    wish.groups = inner;
    wish.n_groups = 2;
    expect_plain(flow, wish, "1/INNER => 1/b\n1/b => 1/e\n1/s => 1/INNER\n");
}

static void the_clock_of_a_special_task_is_no_node(void **state)
{
    (void)state;
    expect_plain("[scheduling]\ninitial cycle point = 2030\n[[special tasks]]\n"
                 "clock-trigger = a(PT1H)\n[[graph]]\nR1 = @wall_clock => a\n[runtime]\n[[a]]\n",
                 request(POINT_NONE, POINT_NONE),
                 "20300101T0000Z/@wall_clock => 20300101T0000Z/a\n");
}

static void graphviz_gets_groups_and_quoted_titles(void **state)
{
    (void)state;
    struct workflow *workflow = flow_load(INTEGER("P1 = a => b", "[[a, b]]"));
    struct concrete_request wish = request(1, 1);
    struct concrete concrete;
    struct drawing drawing;
    struct error error = {0};
    struct text text = {0};
    assert_int_equal(concrete_build(workflow, &wish, &concrete, &error), 0);
    drawing_of_instances(workflow, &concrete, true, &drawing);
    drawing_dot(&drawing, "my \"flow\"", true, &text);
    assert_string_equal(text_string(&text), "digraph \"my \\\"flow\\\"\" {\n"
                                            "    node [shape=box]\n"
                                            "    rankdir=LR\n"
                                            "    \"1/a\" [label=\"a\\n1\"]\n"
                                            "    \"1/b\" [label=\"b\\n1\"]\n"
                                            "    subgraph \"cluster_1\" {\n"
                                            "        label=\"1\"\n"
                                            "        \"1/a\"\n"
                                            "        \"1/b\"\n"
                                            "    }\n"
                                            "    \"1/a\" -> \"1/b\"\n"
                                            "}\n");
    text_release(&text);
    drawing_release(&drawing);
    concrete_release(&concrete);
    workflow_destroy(workflow);
}

static void the_inheritance_graph_has_every_parent(void **state)
{
    (void)state;
    struct workflow *workflow =
        flow_load(INTEGER("R1 = a", "[[A]]\n[[B]]\ninherit = A\n[[a]]\ninherit = None, B, A"));
    struct drawing drawing;
    struct text text = {0};
    drawing_of_namespaces(workflow, &drawing);
    drawing_plain(&drawing, &text);
    assert_string_equal(text_string(&text), "A => B\nA => a\nB => a\nroot => A\n");
    text_release(&text);
    drawing_release(&drawing);
    workflow_destroy(workflow);
}

static void expect_tree(const char *flow, bool box, bool titles, const char *expected)
{
    struct workflow *workflow = flow_load(flow);
    struct text text = {0};
    tree_write(workflow, box, titles, &text);
    assert_string_equal(text_string(&text), expected);
    text_release(&text);
    workflow_destroy(workflow);
}

static void a_tree_follows_first_parents(void **state)
{
    (void)state;
    const char *flow =
        INTEGER("R1 = a & b & z", "[[A]]\n[[B]]\ninherit = A\n[[a]]\ninherit = B\n"
                                  "[[a]]\n[[[meta]]]\ntitle = the first\n"
                                  "[[b]]\ninherit = None, A\n[[z]]\n[[unused]]\ninherit = A");
    expect_tree(flow, false, false, "root \n |-A \n | `-B \n |   `-a \n |-b \n `-z \n");
    expect_tree(flow, true, true,
                "root     \n ├─A     \n │ └─B   \n │   └─a the first\n ├─b     \n └─z     \n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_points_are_shown_unless_a_stop_is_given),
        cmocka_unit_test(a_graph_that_ends_early_shows_what_there_is),
        cmocka_unit_test(an_edge_from_before_the_start_is_left_out),
        cmocka_unit_test(the_initial_point_of_an_offset_is_the_start_shown),
        cmocka_unit_test(a_suicide_edge_is_shown_on_request),
        cmocka_unit_test(a_group_is_one_node_without_edges_inside),
        cmocka_unit_test(the_clock_of_a_special_task_is_no_node),
        cmocka_unit_test(graphviz_gets_groups_and_quoted_titles),
        cmocka_unit_test(the_inheritance_graph_has_every_parent),
        cmocka_unit_test(a_tree_follows_first_parents),
    };
    return cmocka_run_group_tests(tests, NULL, flow_release);
}

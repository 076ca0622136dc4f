/* Inheritance between namespaces: order of ancestors, and what is refused. */
#include "scheduler/config/inherit.h"
#include "scheduler/config/parse.h"
#include "scheduler/config/schema.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

struct read {
    struct arena arena;
    struct source source;
    struct item_tree tree;
    struct namespaces namespaces;
    struct error error;
    int result;
};

static void read_runtime(struct read *read, const char *text)
{
    *read = (struct read){0};
    item_tree_init(&read->tree, &read->arena, "flow.cylc");
    namespaces_init(&read->namespaces, &read->arena, &read->arena);
    source_add(&read->source, &read->arena, "flow.cylc", slice_of(text), NULL, &read->error);
    read->result = parse_lines(&read->source, &read->tree, &read->error);
    if (read->result == 0)
        read->result = schema_check(&schema_flow, &read->tree, &read->arena, NULL, &read->error);
    struct item *runtime = item_find(&read->tree, &read->tree.root, "runtime");
    if (read->result == 0)
        read->result = namespaces_read(&read->namespaces, runtime, &read->error);
    if (read->result == 0)
        read->result = namespaces_linearise(&read->namespaces, &read->tree, &read->error);
}

static void release(struct read *read)
{
    namespaces_release(&read->namespaces);
    item_tree_release(&read->tree);
    source_release(&read->source);
    arena_release(&read->arena);
}

static void assert_order(const struct read *read, const char *name, const char *expected)
{
    struct text order = {0};
    const struct name_space *space = namespace_find(&read->namespaces, slice_of(name));
    assert_non_null(space);
    for (uint32_t i = 0; i < space->n_order; i++)
        text_addf(&order, "%s%s", i ? " " : "", space->order[i]->name);
    assert_string_equal(text_string(&order), expected);
    text_release(&order);
}

static void assert_refused(const char *text, int line, const char *item, const char *says)
{
    struct read read;
    read_runtime(&read, text);
    assert_int_equal(read.result, -EINVAL);
    assert_string_equal(read.error.file, "flow.cylc");
    assert_int_equal(read.error.line, line);
    assert_string_equal(read.error.item, item);
    if (!strstr(read.error.text, says))
        fail_msg("\"%s\" does not say \"%s\"", read.error.text, says);
    release(&read);
}

static void all_inherit_root(void **state)
{
    (void)state;
    struct read read;
    read_runtime(&read, "[runtime]\n[[a]]\n[[b]]\ninherit =\n");
    assert_int_equal(read.result, 0);
    assert_order(&read, "root", "root");
    assert_order(&read, "a", "a root");
    assert_order(&read, "b", "b root");
    assert_true(namespace_root(&read.namespaces)->family);
    release(&read);
}

static void parents_stand_in_the_order_given_and_before_theirs(void **state)
{
    (void)state;
    struct read read;
    read_runtime(&read, "[runtime]\n[[t]]\ninherit = A, B\n[[A]]\ninherit = X\n[[B]]\n"
                        "inherit = X\n[[X]]\n");
    assert_int_equal(read.result, 0);
    assert_order(&read, "t", "t A B X root");
    assert_order(&read, "A", "A X root");
    assert_true(namespace_find(&read.namespaces, slice_of("X"))->family);
    assert_false(namespace_find(&read.namespaces, slice_of("t"))->family);
    release(&read);
}

static void the_classic_example_of_c3_comes_out(void **state)
{
    (void)state;
    struct read read;
    read_runtime(&read, "[runtime]\n[[A, B, C, D, E]]\n[[K1]]\ninherit = A, B, C\n[[K2]]\n"
                        "inherit = D, B, E\n[[K3]]\ninherit = D, A\n[[Z]]\ninherit = K1, K2, K3\n");
    assert_int_equal(read.result, 0);
    assert_order(&read, "Z", "Z K1 K2 K3 D A B C E root");
    release(&read);
}

static void none_before_other_parents_only_changes_the_tree_that_is_shown(void **state)
{
    (void)state;
    struct read read;
    read_runtime(&read, "[runtime]\n[[A, B]]\n[[t]]\ninherit = None, A, B\n");
    assert_int_equal(read.result, 0);
    assert_order(&read, "t", "t A B root");
    release(&read);
}

static void headings_may_repeat_and_list_names(void **state)
{
    (void)state;
    struct read read;
    read_runtime(&read,
                 "[runtime]\n[[t]]\ninherit = A\n[[A,B , c,]]\n[[t, u]]\n[[t]]\ninherit = B\n");
    assert_int_equal(read.result, 0);
    assert_order(&read, "t", "t B root");
    const struct name_space *t = namespace_find(&read.namespaces, slice_of("t"));
    assert_string_equal(t->headings->section->name, "t");
    assert_string_equal(t->headings->next->section->name, "t, u");
    assert_null(t->headings->next->next);
    assert_int_equal(read.namespaces.all.n, 6);
    assert_string_equal(read.namespaces.all.at[0]->name, "root");
    assert_string_equal(read.namespaces.all.at[5]->name, "u");
    release(&read);
}

static void the_last_heading_that_sets_inherit_counts(void **state)
{
    (void)state;
    struct read read;
    read_runtime(&read,
                 "[runtime]\n[[A, B]]\n[[t]]\ninherit = A\n[[t, u]]\ninherit = B\n[[u, v]]\n");
    assert_int_equal(read.result, 0);
    assert_order(&read, "t", "t B root");
    assert_order(&read, "u", "u B root");
    assert_order(&read, "v", "v root");
    release(&read);
}

static void contradicting_orders_are_refused(void **state)
{
    (void)state;
    assert_refused("[runtime]\n[[X, Y]]\n[[P]]\ninherit = X, Y\n[[Q]]\ninherit = Y, X\n[[t]]\n"
                   "inherit = P, Q\n",
                   8, "[runtime][t]inherit", "contradict");
    assert_refused("[runtime]\n[[X]]\n[[t]]\ninherit = X, X\n", 4, "[runtime][t]inherit",
                   "named twice");
    assert_refused("[runtime]\n[[X]]\n[[t]]\ninherit = root, X\n", 4, "[runtime][t]inherit",
                   "contradict");
}

static void circles_are_refused_with_their_members(void **state)
{
    (void)state;
    assert_refused("[runtime]\n[[A]]\ninherit = B\n[[B]]\ninherit = C\n[[C]]\ninherit = A\n", 3,
                   "[runtime][A]inherit",
                   "A is inherited by C, which is inherited by B, which is inherited by A");
    assert_refused("[runtime]\n[[A]]\ninherit = A\n", 3, "[runtime][A]inherit",
                   "A is inherited by A");
    assert_refused("[runtime]\n[[t]]\ninherit = A\n[[A]]\ninherit = B\n[[B]]\ninherit = A\n", 5,
                   "[runtime][A]inherit", "A is inherited by B");
}

static void bad_parents_are_refused(void **state)
{
    (void)state;
    assert_refused("[runtime]\n[[t]]\ninherit = A\n", 3, "[runtime][t]inherit",
                   "undefined parent \"A\"");
    assert_refused("[runtime]\n[[t]]\ninherit = None\n", 3, "[runtime][t]inherit",
                   "null parentage for t");
    assert_refused("[runtime]\n[[A]]\n[[t]]\ninherit = A, None\n", 4, "[runtime][t]inherit",
                   "null parentage for t");
    assert_refused("[runtime]\n[[A]]\n[[root]]\ninherit = A\n", 4, "[runtime][root]inherit",
                   "inherits from nothing");
}

static void bad_names_are_refused(void **state)
{
    (void)state;
    assert_refused("[runtime]\n[[two words]]\n", 2, "[runtime][two words]", "two words");
    assert_refused("[runtime]\n[[a.b]]\n", 2, "[runtime][a.b]", "no task or family name");
    assert_refused("[runtime]\n[[-a]]\n", 2, "[runtime][-a]", "no task or family name");
    assert_refused("[runtime]\n[[_cylc_x]]\n", 2, "[runtime][_cylc_x]", "_cylc");
    assert_refused("[runtime]\n[[a,,b]]\n", 2, "[runtime][a,,b]", "empty name");
    assert_refused("[runtime]\n[[t<m,n>]]\n", 2, "[runtime][t<m,n>]", "'m' in 't<m,n>'");
}

static void a_long_name_is_refused(void **state)
{
    (void)state;
    struct error error = {0};
    char name[300];
    memset(name, 'x', sizeof name);
    assert_int_equal(namespace_check_name((struct slice){name, NAME_MAX_BYTES}, &error), 0);
    assert_int_equal(namespace_check_name((struct slice){name, NAME_MAX_BYTES + 1}, &error),
                     -EINVAL);
}

static void put_chain(struct text *text, int depth)
{
    text_add(text, "[runtime]\n");
    for (int i = depth; i > 0; i--)
        text_addf(text, "[[F%d]]\ninherit = F%d\n", i, i - 1);
    text_add(text, "[[F0]]\n");
}

static void deep_inheritance_has_a_limit_with_a_name(void **state)
{
    (void)state;
    struct read read;
    struct text text = {0};
    put_chain(&text, INHERIT_DEPTH_MAX - 1);
    read_runtime(&read, text_string(&text));
    assert_int_equal(read.result, 0);
    release(&read);
    text_clear(&text);
    put_chain(&text, INHERIT_DEPTH_MAX + 5);
    read_runtime(&read, text_string(&text));
    assert_int_equal(read.result, -EINVAL);
    assert_non_null(strstr(read.error.text, "levels deep"));
    release(&read);
    text_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_inherit_root),
        cmocka_unit_test(parents_stand_in_the_order_given_and_before_theirs),
        cmocka_unit_test(the_classic_example_of_c3_comes_out),
        cmocka_unit_test(none_before_other_parents_only_changes_the_tree_that_is_shown),
        cmocka_unit_test(headings_may_repeat_and_list_names),
        cmocka_unit_test(the_last_heading_that_sets_inherit_counts),
        cmocka_unit_test(contradicting_orders_are_refused),
        cmocka_unit_test(circles_are_refused_with_their_members),
        cmocka_unit_test(bad_parents_are_refused),
        cmocka_unit_test(bad_names_are_refused),
        cmocka_unit_test(a_long_name_is_refused),
        cmocka_unit_test(deep_inheritance_has_a_limit_with_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

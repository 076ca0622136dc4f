/* The schema: what is known, of which type, and how what is not known is refused. */
#include "scheduler/config/parse.h"
#include "scheduler/config/schema.h"
#include "scheduler/config/upgrade.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

struct checked {
    struct arena arena;
    struct source source;
    struct item_tree tree;
    struct text warnings;
    struct error error;
    int result;
};

static void hear(void *context, const char *text)
{
    struct text *warnings = context;
    text_addf(warnings, "%s\n", text);
}

static void check(struct checked *checked, const char *text)
{
    *checked = (struct checked){0};
    struct warner warner = {hear, &checked->warnings};
    item_tree_init(&checked->tree, &checked->arena, "flow.cylc");
    source_add(&checked->source, &checked->arena, "flow.cylc", slice_of(text), NULL,
               &checked->error);
    assert_int_equal(parse_lines(&checked->source, &checked->tree, &checked->error), 0);
    checked->result = upgrade_items(&checked->tree, &warner, &checked->error);
    if (checked->result == 0)
        checked->result =
            schema_check(&schema_flow, &checked->tree, &checked->arena, &warner, &checked->error);
}

static void release(struct checked *checked)
{
    item_tree_release(&checked->tree);
    source_release(&checked->source);
    text_release(&checked->warnings);
    arena_release(&checked->arena);
}

static const struct item *find(const struct checked *checked, const char *a, const char *b,
                               const char *c, const char *d)
{
    const char *names[] = {a, b, c, d};
    const struct item *item = &checked->tree.root;
    for (int i = 0; i < 4 && names[i]; i++)
        item = item_find(&checked->tree, item, names[i]);
    return item;
}

static void assert_refused(const char *text, int code, int line, const char *item, const char *says)
{
    struct checked checked;
    check(&checked, text);
    assert_int_equal(checked.result, code);
    assert_string_equal(checked.error.file, "flow.cylc");
    assert_int_equal(checked.error.line, line);
    assert_string_equal(checked.error.item, item);
    if (!strstr(checked.error.text, says))
        fail_msg("\"%s\" does not say \"%s\"", checked.error.text, says);
    release(&checked);
}

static void assert_accepted(const char *text, const char *warning)
{
    struct checked checked;
    check(&checked, text);
    if (checked.result < 0)
        fail_msg("%s: %s", text, checked.error.text);
    if (warning ? !strstr(text_string(&checked.warnings), warning) : checked.warnings.n != 0)
        fail_msg("%s: warned \"%s\"", text, text_string(&checked.warnings));
    release(&checked);
}

/* "[a]\n[[b]]\n..." for the section row `index` stands in, its item appended as `value`. */
static void put_row(struct text *text, size_t index, const char *value)
{
    size_t path[8] = {0};
    int level = schema_flow.at[index].level;
    path[level] = index;
    for (size_t i = index; i-- > 0 && level > 1;)
        if (schema_flow.at[i].level == level - 1 && schema_flow.at[i].section)
            path[--level] = i;
    for (level = 1; level <= schema_flow.at[index].level; level++) {
        const struct schema_entry *row = &schema_flow.at[path[level]];
        const char *name = row->name[0] == '*' ? "mine" : row->name;
        if (row->section)
            text_addf(text, "%.*s%s%.*s\n", level, "[[[[[[", name, level, "]]]]]]");
        else
            text_addf(text, "%s = %s\n", name, value);
    }
}

static const char *good_value(const struct schema_entry *row)
{
    static const char *const values[] = {[VALUE_STRING] = "word",
                                         [VALUE_BOOLEAN] = "True",
                                         [VALUE_INTEGER] = "3",
                                         [VALUE_NUMBER] = "1.5",
                                         [VALUE_DURATION] = "PT1M",
                                         [VALUE_STRING_LIST] = "a, b",
                                         [VALUE_DURATION_LIST] = "PT1M, 2*PT1H",
                                         [VALUE_GRAPH] = "a => b"};
    if (row->allowed && !row->fallback)
        return row->id == ID_RUN_MODE ? "skip" : NULL;
    return row->fallback ? row->fallback : values[row->type];
}

static void every_row_accepts_a_value_of_its_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < schema_flow.n; i++) {
        struct text text = {0};
        struct checked checked;
        put_row(&text, i, good_value(&schema_flow.at[i]));
        check(&checked, text_string(&text));
        if (checked.result < 0)
            fail_msg("%s: %s", text_string(&text), checked.error.text);
        release(&checked);
        text_release(&text);
    }
}

static void every_row_accepts_nothing_as_a_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < schema_flow.n; i++) {
        struct text text = {0};
        struct checked checked;
        put_row(&text, i, "");
        check(&checked, text_string(&text));
        if (checked.result < 0)
            fail_msg("%s: %s", text_string(&text), checked.error.text);
        release(&checked);
        text_release(&text);
    }
}

static void every_typed_row_refuses_a_wrong_value_and_names_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < schema_flow.n; i++) {
        enum value_type type = schema_flow.at[i].type;
        if (schema_flow.at[i].section || type == VALUE_STRING || type == VALUE_STRING_LIST ||
            type == VALUE_GRAPH || type == VALUE_FORMAT || type == VALUE_XTRIGGER)
            continue;
        struct text text = {0};
        struct checked checked;
        put_row(&text, i, "rubbish");
        check(&checked, text_string(&text));
        assert_int_equal(checked.result, -EINVAL);
        assert_int_equal(checked.error.line, schema_flow.at[i].level);
        assert_non_null(strstr(checked.error.item, schema_flow.at[i].name));
        assert_non_null(strstr(checked.error.text, "rubbish"));
        assert_non_null(strstr(checked.error.text, "expected"));
        release(&checked);
        text_release(&text);
    }
}

static void defaults_are_of_their_type(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct value value;
    assert_true(schema_default(&arena, ID_STALL_TIMEOUT, &value));
    assert_float_equal(value.number, 3600, 0);
    assert_true(schema_default(&arena, ID_ABORT_ON_STALL_TIMEOUT, &value));
    assert_true(value.boolean);
    assert_true(schema_default(&arena, ID_RUNAHEAD, &value));
    assert_string_equal(value.string, "P4");
    assert_false(schema_default(&arena, ID_SCRIPT, &value));
    arena_release(&arena);
}

static void an_unknown_name_is_refused_with_the_nearest_known_one(void **state)
{
    (void)state;
    assert_refused("[schedulling]\n", -EINVAL, 1, "[schedulling]", "did you mean \"scheduling\"?");
    assert_refused("[scheduling]\n\nintial cycle point = 1\n", -EINVAL, 3,
                   "[scheduling]intial cycle point", "did you mean \"initial cycle point\"?");
    assert_refused("[runtime]\n[[a]]\n[[[enviroment]]]\n", -EINVAL, 3, "[runtime][a][enviroment]",
                   "unknown section \"enviroment\"; did you mean \"environment\"?");
    assert_refused("[runtime]\n[[a]]\nscirpt = x\n", -EINVAL, 3, "[runtime][a]scirpt",
                   "did you mean \"script\"?");
    assert_refused("[runtime]\n[[a]]\nnothing alike = x\n", -EINVAL, 3, "[runtime][a]nothing alike",
                   "unknown item \"nothing alike\"");
    assert_refused("x = 1\n", -EINVAL, 1, "x", "should be a [section]");
}

static void an_item_is_no_section_and_a_section_no_item(void **state)
{
    (void)state;
    assert_refused("[runtime]\n[[a]]\nenvironment = x\n", -EINVAL, 3, "[runtime][a]environment",
                   "should be a [section]");
    assert_refused("[scheduling]\n[[initial cycle point]]\n", -EINVAL, 2,
                   "[scheduling][initial cycle point]", "not a [section]");
    assert_refused("[runtime]\nscript = true\n", -EINVAL, 2, "[runtime]script",
                   "should be a [section]");
    assert_refused("[scheduling]\n[[graph]]\n[[[R1]]]\n", -EINVAL, 3, "[scheduling][graph][R1]",
                   "no section is expected here");
}

static void only_allowed_values_are_let_through(void **state)
{
    (void)state;
    assert_refused("[scheduling]\ncycling mode = julian\n", -EINVAL, 2, "[scheduling]cycling mode",
                   "gregorian|integer");
    assert_refused("[scheduling]\ncycling mode = integ\n", -EINVAL, 2, "[scheduling]cycling mode",
                   "not \"integ\"");
    assert_accepted("[scheduling]\ncycling mode = integer\n", NULL);
    assert_accepted("[scheduling]\ncycling mode = 366_day\n", NULL);
    assert_refused("[runtime]\n[[a]]\nrun mode = turbo\n", -EINVAL, 3, "[runtime][a]run mode",
                   "live|skip");
    assert_accepted("[runtime]\n[[a]]\nrun mode = skip\n", NULL);
}

static void consecutive_spaces_in_a_name_are_refused(void **state)
{
    (void)state;
    assert_refused("[runtime]\n[[a]]\n[[[directives]]]\n--job  name = x\n", -EINVAL, 4,
                   "[runtime][a][directives]--job  name", "consecutive spaces");
}

static void what_has_no_effect_is_warned_about(void **state)
{
    (void)state;
    assert_accepted(
        "[runtime]\n[[a]]\n[[[workflow state polling]]]\nuser = me\n",
        "flow.cylc:4: [runtime][a][workflow state polling]user: this item has no effect");
}

static void names_of_cylc_7_are_moved_with_a_warning(void **state)
{
    (void)state;
    struct checked checked;
    check(&checked, "[cylc]\nUTC mode = True\n[[events]]\ntimeout = PT5M\nmail to = me\n"
                    "[scheduler]\nallow implicit tasks = True\n"
                    "[runtime]\n[[a]]\n[[[events]]]\nfailed handler = echo\n"
                    "[[[job]]]\nexecution time limit = PT1M\n");
    assert_int_equal(checked.result, 0);
    assert_true(find(&checked, "scheduler", "UTC mode", NULL, NULL)->value.boolean);
    assert_true(find(&checked, "scheduler", "allow implicit tasks", NULL, NULL)->value.boolean);
    assert_float_equal(find(&checked, "scheduler", "events", "stall timeout", NULL)->value.number,
                       300, 0);
    assert_non_null(find(&checked, "scheduler", "mail", "to", NULL));
    assert_non_null(find(&checked, "runtime", "a", "events", "failed handlers"));
    assert_float_equal(find(&checked, "runtime", "a", "execution time limit", NULL)->value.number,
                       60, 0);
    assert_null(find(&checked, "cylc", NULL, NULL, NULL));
    assert_non_null(strstr(text_string(&checked.warnings),
                           "flow.cylc:11: [runtime][a][events]failed handler is deprecated: it is "
                           "now [runtime][a][events]failed handlers"));
    release(&checked);
}

static void obsolete_items_are_dropped_with_a_warning(void **state)
{
    (void)state;
    assert_accepted("[visualization]\nx = 1\n", "[visualization] is obsolete");
    assert_accepted("[cylc]\n[[simulation]]\nx = 1\n", "[cylc][simulation] is obsolete");
}

static void an_old_name_beside_the_new_one_is_refused(void **state)
{
    (void)state;
    assert_refused("[cylc]\n[[events]]\ntimeout = PT1M\nstall timeout = PT2M\n", -EINVAL, 4,
                   "[cylc][events]stall timeout", "set twice");
    assert_refused("[cylc]\nUTC mode = True\n[scheduler]\nUTC mode = False\n", -EINVAL, 4,
                   "[scheduler]UTC mode", "set twice");
    assert_refused("[scheduling]\n[[dependencies]]\ngraph = a\n[[graph]]\nR1 = a\n", -EINVAL, 2,
                   "[scheduling][dependencies]", "both are there");
}

static void dependencies_with_anything_else_are_refused(void **state)
{
    (void)state;
    static const char *const says = "expected [dependencies][[RECURRENCE]]graph";
    assert_refused("[scheduling]\n[[dependencies]]\nmap = a\n", -EINVAL, 3,
                   "[scheduling][dependencies]map", says);
    assert_refused("[scheduling]\n[[dependencies]]\n[[[P1D]]]\ngraf = a\n", -EINVAL, 3,
                   "[scheduling][dependencies][P1D]", says);
    assert_refused("[scheduling]\n[[dependencies]]\n[[[P1D]]]\ngraph = a\nmap = b\n", -EINVAL, 3,
                   "[scheduling][dependencies][P1D]", says);
}

static void dependencies_become_the_graph(void **state)
{
    (void)state;
    struct checked checked;
    check(&checked, "[scheduling]\n[[dependencies]]\n[[[P1D]]]\ngraph = a => b\n[[[T00]]]\n"
                    "graph = c\n");
    assert_int_equal(checked.result, 0);
    assert_non_null(find(&checked, "scheduling", "graph", "P1D", NULL));
    assert_non_null(find(&checked, "scheduling", "graph", "T00", NULL));
    release(&checked);
    check(&checked, "[scheduling]\n[[dependencies]]\ngraph = a\n");
    assert_int_equal(checked.result, 0);
    assert_non_null(find(&checked, "scheduling", "graph", "graph", NULL)); /* read as R1 */
    release(&checked);
}

static void parameter_environment_templates_go_before_the_environment(void **state)
{
    (void)state;
    struct checked checked;
    check(&checked, "[runtime]\n[[a<m>]]\n[[[environment]]]\nX = 1\nY = own\n"
                    "[[[parameter environment templates]]]\nP = %(m)s\nY = %(m)03d\n"
                    "[[b]]\n[[[parameter environment templates]]]\nQ = 2\n");
    assert_int_equal(checked.result, 0);
    const struct item *environment = find(&checked, "runtime", "a<m>", "environment", NULL);
    const struct item *first = environment->first;
    assert_string_equal(first->name, "P");
    assert_string_equal(first->value.string, "%(m)s");
    assert_string_equal(first->next->name, "Y");
    assert_string_equal(first->next->value.string, "own");
    assert_string_equal(first->next->next->name, "X");
    assert_null(first->next->next->next);
    assert_non_null(find(&checked, "runtime", "b", "environment", "Q"));
    assert_null(find(&checked, "runtime", "b", "parameter environment templates", NULL));
    assert_non_null(strstr(text_string(&checked.warnings),
                           "flow.cylc:6: [runtime][a<m>][parameter environment templates] is "
                           "deprecated: its items are now in [runtime][a<m>][environment]"));
    release(&checked);
}

static void max_active_cycle_points_become_a_runahead_limit(void **state)
{
    (void)state;
    struct checked checked;
    check(&checked, "[scheduling]\nmax active cycle points = 3 # three\n");
    assert_int_equal(checked.result, 0);
    assert_string_equal(find(&checked, "scheduling", "runahead limit", NULL, NULL)->value.string,
                        "P2");
    release(&checked);
}

static void edit_distance_counts_swaps_as_one(void **state)
{
    (void)state;
    assert_int_equal(edit_distance("script", "script", 3), 0);
    assert_int_equal(edit_distance("scirpt", "script", 3), 1);
    assert_int_equal(edit_distance("scrpt", "script", 3), 1);
    assert_int_equal(edit_distance("kitten", "sitting", 3), 3);
    assert_int_equal(edit_distance("kitten", "sitting", 2), 3);
    assert_int_equal(edit_distance("", "abc", 5), 3);
    char long_name[300] = "";
    memset(long_name, 'x', sizeof long_name - 1);
    assert_int_equal(edit_distance(long_name, "x", 3), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_accepts_a_value_of_its_type),
        cmocka_unit_test(every_row_accepts_nothing_as_a_value),
        cmocka_unit_test(every_typed_row_refuses_a_wrong_value_and_names_it),
        cmocka_unit_test(defaults_are_of_their_type),
        cmocka_unit_test(an_unknown_name_is_refused_with_the_nearest_known_one),
        cmocka_unit_test(an_item_is_no_section_and_a_section_no_item),
        cmocka_unit_test(only_allowed_values_are_let_through),
        cmocka_unit_test(consecutive_spaces_in_a_name_are_refused),
        cmocka_unit_test(what_has_no_effect_is_warned_about),
        cmocka_unit_test(names_of_cylc_7_are_moved_with_a_warning),
        cmocka_unit_test(obsolete_items_are_dropped_with_a_warning),
        cmocka_unit_test(an_old_name_beside_the_new_one_is_refused),
        cmocka_unit_test(dependencies_become_the_graph),
        cmocka_unit_test(parameter_environment_templates_go_before_the_environment),
        cmocka_unit_test(max_active_cycle_points_become_a_runahead_limit),
        cmocka_unit_test(dependencies_with_anything_else_are_refused),
        cmocka_unit_test(edit_distance_counts_swaps_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

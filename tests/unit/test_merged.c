/* Whole definitions and the configuration they come to (merged_cases.txt), defaults put in, and how
 * values are printed. */
#include "base/memory.h"
#include "scheduler/config/item.h"
#include "scheduler/config/print.h"
#include "scheduler/config/source.h"
#include "scheduler/config/workflow.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define CASES ROUSE_SOURCE_DIR "/tests/unit/merged_cases.txt"
enum { CASES_MIN = 80 };

struct merged_case {
    char *name, *flow, *expected;
    bool refused; /* expected: words, one a line */
};

/* Cut the text at the next line that begins with `mark`; what follows the mark is ret_title. */
static char *cut(char *text, const char *mark, char **ret_title)
{
    for (char *at = text; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at, mark, strlen(mark)) != 0)
            continue;
        char *end = strchr(at, '\n');
        *ret_title = at + strlen(mark);
        *at = *end = '\0';
        return end + 1;
    }
    return NULL;
}

static unsigned wrong;

static void complain(const struct merged_case *c, const char *what, const char *got)
{
    print_error("%s: %s:\n%s\n", c->name, what, got);
    wrong++;
}

static void check_words(const struct merged_case *c, const struct error *error)
{
    char text[2048];
    error_format(error, text, sizeof text);
    for (char *word = c->expected, *end; (end = strchr(word, '\n')); word = end + 1) {
        *end = '\0';
        if (!strstr(text, word))
            complain(c, word, text);
    }
}

static void check(const struct merged_case *c)
{
    const struct workflow_options options = {.keep_tree = true};
    struct error error;
    struct text text = {0};
    struct workflow *workflow =
        workflow_parse("flow.cylc", c->flow, strlen(c->flow), &options, NULL, NULL, &error);
    if (workflow)
        section_print(&workflow_tree(workflow, false)->root, 1, "", &text);
    if (workflow && c->refused)
        complain(c, "accepted", text_string(&text));
    else if (workflow && strcmp(text_string(&text), c->expected) != 0)
        complain(c, "printed", text_string(&text));
    else if (!workflow && !c->refused)
        complain(c, "refused", error.text);
    else if (!workflow)
        check_words(c, &error);
    text_release(&text);
    workflow_destroy(workflow);
}

static void definitions_come_to_what_the_rules_say(void **state)
{
    (void)state;
    struct text text = {0};
    struct error error;
    unsigned n = 0;
    assert_int_equal(source_read_file(CASES, &text, &error), 0);
    struct merged_case c = {0};
    char *at = cut(text.at, "=== ", &c.name), *next, *title = NULL, *next_name = NULL;
    for (wrong = 0; at; at = next, c.name = next_name, n++) {
        c.flow = at;
        next = cut(at, "=== ", &next_name);
        c.expected = cut(c.flow, "---", &title);
        assert_non_null(c.expected);
        c.refused = strcmp(title, " refused") == 0;
        check(&c);
    }
    text_release(&text);
    assert_true(n >= CASES_MIN);
    assert_int_equal(wrong, 0);
}

static void what_is_not_set_is_there_with_its_default(void **state)
{
    (void)state;
    static const char flow[] = "[scheduling]\n[[graph]]\nR1 = a\n[runtime]\n[[a]]\nscript = x\n";
    const struct workflow_options options = {.keep_tree = true};
    struct error error;
    struct workflow *workflow =
        workflow_parse("flow.cylc", flow, sizeof flow - 1, &options, NULL, NULL, &error);
    assert_non_null(workflow);
    const struct item_tree *tree = workflow_tree(workflow, true);
    const struct item *runtime = item_find(tree, &tree->root, "runtime");
    const struct item *a = item_find(tree, runtime, "a");
    assert_string_equal(a->first->name, "script"); /* what is set comes first */
    assert_true(item_find(tree, a, "execution time limit")->value.unset);
    const struct item *scheduling = item_find(tree, &tree->root, "scheduling");
    assert_string_equal(item_find(tree, scheduling, "runahead limit")->value.string, "P4");
    assert_null(item_find(tree, runtime, "*"));
    workflow_destroy(workflow);
    workflow = workflow_parse("flow.cylc", flow, sizeof flow - 1, NULL, NULL, NULL, &error);
    assert_null(workflow_tree(workflow, true));
    workflow_destroy(workflow);
}

static void assert_printed(const struct value *value, const char *expected)
{
    struct text text = {0};
    value_print(value, "nothing", &text);
    assert_string_equal(text_string(&text), expected);
    text_release(&text);
}

static void values_are_printed_in_normal_form(void **state)
{
    (void)state;
    const double durations[] = {0, 0.5, 59.25, 60, 3600, 86400, 90061, 31536000, -3600};
    static const char *const texts[] = {"P0Y", "PT0,5S",     "PT59,25S", "PT1M",    "PT1H",
                                        "P1D", "P1DT1H1M1S", "P365D",    "P-1DT23H"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_printed(&(struct value){.type = VALUE_DURATION, .number = durations[i]}, texts[i]);
    const double numbers[] = {1.5, 10, 0.1, 1e15, 1e16, 1e-5, 123456.75, -2};
    static const char *const as_python[] = {"1.5",   "10.0",  "0.1",       "1000000000000000.0",
                                            "1e+16", "1e-05", "123456.75", "-2.0"};
    for (size_t i = 0; i < sizeof as_python / sizeof *as_python; i++)
        assert_printed(&(struct value){.type = VALUE_NUMBER, .number = numbers[i]}, as_python[i]);
    const char *const strings[] = {"a b", "c, d", "it's", "say \"x\"", "both ' and \"", "e#f"};
    assert_printed(&(struct value){.type = VALUE_STRING_LIST, .strings = {strings, 6}},
                   "a b, 'c, d', \"it's\", 'say \"x\"', 'both \\' and \"', 'e#f'");
    const int64_t integers[] = {1, 2, 5, 8, 9, 3, 2, 1};
    assert_printed(&(struct value){.type = VALUE_INTEGER_LIST, .integers = {integers, 8}},
                   "1, 2..8..3, 9, 3, 2, 1");
    assert_printed(&(struct value){.type = VALUE_BOOLEAN, .boolean = true}, "True");
    assert_printed(&(struct value){.type = VALUE_STRING, .empty = true}, "nothing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(definitions_come_to_what_the_rules_say),
        cmocka_unit_test(what_is_not_set_is_there_with_its_default),
        cmocka_unit_test(values_are_printed_in_normal_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

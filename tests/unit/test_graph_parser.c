/* What the grammar takes and refuses, with the lines and words of its messages; and that no prefix
 * and no mutation of a graph makes the reader crash. */
#include "base/memory.h"
#include "scheduler/graph/params.h"
#include "scheduler/graph/parser.h"
#include "tests/lib/graph_names.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

/* --- the tree as text: "a b & c[-P1]:x? => d" as "(& a b c[-P1]:x?) => d" --- */

static void print_node(const struct graph_statement *statement, uint32_t index, struct text *out)
{
    const struct graph_node *node = &statement->nodes.at[index];
    if (node->kind == NODE_AND || node->kind == NODE_OR) {
        text_add(out, node->kind == NODE_AND ? "(&" : "(|");
        for (uint32_t child = node->first; child; child = statement->nodes.at[child].next) {
            text_add_char(out, ' ');
            print_node(statement, child, out);
        }
        text_add_char(out, ')');
        return;
    }
    text_add(out, node->kind == NODE_XTRIGGER ? "@" : node->suicide ? "!" : "");
    text_add_n(out, node->name.at, node->name.n);
    if (node->polled.at)
        text_addf(out, "<<%.*s>>", (int)node->polled.n, node->polled.at);
    if (node->offset.at)
        text_addf(out, "[%.*s]", (int)node->offset.n, node->offset.at);
    if (node->output.at)
        text_addf(out, ":%.*s", (int)node->output.n, node->output.at);
    text_add(out, node->optional ? "?" : "");
}

static int print_statement(void *context, struct graph_statement *statement, struct error *error)
{
    (void)error;
    struct text *out = context;
    text_addf(out, "%s%d:", out->n ? "; " : "", statement->line);
    for (size_t i = 0; i < statement->chain.n; i++) {
        text_add(out, i ? " => " : " ");
        print_node(statement, statement->chain.at[i].root, out);
    }
    return 0;
}

static void check_tree(const char *graph, const char *expected)
{
    struct text out = {0};
    struct error error = {0};
    int code = graph_parse(slice_of(graph), 1, print_statement, &out, &error);
    if (code < 0)
        print_error("%s: %s\n", graph, error.text);
    assert_int_equal(code, 0);
    assert_string_equal(text_string(&out), expected);
    text_release(&out);
}

/* Refused at this line, with each of the words in the message. */
static void check_refused(const char *graph, int line, const char *const *words)
{
    struct text out = {0};
    struct error error = {0};
    assert_int_equal(graph_parse(slice_of(graph), 1, print_statement, &out, &error), -EINVAL);
    if (error.line != line)
        print_error("%s: line %d: %s\n", graph, error.line, error.text);
    assert_int_equal(error.line, line);
    for (; *words; words++) {
        if (!strstr(error.text, *words))
            print_error("%s: '%s' is missing in: %s\n", graph, *words, error.text);
        assert_non_null(strstr(error.text, *words));
    }
    text_release(&out);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void a_chain_is_a_list_of_trees(void **state)
{
    (void)state;
    check_tree("", "");
    check_tree("  \n # nothing\n", "");
    check_tree("a", "1: a");
    check_tree("a=>b=>c", "1: a => b => c");
    check_tree("a & b => c & !d", "1: (& a b) => (& c !d)");
    check_tree("a\nb & c\n\nd", "1: a; 2: (& b c); 4: d");
}

static void and_binds_tighter_than_or(void **state)
{
    (void)state;
    check_tree("a | b & c | d => e", "1: (| a (& b c) d) => e");
    check_tree("(a | b) & (c)", "1: (& (| a b) c)");
    check_tree("((a | b) & c) | d", "1: (| (& (| a b) c) d)");
}

static void a_node_has_offset_output_and_mark(void **state)
{
    (void)state;
    check_tree("a[-P1]:fail? => b", "1: a[-P1]:fail? => b");
    check_tree("a [ ^+P1D ] : submit-fail ? => ! b", "1: a[^+P1D]:submit-fail? => !b");
    check_tree("a[2026-01-01T00:00Z] & @clock-1 => b", "1: (& a[2026-01-01T00:00Z] @clock-1) => b");
    check_tree("a[$] => b", "1: a[$] => b");
    check_tree("far<other/run1::task:fail> => b", "1: far<<other/run1::task:fail>> => b");
    check_tree("pre<m>mid<n-1,k=x>suf:x => <m>b", "1: pre<m>mid<n-1,k=x>suf:x => <m>b");
    check_tree("a+b-c%d@e => \xc3\xa9t\xc3\xa9", "1: a+b-c%d@e => \xc3\xa9t\xc3\xa9");
}

static void an_operator_at_a_line_end_or_beginning_joins_lines(void **state)
{
    (void)state;
    check_tree("a =>\nb", "1: a => b");
    check_tree("a\n=> b", "1: a => b");
    check_tree("a &\n\n # comment\n b\n | c => d", "1: (| (& a b) c) => d");
    check_tree("(a |\n b)\n& c", "1: (& (| a b) c)");
    check_tree("a => \\\nb\nc", "1: a => b; 3: c");
    check_tree("a # => x\n=> b # y\nc", "1: a => b; 3: c");
}

static void operators_out_of_place_are_refused(void **state)
{
    (void)state;
    check_refused("=> a", 1, WORDS("'=>' at the beginning", "=> a"));
    check_refused("a =>", 1, WORDS("'=>' at the end", "\"a =>\""));
    check_refused("a\nb &\n# x\n", 2, WORDS("'&' at the end"));
    check_refused("a => => b", 1, WORDS("'=>' stands twice"));
    check_refused("a && b", 1, WORDS("'&' stands twice", "a && b"));
    check_refused("a || b", 1, WORDS("'|' stands twice"));
    check_refused("a & | b", 1, WORDS("unexpected '|' after '&'"));
    check_refused("a =>\n\n=> b", 3, WORDS("one line ends and the next begins"));
    check_refused("{{ a }} => b", 1, WORDS("needs #!jinja2 as the first line"));
    check_refused("a = b", 1, WORDS("unexpected '='"));
    check_refused("a\nb b2 => c", 2, WORDS("unexpected 'b2' after 'b'", "expected =>, & or |"));
    check_refused("a !b", 1, WORDS("unexpected '!' after 'a'"));
    check_refused("! => b", 1, WORDS("after '!'", "expected a task"));
}

static void unbalanced_brackets_are_refused(void **state)
{
    (void)state;
    check_refused("(a => b", 1, WORDS("'(' is not closed", "before =>"));
    check_refused("b\n(a | b", 2, WORDS("'(' is not closed", "end of the line"));
    check_refused("a) => b", 1, WORDS("')' without '('"));
    check_refused("() => b", 1, WORDS("unexpected ')' after '('"));
    check_refused("(a b)", 1, WORDS("unexpected 'b' after 'a'", "')'"));
    check_refused("a[-P1 => b", 1, WORDS("'[' is not closed"));
    check_refused("a<m => b\n>", 1, WORDS("'<' is not closed"));
    check_refused("a<> => b", 1, WORDS("'<>' is empty"));
}

static void bad_nodes_are_refused(void **state)
{
    (void)state;
    check_refused("a.b => c", 1, WORDS("unexpected '.'", "a.b => c"));
    check_refused("-a", 1, WORDS("unexpected '-'"));
    check_refused("a\n\nb:? => c", 3, WORDS("expected an output", "after ':'"));
    check_refused("@ => c", 1, WORDS("name of an xtrigger"));
    check_refused("a[] => c", 1, WORDS("'[]' is empty"));
    check_refused("a[1 2] => c", 1, WORDS("bad offset '[1 2]'"));
    check_refused("a:x[-P1] => c", 1,
                  WORDS("unexpected '[-P1]' after ':x'", "NAME[OFFSET]:OUTPUT?"));
    check_refused("a?:x => c", 1, WORDS("unexpected ':x' after '?'"));
    check_refused("a\x01", 1, WORDS("unexpected '\\x01'"));
    check_refused("<f::t> => c", 1, WORDS("bad polling task"));
}

static void a_bad_line_is_quoted_without_the_good_one_before_it(void **state)
{
    (void)state;
    struct error error = {0};
    struct text out = {0};
    assert_int_equal(graph_parse(slice_of("good => one\n.bad"), 7, print_statement, &out, &error),
                     -EINVAL);
    assert_int_equal(error.line, 8);
    assert_null(strstr(error.text, "good"));
    assert_non_null(strstr(error.text, ".bad"));
    text_release(&out);
}

static char *repeat(const char *part, size_t n, const char *end)
{
    struct text text = {0};
    while (n--)
        text_add(&text, part);
    text_add(&text, end);
    return text_take(&text);
}

static void limits_are_named_when_they_are_reached(void **state)
{
    (void)state;
    char *deep = repeat("(", GRAPH_NESTING_MAX + 1, "a");
    check_refused(deep, 1, WORDS("GRAPH_NESTING_MAX"));
    free(deep);
    char *name = repeat("a", GRAPH_NAME_MAX + 1, " => b");
    check_refused(name, 1, WORDS("too long", "255"));
    free(name);
    char *long_line = repeat("abcdefgh & ", 1000, ".");
    check_refused(long_line, 1, WORDS("..."));
    free(long_line);
    char *nested = repeat("(", GRAPH_NESTING_MAX, "a");
    char *closing = repeat(")", GRAPH_NESTING_MAX, " => b");
    char *both = str_format("%s%s", nested, closing);
    check_tree(both, "1: a => b");
    free(both);
    free(closing);
    free(nested);
}

static int refuse(void *context, struct graph_statement *statement, struct error *error)
{
    ++*(int *)context;
    return graph_statement_error(statement, &statement->nodes.at[1], error, "enough");
}

static void a_handler_that_refuses_ends_the_parse(void **state)
{
    (void)state;
    int calls = 0;
    struct error error = {0};
    assert_int_equal(graph_parse(slice_of("\na\nb\n"), 1, refuse, &calls, &error), -EINVAL);
    assert_int_equal(calls, 1);
    assert_int_equal(error.line, 2);
    assert_string_equal(error.text, "enough, in \"a\"");
}

/* --- nothing crashes --- */

static const char *const samples[] = {
    "a => b => c & d\n(a | b:fail?) & c[-P1] => !e\n",
    "@x & FAM:succeed-all => FAM2:finish-any => z # comment\nz[^]:start & z[$-P1] => q\n",
    "s<m-1> => s<m> => t<m,n=cat> & u<k>\nfar<w/run1::t:x> => v \\\n & w\n",
    "a:finish | a:out? |\n b => c\n  => d?\n a[+P2]:submit-fail? & a[2] => e\n",
    "((((a & b) | c) & (d)) | e[1]:expire?) => FAM & !g\n",
};

static void fill_names(struct test_names *names, struct params *params)
{
    struct error error = {0};
    test_names_init(names);
    test_names_family(names, "FAM", "m1 m2");
    test_names_family(names, "FAM2", "n1 n2 n3");
    test_names_output(names, "a", "out");
    test_names_xtrigger(names, "x");
    assert_int_equal(params_define(params, "m", "1..3", &error), 0);
    assert_int_equal(params_define(params, "n", "cat, dog", &error), 0);
    assert_int_equal(params_define(params, "k", "5, 10", &error), 0);
}

/* Read and build; the outcome does not matter, but a refusal must say why and where. */
static bool try_graph(const char *text)
{
    struct test_names names;
    struct error error = {0};
    struct params *params = params_create();
    fill_names(&names, params);
    const char *sections[] = {"P1", text, NULL};
    struct graph *graph = test_graph(&names, params, sections, &error);
    bool accepted = graph != NULL;
    if (!graph) {
        assert_true(error.code < 0 && error.line >= 10);
        assert_true(*error.text && !strchr(error.text, '\n'));
        assert_string_equal(error.item, "[scheduling][graph]P1");
    }
    graph_destroy(graph);
    test_names_release(&names);
    params_destroy(params);
    return accepted;
}

static void no_prefix_of_a_graph_crashes(void **state)
{
    (void)state;
    size_t accepted = 0, refused = 0;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        for (size_t n = 0; n <= strlen(samples[i]); n++) {
            char *prefix = str_copy_n(samples[i], n);
            if (try_graph(prefix))
                accepted++;
            else
                refused++;
            free(prefix);
        }
    assert_true(accepted > 50 && refused > 50);
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void mutate(char *text, size_t n, uint64_t *seed)
{
    static const char bytes[] = "ab=>&|()[]<>!?:@#\\\n ,.-+^$P1\x01\x80\xff";
    for (uint64_t times = 1 + next_random(seed) % 4; times > 0; times--) {
        size_t at = next_random(seed) % n, other = next_random(seed) % n;
        if (next_random(seed) % 3)
            text[at] = bytes[next_random(seed) % (sizeof bytes - 1)];
        else
            text[at] = text[other];
    }
}

static void no_mutation_of_a_graph_crashes(void **state)
{
    (void)state;
    uint64_t seed = 20260101;
    size_t accepted = 0;
    for (size_t round = 0; round < 4000; round++) {
        const char *sample = samples[round % (sizeof samples / sizeof *samples)];
        char *text = str_copy(sample);
        mutate(text, strlen(text), &seed);
        accepted += try_graph(text);
        free(text);
    }
    assert_true(accepted > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_is_a_list_of_trees),
        cmocka_unit_test(and_binds_tighter_than_or),
        cmocka_unit_test(a_node_has_offset_output_and_mark),
        cmocka_unit_test(an_operator_at_a_line_end_or_beginning_joins_lines),
        cmocka_unit_test(operators_out_of_place_are_refused),
        cmocka_unit_test(unbalanced_brackets_are_refused),
        cmocka_unit_test(bad_nodes_are_refused),
        cmocka_unit_test(a_bad_line_is_quoted_without_the_good_one_before_it),
        cmocka_unit_test(limits_are_named_when_they_are_reached),
        cmocka_unit_test(a_handler_that_refuses_ends_the_parse),
        cmocka_unit_test(no_prefix_of_a_graph_crashes),
        cmocka_unit_test(no_mutation_of_a_graph_crashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

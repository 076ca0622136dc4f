/* The .cylc file format: lines to a tree, and what is refused with its place. */
#include "scheduler/config/parse.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

struct parsed {
    struct arena arena;
    struct source source;
    struct item_tree tree;
    struct error error;
    int result;
};

static void parse_with(struct parsed *parsed, const char *text, size_t size,
                       const struct source_reader *reader)
{
    *parsed = (struct parsed){0};
    struct slice slice = {arena_text(&parsed->arena, (struct slice){text, size}), size};
    item_tree_init(&parsed->tree, &parsed->arena, "flow.cylc");
    parsed->result =
        source_add(&parsed->source, &parsed->arena, "flow.cylc", slice, reader, &parsed->error);
    if (parsed->result == 0)
        parsed->result = parse_lines(&parsed->source, &parsed->tree, &parsed->error);
}

static void parse(struct parsed *parsed, const char *text)
{
    parse_with(parsed, text, strlen(text), NULL);
}

static void release(struct parsed *parsed)
{
    item_tree_release(&parsed->tree);
    source_release(&parsed->source);
    arena_release(&parsed->arena);
}

static struct item *find(const struct parsed *parsed, const char *a, const char *b, const char *c)
{
    struct item *item = item_find(&parsed->tree, &parsed->tree.root, a);
    item = b ? item_find(&parsed->tree, item, b) : item;
    return c ? item_find(&parsed->tree, item, c) : item;
}

static void assert_text(const struct item *item, const char *text)
{
    assert_non_null(item);
    assert_false(item->section);
    assert_int_equal(item->last_value->text.n, strlen(text));
    assert_memory_equal(item->last_value->text.at, text, strlen(text));
}

static void assert_refused(const char *text, int line, const char *says)
{
    struct parsed parsed;
    parse(&parsed, text);
    assert_int_equal(parsed.result, -EINVAL);
    assert_int_equal(parsed.error.code, -EINVAL);
    assert_string_equal(parsed.error.file, "flow.cylc");
    assert_int_equal(parsed.error.line, line);
    if (!strstr(parsed.error.text, says))
        fail_msg("\"%s\" does not say \"%s\"", parsed.error.text, says);
    release(&parsed);
}

static void sections_nest_by_their_brackets(void **state)
{
    (void)state;
    struct parsed parsed;
    parse(&parsed, "[a]\n x = 1\n[[b]]\n y = 2\n[[[c]]]\nz=3\n[[d]]\n y = 4\n[ e ]\n x = 5 \n");
    assert_int_equal(parsed.result, 0);
    assert_text(find(&parsed, "a", "x", NULL), "1");
    assert_text(find(&parsed, "a", "b", "y"), "2");
    assert_text(find(&parsed, "a", "d", "y"), "4");
    assert_text(find(&parsed, "e", "x", NULL), "5");
    struct item *c = find(&parsed, "a", "b", "c");
    assert_true(c->section);
    assert_int_equal(c->line, 5);
    char path[ITEM_PATH_MAX];
    assert_string_equal(item_path(c, path), "[a][b][c]");
    assert_string_equal(item_path(item_find(&parsed.tree, c, "z"), path), "[a][b][c]z");
    release(&parsed);
}

static void comments_and_blank_lines_are_nothing(void **state)
{
    (void)state;
    struct parsed parsed;
    parse(&parsed, "# [x]\n\n[a] # here\n  # y = 1\n\t\n  z = 1 # kept for the typed value\n");
    assert_int_equal(parsed.result, 0);
    assert_null(find(&parsed, "x", NULL, NULL));
    assert_null(find(&parsed, "a", "y", NULL));
    assert_text(find(&parsed, "a", "z", NULL), "1 # kept for the typed value");
    release(&parsed);
}

static void a_backslash_joins_lines_and_hides_the_next_from_comments(void **state)
{
    (void)state;
    struct parsed parsed;
    parse(&parsed, "[a]\nx = one \\\n two \\\n  three\n# no \\\n[gone]\ny = 2\nz = end \\");
    assert_int_equal(parsed.result, 0);
    assert_text(find(&parsed, "a", "x", NULL), "one  two   three");
    assert_null(find(&parsed, "gone", NULL, NULL));
    assert_text(find(&parsed, "a", "y", NULL), "2");
    assert_text(find(&parsed, "a", "z", NULL), "end");
    assert_int_equal(find(&parsed, "a", "y", NULL)->line, 7);
    release(&parsed);
}

static void triple_quotes_take_lines_as_they_are(void **state)
{
    (void)state;
    struct parsed parsed;
    parse(&parsed, "[a]\nx = \"\"\"\n  [b]\n  # c\n  d = 'e'\n\"\"\" # done\n"
                   "y = '''one \"\"\" line'''\nz = \"\"\"\"\"\"\n");
    assert_int_equal(parsed.result, 0);
    assert_text(find(&parsed, "a", "x", NULL), "\n  [b]\n  # c\n  d = 'e'\n");
    assert_true(find(&parsed, "a", "x", NULL)->last_value->block);
    assert_int_equal(find(&parsed, "a", "x", NULL)->last_value->line, 2);
    assert_text(find(&parsed, "a", "y", NULL), "one \"\"\" line");
    assert_text(find(&parsed, "a", "z", NULL), "");
    release(&parsed);
}

static void a_repeated_item_keeps_all_values_in_order_and_its_first_place(void **state)
{
    (void)state;
    struct parsed parsed;
    parse(&parsed, "[a]\nx = 1\ny = 2\n[b]\n[a]\nx = 3\n");
    struct item *x = find(&parsed, "a", "x", NULL);
    assert_text(x, "3");
    assert_int_equal(x->line, 6);
    assert_int_equal(x->values->line, 2);
    assert_ptr_equal(x->values->next, x->last_value);
    assert_ptr_equal(find(&parsed, "a", NULL, NULL)->first, x);
    release(&parsed);
}

static void values_may_hold_brackets_equals_and_colons(void **state)
{
    (void)state;
    struct parsed parsed;
    parse(&parsed, "[a]\nx = [[ -f y ]] && z=1\nT00!(T01,T02) = b\n-l select = 2:ncpus=4\n"
                   "key with spaces =\n");
    assert_int_equal(parsed.result, 0);
    assert_text(find(&parsed, "a", "x", NULL), "[[ -f y ]] && z=1");
    assert_text(find(&parsed, "a", "T00!(T01,T02)", NULL), "b");
    assert_text(find(&parsed, "a", "-l select", NULL), "2:ncpus=4");
    assert_text(find(&parsed, "a", "key with spaces", NULL), "");
    release(&parsed);
}

static void line_ends_of_windows_and_a_missing_last_one_are_let_through(void **state)
{
    (void)state;
    struct parsed parsed;
    parse(&parsed, "[a]\r\nx = 1 \\\r\n2\r\ny = 3");
    assert_int_equal(parsed.result, 0);
    assert_text(find(&parsed, "a", "x", NULL), "1 2");
    assert_text(find(&parsed, "a", "y", NULL), "3");
    release(&parsed);
}

static void a_malformed_line_is_refused_with_its_number(void **state)
{
    (void)state;
    assert_refused("[a]\n[[b]\n", 2, "as many ']' as '[': [[b]");
    assert_refused("[a\n", 1, "expected a ']'");
    assert_refused("[a]]\n", 1, "bracket mismatch");
    assert_refused("[a] b\n", 1, "text after a heading");
    assert_refused("[]\n", 1, "without a name");
    assert_refused("[a]\n[[[b]]]\n", 2, "one level up");
    assert_refused("[a]\nfoo\n", 2, "name = value");
    assert_refused("[a]\n\n= 1\n", 3, "name = value");
    assert_refused("<<<<<<< HEAD\n", 1, "<<<<<<< HEAD");
    assert_refused("[a]\nx = \"\"\"y\n[b]\n", 2, "not closed");
    assert_refused("[a]\nx = '''y''' z\n", 2, "closing quotes");
    assert_refused("[a]\nx = \"\"\"\ny\n\"\"\" z\n", 4, "closing quotes");
    assert_refused("[a]\nx = y \\ \nz\n", 2, "whitespace after");
    assert_refused("[a]\nx = \"\"\"\ny \\\t\n\"\"\"\n", 3, "whitespace after");
    assert_refused("[a]\n{% if x = 1 %}\n", 2, "needs #!jinja2 as the first line");
    assert_refused("{{ x }}\n", 1, "needs #!jinja2 as the first line");
    assert_refused("\xef\xbb\xbf[a]\n", 1, "byte order mark");
    assert_refused("[a]\n%include\n", 2, "without the name");
    assert_refused("[a]\nb = 1\n[[b]]\n", 3, "an item of that name before");
    assert_refused("[a]\n[[b]]\n[a]\nb = 1\n", 4, "a section of that name before");
    assert_refused("[1]\n[[2]]\n[[[3]]]\n[[[[4]]]]\n[[[[[5]]]]]\n[[[[[[6]]]]]]\n[[[[[[[7]]]]]]]\n"
                   "[[[[[[[[8]]]]]]]]\n[[[[[[[[[9]]]]]]]]]\n",
                   9, "too deep");
}

static void a_byte_of_zero_is_refused(void **state)
{
    (void)state;
    struct parsed parsed;
    parse_with(&parsed, "[a]\nx = \0\n", 10, NULL);
    assert_int_equal(parsed.result, -EINVAL);
    assert_int_equal(parsed.error.line, 2);
    release(&parsed);
}

static int read_include(void *context, const char *path, struct text *ret_text, struct error *error)
{
    (void)context;
    if (strcmp(path, "b.cylc") == 0)
        text_add(ret_text, "[b]\n%include 'sub dir/c.cylc'\ny = 1\n");
    else if (strcmp(path, "sub dir/c.cylc") == 0)
        text_add(ret_text, "x = c\n");
    else if (strcmp(path, "bad.cylc") == 0)
        text_add(ret_text, "\nfoo\n");
    else if (strcmp(path, "loop.cylc") == 0)
        text_add(ret_text, "%include loop.cylc\n");
    else
        return error_set(error, -ENOENT, "no such file: %s", path);
    return 0;
}

static const struct source_reader reader = {NULL, read_include};

static int include_line(const char *text, struct error *ret_error)
{
    struct parsed parsed;
    parse_with(&parsed, text, strlen(text), &reader);
    int result = parsed.result;
    *ret_error = parsed.error;
    release(&parsed);
    return result;
}

static void include_files_stand_where_they_are_included(void **state)
{
    (void)state;
    struct parsed parsed;
    const char *text = "[a]\nx = 1\n  %include \"b.cylc\"\nz = 2\n";
    parse_with(&parsed, text, strlen(text), &reader);
    assert_int_equal(parsed.result, 0);
    assert_text(find(&parsed, "b", "x", NULL), "c");
    assert_string_equal(find(&parsed, "b", "x", NULL)->file, "sub dir/c.cylc");
    assert_int_equal(find(&parsed, "b", "y", NULL)->line, 3);
    assert_string_equal(find(&parsed, "b", "y", NULL)->file, "b.cylc");
    assert_int_equal(find(&parsed, "b", "z", NULL)->line, 4);
    release(&parsed);
}

static void an_include_file_that_cannot_be_had_is_refused(void **state)
{
    (void)state;
    struct error error;
    assert_int_equal(include_line("\n%include none.cylc\n", &error), -ENOENT);
    assert_int_equal(error.line, 2);
    assert_non_null(strstr(error.text, "none.cylc"));
    assert_int_equal(include_line("%include \"b.cylc'\n", &error), -EINVAL);
    assert_non_null(strstr(error.text, "mismatched quotes"));
    assert_int_equal(include_line("%include ''\n", &error), -EINVAL);
    assert_int_equal(include_line("%include loop.cylc\n", &error), -EINVAL);
    assert_non_null(strstr(error.text, "include-files deep"));
    assert_int_equal(include_line("%include bad.cylc\n", &error), -EINVAL);
    assert_string_equal(error.file, "bad.cylc");
    assert_int_equal(error.line, 2);
    assert_refused("%include b.cylc\n", 1, "no include-files");
}

static void items_can_be_moved_in_the_tree(void **state)
{
    (void)state;
    struct parsed parsed;
    parse(&parsed, "[a]\nx = 1\ny = 2\nz = 3\n[b]\n");
    struct item *a = find(&parsed, "a", NULL, NULL), *b = find(&parsed, "b", NULL, NULL);
    struct item *z = find(&parsed, "a", "z", NULL);
    item_detach(&parsed.tree, z);
    item_attach(&parsed.tree, b, z, "w");
    assert_null(find(&parsed, "a", "z", NULL));
    assert_text(find(&parsed, "b", "w", NULL), "3");
    assert_string_equal(a->last->name, "y");
    item_detach(&parsed.tree, find(&parsed, "a", "x", NULL));
    assert_string_equal(a->first->name, "y");
    item_detach(&parsed.tree, find(&parsed, "a", "y", NULL));
    assert_null(a->first);
    assert_null(a->last);
    release(&parsed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_nest_by_their_brackets),
        cmocka_unit_test(comments_and_blank_lines_are_nothing),
        cmocka_unit_test(a_backslash_joins_lines_and_hides_the_next_from_comments),
        cmocka_unit_test(triple_quotes_take_lines_as_they_are),
        cmocka_unit_test(a_repeated_item_keeps_all_values_in_order_and_its_first_place),
        cmocka_unit_test(values_may_hold_brackets_equals_and_colons),
        cmocka_unit_test(line_ends_of_windows_and_a_missing_last_one_are_let_through),
        cmocka_unit_test(a_malformed_line_is_refused_with_its_number),
        cmocka_unit_test(a_byte_of_zero_is_refused),
        cmocka_unit_test(include_files_stand_where_they_are_included),
        cmocka_unit_test(an_include_file_that_cannot_be_had_is_refused),
        cmocka_unit_test(items_can_be_moved_in_the_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

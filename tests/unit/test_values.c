/* Typed values of flow.cylc. */
#include "scheduler/config/values.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static struct arena arena;

static int release_arena(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static struct value read_as(enum value_type type, const char *text, bool block)
{
    struct raw_value raw = {.text = slice_of(text), .block = block};
    struct value value;
    struct error error = {0};
    if (value_read(&arena, type, &raw, &value, &error) < 0)
        fail_msg("%s: %s", text, error.text);
    return value;
}

static void assert_string(const char *text, const char *expected)
{
    assert_string_equal(read_as(VALUE_STRING, text, false).string, expected);
}

static void assert_block(const char *text, const char *expected)
{
    assert_string_equal(read_as(VALUE_STRING, text, true).string, expected);
}

static void assert_refused(enum value_type type, const char *text, const char *says)
{
    struct raw_value raw = {.text = slice_of(text)};
    struct value value = {.integer = 42};
    struct error error = {0};
    assert_int_equal(value_read(&arena, type, &raw, &value, &error), -EINVAL);
    assert_int_equal(value.integer, 42);
    if (!strstr(error.text, says))
        fail_msg("\"%s\" does not say \"%s\"", error.text, says);
}

static void assert_list(const char *text, const char *const *expected)
{
    struct value value = read_as(VALUE_STRING_LIST, text, false);
    uint32_t n = 0;
    for (; expected[n]; n++) {
        assert_true(n < value.strings.n);
        assert_string_equal(value.strings.at[n], expected[n]);
    }
    assert_int_equal(value.strings.n, n);
    assert_int_equal(value.empty, n == 0);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void a_string_ends_at_a_comment_unless_quoted(void **state)
{
    (void)state;
    assert_string("plain words # comment", "plain words");
    assert_string("true#no space", "true");
    assert_string("\"a # b\" # c", "a # b");
    assert_string("'it # is'", "it # is");
    assert_string("\" spaces \"", "spaces");
    assert_string("\"say \\\"x\\\"\"", "say \\\"x\\\"");
    assert_string("x\"y\"z", "x\"y\"z");
    assert_string("echo \"a # b\" c", "echo \"a");
    assert_string("", "");
    assert_true(read_as(VALUE_STRING, "# only a comment", false).empty);
}

static void a_string_with_bad_quotes_is_refused(void **state)
{
    (void)state;
    assert_refused(VALUE_STRING, "\"open", "closing quote");
    assert_refused(VALUE_STRING, "\"a\" \"b\"", "after the closing quote");
    assert_refused(VALUE_STRING, "'a\"", "closing quote");
}

static void a_block_moves_left_as_far_as_all_its_lines_go(void **state)
{
    (void)state;
    assert_block("\n\n   starts and ends with blank lines\n\n", "starts and ends with blank lines");
    assert_block("\n\ttab one\n\t\ttab two\n", "tab one\n\ttab two");
    assert_block("\n    one\n\n      two  \n   \n    three\n    ", "one\n\n  two  \n\nthree");
    assert_block("first\n    second", "first\n    second");
    assert_block("\n  \tmixed\n    kinds\n", "mixed\n  kinds");
    assert_block("\n  # only a comment\n", "# only a comment");
    assert_block("", "");
    assert_block("\n   joined \\\n   line\n", "joined    line");
    assert_block(" one \\\\ two ", "one \\\\ two");
}

static void lists_split_at_commas(void **state)
{
    (void)state;
    assert_list("a, b,c ,d", LIST("a", "b", "c", "d"));
    assert_list("z,", LIST("z"));
    assert_list("one two, three # four, five", LIST("one two", "three"));
    assert_list("a \"b, c\" d, e", LIST("a \"b", "c\" d", "e"));
    assert_list("", LIST(NULL));
    assert_list("# nothing", LIST(NULL));
}

static void a_list_that_begins_with_a_quote_has_quoted_items(void **state)
{
    (void)state;
    assert_list("\"a, b\", c, \"d#e\"", LIST("a, b", "c", "d#e"));
    assert_list("'x y', \"z\"  # comment", LIST("x y", "z"));
    assert_list("\"single, quoted, string\"", LIST("single, quoted, string"));
    assert_list("\"C\", \"D\"", LIST("C", "D"));
    assert_refused(VALUE_STRING_LIST, "\"a", "closing quote");
    assert_refused(VALUE_STRING_LIST, "\"a\", 'b", "closing quote");
}

static void after_a_quoted_item_all_that_is_no_word_separates(void **state)
{
    (void)state;
    assert_list("\"a\" b", LIST("a", "b"));
    assert_list("\"t<i,j>\", u<i>", LIST("t<i,j>", "u", "<", "i", ">"));
    assert_list("\"a\", x/y.z~*?=-_1", LIST("a", "x/y.z~*?=-_1"));
    assert_list("'a'\"b\"c, d", LIST("abc", "d"));
    assert_list("'a\\b', \"c\\\"d\", e\\ f", LIST("a\\b", "c\"d", "e f"));
    assert_list("\"a\", \"\", b", LIST("a", "b"));
}

static void names_with_commas_must_be_quoted_in_lists(void **state)
{
    (void)state;
    assert_refused(VALUE_STRING_LIST, "t<m,n>, u", "quotes around names with commas");
    assert_list("\"t<m,n>\", u", LIST("t<m,n>", "u"));
    assert_list("t<m>, u<n>", LIST("t<m>", "u<n>"));
}

static void a_list_may_stand_on_several_lines(void **state)
{
    (void)state;
    struct value value = read_as(VALUE_STRING_LIST, "\n a,\n b\n", true);
    assert_int_equal(value.strings.n, 2);
    assert_string_equal(value.strings.at[1], "b");
}

static void assert_integers(const char *text, const int64_t *expected, uint32_t n)
{
    struct value value = read_as(VALUE_INTEGER_LIST, text, false);
    assert_int_equal(value.integers.n, n);
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(value.integers.at[i], expected[i]);
}

static void integer_lists_have_ranges_with_steps(void **state)
{
    (void)state;
    assert_integers("1, 3..5,10..20..5", (const int64_t[]){1, 3, 4, 5, 10, 15, 20}, 7);
    assert_integers("-1 .. 1", (const int64_t[]){-1, 0, 1}, 3);
    assert_integers("5..1", NULL, 0);
    assert_refused(VALUE_INTEGER_LIST, "1..x", "an integer");
    assert_refused(VALUE_INTEGER_LIST, "1..2..3..4", "a range");
    assert_refused(VALUE_INTEGER_LIST, "1..9..0", "positive step");
    assert_refused(VALUE_INTEGER_LIST, "0..9999999999", "longer than");
}

static void booleans_are_true_or_false(void **state)
{
    (void)state;
    assert_true(read_as(VALUE_BOOLEAN, "True", false).boolean);
    assert_true(read_as(VALUE_BOOLEAN, "true # yes", false).boolean);
    assert_false(read_as(VALUE_BOOLEAN, "False", false).boolean);
    assert_true(read_as(VALUE_BOOLEAN, "", false).empty);
    assert_refused(VALUE_BOOLEAN, "yes", "expected True or False, not \"yes\"");
    assert_refused(VALUE_BOOLEAN, "1", "True or False");
}

static void numbers_are_whole_or_not(void **state)
{
    (void)state;
    assert_int_equal(read_as(VALUE_INTEGER, "-12", false).integer, -12);
    assert_float_equal(read_as(VALUE_NUMBER, "1.5", false).number, 1.5, 0);
    assert_refused(VALUE_INTEGER, "many", "expected an integer");
    assert_refused(VALUE_INTEGER, "1.5", "expected an integer");
    assert_refused(VALUE_INTEGER, "99999999999999999999", "expected an integer");
    assert_refused(VALUE_NUMBER, "fast", "expected a number");
    assert_refused(VALUE_NUMBER, "nan", "expected a number");
    assert_refused(VALUE_NUMBER, "inf", "expected a number");
}

static void durations_are_seconds(void **state)
{
    (void)state;
    assert_float_equal(read_as(VALUE_DURATION, "PT1H30M15S", false).number, 5415, 0);
    assert_float_equal(read_as(VALUE_DURATION, "PT0.5S", false).number, 0.5, 0);
    assert_float_equal(read_as(VALUE_DURATION, "P1DT6H", false).number, 108000, 0);
    assert_refused(VALUE_DURATION, "1 hour", "ISO 8601 duration");
    assert_refused(VALUE_DURATION, "90", "ISO 8601 duration");
}

static void multipliers_repeat_a_duration(void **state)
{
    (void)state;
    struct value value = read_as(VALUE_DURATION_LIST, "PT10S, 3*PT1M, 2 * PT1H", false);
    const double expected[] = {10, 60, 60, 60, 3600, 3600};
    assert_int_equal(value.numbers.n, 6);
    for (uint32_t i = 0; i < 6; i++)
        assert_float_equal(value.numbers.at[i], expected[i], 0);
    assert_true(read_as(VALUE_DURATION_LIST, "", false).empty);
    assert_refused(VALUE_DURATION_LIST, "PT1M, 5M", "not \"5M\"");
    assert_refused(VALUE_DURATION_LIST, "x*PT1M", "expected an integer");
    assert_refused(VALUE_DURATION_LIST, "-1*PT1M", "number of times");
    assert_refused(VALUE_DURATION_LIST, "99999999*PT1M", "longer than");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_string_ends_at_a_comment_unless_quoted),
        cmocka_unit_test(a_string_with_bad_quotes_is_refused),
        cmocka_unit_test(a_block_moves_left_as_far_as_all_its_lines_go),
        cmocka_unit_test(lists_split_at_commas),
        cmocka_unit_test(a_list_that_begins_with_a_quote_has_quoted_items),
        cmocka_unit_test(after_a_quoted_item_all_that_is_no_word_separates),
        cmocka_unit_test(names_with_commas_must_be_quoted_in_lists),
        cmocka_unit_test(a_list_may_stand_on_several_lines),
        cmocka_unit_test(integer_lists_have_ranges_with_steps),
        cmocka_unit_test(booleans_are_true_or_false),
        cmocka_unit_test(numbers_are_whole_or_not),
        cmocka_unit_test(durations_are_seconds),
        cmocka_unit_test(multipliers_repeat_a_duration),
    };
    return cmocka_run_group_tests(tests, NULL, release_arena);
}

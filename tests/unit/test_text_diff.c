/* Differences of sorted listings. */
#include "scheduler/command/text_diff.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/banned.h"

static void assert_diff(const char *a, const char *b, const char *expected)
{
    struct text first = {0}, second = {0}, out = {0};
    text_add(&first, a);
    text_add(&second, b);
    assert_int_equal(text_diff(&first, &second, "a", "b", &out), *expected != 0);
    assert_string_equal(text_string(&out), expected);
    text_release(&first);
    text_release(&second);
    text_release(&out);
}

#define HEAD "--- a\n+++ b\n"

static void equal_listings_have_no_difference(void **state)
{
    (void)state;
    assert_diff("", "", "");
    assert_diff("1\n2\n", "1\n2\n", "");
}

static void what_is_in_one_only_is_shown_in_context(void **state)
{
    (void)state;
    assert_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\n5a\n6\n7\n8\n9\n",
                HEAD "@@ -3,6 +3,7 @@\n 3\n 4\n 5\n+5a\n 6\n 7\n 8\n");
    assert_diff("1\n2\n", "1\n3\n", HEAD "@@ -1,2 +1,2 @@\n 1\n-2\n+3\n");
    assert_diff("", "1\n", HEAD "@@ -0,0 +1 @@\n+1\n");
    assert_diff("1\n", "", HEAD "@@ -1 +0,0 @@\n-1\n");
}

static void changes_far_apart_are_apart(void **state)
{
    (void)state;
    assert_diff("0\n1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\n5\n6\n7\n8\n9\n",
                HEAD "@@ -1,4 +1,3 @@\n-0\n 1\n 2\n 3\n@@ -7,3 +6,4 @@\n 6\n 7\n 8\n+9\n");
    assert_diff("0\n1\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\n5\n6\n7\n",
                HEAD "@@ -1,7 +1,7 @@\n-0\n 1\n 2\n 3\n 4\n 5\n 6\n+7\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_listings_have_no_difference),
        cmocka_unit_test(what_is_in_one_only_is_shown_in_context),
        cmocka_unit_test(changes_far_apart_are_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

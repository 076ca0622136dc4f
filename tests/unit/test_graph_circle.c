/* Which graphs can never run, since their first instances wait for each other. */
#include "tests/lib/graph_names.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

/* Whether it is refused; then the message must hold `circle` (NULL: it must not be refused). */
static void check(const char *const *sections, const char *circle)
{
    struct test_names names;
    struct error error = {0};
    test_names_init(&names);
    test_names_family(&names, "FAM", "m1 m2");
    struct graph *graph = test_graph(&names, NULL, sections, &error);
    assert_non_null(graph);
    int code = graph_check_circular(graph, names.cycling, names.names.task_name, &names, &error);
    if (circle) {
        assert_int_equal(code, -EINVAL);
        if (!strstr(error.text, circle))
            print_error("'%s' is missing in: %s\n", circle, error.text);
        assert_non_null(strstr(error.text, circle));
    } else {
        if (code < 0)
            print_error("%s\n", error.text);
        assert_int_equal(code, 0);
    }
    graph_destroy(graph);
    test_names_release(&names);
}

#define CHECK(circle, ...) check((const char *const[]){__VA_ARGS__, NULL}, circle)

static void a_graph_without_circle_passes(void **state)
{
    (void)state;
    CHECK(NULL, "P1", "a => b => c\na => c\na[-P1] => a\nc[-P1] => a");
    CHECK(NULL, "P1", "a => b", "R1", "x => b\na => x");
    CHECK(NULL, "P1", "FAM[-P1]:succeed-all => FAM");
}

static void a_circle_at_one_point_is_named(void **state)
{
    (void)state;
    CHECK("1/a => 1/b => 1/a", "P1", "a => b\nb => a");
    CHECK("=> 1/", "P1", "a => b => c => d\nd | x => a");
    CHECK("3/b", "P2", "a => b", "R1/3", "b => a");
}

static void a_circle_over_points_is_found(void **state)
{
    (void)state;
    CHECK("2/a", "P1", "a[+P1] => b\nb[-P1] => a");
    CHECK("circular", "P1", "a[5] => b\nb => a");
}

static void a_circle_through_a_family_is_found(void **state)
{
    (void)state;
    CHECK("1/FAM:succeed-all", "P1", "FAM:succeed-all => a => m1");
}

static void suicide_makes_no_circle(void **state)
{
    (void)state;
    CHECK(NULL, "P1", "a => b => !a");
}

static void what_never_meets_is_no_circle(void **state)
{
    (void)state;
    CHECK(NULL, "R1/1", "a => b", "R1/2", "b => a");
    CHECK(NULL, "P1", "a[-P20] => b\nb => a"); /* before the initial point there is no a */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_graph_without_circle_passes),
        cmocka_unit_test(a_circle_at_one_point_is_named),
        cmocka_unit_test(a_circle_over_points_is_found),
        cmocka_unit_test(a_circle_through_a_family_is_found),
        cmocka_unit_test(suicide_makes_no_circle),
        cmocka_unit_test(what_never_meets_is_no_circle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Where tasks run, where they run next, and which instances nothing spawns. */
#include "tests/lib/graph_names.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/banned.h"

struct fixture {
    struct test_names names;
    struct graph *graph;
};

static int setup(void **state)
{
    struct fixture *self = NEW(struct fixture);
    test_names_init(&self->names);
    *state = self;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *self = *state;
    graph_destroy(self->graph);
    test_names_release(&self->names);
    free(self);
    return 0;
}

static void build(struct fixture *self, const char *const *sections)
{
    struct error error = {0};
    graph_destroy(self->graph);
    self->graph = test_graph(&self->names, NULL, sections, &error);
    if (!self->graph)
        print_error("%s\n", error.text);
    assert_non_null(self->graph);
}

#define BUILD(self, ...) build(self, (const char *const[]){__VA_ARGS__, NULL})

static bool valid(struct fixture *self, const char *name, cycle_point point)
{
    return graph_task_valid_at(self->graph, test_names_task(&self->names, name), point);
}

static cycle_point next(struct fixture *self, const char *name, cycle_point point)
{
    return graph_task_next(self->graph, test_names_task(&self->names, name), point);
}

static bool parentless(struct fixture *self, const char *name, cycle_point point, cycle_point start)
{
    return graph_task_parentless_at(self->graph, self->names.cycling,
                                    test_names_task(&self->names, name), point, start);
}

static void a_task_is_valid_on_any_of_its_sequences(void **state)
{
    struct fixture *self = *state;
    BUILD(self, "P2", "a", "R1/4", "a => b");
    assert_true(valid(self, "a", 1));
    assert_false(valid(self, "a", 2));
    assert_true(valid(self, "a", 3));
    assert_true(valid(self, "a", 4));
    assert_false(valid(self, "b", 3));
    assert_true(valid(self, "b", 4));
    assert_false(valid(self, "a", 11));
}

static void the_next_point_is_the_least_over_all_sequences(void **state)
{
    struct fixture *self = *state;
    BUILD(self, "P3", "a", "R1/6", "a", "R1/2", "b");
    assert_int_equal(next(self, "a", POINT_NONE), 1);
    assert_int_equal(next(self, "a", 1), 4);
    assert_int_equal(next(self, "a", 4), 6);
    assert_int_equal(next(self, "a", 6), 7);
    assert_int_equal(next(self, "a", 10), POINT_NONE);
    assert_int_equal(next(self, "b", POINT_NONE), 2);
    assert_int_equal(next(self, "b", 2), POINT_NONE);
}

static void a_task_that_only_dies_runs_nowhere(void **state)
{
    struct fixture *self = *state;
    BUILD(self, "P1", "a => !b");
    assert_int_equal(next(self, "b", POINT_NONE), POINT_NONE);
    assert_false(valid(self, "b", 1));
}

static void a_task_without_parents_is_parentless(void **state)
{
    struct fixture *self = *state;
    BUILD(self, "P1", "a => b\nb => !a");
    assert_true(parentless(self, "a", 3, 1)); /* suicide is no parent */
    assert_false(parentless(self, "b", 3, 1));
}

static void parents_before_the_start_do_not_count(void **state)
{
    struct fixture *self = *state;
    BUILD(self, "P1", "a[-P2] | a[-P1] => a");
    assert_true(parentless(self, "a", 1, 1));
    assert_false(parentless(self, "a", 2, 1));
    assert_true(parentless(self, "a", 5, 5)); /* start later than the initial point */
    assert_false(parentless(self, "a", 6, 5));
    BUILD(self, "P1", "a[-P2] => a");
    assert_true(parentless(self, "a", 2, 1));
    assert_false(parentless(self, "a", 3, 1));
}

static void absolute_parents_do_not_count(void **state)
{
    struct fixture *self = *state;
    BUILD(self, "P1", "a[^] & a[4] => b\na\na[^] & a => c");
    assert_true(parentless(self, "b", 1, 1));
    assert_true(parentless(self, "b", 7, 1));
    assert_false(parentless(self, "c", 7, 1));
}

static void only_dependencies_of_sequences_with_the_point_count(void **state)
{
    struct fixture *self = *state;
    BUILD(self, "P1", "b", "R1/3", "a => b", "P2", "c => d", "R1/2", "d");
    assert_true(parentless(self, "b", 2, 1));
    assert_false(parentless(self, "b", 3, 1));
    assert_true(parentless(self, "d", 2, 1));
    assert_false(parentless(self, "d", 3, 1));
}

static void a_family_is_a_parent(void **state)
{
    struct fixture *self = *state;
    test_names_family(&self->names, "FAM", "m1 m2");
    BUILD(self, "P1", "FAM[-P1]:succeed-all => FAM");
    assert_true(parentless(self, "m1", 1, 1));
    assert_false(parentless(self, "m1", 2, 1));
}

static bool starts_alone(struct fixture *self, const char *name)
{
    return graph_task_starts_alone(self->graph, self->names.cycling,
                                   test_names_task(&self->names, name), 1);
}

static void who_starts_alone(void **state)
{
    struct fixture *self = *state;
    BUILD(self, "P1", "a => b", "P1", "c[-P1] => c", "P1", "b => d", "R1/4", "d");
    assert_true(starts_alone(self, "a"));
    assert_false(starts_alone(self, "b"));
    assert_true(starts_alone(self, "c")); /* at the first point */
    assert_true(starts_alone(self, "d")); /* later */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_task_is_valid_on_any_of_its_sequences),
        TEST(the_next_point_is_the_least_over_all_sequences),
        TEST(a_task_that_only_dies_runs_nowhere),
        TEST(a_task_without_parents_is_parentless),
        TEST(parents_before_the_start_do_not_count),
        TEST(absolute_parents_do_not_count),
        TEST(only_dependencies_of_sequences_with_the_point_count),
        TEST(a_family_is_a_parent),
        TEST(who_starts_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

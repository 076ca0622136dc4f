/* Members of a family trigger that a user satisfies for one task (set --pre). */
#include "tests/lib/pool_world.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define FAMILY(graph)                                                                              \
    FOUR_CYCLES("[[graph]]\nR1 = \"\"\"\n" graph "\n\"\"\"\n"                                      \
                "[runtime]\n[[FAM]]\n[[m1, m2, m3]]\ninherit = FAM\n")

static uint32_t pre(struct pool_world *w, const char *ids, const char *prerequisites)
{
    return pool_world_set(w, POOL_SET_PREREQUISITES, ids, prerequisites, 0);
}

static uint32_t take_away(struct pool_world *w, const char *ids)
{
    return pool_world_in_flow(w, POOL_REMOVE, ids, 0);
}

static void a_member_counts_for_its_child_alone(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(FAMILY("FAM:succeed-all => b & c"));
    assert_int_equal(pre(w, "1/b", "1/m1"), 0);
    assert_said(w, "satisfied 1/b 0/0 forced\n");
    assert_string_equal(pool_world_rows(w), "1/m1 preparing [1]; 1/m2 preparing [1]; "
                                            "1/m3 preparing [1]; 1/b waiting [1]");
    pool_world_succeed(w, "1/m2");
    pool_world_succeed(w, "1/m3");
    assert_string_equal(pool_world_active(w), "1/m1 1/b");
    pool_world_succeed(w, "1/m1");
    assert_string_equal(pool_world_active(w), "1/b 1/c");
    pool_world_destroy(w);
}

static void members_are_set_one_after_the_other(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(FAMILY("FAM:succeed-all => b"));
    assert_int_equal(pre(w, "1/b", "1/m1"), 0);
    assert_int_equal(pre(w, "1/b", "1/m2:succeeded 1/m3"), 0);
    assert_said(w, "['1/m1', '1/m2', '1/m3']");
    assert_string_equal(pool_world_active(w), "1/m1 1/m2 1/m3 1/b");
    pool_world_destroy(w);
}

static void what_a_member_did_itself_is_not_by_force(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(FAMILY("FAM:succeed-all => b"));
    pool_world_succeed(w, "1/m1");
    assert_int_equal(pre(w, "1/b", "1/m1"), 0);
    assert_not_said(w, "satisfied 1/b 0/0");
    pool_world_destroy(w);
}

static void they_are_kept_over_restarts(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(FAMILY("FAM:succeed-all => b & c"));
    assert_int_equal(pre(w, "1/b", "1/m1"), 0);
    pool_world_restart(w);
    pool_world_succeed(w, "1/m2");
    pool_world_restart(w);
    pool_world_succeed(w, "1/m3");
    assert_string_equal(pool_world_active(w), "1/m1 1/b");
    pool_world_destroy(w);
}

static void they_are_kept_over_a_crash(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create_durable(FAMILY("FAM:succeed-all => b & c"));
    pool_world_start(w);
    pool_world_succeed(w, "1/m3");
    assert_int_equal(pre(w, "1/b", "1/m1"), 0);
    pool_world_commit(w);
    pool_world_succeed(w, "1/m2");
    pool_world_crash(w);
    pool_world_succeed(w, "1/m2");
    assert_said(w, "submit 1/b");
    assert_not_said(w, "submit 1/c");
    pool_world_destroy(w);
}

static void a_member_taken_back_is_missing_again(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(FAMILY("FAM:succeed-all & z => b"));
    assert_int_equal(pre(w, "1/b", "1/m1"), 0);
    pool_world_succeed(w, "1/m2");
    pool_world_succeed(w, "1/m3");
    assert_said(w, "satisfied 1/b 0\n");
    pool_world_clear(w);
    assert_int_equal(take_away(w, "1/m2"), 0);
    assert_said(w, "unsatisfied 1/b 0\n");
    pool_world_restart(w);
    pool_world_succeed(w, "1/z");
    assert_string_equal(pool_world_active(w), "1/m1");
    assert_int_equal(pre(w, "1/b", "1/m2"), 0);
    assert_string_equal(pool_world_active(w), "1/m1 1/b");
    pool_world_destroy(w);
}

/* Without any user's doing, too. */
static void what_is_satisfied_no_longer_is_so_after_a_restart(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(FAMILY("FAM:succeed-all & z => b"));
    pool_world_succeed(w, "1/m1");
    pool_world_succeed(w, "1/m2");
    pool_world_succeed(w, "1/m3");
    pool_world_restart(w);
    assert_int_equal(take_away(w, "1/m2"), 0);
    pool_world_restart(w);
    pool_world_succeed(w, "1/z");
    assert_string_equal(pool_world_rows(w), "1/b waiting [1]");
    pool_world_destroy(w);
}

static void a_member_given_is_a_reason_to_stay(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(FAMILY("FAM:succeed-all => b & c"));
    assert_int_equal(pre(w, "1/b", "1/m1"), 0);
    pool_world_succeed(w, "1/m2");
    assert_int_equal(take_away(w, "1/m2"), 0);
    assert_string_equal(pool_world_rows(w),
                        "1/m1 preparing [1]; 1/m3 preparing [1]; 1/b waiting [1]");
    pool_world_destroy(w);
}

static void of_any_one_member_is_enough_and_is_all_that_triggered(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(FAMILY("FAM:succeed-any => b & c"));
    assert_int_equal(pre(w, "1/b", "1/m2"), 0);
    assert_said(w, "submit 1/b 1 try 1 [1] ['1/m2']");
    assert_string_equal(pool_world_active(w), "1/m1 1/m2 1/m3 1/b");
    pool_world_destroy(w);
}

static void failures_and_ends_count_as_the_trigger_says(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_begin(FAMILY("FAM:fail-any? => b\nFAM:finish-all => c\nFAM:fail-all? => d"));
    assert_int_equal(pre(w, "1/b", "1/m1:succeeded"), EINVAL);
    assert_int_equal(pre(w, "1/b", "1/m1:failed"), 0);
    assert_string_equal(pool_world_active(w), "1/m1 1/m2 1/m3 1/b");
    assert_int_equal(pre(w, "1/c 1/d", "1/m1:failed 1/m2:failed"), 0);
    pool_world_succeed(w, "1/m3");
    assert_string_equal(pool_world_active(w), "1/m1 1/m2 1/b 1/c");
    pool_world_destroy(w);
}

static void a_member_counts_in_the_flow_that_comes_later(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(FAMILY("FAM:succeed-all => b"));
    assert_int_equal(pool_world_set(w, POOL_SET_PREREQUISITES, "1/b", "1/m1", POOL_FLOW_NEW), 0);
    assert_said(w, "spawned 1/b [2]\n");
    pool_world_succeed(w, "1/m2");
    pool_world_restart(w);
    pool_world_succeed(w, "1/m3");
    assert_said(w, "submit 1/b 1 try 1 [1,2]");
    pool_world_destroy(w);
}

static void a_dry_run_names_the_member(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(FAMILY("FAM:succeed-all => b"));
    pool_world_succeed(w, "1/m2");
    pool_world_succeed(w, "1/m3");
    assert_int_equal(pool_world_set(w, POOL_SET_PREREQUISITES, "1/b", "1/m1", POOL_DRY_RUN), 0);
    assert_said(w, "1/b: 1/m1 of 1/FAM:succeed-all satisfied");
    assert_said(w, "1/b: job 01 is submitted");
    assert_string_equal(pool_world_active(w), "1/m1");
    pool_world_destroy(w);
}

/* What was given before is in the copy on which a command is rehearsed. */
static void a_dry_run_knows_what_was_given_before(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_begin(FAMILY("FAM:succeed-all => b"));
    assert_int_equal(pre(w, "1/b", "1/m1"), 0);
    pool_world_succeed(w, "1/m2");
    assert_int_equal(pool_world_set(w, POOL_SET_OUTPUTS, "1/m3", "succeeded", POOL_DRY_RUN), 0);
    assert_said(w, "1/b: job 01 is submitted");
    pool_world_destroy(w);
}

static void members_before_the_start_are_satisfied_already(void **state)
{
    (void)state;
    struct pool_world *w =
        pool_world_begin(FOUR_CYCLES("[[graph]]\nP1 = FAM[-P1]:succeed-all & z => b\nR1/4 = FAM\n"
                                     "[runtime]\n[[FAM]]\n[[m1, m2]]\ninherit = FAM\n"));
    assert_int_equal(pre(w, "1/b", "0/m1"), 0);
    assert_not_said(w, "satisfied 1/b 0/");
    pool_world_destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_counts_for_its_child_alone),
        cmocka_unit_test(members_are_set_one_after_the_other),
        cmocka_unit_test(what_a_member_did_itself_is_not_by_force),
        cmocka_unit_test(they_are_kept_over_restarts),
        cmocka_unit_test(they_are_kept_over_a_crash),
        cmocka_unit_test(a_member_taken_back_is_missing_again),
        cmocka_unit_test(what_is_satisfied_no_longer_is_so_after_a_restart),
        cmocka_unit_test(a_member_given_is_a_reason_to_stay),
        cmocka_unit_test(of_any_one_member_is_enough_and_is_all_that_triggered),
        cmocka_unit_test(failures_and_ends_count_as_the_trigger_says),
        cmocka_unit_test(a_member_counts_in_the_flow_that_comes_later),
        cmocka_unit_test(a_dry_run_names_the_member),
        cmocka_unit_test(a_dry_run_knows_what_was_given_before),
        cmocka_unit_test(members_before_the_start_are_satisfied_already),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

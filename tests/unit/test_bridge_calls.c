/* What a bridge remembers of the calls that its program has, over several connections. */
#include "scheduler/command/bridge_calls.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

static struct bridge_call *start(struct bridge_calls *calls, const char *signature, uint64_t remote,
                                 bool expect_known)
{
    bool known;
    struct bridge_call *call = bridge_calls_start(calls, signature, remote, &known);
    assert_int_equal(known, expect_known);
    assert_ptr_equal(bridge_calls_remote(calls, remote), call);
    assert_ptr_equal(bridge_calls_number(calls, call->number), call);
    return call;
}

static void a_call_keeps_its_number_over_connections(void **state)
{
    (void)state;
    struct bridge_calls calls = {0};
    struct bridge_call *f = start(&calls, "f()", 7, false), *g = start(&calls, "g()", 8, false);
    assert_int_equal(f->number, 1);
    assert_int_equal(g->number, 2);
    assert_null(bridge_calls_lost(&calls));
    bridge_calls_lose(&calls);
    assert_null(bridge_calls_remote(&calls, 7));
    assert_ptr_equal(start(&calls, "g()", 7, true), g);
    assert_ptr_equal(bridge_calls_lost(&calls), f);
    bridge_calls_end(&calls, f);
    assert_null(bridge_calls_lost(&calls));
    assert_null(bridge_calls_number(&calls, 1));
    assert_int_equal(start(&calls, "f()", 9, false)->number, 3);
    bridge_calls_release(&calls);
}

static void a_call_that_is_started_anew_is_another_one(void **state)
{
    (void)state;
    struct bridge_calls calls = {0};
    struct bridge_call *call = start(&calls, "f()", 1, false);
    call->said = json_pack("{s:i}", "satisfied", 1);
    assert_true(bridge_call_is_satisfied(call));
    call = start(&calls, "f()", 2, false);
    assert_int_equal(call->number, 2);
    assert_false(bridge_call_is_satisfied(call));
    assert_null(bridge_calls_number(&calls, 1));
    assert_null(bridge_calls_remote(&calls, 1));
    bridge_calls_release(&calls);
    assert_null(calls.by_signature);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_keeps_its_number_over_connections),
        cmocka_unit_test(a_call_that_is_started_anew_is_another_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

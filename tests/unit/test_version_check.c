/* Restarting with another version of Cylc. */
#include "scheduler/command/version_check.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct error error;

static void the_same_minor_version_goes_on(void **state)
{
    (void)state;
    static const char *const last[] = {"8.4.4", "8.4.0", "8.4.9", "8.4.0.dev", "8.4", "8.4rc1"};
    for (size_t i = 0; i < sizeof last / sizeof *last; i++)
        assert_int_equal(version_check(last[i], "8.4.4", false, false, &error), 0);
}

static void a_version_that_is_not_known_is_not_judged(void **state)
{
    (void)state;
    assert_int_equal(version_check(NULL, "8.4.4", false, false, &error), 0);
    assert_int_equal(version_check("", "8.4.4", false, false, &error), 0);
    assert_int_equal(version_check("new", "8.4.4", false, false, &error), 0);
}

static void another_minor_version_needs_leave(void **state)
{
    (void)state;
    assert_int_equal(version_check("8.3.6", "8.4.4", false, true, &error), -ENOTSUP);
    assert_non_null(strstr(error.text, "--upgrade"));
    assert_int_equal(version_check("8.3.6", "8.4.4", true, false, &error), 0);
    assert_int_equal(version_check("8.10.0", "8.4.4", true, false, &error), -ENOTSUP);
    assert_non_null(strstr(error.text, "--downgrade"));
    assert_int_equal(version_check("8.10.0", "8.4.4", false, true, &error), 0);
    assert_int_equal(version_check("9.0", "8.4.4", true, false, &error), -ENOTSUP);
}

static void what_is_too_old_cannot_go_on(void **state)
{
    (void)state;
    assert_int_equal(version_check("7.9.1", "8.4.4", true, true, &error), -ENOTSUP);
    assert_null(strstr(error.text, "--upgrade"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_minor_version_goes_on),
        cmocka_unit_test(a_version_that_is_not_known_is_not_judged),
        cmocka_unit_test(another_minor_version_needs_leave),
        cmocka_unit_test(what_is_too_old_cannot_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

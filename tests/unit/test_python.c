/* Python functions of a workflow are found without running anything. */
#include "base/memory.h"
#include "scheduler/run/python.h"
#include "tests/lib/home.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/banned.h"

static char *home;

static int find(const char *name)
{
    struct error error = {0};
    int code = python_function_find(home, name, &error);
    assert_int_equal(error.code, code);
    return code;
}

static void the_module_of_the_name_defines_the_function(void **state)
{
    (void)state;
    home_write(home, "lib/python/good.py", "import os\n\ndef good(a, b=1):\n    return True, {}\n");
    home_write(home, "lib/python/later.py", "async def later():\n    pass\n");
    home_write(home, "lib/python/taken.py", "from elsewhere import other, taken\n");
    home_write(home, "lib/python/set.py", "set = make()\n");
    home_write(home, "lib/python/other.py", "def others():\n    other()\n");
    home_write(home, "lib/python/package/__init__.py", "def package(): ...\n");
    assert_int_equal(find("good"), 0);
    assert_int_equal(find("later"), 0);
    assert_int_equal(find("taken"), 0);
    assert_int_equal(find("set"), 0);
    assert_int_equal(find("package"), 0);
    assert_int_equal(find("other"), -EINVAL);
    assert_int_equal(find("nothing"), -ENOENT);
}

static void other_places_are_looked_into(void **state)
{
    (void)state;
    home_write(home, "more/elsewhere.py", "def elsewhere():\n    pass\n");
    assert_int_equal(find("elsewhere"), -ENOENT);
    char *places = str_format(":/nowhere:%s/more", home);
    assert_int_equal(setenv("CYLC_PYTHONPATH", places, 1), 0);
    assert_int_equal(find("elsewhere"), 0);
    assert_int_equal(unsetenv("CYLC_PYTHONPATH"), 0);
    free(places);
}

static int begin(void **state)
{
    (void)state;
    home = home_make();
    return unsetenv("CYLC_PYTHONPATH");
}

static int end(void **state)
{
    (void)state;
    home_remove(home);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_module_of_the_name_defines_the_function),
        cmocka_unit_test(other_places_are_looked_into),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

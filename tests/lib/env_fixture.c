/* See env_fixture.h. */
#include "tests/lib/env_fixture.h"
#include "base/memory.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROUSE_TOUCHES_THE_WORLD
#include "base/banned.h"

struct env *env_fixture_env(void)
{
    struct env_uv_options options = {.log_fd = -1, .utc = true};
    struct error error = {0};
    struct env *env = env_uv_create(&options, &error);
    assert_non_null(env);
    return env;
}

int env_fixture_setup(void **state)
{
    struct env_fixture *fixture = NEW(struct env_fixture);
    snprintf(fixture->directory, sizeof fixture->directory, "/tmp/rouse-env-XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    fixture->env = env_fixture_env();
    *state = fixture;
    return 0;
}

int env_fixture_teardown(void **state)
{
    struct env_fixture *fixture = *state;
    env_uv_destroy(fixture->env);
    char *command = str_format("rm -rf %s", fixture->directory);
    assert_int_equal(system(command), 0);
    free(command);
    free(fixture);
    return 0;
}

char *env_fixture_path(const struct env_fixture *fixture, const char *name)
{
    return str_format("%s/%s", fixture->directory, name);
}

char *env_fixture_read(const struct env_fixture *fixture, const char *path)
{
    struct text text = {0};
    assert_int_equal(fixture->env->ops->file_read(fixture->env, path, 0, &text), 0);
    text_add(&text, "");
    return text_take(&text);
}

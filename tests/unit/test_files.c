/* The file operations of the real world. */
#include "base/memory.h"
#include "coroutines/files.h"
#include "tests/lib/env_fixture.h"
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUSE_TOUCHES_THE_WORLD
#include "base/banned.h"

static void files_are_written_as_asked(void **state)
{
    struct env_fixture *fixture = *state;
    struct env *env = fixture->env;
    char *path = env_fixture_path(fixture, "file");
    mode_t mask = umask(022);
    assert_int_equal(env->ops->file_write(env, path, "one", 3, ENV_EXCLUSIVE), 0);
    assert_int_equal(env->ops->file_write(env, path, "two", 3, ENV_EXCLUSIVE), -EEXIST);
    assert_int_equal(env->ops->file_write(env, path, "two", 3, ENV_EXCLUSIVE | ENV_ATOMIC),
                     -EEXIST);
    assert_int_equal(env->ops->file_write(env, path, " two", 4, ENV_APPEND), 0);
    char *text = env_fixture_read(fixture, path);
    assert_string_equal(text, "one two");
    free(text);
    struct stat before, after;
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(before.st_mode & 0777, 0644);
    assert_int_equal(env->ops->file_write(env, path, "", 0, ENV_PRIVATE | ENV_EXECUTABLE), 0);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(after.st_mode & 0777, 0700);
    assert_int_equal(after.st_ino, before.st_ino);
    assert_int_equal(env->ops->file_write(env, path, "new", 3, ENV_ATOMIC | ENV_EXECUTABLE), 0);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(after.st_mode & 0777, 0755);
    assert_int_not_equal(after.st_ino, before.st_ino);
    assert_int_equal(env->ops->file_write(env, "/no/such/file", "", 0, ENV_ATOMIC), -ENOENT);
    umask(mask);
    char *command = str_format("test \"$(ls %s)\" = file", fixture->directory);
    assert_int_equal(system(command), 0); /* nothing is left beside it */
    free(command);
    free(path);
}

static void a_write_that_fails_keeps_the_old_contents(void **state)
{
    struct env_fixture *fixture = *state;
    struct env *env = fixture->env;
    char *path = env_fixture_path(fixture, "file");
    assert_int_equal(env->ops->file_write(env, path, "old", 3, 0), 0);
    struct rlimit old, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 10;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    char big[100] = "";
    int result = env->ops->file_write(env, path, big, sizeof big, ENV_ATOMIC);
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(result, -EFBIG);
    char *text = env_fixture_read(fixture, path);
    assert_string_equal(text, "old");
    free(text);
    char *command = str_format("test \"$(ls %s)\" = file", fixture->directory);
    assert_int_equal(system(command), 0);
    free(command);
    free(path);
}

static void reading_goes_on_from_an_offset_and_appends(void **state)
{
    struct env_fixture *fixture = *state;
    struct env *env = fixture->env;
    char *path = env_fixture_path(fixture, "file");
    struct text big = {0}, out = {0};
    for (int i = 0; i < 50000; i++)
        text_addf(&big, "%d\n", i);
    assert_int_equal(env->ops->file_write(env, path, big.at, big.n, 0), 0);
    text_add(&out, "x");
    assert_int_equal(env->ops->file_read(env, path, 2, &out), 0);
    assert_int_equal(out.n, big.n - 1);
    assert_memory_equal(out.at + 1, big.at + 2, big.n - 2);
    assert_int_equal(env->ops->file_read(env, path, big.n + 10, &out), 0);
    assert_int_equal(out.n, big.n - 1);
    assert_int_equal(env->ops->file_read(env, fixture->directory, 0, &out), -EISDIR);
    assert_int_equal(env->ops->file_read(env, "/no/such/file", 0, &out), -ENOENT);
    assert_int_equal(out.n, big.n - 1);
    uint64_t size = 0;
    assert_int_equal(env->ops->file_size(env, path, &size), 0);
    assert_int_equal(size, big.n);
    text_release(&big);
    text_release(&out);
    free(path);
}

static void directories_and_links_are_made(void **state)
{
    struct env_fixture *fixture = *state;
    struct env *env = fixture->env;
    char *deep = env_fixture_path(fixture, "a/b/c"), *link = env_fixture_path(fixture, "link"),
         *file = env_fixture_path(fixture, "file"), *below = env_fixture_path(fixture, "file/x");
    assert_int_equal(env->ops->directory_make(env, deep), 0);
    assert_int_equal(env->ops->directory_make(env, deep), 0);
    assert_int_equal(env->ops->file_write(env, file, "", 0, 0), 0);
    assert_int_equal(env->ops->directory_make(env, file), -ENOTDIR);
    assert_int_equal(env->ops->directory_make(env, below), -ENOTDIR);
    assert_int_equal(env->ops->link_make(env, "a", link), 0);
    assert_int_equal(env->ops->link_make(env, "a/b", link), 0);
    char target[16] = "";
    assert_int_equal(readlink(link, target, sizeof target), 3);
    assert_string_equal(target, "a/b");
    assert_int_equal(env->ops->file_remove(env, link), 0);
    assert_int_equal(env->ops->file_remove(env, link), -ENOENT);
    free(deep);
    free(link);
    free(file);
    free(below);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, env_fixture_setup, env_fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(files_are_written_as_asked),
        TEST(a_write_that_fails_keeps_the_old_contents),
        TEST(reading_goes_on_from_an_offset_and_appends),
        TEST(directories_and_links_are_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The lines of a definition before parsing: include-files, templates, joined lines. */
#include "base/memory.h"
#include "scheduler/command/definition_text.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

static char directory[] = "/tmp/rouse-definition-XXXXXX";

static char *write_file(const char *name, const char *content)
{
    char *path = str_format("%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

static void expect_text(const char *content, struct definition_steps steps, const char *expected)
{
    struct text text = {0};
    struct error error = {0};
    char *path = write_file("flow.cylc", content);
    int code = definition_text(path, &steps, &text, &error);
    assert_int_equal(code < 0, expected == NULL);
    if (expected)
        assert_string_equal(text_string(&text), expected);
    else
        assert_true(*error.text);
    text_release(&text);
    free(path);
}

static void lines_that_end_in_a_backslash_are_joined(void **state)
{
    (void)state;
    const struct definition_steps join = {.include = true, .join = true};
    expect_text("a = b \\\n  c \\\n  d\ne\n", join, "a = b   c   d\ne\n");
    expect_text("a \\\\\nb\n", join, "a \\b\n");
    expect_text("last \\", join, "last \\\n");
    expect_text("last \\\n", join, "last \\\n");
    expect_text("", join, "");
    expect_text("\n\n", join, "\n\n");
}

static void blanks_at_the_ends_of_lines_are_cut(void **state)
{
    (void)state;
    expect_text("a \t\n  \nb \\\n\n", (struct definition_steps){.include = true, .join = true},
                "a\n\nb\n");
    expect_text("a \\\nb  ", (struct definition_steps){.include = true}, "a \\\nb\n");
}

static void a_file_is_left_alone_without_steps(void **state)
{
    (void)state;
    expect_text("#!jinja2\n%include none\na \\\nb  ", (struct definition_steps){0},
                "#!jinja2\n%include none\na \\\nb  ");
}

static void an_include_file_is_put_in(void **state)
{
    (void)state;
    free(write_file("part.cylc", "in it\n"));
    expect_text("%include part.cylc\nafter\n", (struct definition_steps){.include = true},
                "in it\nafter\n");
    expect_text("%include none.cylc\n", (struct definition_steps){.include = true}, NULL);
}

static void a_template_takes_variables(void **state)
{
    (void)state;
    const char *const sets[] = {"N=3"};
    struct definition_steps steps = {
        .include = true, .process = true, .templates = {.sets = sets, .n_sets = 1}};
    expect_text("#!jinja2\n{% for i in range(N) %}\nt{{ i }}\n{% endfor %}\n", steps,
                "t0\nt1\nt2\n");
    expect_text("#!jinja2\n{{ M.x }}\n", steps, NULL);
    steps.process = false;
    expect_text("#!jinja2\n{{ N }}\n", steps, "#!jinja2\n{{ N }}\n");
}

static void a_file_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    struct text text = {0};
    struct error error = {0};
    char *path = str_format("%s/none/flow.cylc", directory);
    assert_int_equal(definition_text(path, &(struct definition_steps){0}, &text, &error), -ENOENT);
    assert_int_equal(text.n, 0);
    free(path);
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"flow.cylc", "part.cylc"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = str_format("%s/%s", directory, names[i]);
        (void)unlink(path);
        free(path);
    }
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_that_end_in_a_backslash_are_joined),
        cmocka_unit_test(blanks_at_the_ends_of_lines_are_cut),
        cmocka_unit_test(a_file_is_left_alone_without_steps),
        cmocka_unit_test(an_include_file_is_put_in),
        cmocka_unit_test(a_template_takes_variables),
        cmocka_unit_test(a_file_that_is_not_there_is_an_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

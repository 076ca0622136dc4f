/* Templates by the real Jinja2: what a workflow may use, what is refused and where. */
#include "base/memory.h"
#include "base/text.h"
#include "scheduler/config/template.h"
#include "tests/lib/flow.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

static char directory[] = "/tmp/rouse-template-XXXXXX";

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int remove_directory(void **state)
{
    static const char *const files[] = {"flow.cylc",         "part.cylc",
                                        "inner.j2",          "vars",
                                        "lib/python/own.py", "lib/python/__pycache__",
                                        "lib/python",        "lib"};
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        (void)remove(files[i]);
    return chdir("/") == 0 && rmdir(directory) == 0 ? 0 : -1;
}

/* What `text` comes to; heap. */
static char *processed(const char *text, const struct template_options *options)
{
    struct workflow_options all = {0};
    struct text whole = {0};
    struct error error;
    char buffer[2048];
    if (options)
        all.templates = *options;
    text_addf(&whole,
              "#!Jinja2\n%s\n[scheduler]\nallow implicit tasks = True\n"
              "[scheduling]\n[[graph]]\nR1 = a\n",
              text);
    write_file("flow.cylc", text_string(&whole));
    text_release(&whole);
    struct workflow *workflow = workflow_load("flow.cylc", &all, NULL, NULL, &error);
    if (!workflow)
        fail_msg("%s", error_format(&error, buffer, sizeof buffer));
    text_add_n(&whole, workflow->processed,
               (size_t)(strstr(workflow->processed, "[scheduler]") - workflow->processed));
    workflow_destroy(workflow);
    return text_take(&whole);
}

static void assert_becomes(const char *text, const char *expected)
{
    char *found = processed(text, NULL);
    assert_string_equal(found, expected);
    free(found);
}

static void assert_load_refused(const struct template_options *options, const char *text,
                                const char *file, int line, const char *says)
{
    struct workflow_options all = {0};
    struct error error;
    if (options)
        all.templates = *options;
    write_file("flow.cylc", text);
    assert_null(workflow_load("flow.cylc", &all, NULL, NULL, &error));
    if (!strstr(error.text, says))
        fail_msg("\"%s\" does not say \"%s\"", error.text, says);
    assert_string_equal(error.file, file);
    assert_int_equal(error.line, line);
}

static void lines_that_come_to_nothing_are_left_out(void **state)
{
    (void)state;
    assert_becomes("{% set x = 2 %}\n\n# {{ x }}\n{% for i in range(x) %}\n# {{ i }}\n{% endfor %}",
                   "# 2\n# 0\n# 1\n");
}

static void cylcs_filters_are_there(void **state)
{
    (void)state;
    assert_becomes("# {{ 7 | pad(3, 0) }} {{ 'P1DT1H' | duration_as('h') }} {{ 'PT30S' | "
                   "duration_as('M') }}",
                   "# 007 25.0 0.5\n");
    assert_becomes("# {{ '20300506T0708+01' | strftime('%H:%M %z') }} {{ '2030-W01-2' | "
                   "strftime('%m%d') }} {{ '2030045T24' | strftime('%m%dT%H') }}",
                   "# 07:08 +0100 0101 0215T00\n");
    assert_load_refused(NULL, "#!jinja2\n{{ 'PT1H' | duration_as('x') }}\n", "flow.cylc", 2,
                        "No matching units");
    assert_load_refused(NULL, "#!jinja2\n{{ 'soon' | strftime('%H') }}\n", "flow.cylc", 2, "soon");
}

static void modules_of_the_workflow_and_of_python_are_there(void **state)
{
    (void)state;
    assert_int_equal(mkdir("lib", 0700), 0);
    assert_int_equal(mkdir("lib/python", 0700), 0);
    write_file("lib/python/own.py", "print('not in the answer')\nTWO = 2\n");
    setenv("PYTHONDONTWRITEBYTECODE", "1", 1);
    setenv("SOMETHING", "else", 1);
    assert_becomes("{% from 'own' import TWO %}{% from '__python__.os.path' import basename %}\n"
                   "# {{ TWO }} {{ basename('a/b') }} {{ environ['SOMETHING'] }}",
                   "# 2 b else\n");
}

static void variables_come_from_sets_lists_and_files(void **state)
{
    (void)state;
    static const char *const sets[] = {"A=1", "B = [1, 'x']", "A=3"};
    static const char *const lists[] = {"L=a, 'b,c' ,d", "A=no"};
    static const char *const files[] = {"vars"};
    const struct template_options options = {
        .sets = sets, .lists = lists, .files = files, .n_sets = 3, .n_lists = 2, .n_files = 1};
    write_file("vars", "# a comment\n\nF='f=g'\nB=0\n");
    char *text = processed("# {{ A + 1 }} {{ B }} {{ L | join('|') }} {{ F }} {{ "
                           "CYLC_TEMPLATE_VARS.F }}",
                           &options);
    assert_string_equal(text, "# 4 [1, 'x'] a|b,c|d f=g f=g\n");
    free(text);
}

static void what_an_earlier_run_was_given_counts_least(void **state)
{
    (void)state;
    static const struct key_value earlier[] = {{"A", "'old'"}, {"B", "'old'"}};
    static const char *const lists[] = {"B=new"}, *const files[] = {"vars"};
    const struct template_options options = {.earlier = earlier,
                                             .n_earlier = 2,
                                             .lists = lists,
                                             .n_lists = 1,
                                             .files = files,
                                             .n_files = 1,
                                             .directory = directory};
    write_file("vars", "C=1\n");
    assert_int_equal(chdir("/"), 0); /* the options' directory is what counts for the file */
    char *path = str_format("%s/flow.cylc", directory);
    write_file(path, "#!jinja2\n# {{ A }} {{ B }} {{ C }}\n[scheduling]\n[[graph]]\nR1 = a\n"
                     "[runtime]\n[[a]]\n");
    struct workflow_options all = {.templates = options};
    struct error error = {0};
    struct workflow *workflow = workflow_load(path, &all, NULL, NULL, &error);
    free(path);
    assert_int_equal(chdir(directory), 0);
    assert_non_null(workflow);
    assert_memory_equal(workflow->processed, "# old ['new'] 1\n", 16);
    assert_int_equal(workflow->n_template_variables, 3);
    workflow_destroy(workflow);
}

static void a_file_without_a_template_may_have_variables(void **state)
{
    (void)state;
    static const char *const sets[] = {"A='x'"};
    struct workflow_options options = {.templates = {.sets = sets, .n_sets = 1}};
    struct workflow *workflow =
        flow_load_with("[scheduling]\n[[graph]]\nR1 = a\n[runtime]\n[[a]]\n", &options);
    assert_null(workflow->processed);
    assert_int_equal(workflow->n_template_variables, 1);
    assert_string_equal(workflow->template_variables[0].key, "A");
    assert_string_equal(workflow->template_variables[0].value, "'x'");
    workflow_destroy(workflow);
}

static void bad_variables_are_refused(void **state)
{
    (void)state;
    static const char *const bad[][2] = {{"A", "key=value"},
                                         {"A=plain", "string values must be quoted"},
                                         {"A=[1,", "valid Python literals"},
                                         {"=1", "key=value"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct template_options options = {.sets = &bad[i][0], .n_sets = 1};
        assert_load_refused(&options, "#!jinja2\n", "flow.cylc", 0, bad[i][1]);
    }
    static const char *const missing[] = {"no-such-file"};
    const struct template_options options = {.files = missing, .n_files = 1};
    assert_load_refused(&options, "#!jinja2\n", "flow.cylc", 0, "no-such-file");
}

static void an_error_has_the_line_it_was_written_in(void **state)
{
    (void)state;
    write_file("part.cylc", "# one\n{{ 1 // 0 }}\n");
    write_file("inner.j2", "\n\n{{ NOWHERE }}\n");
    assert_load_refused(NULL, "#!jinja2\n\n%include part.cylc\n", "part.cylc", 2,
                        "ZeroDivisionError");
    assert_load_refused(NULL, "#!jinja2\n%include part.cylc\n{% endfor %}\n", "flow.cylc", 3,
                        "endfor");
    assert_load_refused(NULL, "#!jinja2\n\n{% include 'inner.j2' %}\n", "inner.j2", 3,
                        "'NOWHERE' is undefined, in \"{{ NOWHERE }}\"");
    assert_load_refused(NULL, "#!jinja2\n{% for i in range(N) %}\n{% endfor %}\n", "flow.cylc", 2,
                        "an undefined variable cannot be interpreted as an integer, in \"{% for i");
    assert_load_refused(NULL, "#!jinja2\n{% include 'gone.j2' %}\n", "flow.cylc", 2,
                        "template not found: gone.j2");
    assert_load_refused(NULL, "#!jinja2\n\n{{ raise('the sky') }}\n", "flow.cylc", 3, "the sky");
    assert_load_refused(NULL, "#!jinja2\n{{ assert(1 > 2, 'so not') }}\n", "flow.cylc", 2,
                        "so not");
    assert_load_refused(NULL, "#!jinja2\n{% set x = 1 %}\n[x{{ x }}\n",
                        "flow.cylc (processed by Jinja2)", 1, "[x1");
}

static void bytes_that_are_no_text_are_left_as_they_are(void **state)
{
    (void)state;
    assert_becomes("# \xff\xc3\xa9 {{ 1 }}", "# \xff\xc3\xa9 1\n");
}

static void without_python_it_says_what_is_missing(void **state)
{
    (void)state;
    char *path = strdup(getenv("PATH"));
    setenv("PATH", directory, 1);
    assert_load_refused(NULL, "#!jinja2\n", "flow.cylc", 0, "python3-jinja2");
    setenv("PATH", path, 1);
    free(path);
}

static void without_jinja2_it_says_what_is_missing(void **state)
{
    (void)state;
    assert_int_equal(mkdir("jinja2", 0700), 0);
    write_file("jinja2/__init__.py", "raise ImportError('not here')\n");
    setenv("PYTHONPATH", directory, 1);
    assert_load_refused(NULL, "#!jinja2\n", "flow.cylc", 0, "python3-jinja2): not here");
    unsetenv("PYTHONPATH");
    assert_int_equal(remove("jinja2/__init__.py"), 0);
    assert_int_equal(remove("jinja2"), 0);
}

static void a_python_that_dies_is_an_error(void **state)
{
    (void)state;
    assert_load_refused(NULL,
                        "#!jinja2\n{% from 'os' import getpid, kill %}{{ kill(getpid(), 9) }}\n",
                        "flow.cylc", 0, "ended before the template was processed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_that_come_to_nothing_are_left_out),
        cmocka_unit_test(cylcs_filters_are_there),
        cmocka_unit_test(modules_of_the_workflow_and_of_python_are_there),
        cmocka_unit_test(variables_come_from_sets_lists_and_files),
        cmocka_unit_test(what_an_earlier_run_was_given_counts_least),
        cmocka_unit_test(a_file_without_a_template_may_have_variables),
        cmocka_unit_test(bad_variables_are_refused),
        cmocka_unit_test(an_error_has_the_line_it_was_written_in),
        cmocka_unit_test(bytes_that_are_no_text_are_left_as_they_are),
        cmocka_unit_test(without_python_it_says_what_is_missing),
        cmocka_unit_test(without_jinja2_it_says_what_is_missing),
        cmocka_unit_test(a_python_that_dies_is_an_error),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}

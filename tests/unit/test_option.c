/* Options of the command line, the table of commands and the names near a wrong one. */
#include "base/memory.h"
#include "base/text.h"
#include "scheduler/command/option.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

enum { ARGUMENTS_MAX = 12 };

struct parsed {
    const char *flow;
    int all, first, argc;
    struct option_list lists;
    struct invocation invocation;
    char *argv[ARGUMENTS_MAX];
};

static int nothing(const struct command *command, struct invocation *invocation, int argc,
                   char **argv)
{
    (void)command;
    (void)invocation;
    (void)argv;
    return argc;
}

static const struct command example = {.name = "example",
                                       .summary = "an example",
                                       .synopsis = "[OPTIONS] THING",
                                       .help =
                                           "Explains itself.\n\nExample:\n    $ rouse example\n",
                                       .run = nothing};

/* Parse the words; what is printed goes to nowhere. */
static int parse(struct parsed *p, int n, ...)
{
    const struct option_def options[] = {
        {.name = "flow", .letter = 'f', .argument = "FLOW", .text = &p->flow, .help = "a flow"},
        {.name = "stream", .argument = "FLOW", .text = &p->flow},
        {.name = "all", .letter = 'a', .count = &p->all, .help = "all of them"},
        {.name = "set", .argument = "X", .list = &p->lists, .help = "set it"},
    };
    static char name[] = "example";
    p->argc = 0;
    p->argv[p->argc++] = name;
    va_list args;
    va_start(args, n);
    for (int i = 0; i < n; i++)
        p->argv[p->argc++] = va_arg(args, char *);
    va_end(args);
    p->argv[p->argc] = NULL;
    p->invocation.program = "rouse";
    return options_parse(&example, &p->invocation, options, OPTIONS_N(options), p->argc, p->argv,
                         &p->first);
}

static void options_and_arguments_may_be_mixed(void **state)
{
    (void)state;
    struct parsed p = {0};
    assert_int_equal(parse(&p, 5, "one", "--flow=3", "two", "-a", "--all"), OPTIONS_GO_ON);
    assert_string_equal(p.flow, "3");
    assert_int_equal(p.all, 2);
    assert_int_equal(p.argc - p.first, 2);
    assert_string_equal(p.argv[p.first], "one");
    assert_string_equal(p.argv[p.first + 1], "two");
}

static void two_dashes_end_the_options(void **state)
{
    (void)state;
    struct parsed p = {0};
    assert_int_equal(parse(&p, 4, "--", "-a", "--flow", "x"), OPTIONS_GO_ON);
    assert_int_equal(p.all, 0);
    assert_null(p.flow);
    assert_int_equal(p.argc - p.first, 3);
}

static void other_names_and_values_apart_are_understood(void **state)
{
    (void)state;
    struct parsed p = {0};
    assert_int_equal(parse(&p, 4, "--stream", "2", "-f", "5"), OPTIONS_GO_ON);
    assert_string_equal(p.flow, "5");
    assert_int_equal(parse(&p, 1, "-f7"), OPTIONS_GO_ON);
    assert_string_equal(p.flow, "7");
}

static void a_list_keeps_every_value(void **state)
{
    (void)state;
    struct parsed p = {0};
    assert_int_equal(parse(&p, 2, "--set=a=1", "--set=b"), OPTIONS_GO_ON);
    assert_int_equal(p.lists.n, 2);
    assert_string_equal(p.lists.at[0], "a=1");
    vec_release(&p.lists);
}

/* What options_parse says on stderr while it refuses. */
static char *said(int n, ...)
{
    char buffer[4096];
    struct parsed p = {0};
    FILE *file = tmpfile();
    int before = dup(STDERR_FILENO);
    assert_true(file && before >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    va_list args;
    va_start(args, n);
    char *first = va_arg(args, char *);
    char *second = n > 1 ? va_arg(args, char *) : NULL;
    va_end(args);
    int status = n > 1 ? parse(&p, 2, first, second) : parse(&p, 1, first);
    (void)fflush(stderr);
    (void)dup2(before, STDERR_FILENO);
    close(before);
    rewind(file);
    size_t got = fread(buffer, 1, sizeof buffer, file);
    (void)fclose(file);
    assert_int_equal(status, EXIT_USAGE);
    vec_release(&p.lists);
    return str_copy_n(buffer, got);
}

static void assert_said(char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in: %s", part, text);
    free(text);
}

static void what_cannot_be_is_a_usage_error_that_names_it(void **state)
{
    (void)state;
    assert_said(said(1, "--nonsense"), "no such option: --nonsense");
    assert_said(said(1, "-z"), "no such option: -z");
    assert_said(said(1, "--flow"), "option --flow needs a value");
    assert_said(said(1, "--all=3"), "option --all=3 takes no value");
    assert_said(said(1, "--comms-timeout=soon"), "\"soon\" is no number of seconds");
    assert_said(said(2, "--comms-timeout", "-1"), "\"-1\" is no number of seconds");
    assert_said(said(1, "--nonsense"), "Usage: rouse example [OPTIONS] THING");
}

static void every_command_knows_the_common_options(void **state)
{
    (void)state;
    struct parsed p = {0};
    assert_int_equal(parse(&p, 3, "--debug", "--color=never", "--comms-timeout=1.5"),
                     OPTIONS_GO_ON);
    assert_true(p.invocation.debug && p.invocation.verbose);
    assert_int_equal(p.invocation.timeout_ms, 1501);
}

static void the_table_is_sorted_and_complete(void **state)
{
    (void)state;
    for (size_t i = 0; commands[i]; i++) {
        assert_true(!i || strcmp(commands[i - 1]->name, commands[i]->name) < 0);
        assert_ptr_equal(command_find(commands[i]->name), commands[i]);
        assert_non_null(commands[i]->run);
        assert_non_null(strstr(commands[i]->help, "Example:\n    $ rouse "));
    }
    assert_null(command_find("nonsense"));
}

/* Each prints its help, with what it says there. */
static void every_command_has_help(void **state)
{
    (void)state;
    for (size_t i = 0; commands[i]; i++) {
        char text[16384];
        char help[] = "--help";
        char *argv[] = {(char *)(uintptr_t)commands[i]->name, help, NULL};
        struct invocation invocation = {.program = "rouse"};
        (void)fflush(stdout);
        FILE *file = tmpfile();
        int before = dup(STDOUT_FILENO);
        assert_true(file && dup2(fileno(file), STDOUT_FILENO) >= 0);
        int status = commands[i]->run(commands[i], &invocation, 2, argv);
        (void)fflush(stdout);
        (void)dup2(before, STDOUT_FILENO);
        close(before);
        rewind(file);
        size_t n = fread(text, 1, sizeof text - 1, file);
        (void)fclose(file);
        text[n] = '\0';
        assert_int_equal(status, EXIT_OK);
        assert_non_null(strstr(text, commands[i]->help));
        assert_non_null(strstr(text, "--comms-timeout=SEC"));
    }
}

static void a_near_name_is_found(void **state)
{
    (void)state;
    assert_string_equal(command_nearest("pley"), "play");
    assert_string_equal(command_nearest("instal"), "install");
    assert_string_equal(command_nearest("hodl"), "hold");
    assert_string_equal(command_nearest("validat"), "validate");
    assert_null(command_nearest("quarantine"));
    assert_null(command_nearest(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_arguments_may_be_mixed),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(other_names_and_values_apart_are_understood),
        cmocka_unit_test(a_list_keeps_every_value),
        cmocka_unit_test(what_cannot_be_is_a_usage_error_that_names_it),
        cmocka_unit_test(every_command_knows_the_common_options),
        cmocka_unit_test(the_table_is_sorted_and_complete),
        cmocka_unit_test(every_command_has_help),
        cmocka_unit_test(a_near_name_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

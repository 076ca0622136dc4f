/* global.cylc: where it is looked for, how several files add up, defaults, what is refused. */
#include "scheduler/config/global.h"
#include "scheduler/config/workflow.h"
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

static struct global_config *parse(const char *text)
{
    struct error error;
    struct global_config *config = global_parse("global.cylc", slice_of(text), NULL, &error);
    if (!config)
        fail_msg("%s:%d: %s: %s", error.file, error.line, error.item, error.text);
    return config;
}

static void refused(const char *text, int line, const char *item, const char *words)
{
    struct error error;
    assert_null(global_parse("global.cylc", slice_of(text), NULL, &error));
    assert_int_equal(error.line, line);
    assert_string_equal(error.item, item);
    if (!strstr(error.text, words))
        fail_msg("\"%s\" does not say \"%s\"", error.text, words);
}

static void keep(void *context, const char *text)
{
    struct text *all = context;
    text_addf(all, "%s\n", text);
}

static void what_has_no_effect_is_told_in_one_line(void **state)
{
    (void)state;
    struct text said = {0};
    struct error error;
    const char *text = "[scheduler]\nprocess pool size = 3\n[[run hosts]]\nranking = x\n"
                       "[platforms]\n[[a]]\nssh command = y\nhosts = localhost\n"
                       "[[b]]\nssh command = z\n[[[directives]]]\n-l = 1\n";
    struct global_config *config =
        global_parse("global.cylc", slice_of(text), &(struct warner){keep, &said}, &error);
    assert_non_null(config);
    assert_string_equal(text_string(&said),
                        "global.cylc: these items have no effect: [scheduler][run hosts]ranking, "
                        "[platforms][*]ssh command, [platforms][*][directives]-l\n");
    text_release(&said);
    global_destroy(config);
}

static void what_global_says_of_processes_and_retries_reaches_the_workflow(void **state)
{
    (void)state;
    struct error error;
    struct global_config *global = parse("[scheduler]\nprocess pool size = 3\n"
                                         "process pool timeout = PT5S\n[platforms]\n[[p.*]]\n"
                                         "hosts = localhost\n"
                                         "submission retry delays = PT1M, PT2M\n"
                                         "[platform groups]\n[[g]]\nplatforms = p2\n");
    const char *text = "[scheduling]\n[[graph]]\nR1 = a & b & c & d & e\n[runtime]\n"
                       "[[P]]\nplatform = p1\n[[a]]\ninherit = P\n"
                       "[[b]]\ninherit = P\nsubmission retry delays = PT3S\n"
                       "[[c]]\n[[d]]\nplatform = g\n[[e]]\nplatform = $(echo p1)\n";
    struct workflow_options options = {.global = global};
    struct workflow *workflow =
        workflow_parse("flow.cylc", text, strlen(text), &options, NULL, NULL, &error);
    if (!workflow)
        fail_msg("%s", error.text);
    assert_int_equal(workflow->process_pool_size, 3);
    assert_float_equal(workflow->process_pool_timeout, 5, 0);
    static const struct {
        const char *task;
        uint32_t n;
        double first;
    } expected[] = {{"a", 2, 60}, {"b", 1, 3}, {"c", 0, 0}, {"d", 2, 60}, {"e", 0, 0}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const struct delays *delays =
            &workflow->tasks[workflow_task(workflow, expected[i].task)].runtime.submission_retries;
        assert_int_equal(delays->n, expected[i].n);
        if (delays->n)
            assert_float_equal(delays->at[0], expected[i].first, 0);
    }
    workflow_destroy(workflow);
    global_destroy(global);
    workflow = workflow_parse("flow.cylc", text, strlen(text), NULL, NULL, NULL, &error);
    assert_int_equal(workflow->process_pool_size, 4);
    assert_float_equal(workflow->process_pool_timeout, 600, 0);
    workflow_destroy(workflow);
}

static void the_places_are_those_of_the_site_then_the_user(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct global_places places;
    global_find_places(&(struct global_environment){.home = "/home/me"}, &arena, &places);
    assert_int_equal(places.n, 8);
    assert_string_equal(places.at[0], "/etc/cylc/flow/global.cylc");
    assert_string_equal(places.at[3], "/etc/cylc/flow/8.4.4/global.cylc");
    assert_string_equal(places.at[4], "/home/me/.cylc/flow/global.cylc");
    assert_string_equal(places.at[6], "/home/me/.cylc/flow/8.4/global.cylc");
    global_find_places(
        &(struct global_environment){.home = "/home/me", .site_conf_path = "/opt/site"}, &arena,
        &places);
    assert_string_equal(places.at[1], "/opt/site/flow/8/global.cylc");
    global_find_places(
        &(struct global_environment){.home = "/h", .conf_path = "/c", .site_conf_path = "/s"},
        &arena, &places);
    assert_int_equal(places.n, 1);
    assert_string_equal(places.at[0], "/c/global.cylc");
    arena_release(&arena);
}

static void put_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void the_later_file_wins_item_by_item(void **state)
{
    (void)state;
    char directory[] = "/tmp/test_global.XXXXXX", site[64], user[64];
    assert_non_null(mkdtemp(directory));
    snprintf(site, sizeof site, "%s/site", directory);
    snprintf(user, sizeof user, "%s/user", directory);
    put_file(site, "[scheduler]\n[[events]]\nstall timeout = PT2H\nworkflow timeout = P1D\n"
                   "[platforms]\n[[a, b]]\nhosts = x\njob runner = pbs\n");
    put_file(user,
             "#!jinja2\n{% set T = 'PT5M' %}\n[scheduler]\n[[events]]\nstall timeout = {{T}}\n"
             "[platforms]\n[[b]]\nhosts = y\n");
    struct global_places places = {{site, "/nowhere/global.cylc", user}, 3};
    struct error error;
    struct global_config *config = global_load(&places, NULL, &error);
    assert_non_null(config);
    struct arena arena = {0};
    struct value stall = global_value(config, &arena, "scheduler", "events", "stall timeout");
    struct value all = global_value(config, &arena, "scheduler", "events", "workflow timeout");
    assert_true(stall.number == 300);
    assert_true(all.number == 86400);
    assert_string_equal(global_item(config, "platforms", "a", "hosts")->value.strings.at[0], "x");
    assert_string_equal(global_item(config, "platforms", "b", "hosts")->value.strings.at[0], "y");
    assert_string_equal(global_item(config, "platforms", "b", "job runner")->value.string, "pbs");
    arena_release(&arena);
    global_destroy(config);
    unlink(site);
    unlink(user);
    rmdir(directory);
}

static void what_is_not_set_has_its_default(void **state)
{
    (void)state;
    struct arena arena = {0};
    assert_true(global_value(NULL, &arena, "scheduler", "events", "stall timeout").number == 3600);
    assert_int_equal(global_value(NULL, &arena, "install", NULL, "max depth").integer, 4);
    struct value ports = global_value(NULL, &arena, "scheduler", "run hosts", "ports");
    assert_int_equal(ports.integers.n, 101);
    assert_int_equal(ports.integers.at[100], 43101);
    assert_true(global_value(NULL, &arena, "scheduler", "mail", "smtp").empty);
    arena_release(&arena);
}

static void mistakes_are_refused_with_their_place(void **state)
{
    (void)state;
    refused("[scheduler]\n[[run hosts]]\nports = 1..\n", 3, "[scheduler][run hosts]ports",
            "an integer");
    refused("[platforms]\n[[a]]\nhost = x\n", 3, "[platforms][a]host", "did you mean \"hosts\"");
    refused("[platforms]\n[[a]]\ncommunication method = smoke\n", 3,
            "[platforms][a]communication method", "zmq|poll|ssh");
    refused("[platforms]\n[[a]]\n[platform groups]\n[[a]]\nplatforms = b\n", 4,
            "[platform groups][a]", "name of a platform");
    refused("[install]\nmax depth = deep\n", 2, "[install]max depth", "an integer");
    refused("[suite servers]\n", 1, "[suite servers]", "unknown section");
    refused("#!jinja2\n[scheduler]\n{{ nothing }}\n", 3, "", "nothing");
}

static void a_workflow_takes_what_it_does_not_set_itself(void **state)
{
    (void)state;
    struct error error;
    struct global_config *config =
        parse("[scheduler]\n[[events]]\nstall timeout = PT5M\nworkflow timeout = PT9M\n"
              "[[mail]]\nto = ops\n"
              "[task events]\nexecution timeout = PT3M\nhandlers = tell %(id)s\n"
              "handler retry delays = 2*PT1M\n");
    static const char flow[] = "[scheduler]\n[[events]]\nworkflow timeout = PT1M\n"
                               "[scheduling]\n[[graph]]\nR1 = a & b\n"
                               "[runtime]\n[[a]]\n[[b]]\n[[[events]]]\nexecution timeout = PT7M\n";
    const struct workflow_options options = {.global = config};
    struct workflow *workflow =
        workflow_parse("flow.cylc", flow, sizeof flow - 1, &options, NULL, NULL, &error);
    assert_non_null(workflow);
    global_destroy(config); /* the workflow has copies */
    assert_true(workflow->stall_timeout.seconds == 300);
    assert_true(workflow->workflow_timeout.seconds == 60);
    assert_string_equal(workflow->mail.to, "ops");
    const struct runtime *a = &workflow->tasks[workflow_task(workflow, "a")].runtime;
    const struct runtime *b = &workflow->tasks[workflow_task(workflow, "b")].runtime;
    assert_true(a->execution_timeout == 180);
    assert_true(b->execution_timeout == 420);
    assert_int_equal(b->n_handlers, 1);
    assert_string_equal(a->handlers[0], "tell %(id)s");
    assert_int_equal(a->handler_retries.n, 2);
    workflow_destroy(workflow);
}

static const char *platform_of(const struct workflow *workflow, const char *task)
{
    return workflow->tasks[workflow_task(workflow, task)].runtime.platform;
}

static void what_cylc_7_had_instead_of_platforms_finds_one(void **state)
{
    (void)state;
    struct error error;
    struct global_config *config =
        parse("[platforms]\n[[hpc]]\nhosts = login1, login2\njob runner = slurm\n[[desk\\d]]\n");
    static const char flow[] =
        "[scheduling]\n[[graph]]\nR1 = a & b & c & d & e & f\n[runtime]\n"
        "[[F]]\n[[[remote]]]\nhost = login2\n[[[job]]]\nbatch system = slurm\n"
        "[[a]]\ninherit = F\n[[b]]\n[[[remote]]]\nhost = desk7\n"
        "[[c]]\n[[[job]]]\nbatch system = background\n"
        "[[d]]\ninherit = F\n[[[job]]]\nbatch system = pbs\n"
        "[[e]]\n[[[remote]]]\nhost = $(choose)\n"
        "[[f]]\ninherit = F\n[[[remote]]]\nhost =\n[[[job]]]\nbatch system =\n";
    const struct workflow_options options = {.global = config};
    struct workflow *workflow =
        workflow_parse("flow.cylc", flow, sizeof flow - 1, &options, NULL, NULL, &error);
    assert_non_null(workflow);
    global_destroy(config);
    assert_string_equal(platform_of(workflow, "a"), "hpc");
    assert_string_equal(platform_of(workflow, "b"), "desk7");
    assert_string_equal(platform_of(workflow, "c"), "localhost");
    assert_string_equal(platform_of(workflow, "d"),
                        "login2 (pbs)"); /* none: says what was wanted */
    assert_string_equal(platform_of(workflow, "e"), "$(choose)");
    assert_string_equal(platform_of(workflow, "f"), "localhost");
    workflow_destroy(workflow);
}

static void every_row_with_a_default_can_be_read(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct value value;
    for (size_t i = 0; i < schema_global.n; i++)
        schema_entry_default(&arena, &schema_global.at[i], &value);
    struct global_config *config = parse("[scheduler]\nprocess pool size = 9\n");
    assert_int_equal(global_value(config, &arena, "scheduler", NULL, "process pool size").integer,
                     9);
    global_destroy(config);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_no_effect_is_told_in_one_line),
        cmocka_unit_test(what_global_says_of_processes_and_retries_reaches_the_workflow),
        cmocka_unit_test(the_places_are_those_of_the_site_then_the_user),
        cmocka_unit_test(the_later_file_wins_item_by_item),
        cmocka_unit_test(what_is_not_set_has_its_default),
        cmocka_unit_test(mistakes_are_refused_with_their_place),
        cmocka_unit_test(a_workflow_takes_what_it_does_not_set_itself),
        cmocka_unit_test(what_cylc_7_had_instead_of_platforms_finds_one),
        cmocka_unit_test(every_row_with_a_default_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

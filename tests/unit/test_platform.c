/* Platforms: which heading a name means, what is filled in, groups, hosts, tasks of Cylc 7. */
#include "scheduler/config/platform.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static const char text[] = "[platforms]\n"
                           "  [[desktop\\d\\d\\d]]\n"
                           "    install target = localhost\n"
                           "  [[desktop9.*]]\n"
                           "    job runner = at\n"
                           "  [[hpc, hpc-bg]]\n"
                           "    hosts = login1, login2\n"
                           "    retrieve job logs = True\n"
                           "    [[[directives]]]\n"
                           "      -q = normal\n"
                           "  [[hpc]]\n"
                           "    job runner = slurm\n"
                           "    communication method = poll\n"
                           "    submission polling intervals = PT1M, 2*PT5M\n"
                           "    [[[selection]]]\n"
                           "      method = definition order\n"
                           "  [[spare]]\n"
                           "    hosts = login3\n"
                           "    cylc path = /opt/cylc\n"
                           "[platform groups]\n"
                           "  [[any]]\n"
                           "    platforms = hpc, spare\n"
                           "    [[[selection]]]\n"
                           "      method = definition order\n";

struct fixture {
    struct global_config *config;
    struct platforms *platforms;
    struct error error;
};

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){0};
    fixture.config = global_parse("global.cylc", slice_of(text), NULL, &fixture.error);
    assert_non_null(fixture.config);
    fixture.platforms = platforms_create(fixture.config);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    platforms_destroy(fixture->platforms);
    global_destroy(fixture->config);
    return 0;
}

static void localhost_is_there_without_being_defined(void **state)
{
    struct fixture *f = *state;
    const struct platform *localhost = platforms_get(f->platforms, "", &f->error);
    assert_non_null(localhost);
    assert_ptr_equal(localhost, platforms_get(f->platforms, "localhost", &f->error));
    assert_string_equal(localhost->hosts.at[0], "localhost");
    assert_string_equal(localhost->install_target, "localhost");
    assert_string_equal(localhost->job_runner, "background");
    assert_string_equal(localhost->shell, "/bin/bash");
    assert_int_equal(localhost->communication, PLATFORM_ZMQ);
    assert_true(localhost->use_login_shell);
    assert_int_equal(localhost->max_batch_submissions, 100);
    assert_int_equal(localhost->execution_time_limit_polling_intervals.n, 3);
    struct platforms *none = platforms_create(NULL);
    assert_non_null(platforms_get(none, "localhost", &f->error));
    assert_null(platforms_get(none, "hpc", &f->error));
    platforms_destroy(none);
}

static void a_name_means_the_last_heading_that_matches_all_of_it(void **state)
{
    struct fixture *f = *state;
    const struct platform *one = platforms_get(f->platforms, "desktop123", &f->error);
    assert_non_null(one);
    assert_string_equal(one->pattern, "desktop\\d\\d\\d");
    assert_string_equal(one->hosts.at[0], "desktop123");
    assert_string_equal(one->install_target, "localhost");
    const struct platform *nine = platforms_get(f->platforms, "desktop999", &f->error);
    assert_string_equal(nine->pattern, "desktop9.*");
    assert_string_equal(nine->job_runner, "at");
    assert_string_equal(nine->install_target, "desktop999");
    assert_null(platforms_get(f->platforms, "desktop1234", &f->error));
    assert_int_equal(f->error.code, -ENOENT);
    assert_non_null(strstr(f->error.text, "spare"));
    assert_null(platforms_get(f->platforms, "xhpc", &f->error));
}

static void what_a_list_of_headings_says_counts_for_each(void **state)
{
    struct fixture *f = *state;
    const struct platform *hpc = platforms_get(f->platforms, "hpc", &f->error);
    assert_non_null(hpc);
    assert_true(hpc->retrieve_job_logs);
    assert_string_equal(hpc->job_runner, "slurm");
    assert_int_equal(hpc->communication, PLATFORM_POLL);
    assert_int_equal(hpc->submission_polling_intervals.n, 3);
    assert_true(hpc->submission_polling_intervals.at[2] == 300);
    assert_int_equal(hpc->n_directives, 1);
    assert_string_equal(hpc->directives[0].key, "-q");
    assert_null(platforms_get(f->platforms, "hpc-bg", &f->error)); /* background on two hosts */
    assert_int_equal(f->error.code, -EINVAL);
    assert_string_equal(f->error.item, "[platforms][hpc-bg]");
}

static bool is_login(void *context, const char *host)
{
    (void)context;
    return !strcmp(host, "login1") || !strcmp(host, "login2");
}

static bool is_first(void *context, const char *host)
{
    (void)context;
    return !strcmp(host, "login1");
}

static bool is_any(void *context, const char *host)
{
    (void)context;
    return *host;
}

static void hosts_and_platforms_of_a_group_are_tried_in_turn(void **state)
{
    struct fixture *f = *state;
    const struct platform *hpc = platforms_get(f->platforms, "hpc", &f->error);
    assert_string_equal(platform_host(hpc, 1, NULL, NULL), "login1");
    assert_string_equal(platform_host(hpc, 1, is_first, NULL), "login2");
    assert_null(platform_host(hpc, 1, is_login, NULL));
    assert_null(platforms_group(f->platforms, "hpc"));
    assert_int_equal(platforms_group(f->platforms, "any")->platforms.n, 2);
    const struct platform *chosen = platforms_choose(f->platforms, "any", 1, NULL, NULL, &f->error);
    assert_ptr_equal(chosen, hpc);
    chosen = platforms_choose(f->platforms, "any", 1, is_login, NULL, &f->error);
    assert_string_equal(chosen->name, "spare");
    assert_string_equal(chosen->cylc_path, "/opt/cylc");
    assert_null(platforms_choose(f->platforms, "any", 1, is_any, NULL, &f->error));
    assert_string_equal(platforms_choose(f->platforms, "spare", 0, NULL, NULL, &f->error)->name,
                        "spare");
}

static void a_host_and_a_batch_system_find_their_platform(void **state)
{
    struct fixture *f = *state;
    struct platform_wish wish = {.host = "login2", .batch_system = "slurm"};
    assert_string_equal(platforms_for_wish(f->platforms, &wish, &f->error)->name, "hpc");
    wish = (struct platform_wish){.host = "desktop123"};
    assert_string_equal(platforms_for_wish(f->platforms, &wish, &f->error)->name, "desktop123");
    wish = (struct platform_wish){0};
    assert_string_equal(platforms_for_wish(f->platforms, &wish, &f->error)->name, "localhost");
    wish = (struct platform_wish){.host = "login3", .batch_system = "pbs"};
    assert_null(platforms_for_wish(f->platforms, &wish, &f->error));
    assert_non_null(strstr(f->error.text, "login3"));
}

static void names_come_in_order_of_definition(void **state)
{
    struct fixture *f = *state;
    struct string_list names = platforms_names(f->platforms);
    assert_int_equal(names.n, 6);
    assert_string_equal(names.at[0], "localhost");
    assert_string_equal(names.at[1], "desktop\\d\\d\\d");
    assert_string_equal(names.at[5], "spare");
    assert_int_equal(platforms_group_names(f->platforms).n, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(localhost_is_there_without_being_defined),
        TEST(a_name_means_the_last_heading_that_matches_all_of_it),
        TEST(what_a_list_of_headings_says_counts_for_each),
        TEST(hosts_and_platforms_of_a_group_are_tried_in_turn),
        TEST(a_host_and_a_batch_system_find_their_platform),
        TEST(names_come_in_order_of_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

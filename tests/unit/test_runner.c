/* The rows of the job runners, and the platforms whose jobs can run here. */
#include "scheduler/job/runner.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static const char sites[] = "[platforms]\n"
                            "  [[queue]]\n    hosts = localhost\n    job runner = at\n"
                            "  [[named]]\n    hosts = myhost\n"
                            "  [[far]]\n    hosts = login1\n"
                            "  [[hpc]]\n    hosts = localhost\n    job runner = slurm\n";

static const char *find(struct platforms *platforms, const char *name, struct error *error)
{
    const struct platform *platform = NULL;
    *error = (struct error){0};
    const struct job_runner *runner =
        job_runner_of_platform(platforms, name, "myhost", 0, &platform, error);
    assert_true(!runner == !platform);
    return runner ? runner->name : NULL;
}

static void a_platform_has_a_runner_here_or_is_refused(void **state)
{
    (void)state;
    struct error error = {0};
    struct global_config *config = global_parse("g", slice_of(sites), NULL, &error);
    struct platforms *platforms = platforms_create(config);
    assert_string_equal(find(platforms, "", &error), "background");
    assert_string_equal(find(platforms, "localhost", &error), "background");
    assert_string_equal(find(platforms, "queue", &error), "at");
    assert_string_equal(find(platforms, "named", &error), "background");
    assert_null(find(platforms, "far", &error));
    assert_non_null(strstr(error.text, "(login1) are not implemented"));
    assert_null(find(platforms, "hpc", &error));
    assert_non_null(strstr(error.text, "job runner 'slurm' is not implemented"));
    assert_null(find(platforms, "nowhere", &error));
    assert_non_null(strstr(error.text, "\"nowhere\""));
    platforms_destroy(platforms);
    global_destroy(config);
}

static void words_are_filled_in(void **state)
{
    (void)state;
    char *words[JOB_WORDS_MAX];
    const struct job_words values = {.job_file = "/j o/b", .id = "7", .command = "at -q b now"};
    const struct job_runner *at = job_runner_find("at");
    job_runner_fill(at->submit, &values, words);
    assert_string_equal(words[0], "/bin/bash");
    assert_string_equal(words[3], "/j o/b");
    assert_string_equal(words[4], "at -q b now");
    assert_null(words[5]);
    for (int i = 0; words[i]; i++)
        free(words[i]);
    job_runner_fill(at->cancel, &values, words);
    assert_string_equal(words[1], "7");
    free(words[0]);
    free(words[1]);
    assert_null(job_runner_find("no-such"));
}

static void the_id_is_found_in_what_was_printed(void **state)
{
    (void)state;
    const struct job_runner *at = job_runner_find("at");
    struct slice id =
        job_runner_id(at, slice_of("warning: commands will be executed using /bin/sh\n"
                                   "job 12 at Sat Nov 21 12:00:00 2026\n"));
    assert_true(slice_equal(id, "12"));
    assert_true(slice_equal(job_runner_id(at, slice_of("job 3")), "3"));
    assert_int_equal(job_runner_id(at, slice_of("Can't open /run/atd.pid\n")).n, 0);
    assert_int_equal(job_runner_id(at, slice_of("job ")).n, 0);
    assert_int_equal(job_runner_id(at, slice_of("")).n, 0);
}

static void a_listed_id_is_a_whole_word(void **state)
{
    (void)state;
    const char list[] = "12\tSat Nov 21 12:00:00 2026 a me\n 7\tSat Nov 21 12:00:00 2026 = me\n";
    assert_true(job_runner_lists(slice_of(list), "12"));
    assert_true(job_runner_lists(slice_of(list), "7"));
    assert_false(job_runner_lists(slice_of(list), "1"));
    assert_false(job_runner_lists(slice_of(list), "21"));
    assert_false(job_runner_lists(slice_of(""), "1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_platform_has_a_runner_here_or_is_refused),
        cmocka_unit_test(words_are_filled_in),
        cmocka_unit_test(the_id_is_found_in_what_was_printed),
        cmocka_unit_test(a_listed_id_is_a_whole_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* job.status, read while it is being written. */
#include "base/memory.h"
#include "scheduler/job/status.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static const char claim[] = "CYLC_JOB_RUNNER_NAME=background\n"
                            "CYLC_JOB_ID=4711\n"
                            "CYLC_JOB_RUNNER_SUBMIT_TIME=2026-01-01T00:00:00Z\n"
                            "CYLC_JOB_PID=4711\n"
                            "CYLC_JOB_INIT_TIME=2026-01-01T00:00:01Z\n";

static const int64_t new_year_2026 = INT64_C(1767225600) * 1000000;

/* What a reader would do: from the offset on, everything that is there. Returns the messages, one
 * a line: "OFFSET SEVERITY TEXT". */
static char *read_all(struct job_status *status, const char *file)
{
    struct text said = {0};
    struct slice rest = {file + status->offset, strlen(file) - (size_t)status->offset};
    struct job_status_message message;
    while (job_status_next(status, &rest, &message))
        text_addf(&said, "%llu %.*s %.*s\n", (unsigned long long)message.offset,
                  (int)message.severity.n, message.severity.at, (int)message.text.n,
                  message.text.at);
    return said.at ? text_take(&said) : str_copy("");
}

static void expect_messages(struct job_status *status, const char *file, const char *expected)
{
    char *said = read_all(status, file);
    assert_string_equal(said, expected);
    free(said);
}

static void the_claim_is_read(void **state)
{
    (void)state;
    struct job_status status = {0};
    expect_messages(&status, claim, "");
    assert_int_equal(status.offset, strlen(claim));
    assert_string_equal(status.runner, "background");
    assert_string_equal(status.id, "4711");
    assert_int_equal(status.pid, 4711);
    assert_int_equal(status.submit_time, new_year_2026);
    assert_int_equal(status.init_time, new_year_2026 + 1000000);
    assert_string_equal(status.exit, "");
    assert_int_equal(status.exit_time, 0);
}

static void an_exit_has_a_reason_and_a_time(void **state)
{
    (void)state;
    struct job_status status = {0};
    expect_messages(&status,
                    "CYLC_JOB_EXIT=aborted/\"tea is cold\"\n"
                    "CYLC_JOB_EXIT_TIME=2026-01-01T01:00:00+01:00\n",
                    "");
    assert_string_equal(status.exit, "aborted/\"tea is cold\"");
    assert_int_equal(status.exit_time, new_year_2026);
}

static void messages_come_in_order_with_the_offset_after_them(void **state)
{
    (void)state;
    struct job_status status = {0};
    expect_messages(&status,
                    "CYLC_MESSAGE=2026-01-01T00:00:00Z|INFO|one\n"
                    "CYLC_MESSAGE=2026-01-01T00:00:00Z|CRITICAL|a|b = c \n",
                    "43 INFO one\n95 CRITICAL a|b = c\n");
}

static void a_partial_line_waits_for_its_end(void **state)
{
    (void)state;
    const char *whole = "CYLC_MESSAGE=2026-01-01T00:00:00Z|WARNING|hello\nCYLC_JOB_EXIT=ERR\n";
    size_t newline = (size_t)(strchr(whole, '\n') - whole);
    struct job_status status = {0};
    unsigned messages = 0;
    for (size_t n = 0; n <= strlen(whole); n++) {
        struct slice rest = {whole + status.offset, n - (size_t)status.offset};
        struct job_status_message message;
        while (job_status_next(&status, &rest, &message)) {
            assert_int_equal(n, newline + 1);
            assert_int_equal(message.when, new_year_2026);
            messages++;
        }
        assert_string_equal(status.exit, n == strlen(whole) ? "ERR" : "");
    }
    assert_int_equal(messages, 1);
}

static void reading_again_from_the_offset_says_nothing_twice(void **state)
{
    (void)state;
    char *more = str_format("%sCYLC_MESSAGE=2026-01-01T00:00:00Z|INFO|x\n", claim);
    struct job_status status = {0};
    expect_messages(&status, claim, "");
    char *expected = str_format("%zu INFO x\n", strlen(more));
    expect_messages(&status, more, expected);
    expect_messages(&status, more, "");
    free(expected);
    free(more);
}

static void garbage_is_passed_over(void **state)
{
    (void)state;
    struct job_status status = {0};
    expect_messages(&status,
                    "\n=\nno equals sign\nCYLC_MESSAGE=\nCYLC_MESSAGE=only|two\n"
                    "CYLC_MESSAGE=when?|INFO|\nCYLC_JOB_PID=-7\nCYLC_JOB_INIT_TIME=yesterday\n"
                    "CYLC_MESSAGE=when?|SHOUTING|still a message\n",
                    "168 SHOUTING still a message\n");
    assert_int_equal(status.pid, 0);
    assert_int_equal(status.init_time, 0);
}

static void zero_bytes_are_garbage_too(void **state)
{
    (void)state;
    static const char bytes[] = "\0\0CYLC_JOB_ID=1\nCYLC_JOB_ID=4711\n";
    struct job_status status = {0};
    struct slice rest = {bytes, sizeof bytes - 1};
    struct job_status_message message;
    assert_false(job_status_next(&status, &rest, &message));
    assert_string_equal(status.id, "4711");
}

static void a_line_beyond_the_limit_is_passed_over_whole(void **state)
{
    (void)state;
    size_t n = JOB_STATUS_LINE_MAX + 100;
    char *file = mem_new(n + 100);
    memset(file, 'x', n);
    struct job_status status = {0};
    expect_messages(&status, file, "");
    assert_int_equal(status.offset, n);
    memcpy(file + n, "CYLC_JOB_EXIT=ERR\nCYLC_JOB_ID=8\n", 33);
    expect_messages(&status, file, "");
    assert_string_equal(status.exit, ""); /* it was the end of the long line */
    assert_string_equal(status.id, "8");
    free(file);
}

static void long_values_are_cut(void **state)
{
    (void)state;
    struct text file = {0};
    text_add(&file, "CYLC_JOB_EXIT=");
    for (int i = 0; i < 2 * JOB_EXIT_MAX; i++)
        text_add_char(&file, 'e');
    text_add_char(&file, '\n');
    struct job_status status = {0};
    expect_messages(&status, text_string(&file), "");
    assert_int_equal(strlen(status.exit), JOB_EXIT_MAX - 1);
    text_release(&file);
}

static void the_last_exit_counts(void **state)
{
    (void)state;
    struct job_status status = {0};
    expect_messages(&status, "CYLC_JOB_EXIT=ERR\nCYLC_JOB_EXIT=SUCCEEDED\n", "");
    assert_string_equal(status.exit, "SUCCEEDED");
}

static void times_are_read_in_any_zone(void **state)
{
    (void)state;
    assert_int_equal(job_time_parse(slice_of("2026-01-01T00:00:00Z")), new_year_2026);
    assert_int_equal(job_time_parse(slice_of("2026-01-01T00:00:00")), new_year_2026);
    assert_int_equal(job_time_parse(slice_of("2025-12-31T21:30:00-0230")), new_year_2026);
    assert_int_equal(job_time_parse(slice_of("2026-01-01T09:00:00+09")), new_year_2026);
    assert_int_equal(job_time_parse(slice_of("1970-01-01T00:00:01Z")), 1000000);
    assert_int_equal(job_time_parse(slice_of("2024-02-29T12:00:00Z")),
                     INT64_C(1709208000) * 1000000);
}

static void what_is_no_time_is_zero(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "now",
                                      "2026-01-01",
                                      "2026-13-01T00:00:00Z",
                                      "2026-01-01T00:00:00Zulu",
                                      "2026-01-01T00:00:00+1",
                                      "2026-01-01T00:61:00Z"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(job_time_parse(slice_of(bad[i])), 0);
}

static void signals_have_their_names(void **state)
{
    (void)state;
    char buffer[JOB_SIGNAL_MAX];
    assert_string_equal(job_signal_name(SIGTERM, buffer), "TERM");
    assert_string_equal(job_signal_name(SIGXCPU, buffer), "XCPU");
    assert_string_equal(job_signal_name(60, buffer), "SIG60");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_claim_is_read),
        cmocka_unit_test(an_exit_has_a_reason_and_a_time),
        cmocka_unit_test(messages_come_in_order_with_the_offset_after_them),
        cmocka_unit_test(a_partial_line_waits_for_its_end),
        cmocka_unit_test(reading_again_from_the_offset_says_nothing_twice),
        cmocka_unit_test(garbage_is_passed_over),
        cmocka_unit_test(zero_bytes_are_garbage_too),
        cmocka_unit_test(a_line_beyond_the_limit_is_passed_over_whole),
        cmocka_unit_test(long_values_are_cut),
        cmocka_unit_test(the_last_exit_counts),
        cmocka_unit_test(times_are_read_in_any_zone),
        cmocka_unit_test(what_is_no_time_is_zero),
        cmocka_unit_test(signals_have_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

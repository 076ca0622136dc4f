/* Broadcasts: what is set for whom, what beats what, and when it goes. */
#include "tests/lib/pool_world.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define FLOW(rest)                                                                                 \
    "[scheduling]\ncycling mode = integer\ninitial cycle point = 1\nfinal cycle point = 3\n"       \
    "runahead limit = P0\n[[graph]]\nP1 = a\n[runtime]\n[[F]]\n[[a]]\ninherit = F\n" rest

static uint32_t set(struct pool_world *w, const char *points, const char *namespaces,
                    const char *settings)
{
    char *json = str_format("{\"mode\": \"set\", \"points\": [%s], \"namespaces\": [%s], "
                            "\"settings\": [%s]}",
                            points, namespaces, settings);
    uint32_t result = pool_world_command_detail(w, POOL_BROADCAST, json);
    free(json);
    return result;
}

#define X(value) "[\"[environment]X\", \"" value "\"]"

static void a_point_beats_a_namespace_and_a_task_its_families(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create_paused(FLOW(""));
    pool_world_start(w);
    set(w, "\"*\"", "\"a\"", X("task"));
    set(w, "\"*\"", "\"F\"", X("family"));
    set(w, "\"2\"", "\"root\"", X("root at 2"));
    pool_world_command(w, POOL_RESUME, "", 0);
    assert_said(w, "submit 1/a 1 try 1 [1] [] "
                   "[[\"[environment]X\",\"family\"],[\"[environment]X\",\"task\"]]\n");
    pool_world_succeed(w, "1/a");
    assert_said(w, "submit 2/a 1 try 1 [1] [] [[\"[environment]X\",\"family\"],"
                   "[\"[environment]X\",\"task\"],[\"[environment]X\",\"root at 2\"]]\n");
    pool_world_destroy(w);
}

static void what_is_past_expires_and_the_rest_stays(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW(""));
    pool_world_start(w);
    set(w, "\"1\", \"2\", \"*\"", "\"a\"", X("1"));
    assert_not_said(w, "broadcast -");
    pool_world_succeed(w, "1/a");
    assert_string_equal(pool_world_lines(w, "broadcast -"), "broadcast - [1/a] [environment]X=1\n");
    pool_world_succeed(w, "2/a");
    pool_world_succeed(w, "3/a"); /* the pool is empty: nothing is past */
    assert_string_equal(pool_world_lines(w, "broadcast -"), "broadcast - [1/a] [environment]X=1\n"
                                                            "broadcast - [2/a] [environment]X=1\n");
    pool_world_destroy(w);
}

static void what_cannot_be_is_told_and_the_rest_is_done(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW(""));
    pool_world_start(w);
    assert_int_equal(set(w, "\"1\", \"zzz\"", "\"a\", \"nope\"", X("1")), 0);
    assert_said(w, "{\"modified\":[[\"1\",\"a\",\"[environment]X\",\"1\"]],"
                   "\"bad\":{\"namespaces\":[\"nope\"],\"point_strings\":[\"zzz\"]}}");
    pool_world_clear(w);
    assert_int_equal(set(w, "\"1\"", "\"a\"", "[\"[nonsense]X\", \"1\"]"), EINVAL);
    assert_int_equal(set(w, "\"1\"", "\"a\"", "[\"inherit\", \"F\"]"), EINVAL);
    assert_int_equal(set(w, "\"1\"", "\"a\"", "[\"execution time limit\", \"soon\"]"), EINVAL);
    assert_not_said(w, "broadcast +");
    pool_world_destroy(w);
}

static void what_is_cancelled_is_told_and_what_missed_too(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW(""));
    pool_world_start(w);
    set(w, "\"*\"", "\"a\"", X("1") ", [\"script\", \"true\"]");
    pool_world_command_detail(w, POOL_BROADCAST,
                              "{\"mode\": \"clear\", \"points\": [\"*\", \"3\"], \"namespaces\": "
                              "[\"a\"], \"settings\": [[\"[environment]X\", \"\"], "
                              "[\"[environment]Y\", \"\"]]}");
    assert_said(w, "{\"modified\":[[\"*\",\"a\",\"[environment]X\",\"1\"]],"
                   "\"bad\":{\"point_strings\":[\"3\"],\"cancel\":[\"[environment]Y\"]}}");
    pool_world_clear(w);
    pool_world_command_detail(w, POOL_BROADCAST, "{\"mode\": \"clear\"}");
    assert_string_equal(pool_world_lines(w, "broadcast"), "broadcast - [*/a] script=true\n");
    pool_world_clear(w);
    pool_world_command_detail(w, POOL_BROADCAST, "{\"mode\": \"expire\", \"cutoff\": \"3\"}");
    assert_said(w, "\"bad\":{\"expire\":[\"3\"]}");
    pool_world_destroy(w);
}

static void retries_are_those_the_job_was_submitted_with(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create_paused(FLOW(""));
    pool_world_start(w);
    set(w, "\"*\"", "\"a\"", "[\"execution retry delays\", \"PT5S, PT7S\"]");
    pool_world_command(w, POOL_RESUME, "", 0);
    set(w, "\"*\"", "\"a\"", "[\"execution retry delays\", \"\"]");
    pool_world_fail(w, "1/a");
    assert_said(w, "job failed, retrying in PT5S");
    pool_world_destroy(w);
}

static void a_task_can_be_told_to_skip(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW(""));
    pool_world_start(w);
    set(w, "\"2\"", "\"a\"", "[\"run mode\", \"skip\"]");
    pool_world_succeed(w, "1/a");
    assert_said(w, "submit 2/a 1 try 1 [1] [] mode skip [[\"run mode\",\"skip\"]]\n");
    pool_world_destroy(w);
}

#define MAIL "[\"[events]mail events\", \"started, failed\"]"

/* When it happens, not when the job was submitted; what else is set is no matter of an event. */
static void an_event_carries_what_is_set_about_events_by_then(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create(FLOW(""));
    pool_world_start(w);
    pool_world_job(w, TOPIC_JOB_SUBMITTED, "1/a");
    assert_string_equal(pool_world_lines(w, "event"), "event 1/a submitted\n");
    set(w, "\"1\"", "\"F\"", MAIL ", " X("1") ", [\" [ mail ] to\", \"me\"]");
    pool_world_job(w, TOPIC_JOB_STARTED, "1/a");
    assert_said(w, "event 1/a started [[\"[events]mail events\",\"started, failed\"],"
                   "[\" [ mail ] to\",\"me\"]]\n");
    pool_world_command_detail(w, POOL_BROADCAST, "{\"mode\": \"clear\"}");
    pool_world_job(w, TOPIC_JOB_SUCCEEDED, "1/a");
    assert_said(w, "event 1/a succeeded\n");
    pool_world_destroy(w);
}

static void an_event_not_told_of_yet_keeps_its_settings_over_a_restart(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create_durable(FLOW(""));
    pool_world_start(w);
    set(w, "\"1\"", "\"F\"", MAIL);
    pool_world_succeed(w, "1/a");
    pool_world_command_detail(w, POOL_BROADCAST, "{\"mode\": \"clear\"}");
    pool_world_commit(w);
    pool_world_clear(w);
    pool_world_restart(w);
    assert_string_equal(pool_world_lines(w, "event"),
                        "event 1/a started [[\"[events]mail events\",\"started, failed\"]]\n");
    pool_world_destroy(w);
}

static void settings_are_there_after_a_restart(void **state)
{
    (void)state;
    struct pool_world *w = pool_world_create_durable(FLOW(""));
    pool_world_start(w);
    set(w, "\"2\", \"*\"", "\"a\"", X("kept"));
    pool_world_commit(w);
    pool_world_restart(w);
    pool_world_clear(w);
    pool_world_command_detail(w, POOL_BROADCAST, "{\"mode\": \"show\"}");
    assert_said(w, "{\"*\":{\"a\":{\"environment\":{\"X\":\"kept\"}}},"
                   "\"2\":{\"a\":{\"environment\":{\"X\":\"kept\"}}}}");
    pool_world_command_detail(w, POOL_BROADCAST, "{\"mode\": \"show\", \"task\": \"2/a\"}");
    assert_said(w, " 0 {\"environment\":{\"X\":\"kept\"}}");
    pool_world_destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_point_beats_a_namespace_and_a_task_its_families),
        cmocka_unit_test(what_is_past_expires_and_the_rest_stays),
        cmocka_unit_test(what_cannot_be_is_told_and_the_rest_is_done),
        cmocka_unit_test(what_is_cancelled_is_told_and_what_missed_too),
        cmocka_unit_test(retries_are_those_the_job_was_submitted_with),
        cmocka_unit_test(a_task_can_be_told_to_skip),
        cmocka_unit_test(an_event_carries_what_is_set_about_events_by_then),
        cmocka_unit_test(an_event_not_told_of_yet_keeps_its_settings_over_a_restart),
        cmocka_unit_test(settings_are_there_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

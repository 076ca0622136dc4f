/* The handlers alone, in the real world: commands for events, their output, tries and deadlines. */
#include "tests/lib/cast_fixture.h"
#include "tests/lib/flow.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/banned.h"

#define FLOW(scheduler, events)                                                                    \
    "[scheduler]\n[[events]]\n" scheduler                                                          \
    "[scheduling]\ncycling mode = integer\ninitial cycle point = 1\n[[graph]]\nP1 = a\n"           \
    "[runtime]\n[[a]]\n[[[meta]]]\nimportance = very high\n[[[events]]]\n" events

static struct cast_fixture fixture;

static void open(const char *flow)
{
    cast_prepare(&fixture, HANDLERS, flow, true);
    char *directory = str_format("%s/log/job/1/a/01", fixture.run_dir);
    fixture.env->ops->directory_make(fixture.env, directory);
    free(directory);
    directory = str_format("%s/log/scheduler", fixture.run_dir);
    fixture.env->ops->directory_make(fixture.env, directory);
    free(directory);
}

static int close(void **state)
{
    (void)state;
    cast_close(&fixture);
    return 0;
}

static void say(struct message event)
{
    event.topic = TOPIC_TASK_EVENT;
    event.point = 1;
    event.task = cast_task(&fixture, "a");
    event.submit = event.try_ = slice_equal(event.text, "expired") ? 0 : 1;
    cast_say(&fixture, TASK_POOL, &event);
}

static void say_event(const char *event, const char *detail, uint64_t id)
{
    say((struct message){.id = id, .text = slice_of(event), .detail = slice_of(detail)});
}

/* A file below the run directory; empty if it is not there. The caller frees. */
static char *contents(const char *name)
{
    struct text bytes = {0};
    char *path = str_format("%s/%s", fixture.run_dir, name);
    fixture.env->ops->file_read(fixture.env, path, 0, &bytes);
    free(path);
    return text_take(&bytes);
}

static void expect_file(const char *name, const char *expected)
{
    char *text = contents(name);
    assert_string_equal(text, expected);
    free(text);
}

static void expect_in_file(const char *name, const char *part)
{
    char *text = contents(name);
    if (!strstr(text, part))
        fail_msg("%s holds\n%s\nwithout %s", name, text, part);
    free(text);
}

#define ACTIVITY "log/job/1/a/01/job-activity.log"

static void a_command_is_run_when_its_event_is_recorded(void **state)
{
    (void)state;
    open(FLOW(
        "", "failed handlers = \"echo %(event)s %(id)s %(message)s %(importance)s | tee told\"\n"));
    cast_begin(&fixture, NULL);
    say_event("failed", "disk 'x' full", 7);
    cast_pass(&fixture, 0.2);
    expect_file("told", "");
    cast_say_recorded(&fixture);
    cast_await(&fixture, "event.settled id=7");
    expect_file("told", "failed 1/a disk 'x' full very high\n");
    expect_in_file(ACTIVITY, "[(('event-handler-00', 'failed'), 1) cmd] echo failed 1/a 'disk ");
    expect_in_file(ACTIVITY, "failed 1/a disk 'x' full very high\n");
    expect_in_file(ACTIVITY, "[(('event-handler-00', 'failed'), 1) ret_code] 0\n");
}

static void an_event_without_audience_is_not_told_of(void **state)
{
    (void)state;
    open(FLOW("", "handlers = \"touch told\"\nhandler events = succeeded\n"));
    cast_begin(&fixture, NULL);
    say_event("failed", "", 1);
    say_event("message info", "", 2);
    cast_say_recorded(&fixture);
    cast_pass(&fixture, 0.2);
    cast_expect(&fixture, "");
}

static void what_is_broadcast_about_events_beats_the_definition(void **state)
{
    (void)state;
    open(FLOW("", "failed handlers = \"echo %(event)s >>told\"\n"));
    cast_begin(&fixture, NULL);
    say((struct message){
        .id = 8,
        .text = slice_of("failed"),
        .settings = slice_of("[[\"[events]failed handlers\",\": %(event)s; echo x >>told; test "
                             "$(wc -l <told) = 2\"],[\"[events]handler retry delays\","
                             "\"PT0S, PT0.2S, PT1H\"]]")});
    cast_say_recorded(&fixture);
    cast_await(&fixture, "event.settled id=8");
    expect_file("told", "x\nx\n");
}

static void what_a_handler_is_told_is_what_was_broadcast(void **state)
{
    (void)state;
    open(FLOW("", "handlers = \"echo %(platform_name)s %(title)s %(mine)s >>told\"\n"
                  "handler events = failed\n[[[meta]]]\ntitle = old\nmine = kept\n"));
    cast_begin(&fixture, NULL);
    say((struct message){.id = 8,
                         .text = slice_of("failed"),
                         .settings =
                             slice_of("[[\"platform\",\"there\"],[\"[meta]title\",\"new\"]]")});
    cast_say_recorded(&fixture);
    cast_await(&fixture, "event.settled id=8");
    expect_file("told", "there new kept\n");
}

static void an_event_of_a_task_without_a_job(void **state)
{
    (void)state;
    open(FLOW("", "expired handlers = \"echo %(id)s %(job_id)s %(submit_time)s "
                  "%(platform_name)s >>told\"\n"));
    cast_begin(&fixture, NULL);
    say_event("expired", "too late", 8);
    cast_say_recorded(&fixture);
    cast_await(&fixture, "event.settled id=8");
    expect_file("told", "1/a None None localhost\n");
}

/* The definition may have changed since it was recorded. */
static void an_event_said_again_that_nobody_wants_is_settled(void **state)
{
    (void)state;
    open(FLOW("", ""));
    cast_begin(&fixture, NULL);
    say((struct message){.id = 9, .text = slice_of("failed"), .value = 1});
    cast_await(&fixture, "event.settled id=9");
}

static void an_event_is_settled_when_all_its_commands_are_over(void **state)
{
    (void)state;
    open(FLOW("", "started handlers = \": %(event)s; sleep 0.3; echo a >>told\", \": %(event)s; "
                  "echo b >>told\"\n"));
    cast_begin(&fixture, NULL);
    say_event("started", "", 3);
    cast_say_recorded(&fixture);
    cast_await(&fixture, "event.settled id=3");
    expect_file("told", "b\na\n");
    assert_int_equal(cast_count(&fixture, "event.settled"), 1);
}

static void a_command_that_fails_is_tried_again(void **state)
{
    (void)state;
    open(FLOW("", "failed handlers = \": %(event)s; echo x >>told; test $(wc -l <told) = 2\"\n"
                  "handler retry delays = PT0S, PT0.2S, PT1H\n"));
    cast_begin(&fixture, NULL);
    say_event("failed", "", 4);
    cast_say_recorded(&fixture);
    cast_await(&fixture, "event.settled id=4");
    expect_file("told", "x\nx\n");
    cast_expect_log(&fixture, "1/a/01 failed handler failed (1), retrying in 0.2 s");
}

static void a_command_that_fails_for_good_is_said_to(void **state)
{
    (void)state;
    open(FLOW("", "failed handlers = \": %(event)s; echo oh; exit 3\"\n"));
    cast_begin(&fixture, NULL);
    say_event("failed", "", 5);
    cast_say_recorded(&fixture);
    cast_await(&fixture, "event.settled id=5");
    cast_expect_log(&fixture, "1/a/01 failed handler failed (3); its output is in ");
    expect_in_file(ACTIVITY, "oh\n");
}

static void a_command_that_hangs_is_ended(void **state)
{
    (void)state;
    open(FLOW("", "failed handlers = \": %(event)s; sleep 1000\"\n"));
    fixture.workflow->process_pool_timeout = 0.3;
    cast_begin(&fixture, NULL);
    say_event("failed", "", 6);
    cast_say_recorded(&fixture);
    cast_await(&fixture, "event.settled id=6");
    cast_expect_log(&fixture, "killed after its 0.3 s");
}

static size_t count_begun(void)
{
    char *begun = contents("begun");
    size_t n = strlen(begun) / 2;
    free(begun);
    return n;
}

static void only_so_many_run_at_a_time(void **state)
{
    (void)state;
    open(FLOW("", "failed handlers = \": %(event)s; echo x >>begun; "
                  "until test -e go; do sleep 0.1; done\"\n"));
    cast_begin(&fixture, NULL);
    for (uint64_t id = 1; id <= 20; id++)
        say_event("failed", "", id);
    cast_say_recorded(&fixture);
    for (int i = 0; i < 100 && count_begun() < 4; i++)
        cast_pass(&fixture, 0.1);
    cast_pass(&fixture, 0.3);
    assert_int_equal(count_begun(), 4);
    char *go = str_format("%s/go", fixture.run_dir);
    fixture.env->ops->file_write(fixture.env, go, "", 0, 0);
    free(go);
    for (int i = 0; i < 20; i++)
        cast_await(&fixture, "event.settled");
    assert_int_equal(count_begun(), 20);
}

static void at_the_shutdown_it_waits_and_puts_off(void **state)
{
    (void)state;
    open(FLOW("shutdown handlers = \"sleep 0.3; echo %(event)s %(message)s >>told\"\n",
              "failed handlers = \": %(event)s; false\"\nhandler retry delays = PT0S, PT1H\n"));
    cast_begin(&fixture, NULL);
    say_event("failed", "", 8);
    cast_say_recorded(&fixture);
    cast_pass(&fixture, 0.3);
    cast_say(&fixture, TASK_POOL,
             &(struct message){.topic = TOPIC_WORKFLOW_SHUTDOWN,
                               .number = STOP_AUTOMATIC,
                               .text = slice_of("AUTOMATIC")});
    cast_close_others(&fixture, MEMBER_BIT(RECORDER));
    for (int i = 0; i < 50 && !bus_closed(fixture.bus, HANDLERS); i++)
        cast_pass(&fixture, 0.1);
    assert_true(bus_closed(fixture.bus, HANDLERS));
    expect_file("told", "shutdown AUTOMATIC\n");
    assert_int_equal(cast_count(&fixture, "event.settled"), 0);
    cast_expect_log(&fixture, "it will be at the next start");
}

static void a_template_that_is_none_is_an_error_in_the_log(void **state)
{
    (void)state;
    open(FLOW("", "failed handlers = \"echo %(nothing)s\"\n"));
    cast_begin(&fixture, NULL);
    say_event("failed", "", 9);
    cast_say_recorded(&fixture);
    cast_await(&fixture, "event.settled id=9");
    cast_expect_log(&fixture, "there is no template \"%(nothing)s\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_command_is_run_when_its_event_is_recorded, close),
        cmocka_unit_test_teardown(an_event_without_audience_is_not_told_of, close),
        cmocka_unit_test_teardown(what_is_broadcast_about_events_beats_the_definition, close),
        cmocka_unit_test_teardown(what_a_handler_is_told_is_what_was_broadcast, close),
        cmocka_unit_test_teardown(an_event_of_a_task_without_a_job, close),
        cmocka_unit_test_teardown(an_event_said_again_that_nobody_wants_is_settled, close),
        cmocka_unit_test_teardown(an_event_is_settled_when_all_its_commands_are_over, close),
        cmocka_unit_test_teardown(a_command_that_fails_is_tried_again, close),
        cmocka_unit_test_teardown(a_command_that_fails_for_good_is_said_to, close),
        cmocka_unit_test_teardown(a_command_that_hangs_is_ended, close),
        cmocka_unit_test_teardown(only_so_many_run_at_a_time, close),
        cmocka_unit_test_teardown(at_the_shutdown_it_waits_and_puts_off, close),
        cmocka_unit_test_teardown(a_template_that_is_none_is_an_error_in_the_log, close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

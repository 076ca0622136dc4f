/* The viewer alone: what it answers, and that it is never ahead of what is recorded. */
#include "base/memory.h"
#include "coroutines/definitions.h"
#include "coroutines/view.h"
#include "db/restart.h"
#include "tests/lib/cast_fixture.h"
#include "tests/lib/flow.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define FLOW                                                                                       \
    "[scheduling]\ncycling mode = integer\ninitial cycle point = 1\nfinal cycle point = 9\n"       \
    "[[queues]]\n[[[narrow]]]\nlimit = 2\nmembers = q\n"                                           \
    "[[xtriggers]]\nx = echo(succeed=True)\n"                                                      \
    "[[graph]]\nP1 = \"\"\"\na => b\na[-P1] & c:fail? => b\n@x => w\n"                             \
    "FAM:succeed-all => d\nq\n\"\"\"\nR1/2 = e\n"                                                  \
    "[runtime]\n[[FAM]]\n[[m1, m2, m3]]\ninherit = FAM\n"

static struct cast_fixture fixture;
static uint64_t next_id;

static int open(void **state)
{
    (void)state;
    next_id = 0;
    cast_open(&fixture, VIEWER, FLOW, NULL);
    return 0;
}

/* With the first thing that the pool says, recorded. */
static int open_begun(void **state)
{
    open(state);
    cast_say_only(&fixture, TASK_POOL,
                  &(struct message){.topic = TOPIC_WORKFLOW_STATE, .number = WORKFLOW_RUNNING});
    cast_say_recorded(&fixture);
    return 0;
}

static int close(void **state)
{
    (void)state;
    cast_close(&fixture);
    return 0;
}

static void query_only(const char *name, const char *args)
{
    cast_say_only(&fixture, SERVER,
                  &(struct message){.topic = TOPIC_QUERY_REQUEST,
                                    .id = ++next_id,
                                    .text = slice_of(name),
                                    .detail = slice_of(args)});
}

/* number: 1 done, 2 error */
static void expect_answer(const char *name, const char *args, unsigned number, const char *text)
{
    query_only(name, args);
    cast_settle(&fixture);
    char *line =
        str_format("reply id=%llu number=%u \"%s\"\n", (unsigned long long)next_id, number, text);
    cast_expect(&fixture, line);
    free(line);
}

static void expect_why(const char *id, const char *text)
{
    char *args = str_format("{\"ids\": [\"%s\"]}", id);
    expect_answer("why", args, REPLY_DONE, text);
    free(args);
}

/* --- speaking as the pool --- */

static struct message about(enum topic topic, const char *task, cycle_point point)
{
    return (struct message){
        .topic = topic, .point = point, .task = cast_task(&fixture, task), .flows = {1, {1}}};
}

static void spawn(const char *task, cycle_point point, uint32_t flags)
{
    struct message m = about(TOPIC_TASK_SPAWNED, task, point);
    m.flags = flags;
    cast_say_only(&fixture, TASK_POOL, &m);
}

static void set(const char *task, cycle_point point, enum task_status status, uint32_t flags,
                uint32_t submit)
{
    struct message m = about(TOPIC_TASK_STATE, task, point);
    m.status = status;
    m.flags = flags;
    m.submit = submit;
    cast_say_only(&fixture, TASK_POOL, &m);
}

static void number(enum topic topic, const char *task, cycle_point point, uint32_t n, int64_t value)
{
    struct message m = about(topic, task, point);
    m.number = n;
    m.value = value;
    cast_say_only(&fixture, TASK_POOL, &m);
}

static void depend(const char *task, uint32_t xtrigger, const char *signature, bool satisfied)
{
    struct message m = about(TOPIC_TASK_XTRIGGER, task, 1);
    m.number = xtrigger;
    m.value = satisfied;
    m.text = slice_of(signature);
    cast_say_only(&fixture, TASK_POOL, &m);
}

static void say_workflow(enum workflow_status status, uint32_t flags, const char *reason)
{
    cast_say_only(&fixture, TASK_POOL,
                  &(struct message){.topic = TOPIC_WORKFLOW_STATE,
                                    .number = status,
                                    .flags = flags,
                                    .text = slice_of(reason)});
}

/* --- ping --- */

static void ping_is_answered(void **state)
{
    (void)state;
    expect_answer("ping", "{}", REPLY_DONE, "{\"workflow\":\"flow/run1\",\"status\":\"running\"}");
    expect_answer("ping", "", REPLY_DONE, "{\"workflow\":\"flow/run1\",\"status\":\"running\"}");
    spawn("a", 1, 0);
    say_workflow(WORKFLOW_PAUSED, 0, "");
    cast_say_recorded(&fixture);
    expect_answer("ping", "{\"ids\": [\"1/a\"]}", REPLY_DONE,
                  "{\"workflow\":\"flow/run1\",\"status\":\"paused\"}");
    expect_answer("ping", "{\"ids\": [\"1/a\", \"2/a\"]}", REPLY_ERROR, "task not found: 2/a");
    expect_answer("ping", "{\"ids\": [\"1/zz\"]}", REPLY_ERROR, "task not found: 1/zz");
}

static void bad_queries_are_refused(void **state)
{
    (void)state;
    expect_answer("dance", "{}", REPLY_ERROR, "this query is not implemented");
    expect_answer("ping", "[]", REPLY_ERROR, "\"args\" must be a JSON object");
    expect_answer("why", "{\"ids\"", REPLY_ERROR, "\"args\" must be a JSON object");
    expect_answer("why", "{\"ids\": [7]}", REPLY_ERROR, "\"ids\" must be a list of texts");
    expect_answer("why", "{\"ids\": \"1/a\"}", REPLY_ERROR, "\"ids\" must be a list of texts");
    expect_answer("ping", "{\"ids\": {\"1/a\": 1}}", REPLY_ERROR,
                  "\"ids\" must be a list of texts");
    expect_answer("why", "{\"ids\": [\"a\"]}", REPLY_ERROR,
                  "\"a\" names no task: expected CYCLE/TASK");
    expect_answer("why", "{\"ids\": [\"x/a\"]}", REPLY_ERROR,
                  "'x' is not an integer: expected a cycle point such as 1");
    expect_answer("why", "{\"ids\": [\"/a\"]}", REPLY_ERROR,
                  "\"/a\" is no task id: expected CYCLE, CYCLE/TASK or CYCLE/TASK/JOB");
}

/* --- never ahead --- */

static void nothing_is_seen_before_it_is_recorded(void **state)
{
    (void)state;
    spawn("a", 1, 0);
    spawn("a", 2, 0);
    cast_settle(&fixture);
    expect_answer("ping", "{\"ids\": [\"1/a\"]}", REPLY_ERROR, "task not found: 1/a");
    cast_say_recorded_to(&fixture, TASK_POOL, 2);
    expect_answer("ping", "{\"ids\": [\"1/a\"]}", REPLY_DONE,
                  "{\"workflow\":\"flow/run1\",\"status\":\"running\"}");
    expect_answer("ping", "{\"ids\": [\"2/a\"]}", REPLY_ERROR, "task not found: 2/a");
    cast_say_recorded_to(&fixture, TASK_POOL, 3);
    expect_answer("ping", "{\"ids\": [\"2/a\"]}", REPLY_DONE,
                  "{\"workflow\":\"flow/run1\",\"status\":\"running\"}");
}

/* It is the last that is heard, and nobody wakes the viewer again. */
static void a_change_of_the_definition_goes_on_once_all_is_seen(void **state)
{
    (void)state;
    static const char next[] =
        "[scheduler]\nallow implicit tasks = True\n[scheduling]\ncycling mode = integer\n"
        "initial cycle point = 1\n[[graph]]\nP1 = a\n";
    fixture.context.definitions = definitions_create(&fixture.context);
    sim_write(fixture.sim, "next.cylc", next, sizeof next - 1, 0);
    cast_say(&fixture, TASK_POOL,
             &(struct message){
                 .topic = TOPIC_DEFINITION_NEXT, .value = 2, .text = slice_of("next.cylc")});
    cast_settle(&fixture);
    spawn("a", 1, 0);
    cast_say(&fixture, TASK_POOL,
             &(struct message){.topic = TOPIC_DEFINITION_STEP, .number = STEP_SETTLE, .value = 2});
    assert_int_equal(cast_count(&fixture, "definition.done"), 0);
    cast_say_recorded(&fixture);
    cast_settle(&fixture);
    assert_int_equal(cast_count(&fixture, "definition.done"), 1);
    cast_close(&fixture);
    definitions_destroy(fixture.context.definitions);
    open(NULL);
}

/* A new run is not seen empty: its first tasks are on their way. */
static void who_asks_too_early_waits_for_the_first_record(void **state)
{
    (void)state;
    spawn("a", 1, 0);
    query_only("ping", "{\"ids\": [\"1/a\"]}");
    cast_settle(&fixture);
    cast_expect(&fixture, "");
    cast_say_recorded(&fixture);
    cast_expect(&fixture, "reply id=1 number=1 "
                          "\"{\"workflow\":\"flow/run1\",\"status\":\"running\"}\"\n");
}

/* A process of xtriggers or jobs that crashed leaves words that nobody recorded. */
static void what_others_said_does_not_hold_up_the_pool(void **state)
{
    (void)state;
    cast_say_only(&fixture, XTRIGGERS,
                  &(struct message){.topic = TOPIC_XTRIGGER_SATISFIED, .text = slice_of("f()")});
    struct message job = about(TOPIC_JOB_SUCCEEDED, "a", 1);
    cast_say_only(&fixture, JOBS, &job);
    spawn("a", 1, 0);
    cast_say_recorded_to(&fixture, TASK_POOL, 2);
    expect_answer("ping", "{\"ids\": [\"1/a\"]}", REPLY_DONE,
                  "{\"workflow\":\"flow/run1\",\"status\":\"running\"}");
}

enum { MANY = 5000 };

static void a_large_commit_takes_several_turns(void **state)
{
    (void)state;
    for (int i = 0; i < MANY; i++) {
        spawn("a", 1 + i % 9, 0);
        number(TOPIC_TASK_REMOVED, "a", 1 + i % 9, REMOVED_COMPLETE, 0);
    }
    spawn("e", 2, 0);
    cast_settle(&fixture);
    uint64_t before = sim_turns(fixture.sim);
    cast_say_recorded(&fixture);
    assert_true(sim_turns(fixture.sim) - before >= 2 * MANY / 1000);
    expect_answer("ping", "{\"ids\": [\"2/e\"]}", REPLY_DONE,
                  "{\"workflow\":\"flow/run1\",\"status\":\"running\"}");
    expect_answer("ping", "{\"ids\": [\"1/a\"]}", REPLY_ERROR, "task not found: 1/a");
}

static void queries_are_answered_until_the_recorder_has_ended(void **state)
{
    (void)state;
    cast_say_shutdown(&fixture);
    cast_say_recorded(&fixture);
    expect_answer("ping", "{}", REPLY_DONE, "{\"workflow\":\"flow/run1\",\"status\":\"running\"}");
    cast_close_others(&fixture, MEMBER_BIT(RECORDER) | MEMBER_BIT(SERVER));
    expect_answer("ping", "{}", REPLY_DONE, "{\"workflow\":\"flow/run1\",\"status\":\"running\"}");
    bus_close(fixture.bus, RECORDER);
    cast_settle(&fixture);
    assert_true(bus_closed(fixture.bus, VIEWER));
    query_only("ping", "{}");
    cast_settle(&fixture);
    cast_expect(&fixture, "");
    assert_int_equal(fixture.done, 0);
    bus_close(fixture.bus, SERVER);
    cast_settle(&fixture);
    assert_int_equal(fixture.done, 1);
}

/* --- why --- */

static void why_a_task_waits_for_others(void **state)
{
    (void)state;
    spawn("b", 2, 0);
    spawn("a", 2, 0);
    set("a", 2, STATUS_RUNNING, TASK_HELD, 1);
    number(TOPIC_TASK_PREREQUISITE, "b", 2, 1, SATISFIED_NATURALLY);
    cast_say_recorded(&fixture);
    expect_why("2/b", "\"2/b is waiting since 2026-01-01T00:00:00Z (0 s)\\n"
                      "  waits for: a:succeeded\\n"
                      "    2/a:succeeded (it is running, held)\\n"
                      "  waits for: c:failed\\n"
                      "    2/c:failed (it is not in the pool)\\n\"");
    number(TOPIC_TASK_PREREQUISITE, "b", 2, 0, SATISFIED_NATURALLY);
    number(TOPIC_TASK_PREREQUISITE, "b", 2, 2, SATISFIED_NATURALLY);
    cast_say_recorded(&fixture);
    expect_why("2/b", "\"2/b is waiting since 2026-01-01T00:00:00Z (0 s)\\n\"");
}

/* What lies before the start counts as done. */
static void why_does_not_name_parents_before_the_start(void **state)
{
    (void)state;
    spawn("b", 1, 0);
    number(TOPIC_TASK_PREREQUISITE, "b", 1, 0, SATISFIED_NATURALLY);
    cast_say_recorded(&fixture);
    expect_why("1/b", "\"1/b is waiting since 2026-01-01T00:00:00Z (0 s)\\n"
                      "  waits for: c:failed\\n"
                      "    1/c:failed (it is not in the pool)\\n\"");
}

static void why_a_task_waits_for_a_family(void **state)
{
    (void)state;
    spawn("d", 3, 0);
    number(TOPIC_TASK_GROUP, "m1", 3, 0, 1);
    cast_say_recorded(&fixture);
    expect_why("3/d", "\"3/d is waiting since 2026-01-01T00:00:00Z (0 s)\\n"
                      "  waits for: FAM:succeed-all\\n"
                      "    3/FAM:succeed-all: 2 of 3 members have not, among them: 3/m1 3/m3\\n\"");
}

static void a_member_set_by_a_user_is_shown_as_such(void **state)
{
    (void)state;
    spawn("d", 3, 0);
    number(TOPIC_TASK_GROUP, "m1", 3, 0, 1);
    struct message given = about(TOPIC_TASK_PREREQUISITE, "d", 3);
    given.id = 3; /* the third member */
    given.value = SATISFIED_BY_FORCE;
    cast_say_only(&fixture, TASK_POOL, &given);
    cast_say_recorded(&fixture);
    expect_why("3/d", "\"3/d is waiting since 2026-01-01T00:00:00Z (0 s)\\n"
                      "  waits for: FAM:succeed-all\\n"
                      "    3/FAM:succeed-all: 1 of 3 members have not, among them: 3/m1\\n\"");
}

static void why_a_task_is_held_queued_beyond_the_limit_or_paused(void **state)
{
    (void)state;
    spawn("a", 1, TASK_HELD);
    spawn("a", 9, TASK_RUNAHEAD);
    spawn("q", 1, 0);
    spawn("q", 2, 0);
    set("q", 1, STATUS_PREPARING, 0, 1);
    set("q", 2, STATUS_WAITING, TASK_QUEUED, 0);
    cast_say_recorded(&fixture);
    expect_why("1/a", "\"1/a is waiting since 2026-01-01T00:00:00Z (0 s)\\n"
                      "  is held: release it with `rouse release`\\n\"");
    expect_why("9/a", "\"9/a is waiting since 2026-01-01T00:00:00Z (0 s)\\n"
                      "  is beyond the runahead limit: not known yet\\n\"");
    expect_why("2/q", "\"2/q is waiting since 2026-01-01T00:00:00Z (0 s)\\n"
                      "  is queued in \\\"narrow\\\": limit 2, active now 1\\n\"");
    cast_say_only(&fixture, TASK_POOL, &(struct message){.topic = TOPIC_POOL_RUNAHEAD, .point = 5});
    say_workflow(WORKFLOW_PAUSED, 0, "");
    cast_pass(&fixture, 3725);
    cast_say_recorded(&fixture);
    expect_why("9/a", "\"9/a is waiting since 2026-01-01T00:00:00Z (1 h 2 min)\\n"
                      "  is beyond the runahead limit: 5\\n"
                      "  the workflow is paused: resume it with `rouse resume`\\n\"");
    say_workflow(WORKFLOW_STOPPING, 0, "");
    cast_say_recorded(&fixture);
    expect_why("1/q", "\"1/q is preparing since 2026-01-01T00:00:00Z (1 h 2 min), "
                      "submit number 01\\n"
                      "  its job is being recorded and launched\\n"
                      "  the workflow is stopping: nothing new is submitted\\n\"");
}

static void asked(enum xtrigger_asked how, uint64_t n, int64_t next, uint32_t told,
                  const char *found)
{
    cast_say(&fixture, XTRIGGERS,
             &(struct message){.topic = TOPIC_XTRIGGER_ASKED,
                               .number = how,
                               .id = n,
                               .value = next,
                               .flags = told,
                               .text = slice_of("echo(succeed=True)"),
                               .detail = slice_of(found)});
}

static void expect_asked(const char *line)
{
    char *text = str_format("\"1/w is waiting since 2026-01-01T00:00:00Z (0 s)\\n"
                            "  waits for xtrigger @x: echo(succeed=True)\\n%s%s%s\"",
                            *line ? "    " : "", line, *line ? "\\n" : "");
    expect_why("1/w", text);
    free(text);
}

static void how_an_xtrigger_stands_is_told_until_nobody_waits_for_it(void **state)
{
    (void)state;
    const int64_t next = INT64_C(1767225630000000);
    spawn("w", 1, 0);
    depend("w", 0, "echo(succeed=True)", false);
    cast_say_recorded(&fixture);
    asked(ASKED_NOW, 1, -1, 0, "");
    expect_asked("asked once, being asked since 2026-01-01T00:00:00Z");
    asked(ASKED_NOT_YET, 2, next, 0, "");
    expect_asked("asked 2 times, last 2026-01-01T00:00:00Z not yet, next 2026-01-01T00:00:30Z");
    asked(ASKED_NOT_YET, 3, next, 1, "it is small");
    expect_asked("asked 3 times, last 2026-01-01T00:00:00Z not yet (it is small), "
                 "next 2026-01-01T00:00:30Z or when told");
    asked(ASKED_NOT_YET, 4, -1, 1, "");
    expect_asked("asked 4 times, last 2026-01-01T00:00:00Z not yet, next when told");
    asked(ASKED_WATCHING, 5, -1, 0, "");
    expect_asked("asked 5 times, watches by itself since 2026-01-01T00:00:00Z");
    asked(ASKED_ERROR, 6, next, 0, "");
    expect_asked("asked 6 times, last 2026-01-01T00:00:00Z failed, next 2026-01-01T00:00:30Z");
    asked(ASKED_GONE, 0, 0, 0, "");
    expect_asked("");
}

static void what_was_said_of_xtriggers_is_forgotten_when_their_process_begins_anew(void **state)
{
    (void)state;
    spawn("w", 1, 0);
    depend("w", 0, "echo(succeed=True)", false);
    cast_say_recorded(&fixture);
    asked(ASKED_NOT_YET, 1, -1, 1, "");
    cast_say(&fixture, XTRIGGERS, &(struct message){.topic = TOPIC_XTRIGGER_READY});
    expect_asked("");
}

static void why_a_task_waits_for_an_xtrigger(void **state)
{
    (void)state;
    spawn("w", 1, 0);
    depend("w", 0, "echo(succeed=True)", false);
    cast_say_recorded(&fixture);
    expect_why("1/w", "\"1/w is waiting since 2026-01-01T00:00:00Z (0 s)\\n"
                      "  waits for xtrigger @x: echo(succeed=True)\\n\"");
    struct message problem = {.topic = TOPIC_XTRIGGER_PROBLEM,
                              .text = slice_of("echo(succeed=True)"),
                              .detail = slice_of("the first error")};
    cast_say(&fixture, XTRIGGERS, &problem);
    problem.detail = (struct slice){0}; /* it is over */
    cast_say(&fixture, XTRIGGERS, &problem);
    expect_why("1/w", "\"1/w is waiting since 2026-01-01T00:00:00Z (0 s)\\n"
                      "  waits for xtrigger @x: echo(succeed=True)\\n\"");
    problem.detail = slice_of("the last error");
    cast_say(&fixture, XTRIGGERS, &problem);
    expect_why("1/w", "\"1/w is waiting since 2026-01-01T00:00:00Z (0 s)\\n"
                      "  waits for xtrigger @x: echo(succeed=True)\\n"
                      "    last error: the last error (2026-01-01T00:00:00Z)\\n\"");
    cast_say(&fixture, XTRIGGERS,
             &(struct message){.topic = TOPIC_XTRIGGER_SATISFIED,
                               .text = slice_of("echo(succeed=True)"),
                               .detail = slice_of("{}")});
    depend("w", 0, "echo(succeed=True)", true);
    cast_say_recorded(&fixture);
    expect_why("1/w", "\"1/w is waiting since 2026-01-01T00:00:00Z (0 s)\\n\"");
}

static void why_a_task_waits_for_its_retry(void **state)
{
    (void)state;
    spawn("b", 1, 0);
    set("b", 1, STATUS_WAITING, TASK_RETRYING, 1);
    depend("b", NO_INDEX, "wall_clock(trigger_time=1767225660)", false);
    cast_say_recorded(&fixture);
    expect_why("1/b", "\"1/b is waiting since 2026-01-01T00:00:00Z (0 s), submit number 01\\n"
                      "  waits for its retry delay: wall_clock(trigger_time=1767225660)\\n\"");
}

static void why_a_task_stays_that_is_finished(void **state)
{
    (void)state;
    spawn("a", 1, 0);
    set("a", 1, STATUS_RUNNING, 0, 1);
    number(TOPIC_TASK_OUTPUT, "a", 1, OUTPUT_STARTED, OUTPUT_NATURAL);
    cast_say_recorded(&fixture);
    expect_why("1/a", "\"1/a is running since 2026-01-01T00:00:00Z (0 s), submit number 01\\n"
                      "  its job is running\\n\"");
    set("a", 1, STATUS_FAILED, TASK_INCOMPLETE, 1);
    number(TOPIC_TASK_OUTPUT, "a", 1, OUTPUT_FAILED, OUTPUT_NATURAL);
    say_workflow(WORKFLOW_RUNNING, WORKFLOW_STALLED, "1/a is incomplete");
    cast_say_recorded(&fixture);
    expect_why("1/a", "\"1/a is failed since 2026-01-01T00:00:00Z (0 s), submit number 01\\n"
                      "  is incomplete: its outputs must satisfy \\\"succeeded\\\"; completed: "
                      "started failed\\n\"");
    expect_answer("why", "{}", REPLY_DONE,
                  "\"the workflow is running, stalled: 1/a is incomplete\\n  failed: 1\\n\"");
}

static void why_a_task_is_not_there(void **state)
{
    (void)state;
    cast_say_only(&fixture, TASK_POOL, &(struct message){.topic = TOPIC_POOL_RUNAHEAD, .point = 5});
    cast_say_recorded(&fixture);
    expect_why("3/e", "\"3/e does not exist: the task does not run at that point\\n\"");
    expect_why("12/a", "\"12/a does not exist: the task does not run at that point\\n\"");
    expect_why(
        "6/q",
        "\"6/q is not in the pool and has not run: nothing has spawned it yet, or it was removed\\n"
        "  its point is beyond the runahead limit: 5\\n\"");
    expect_why(
        "5/b",
        "\"5/b is not in the pool and has not run: nothing has spawned it yet, or it was removed\\n"
        "  waits for: a:succeeded\\n"
        "    5/a:succeeded (it is not in the pool)\\n"
        "  waits for: a[-P1]:succeeded\\n"
        "    4/a:succeeded (it is not in the pool)\\n"
        "  waits for: c:failed\\n"
        "    5/c:failed (it is not in the pool)\\n\"");
}

static void several_tasks_are_explained_together(void **state)
{
    (void)state;
    expect_answer("why", "{\"ids\": [\"3/e\", \"4/e\"]}", REPLY_DONE,
                  "\"3/e does not exist: the task does not run at that point\\n"
                  "4/e does not exist: the task does not run at that point\\n\"");
}

static void a_restart_is_seen_at_once(void **state)
{
    (void)state;
    cast_prepare(&fixture, VIEWER, FLOW, false);
    const uint64_t atoms[] = {1 << 0 | 1 << 1};
    struct restart_task tasks[] = {
        {.point = 2, .task = cast_task(&fixture, "b"), .flows = {1, {1}}, .prerequisites = atoms},
        {.point = 1,
         .task = cast_task(&fixture, "q"),
         .flows = {1, {1}},
         .status = STATUS_RUNNING,
         .submit = 2},
        {.point = 1, .task = cast_task(&fixture, "w"), .flows = {1, {1}}},
        {.point = 1, .task = cast_task(&fixture, "d"), .flows = {1, {1}}},
        {.point = 5, .task = cast_task(&fixture, "q"), .flows = {1, {1}}},
        {.point = 1,
         .task = cast_task(&fixture, "a"),
         .flows = {1, {1}},
         .status = STATUS_FAILED,
         .submit = 1}};
    struct restart_xtrigger xtrigger = {
        .point = 1, .task = cast_task(&fixture, "w"), .signature = "echo(succeed=True)"};
    struct restart_group group = {.group = 0, .member = 0, .point = 1};
    struct restart restart = {.runahead = 4,
                              .tasks = tasks,
                              .n_tasks = sizeof tasks / sizeof *tasks,
                              .xtriggers = &xtrigger,
                              .n_xtriggers = 1,
                              .groups = &group,
                              .n_groups = 1};
    cast_begin(&fixture, &restart);
    next_id = 0;
    expect_answer("why", "{}", REPLY_DONE,
                  "\"the workflow is running\\n  waiting: 4\\n  running: 1\\n  failed: 1\\n\"");
    expect_why("2/b", "\"2/b is waiting\\n"
                      "  waits for: c:failed\\n"
                      "    2/c:failed (it is not in the pool)\\n\"");
    expect_why("1/w", "\"1/w is waiting\\n"
                      "  waits for xtrigger @x: echo(succeed=True)\\n\"");
    expect_why("1/d", "\"1/d is waiting\\n"
                      "  waits for: FAM:succeed-all\\n"
                      "    1/FAM:succeed-all: 2 of 3 members have not, among them: 1/m2 1/m3\\n\"");
    expect_why("5/q", "\"5/q is waiting\\n"
                      "  is beyond the runahead limit: 4\\n\"");
    expect_why("1/a",
               "\"1/a is failed, submit number 01\\n"
               "  is incomplete: its outputs must satisfy \\\"succeeded\\\"; completed:\\n\"");
}

static void families_of_past_points_are_forgotten(void **state)
{
    (void)state;
    struct workflow *workflow = flow_load("[scheduler]\nallow implicit tasks = True\n" FLOW);
    struct view view = {0};
    view_init(&view, workflow, NULL);
    for (cycle_point point = 1; point <= 2; point++)
        view_apply(&view, &(struct message){.topic = TOPIC_TASK_GROUP, .point = point, .value = 1});
    view_apply(&view, &(struct message){.topic = TOPIC_TASK_GROUPS_PAST, .point = 1});
    assert_null(view_find_group(&view, 1, 0));
    assert_non_null(view_find_group(&view, 2, 0));
    view_release(&view);
    workflow_destroy(workflow);
}

/* Before the pool has said a word. */
static void a_pause_is_seen_at_once_after_a_restart(void **state)
{
    (void)state;
    cast_prepare(&fixture, VIEWER, FLOW, false);
    struct restart restart = {.runahead = 4, .paused = true};
    cast_begin(&fixture, &restart);
    next_id = 0;
    expect_answer("ping", "{}", REPLY_DONE, "{\"workflow\":\"flow/run1\",\"status\":\"paused\"}");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_begun, close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_asks_too_early_waits_for_the_first_record, open, close),
        TEST(ping_is_answered),
        TEST(bad_queries_are_refused),
        TEST(nothing_is_seen_before_it_is_recorded),
        TEST(a_change_of_the_definition_goes_on_once_all_is_seen),
        TEST(what_others_said_does_not_hold_up_the_pool),
        TEST(a_large_commit_takes_several_turns),
        TEST(queries_are_answered_until_the_recorder_has_ended),
        TEST(why_a_task_waits_for_others),
        TEST(why_does_not_name_parents_before_the_start),
        TEST(why_a_task_waits_for_a_family),
        TEST(a_member_set_by_a_user_is_shown_as_such),
        TEST(why_a_task_is_held_queued_beyond_the_limit_or_paused),
        TEST(why_a_task_waits_for_an_xtrigger),
        TEST(how_an_xtrigger_stands_is_told_until_nobody_waits_for_it),
        TEST(what_was_said_of_xtriggers_is_forgotten_when_their_process_begins_anew),
        TEST(why_a_task_waits_for_its_retry),
        TEST(why_a_task_stays_that_is_finished),
        TEST(why_a_task_is_not_there),
        TEST(several_tasks_are_explained_together),
        cmocka_unit_test(families_of_past_points_are_forgotten),
        cmocka_unit_test_teardown(a_restart_is_seen_at_once, close),
        cmocka_unit_test_teardown(a_pause_is_seen_at_once_after_a_restart, close),
    };
    return cmocka_run_group_tests(tests, NULL, flow_release);
}

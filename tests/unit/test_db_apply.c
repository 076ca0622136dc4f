/* Each kind of message, and the rows a second connection reads after the commit. */
#include "tests/lib/db_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define TIME "2026-01-31T12:00:00Z"

static void spawn(struct db_fixture *f, cycle_point point, uint32_t task, uint32_t flags)
{
    db_apply_ok(f, (struct message){.topic = TOPIC_TASK_SPAWNED,
                                    .point = point,
                                    .task = task,
                                    .flows = FLOW_1,
                                    .flags = flags});
}

static void set_state(struct db_fixture *f, cycle_point point, uint32_t task,
                      enum task_status status, uint32_t submit, struct flow_list flows)
{
    db_apply_ok(f, (struct message){.topic = TOPIC_TASK_STATE,
                                    .point = point,
                                    .task = task,
                                    .flows = flows,
                                    .status = status,
                                    .submit = submit,
                                    .try_ = submit > 0});
}

static void complete(struct db_fixture *f, cycle_point point, uint32_t task, uint32_t output,
                     bool forced)
{
    db_apply_ok(f, (struct message){.topic = TOPIC_TASK_OUTPUT,
                                    .point = point,
                                    .task = task,
                                    .number = output,
                                    .value = forced,
                                    .flows = FLOW_1,
                                    .submit = 1});
}

static void settle(struct db_fixture *f, cycle_point point, uint32_t task, uint32_t output)
{
    db_apply_ok(f, (struct message){.topic = TOPIC_TASK_SETTLED,
                                    .point = point,
                                    .task = task,
                                    .number = output,
                                    .flows = FLOW_1});
}

static void satisfy(struct db_fixture *f, cycle_point point, uint32_t task, uint32_t atom,
                    enum satisfied_how how)
{
    db_apply_ok(f, (struct message){.topic = TOPIC_TASK_PREREQUISITE,
                                    .point = point,
                                    .task = task,
                                    .number = atom,
                                    .value = how,
                                    .flows = FLOW_1});
}

static void take_away(struct db_fixture *f, cycle_point point, uint32_t task, enum removal why)
{
    db_apply_ok(f, (struct message){.topic = TOPIC_TASK_REMOVED,
                                    .point = point,
                                    .task = task,
                                    .flows = FLOW_1,
                                    .number = why});
}

static struct message job_message(const struct db_fixture *f, enum topic topic)
{
    return (struct message){.topic = topic,
                            .point = 1,
                            .task = f->b,
                            .submit = 1,
                            .try_ = 1,
                            .flows = FLOW_1,
                            .when = FIXTURE_TIME + (int64_t)topic * 1000000};
}

/* The atom of `child` on that output of `parent`. */
static uint32_t atom_of(const struct db_fixture *f, uint32_t child, enum atom_kind kind,
                        uint32_t index, uint32_t output)
{
    const struct graph_task *task = &f->workflow->graph->tasks[child];
    for (uint32_t i = 0; i < task->n_atoms; i++)
        if (task->atoms[i].kind == kind && task->atoms[i].index == index &&
            (kind == ATOM_GROUP || task->atoms[i].output == output))
            return i;
    fail_msg("no such atom");
    return NO_INDEX;
}

static void a_spawned_task_is_in_the_pool_and_has_a_history(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->b, 0);
    db_commit_ok(f);
    assert_rows(f, "SELECT * FROM task_states", "b|1|[1]|" TIME "|" TIME "|0|waiting|0|0\n");
    assert_rows(f, "SELECT * FROM task_pool", "1|b|[1]|waiting|0\n");
    assert_rows(f, "SELECT * FROM task_outputs", "1|b|[1]|{}\n");
    assert_rows(f, "SELECT * FROM task_prerequisites", "1|b|[1]|a|1|succeeded|0\n");
    assert_rows(f, "SELECT * FROM rouse_tasks", "");
}

static void a_task_from_a_cursor_moves_it(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->a, TASK_FROM_CURSOR);
    spawn(f, 2, f->a, TASK_FROM_CURSOR);
    db_commit_ok(f);
    assert_rows(f, "SELECT * FROM rouse_cursors", "a|2|[1]\n");
    assert_rows(f, "SELECT * FROM rouse_tasks", "1|a|32|0|0|NULL\n2|a|32|0|0|NULL\n");
}

static void a_state_is_written_with_its_flags(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->b, 0);
    db_apply_ok(f, (struct message){.topic = TOPIC_TASK_STATE,
                                    .point = 1,
                                    .task = f->b,
                                    .flows = FLOW_1,
                                    .status = STATUS_WAITING,
                                    .flags = TASK_HELD | TASK_FLOW_WAIT | TASK_MANUAL,
                                    .submit = 2,
                                    .try_ = 1,
                                    .when = FIXTURE_TIME + 61000000});
    db_commit_ok(f);
    assert_rows(f, "SELECT * FROM task_states",
                "b|1|[1]|" TIME "|2026-01-31T12:01:01Z|2|waiting|1|1\n");
    assert_rows(f, "SELECT * FROM task_pool", "1|b|[1]|waiting|1\n");
}

static void many_states_of_a_commit_leave_the_last(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->b, 0);
    for (int status = STATUS_WAITING; status <= STATUS_SUCCEEDED; status++)
        set_state(f, 1, f->b, (enum task_status)status, 1, FLOW_1);
    db_commit_ok(f);
    assert_rows(f, "SELECT status FROM task_states", "succeeded\n");
    assert_rows(f, "SELECT status FROM task_pool", "succeeded\n");
}

static void flows_that_meet_go_on_in_a_row_of_their_own(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->b, 0);
    satisfy(f, 1, f->b, 0, SATISFIED_NATURALLY);
    db_commit_ok(f);
    set_state(f, 1, f->b, STATUS_WAITING, 0, FLOWS_1_2);
    set_state(f, 1, f->b, STATUS_RUNNING, 1, FLOWS_1_2);
    db_commit_ok(f);
    assert_rows(f,
                "SELECT flow_nums, submit_num, status FROM task_states ORDER BY length(flow_nums)",
                "[1]|0|waiting\n[1, 2]|1|running\n");
    assert_rows(f, "SELECT flow_nums, outputs FROM task_outputs ORDER BY length(flow_nums)",
                "[1]|{}\n[1, 2]|{}\n");
    assert_rows(f, "SELECT flow_nums, status FROM task_pool", "[1, 2]|running\n");
    assert_rows(f, "SELECT flow_nums, satisfied FROM task_prerequisites",
                "[1, 2]|satisfied naturally\n");
    assert_rows(f, "SELECT flow_num, description FROM workflow_flows WHERE flow_num = 2",
                "2|no description\n");
}

static void prerequisites_say_how_they_were_satisfied(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 2, f->c, 0);
    satisfy(f, 2, f->c, atom_of(f, f->c, ATOM_OUTPUT, f->a, OUTPUT_CUSTOM), SATISFIED_BY_FORCE);
    db_commit_ok(f);
    assert_rows(f,
                "SELECT prereq_cycle, prereq_name, prereq_output, satisfied"
                " FROM task_prerequisites ORDER BY 1",
                "1|a|succeeded|0\n2|a|the \"x\" file|force satisfied\n");
    satisfy(f, 2, f->c, atom_of(f, f->c, ATOM_OUTPUT, f->a, OUTPUT_SUCCEEDED),
            SATISFIED_FROM_DATABASE);
    db_commit_ok(f);
    assert_rows(f, "SELECT satisfied FROM task_prerequisites WHERE prereq_cycle='1'",
                "satisfied from database\n");
}

static void what_lies_before_the_start_is_satisfied(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->c, 0);
    db_commit_ok(f);
    assert_rows(f, "SELECT prereq_cycle, satisfied FROM task_prerequisites ORDER BY 1",
                "0|satisfied naturally\n1|0\n");
}

static void a_suicide_prerequisite_is_rouses_own(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->d, 0);
    satisfy(f, 1, f->d, atom_of(f, f->d, ATOM_OUTPUT, f->c, OUTPUT_FAILED), SATISFIED_NATURALLY);
    db_commit_ok(f);
    assert_rows(f, "SELECT prereq_name, prereq_output, satisfied FROM task_prerequisites",
                "b|succeeded|0\nc|succeeded|0\n");
    assert_rows(f, "SELECT * FROM rouse_prerequisites", "1|d|1|c:failed|satisfied naturally\n");
}

static void members_of_a_small_family_are_shown_one_by_one(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->e, 0);
    db_commit_ok(f);
    const char *rows = "SELECT prereq_name, satisfied FROM task_prerequisites";
    assert_rows(f, rows, "m1|0\nm2|0\n");
    for (uint32_t member = 0; member < 2; member++) {
        db_apply_ok(f, (struct message){.topic = TOPIC_TASK_GROUP,
                                        .point = 1,
                                        .number = 0,
                                        .value = member,
                                        .flows = FLOW_1});
        db_commit_ok(f);
        assert_rows(f, rows,
                    member == 0 ? "m1|satisfied naturally\nm2|0\n"
                                : "m1|satisfied naturally\nm2|satisfied naturally\n");
    }
    assert_rows(f, "SELECT cycle, member, flow_nums FROM rouse_groups", "1|m1|[1]\n1|m2|[1]\n");
    satisfy(f, 1, f->e, 0, SATISFIED_NATURALLY);
    db_commit_ok(f);
    assert_rows(f, "SELECT cycle, name, satisfied FROM rouse_prerequisites",
                "1|e|satisfied naturally\n");
}

static void outputs_are_names_and_messages(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->a, 0);
    complete(f, 1, f->a, OUTPUT_SUBMITTED, false);
    complete(f, 1, f->a, OUTPUT_CUSTOM, false);
    complete(f, 1, f->a, OUTPUT_SUCCEEDED, true);
    complete(f, 1, f->a, OUTPUT_SUBMITTED, true); /* was completed before */
    db_commit_ok(f);
    assert_rows(f, "SELECT outputs FROM task_outputs",
                "{\"submitted\": \"submitted\", \"succeeded\": \"(manually completed)\", "
                "\"x\": \"the \\\"x\\\" file\"}\n");
}

static void an_output_is_unsettled_until_its_consequences_are_said(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->a, 0);
    complete(f, 1, f->a, OUTPUT_STARTED, false);
    settle(f, 1, f->a, OUTPUT_STARTED);
    complete(f, 1, f->a, OUTPUT_SUCCEEDED, false);
    take_away(f, 1, f->a, REMOVED_COMPLETE);
    db_commit_ok(f);
    assert_rows(f, "SELECT * FROM rouse_unsettled", "1|a|succeeded|[1]\n");
    settle(f, 1, f->a, OUTPUT_SUCCEEDED);
    db_commit_ok(f);
    assert_rows(f, "SELECT * FROM rouse_unsettled", "");
}

static void an_output_said_again_stays_unsettled(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->a, 0);
    complete(f, 1, f->a, OUTPUT_SUCCEEDED, false);
    db_commit_ok(f);
    settle(f, 1, f->a, OUTPUT_SUCCEEDED);
    complete(f, 1, f->a, OUTPUT_SUCCEEDED, false);
    db_commit_ok(f);
    assert_rows(f, "SELECT * FROM rouse_unsettled", "1|a|succeeded|[1]\n");
}

static void an_output_of_a_task_outside_the_pool_is_history(void **state)
{
    struct db_fixture *f = *state;
    complete(f, 2, f->a, OUTPUT_SUCCEEDED, true);
    set_state(f, 2, f->a, STATUS_SUCCEEDED, 0, FLOW_1);
    settle(f, 2, f->a, OUTPUT_SUCCEEDED);
    db_commit_ok(f);
    assert_rows(f, "SELECT outputs FROM task_outputs",
                "{\"succeeded\": \"(manually completed)\"}\n");
    assert_rows(f, "SELECT cycle, submit_num, status FROM task_states", "2|0|succeeded\n");
    assert_rows(f, "SELECT * FROM task_pool", "");
}

static void an_output_that_absolute_triggers_refer_to_is_kept_apart(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->prep, 0);
    complete(f, 1, f->prep, OUTPUT_STARTED, false);
    complete(f, 1, f->prep, OUTPUT_SUCCEEDED, false);
    complete(f, 1, f->prep, OUTPUT_SUCCEEDED, false);
    db_commit_ok(f);
    assert_rows(f, "SELECT * FROM absolute_outputs", "1|prep|succeeded\n");
}

static void a_task_that_comes_and_goes_in_one_commit_leaves_only_history(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->b, 0);
    set_state(f, 1, f->b, STATUS_SUCCEEDED, 1, FLOW_1);
    take_away(f, 1, f->b, REMOVED_COMPLETE);
    db_commit_ok(f);
    assert_rows(f, "SELECT status FROM task_states", "succeeded\n");
    assert_rows(f, "SELECT * FROM task_pool", "");
    assert_rows(f, "SELECT * FROM task_prerequisites", "");
}

static void a_removed_task_leaves_the_pool_with_all_it_waited_for(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->d, TASK_FROM_CURSOR);
    satisfy(f, 1, f->d, atom_of(f, f->d, ATOM_OUTPUT, f->c, OUTPUT_FAILED), SATISFIED_NATURALLY);
    db_apply_ok(f, (struct message){.topic = TOPIC_TASK_XTRIGGER,
                                    .point = 1,
                                    .task = f->d,
                                    .number = NO_INDEX,
                                    .text = slice_of("wall_clock(trigger_time=1)")});
    db_commit_ok(f);
    take_away(f, 1, f->d, REMOVED_SUICIDE);
    db_commit_ok(f);
    assert_rows(f,
                "SELECT (SELECT count(*) FROM task_pool), (SELECT count(*) FROM rouse_tasks),"
                "(SELECT count(*) FROM task_prerequisites),"
                "(SELECT count(*) FROM rouse_prerequisites),"
                "(SELECT count(*) FROM rouse_xtriggers), (SELECT count(*) FROM task_states)",
                "0|0|0|0|0|1\n");
}

static void a_task_that_comes_back_starts_with_nothing_satisfied(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->b, 0);
    satisfy(f, 1, f->b, 0, SATISFIED_NATURALLY);
    db_commit_ok(f);
    take_away(f, 1, f->b, REMOVED_NOT_NEEDED);
    spawn(f, 1, f->b, 0);
    db_commit_ok(f);
    assert_rows(f, "SELECT satisfied FROM task_prerequisites", "0\n");
    assert_rows(f, "SELECT count(*) FROM task_pool", "1\n");
}

static void the_remove_command_takes_the_flows_off_the_history(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->b, 0);
    set_state(f, 1, f->b, STATUS_FAILED, 1, FLOW_1);
    db_commit_ok(f);
    take_away(f, 1, f->b, REMOVED_FROM_FLOWS);
    db_commit_ok(f);
    assert_rows(f, "SELECT flow_nums, status FROM task_states", "[]|failed\n");
    assert_rows(f, "SELECT flow_nums FROM task_outputs", "[]\n");
    assert_rows(f, "SELECT flow_nums FROM task_pool", "[]\n");
    take_away(f, 1, f->b, REMOVED_BY_COMMAND);
    db_commit_ok(f);
    assert_rows(f, "SELECT * FROM task_pool", "");
}

static void a_second_removal_replaces_the_history_without_flows(void **state)
{
    struct db_fixture *f = *state;
    for (uint32_t submit = 1; submit <= 2; submit++) {
        spawn(f, 1, f->b, 0);
        set_state(f, 1, f->b, STATUS_FAILED, submit, FLOW_1);
        take_away(f, 1, f->b, REMOVED_FROM_FLOWS);
        take_away(f, 1, f->b, REMOVED_BY_COMMAND);
        db_commit_ok(f);
    }
    assert_rows(f, "SELECT flow_nums, submit_num FROM task_states", "[]|2\n");
}

/* A message by hand is an event of the task and nothing else. */
static void a_job_ends_by_the_event_of_its_task(void **state)
{
    struct db_fixture *f = *state;
    static const char *const events[] = {"retry", "started", "succeeded"};
    spawn(f, 1, f->b, 0);
    for (uint32_t submit = 1; submit <= 3; submit++) {
        db_apply_ok(f, (struct message){.topic = TOPIC_JOB_SUBMIT,
                                        .point = 1,
                                        .task = f->b,
                                        .submit = submit,
                                        .try_ = submit,
                                        .flows = FLOW_1});
        db_apply_ok(f, (struct message){.topic = TOPIC_TASK_EVENT,
                                        .point = 1,
                                        .task = f->b,
                                        .submit = submit,
                                        .when = 1,
                                        .text = slice_of(events[submit - 1])});
    }
    db_commit_ok(f);
    assert_rows(f, "SELECT run_status, time_run IS NOT NULL FROM task_jobs ORDER BY submit_num",
                "1|1\nNULL|1\n0|1\n");
}

static void an_event_is_appended(void **state)
{
    struct db_fixture *f = *state;
    for (int i = 0; i < 2; i++)
        db_apply_ok(f, (struct message){.topic = TOPIC_TASK_EVENT,
                                        .point = 1,
                                        .task = f->b,
                                        .submit = 1,
                                        .text = slice_of("message critical"),
                                        .detail = slice_of("it's late")});
    db_commit_ok(f);
    const char *row = "b|1|" TIME "|1|message critical|it's late\n";
    char both[128];
    snprintf(both, sizeof both, "%s%s", row, row);
    assert_rows(f, "SELECT * FROM task_events", both);
}

/* What is broadcast decides who is told, as for the handlers. */
static void an_event_pends_for_an_audience_that_was_broadcast(void **state)
{
    struct db_fixture *f = *state;
    const char *settings = "[[\"[events]mail events\",\"failed\"]]";
    static const char *const events[] = {"failed", "started"};
    for (uint64_t i = 0; i < 2; i++)
        db_apply_ok(f, (struct message){.topic = TOPIC_TASK_EVENT,
                                        .point = 1,
                                        .task = f->b,
                                        .submit = 1,
                                        .id = i + 1,
                                        .text = slice_of(events[i]),
                                        .settings = slice_of(settings)});
    db_commit_ok(f);
    assert_rows(f, "SELECT id, event, settings FROM rouse_events",
                "1|failed|[[\"[events]mail events\",\"failed\"]]\n");
}

static void a_future_task_is_held_once_and_released(void **state)
{
    struct db_fixture *f = *state;
    struct message hold = {.topic = TOPIC_TASK_HOLD, .point = 5, .task = f->b, .value = 1};
    db_apply_ok(f, hold);
    db_apply_ok(f, hold);
    db_commit_ok(f);
    assert_rows(f, "SELECT * FROM tasks_to_hold", "b|5\n");
    hold.value = 0;
    db_apply_ok(f, hold);
    db_commit_ok(f);
    assert_rows(f, "SELECT * FROM tasks_to_hold", "");
}

static void an_xtrigger_of_an_instance_is_kept_until_it_leaves(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->a, 0);
    struct message wait = {.topic = TOPIC_TASK_XTRIGGER,
                           .point = 1,
                           .task = f->a,
                           .number = 0,
                           .text = slice_of("echo(hello)")};
    db_apply_ok(f, wait);
    db_commit_ok(f);
    assert_rows(f, "SELECT * FROM rouse_xtriggers", "1|a|ready|echo(hello)|0\n");
    wait.value = 1;
    db_apply_ok(f, wait);
    db_commit_ok(f);
    assert_rows(f, "SELECT * FROM rouse_xtriggers", "1|a|ready|echo(hello)|1\n");
}

static void the_life_of_a_job(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->b, 0);
    struct message message = job_message(f, TOPIC_JOB_SUBMIT);
    message.flags = TASK_MANUAL;
    db_apply_ok(f, message);
    set_state(f, 1, f->b, STATUS_PREPARING, 1, FLOW_1);
    db_commit_ok(f);
    assert_rows(f,
                "SELECT cycle, name, submit_num, flow_nums, is_manual_submit, try_num,"
                " submit_status, run_status, run_signal, platform_name, job_runner_name, job_id"
                " FROM task_jobs",
                "1|b|1|[1]|1|1|NULL|NULL|NULL|localhost|NULL|NULL\n"); /* till it is known */
    message = job_message(f, TOPIC_JOB_SUBMITTED);
    message.text = slice_of("12345");
    message.detail = slice_of("at hpc-queue");
    db_apply_ok(f, message);
    db_commit_ok(f);
    db_apply_ok(f, job_message(f, TOPIC_JOB_STARTED));
    db_apply_ok(f, job_message(f, TOPIC_JOB_SUCCEEDED));
    db_commit_ok(f);
    assert_rows(f,
                "SELECT submit_status, run_status, run_signal, job_id, time_submit IS NOT NULL,"
                " time_submit < time_submit_exit, time_submit_exit < time_run,"
                " time_run < time_run_exit, platform_name, job_runner_name FROM task_jobs",
                "0|0|NULL|12345|1|1|1|1|hpc-queue|at\n");
}

static void a_failed_job_says_why(void **state)
{
    struct db_fixture *f = *state;
    static const char *const reasons[][2] = {
        {"failed/ERR", "ERR"}, {"aborted/\"cold\"", "\"cold\""}, {"", "NULL"}};
    for (uint32_t i = 0; i < 3; i++) {
        struct message message = job_message(f, TOPIC_JOB_FAILED);
        message.submit = i + 1;
        message.text = slice_of(reasons[i][0]);
        db_apply_ok(f, message);
    }
    db_commit_ok(f);
    assert_rows(f, "SELECT run_status, run_signal FROM task_jobs ORDER BY submit_num",
                "1|ERR\n1|\"cold\"\n1|NULL\n");
}

static void a_job_that_could_not_be_submitted(void **state)
{
    struct db_fixture *f = *state;
    db_apply_ok(f, job_message(f, TOPIC_JOB_SUBMIT));
    db_apply_ok(f, job_message(f, TOPIC_JOB_SUBMIT_FAILED));
    db_commit_ok(f);
    assert_rows(f, "SELECT submit_status, run_status, time_submit_exit IS NOT NULL FROM task_jobs",
                "1|NULL|1\n");
}

static void a_late_message_of_an_old_job_finds_its_row(void **state)
{
    struct db_fixture *f = *state;
    db_apply_ok(f, job_message(f, TOPIC_JOB_SUBMIT));
    db_commit_ok(f); /* nothing of it is in memory any more */
    db_apply_ok(f, job_message(f, TOPIC_JOB_STARTED));
    db_commit_ok(f);
    assert_rows(f, "SELECT platform_name, try_num, time_run IS NOT NULL FROM task_jobs",
                "localhost|1|1\n");
}

static void how_much_of_the_job_status_is_settled(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->b, 0);
    set_state(f, 1, f->b, STATUS_RUNNING, 1, FLOW_1);
    struct message settled = job_message(f, TOPIC_JOB_SETTLED);
    settled.value = 200;
    db_apply_ok(f, settled);
    settled.value = 100; /* late: does not count */
    db_apply_ok(f, settled);
    db_commit_ok(f);
    assert_rows(f, "SELECT settled FROM rouse_tasks", "200\n");
    struct message submit = job_message(f, TOPIC_JOB_SUBMIT);
    submit.submit = 2;
    db_apply_ok(f, submit);
    db_commit_ok(f);
    assert_rows(f, "SELECT settled FROM rouse_tasks", "");
}

static void the_settings_of_a_job_are_kept_while_it_is_active(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->b, 0);
    set_state(f, 1, f->b, STATUS_PREPARING, 1, FLOW_1);
    struct message submit = job_message(f, TOPIC_JOB_SUBMIT);
    submit.settings = slice_of("[[\"script\",\"true\"]]");
    db_apply_ok(f, submit);
    set_state(f, 1, f->b, STATUS_RUNNING, 1, FLOW_1);
    db_commit_ok(f);
    assert_rows(f, "SELECT settings FROM rouse_tasks", "[[\"script\",\"true\"]]\n");
    set_state(f, 1, f->b, STATUS_FAILED, 1, FLOW_1);
    db_commit_ok(f);
    assert_rows(f, "SELECT settings FROM rouse_tasks", "");
}

#define TIMEOUTS "SELECT cycle, name, round(timeout, 3) FROM task_timeout_timers"

static void a_timeout_is_kept_until_it_is_told_or_the_job_ends(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->b, 0);
    set_state(f, 1, f->b, STATUS_PREPARING, 1, FLOW_1);
    db_apply_ok(f, job_message(f, TOPIC_JOB_SUBMIT));
    struct message news = job_message(f, TOPIC_JOB_SUBMITTED);
    news.value = INT64_C(1900000000250000);
    db_apply_ok(f, news);
    set_state(f, 1, f->b, STATUS_SUBMITTED, 1, FLOW_1);
    db_commit_ok(f);
    assert_rows(f, TIMEOUTS, "1|b|1900000000.25\n");
    struct message event = job_message(f, TOPIC_TASK_EVENT);
    event.text = slice_of("submission timeout");
    db_apply_ok(f, event);
    db_commit_ok(f);
    assert_rows(f, TIMEOUTS, "");
    news = job_message(f, TOPIC_JOB_STARTED);
    news.value = INT64_C(1900000001000000);
    db_apply_ok(f, news);
    set_state(f, 1, f->b, STATUS_RUNNING, 1, FLOW_1);
    db_commit_ok(f);
    assert_rows(f, TIMEOUTS, "1|b|1900000001.0\n");
    set_state(f, 1, f->b, STATUS_SUCCEEDED, 1, FLOW_1);
    db_commit_ok(f);
    assert_rows(f, TIMEOUTS, "");
}

static void a_late_flag_goes_when_the_task_comes_again(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->b, 0);
    db_apply_ok(f, (struct message){.topic = TOPIC_TASK_EVENT,
                                    .point = 1,
                                    .task = f->b,
                                    .flags = TASK_LATE,
                                    .text = slice_of("late")});
    db_commit_ok(f);
    assert_rows(f, "SELECT * FROM task_late_flags", "1|b|1\n");
    db_apply_ok(f, (struct message){
                       .topic = TOPIC_TASK_REMOVED, .point = 1, .task = f->b, .flows = FLOW_1});
    db_commit_ok(f);
    assert_rows(f, "SELECT * FROM task_late_flags", "1|b|1\n");
    spawn(f, 1, f->b, 0);
    db_commit_ok(f);
    assert_rows(f, "SELECT * FROM task_late_flags", "");
}

static void retries_used_are_counted(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->b, 0);
    db_apply_ok(f, job_message(f, TOPIC_JOB_SUBMIT));
    db_apply_ok(f, job_message(f, TOPIC_JOB_SUBMIT_FAILED));
    struct message waiting = {.topic = TOPIC_TASK_STATE,
                              .point = 1,
                              .task = f->b,
                              .flows = FLOW_1,
                              .flags = TASK_RETRYING,
                              .submit = 1,
                              .try_ = 1};
    db_apply_ok(f, waiting);
    db_commit_ok(f);
    const char *rows = "SELECT ctx_key, delays, num FROM task_action_timers ORDER BY 1";
    assert_rows(f, rows,
                "[\"try_timers\", \"execution-retry\"]|[0.0, 1.5]|0\n"
                "[\"try_timers\", \"submission-retry\"]|[]|1\n");
    db_apply_ok(f, job_message(f, TOPIC_JOB_SUBMITTED));
    waiting.try_ = 2;
    db_apply_ok(f, waiting);
    db_commit_ok(f);
    assert_rows(f, rows,
                "\"poll_timer\"|[900.0]|1\n"
                "[\"try_timers\", \"execution-retry\"]|[0.0, 1.5]|1\n"
                "[\"try_timers\", \"submission-retry\"]|[]|0\n");
}

static void tasks_without_retries_have_no_timers(void **state)
{
    struct db_fixture *f = *state;
    struct message submit = job_message(f, TOPIC_JOB_SUBMIT);
    submit.task = f->c;
    db_apply_ok(f, submit);
    db_commit_ok(f);
    assert_rows(f, "SELECT * FROM task_action_timers", "");
}

static void the_workflow_is_paused_and_resumed(void **state)
{
    struct db_fixture *f = *state;
    db_apply_ok(f, (struct message){.topic = TOPIC_WORKFLOW_STATE, .number = WORKFLOW_PAUSED});
    db_apply_ok(f, (struct message){.topic = TOPIC_WORKFLOW_STATE, .number = WORKFLOW_STOPPING});
    db_commit_ok(f);
    assert_rows(f, "SELECT * FROM workflow_params", "is_paused|1\n");
    db_apply_ok(f, (struct message){.topic = TOPIC_WORKFLOW_STATE, .number = WORKFLOW_RUNNING});
    db_commit_ok(f);
    assert_rows(f, "SELECT * FROM workflow_params", "is_paused|0\n");
}

static void params_come_and_go(void **state)
{
    struct db_fixture *f = *state;
    struct message param = {
        .topic = TOPIC_WORKFLOW_PARAM, .text = slice_of("stopcp"), .detail = slice_of("3")};
    db_apply_ok(f, param);
    db_commit_ok(f);
    assert_rows(f, "SELECT * FROM workflow_params", "stopcp|3\n");
    param.detail = (struct slice){0};
    db_apply_ok(f, param);
    db_commit_ok(f);
    assert_rows(f, "SELECT key, value IS NULL FROM workflow_params", "stopcp|1\n");
}

static void a_flow_is_described(void **state)
{
    struct db_fixture *f = *state;
    db_apply_ok(f, (struct message){.topic = TOPIC_WORKFLOW_PARAM,
                                    .text = slice_of("flow 2"),
                                    .detail = slice_of("second go")});
    set_state(f, 1, f->b, STATUS_WAITING, 0, FLOWS_1_2);
    db_commit_ok(f);
    assert_rows(f, "SELECT flow_num, description FROM workflow_flows WHERE flow_num = 2",
                "2|second go\n");
}

static void results_of_xtriggers_are_kept_but_clocks_are_not(void **state)
{
    struct db_fixture *f = *state;
    struct message satisfied = {.topic = TOPIC_XTRIGGER_SATISFIED,
                                .text = slice_of("echo(hello)"),
                                .detail = slice_of("{\"a\": 1}")};
    db_apply_ok(f, satisfied);
    satisfied.text = slice_of("wall_clock(trigger_time=1)");
    db_apply_ok(f, satisfied);
    db_commit_ok(f);
    assert_rows(f, "SELECT * FROM xtriggers", "echo(hello)|{\"a\": 1}\n");
}

static void the_runahead_limit_is_kept(void **state)
{
    struct db_fixture *f = *state;
    db_apply_ok(f, (struct message){.topic = TOPIC_POOL_RUNAHEAD, .point = 4});
    db_commit_ok(f);
    assert_rows(f, "SELECT * FROM rouse_state", "runahead|4\n");
}

static void a_start_writes_what_tools_look_for(void **state)
{
    struct db_fixture *f = *state;
    const struct key_value params[] = {{"uuid_str", "u-u"}, {"icp", "1"}, {"fcp", NULL}};
    assert_int_equal(db_start(f->db, params, 3, &f->error), 0);
    db_commit_ok(f);
    assert_rows(f, "SELECT * FROM workflow_params ORDER BY key",
                "fcp|NULL\nicp|1\nn_restart|0\nuuid_str|u-u\n");
    assert_rows(f, "SELECT flow_num, description FROM workflow_flows", "1|original flow from 1\n");
    assert_rows(f, "SELECT * FROM inheritance WHERE namespace='m1'",
                "m1|[\"m1\", \"FAM\", \"root\"]\n");
    db_fixture_reopen(f);
    assert_int_equal(db_start(f->db, params, 3, &f->error), 0);
    db_commit_ok(f);
    assert_rows(f, "SELECT value FROM workflow_params WHERE key='n_restart'", "1\n");
    assert_rows(f, "SELECT count(*) FROM workflow_flows", "1\n");
}

static void a_simulated_job_says_so(void **state)
{
    struct db_fixture *f = *state;
    struct message submit = job_message(f, TOPIC_JOB_SUBMIT);
    submit.number = RUN_SIMULATION;
    db_apply_ok(f, submit);
    db_commit_ok(f);
    assert_rows(f, "SELECT platform_name, job_runner_name FROM task_jobs",
                "simulation|simulation\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, db_fixture_setup, db_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_spawned_task_is_in_the_pool_and_has_a_history),
        TEST(a_task_from_a_cursor_moves_it),
        TEST(a_state_is_written_with_its_flags),
        TEST(many_states_of_a_commit_leave_the_last),
        TEST(flows_that_meet_go_on_in_a_row_of_their_own),
        TEST(prerequisites_say_how_they_were_satisfied),
        TEST(what_lies_before_the_start_is_satisfied),
        TEST(a_suicide_prerequisite_is_rouses_own),
        TEST(members_of_a_small_family_are_shown_one_by_one),
        TEST(outputs_are_names_and_messages),
        TEST(an_output_is_unsettled_until_its_consequences_are_said),
        TEST(an_output_said_again_stays_unsettled),
        TEST(an_output_of_a_task_outside_the_pool_is_history),
        TEST(an_output_that_absolute_triggers_refer_to_is_kept_apart),
        TEST(a_task_that_comes_and_goes_in_one_commit_leaves_only_history),
        TEST(a_removed_task_leaves_the_pool_with_all_it_waited_for),
        TEST(a_task_that_comes_back_starts_with_nothing_satisfied),
        TEST(the_remove_command_takes_the_flows_off_the_history),
        TEST(a_second_removal_replaces_the_history_without_flows),
        TEST(a_job_ends_by_the_event_of_its_task),
        TEST(an_event_is_appended),
        TEST(an_event_pends_for_an_audience_that_was_broadcast),
        TEST(a_future_task_is_held_once_and_released),
        TEST(an_xtrigger_of_an_instance_is_kept_until_it_leaves),
        TEST(the_life_of_a_job),
        TEST(a_failed_job_says_why),
        TEST(a_job_that_could_not_be_submitted),
        TEST(a_late_message_of_an_old_job_finds_its_row),
        TEST(how_much_of_the_job_status_is_settled),
        TEST(the_settings_of_a_job_are_kept_while_it_is_active),
        TEST(a_timeout_is_kept_until_it_is_told_or_the_job_ends),
        TEST(a_late_flag_goes_when_the_task_comes_again),
        TEST(retries_used_are_counted),
        TEST(tasks_without_retries_have_no_timers),
        TEST(the_workflow_is_paused_and_resumed),
        TEST(params_come_and_go),
        TEST(a_flow_is_described),
        TEST(results_of_xtriggers_are_kept_but_clocks_are_not),
        TEST(the_runahead_limit_is_kept),
        TEST(a_start_writes_what_tools_look_for),
        TEST(a_simulated_job_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

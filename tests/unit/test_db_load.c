/* A restart finds what was applied and committed, and nothing else. */
#include "tests/lib/db_fixture.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void start(struct db_fixture *f)
{
    const struct key_value params[] = {{"uuid_str", "u-u"}};
    assert_int_equal(db_start(f->db, params, 1, &f->error), 0);
}

static void spawn(struct db_fixture *f, cycle_point point, uint32_t task, uint32_t flags)
{
    db_apply_ok(f, (struct message){.topic = TOPIC_TASK_SPAWNED,
                                    .point = point,
                                    .task = task,
                                    .flows = FLOW_1,
                                    .flags = flags});
}

static void set_state(struct db_fixture *f, cycle_point point, uint32_t task,
                      enum task_status status, uint32_t submit, uint32_t flags)
{
    db_apply_ok(f, (struct message){.topic = TOPIC_TASK_STATE,
                                    .point = point,
                                    .task = task,
                                    .flows = FLOW_1,
                                    .status = status,
                                    .flags = flags,
                                    .submit = submit,
                                    .try_ = submit});
}

static void complete(struct db_fixture *f, cycle_point point, uint32_t task, uint32_t output)
{
    db_apply_ok(f, (struct message){.topic = TOPIC_TASK_OUTPUT,
                                    .point = point,
                                    .task = task,
                                    .number = output,
                                    .flows = FLOW_1});
}

/* Commit, close, open, load. */
static struct restart *load(struct db_fixture *f)
{
    db_commit_ok(f);
    db_fixture_reopen(f);
    struct restart *restart = db_load(f->db, f->workflow, &f->error);
    if (!restart)
        fail_msg("%s", f->error.text);
    return restart;
}

static void a_run_that_never_started_gives_nothing(void **state)
{
    struct db_fixture *f = *state;
    f->error.code = -1;
    assert_null(db_load(f->db, f->workflow, &f->error));
    assert_int_equal(f->error.code, 0);
}

static void a_start_is_remembered(void **state)
{
    struct db_fixture *f = *state;
    start(f);
    db_apply_ok(f, (struct message){.topic = TOPIC_WORKFLOW_STATE, .number = WORKFLOW_PAUSED});
    db_apply_ok(f, (struct message){.topic = TOPIC_POOL_RUNAHEAD, .point = 4});
    struct restart *restart = load(f);
    assert_int_equal(restart->n_restarts, 0);
    assert_true(restart->paused);
    assert_int_equal(restart->flow_last, 1);
    assert_int_equal(restart->runahead, 4);
    assert_string_equal(restart->uuid, "u-u");
    assert_int_equal(restart->n_tasks, 0);
    restart_destroy(restart);
}

static void an_instance_is_as_it_was(void **state)
{
    struct db_fixture *f = *state;
    start(f);
    spawn(f, 2, f->c, TASK_FROM_CURSOR);
    db_apply_ok(f, (struct message){.topic = TOPIC_TASK_PREREQUISITE,
                                    .point = 2,
                                    .task = f->c,
                                    .number = 1,
                                    .flows = FLOW_1});
    uint32_t flags = TASK_HELD | TASK_FLOW_WAIT | TASK_MANUAL | TASK_FROM_CURSOR | TASK_RETRYING;
    set_state(f, 2, f->c, STATUS_WAITING, 3, flags);
    complete(f, 2, f->c, OUTPUT_SUBMITTED);
    complete(f, 2, f->c, OUTPUT_FAILED);
    struct restart *restart = load(f);
    assert_int_equal(restart->n_tasks, 1);
    const struct restart_task *task = restart->tasks;
    assert_int_equal(task->point, 2);
    assert_int_equal(task->task, f->c);
    assert_int_equal(task->flows.n, 1);
    assert_int_equal(task->flows.at[0], 1);
    assert_int_equal(task->status, STATUS_WAITING);
    assert_int_equal(task->flags, flags);
    assert_int_equal(task->submit, 3);
    assert_int_equal(task->try_, 3);
    assert_int_equal(task->outputs, 1u << OUTPUT_SUBMITTED | 1u << OUTPUT_FAILED);
    assert_int_equal(task->prerequisites[0], 2);
    size_t begun = 0; /* the others have none: they join by the graph */
    for (size_t i = 0; i < restart->n_cursors; i++)
        if (restart->cursors[i].flows.n) {
            assert_int_equal(restart->cursors[i].point, 2);
            begun++;
        }
    assert_int_equal(begun, 1);
    assert_true(restart->n_cursors > begun);
    assert_int_equal(restart->n_unsettled, 2);
    assert_int_equal(restart->n_jobs, 0);
    restart_destroy(restart);
}

static void a_running_job_is_found_again(void **state)
{
    struct db_fixture *f = *state;
    start(f);
    spawn(f, 1, f->b, 0);
    set_state(f, 1, f->b, STATUS_PREPARING, 1, 0);
    struct message job = {.topic = TOPIC_JOB_SUBMIT,
                          .point = 1,
                          .task = f->b,
                          .submit = 1,
                          .try_ = 1,
                          .flows = FLOW_1,
                          .settings = slice_of("[[\"script\",\"true\"]]")};
    db_apply_ok(f, job);
    job.topic = TOPIC_JOB_SUBMITTED;
    job.text = slice_of("4711");
    job.when = INT64_C(1800000000000000);
    job.value = INT64_C(1800000060000000);
    db_apply_ok(f, job);
    set_state(f, 1, f->b, STATUS_RUNNING, 1, 0);
    job.topic = TOPIC_JOB_SETTLED;
    job.value = 77;
    db_apply_ok(f, job);
    struct restart *restart = load(f);
    assert_int_equal(restart->n_jobs, 1);
    assert_int_equal(restart->jobs->submit, 1);
    assert_string_equal(restart->jobs->job_id, "4711");
    assert_string_equal(restart->jobs->settings, "[[\"script\",\"true\"]]");
    assert_int_equal(restart->jobs->submitted, INT64_C(1800000000000000));
    assert_int_equal(restart->jobs->timeout, INT64_C(1800000060000000));
    assert_int_equal(restart->tasks->settled, 77);
    assert_int_equal(restart->tasks->try_, 1);
    restart_destroy(restart);
}

static void a_job_that_was_not_launched_yet_has_no_id(void **state)
{
    struct db_fixture *f = *state;
    start(f);
    spawn(f, 1, f->b, 0);
    set_state(f, 1, f->b, STATUS_PREPARING, 1, 0);
    struct restart *restart = load(f);
    assert_int_equal(restart->n_jobs, 1);
    assert_string_equal(restart->jobs->job_id, "");
    restart_destroy(restart);
}

static void groups_holds_xtriggers_and_results(void **state)
{
    struct db_fixture *f = *state;
    start(f);
    spawn(f, 1, f->a, 0);
    spawn(f, 1, f->e, 0);
    db_apply_ok(
        f, (struct message){
               .topic = TOPIC_TASK_GROUP, .point = 1, .number = 0, .value = 1, .flows = FLOW_1});
    db_apply_ok(f, (struct message){.topic = TOPIC_TASK_PREREQUISITE,
                                    .point = 1,
                                    .task = f->e,
                                    .number = 0,
                                    .value = SATISFIED_BY_FORCE});
    db_apply_ok(f,
                (struct message){.topic = TOPIC_TASK_HOLD, .point = 7, .task = f->b, .value = 1});
    struct message wait = {.topic = TOPIC_TASK_XTRIGGER,
                           .point = 1,
                           .task = f->a,
                           .number = 0,
                           .value = 1,
                           .text = slice_of("echo(hello)")};
    db_apply_ok(f, wait);
    wait.number = NO_INDEX;
    wait.value = 0;
    wait.text = slice_of("wall_clock(trigger_time=5)");
    db_apply_ok(f, wait);
    db_apply_ok(f, (struct message){.topic = TOPIC_XTRIGGER_SATISFIED,
                                    .text = slice_of("echo(hello)"),
                                    .detail = slice_of("{}")});
    struct restart *restart = load(f);
    assert_int_equal(restart->n_groups, 1);
    assert_int_equal(restart->groups->member, 1);
    assert_int_equal(restart->groups->point, 1);
    assert_int_equal(restart->n_holds, 1);
    assert_int_equal(restart->holds->point, 7);
    assert_int_equal(restart->holds->task, f->b);
    assert_int_equal(restart->n_xtriggers, 2);
    assert_int_equal(restart->xtriggers[0].xtrigger, NO_INDEX);
    assert_false(restart->xtriggers[0].satisfied);
    assert_string_equal(restart->xtriggers[0].signature, "wall_clock(trigger_time=5)");
    assert_int_equal(restart->xtriggers[1].xtrigger, 0);
    assert_true(restart->xtriggers[1].satisfied);
    assert_int_equal(restart->n_results, 1);
    assert_string_equal(restart->results->signature, "echo(hello)");
    for (size_t i = 0; i < restart->n_tasks; i++)
        if (restart->tasks[i].task == f->e)
            assert_int_equal(restart->tasks[i].prerequisites[0], 1);
    restart_destroy(restart);
}

static void outputs_of_absolute_triggers_are_listed(void **state)
{
    struct db_fixture *f = *state;
    start(f);
    complete(f, 1, f->prep, OUTPUT_SUCCEEDED);
    struct restart *restart = load(f);
    assert_int_equal(restart->n_absolute, 1);
    assert_int_equal(restart->absolute->task, f->prep);
    assert_int_equal(restart->absolute->output, OUTPUT_SUCCEEDED);
    restart_destroy(restart);
}

static void what_was_not_committed_is_gone(void **state)
{
    struct db_fixture *f = *state;
    start(f);
    db_commit_ok(f);
    spawn(f, 1, f->b, 0);
    db_fixture_reopen(f);
    struct restart *restart = db_load(f->db, f->workflow, &f->error);
    assert_non_null(restart);
    assert_int_equal(restart->n_tasks, 0);
    restart_destroy(restart);
}

static void a_restart_goes_on_from_what_it_loaded(void **state)
{
    struct db_fixture *f = *state;
    start(f);
    spawn(f, 1, f->b, 0);
    restart_destroy(load(f));
    start(f);
    set_state(f, 1, f->b, STATUS_SUCCEEDED, 1, 0);
    db_apply_ok(f, (struct message){
                       .topic = TOPIC_TASK_REMOVED, .point = 1, .task = f->b, .flows = FLOW_1});
    struct restart *restart = load(f);
    assert_int_equal(restart->n_tasks, 0);
    assert_int_equal(restart->n_restarts, 1);
    restart_destroy(restart);
    assert_rows(f, "SELECT status FROM task_states", "succeeded\n");
    assert_rows(f, "SELECT * FROM task_prerequisites", "");
}

static void a_task_that_is_no_longer_defined_is_left_out(void **state)
{
    struct db_fixture *f = *state;
    start(f);
    spawn(f, 1, f->b, 0);
    db_commit_ok(f);
    execute_elsewhere(f, "UPDATE task_pool SET name='old'; UPDATE task_states SET name='old'");
    struct restart *restart = load(f);
    assert_int_equal(restart->n_tasks, 0);
    restart_destroy(restart);
    db_commit_ok(f);
    assert_rows(f, "SELECT * FROM task_pool", "");
    assert_rows(f, "SELECT name FROM task_states", "old\n");
}

static void damage_is_an_error(void **state)
{
    struct db_fixture *f = *state;
    start(f);
    spawn(f, 1, f->b, 0);
    db_commit_ok(f);
    static const char *const damages[] = {
        "UPDATE task_states SET status='tired'", "UPDATE task_pool SET cycle='tomorrow'",
        "UPDATE task_outputs SET outputs='{\"a'", "DELETE FROM task_states"};
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        db_fixture_reopen(f);
        execute_elsewhere(f, "CREATE TABLE IF NOT EXISTS kept AS SELECT * FROM task_states");
        execute_elsewhere(f, damages[i]);
        struct error error = {0};
        assert_null(db_load(f->db, f->workflow, &error));
        assert_int_equal(error.code, -EBADMSG);
        execute_elsewhere(f,
                          "REPLACE INTO task_states SELECT * FROM kept;"
                          "UPDATE task_pool SET cycle='1'; UPDATE task_outputs SET outputs='{}'");
    }
}

/* Everything of an instance can be read back in the middle of its life. */
static void a_small_memory_changes_nothing(void **state)
{
    struct db_fixture *f = *state;
    db_limit_instances(f->db, 0);
    start(f);
    spawn(f, 2, f->c, TASK_FROM_CURSOR);
    db_commit_ok(f);
    db_apply_ok(f, (struct message){.topic = TOPIC_TASK_PREREQUISITE,
                                    .point = 2,
                                    .task = f->c,
                                    .number = 1,
                                    .flows = FLOW_1});
    db_commit_ok(f);
    struct message job = {.topic = TOPIC_JOB_SUBMIT,
                          .point = 2,
                          .task = f->c,
                          .submit = 1,
                          .try_ = 1,
                          .flows = FLOW_1};
    db_apply_ok(f, job);
    set_state(f, 2, f->c, STATUS_PREPARING, 1, TASK_FROM_CURSOR);
    db_commit_ok(f);
    job.topic = TOPIC_JOB_SUBMITTED;
    job.text = slice_of("4711");
    db_apply_ok(f, job);
    complete(f, 2, f->c, OUTPUT_SUBMITTED);
    db_commit_ok(f);
    job.topic = TOPIC_JOB_SETTLED;
    job.value = 50;
    db_apply_ok(f, job);
    complete(f, 2, f->c, OUTPUT_STARTED);
    db_apply_ok(f, (struct message){.topic = TOPIC_TASK_SETTLED,
                                    .point = 2,
                                    .task = f->c,
                                    .number = OUTPUT_SUBMITTED,
                                    .flows = FLOW_1});
    struct restart *restart = load(f);
    assert_int_equal(restart->n_tasks, 1);
    assert_int_equal(restart->tasks->flags, TASK_FROM_CURSOR);
    assert_int_equal(restart->tasks->prerequisites[0], 2);
    assert_int_equal(restart->tasks->settled, 50);
    assert_int_equal(restart->tasks->outputs, 1u << OUTPUT_SUBMITTED | 1u << OUTPUT_STARTED);
    assert_int_equal(restart->n_unsettled, 1);
    assert_int_equal(restart->unsettled->output, OUTPUT_STARTED);
    assert_string_equal(restart->jobs->job_id, "4711");
    restart_destroy(restart);
}

/* --- history --- */

struct answers {
    struct message at[8];
    size_t n;
};

static void collect(void *context, struct message *message)
{
    struct answers *answers = context;
    assert_int_equal(message->topic, TOPIC_HISTORY);
    assert_int_equal(message->id, 9);
    answers->at[answers->n++] = *message;
}

static struct answers ask(struct db_fixture *f, cycle_point point, uint32_t task)
{
    struct answers answers = {0};
    struct message message = {.topic = TOPIC_HISTORY_ASK, .point = point, .task = task, .id = 9};
    assert_int_equal(db_history(f->db, &message, collect, &answers, &f->error), 0);
    assert_true(answers.n > 0);
    assert_int_equal(answers.at[answers.n - 1].number, 1);
    return answers;
}

static void nothing_is_known_of_a_task_that_never_was(void **state)
{
    struct db_fixture *f = *state;
    assert_int_equal(ask(f, 1, f->b).n, 1);
}

static void history_counts_before_and_after_the_commit(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->b, 0);
    complete(f, 1, f->b, OUTPUT_SUCCEEDED);
    set_state(f, 1, f->b, STATUS_SUCCEEDED, 2, 0);
    db_apply_ok(f, (struct message){
                       .topic = TOPIC_TASK_REMOVED, .point = 1, .task = f->b, .flows = FLOW_1});
    for (int i = 0; i < 3; i++) {
        struct answers answers = ask(f, 1, f->b);
        assert_int_equal(answers.n, 2);
        assert_int_equal(answers.at[0].submit, 2);
        assert_int_equal(answers.at[0].status, STATUS_SUCCEEDED);
        assert_int_equal(answers.at[0].value, 1 << OUTPUT_SUCCEEDED);
        assert_int_equal(answers.at[0].flows.n, 1);
        db_commit_ok(f);
        if (i == 1)
            db_fixture_reopen(f);
    }
}

static void each_set_of_flows_has_its_history(void **state)
{
    struct db_fixture *f = *state;
    spawn(f, 1, f->b, 0);
    struct message merged = {.topic = TOPIC_TASK_STATE,
                             .point = 1,
                             .task = f->b,
                             .flows = FLOWS_1_2,
                             .status = STATUS_WAITING,
                             .flags = TASK_FLOW_WAIT,
                             .submit = 1};
    db_apply_ok(f, merged);
    struct answers answers = ask(f, 1, f->b);
    assert_int_equal(answers.n, 3);
    for (int i = 0; i < 2; i++)
        assert_int_equal(answers.at[i].flags, answers.at[i].flows.n == 2 ? TASK_FLOW_WAIT : 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, db_fixture_setup, db_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_run_that_never_started_gives_nothing),
        TEST(a_start_is_remembered),
        TEST(an_instance_is_as_it_was),
        TEST(a_running_job_is_found_again),
        TEST(a_job_that_was_not_launched_yet_has_no_id),
        TEST(groups_holds_xtriggers_and_results),
        TEST(outputs_of_absolute_triggers_are_listed),
        TEST(what_was_not_committed_is_gone),
        TEST(a_restart_goes_on_from_what_it_loaded),
        TEST(a_task_that_is_no_longer_defined_is_left_out),
        TEST(damage_is_an_error),
        TEST(a_small_memory_changes_nothing),
        TEST(nothing_is_known_of_a_task_that_never_was),
        TEST(history_counts_before_and_after_the_commit),
        TEST(each_set_of_flows_has_its_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

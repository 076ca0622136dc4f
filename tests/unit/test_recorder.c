/* The recorder in the simulated world, on the bus of one loop, with a real database. */
#include "base/memory.h"
#include "coroutines/cast.h"
#include "tests/lib/db_fixture.h"
#include "tests/lib/env_sim.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MANY = 25000 };

struct recorder_fixture {
    struct db_fixture *f;
    struct sim *sim;
    struct bus *bus;
    struct cast_context context;
    atomic_int exit_status;
    void *recorder;
    unsigned done;
    int fault;       /* result of the next commits ... */
    unsigned faults; /* ... so many */
    unsigned commits;
};

static int before_commit(void *context)
{
    struct recorder_fixture *r = context;
    r->commits++;
    if (r->faults == 0)
        return 0;
    r->faults--;
    return r->fault;
}

static void member_done(void *context, enum member member)
{
    struct recorder_fixture *r = context;
    assert_int_equal(member, RECORDER);
    r->done++;
}

static int setup(void **state)
{
    void *db_state;
    assert_int_equal(db_fixture_setup(&db_state), 0);
    struct recorder_fixture *r = NEW(struct recorder_fixture);
    *state = r;
    r->f = db_state;
    const struct db_faults faults = {.context = r, .before_commit = before_commit};
    db_close(r->f->db);
    r->f->db = db_open(r->f->path, &faults, &r->f->error);
    assert_non_null(r->f->db);
    db_set_workflow(r->f->db, r->f->workflow);
    r->sim = sim_create(&(struct sim_options){.seed = 1});
    r->bus = bus_mem_create(EVERY_MEMBER);
    r->context = (struct cast_context){.env = sim_env(r->sim),
                                       .bus = r->bus,
                                       .workflow = r->f->workflow,
                                       .db = r->f->db,
                                       .exit_status = &r->exit_status,
                                       .member_done = member_done,
                                       .context = r};
    struct error error = {0};
    r->recorder = cast_recorder.create(&r->context, &error);
    assert_non_null(r->recorder);
    return 0;
}

static int teardown(void **state)
{
    struct recorder_fixture *r = *state;
    cast_recorder.destroy(r->recorder);
    bus_destroy(r->bus);
    sim_destroy(r->sim);
    void *db_state = r->f;
    free(r);
    return db_fixture_teardown(&db_state);
}

static void run(struct recorder_fixture *r)
{
    while (sim_turn(r->sim))
        ;
}

/* Without letting time pass. */
static void run_ready(struct recorder_fixture *r)
{
    while (sim_turn_ready(r->sim))
        ;
}

static uint64_t end_turn(struct recorder_fixture *r)
{
    struct message turn = {.topic = TOPIC_POOL_TURN};
    bus_publish(r->bus, TASK_POOL, &turn);
    return turn.seq;
}

/* What one event of the pool caused; the number of its last message. */
static uint64_t say(struct recorder_fixture *r, struct message message)
{
    message.when = FIXTURE_TIME;
    bus_publish(r->bus, TASK_POOL, &message);
    return end_turn(r);
}

static uint64_t spawn(struct recorder_fixture *r, cycle_point point)
{
    return say(r,
               (struct message){
                   .topic = TOPIC_TASK_SPAWNED, .point = point, .task = r->f->b, .flows = FLOW_1});
}

/* The next thing JOBS hears. False: nothing. */
static bool heard(struct recorder_fixture *r, enum topic topic, struct message *ret_message)
{
    while (bus_receive(r->bus, JOBS, ret_message))
        if (ret_message->topic == topic)
            return true;
    return false;
}

static void assert_recorded(struct recorder_fixture *r, uint64_t seq)
{
    struct message message;
    assert_true(heard(r, TOPIC_RECORDED, &message));
    assert_int_equal(message_recorded(&message, TASK_POOL), seq);
}

static void assert_nothing_recorded(struct recorder_fixture *r)
{
    struct message message;
    assert_false(heard(r, TOPIC_RECORDED, &message));
}

static void what_is_said_is_committed_then_reported(void **state)
{
    struct recorder_fixture *r = *state;
    uint64_t seq = spawn(r, 1);
    run(r);
    assert_recorded(r, seq);
    assert_rows(r->f, "SELECT count(*) FROM task_pool", "1\n");
}

static void nothing_is_committed_in_the_middle_of_a_turn(void **state)
{
    struct recorder_fixture *r = *state;
    r->context.records_per_commit = 1;
    for (int point = 1; point <= 3; point++) {
        struct message message = {.topic = TOPIC_TASK_SPAWNED,
                                  .point = point,
                                  .task = r->f->b,
                                  .flows = FLOW_1,
                                  .when = FIXTURE_TIME};
        bus_publish(r->bus, TASK_POOL, &message);
        run(r);
        assert_nothing_recorded(r);
        assert_int_equal(r->commits, 0);
    }
    uint64_t seq = end_turn(r);
    run(r);
    assert_recorded(r, seq);
    assert_int_equal(r->commits, 1);
    assert_rows(r->f, "SELECT count(*) FROM task_pool", "3\n");
}

static void each_outbox_has_its_own_number(void **state)
{
    struct recorder_fixture *r = *state;
    uint64_t seq = spawn(r, 1);
    struct message started = {
        .topic = TOPIC_JOB_STARTED, .point = 1, .task = r->f->b, .submit = 1, .when = FIXTURE_TIME};
    bus_publish(r->bus, JOBS, &started);
    run(r);
    struct message message;
    assert_true(heard(r, TOPIC_RECORDED, &message));
    assert_int_equal(message_recorded(&message, TASK_POOL), seq);
    assert_int_equal(message_recorded(&message, JOBS), 1);
    assert_int_equal(message_recorded(&message, XTRIGGERS), 0);
}

/* So that others are heard while a large one is written. */
static void a_large_commit_takes_several_turns(void **state)
{
    struct recorder_fixture *r = *state;
    uint64_t seq = 0;
    for (int i = 0; i < 3000; i++)
        seq = spawn(r, 1 + i);
    const struct ready *ready = &r->context.env->ready;
    uint64_t before = ready->resumed;
    run(r);
    assert_true(ready->resumed - before > 20);
    assert_recorded(r, seq);
    assert_int_equal(r->commits, 1);
    assert_rows(r->f, "SELECT count(*) FROM task_pool", "3000\n");
}

static void a_burst_is_one_commit(void **state)
{
    struct recorder_fixture *r = *state;
    uint64_t seq = 0;
    for (int i = 0; i < 3000; i++)
        seq = spawn(r, 1 + i);
    run(r);
    assert_recorded(r, seq);
    assert_nothing_recorded(r);
    assert_int_equal(r->commits, 1);
}

static void a_flood_is_committed_in_parts(void **state)
{
    struct recorder_fixture *r = *state;
    uint64_t seq = 0, last = 0;
    for (int i = 0; i < MANY; i++)
        seq = spawn(r, 1 + i % 100);
    run(r);
    struct message message;
    while (heard(r, TOPIC_RECORDED, &message)) {
        assert_true(message_recorded(&message, TASK_POOL) > last);
        last = message_recorded(&message, TASK_POOL);
    }
    assert_int_equal(last, seq);
    assert_int_equal(r->commits, 3);
}

static void what_changes_no_row_is_reported_too(void **state)
{
    struct recorder_fixture *r = *state;
    uint64_t seq = say(r, (struct message){.topic = TOPIC_POOL_OUTCOME, .id = 7});
    run(r);
    assert_recorded(r, seq);
    assert_int_equal(r->commits, 0);
}

static void nothing_to_do_says_nothing(void **state)
{
    struct recorder_fixture *r = *state;
    run(r);
    assert_nothing_recorded(r);
    assert_int_equal(r->commits, 0);
    assert_int_equal(r->done, 0);
}

static void what_the_start_wrote_is_committed(void **state)
{
    struct recorder_fixture *r = *state;
    assert_int_equal(db_start(r->f->db, NULL, 0, &r->f->error), 0);
    run(r);
    assert_rows(r->f, "SELECT value FROM workflow_params", "0\n");
}

static void a_busy_database_is_tried_again(void **state)
{
    struct recorder_fixture *r = *state;
    r->fault = -EBUSY;
    r->faults = 3;
    uint64_t seq = spawn(r, 1);
    run_ready(r);
    assert_nothing_recorded(r);
    assert_rows(r->f, "SELECT count(*) FROM task_pool", "0\n");
    run(r);
    assert_recorded(r, seq);
    assert_int_equal(r->commits, 4);
    assert_in_range(sim_now(r->sim), 70000, 71000); /* 10 + 20 + 40 ms */
    assert_rows(r->f, "SELECT count(*) FROM task_pool", "1\n");
}

static void what_is_said_meanwhile_is_not_lost(void **state)
{
    struct recorder_fixture *r = *state;
    r->fault = -EBUSY;
    r->faults = 1;
    spawn(r, 1);
    run_ready(r);
    uint64_t seq = spawn(r, 2);
    run(r);
    assert_recorded(r, seq);
    assert_rows(r->f, "SELECT count(*) FROM task_pool", "2\n");
}

static void assert_fault(struct recorder_fixture *r, const char *why)
{
    struct message message;
    assert_true(heard(r, TOPIC_FAULT, &message));
    char *text = slice_copy(message.text);
    if (!strstr(text, why))
        fail_msg("%s", text);
    free(text);
    assert_int_equal(r->done, 1);
    assert_int_equal(r->exit_status, 1);
    assert_true(bus_closed(r->bus, RECORDER));
    assert_rows(r->f, "SELECT count(*) FROM task_pool", "0\n");
}

static void a_database_that_stays_busy_is_a_fault(void **state)
{
    struct recorder_fixture *r = *state;
    r->fault = -EBUSY;
    r->faults = UINT32_MAX;
    spawn(r, 1);
    run(r);
    assert_fault(r, "tried 15 times");
    assert_in_range(sim_now(r->sim), 20000000, 60000000);
}

static void a_database_that_cannot_be_written_is_a_fault_at_once(void **state)
{
    struct recorder_fixture *r = *state;
    r->fault = -ENOSPC;
    r->faults = 1;
    spawn(r, 1);
    run(r);
    assert_fault(r, "the run database cannot be written");
    assert_in_range(sim_now(r->sim), 0, 1000);
}

static void a_fault_of_somebody_else_ends_it_without_a_commit(void **state)
{
    struct recorder_fixture *r = *state;
    spawn(r, 1);
    struct message fault = {.topic = TOPIC_FAULT, .text = slice_of("no run directory")};
    bus_publish(r->bus, HEALTH, &fault);
    run(r);
    assert_int_equal(r->done, 1);
    assert_int_equal(r->exit_status, 1);
    assert_nothing_recorded(r);
    assert_rows(r->f, "SELECT count(*) FROM task_pool", "0\n");
}

static void history_is_answered(void **state)
{
    struct recorder_fixture *r = *state;
    spawn(r, 1);
    say(r, (struct message){.topic = TOPIC_HISTORY_ASK, .point = 1, .task = r->f->b, .id = 5});
    run(r);
    struct message message;
    assert_true(bus_receive(r->bus, TASK_POOL, &message));
    assert_int_equal(message.topic, TOPIC_HISTORY);
    assert_int_equal(message.id, 5);
    assert_int_equal(message.flows.n, 1);
    assert_true(bus_receive(r->bus, TASK_POOL, &message));
    assert_int_equal(message.number, 1);
    assert_false(bus_receive(r->bus, TASK_POOL, &message));
}

static void close_outboxes(struct recorder_fixture *r, unsigned members)
{
    for (int member = 0; member < MEMBERS; member++)
        if (members & MEMBER_BIT(member))
            bus_close(r->bus, (enum member)member);
}

static void it_closes_when_all_it_hears_have_closed(void **state)
{
    struct recorder_fixture *r = *state;
    say(r, (struct message){.topic = TOPIC_WORKFLOW_SHUTDOWN, .value = 3});
    close_outboxes(r, MEMBER_BIT(SERVER) | MEMBER_BIT(TASK_POOL) | MEMBER_BIT(XTRIGGERS) |
                          MEMBER_BIT(HANDLERS) | MEMBER_BIT(HEALTH));
    run(r);
    assert_int_equal(r->done, 0);
    assert_int_equal(r->exit_status, 3);
    /* The last of them was still waiting for `recorded`, and has something to say. */
    struct message message;
    assert_true(heard(r, TOPIC_RECORDED, &message));
    message = (struct message){
        .topic = TOPIC_JOB_STARTED, .point = 1, .task = r->f->b, .submit = 1, .when = FIXTURE_TIME};
    bus_publish(r->bus, JOBS, &message);
    bus_close(r->bus, JOBS);
    run(r);
    assert_int_equal(r->done, 1);
    assert_true(bus_closed(r->bus, RECORDER));
    assert_rows(r->f, "SELECT count(*) FROM task_jobs", "1\n");
    assert_true(heard(r, TOPIC_RECORDED, &message));
    assert_int_equal(message_recorded(&message, JOBS), 1);
    assert_nothing_recorded(r);
    assert_true(bus_drained(r->bus, JOBS, ~MEMBER_BIT(RECORDER)));
}

/* Those that wait for its end must not be waited for: else nobody would ever close. */
static void it_does_not_hear_those_that_wait_for_its_end(void **state)
{
    (void)state;
    assert_false(member_hears(RECORDER, COMMANDS));
    assert_false(member_hears(RECORDER, VIEWER));
    assert_false(member_hears(RECORDER, TRIGGERS));
}

static void it_can_be_taken_away_while_it_retries(void **state)
{
    struct recorder_fixture *r = *state;
    r->fault = -EBUSY;
    r->faults = UINT32_MAX;
    spawn(r, 1);
    run_ready(r);
    cast_recorder.destroy(r->recorder);
    r->recorder = NULL;
    assert_false(sim_turn(r->sim)); /* no timer is left */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_said_is_committed_then_reported),
        TEST(nothing_is_committed_in_the_middle_of_a_turn),
        TEST(each_outbox_has_its_own_number),
        TEST(a_large_commit_takes_several_turns),
        TEST(a_burst_is_one_commit),
        TEST(a_flood_is_committed_in_parts),
        TEST(what_changes_no_row_is_reported_too),
        TEST(nothing_to_do_says_nothing),
        TEST(what_the_start_wrote_is_committed),
        TEST(a_busy_database_is_tried_again),
        TEST(what_is_said_meanwhile_is_not_lost),
        TEST(a_database_that_stays_busy_is_a_fault),
        TEST(a_database_that_cannot_be_written_is_a_fault_at_once),
        TEST(a_fault_of_somebody_else_ends_it_without_a_commit),
        TEST(history_is_answered),
        TEST(it_closes_when_all_it_hears_have_closed),
        TEST(it_does_not_hear_those_that_wait_for_its_end),
        TEST(it_can_be_taken_away_while_it_retries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

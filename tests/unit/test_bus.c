/* The bus: one contract for both backends, what only ZMQ can do is in test_bus_zmq.c. */
#include "base/memory.h"
#include "coroutines/bus.h"
#include "coroutines/bus_parts.h"
#include "tests/lib/bus_fixture.h"
#include "tests/lib/env_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUSE_TOUCHES_THE_WORLD
#include "base/banned.h"

enum { MANY = 100000 };
#define BIT(member) MEMBER_BIT(member)
#define CAST (BIT(TASK_POOL) | BIT(TRIGGERS) | BIT(RECORDER) | BIT(VIEWER))

/* --- one loop --- */

struct fixture {
    struct env *env;
    void *context;
    struct bus *bus;
};

static int setup_mem(void **state)
{
    struct fixture *fixture = NEW(struct fixture);
    fixture->env = env_fixture_env();
    fixture->bus = bus_mem_create(CAST);
    *state = fixture;
    return 0;
}

static int setup_zmq(void **state)
{
    struct fixture *fixture = NEW(struct fixture);
    fixture->env = env_fixture_env();
    fixture->context = bus_zmq_context();
    fixture->bus = bus_fixture_zmq(fixture->env, fixture->context, "inproc://", CAST, CAST);
    assert_true(bus_zmq_started(fixture->bus));
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    bus_destroy(fixture->bus);
    bus_zmq_context_destroy(fixture->context);
    env_uv_destroy(fixture->env);
    free(fixture);
    return 0;
}

static void say_output(struct bus *bus, int64_t value)
{
    bus_publish(bus, TASK_POOL, &(struct message){.topic = TOPIC_TASK_OUTPUT, .value = value});
}

static void messages_come_in_the_order_said(void **state)
{
    struct bus *bus = ((struct fixture *)*state)->bus;
    for (int64_t i = 0; i < 10; i++) {
        struct message output = {.topic = TOPIC_TASK_OUTPUT, .value = i};
        bus_publish(bus, TASK_POOL, &output);
        assert_int_equal(output.sender, TASK_POOL);
        assert_int_equal(output.seq, 2 * i + 1);
        assert_int_equal(output.topic_seq, i + 1);
        struct message settled = {.topic = TOPIC_TASK_SETTLED, .point = i};
        bus_publish(bus, TASK_POOL, &settled);
    }
    assert_int_equal(bus_seq(bus, TASK_POOL), 20);
    struct message got;
    for (int64_t i = 0; i < 10; i++) {
        assert_true(bus_receive(bus, RECORDER, &got));
        assert_int_equal(got.topic, TOPIC_TASK_OUTPUT);
        assert_int_equal(got.value, i);
        assert_int_equal(got.seq, 2 * i + 1);
        assert_true(bus_receive(bus, RECORDER, &got));
        assert_int_equal(got.topic, TOPIC_TASK_SETTLED);
        assert_int_equal(got.point, i);
    }
    assert_false(bus_receive(bus, RECORDER, &got));
}

static void each_listener_gets_its_topics_and_no_others(void **state)
{
    struct bus *bus = ((struct fixture *)*state)->bus;
    struct message said = {.topic = TOPIC_TASK_OUTPUT, .value = 1}, got;
    bus_publish(bus, TASK_POOL, &said);
    said = (struct message){.topic = TOPIC_TRIGGER_SETTLED, .number = 3};
    bus_publish(bus, TRIGGERS, &said);
    const enum member hearing[] = {TRIGGERS, RECORDER, VIEWER};
    for (int i = 0; i < 3; i++) {
        assert_true(bus_receive(bus, hearing[i], &got));
        assert_int_equal(got.value, 1);
        assert_false(bus_receive(bus, hearing[i], &got));
    }
    assert_true(bus_receive(bus, TASK_POOL, &got));
    assert_int_equal(got.topic, TOPIC_TRIGGER_SETTLED);
    assert_int_equal(got.number, 3);
    assert_false(bus_receive(bus, TASK_POOL, &got));
}

static void texts_live_until_the_next_receive(void **state)
{
    struct bus *bus = ((struct fixture *)*state)->bus;
    for (int i = 0; i < 2; i++) {
        struct text value = {0};
        text_addf(&value, "value %d", i);
        struct message said = {.topic = TOPIC_WORKFLOW_PARAM,
                               .text = slice_of("key"),
                               .detail = slice_of(text_string(&value))};
        bus_publish(bus, TASK_POOL, &said);
        memset(value.at, 'x', value.n); /* the message was a copy */
        text_release(&value);
    }
    struct message got;
    assert_true(bus_receive(bus, RECORDER, &got));
    assert_true(slice_equal(got.text, "key"));
    assert_true(slice_equal(got.detail, "value 0"));
    assert_true(bus_receive(bus, RECORDER, &got));
    assert_true(slice_equal(got.detail, "value 1"));
}

static void nothing_is_lost_of_very_many(void **state)
{
    struct bus *bus = ((struct fixture *)*state)->bus;
    for (int64_t i = 0; i < MANY; i++)
        say_output(bus, i);
    assert_int_equal(bus_depth(bus, RECORDER), MANY);
    assert_int_equal(bus_depth(bus, VIEWER), MANY);
    const enum member hearing[] = {VIEWER, RECORDER, TRIGGERS};
    for (int i = 0; i < 3; i++) {
        struct message got;
        for (int64_t n = 0; n < MANY; n++) {
            assert_true(bus_receive(bus, hearing[i], &got));
            assert_int_equal(got.value, n);
        }
        assert_false(bus_receive(bus, hearing[i], &got));
        assert_int_equal(bus_depth(bus, hearing[i]), 0);
    }
}

static void a_closed_outbox_is_read_to_its_end(void **state)
{
    struct bus *bus = ((struct fixture *)*state)->bus;
    say_output(bus, 1);
    bus_close(bus, TASK_POOL);
    bus_close(bus, TASK_POOL);
    assert_true(bus_closed(bus, TASK_POOL));
    assert_false(bus_closed(bus, TRIGGERS));
    /* The triggers hear the pool, and the recorder's faults. */
    struct message got;
    assert_false(bus_drained(bus, TRIGGERS, BIT(RECORDER)));
    assert_true(bus_receive(bus, TRIGGERS, &got));
    assert_int_equal(got.value, 1);
    assert_false(bus_drained(bus, TRIGGERS, BIT(RECORDER)));
    assert_false(bus_receive(bus, TRIGGERS, &got));
    assert_true(bus_drained(bus, TRIGGERS, BIT(RECORDER)));
    assert_false(bus_drained(bus, TRIGGERS, 0));
    bus_close(bus, RECORDER);
    assert_false(bus_receive(bus, TRIGGERS, &got));
    assert_true(bus_drained(bus, TRIGGERS, 0));
    assert_int_equal(bus_depth(bus, TRIGGERS), 0);
}

static void members_that_do_not_exist_are_not_waited_for(void **state)
{
    struct bus *bus = ((struct fixture *)*state)->bus;
    struct message got;
    BUS_EACH(member, CAST)
    {
        bus_close(bus, member);
    }
    BUS_EACH(member, CAST)
    {
        assert_false(bus_receive(bus, member, &got));
        assert_true(bus_drained(bus, member, 0));
        assert_int_equal(bus_depth(bus, member), 0);
    }
}

/* --- waking --- */

struct reader {
    struct co co;
    struct bus *bus;
    enum member me;
    unsigned runs, read, limit; /* limit: messages it reads; 0 = all */
};

enum reader_state { READER_RUNNING, READER_END };
static const char *const reader_states[] = {"running", "end"};

static enum co_result reader_step(struct co *co)
{
    struct reader *self = (struct reader *)co;
    struct message got;
    CO_BEGIN(co, reader_state, READER_RUNNING);
    self->runs++;
    while ((!self->limit || self->read < self->limit) && bus_receive(self->bus, self->me, &got))
        self->read++;
    if (!self->limit || self->read < self->limit)
        return CO_ASLEEP;
    CO_END(co, READER_END);
}

static const struct co_type reader_type = {"reader", reader_step, reader_states, 2, NULL};

static void reader_start(struct reader *reader, struct fixture *fixture, enum member me,
                         unsigned limit)
{
    *reader = (struct reader){.bus = fixture->bus, .me = me, .limit = limit};
    co_init(&reader->co, &reader_type, &fixture->env->ready);
    bus_attach(fixture->bus, me, &reader->co);
}

static void publishing_never_runs_a_listener(void **state)
{
    struct fixture *fixture = *state;
    struct reader reader;
    reader_start(&reader, fixture, RECORDER, 0);
    env_uv_run(fixture->env);
    unsigned before = reader.runs;
    say_output(fixture->bus, 1);
    say_output(fixture->bus, 2);
    assert_int_equal(reader.runs, before);
    env_uv_run(fixture->env);
    assert_int_equal(reader.runs, before + 1);
    assert_int_equal(reader.read, 2);
    bus_attach(fixture->bus, RECORDER, NULL);
    say_output(fixture->bus, 3);
    env_uv_run(fixture->env);
    assert_int_equal(reader.read, 2);
}

static void attaching_late_hears_what_was_said(void **state)
{
    struct fixture *fixture = *state;
    struct reader reader;
    say_output(fixture->bus, 1);
    reader_start(&reader, fixture, RECORDER, 0);
    env_uv_run(fixture->env);
    assert_int_equal(reader.read, 1);
}

static void a_full_listener_holds_up_its_producers_and_wakes_them(void **state)
{
    struct fixture *fixture = *state;
    struct bus *bus = fixture->bus;
    struct reader producer, listener;
    reader_start(&producer, fixture, TASK_POOL, 0);
    for (int64_t i = 1; i < BUS_DEPTH_LIMIT; i++)
        say_output(bus, i);
    env_uv_run(fixture->env);
    assert_false(bus_congested(bus, TASK_POOL));
    say_output(bus, 0);
    assert_true(bus_congested(bus, TASK_POOL));
    assert_false(bus_congested(bus, VIEWER)); /* nobody of this cast is deaf to it alone */
    unsigned before = producer.runs;
    const enum member hearing[] = {RECORDER, TRIGGERS, VIEWER};
    for (int i = 0; i < 3; i++) {
        assert_true(bus_congested(bus, TASK_POOL));
        reader_start(&listener, fixture, hearing[i], 1);
        env_uv_run(fixture->env);
        bus_attach(bus, hearing[i], NULL);
    }
    assert_false(bus_congested(bus, TASK_POOL));
    assert_true(producer.runs > before);
}

/* --- bugs --- */

static void read_all(struct bus *bus)
{
    bus_fixture_read(bus, RECORDER);
}

static void a_gap_in_a_topic_aborts(void **state)
{
    struct bus *bus = ((struct fixture *)*state)->bus;
    say_output(bus, 1);
    bus->out[TASK_POOL].topic_seq[TOPIC_TASK_OUTPUT]++; /* as if one were lost */
    say_output(bus, 2);
    bus_fixture_must_abort(bus, read_all);
}

static void a_doubled_message_aborts(void **state)
{
    struct bus *bus = ((struct fixture *)*state)->bus;
    say_output(bus, 1);
    bus->out[TASK_POOL].seq = 0;
    bus->out[TASK_POOL].topic_seq[TOPIC_TASK_OUTPUT] = 0;
    say_output(bus, 1);
    bus_fixture_must_abort(bus, read_all);
}

static void something_said_after_the_end_aborts(void **state)
{
    struct bus *bus = ((struct fixture *)*state)->bus;
    bus_close(bus, TASK_POOL);
    bus->out[TASK_POOL].closed = false;
    say_output(bus, 1);
    bus_fixture_must_abort(bus, read_all);
}

static void say_as_triggers(struct bus *bus)
{
    bus_publish(bus, TRIGGERS, &(struct message){.topic = TOPIC_TASK_OUTPUT});
}

static void say_after_closing(struct bus *bus)
{
    bus_close(bus, TASK_POOL);
    say_output(bus, 1);
}

static void say_as_a_stranger(struct bus *bus)
{
    bus_publish(bus, HEALTH, &(struct message){.topic = TOPIC_FAULT});
}

static void saying_what_one_may_not_aborts(void **state)
{
    struct bus *bus = ((struct fixture *)*state)->bus;
    bus_fixture_must_abort(bus, say_as_triggers);
    bus_fixture_must_abort(bus, say_after_closing);
    bus_fixture_must_abort(bus, say_as_a_stranger);
}

int main(void)
{
#define BOTH(name)                                                                                 \
    {"mem: " #name, name, setup_mem, teardown, NULL},                                              \
    {                                                                                              \
        "zmq: " #name, name, setup_zmq, teardown, NULL                                             \
    }
    const struct CMUnitTest tests[] = {
        BOTH(messages_come_in_the_order_said),
        BOTH(each_listener_gets_its_topics_and_no_others),
        BOTH(texts_live_until_the_next_receive),
        BOTH(nothing_is_lost_of_very_many),
        BOTH(a_closed_outbox_is_read_to_its_end),
        BOTH(members_that_do_not_exist_are_not_waited_for),
        BOTH(publishing_never_runs_a_listener),
        BOTH(attaching_late_hears_what_was_said),
        BOTH(a_full_listener_holds_up_its_producers_and_wakes_them),
        BOTH(a_gap_in_a_topic_aborts),
        BOTH(a_doubled_message_aborts),
        BOTH(something_said_after_the_end_aborts),
        BOTH(saying_what_one_may_not_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

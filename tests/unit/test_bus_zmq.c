/* The bus over ZMQ with loops in several threads and processes. */
#include "base/memory.h"
#include "coroutines/bus.h"
#include "coroutines/bus_parts.h"
#include "tests/lib/bus_fixture.h"
#include "tests/lib/env_fixture.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUSE_TOUCHES_THE_WORLD
#include "base/banned.h"

enum { MANY = 100000 };
#define BIT(member) MEMBER_BIT(member)
#define CAST (BIT(TASK_POOL) | BIT(TRIGGERS) | BIT(RECORDER) | BIT(VIEWER))

static void say_output(struct bus *bus, int64_t value)
{
    bus_publish(bus, TASK_POOL, &(struct message){.topic = TOPIC_TASK_OUTPUT, .value = value});
}

static void say_after_closing(struct bus *bus)
{
    bus_close(bus, TASK_POOL);
    say_output(bus, 1);
}

struct reader {
    struct co co;
    struct bus *bus;
    enum member me;
    unsigned runs, read, limit; /* limit: messages it reads; 0 = all */
    struct env *stop;           /* when it has read them */
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
    if (self->stop)
        env_uv_stop(self->stop);
    CO_END(co, READER_END);
}

static const struct co_type reader_type = {"reader", reader_step, reader_states, 2, NULL};

static void reader_start(struct reader *reader, struct env *env, struct bus *bus, enum member me,
                         unsigned limit)
{
    *reader = (struct reader){.bus = bus, .me = me, .limit = limit};
    co_init(&reader->co, &reader_type, &env->ready);
    bus_attach(bus, me, &reader->co);
}

/* --- several loops: a small cast that behaves as the real one does --- */

/* The pool says MANY outputs, as far as nobody is congested, and the end of the workflow when
 * all are settled. The others end when they hear of it, the recorder last. */
struct actor {
    struct co co;
    struct bus *bus;
    enum member me;
    uint64_t to_say, said, outputs, settled;
    bool over;
};

static void hear(struct actor *self, const struct message *got)
{
    if (got->topic == TOPIC_TASK_OUTPUT) {
        assert_int_equal(got->value, self->outputs++);
        if (self->me == TRIGGERS)
            bus_publish(self->bus, TRIGGERS, &(struct message){.topic = TOPIC_TRIGGER_SETTLED});
    }
    self->settled += got->topic == TOPIC_TRIGGER_SETTLED;
    self->over = self->over || got->topic == TOPIC_WORKFLOW_SHUTDOWN;
}

static void speak(struct actor *self)
{
    for (int turn = 0; turn < 100 && self->said < self->to_say; turn++) {
        if (bus_congested(self->bus, self->me))
            return;
        say_output(self->bus, (int64_t)self->said++);
    }
    if (self->said == self->to_say && self->settled == self->said && !self->over) {
        self->over = true;
        bus_publish(self->bus, self->me, &(struct message){.topic = TOPIC_WORKFLOW_SHUTDOWN});
    }
}

enum actor_state { ACTOR_STARTING, ACTOR_RUNNING, ACTOR_END };
static const char *const actor_states[] = {"starting", "running", "end"};

static enum co_result actor_step(struct co *co)
{
    struct actor *self = (struct actor *)co;
    struct message got;
    CO_BEGIN(co, actor_state, ACTOR_STARTING);
    if (!bus_zmq_started(self->bus))
        return CO_ASLEEP;
    CO_AWAIT(co, ACTOR_RUNNING, true);
    for (int turn = 0; turn < 1000; turn++) {
        if (!bus_receive(self->bus, self->me, &got))
            break;
        hear(self, &got);
        if (turn == 999)
            return CO_READY;
    }
    if (self->me == TASK_POOL)
        speak(self);
    bool last = self->me == RECORDER;
    if (self->over && (!last || bus_drained(self->bus, self->me, 0)))
        bus_close(self->bus, self->me);
    if (!bus_closed(self->bus, self->me) || !bus_drained(self->bus, self->me, 0))
        return self->me == TASK_POOL && self->said < self->to_say &&
                       !bus_congested(self->bus, self->me)
                   ? CO_READY
                   : CO_ASLEEP;
    CO_END(co, ACTOR_END);
}

static const struct co_type actor_type = {"actor", actor_step, actor_states, 3, NULL};

struct loop {
    void *context;
    const char *scheme;
    unsigned local;
    uint64_t to_say;
    struct actor actors[MEMBERS];
};

/* Everything ends by itself: no loop is told to stop. */
static void *run_loop(void *argument)
{
    struct loop *loop = argument;
    struct env *env = env_fixture_env();
    struct bus *bus = bus_fixture_zmq(env, loop->context, loop->scheme, CAST, loop->local);
    BUS_EACH(me, loop->local)
    {
        struct actor *actor = &loop->actors[me];
        *actor = (struct actor){.bus = bus, .me = me, .to_say = loop->to_say};
        co_init(&actor->co, &actor_type, &env->ready);
        bus_attach(bus, me, &actor->co);
        bus_zmq_when_started(bus, &actor->co);
    }
    env_uv_run(env);
    bus_destroy(bus);
    env_uv_destroy(env);
    return NULL;
}

static void check_loop(const struct loop *loop)
{
    BUS_EACH(me, loop->local)
    {
        const struct actor *actor = &loop->actors[me];
        assert_int_equal(actor->co.state, ACTOR_END);
        assert_int_equal(me == TASK_POOL ? actor->settled : actor->outputs, loop->to_say);
    }
}

static void run_threads(const char *scheme, unsigned first, uint64_t to_say)
{
    void *context = bus_zmq_context();
    struct loop one = {.context = context, .scheme = scheme, .local = first, .to_say = to_say},
                two = {
                    .context = context, .scheme = scheme, .local = CAST & ~first, .to_say = to_say};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_loop, &two), 0);
    run_loop(&one);
    pthread_join(thread, NULL);
    bus_zmq_context_destroy(context);
    check_loop(&one);
    check_loop(&two);
}

static void two_loops_in_threads_talk_to_the_end(void **state)
{
    (void)state;
    const unsigned placements[] = {BIT(TASK_POOL), BIT(RECORDER), BIT(TASK_POOL) | BIT(RECORDER),
                                   BIT(TRIGGERS), BIT(VIEWER)};
    for (int i = 0; i < 5; i++)
        run_threads("inproc://", placements[i], 20000);
}

static void nothing_is_lost_between_threads(void **state)
{
    (void)state;
    run_threads("inproc://", BIT(TASK_POOL), MANY * 3);
}

static char *ipc_scheme(char *directory)
{
    assert_non_null(mkdtemp(directory));
    return str_format("ipc://%s/", directory);
}

static void remove_directory(const char *directory)
{
    char *command = str_format("rm -rf %s", directory);
    assert_int_equal(system(command), 0);
    free(command);
}

static pid_t start_process(const char *scheme, unsigned local, uint64_t to_say)
{
    pid_t pid = fork();
    if (pid)
        return pid;
    alarm(60);
    struct loop loop = {
        .context = bus_zmq_context(), .scheme = scheme, .local = local, .to_say = to_say};
    run_loop(&loop);
    bus_zmq_context_destroy(loop.context);
    BUS_EACH(me, local)
    {
        const struct actor *actor = &loop.actors[me];
        if (actor->co.state != ACTOR_END ||
            (me == TASK_POOL ? actor->settled : actor->outputs) != to_say)
            _exit(1);
    }
    _exit(0);
}

static void processes_talk_to_the_end(void **state)
{
    (void)state;
    char directory[] = "/tmp/rouse-bus-XXXXXX";
    char *scheme = ipc_scheme(directory);
    const unsigned placements[] = {BIT(TASK_POOL), BIT(RECORDER) | BIT(VIEWER), BIT(TRIGGERS)};
    pid_t pids[3];
    for (int i = 0; i < 3; i++)
        pids[i] = start_process(scheme, placements[i], MANY);
    for (int i = 0; i < 3; i++) {
        int status;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    free(scheme);
    remove_directory(directory);
}

/* A listener that reads nothing for a while: the speaker elsewhere learns of it and pauses. */
struct slow {
    struct co co;
    struct env *env;
    struct bus *bus;
    struct env_timer timer;
    bool slept;
    uint64_t said, read;
};

enum slow_state { SLOW_SLEEPING, SLOW_READING, SLOW_END };
static const char *const slow_states[] = {"sleeping", "reading", "end"};

/* All the members of the reader's loop are read; true when nothing more can come to any. */
static bool read_to_the_end(struct slow *self)
{
    struct message got;
    bool end = true;
    BUS_EACH(member, self->bus->local)
    {
        while (bus_receive(self->bus, member, &got))
            self->read += got.topic == TOPIC_TASK_SETTLED;
        if (bus_drained(self->bus, member, self->bus->local))
            bus_close(self->bus, member);
        end = end && bus_drained(self->bus, member, 0);
    }
    return end;
}

static enum co_result slow_reader_step(struct co *co)
{
    struct slow *self = (struct slow *)co;
    CO_BEGIN(co, slow_state, SLOW_SLEEPING);
    if (!self->timer.index && !self->timer.fired)
        self->env->ops->timer_start(self->env, &self->timer, co, 300000);
    if (!self->timer.fired)
        return CO_ASLEEP;
    CO_AWAIT(co, SLOW_READING, read_to_the_end(self));
    CO_END(co, SLOW_END);
}

static enum co_result slow_writer_step(struct co *co)
{
    struct slow *self = (struct slow *)co;
    struct message got;
    CO_BEGIN(co, slow_state, SLOW_SLEEPING);
    CO_AWAIT(co, SLOW_READING, bus_zmq_started(self->bus));
    while (bus_receive(self->bus, TASK_POOL, &got))
        ;
    for (; self->said < BUS_DEPTH_LIMIT * 2; self->said++) {
        if (bus_congested(self->bus, TASK_POOL)) {
            assert_int_equal(bus_depth(self->bus, RECORDER), BUS_DEPTH_LIMIT);
            self->slept = true;
            return CO_ASLEEP;
        }
        bus_publish(self->bus, TASK_POOL, &(struct message){.topic = TOPIC_TASK_SETTLED});
    }
    bus_close(self->bus, TASK_POOL);
    if (!bus_drained(self->bus, TASK_POOL, 0))
        return CO_ASLEEP;
    CO_END(co, SLOW_END);
}

static const struct co_type slow_reader_type = {"slow reader", slow_reader_step, slow_states, 3,
                                                NULL};
static const struct co_type slow_writer_type = {"slow writer", slow_writer_step, slow_states, 3,
                                                NULL};

struct slow_loop {
    void *context;
    unsigned local;
    const struct co_type *type;
    struct slow slow;
};

static void *run_slow(void *argument)
{
    struct slow_loop *loop = argument;
    struct env *env = env_fixture_env();
    struct bus *bus = bus_fixture_zmq(env, loop->context, "inproc://", CAST, loop->local);
    loop->slow = (struct slow){.env = env, .bus = bus};
    co_init(&loop->slow.co, loop->type, &env->ready);
    BUS_EACH(member, loop->local)
    {
        bus_attach(bus, member, &loop->slow.co);
    }
    env_uv_run(env);
    bus_destroy(bus);
    env_uv_destroy(env);
    return NULL;
}

static void a_listener_elsewhere_that_is_slow_holds_up_its_speaker(void **state)
{
    (void)state;
    void *context = bus_zmq_context();
    struct slow_loop reader = {.context = context,
                               .local = CAST & ~(unsigned)BIT(TASK_POOL),
                               .type = &slow_reader_type},
                     writer = {
                         .context = context, .local = BIT(TASK_POOL), .type = &slow_writer_type};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_slow, &reader), 0);
    run_slow(&writer);
    pthread_join(thread, NULL);
    bus_zmq_context_destroy(context);
    assert_true(writer.slow.slept);
    assert_int_equal(reader.slow.read, BUS_DEPTH_LIMIT * 2);
}

static void an_endpoint_that_cannot_be_bound_is_an_error(void **state)
{
    (void)state;
    struct env *env = env_fixture_env();
    void *context = bus_zmq_context();
    struct bus_zmq_options options = {
        .cast = BIT(TASK_POOL) | BIT(RECORDER), .local = BIT(TASK_POOL), .context = context};
    options.endpoints[TASK_POOL] = "ipc:///no/such/directory/pool";
    options.endpoints[RECORDER] = "ipc:///no/such/directory/recorder";
    struct error error = {0};
    assert_null(bus_zmq_create(env, &options, &error));
    assert_true(error.code < 0);
    assert_non_null(strstr(error.text, "task_pool"));
    bus_zmq_context_destroy(context);
    env_uv_destroy(env);
}

/* A coroutine that stops the loop when it is woken. */
static enum co_result stopper_step(struct co *co)
{
    struct reader *self = (struct reader *)co;
    CO_BEGIN(co, reader_state, READER_RUNNING);
    env_uv_stop(self->stop);
    CO_END(co, READER_END);
}

static const struct co_type stopper_type = {"stopper", stopper_step, reader_states, 2, NULL};

/* Two buses on one loop, each a stranger to the other. */
struct pair {
    struct env *env;
    void *context;
    struct bus *one, *two;
};

static void wait_for_start(struct pair *pair, struct bus *bus)
{
    struct reader stopper = {.stop = pair->env};
    co_init(&stopper.co, &stopper_type, &pair->env->ready);
    bus_zmq_when_started(bus, &stopper.co);
    env_uv_run(pair->env);
    assert_true(bus_zmq_started(bus));
}

static void pair_create(struct pair *pair, const char *scheme)
{
    pair->env = env_fixture_env();
    pair->context = bus_zmq_context();
    pair->one =
        bus_fixture_zmq(pair->env, pair->context, scheme, CAST, BIT(TASK_POOL) | BIT(TRIGGERS));
    assert_false(bus_zmq_started(pair->one));
    struct message got;
    assert_false(bus_receive(pair->one, TRIGGERS, &got));
    bus_fixture_must_abort(pair->one, say_after_closing);
    pair->two =
        bus_fixture_zmq(pair->env, pair->context, scheme, CAST, BIT(RECORDER) | BIT(VIEWER));
    wait_for_start(pair, pair->one);
    wait_for_start(pair, pair->two);
}

static void pair_destroy(struct pair *pair)
{
    bus_destroy(pair->one);
    bus_destroy(pair->two);
    bus_zmq_context_destroy(pair->context);
    env_uv_destroy(pair->env);
}

static void nobody_is_heard_before_all_have_subscribed(void **state)
{
    (void)state;
    struct pair pair;
    pair_create(&pair, "inproc://");
    struct reader reader;
    reader_start(&reader, pair.env, pair.one, TRIGGERS, 1);
    reader.stop = pair.env;
    bus_publish(pair.two, RECORDER, &(struct message){.topic = TOPIC_FAULT});
    env_uv_run(pair.env);
    assert_int_equal(reader.read, 1);
    pair_destroy(&pair);
}

/* Or the wake would come before the message, and none after it. */
static void what_is_said_inside_a_loop_is_there_at_once(void **state)
{
    (void)state;
    char directory[] = "/tmp/rouse-bus-XXXXXX";
    char *scheme = ipc_scheme(directory);
    struct pair pair;
    pair_create(&pair, scheme);
    struct message got;
    for (int i = 0; i < 1000; i++) {
        say_output(pair.one, i);
        assert_true(bus_receive(pair.one, TRIGGERS, &got));
        assert_int_equal(got.value, i);
    }
    pair_destroy(&pair);
    free(scheme);
    remove_directory(directory);
}

static long busy_ms(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

static void an_unread_message_does_not_keep_the_loop_busy(void **state)
{
    (void)state;
    struct pair pair;
    pair_create(&pair, "inproc://");
    struct reader stopper = {.stop = pair.env};
    co_init(&stopper.co, &stopper_type, &pair.env->ready);
    struct env_timer timer = {0};
    for (int i = 0; i < 3; i++)
        bus_publish(pair.two, RECORDER, &(struct message){.topic = TOPIC_FAULT});
    long before = busy_ms();
    pair.env->ops->timer_start(pair.env, &timer, &stopper.co, 400000);
    env_uv_run(pair.env);
    assert_true(timer.fired);
    assert_true(busy_ms() - before < 100);
    pair_destroy(&pair);
}

/* --- a member in a process that is killed and started again --- */

/* The triggers, in a process. They say that they are there, then answer each output. */
struct echo {
    struct co co;
    struct bus *bus;
    bool over;
};

enum echo_state { ECHO_STARTING, ECHO_RUNNING, ECHO_END };
static const char *const echo_states[] = {"starting", "running", "end"};

static void answer(struct echo *self, uint32_t number)
{
    bus_publish(self->bus, TRIGGERS,
                &(struct message){.topic = TOPIC_TRIGGER_SETTLED, .number = number});
}

static enum co_result echo_step(struct co *co)
{
    struct echo *self = (struct echo *)co;
    struct message got;
    CO_BEGIN(co, echo_state, ECHO_STARTING);
    if (!bus_zmq_started(self->bus))
        return CO_ASLEEP;
    answer(self, 1000);
    CO_AWAIT(co, ECHO_RUNNING, true);
    while (bus_receive(self->bus, TRIGGERS, &got)) {
        if (got.topic == TOPIC_TASK_OUTPUT)
            answer(self, (uint32_t)got.value);
        else if (got.topic == TOPIC_WORKFLOW_SHUTDOWN)
            bus_close(self->bus, TRIGGERS);
    }
    if (!bus_closed(self->bus, TRIGGERS) || !bus_drained(self->bus, TRIGGERS, 0))
        return CO_ASLEEP;
    CO_END(co, ECHO_END);
}

static const struct co_type echo_type = {"echo", echo_step, echo_states, 3, NULL};

/* Starts once a byte can be read from `go`. */
static pid_t start_echo(const char *scheme, int go)
{
    pid_t pid = fork();
    if (pid)
        return pid;
    alarm(60); /* in no case does it stay */
    char byte;
    if (read(go, &byte, 1) != 1)
        _exit(1);
    struct env *env = env_fixture_env();
    void *context = bus_zmq_context();
    struct echo echo = {.bus = bus_fixture_zmq(env, context, scheme, CAST, BIT(TRIGGERS))};
    co_init(&echo.co, &echo_type, &env->ready);
    bus_attach(echo.bus, TRIGGERS, &echo.co);
    env_uv_run(env);
    bus_destroy(echo.bus);
    env_uv_destroy(env);
    bus_zmq_context_destroy(context);
    _exit(echo.co.state == ECHO_END ? 0 : 2);
}

struct keeper {
    struct co co;
    struct env *env;
    struct bus *bus;
    struct env_timer patience; /* nothing else keeps the loop while there is no second */
    pid_t pids[2];
    int go[2][2];
    unsigned answers, greetings;
};

enum keeper_state {
    KEEPER_STARTING,
    KEEPER_FIRST,
    KEEPER_LOST,
    KEEPER_SECOND,
    KEEPER_ENDING,
    KEEPER_END
};
static const char *const keeper_states[] = {"starting", "first", "lost", "second", "ending", "end"};

static void lose_the_first(struct keeper *self)
{
    assert_int_equal(kill(self->pids[0], SIGKILL), 0);
    assert_int_equal(waitpid(self->pids[0], NULL, 0), self->pids[0]);
    for (int64_t i = 0; i < BUS_DEPTH_LIMIT; i++)
        say_output(self->bus, 5000); /* nobody hears it */
    BUS_EACH(listener, BIT(RECORDER) | BIT(VIEWER))
    {
        bus_fixture_read(self->bus, listener);
    }
    assert_true(bus_congested(self->bus, TASK_POOL));
    assert_false(bus_drained(self->bus, TASK_POOL, BIT(RECORDER) | BIT(VIEWER)));
    bus_lost(self->bus, TRIGGERS);
    assert_false(bus_congested(self->bus, TASK_POOL));
    assert_true(bus_drained(self->bus, TASK_POOL, BIT(RECORDER) | BIT(VIEWER)));
    assert_int_equal(bus_depth(self->bus, TRIGGERS), 0);
    say_output(self->bus, 5000);
    assert_int_equal(bus_depth(self->bus, TRIGGERS), 0);
    assert_int_equal(write(self->go[1][1], "x", 1), 1);
}

static enum co_result keeper_step(struct co *co)
{
    struct keeper *self = (struct keeper *)co;
    struct message got;
    while (bus_receive(self->bus, TASK_POOL, &got)) {
        self->greetings += got.number == 1000;
        self->answers += got.number == 7;
        assert_int_not_equal(got.number, 5000);
    }
    CO_BEGIN(co, keeper_state, KEEPER_STARTING);
    if (!bus_zmq_started(self->bus))
        return CO_ASLEEP;
    for (int i = 0; i < 3000; i++)
        say_output(self->bus, 7);
    CO_AWAIT(co, KEEPER_FIRST, self->greetings == 1 && self->answers == 3000);
    lose_the_first(self);
    self->env->ops->timer_start(self->env, &self->patience, co, 60000000);
    CO_AWAIT(co, KEEPER_LOST, self->greetings == 2);
    self->env->ops->timer_stop(self->env, &self->patience);
    assert_false(bus_drained(self->bus, TASK_POOL, BIT(RECORDER) | BIT(VIEWER)));
    for (int i = 0; i < 3000; i++)
        say_output(self->bus, 7);
    assert_int_equal(bus_depth(self->bus, TRIGGERS), 3000);
    CO_AWAIT(co, KEEPER_SECOND, self->answers == 6000);
    bus_publish(self->bus, TASK_POOL, &(struct message){.topic = TOPIC_WORKFLOW_SHUTDOWN});
    BUS_EACH(member, self->bus->local)
    {
        bus_close(self->bus, member);
    }
    BUS_EACH(listener, BIT(RECORDER) | BIT(VIEWER))
    {
        bus_fixture_read(self->bus, listener);
    }
    CO_AWAIT(co, KEEPER_ENDING, bus_drained(self->bus, TASK_POOL, 0));
    CO_END(co, KEEPER_END);
}

static const struct co_type keeper_type = {"keeper", keeper_step, keeper_states, 6, NULL};

static void a_process_that_died_may_come_back(void **state)
{
    (void)state;
    char directory[] = "/tmp/rouse-bus-XXXXXX";
    char *scheme = ipc_scheme(directory);
    struct keeper keeper = {0};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pipe(keeper.go[i]), 0);
        keeper.pids[i] = start_echo(scheme, keeper.go[i][0]);
    }
    assert_int_equal(write(keeper.go[0][1], "x", 1), 1);
    struct env *env = env_fixture_env();
    void *context = bus_zmq_context();
    keeper.env = env;
    keeper.bus = bus_fixture_zmq(env, context, scheme, CAST, CAST & ~(unsigned)BIT(TRIGGERS));
    co_init(&keeper.co, &keeper_type, &env->ready);
    bus_attach(keeper.bus, TASK_POOL, &keeper.co);
    env_uv_run(env);
    bus_destroy(keeper.bus);
    env_uv_destroy(env);
    bus_zmq_context_destroy(context);
    assert_int_equal(keeper.co.state, KEEPER_END);
    int status;
    assert_int_equal(waitpid(keeper.pids[1], &status, 0), keeper.pids[1]);
    assert_int_equal(status, 0);
    for (int i = 0; i < 2; i++) {
        close(keeper.go[i][0]);
        close(keeper.go[i][1]);
    }
    free(scheme);
    remove_directory(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_heard_before_all_have_subscribed),
        cmocka_unit_test(what_is_said_inside_a_loop_is_there_at_once),
        cmocka_unit_test(an_unread_message_does_not_keep_the_loop_busy),
        cmocka_unit_test(an_endpoint_that_cannot_be_bound_is_an_error),
        cmocka_unit_test(two_loops_in_threads_talk_to_the_end),
        cmocka_unit_test(nothing_is_lost_between_threads),
        cmocka_unit_test(a_listener_elsewhere_that_is_slow_holds_up_its_speaker),
        cmocka_unit_test(processes_talk_to_the_end),
        cmocka_unit_test(a_process_that_died_may_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* See server_fixture.h. */
#define ROUSE_TOUCHES_THE_WORLD
#include "tests/lib/server_fixture.h"
#include "base/memory.h"
#include "coroutines/cast.h"
#include "scheduler/net/client.h"
#include "scheduler/net/keys.h"
#include "scheduler/net/listener.h"
#include "scheduler/net/wire.h"
#include "scheduler/run/process.h"
#include "scheduler/run/rundir.h"
#include "tests/lib/home.h"
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

#include "base/banned.h"

/* --- the stand-ins --- */

static void reply(struct stand_in *self, uint64_t id, enum reply_kind kind, const char *text)
{
    struct message message = {
        .topic = TOPIC_REPLY, .id = id, .number = kind, .text = slice_of(text)};
    bus_publish(self->fixture->bus, self->member, &message);
}

static void shut_down(struct fixture *f)
{
    static const enum member others[] = {TASK_POOL, RECORDER,  COMMANDS, VIEWER, JOBS,
                                         TRIGGERS,  XTRIGGERS, HANDLERS, HEALTH};
    struct message message = {.topic = TOPIC_WORKFLOW_SHUTDOWN, .text = slice_of("AUTOMATIC")};
    bus_publish(f->bus, TASK_POOL, &message);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        bus_close(f->bus, others[i]);
    f->ended = true;
}

static void fault(struct fixture *f)
{
    struct message message = {.topic = TOPIC_FAULT, .text = slice_of("disk full")};
    bus_publish(f->bus, RECORDER, &message);
    f->ended = true;
}

enum delayed_state { DELAYED_WAITING, DELAYED_OVER };
static const char *const delayed_states[] = {"waiting", "over"};

static enum co_result delayed_step(struct co *co)
{
    struct delayed *self = (struct delayed *)co;
    CO_BEGIN(co, delayed_state, DELAYED_WAITING);
    if (!self->timer.fired)
        return CO_ASLEEP;
    reply(self->stand_in, self->id, REPLY_DONE, "\"at last\"");
    self->done = true;
    CO_END(co, DELAYED_OVER);
}

static const struct co_type delayed_type = {
    .name = "delayed", .step = delayed_step, .states = delayed_states, .n_states = 2};

static void answer_after(struct stand_in *self, const struct message *request)
{
    struct env *env = self->fixture->env;
    char *args = slice_copy(request->detail);
    json_t *object = json_loads(args, 0, NULL);
    uint64_t ms = (uint64_t)json_integer_value(json_object_get(object, "ms"));
    json_decref(object);
    free(args);
    PRE(self->n_delayed < LATER_MAX);
    struct delayed *delayed = NEW(struct delayed);
    self->delayed[self->n_delayed++] = delayed;
    delayed->stand_in = self;
    delayed->id = request->id;
    co_init(&delayed->co, &delayed_type, &env->ready);
    env->ops->timer_start(env, &delayed->timer, &delayed->co, ms * 1000);
}

static void forget_delayed(struct stand_in *self)
{
    struct env *env = self->fixture->env;
    for (unsigned i = 0; i < self->n_delayed; i++) {
        if (!self->delayed[i]->done)
            env->ops->timer_stop(env, &self->delayed[i]->timer);
        free(self->delayed[i]);
    }
    self->n_delayed = 0;
}

static void answer_command(struct stand_in *self, const struct message *request)
{
    if (slice_equal(request->text, "stop")) {
        reply(self, request->id, REPLY_DONE, "\"stopped\"");
        shut_down(self->fixture);
    } else if (slice_equal(request->text, "fault")) {
        fault(self->fixture);
    } else if (slice_equal(request->text, "refuse")) {
        reply(self, request->id, REPLY_ERROR, "no such task: \"1/x\"");
    } else if (slice_equal(request->text, "chunks")) {
        reply(self, request->id, REPLY_CHUNK, "1");
        reply(self, request->id, REPLY_CHUNK, "2");
        reply(self, request->id, REPLY_DONE, "3");
    } else if (slice_equal(request->text, "later")) { /* after the next "now", newest first */
        PRE(self->n_later < LATER_MAX);
        self->later[self->n_later].id = request->id;
        self->later[self->n_later++].args = slice_copy(request->detail);
    } else if (slice_equal(request->text, "after")) {
        answer_after(self, request);
    } else if (!slice_equal(request->text, "never")) {
        char *args = slice_copy(request->detail);
        reply(self, request->id, REPLY_DONE, args);
        free(args);
        while (slice_equal(request->text, "now") && self->n_later) {
            self->n_later--;
            reply(self, self->later[self->n_later].id, REPLY_DONE, self->later[self->n_later].args);
            free(self->later[self->n_later].args);
        }
    }
}

/* An endless stream: a chunk, and one more for each that is taken. */
static void answer_query(struct stand_in *self, const struct message *message)
{
    if (message->topic == TOPIC_REPLY_TAKEN && !message->number) {
        self->fixture->cancelled++;
    } else if (message->topic == TOPIC_REPLY_TAKEN || slice_equal(message->text, "dump")) {
        char number[16];
        (void)snprintf(number, sizeof number, "%d", ++self->heard);
        reply(self, message->id, REPLY_CHUNK, number);
    } else {
        reply(self, message->id, REPLY_DONE, "\"pong\"");
    }
}

static void hear(struct stand_in *self, const struct message *message)
{
    if (message->topic == TOPIC_COMMAND_REQUEST) {
        answer_command(self, message);
    } else if (message->topic == TOPIC_QUERY_REQUEST || message->topic == TOPIC_REPLY_TAKEN) {
        answer_query(self, message);
    } else if (message->topic == TOPIC_JOB_REPORT) {
        self->heard++;
        if (message->id) {
            self->fixture->acknowledged = message->value;
            reply(self, message->id, REPLY_DONE, "null");
        }
    }
}

static enum co_result stand_in_step(struct co *co)
{
    struct stand_in *self = (struct stand_in *)co;
    struct message message;
    while (!self->fixture->ended && bus_receive(self->fixture->bus, self->member, &message))
        hear(self, &message);
    return CO_ASLEEP;
}

static const char *const stand_in_states[] = {"standing in"};
static const struct co_type stand_in_type = {
    .name = "stand-in", .step = stand_in_step, .states = stand_in_states, .n_states = 1};

static void stand_in(struct stand_in *self, struct fixture *f, enum member member)
{
    co_init(&self->co, &stand_in_type, &f->env->ready);
    self->member = member;
    self->fixture = f;
    bus_attach(f->bus, member, &self->co);
}

/* --- the fixture --- */

static void on_member_done(void *context, enum member member)
{
    struct fixture *f = context;
    assert_int_equal(member, SERVER);
    f->done = true;
}

static void *serve(void *argument)
{
    struct fixture *f = argument;
    env_uv_run(f->env); /* ends when nothing is left that could wake the server */
    return NULL;
}

static void write_contact(struct fixture *f)
{
    struct error error = {0};
    struct contact contact = {.command = process_command(0),
                              .host = process_host(),
                              .uuid = process_uuid(),
                              .pid = getpid(),
                              .port = listener_port(f->listener)};
    assert_int_equal(contact_write(f->run_dir, &contact, &error), 0);
    contact.run_dir = contact.id = contact.owner = contact.version = contact.cylc_path = NULL;
    contact_release(&contact);
}

int server_set_up(void **state)
{
    struct fixture *f = NEW(struct fixture);
    struct error error = {0};
    const struct env_uv_options env = {.log_fd = -1};
    f->home = home_make();
    f->run_dir = str_format("%s/cylc-run/flow", f->home);
    assert_int_equal(directory_make(f->run_dir, &error), 0);
    assert_int_equal(rundir_prepare(f->run_dir, &error), 0);
    assert_int_equal(keys_create(f->run_dir, &error), 0);
    const struct listener_options options = {.run_dir = f->run_dir,
                                             .address = "127.0.0.1",
                                             .port_first = PORT_FIRST,
                                             .port_last = PORT_LAST};
    f->listener = listener_open(&options, &error);
    assert_string_equal(error.text, "");
    f->env = env_uv_create(&env, &error);
    f->bus = bus_mem_create(EVERY_MEMBER);
    f->context = (struct cast_context){.env = f->env,
                                       .bus = f->bus,
                                       .listener = f->listener,
                                       .member_done = on_member_done,
                                       .context = f};
    f->server = cast_server.create(&f->context, &error);
    assert_non_null(f->server);
    stand_in(&f->commands, f, COMMANDS);
    stand_in(&f->viewer, f, VIEWER);
    stand_in(&f->jobs, f, JOBS);
    write_contact(f);
    assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
    *state = f;
    return 0;
}

struct client *open_client(struct fixture *f, unsigned timeout_ms, struct error *error)
{
    const struct client_options options = {
        .run_dir = f->run_dir, .workflow_id = "flow", .program = "test", .timeout_ms = timeout_ms};
    return client_open(&options, error);
}

int request(struct fixture *f, const char *command, json_t *args, unsigned timeout_ms,
            json_t **ret_data, struct error *error)
{
    json_t *data = NULL;
    struct client *client = open_client(f, timeout_ms, error);
    int code =
        client ? client_request(client, command, args, NULL, NULL, &data, error) : error->code;
    client_close(client);
    json_decref(args);
    if (ret_data && !code)
        *ret_data = data;
    else
        json_decref(data);
    return code;
}

void assert_serves(struct fixture *f)
{
    struct error error = {0};
    json_t *data = NULL;
    int code = request(f, "ping", NULL, 0, &data, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(code, 0);
    assert_string_equal(json_string_value(data), "pong");
    json_decref(data);
}

int server_tear_down(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    if (!f->ended) /* a sign of life, and the end */
        assert_int_equal(request(f, "stop", NULL, 0, NULL, &error), 0);
    assert_int_equal(pthread_join(f->thread, NULL), 0);
    assert_true(f->done);
    forget_delayed(&f->commands);
    cast_server.destroy(f->server);
    bus_destroy(f->bus);
    env_uv_destroy(f->env);
    listener_close(f->listener);
    home_remove(f->home);
    free(f->run_dir);
    free(f);
    return 0;
}

/* A client of our own making, for what ours would not send. */

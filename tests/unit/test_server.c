/* The server and its client, over real sockets: a server's loop with stand-ins for the members it
 * talks to runs in a thread; the test is the client. */
#define ROUSE_TOUCHES_THE_WORLD
#include "base/memory.h"
#include "coroutines/cast.h"
#include "scheduler/net/client.h"
#include "scheduler/net/keys.h"
#include "scheduler/net/listener.h"
#include "scheduler/net/wire.h"
#include "scheduler/run/process.h"
#include "scheduler/run/rundir.h"
#include "tests/lib/home.h"
#include "tests/lib/server_fixture.h"
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

enum { CLIENTS = 8, REQUESTS = 25 };

struct raw {
    void *context, *socket;
};

static void raw_open(struct fixture *f, struct raw *raw, int type)
{
    struct error error = {0};
    struct client_keys keys;
    int linger = 0, timeout = 30000;
    char endpoint[64];
    assert_int_equal(keys_read_client(f->run_dir, &keys, &error), 0);
    raw->context = zmq_ctx_new();
    raw->socket = zmq_socket(raw->context, type);
    zmq_setsockopt(raw->socket, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(raw->socket, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
    zmq_setsockopt(raw->socket, ZMQ_CURVE_SERVERKEY, keys.server, 40);
    zmq_setsockopt(raw->socket, ZMQ_CURVE_PUBLICKEY, keys.own.public_key, 40);
    zmq_setsockopt(raw->socket, ZMQ_CURVE_SECRETKEY, keys.own.secret_key, 40);
    snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", listener_port(f->listener));
    assert_int_equal(zmq_connect(raw->socket, endpoint), 0);
}

static void raw_close(struct raw *raw)
{
    zmq_close(raw->socket);
    zmq_ctx_term(raw->context);
}

/* The answer's text, heap; NULL if there is none in time. */
static char *raw_wait(struct raw *raw)
{
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    char *text = NULL;
    if (zmq_msg_recv(&frame, raw->socket, 0) >= 0)
        text = str_copy_n(zmq_msg_data(&frame), zmq_msg_size(&frame));
    zmq_msg_close(&frame);
    return text;
}

/* The answer's text, heap; there must be one. */
static char *raw_receive(struct raw *raw)
{
    char *text = raw_wait(raw);
    assert_non_null(text);
    return text;
}

static void raw_send(struct raw *raw, const void *bytes, size_t n)
{
    assert_int_equal(zmq_send(raw->socket, bytes, n, 0), n);
}

/* --- what is asked is answered --- */

static void a_command_goes_to_commands_with_its_arguments(void **state)
{
    struct error error = {0};
    json_t *data = NULL;
    json_t *args = json_pack("{s:[s,s]}", "ids", "1/a", "2/b");
    assert_int_equal(request(*state, "trigger", json_incref(args), 0, &data, &error), 0);
    assert_true(json_equal(data, args));
    json_decref(data);
    json_decref(args);
}

static void a_query_goes_to_the_viewer(void **state)
{
    assert_serves(*state);
}

static void an_error_arrives_with_its_text(void **state)
{
    struct error error = {0};
    assert_int_equal(request(*state, "refuse", NULL, 0, NULL, &error), -EREMOTEIO);
    assert_string_equal(error.text, "no such task: \"1/x\"");
}

static void on_chunk(void *context, const json_t *chunk)
{
    int *sum = context;
    *sum = *sum * 10 + (int)json_integer_value(chunk);
}

static void a_stream_comes_piece_by_piece(void **state)
{
    struct error error = {0};
    json_t *data = NULL;
    int seen = 0;
    struct client *client = open_client(*state, 0, &error);
    assert_int_equal(client_request(client, "chunks", NULL, on_chunk, &seen, &data, &error), 0);
    assert_int_equal(seen, 12);
    assert_int_equal(json_integer_value(data), 3);
    json_decref(data);
    client_close(client);
}

static void without_a_stream_the_pieces_come_together(void **state)
{
    struct raw raw;
    raw_open(*state, &raw, ZMQ_DEALER);
    const char *text = "{\"command\":\"chunks\",\"id\":\"mine\"}";
    raw_send(&raw, text, strlen(text));
    char *answer = raw_receive(&raw);
    assert_string_equal(answer, "{\"id\":\"mine\",\"chunks\":[1,2],\"data\":3}");
    free(answer);
    raw_close(&raw);
}

static void a_req_socket_is_answered_as_well(void **state)
{
    struct raw raw;
    raw_open(*state, &raw, ZMQ_REQ);
    const char *text = "{\"command\":\"ping\",\"args\":{},\"meta\":{}}";
    raw_send(&raw, text, strlen(text));
    char *answer = raw_receive(&raw);
    assert_string_equal(answer, "{\"data\":\"pong\"}");
    free(answer);
    raw_close(&raw);
}

static void a_jobs_messages_are_acknowledged_together(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    const struct wire_message said[] = {{.severity = 1, .text = "one", .when = 1, .offset = 10},
                                        {.severity = 2, .text = "two", .when = 2, .offset = 20}};
    json_t *args = wire_messages_write("1/a/01", said, 2);
    assert_int_equal(request(f, "message", args, 0, NULL, &error), 0);
    assert_int_equal(f->jobs.heard, 2);
    assert_int_equal(f->acknowledged, 20);
}

static void bad_messages_of_a_job_reach_nobody(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    assert_int_equal(request(f, "message", json_pack("{s:s}", "job", "1/a/01"), 0, NULL, &error),
                     -EREMOTEIO);
    assert_non_null(strstr(error.text, "bad message"));
    assert_int_equal(f->jobs.heard, 0);
}

static void *ask_often(void *argument)
{
    struct error error = {0};
    struct client *client = open_client(argument, 20000, &error);
    intptr_t answered = 0;
    for (int i = 0; client && i < REQUESTS; i++) {
        json_t *data = NULL;
        json_t *args = json_pack("{s:i}", "i", i);
        if (!client_request(client, "echo", args, NULL, NULL, &data, &error) &&
            json_equal(args, data))
            answered++;
        json_decref(args);
        json_decref(data);
    }
    client_close(client);
    return (void *)answered;
}

static void many_clients_each_get_their_own_answers(void **state)
{
    pthread_t threads[CLIENTS];
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, *state), 0);
    for (int i = 0; i < CLIENTS; i++) {
        void *answered;
        assert_int_equal(pthread_join(threads[i], &answered), 0);
        assert_int_equal((intptr_t)answered, REQUESTS);
    }
}

static void an_idle_server_is_never_resumed(void **state)
{
    struct fixture *f = *state;
    const struct timespec pause = {.tv_nsec = 100000000};
    assert_serves(f);
    clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL); /* the connection closes */
    uint64_t before = f->env->ready.resumed;
    clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
    assert_int_equal(f->env->ready.resumed, before);
}

/* --- who may ask --- */

static void a_client_with_an_unknown_key_is_refused(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    struct key_pair before, stranger;
    char *path = str_format("%s/.service/client.key_secret", f->run_dir);
    assert_int_equal(key_read(path, true, &before, &error), 0);
    assert_int_equal(zmq_curve_keypair(stranger.public_key, stranger.secret_key), 0);
    assert_int_equal(key_write(path, &stranger, true, &error), 0);
    assert_int_equal(request(f, "ping", NULL, 0, NULL, &error), -EACCES);
    assert_non_null(strstr(error.text, "refused our key"));
    assert_int_equal(listener_refused(f->listener), 1);
    assert_int_equal(key_write(path, &before, true, &error), 0);
    free(path);
    assert_serves(f);
}

static void a_key_added_while_it_runs_is_let_in(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    struct key_pair friend;
    char *secret = str_format("%s/.service/client.key_secret", f->run_dir);
    char *public_path = str_format("%s/.service/client_public_keys/client_far.key", f->run_dir);
    assert_int_equal(zmq_curve_keypair(friend.public_key, friend.secret_key), 0);
    assert_int_equal(key_write(secret, &friend, true, &error), 0);
    assert_int_equal(key_write(public_path, &friend, false, &error), 0);
    assert_serves(f);
    free(public_path);
    free(secret);
}

static void a_server_with_another_key_is_not_talked_to(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    struct key_pair before, other;
    char *path = str_format("%s/.service/server.key", f->run_dir);
    assert_int_equal(key_read(path, false, &before, &error), 0);
    assert_int_equal(zmq_curve_keypair(other.public_key, other.secret_key), 0);
    assert_int_equal(key_write(path, &other, false, &error), 0);
    int code = request(f, "ping", NULL, 2000, NULL, &error);
    assert_true(code == -EACCES || code == -ETIMEDOUT);
    assert_int_equal(key_write(path, &before, false, &error), 0);
    free(path);
}

static void a_missing_key_is_told(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    char *path = str_format("%s/.service/client.key_secret", f->run_dir);
    char *away = str_format("%s.away", path);
    assert_int_equal(rename(path, away), 0);
    assert_int_equal(request(f, "ping", NULL, 0, NULL, &error), -EACCES);
    assert_non_null(strstr(error.text, "client.key_secret"));
    assert_int_equal(rename(away, path), 0);
    free(away);
    free(path);
}

/* --- bad input --- */

static void garbage_is_answered_with_an_error(void **state)
{
    static const char *const garbage[] = {"nonsense", "{\"command\":", "\x01\x02\x03", "[1,2]",
                                          "{\"args\":{}}"};
    struct raw raw;
    raw_open(*state, &raw, ZMQ_DEALER);
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        raw_send(&raw, garbage[i], strlen(garbage[i]));
        char *answer = raw_receive(&raw);
        assert_non_null(strstr(answer, "{\"error\":{\"message\":\"bad request"));
        free(answer);
    }
    raw_close(&raw);
    assert_serves(*state);
}

static void frames_in_the_wrong_number_are_answered_with_an_error(void **state)
{
    struct raw raw;
    raw_open(*state, &raw, ZMQ_DEALER);
    for (int frames = 2; frames < 6; frames++) {
        for (int i = 1; i < frames; i++)
            assert_int_equal(zmq_send(raw.socket, "x", 1, ZMQ_SNDMORE), 1);
        raw_send(&raw, "y", 1);
        char *answer = raw_receive(&raw);
        assert_non_null(strstr(answer, "bad request: not one frame"));
        free(answer);
    }
    raw_send(&raw, "", 0);
    char *answer = raw_receive(&raw);
    assert_non_null(strstr(answer, "bad request"));
    free(answer);
    raw_close(&raw);
    assert_serves(*state);
}

static void a_large_request_is_refused_and_the_rest_goes_on(void **state)
{
    struct raw raw;
    size_t n = WIRE_REQUEST_MAX + 1;
    char *bytes = mem_new(n);
    memset(bytes, ' ', n);
    raw_open(*state, &raw, ZMQ_DEALER);
    raw_send(&raw, bytes, n);
    char *answer = raw_receive(&raw);
    assert_non_null(strstr(answer, "too large"));
    free(answer);
    free(bytes);
    raw_close(&raw);
    assert_serves(*state);
}

static void an_enormous_frame_ends_that_connection_only(void **state)
{
    struct raw raw;
    size_t n = LISTENER_FRAME_MAX + 1;
    char *bytes = mem_new(n);
    raw_open(*state, &raw, ZMQ_DEALER);
    int timeout = 300;
    zmq_setsockopt(raw.socket, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
    raw_send(&raw, bytes, n);
    assert_null(raw_wait(&raw));
    free(bytes);
    raw_close(&raw);
    assert_serves(*state);
}

static void bytes_that_are_no_zmq_do_no_harm(void **state)
{
    struct fixture *f = *state;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)listener_port(f->listener)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    const char *text = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_true(send(fd, text, strlen(text), MSG_NOSIGNAL) > 0);
    assert_serves(f);
    close(fd);
}

static void a_client_that_leaves_does_no_harm(void **state)
{
    struct raw raw;
    raw_open(*state, &raw, ZMQ_DEALER);
    const char *ask = "{\"command\":\"ping\"}", *never = "{\"command\":\"never\"}";
    raw_send(&raw, ask, strlen(ask));
    free(raw_receive(&raw));
    raw_send(&raw, never, strlen(never));
    raw_close(&raw);
    assert_serves(*state);
}

/* --- no answer --- */

static void waiting_ends_after_the_time_given(void **state)
{
    struct error error = {0};
    assert_int_equal(request(*state, "never", NULL, 200, NULL, &error), -ETIMEDOUT);
    assert_non_null(strstr(error.text, "0.2 s"));
}

static void a_workflow_that_does_not_run_is_told(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    char *path = str_format("%s/.service/contact", f->run_dir);
    char *away = str_format("%s.away", path);
    assert_int_equal(rename(path, away), 0);
    assert_int_equal(request(f, "ping", NULL, 0, NULL, &error), -ENOENT);
    assert_string_equal(error.text, "flow is not running");
    assert_int_equal(rename(away, path), 0);
    free(away);
    free(path);
}

/* A socket that has a port and does not listen: nobody else can. */
static int take_port(int *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static void a_port_where_nobody_listens_is_told_at_once(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    struct contact contact;
    assert_int_equal(contact_read(f->run_dir, &contact, &error), 0);
    int port = contact.port;
    int fd = take_port(&contact.port);
    assert_int_equal(contact_remove(f->run_dir, NULL, &error), 0);
    assert_int_equal(contact_write(f->run_dir, &contact, &error), 0);
    assert_int_equal(request(f, "ping", NULL, 60000, NULL, &error), -ECONNREFUSED);
    close(fd);
    contact.port = port;
    assert_int_equal(contact_remove(f->run_dir, NULL, &error), 0);
    assert_int_equal(contact_write(f->run_dir, &contact, &error), 0);
    contact_release(&contact);
}

static void a_taken_port_is_passed_over_and_a_full_range_refused(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    int port = listener_port(f->listener);
    struct listener_options options = {
        .run_dir = f->run_dir, .address = "127.0.0.1", .port_first = port, .port_last = PORT_LAST};
    struct listener *next = listener_open(&options, &error);
    assert_non_null(next);
    assert_true(listener_port(next) > port);
    listener_close(next);
    options.port_last = port;
    assert_null(listener_open(&options, &error));
    assert_int_equal(error.code, -EADDRINUSE);
    assert_non_null(strstr(error.text, "no free port"));
}

/* --- the end --- */

static void a_shutdown_answers_what_is_still_asked(void **state)
{
    struct fixture *f = *state;
    struct raw raw;
    struct error error = {0};
    raw_open(f, &raw, ZMQ_DEALER);
    const char *never = "{\"command\":\"never\"}", *ping = "{\"command\":\"ping\"}";
    raw_send(&raw, never, strlen(never));
    raw_send(&raw, ping, strlen(ping)); /* once this is answered, the server has the other */
    free(raw_receive(&raw));
    assert_int_equal(request(f, "stop", NULL, 0, NULL, &error), 0);
    char *answer = raw_receive(&raw);
    assert_string_equal(answer, "{\"error\":{\"message\":\"the workflow has shut down\"}}");
    free(answer);
    raw_close(&raw);
}

static void a_fault_is_the_answer_to_everything(void **state)
{
    struct error error = {0};
    assert_int_equal(request(*state, "fault", NULL, 0, NULL, &error), -EREMOTEIO);
    assert_string_equal(error.text, "the scheduler has stopped: disk full");
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, server_set_up, server_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_command_goes_to_commands_with_its_arguments),
        CASE(a_query_goes_to_the_viewer),
        CASE(an_error_arrives_with_its_text),
        CASE(a_stream_comes_piece_by_piece),
        CASE(without_a_stream_the_pieces_come_together),
        CASE(a_req_socket_is_answered_as_well),
        CASE(a_jobs_messages_are_acknowledged_together),
        CASE(bad_messages_of_a_job_reach_nobody),
        CASE(many_clients_each_get_their_own_answers),
        CASE(an_idle_server_is_never_resumed),
        CASE(a_client_with_an_unknown_key_is_refused),
        CASE(a_key_added_while_it_runs_is_let_in),
        CASE(a_server_with_another_key_is_not_talked_to),
        CASE(a_missing_key_is_told),
        CASE(garbage_is_answered_with_an_error),
        CASE(frames_in_the_wrong_number_are_answered_with_an_error),
        CASE(a_large_request_is_refused_and_the_rest_goes_on),
        CASE(an_enormous_frame_ends_that_connection_only),
        CASE(bytes_that_are_no_zmq_do_no_harm),
        CASE(a_client_that_leaves_does_no_harm),
        CASE(waiting_ends_after_the_time_given),
        CASE(a_workflow_that_does_not_run_is_told),
        CASE(a_port_where_nobody_listens_is_told_at_once),
        CASE(a_taken_port_is_passed_over_and_a_full_range_refused),
        CASE(a_shutdown_answers_what_is_still_asked),
        CASE(a_fault_is_the_answer_to_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

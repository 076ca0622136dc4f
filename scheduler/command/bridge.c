/* See bridge.h.
 *
 *   scheduler --(stream xtrigger-host)--> bridge --(lines)--> program
 *   scheduler <--(xtrigger-say)---------- bridge <--(lines)-- program
 *
 * After a new connection the scheduler starts all calls again, as many as its `hello` says; those
 * which the program has are not told once more, and what it has not started again by then is over:
 * kept, if it was satisfied, else cancelled. */
#define ROUSE_TOUCHES_THE_WORLD
#include "scheduler/command/bridge.h"
#include "scheduler/command/bridge_calls.h"
#include "scheduler/command/bridge_child.h"
#include "scheduler/net/client.h"
#include "xtriggers/host_wire.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

enum { RETRY_FIRST_MS = 100, RETRY_LAST_MS = 5000, BEATS_MISSED = 3, AT_ONCE_MS = 1 };

struct say { /* under way */
    uint64_t request;
    uint64_t number; /* the call that is satisfied; 0: something else */
    bool is_beat;
    int64_t when;
};

struct check { /* that the program has not answered */
    uint64_t number, remote;
};

struct bridge {
    const struct invocation *invocation;
    const struct bridge_options *options;
    struct client *client; /* NULL: no connection */
    uint64_t stream;
    bool served;  /* by this connection's scheduler */
    bool greeted; /* the program has got its hello */
    json_int_t starts_to_come;
    struct bridge_calls calls;
    struct bridge_child child;
    VEC(struct say) says;
    VEC(struct check) checks;
    int signals;
    int64_t now, retry_at, retry_delay, beat_at; /* milliseconds */
    unsigned complaints;
    char *trouble; /* what was told last of the connection */
    bool over, child_ended;
    bool at_once; /* we were told to end */
    int status;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- telling the user --- */

static void complain(struct bridge *self, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void complain(struct bridge *self, const char *format, ...)
{
    if (++self->complaints > BRIDGE_COMPLAINTS_MAX)
        return;
    struct text text = {0};
    va_list args;
    va_start(args, format);
    text_vaddf(&text, format, args);
    va_end(args);
    (void)fprintf(stderr, "%s: %s: %s%s\n", self->invocation->program, self->options->title,
                  text_string(&text),
                  self->complaints == BRIDGE_COMPLAINTS_MAX ? " (no more of these is told)" : "");
    text_release(&text);
}

static void end(struct bridge *self, int status)
{
    self->over = true;
    self->status = status;
}

static void fail(struct bridge *self, const char *what)
{
    end(self, command_failf(self->invocation, EXIT_FAILED, "%s", what));
}

/* Once for each different trouble. */
static void tell(struct bridge *self, const char *what)
{
    if (self->trouble && strcmp(self->trouble, what) == 0)
        return;
    free(self->trouble);
    self->trouble = str_copy(what);
    if (!self->invocation->quiet)
        (void)fprintf(stderr, "%s: %s\n", self->invocation->program, what);
}

/* --- the connection --- */

static void disconnect(struct bridge *self)
{
    client_close(self->client);
    self->client = NULL;
    self->served = false;
    vec_clear(&self->says);
    vec_clear(&self->checks);
    bridge_calls_lose(&self->calls);
}

static void lose(struct bridge *self, const char *why)
{
    char *text = str_format("%s: trying again", why);
    tell(self, text);
    free(text);
    disconnect(self);
    self->retry_at = self->now + self->retry_delay;
    self->retry_delay *= 2;
    if (self->retry_delay > RETRY_LAST_MS)
        self->retry_delay = RETRY_LAST_MS;
}

static void connect_again(struct bridge *self)
{
    const struct workflow_place *place = self->options->place;
    const struct client_options options = {.run_dir = place->run_dir,
                                           .workflow_id = place->id,
                                           .program = self->invocation->program,
                                           .timeout_ms = self->invocation->timeout_ms};
    struct error error = {0};
    self->client = client_open(&options, &error);
    json_t *args = json_pack("{s:O, s:f}", "register", self->options->names, "heartbeat",
                             self->options->heartbeat);
    int code = self->client
                   ? client_send(self->client, "xtrigger-host", args, true, &self->stream, &error)
                   : error.code;
    json_decref(args);
    if (code)
        lose(self, error.text);
    else
        self->beat_at = self->now + (int64_t)(self->options->heartbeat * 1000);
}

/* message is taken over; it gets the number of this connection's stream. */
static void send_say(struct bridge *self, json_t *message, uint64_t number, bool is_beat)
{
    struct error error = {0};
    uint64_t request;
    json_object_set_new(message, "host", json_integer((json_int_t)self->stream));
    int code = client_send(self->client, "xtrigger-say", message, false, &request, &error);
    json_decref(message);
    if (code == -EMSGSIZE)
        complain(self, "%s", error.text);
    else if (code)
        lose(self, error.text);
    else
        *vec_push(&self->says) = (struct say){request, number, is_beat, self->now};
}

static void beat(struct bridge *self)
{
    int64_t interval = (int64_t)(self->options->heartbeat * 1000);
    VEC_EACH (struct say, say, &self->says)
        if (say->is_beat && self->now - say->when > interval * BEATS_MISSED) {
            lose(self, "the scheduler does not answer");
            return;
        }
    self->beat_at = self->now + interval;
    if (self->served)
        send_say(self, json_pack("{s:b}", "heartbeat", 1), 0, true);
}

/* --- to the program --- */

/* message is taken over. */
static void tell_child(struct bridge *self, json_t *message)
{
    struct error error = {0};
    char *line = json_dumps(message, JSON_COMPACT);
    json_decref(message);
    if (!self->child_ended && bridge_child_tell(&self->child, line, &error))
        fail(self, error.text);
    free(line);
}

static void tell_number(struct bridge *self, const char *what, uint64_t number)
{
    tell_child(self, json_pack("{s:I}", what, (json_int_t)number));
}

static void end_call(struct bridge *self, struct bridge_call *call, const char *how)
{
    tell_number(self, how, call->number);
    bridge_calls_end(&self->calls, call);
}

/* All starts have come: what is not among them is over. */
static void settle(struct bridge *self)
{
    for (struct bridge_call *call; (call = bridge_calls_lost(&self->calls));)
        end_call(self, call, bridge_call_is_satisfied(call) ? "kept" : "cancel");
}

/* The scheduler has not heard yet what was said on a connection before. */
static void say_again(struct bridge *self, const struct bridge_call *call)
{
    json_t *message = json_copy(call->said);
    bool satisfied = bridge_call_is_satisfied(call);
    json_object_set_new(message, satisfied ? "satisfied" : "watching",
                        json_integer((json_int_t)call->remote));
    send_say(self, message, satisfied ? call->number : 0, false);
}

static void hear_start(struct bridge *self, const json_t *start)
{
    const char *signature = json_string_value(json_object_get(start, "signature"));
    json_int_t remote = json_integer_value(json_object_get(start, "start"));
    bool known;
    if (!signature || remote <= 0)
        return;
    struct bridge_call *call =
        bridge_calls_start(&self->calls, signature, (uint64_t)remote, &known);
    if (!known) {
        json_t *message = json_copy((json_t *)(uintptr_t)start);
        json_object_set_new(message, "start", json_integer((json_int_t)call->number));
        tell_child(self, message);
    } else if (call->said) {
        say_again(self, call);
    }
    if (self->starts_to_come && --self->starts_to_come == 0)
        settle(self);
}

static void hear_hello(struct bridge *self, const json_t *hello)
{
    self->served = true;
    self->retry_delay = RETRY_FIRST_MS;
    self->starts_to_come = json_integer_value(json_object_get(hello, "starts"));
    if (!self->invocation->quiet && self->trouble)
        (void)fprintf(stderr, "%s: connected to %s\n", self->invocation->program,
                      self->options->place->id);
    free(self->trouble);
    self->trouble = NULL;
    if (!self->greeted) {
        json_t *message = json_copy((json_t *)(uintptr_t)hello);
        json_object_set_new(message, "run_dir", json_string(self->options->place->run_dir));
        tell_child(self, message); /* the run directory as it is called here */
    }
    self->greeted = true;
    if (!self->starts_to_come)
        settle(self);
}

static void hear_check(struct bridge *self, const json_t *check)
{
    json_t *message = json_copy((json_t *)(uintptr_t)check);
    struct check asked = {.number = ++self->calls.last,
                          .remote = (uint64_t)json_integer_value(json_object_get(check, "check"))};
    *vec_push(&self->checks) = asked;
    json_object_set_new(message, "check", json_integer((json_int_t)asked.number));
    tell_child(self, message);
}

static void hear_chunk(struct bridge *self, const json_t *message)
{
    if (json_object_get(message, "hello")) {
        hear_hello(self, message);
    } else if (json_object_get(message, "start")) {
        hear_start(self, message);
    } else if (json_object_get(message, "check")) {
        hear_check(self, message);
    } else {
        const char *how = json_object_get(message, "kept") ? "kept" : "cancel";
        json_int_t remote = json_integer_value(json_object_get(message, how));
        struct bridge_call *call = bridge_calls_remote(&self->calls, (uint64_t)remote);
        if (remote > 0 && call)
            end_call(self, call, how);
    }
}

/* --- from the scheduler --- */

static void hear_end(struct bridge *self, const struct wire_answer *answer)
{
    const char *why = json_string_value(json_object_get(answer->value, "end"));
    if (answer->kind == WIRE_ERROR && !self->served && !self->greeted)
        fail(self, answer->message);
    else if (answer->kind == WIRE_ERROR)
        lose(self, answer->message);
    else if (json_is_true(json_object_get(answer->value, "again")))
        lose(self, why ? why : "the stream ended");
    else if (json_is_true(json_object_get(answer->value, "complete")))
        tell(self, why ? why : "the workflow is complete"), end(self, EXIT_OK);
    else
        fail(self, why ? why : "the stream ended");
}

static void hear_reply(struct bridge *self, const struct say *say, const struct wire_answer *answer)
{
    struct bridge_call *call = say->number ? bridge_calls_number(&self->calls, say->number) : NULL;
    if (answer->kind == WIRE_ERROR && say->is_beat)
        lose(self, answer->message);
    else if (answer->kind == WIRE_ERROR)
        complain(self, "%s", answer->message);
    else if (call)
        end_call(self, call, "kept");
}

static void hear_answer(struct bridge *self, const struct wire_answer *answer)
{
    if (answer->id == self->stream) {
        if (answer->kind == WIRE_CHUNK)
            hear_chunk(self, answer->value);
        else
            hear_end(self, answer);
        return;
    }
    for (size_t i = 0; i < self->says.n; i++)
        if (self->says.at[i].request == answer->id) {
            struct say say = self->says.at[i];
            self->says.at[i] = self->says.at[--self->says.n];
            hear_reply(self, &say, answer);
            return;
        }
}

static void hear_scheduler(struct bridge *self)
{
    int code = 0;
    while (!code && self->client && !self->over) {
        struct wire_answer answer;
        struct error error = {0};
        code = client_wait(self->client, 0, AT_ONCE_MS, &answer, &error);
        if (!code) {
            hear_answer(self, &answer);
            wire_answer_release(&answer);
        } else if (code != -ETIMEDOUT) {
            lose(self, error.text);
        }
    }
}

/* --- from the program --- */

/* What it says of a call is sent, or kept until the scheduler has started the call again. */
static void say_of(struct bridge *self, struct bridge_call *call, const struct host_message *said)
{
    bool stays = said->verb == HOST_SATISFIED || said->verb == HOST_WATCHING;
    if (bridge_call_is_satisfied(call) && said->verb != HOST_LOG)
        return;
    if (stays) {
        json_decref(call->said);
        call->said = json_incref(said->json);
    }
    if (call->remote) {
        json_t *copy = json_copy(said->json);
        json_object_set_new(copy, host_verbs[said->verb], json_integer((json_int_t)call->remote));
        send_say(self, copy, said->verb == HOST_SATISFIED ? call->number : 0, false);
    }
    if (!stays && said->verb != HOST_LOG)
        bridge_calls_end(&self->calls, call);
}

static bool is_of_call(enum host_verb verb)
{
    return verb == HOST_WATCHING || verb == HOST_SATISFIED || verb == HOST_NOT_YET ||
           verb == HOST_FAIL || verb == HOST_LOG;
}

/* An answer to another connection's check is late. */
static void say_checked(struct bridge *self, const struct host_message *said)
{
    VEC_EACH (struct check, check, &self->checks)
        if (check->number == said->number) {
            json_t *message = json_copy(said->json);
            json_object_set_new(message, "checked", json_integer((json_int_t)check->remote));
            *check = *vec_last(&self->checks);
            self->checks.n--;
            send_say(self, message, 0, false);
            return;
        }
}

/* What it says of a call that is over is late, and ignored. */
static void hear_message(struct bridge *self, const struct host_message *said, const char *line)
{
    struct bridge_call *call = bridge_calls_number(&self->calls, said->number);
    if (said->verb == HOST_REGISTER && !json_array_size(self->options->names))
        json_array_extend(self->options->names, said->names);
    else if (said->verb == HOST_CHECKED)
        say_checked(self, said);
    else if (is_of_call(said->verb) && call)
        say_of(self, call, said);
    else if (is_of_call(said->verb) && (!said->number || said->number > self->calls.last))
        complain(self, "it speaks of a call that was never started: %.200s", line);
    else if (said->verb < HOST_REGISTER)
        complain(self, "that is not for a program to say: %.200s", line);
}

static void hear_line(struct bridge *self, const char *line)
{
    struct host_message said = {0};
    struct error error = {0};
    if (host_message_read(line, strlen(line), &said, &error))
        complain(self, "%s: %.200s", error.text, line);
    else
        hear_message(self, &said, line);
    host_message_release(&said);
}

static bool has_room(const struct bridge *self)
{
    return self->says.n < BRIDGE_SAYS_MAX;
}

static void hear_child(struct bridge *self)
{
    struct error error = {0};
    if (bridge_child_read(&self->child, &error))
        fail(self, error.text);
    if (self->child.silent && !self->options->arguments)
        self->child_ended = true; /* who has started us wants no more */
}

static void hear_lines(struct bridge *self)
{
    char *line = NULL;
    while (!self->over && has_room(self) && (line = bridge_child_line(&self->child)))
        hear_line(self, line);
}

/* Its last words are sent and answered before we end. */
static void follow_child(struct bridge *self)
{
    int how = 0;
    if (!bridge_child_has_ended(&self->child, &how))
        return;
    while (!self->over && !self->child.silent && bridge_child_is_readable(&self->child))
        hear_child(self);
    self->child_ended = true;
    const char *name = self->options->title;
    if (WIFSIGNALED(how))
        self->status = command_failf(self->invocation, EXIT_FAILED, "%s was ended by signal %d",
                                     name, WTERMSIG(how));
    else if (WEXITSTATUS(how))
        self->status = command_failf(self->invocation, EXIT_FAILED, "%s ended with status %d", name,
                                     WEXITSTATUS(how));
}

/* --- the loop --- */

static void take_signals(struct bridge *self)
{
    struct signalfd_siginfo info;
    while (read(self->signals, &info, sizeof info) == (ssize_t)sizeof info)
        if (info.ssi_signo == SIGCHLD)
            follow_child(self);
        else
            self->at_once = true, end(self, EXIT_OK);
}

static int time_left(const struct bridge *self)
{
    int64_t next = self->client ? self->beat_at : self->retry_at;
    if (!json_array_size(self->options->names))
        return -1; /* it is still to say what it serves */
    return next > self->now ? (int)(next - self->now) : 0;
}

static void wait_for_events(struct bridge *self)
{
    struct bridge_child *child = &self->child;
    bool ready = false, hears = has_room(self) && !child->silent;
    bool tells = child->unwritten.n > 0;
    struct pollfd events[] = {
        {.fd = self->signals, .events = POLLIN},
        {.fd = hears && !self->child_ended ? child->out : -1, .events = POLLIN},
        {.fd = tells && !self->child_ended ? child->in : -1, .events = POLLOUT}};
    int code = client_poll(self->client, events, 3, time_left(self), &ready);
    self->now = now_ms();
    if (code)
        fail(self, strerror(-code));
    if (events[2].revents)
        bridge_child_write(child);
    if (events[1].revents)
        hear_child(self);
    if (events[0].revents)
        take_signals(self);
    if (ready)
        hear_scheduler(self);
}

/* Whether something that the program said is still to be acknowledged. */
static bool has_unfinished(const struct bridge *self)
{
    for (const struct bridge_call *call = self->calls.by_number; call; call = call->by_number.next)
        if (bridge_call_is_satisfied(call))
            return true;
    return self->says.n > 0 || bridge_child_has_line(&self->child);
}

static void turn(struct bridge *self)
{
    bool named = json_array_size(self->options->names) > 0;
    if (named && !self->client && self->now >= self->retry_at)
        connect_again(self);
    else if (self->client && self->now >= self->beat_at)
        beat(self);
    wait_for_events(self);
    hear_lines(self);
    if (self->child_ended && !has_unfinished(self))
        self->over = true;
}

/* Tell the scheduler that nobody serves any more. */
static void leave(struct bridge *self)
{
    struct error error = {0};
    struct wire_answer answer = {.kind = WIRE_CHUNK};
    uint64_t ignored;
    json_t *args = json_pack("{s:I}", "id", (json_int_t)self->stream);
    int code = client_send(self->client, "cancel", args, false, &ignored, &error);
    while (!code && answer.kind == WIRE_CHUNK) {
        code = client_wait(self->client, self->stream, BRIDGE_PATIENCE_MS, &answer, &error);
        if (!code)
            wire_answer_release(&answer);
    }
    json_decref(args);
}

static int begin(struct bridge *self, struct error *error)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    self->signals = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (self->signals < 0)
        return error_set(error, -errno, "cannot follow signals: %s", strerror(errno));
    if (!self->options->arguments)
        return bridge_child_is_parent(&self->child, error);
    return bridge_child_start(&self->child, self->options->arguments, self->options->channel,
                              error);
}

int bridge_run(const struct invocation *invocation, const struct bridge_options *options)
{
    struct error error = {0};
    struct bridge self = {.invocation = invocation,
                          .options = options,
                          .signals = -1,
                          .retry_delay = RETRY_FIRST_MS,
                          .child = {.in = -1, .out = -1}};
    self.now = now_ms();
    if (begin(&self, &error))
        end(&self, command_fail(invocation, EXIT_FAILED, &error));
    while (!self.over)
        turn(&self);
    if (self.client && self.served)
        leave(&self);
    disconnect(&self);
    if (!self.at_once)
        bridge_child_finish(&self.child);
    bridge_child_end(&self.child);
    bridge_calls_release(&self.calls);
    vec_release(&self.says);
    vec_release(&self.checks);
    free(self.trouble);
    if (self.signals >= 0)
        close(self.signals);
    return self.status;
}

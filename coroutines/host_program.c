/* See host_program.h.
 *
 * A seat is a call that the xtriggers want to have made: it waits until a program serves its
 * function, is started there under a number, and is over when the program has said so, which may
 * take another start later. What is satisfied keeps its number until the results are committed;
 * then the program's message is answered. */
#include "coroutines/host_program.h"
#include "base/table.h"
#include "coroutines/program.h"
#include "coroutines/xtrigger_check.h"
#include "xtriggers/host_wire.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static const double heartbeat_min = 0.1, heartbeat_max = 3600;

struct seat {
    struct host_call *call;
    struct function *function;
    uint64_t number;         /* what its program knows it by; 0: it is not started */
    struct program *program; /* that was told; NULL: none, or it is gone */
    bool wanted;             /* asked for and not over */
    bool satisfied;
    bool alone;       /* people were told that it has no program */
    uint64_t request; /* of the message to be answered after the commit; 0: none */
    struct seat *next, *previous;
    UT_hash_handle hh; /* by number */
};

struct function {
    struct host host; /* first */
    struct programs *owner;
    char *name;
    struct program *program;        /* who serves it; NULL: nobody */
    struct seat *seats, *last_seat; /* oldest first */
    UT_hash_handle hh;              /* by name */
};

struct programs {
    struct actor *actor;
    struct program *first;
    unsigned n;
    struct function *functions;
    struct seat *numbered;
    uint64_t last_number;
    bool begun, ended;
};

/* --- answering --- */

static void reply(struct programs *self, uint64_t id, enum reply_kind kind, const char *text)
{
    if (id && !self->ended)
        actor_say(self->actor,
                  &(struct message){
                      .topic = TOPIC_REPLY, .id = id, .number = kind, .text = slice_of(text)});
}

static void log_for(struct program *program, const char *text)
{
    if (program_may_log(program))
        actor_log(program->actor, LOG_WARNING_LEVEL, "xtrigger program: %s", text);
}

/* --- seats --- */

static void tell(struct seat *seat, enum host_verb verb)
{
    struct text message = {0};
    if (!seat->program || seat->function->owner->ended)
        return;
    host_say(&message, verb, seat->number);
    program_tell(seat->program, text_string(&message));
    text_release(&message);
}

/* Its program does not know it any more. */
static void forget_number(struct seat *seat)
{
    if (seat->number)
        HASH_DEL(seat->function->owner->numbered, seat);
    seat->number = 0;
    seat->program = NULL;
}

static void start(struct seat *seat)
{
    struct programs *self = seat->function->owner;
    struct text message = {0};
    seat->number = ++self->last_number;
    seat->program = seat->function->program;
    HASH_ADD(hh, self->numbered, number, sizeof seat->number, seat);
    if (seat->alone)
        watch_well(seat->call);
    seat->alone = false;
    watch_begun(seat->call);
    host_say_start(&message, seat->number, &seat->call->call, seat->call->deadline);
    program_tell(seat->program, text_string(&message));
    text_release(&message);
}

/* It was started in a program that is gone: it waits for the next one. */
static void lose_program(struct seat *seat, const char *why)
{
    forget_number(seat);
    if (seat->satisfied)
        return;
    watch_queued(seat->call); /* no deadline without a program */
    watch_problem(seat->call, why);
    seat->alone = true;
}

/* --- the host --- */

static struct seat *seat_create(struct function *function, struct host_call *call)
{
    struct seat *seat = NEW(struct seat);
    seat->call = call;
    seat->function = function;
    seat->previous = function->last_seat;
    if (seat->previous)
        seat->previous->next = seat;
    else
        function->seats = seat;
    function->last_seat = seat;
    call->seat = seat;
    return seat;
}

static void seat_destroy(struct seat *seat)
{
    forget_number(seat);
    if (seat->previous)
        seat->previous->next = seat->next;
    else
        seat->function->seats = seat->next;
    if (seat->next)
        seat->next->previous = seat->previous;
    else
        seat->function->last_seat = seat->previous;
    seat->call->seat = NULL;
    free(seat);
}

static void ask(struct host *host, struct host_call *call)
{
    struct function *function = (struct function *)host;
    struct seat *seat = call->seat ? call->seat : seat_create(function, call);
    seat->wanted = true;
    if (function->program && function->owner->begun)
        start(seat);
    if (function->program)
        return;
    char *why =
        str_format("no program serves \"%s\": rouse xtrigger-host %s %s -- COMMAND", function->name,
                   function->owner->actor->context->workflow_id, function->name);
    watch_problem(call, why);
    seat->alone = true;
    free(why);
}

static bool cancel(struct host *host, struct host_call *call)
{
    struct function *function = (struct function *)host;
    struct seat *seat = call->seat;
    if (!seat)
        return true;
    if (seat->number && !seat->satisfied)
        tell(seat, HOST_CANCEL);
    reply(function->owner, seat->request, REPLY_ERROR, "nobody waits for it any more");
    seat_destroy(seat);
    return true;
}

static void kept(struct host *host, struct host_call *call)
{
    struct function *function = (struct function *)host;
    struct seat *seat = call->seat;
    if (!seat)
        return;
    tell(seat, HOST_KEPT);
    reply(function->owner, seat->request, REPLY_DONE, "{}");
    seat->request = 0;
    forget_number(seat);
}

static void late(struct host *host, struct host_call *call)
{
    (void)host;
    struct seat *seat = call->seat;
    tell(seat, HOST_CANCEL);
    forget_number(seat);
    seat->wanted = false;
}

static const struct host_type program_host = {ask, cancel, kept, late};

static struct function *find_function(struct programs *self, const char *name)
{
    struct function *function;
    HASH_FIND_STR(self->functions, name, function);
    return function;
}

static struct function *function_of(struct programs *self, const char *name)
{
    struct function *function = find_function(self, name);
    if (function)
        return function;
    function = NEW(struct function);
    function->host.type = &program_host;
    function->owner = self;
    function->name = str_copy(name);
    HASH_ADD_KEYPTR(hh, self->functions, function->name, strlen(name), function);
    return function;
}

struct host *programs_host(struct programs *self, const char *name)
{
    return &function_of(self, name)->host;
}

/* --- programs come and go --- */

static void lose_function(struct function *function, const char *why)
{
    char *text = str_format("the program that serves \"%s\" %s", function->name, why);
    function->program = NULL;
    for (struct seat *seat = function->seats; seat; seat = seat->next)
        if (seat->number)
            lose_program(seat, text);
    free(text);
}

static void hear_lost(struct program *program)
{
    struct programs *self = program->owner;
    struct program **at = &self->first;
    while (*at != program)
        at = &(*at)->next;
    *at = program->next;
    self->n--;
    if (self->ended)
        return;
    struct function *function, *next;
    HASH_ITER(hh, self->functions, function, next)
    if (function->program == program)
        lose_function(function, program->why);
    for (struct seat *seat = self->numbered; seat; seat = seat->hh.next)
        if (seat->program == program) /* satisfied, its name taken over by another one */
            seat->program = NULL;
    actor_log(self->actor, LOG_WARNING_LEVEL, "a program that served xtriggers %s", program->why);
    if (!program->left)
        program_say_end(program, program->why, program->again, false);
}

static bool serves_any(const struct programs *self, const struct program *program)
{
    for (const struct function *function = self->functions; function; function = function->hh.next)
        if (function->program == program)
            return true;
    return false;
}

/* The newest program of a name gets it: an older one may be dead without our knowing it yet. */
static void take_over(struct function *function, struct program *program)
{
    struct program *older = function->program;
    for (struct seat *seat = function->seats; older && seat; seat = seat->next)
        if (seat->number && !seat->satisfied) {
            tell(seat, HOST_CANCEL);
            forget_number(seat);
        }
    function->program = program;
    if (older && older != program && !serves_any(function->owner, older))
        program_lose(older, false, "was replaced: another program serves \"%s\" now",
                     function->name);
}

static void start_all(struct function *function)
{
    for (struct seat *seat = function->seats; seat; seat = seat->next)
        if (seat->wanted && !seat->number)
            start(seat);
}

static json_int_t count_starts(const struct program *program, struct programs *self)
{
    json_int_t n = 0;
    for (const struct function *function = self->functions; function; function = function->hh.next)
        for (const struct seat *seat = function->seats; seat && function->program == program;
             seat = seat->next)
            n += seat->wanted && !seat->number;
    return n;
}

/* Arguments that are wrong are told before any task waits. */
static void check_all(struct programs *self, struct program *program)
{
    const struct workflow *workflow = self->actor->context->workflow;
    bool *called = xtriggers_called(workflow);
    for (uint32_t i = 0; i < workflow->n_xtriggers; i++) {
        const struct function *function =
            called[i] ? find_function(self, workflow->xtriggers[i].function) : NULL;
        if (function && function->program == program)
            program_check(program, ++self->last_number, &workflow->xtriggers[i]);
    }
    free(called);
}

static void greet(struct programs *self, struct program *program)
{
    const struct cast_context *context = self->actor->context;
    /* A directory whose name is not UTF-8 is null. */
    json_t *hello =
        json_pack("{s:i, s:o?, s:o?, s:s, s:I}", "hello", HOST_WIRE_VERSION, "workflow",
                  json_string(context->workflow_id), "run_dir", json_string(context->run_dir),
                  "version", ROUSE_VERSION, "starts", count_starts(program, self));
    char *text = json_dumps(hello, JSON_COMPACT);
    program_tell(program, text);
    free(text);
    json_decref(hello);
    for (struct function *function = self->functions; function; function = function->hh.next)
        if (function->program == program)
            start_all(function);
    check_all(self, program);
}

/* --- what they say --- */

static int check_register(struct programs *self, const struct host_message *said,
                          struct error *error)
{
    size_t i;
    json_t *name;
    double heartbeat = said->heartbeat;
    if (said->verb != HOST_REGISTER)
        return error_set(error, -EINVAL, "xtrigger-host: \"register\" must be a list of names");
    if (json_array_size(said->names) > PROGRAM_NAMES_MAX)
        return error_set(error, -E2BIG, "xtrigger-host: more than %d names", PROGRAM_NAMES_MAX);
    if (self->n >= PROGRAMS_MAX)
        return error_set(error, -EAGAIN, "xtrigger-host: %d programs are connected already",
                         PROGRAMS_MAX);
    if (json_object_get(said->json, "heartbeat") &&
        !(heartbeat >= heartbeat_min && heartbeat <= heartbeat_max))
        return error_set(error, -EINVAL, "xtrigger-host: \"heartbeat\" must be %g to %g seconds",
                         heartbeat_min, heartbeat_max);
    json_array_foreach(said->names, i, name)
    {
        if (!workflow_has_xtrigger_program(self->actor->context->workflow, json_string_value(name)))
            return error_set(error, -ENOENT,
                             "xtrigger-host: \"%.64s\" is not among [scheduling]xtrigger programs",
                             json_string_value(name));
    }
    return 0;
}

static void hear_register(struct programs *self, uint64_t id, const struct host_message *said)
{
    size_t i;
    json_t *name;
    bool says = json_object_get(said->json, "heartbeat");
    struct program *program = program_create(
        self->actor, id, says ? said->heartbeat : PROGRAM_HEARTBEAT, hear_lost, self);
    program->next = self->first;
    self->first = program;
    self->n++;
    json_array_foreach(said->names, i, name)
    {
        take_over(function_of(self, json_string_value(name)), program);
        actor_log(self->actor, LOG_INFO_LEVEL, "a program serves the xtrigger \"%s\"",
                  json_string_value(name));
    }
    if (self->begun)
        greet(self, program);
}

void programs_begin(struct programs *self)
{
    if (!self->begun)
        for (struct program *program = self->first; program; program = program->next)
            greet(self, program);
    self->begun = true;
}

/* The call is over, or the function has answered for good. */
static void hear_answer(struct programs *self, struct seat *seat, uint64_t id,
                        const struct host_message *said)
{
    host_message_answer(said, &seat->call->call);
    seat->satisfied = seat->call->call.verdict == ROUSE_SATISFIED;
    seat->wanted = false;
    if (seat->satisfied) {
        seat->request = id;
        seat->call->wants_kept = true;
    } else {
        forget_number(seat);
        reply(self, id,
              seat->call->call.verdict == ROUSE_ERROR && said->verb == HOST_SATISFIED ? REPLY_ERROR
                                                                                      : REPLY_DONE,
              said->verb == HOST_SATISFIED ? text_string(&seat->call->call.failure) : "{}");
    }
    watch_answered(seat->call);
}

static void hear_of_seat(struct programs *self, struct program *program, struct seat *seat,
                         uint64_t id, const struct host_message *said)
{
    if (seat->satisfied && said->verb != HOST_LOG) {
        reply(self, id, REPLY_ERROR, "it is satisfied already");
        return;
    }
    if (said->verb == HOST_SATISFIED || said->verb == HOST_NOT_YET || said->verb == HOST_FAIL) {
        hear_answer(self, seat, id, said);
        return;
    }
    if (said->verb == HOST_WATCHING)
        watch_watching(seat->call);
    else if (program_may_log(program))
        watch_log(seat->call, said->text);
    reply(self, id, REPLY_DONE, "{}");
}

static bool is_of_call(enum host_verb verb)
{
    return verb == HOST_WATCHING || verb == HOST_SATISFIED || verb == HOST_NOT_YET ||
           verb == HOST_FAIL || verb == HOST_LOG;
}

static void hear_say(struct programs *self, struct program *program, uint64_t id,
                     const struct host_message *said)
{
    struct seat *seat = NULL;
    if (is_of_call(said->verb))
        HASH_FIND(hh, self->numbered, &said->number, sizeof said->number, seat);
    if (seat && seat->program == program) {
        hear_of_seat(self, program, seat, id, said);
    } else if (said->verb == HOST_HEARTBEAT ||
               (said->verb == HOST_CHECKED && program_checked(program, said))) {
        reply(self, id, REPLY_DONE, "{}");
    } else if (!is_of_call(said->verb) && said->verb != HOST_CHECKED) {
        reply(self, id, REPLY_ERROR, "that is not for a program to say");
    } else if (said->number > self->last_number) {
        log_for(program, "it speaks of a call that was never started");
        reply(self, id, REPLY_ERROR, "there is no such call");
    } else {
        reply(self, id, REPLY_ERROR, "nobody waits for it any more");
    }
}

static struct program *find_program(const struct programs *self, uint64_t id)
{
    struct program *program = self->first;
    while (program && (program->id != id || program->why))
        program = program->next;
    return program;
}

/* Read what a request brings; -EBADMSG and why. */
static int read_request(const struct message *message, struct host_message *ret_said,
                        struct error *error)
{
    struct slice args = message->detail;
    return host_message_read(args.n ? args.at : "{}", args.n ? args.n : 2, ret_said, error);
}

static void hear_request(struct programs *self, const struct message *message)
{
    struct error error = {0};
    struct host_message said = {0};
    bool begins = slice_equal(message->text, "xtrigger-host");
    struct program *program = begins ? NULL : find_program(self, (uint64_t)message->value);
    int code = 0;
    if (program)
        program_heard(program);
    else if (!begins)
        code = error_set(&error, -ENOENT,
                         "no program on this connection has that \"host\": begin with "
                         "xtrigger-host");
    if (!code)
        code = read_request(message, &said, &error);
    if (program && code)
        log_for(program, error.text);
    if (!code && begins)
        code = check_register(self, &said, &error);
    if (code)
        reply(self, message->id, REPLY_ERROR, error.text);
    else if (begins)
        hear_register(self, message->id, &said);
    else
        hear_say(self, program, message->id, &said);
    host_message_release(&said);
    if (!begins && !program && message->value) /* it was served before a crash of ours */
        reply(self, (uint64_t)message->value, REPLY_DONE,
              "{\"end\":\"the xtriggers were started again\",\"again\":true,\"complete\":false}");
}

void programs_hear(struct programs *self, const struct message *message)
{
    struct program *program;
    if (self->ended)
        return;
    if (message->topic == TOPIC_XTRIGGER_PROGRAM)
        hear_request(self, message);
    else if ((program = find_program(self, message->id)))
        program_taken(program, message->number);
}

/* --- beginning and end --- */

struct programs *programs_create(struct actor *actor)
{
    struct programs *self = NEW(struct programs);
    self->actor = actor;
    return self;
}

void programs_end(struct programs *self, bool complete)
{
    if (self->ended)
        return;
    bool closed = bus_closed(self->actor->context->bus, XTRIGGERS);
    for (struct program *program = self->first; program; program = program->next)
        if (!closed && !program->left)
            program_say_end(program,
                            complete ? "the workflow is complete" : "the workflow has shut down",
                            !complete, complete);
    self->ended = true;
}

void programs_destroy(struct programs *self)
{
    if (!self)
        return;
    while (self->first) {
        struct program *program = self->first;
        self->first = program->next;
        program_destroy(program);
    }
    struct function *function, *next;
    HASH_ITER(hh, self->functions, function, next)
    {
        PRE(!function->seats);
        HASH_DEL(self->functions, function);
        free(function->name);
        free(function);
    }
    free(self);
}

/* See host_calls.h. A seat is what the host knows of a call, by its number:
 *
 *   idle       between two calls
 *   queued     to be started (suspects in a queue of their own)
 *   flying     started, not answered
 *   watching   taken: it will be told
 *   lost       flying, and nobody waits for it: kept until it is over, since it takes up room
 *   over       satisfied */
#include "coroutines/host_calls.h"
#include "base/memory.h"
#include "base/table.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/banned.h"

enum { RUBBISH_SHOWN = 80 }; /* bytes of it in the log */

enum seat_state { SEAT_IDLE, SEAT_QUEUED, SEAT_FLYING, SEAT_WATCHING, SEAT_LOST, SEAT_OVER };

struct seat {
    uint64_t number;
    enum seat_state state;
    struct host_call *call; /* NULL: lost */
    bool known;             /* to the host as it runs now */
    bool suspect;
    unsigned crashes;         /* it was to blame for, one after the other */
    double deadline;          /* seconds, of its last call */
    uint64_t began;           /* microseconds: its last call */
    struct seat *prev, *next; /* in a queue */
    UT_hash_handle hh;
};

static struct env *env_of(const struct host_calls *self)
{
    return self->actor->context->env;
}

static uint64_t now(const struct host_calls *self)
{
    struct env *env = env_of(self);
    return env->ops->monotonic(env);
}

double host_back_off(unsigned crashes)
{
    double seconds = HOST_BACK_OFF_MIN;
    for (unsigned i = 1; i < crashes && seconds < HOST_BACK_OFF_MAX; i++)
        seconds *= 2;
    return seconds < HOST_BACK_OFF_MAX ? seconds : HOST_BACK_OFF_MAX;
}

/* --- the log has a limit --- */

static void begin_log_period(struct host_calls *self)
{
    uint64_t time = now(self);
    if (time - self->log.since < (uint64_t)HOST_LOG_SECONDS * 1000000)
        return;
    if (self->log.left_out)
        actor_log(self->actor, LOG_WARNING_LEVEL, "%s: %u more lines are not logged", self->name,
                  self->log.left_out);
    self->log.since = time;
    self->log.lines = self->log.left_out = 0;
}

static bool may_log(struct host_calls *self)
{
    begin_log_period(self);
    if (self->log.lines < HOST_LOG_LINES) {
        self->log.lines++;
        return true;
    }
    self->log.left_out++;
    return false;
}

static void spoil(struct host_calls *self, const char *why)
{
    if (!self->spoiled.n)
        text_add(&self->spoiled, why);
    co_wake(self->co);
}

void host_calls_rubbish(struct host_calls *self, const char *why, const char *line, size_t n)
{
    if (may_log(self))
        actor_log(self->actor, LOG_WARNING_LEVEL, "%s sent rubbish: %s: \"%.*s\"", self->name, why,
                  (int)(n < RUBBISH_SHOWN ? n : RUBBISH_SHOWN), line);
    if (++self->rubbish >= HOST_RUBBISH_MAX)
        spoil(self, "sent nothing but rubbish");
}

/* --- seats --- */

static struct seat *find(const struct host_calls *self, uint64_t number)
{
    struct seat *seat;
    HASH_FIND(hh, self->seats, &number, sizeof number, seat);
    return seat;
}

static struct seat *seat_of(struct host_calls *self, struct host_call *call)
{
    if (call->seat)
        return call->seat;
    struct seat *seat = NEW(struct seat);
    seat->number = ++self->last;
    seat->call = call;
    HASH_ADD(hh, self->seats, number, sizeof seat->number, seat);
    call->seat = seat;
    call->wants_kept = true;
    return seat;
}

static struct seat **queue_of(struct host_calls *self, const struct seat *seat)
{
    return seat->suspect ? &self->suspects : &self->queue;
}

static void enqueue(struct host_calls *self, struct seat *seat)
{
    struct seat **queue = queue_of(self, seat);
    seat->state = SEAT_QUEUED;
    DL_APPEND(*queue, seat);
    co_wake(self->co);
}

/* Out of the state it is in. */
static void leave(struct host_calls *self, struct seat *seat)
{
    if (seat->state == SEAT_QUEUED) {
        struct seat **queue = queue_of(self, seat);
        DL_DELETE(*queue, seat);
    }
    self->n_flying -= seat->state == SEAT_FLYING;
    self->n_watching -= seat->state == SEAT_WATCHING;
    self->n_lost -= seat->state == SEAT_LOST;
    if (seat->state == SEAT_FLYING || seat->state == SEAT_LOST)
        co_wake(self->co); /* there is room for another */
    seat->state = SEAT_IDLE;
}

static void forget(struct host_calls *self, struct seat *seat)
{
    leave(self, seat);
    if (seat->call)
        seat->call->seat = NULL;
    HASH_DEL(self->seats, seat);
    free(seat);
}

/* Nobody waits for what is under way: the host is told, and it takes up room until it is over. */
static void lose(struct host_calls *self, struct seat *seat)
{
    host_say(&self->out, HOST_CANCEL, seat->number);
    leave(self, seat);
    seat->state = SEAT_LOST;
    seat->call->seat = NULL;
    seat->call = NULL;
    if (++self->n_lost >= HOST_LOST_MAX)
        spoil(self, "had too many calls that do not end");
    co_wake(self->co);
}

/* --- what the watches want --- */

void host_calls_ask(struct host_calls *self, struct host_call *call)
{
    struct seat *seat = seat_of(self, call);
    PRE(seat->state == SEAT_IDLE);
    enqueue(self, seat);
}

void host_calls_cancel(struct host_calls *self, struct host_call *call)
{
    struct seat *seat = call->seat;
    if (!seat)
        return;
    if (seat->state == SEAT_FLYING) {
        lose(self, seat);
        return;
    }
    if (seat->known) {
        host_say(&self->out, HOST_CANCEL, seat->number);
        co_wake(self->co);
    }
    forget(self, seat);
}

void host_calls_kept(struct host_calls *self, struct host_call *call)
{
    const struct seat *seat = call->seat;
    if (!seat || !seat->known)
        return;
    host_say(&self->out, HOST_KEPT, seat->number);
    co_wake(self->co);
}

/* One that is called alone in its process holds up all others there: nothing helps but an end. */
void host_calls_late(struct host_calls *self, struct host_call *call)
{
    struct seat *seat = call->seat;
    PRE(seat->state == SEAT_FLYING);
    lose(self, seat);
    if (self->at_once == 1)
        spoil(self, "hung in a call");
}

bool host_calls_busy(const struct host_calls *self)
{
    return self->n_flying || self->n_watching || self->n_lost || self->queue || self->suspects;
}

bool host_calls_empty(const struct host_calls *self)
{
    return !self->seats;
}

/* --- starting --- */

static void start(struct host_calls *self, struct seat *seat)
{
    leave(self, seat);
    seat->state = SEAT_FLYING;
    self->n_flying++;
    seat->known = true;
    seat->began = now(self);
    seat->deadline = seat->call->deadline;
    host_say_start(&self->out, seat->number, &seat->call->call, seat->deadline);
    watch_begun(seat->call);
}

/* Whether a suspect that is alone has been so for long enough. One that keeps its host from giving
 * a sign of life stays alone: the others would be suspects again when that is ended. */
static bool quarantine_is_over(const struct host_calls *self)
{
    return !self->silent && now(self) - self->alone_since >= (uint64_t)HOST_QUARANTINE * 1000000;
}

static void start_suspect(struct host_calls *self)
{
    struct env *env = env_of(self);
    struct seat *seat = self->suspects;
    start(self, seat);
    self->alone_since = now(self);
    env->ops->timer_start(env, &self->quarantine, self->co, (uint64_t)HOST_QUARANTINE * 1000000);
}

/* A suspect flies, and is to be alone. */
static bool is_quarantined(const struct host_calls *self)
{
    return self->alone_since && self->n_flying && !quarantine_is_over(self);
}

void host_calls_start(struct host_calls *self)
{
    if (is_quarantined(self))
        return;
    if (self->alone_since) {
        struct env *env = env_of(self);
        env->ops->timer_stop(env, &self->quarantine);
        self->alone_since = 0;
    }
    if (self->suspects) {
        if (self->n_flying + self->n_lost < self->at_once)
            start_suspect(self);
        return;
    }
    while (self->queue && self->n_flying + self->n_lost < self->at_once)
        start(self, self->queue);
}

/* --- hearing --- */

static void clear_of_suspicion(struct seat *seat)
{
    PRE(seat->state != SEAT_QUEUED);
    seat->suspect = false;
    seat->crashes = 0;
}

static void take_answer(struct host_calls *self, struct seat *seat,
                        const struct host_message *message)
{
    leave(self, seat);
    clear_of_suspicion(seat);
    host_message_answer(message, &seat->call->call);
    if (seat->call->call.verdict == ROUSE_SATISFIED)
        seat->state = SEAT_OVER;
    watch_answered(seat->call);
}

static void take_watching(struct host_calls *self, struct seat *seat)
{
    if (seat->state != SEAT_FLYING)
        return;
    leave(self, seat);
    clear_of_suspicion(seat);
    seat->state = SEAT_WATCHING;
    self->n_watching++;
    watch_watching(seat->call);
}

static void take_log(struct host_calls *self, const struct seat *seat,
                     const struct host_message *message)
{
    if (!may_log(self))
        return;
    char line[CALL_REASON_MAX];
    size_t n = strnlen(message->text, sizeof line - 1);
    memcpy(line, message->text, n);
    line[n] = '\0';
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)line[i] < ' ')
            line[i] = ' ';
    if (seat && seat->call)
        watch_log(seat->call, line);
    else
        actor_log(self->actor, LOG_INFO_LEVEL, "%s: %s", self->name, line);
}

static void hear_of_call(struct host_calls *self, const struct host_message *message)
{
    struct seat *seat = find(self, message->number);
    if (message->verb == HOST_LOG)
        take_log(self, seat, message);
    else if (!seat || seat->state == SEAT_OVER)
        return; /* late: it was cancelled, or is satisfied */
    else if (seat->state == SEAT_LOST)
        forget(self, seat);
    else if (message->verb == HOST_WATCHING)
        take_watching(self, seat);
    else
        take_answer(self, seat, message);
}

bool host_calls_hear(struct host_calls *self, const char *line, size_t n,
                     struct host_message *ret_message)
{
    struct error error = {0};
    struct host_message message;
    if (host_message_read(line, n, &message, &error) < 0) {
        host_calls_rubbish(self, error.text, line, n);
        return false;
    }
    bool about_a_call = message.verb >= HOST_WATCHING && message.verb <= HOST_FAIL;
    if (message.verb < HOST_REGISTER)
        host_calls_rubbish(self, "that is for a host to hear", line, n);
    else if (about_a_call && (!message.number || message.number > self->last))
        host_calls_rubbish(self, "there is no such call", line, n);
    else if (about_a_call || message.verb == HOST_LOG)
        hear_of_call(self, &message);
    else {
        *ret_message = message;
        return true;
    }
    host_message_release(&message);
    return false;
}

void host_calls_tend(struct host_calls *self)
{
    uint64_t time = now(self);
    struct seat *seat, *next;
    begin_log_period(self);
    if (!self->n_lost || self->at_once > 1)
        return;
    HASH_ITER(hh, self->seats, seat, next)
    if (seat->state == SEAT_LOST && (double)(time - seat->began) > seat->deadline * 1e6)
        spoil(self, "hung in a call");
}

/* --- the end of a host --- */

static bool is_under_way(const struct seat *seat)
{
    return seat->state == SEAT_FLYING || seat->state == SEAT_WATCHING;
}

/* The one that is to blame, or NULL. In quarantine those that watch have answered before. */
static struct seat *find_culprit(const struct host_calls *self)
{
    struct seat *seat, *next, *culprit = NULL;
    bool alone = is_quarantined(self);
    HASH_ITER(hh, self->seats, seat, next)
    {
        if (!is_under_way(seat) || (alone && seat->state == SEAT_WATCHING))
            continue;
        if (culprit)
            return NULL;
        culprit = seat;
    }
    return culprit;
}

static void convict(struct host_calls *self, struct seat *seat, const char *how)
{
    struct call *call = &seat->call->call;
    leave(self, seat);
    seat->suspect = true;
    seat->crashes++;
    call_clear_answer(call);
    call->verdict = ROUSE_ERROR;
    text_add(&call->failure, how);
    seat->call->retry = host_back_off(seat->crashes);
    watch_answered(seat->call);
}

static int compare_numbers(const struct seat *a, const struct seat *b)
{
    return a->number < b->number ? -1 : a->number > b->number;
}

bool host_calls_died(struct host_calls *self, const char *how)
{
    bool lost = self->n_lost > 0; /* it was one of these: nobody else is suspected */
    bool under_way = self->n_flying || self->n_watching;
    struct seat *culprit = lost ? NULL : find_culprit(self), *seat, *next;
    self->alone_since = 0;
    HASH_SORT(self->seats, compare_numbers);
    HASH_ITER(hh, self->seats, seat, next)
    {
        seat->known = false;
        if (seat == culprit)
            convict(self, seat, how);
        else if (seat->state == SEAT_LOST)
            forget(self, seat);
        else if (is_under_way(seat)) {
            leave(self, seat);
            seat->suspect = seat->suspect || !lost;
            watch_queued(seat->call); /* its time does not run */
            if (seat->suspect)
                watch_problem(seat->call, how);
            enqueue(self, seat);
        } else if (seat->state == SEAT_QUEUED && !lost && !under_way)
            watch_problem(seat->call, how);
    }
    text_clear(&self->out);
    text_clear(&self->spoiled);
    self->rubbish = 0;
    return culprit != NULL;
}

void host_calls_problem(struct host_calls *self, const char *why)
{
    struct seat *seat, *next;
    HASH_ITER(hh, self->seats, seat, next)
    if (seat->state == SEAT_QUEUED)
        watch_problem(seat->call, why);
}

/* --- its life --- */

void host_calls_init(struct host_calls *self, struct actor *actor, struct co *co, const char *name,
                     unsigned at_once)
{
    *self = (struct host_calls){.actor = actor, .co = co, .name = name, .at_once = at_once};
}

void host_calls_release(struct host_calls *self)
{
    struct env *env = env_of(self);
    struct seat *seat, *next;
    env->ops->timer_stop(env, &self->quarantine);
    HASH_ITER(hh, self->seats, seat, next)
    forget(self, seat);
    text_release(&self->out);
    text_release(&self->spoiled);
}

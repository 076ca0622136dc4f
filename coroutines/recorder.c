/* The recorder: owns the database. What it hears it applies (in memory), and commits in groups:
 * when its inbox is empty and nobody else is about to run, or after RECORDS_PER_COMMIT messages.
 * It never commits in the middle of what one event of the pool caused (pool.turn ends it), so a
 * crash finds all of it or nothing. Then it says `recorded` with the number of the last message it
 * consumed of each outbox: what waits for that may act.
 *
 * A database that is busy (a foreign writer) is tried again, later and later; one that stays busy,
 * is full or broken ends the scheduler by TOPIC_FAULT: nothing uncommitted was acknowledged, so a
 * restart goes on from the last commit.
 *
 * Shutdown: it reads the outboxes it hears (server, task_pool, xtriggers, jobs, handlers, health)
 * to their ends, commits, says `recorded`, closes. Those six therefore must close without waiting
 * for its end; until then they may wait for `recorded`. Commands and viewer, which it does not
 * hear, wait for its end and close after it.
 *
 * States: listening; retrying (a commit, or a message that could not be applied); ended. */
#include "base/memory.h"
#include "base/vec.h"
#include "coroutines/definitions.h"
#include "db/db.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum {
    RECORDER_BURST = 512,       /* messages heard in one turn */
    RECORDS_PER_COMMIT = 10000, /* at most; a commit of that many takes about 0.1 s */
    WRITES_PER_TURN = 200,      /* rows or tasks of a commit written in one turn: about 2 ms */
    YIELDS_PER_COMMIT = 8,      /* how often others go first while the inbox is empty */
    RETRIES_MAX = 14            /* of one commit: about 40 s */
};
enum { RETRY_DELAY_FIRST = 10000, RETRY_DELAY_MAX = 8000000 }; /* microseconds */

enum recorder_state { RECORDER_LISTENING, RECORDER_RETRYING, RECORDER_ENDED };
static const char *const state_names[] = {"listening", "retrying", "ended"};

struct recorder {
    struct co co;
    const struct cast_context *context;
    struct env_timer timer;
    uint64_t consumed[MEMBERS]; /* last seq of each outbox */
    uint64_t uncommitted;       /* messages consumed and not said to be recorded */
    bool in_turn;               /* of the pool: not all that one event caused has been heard */
    bool writing;               /* a commit that takes several turns; nothing is heard until then */
    VEC(char *) results;        /* signatures satisfied, not committed */
    unsigned yields, retries;
    struct message held; /* heard and not applied, since the database is busy */
    bool holding;
    struct holder holder;
    bool faulted;
    bool done;
};

static void say(void *context, struct message *message)
{
    struct recorder *self = context;
    bus_publish(self->context->bus, RECORDER, message);
}

static void say_recorded(struct recorder *self)
{
    unsigned char marks[MEMBERS * sizeof(uint64_t)];
    for (size_t i = 0; i < sizeof marks; i++)
        marks[i] = (unsigned char)(self->consumed[i / 8] >> (8 * (i % 8)));
    say(self, &(struct message){.topic = TOPIC_RECORDED, .text = {(char *)marks, sizeof marks}});
    self->uncommitted = 0;
    self->yields = 0;
}

/* What rests on the results of an xtrigger may be acknowledged. */
static void say_kept(struct recorder *self)
{
    VEC_EACH (char *, signature, &self->results) {
        say(self, &(struct message){.topic = TOPIC_XTRIGGER_KEPT, .text = slice_of(*signature)});
        free(*signature);
    }
    vec_clear(&self->results);
}

static void fault(struct recorder *self, const struct error *error)
{
    struct text why = {0};
    text_addf(&why, "the run database cannot be written: %s", error->text);
    if (self->retries)
        text_addf(&why, " (tried %u times)", self->retries + 1);
    env_logf(self->context->env, LOG_CRITICAL_LEVEL, "%s", text_string(&why));
    say(self, &(struct message){.topic = TOPIC_FAULT,
                                .text = {text_string(&why), strlen(text_string(&why))}});
    text_release(&why);
    atomic_store(self->context->exit_status, 1);
    self->faulted = true;
}

/* --- hearing --- */

static bool is_swap(const struct message *message)
{
    return message->topic == TOPIC_DEFINITION_STEP && message->number == STEP_SWAP;
}

static int record(struct recorder *self, const struct message *message, struct error *error)
{
    holder_hear(&self->holder, message);
    if (is_swap(message))
        return db_renew(self->context->db, self->context->workflow, error);
    if (message->topic == TOPIC_HISTORY_ASK)
        return db_history(self->context->db, message, say, self, error);
    return db_apply(self->context->db, message, error);
}

/* Apply the message held. */
static int take(struct recorder *self, struct error *error)
{
    const struct message *message = &self->held;
    if (message->topic == TOPIC_FAULT) {
        atomic_store(self->context->exit_status, 1);
        self->faulted = true;
        self->holding = false;
        return 0;
    }
    int result = message->topic == TOPIC_POOL_TURN ? 0 : record(self, message, error);
    if (result < 0)
        return result;
    if (message->sender == TASK_POOL)
        self->in_turn = message->topic != TOPIC_POOL_TURN;
    if (message->topic == TOPIC_LOG_LEVEL && message->number < LOG_LEVELS)
        self->context->env->ops->log_level(self->context->env, (enum log_level)message->number);
    if (message->topic == TOPIC_WORKFLOW_SHUTDOWN)
        atomic_store(self->context->exit_status, (int)message->value);
    if (message->topic == TOPIC_XTRIGGER_SATISFIED)
        *vec_push(&self->results) = slice_copy(message->text);
    self->holding = false;
    self->consumed[message->sender] = message->seq;
    self->uncommitted += message->topic != TOPIC_POOL_TURN;
    return 0;
}

/* Messages to a commit at most. */
static unsigned group_size(const struct recorder *self)
{
    unsigned asked = self->context->records_per_commit;
    return asked ? asked : RECORDS_PER_COMMIT;
}

/* What must be committed before anything else is heard: a full group; all that the old version of
 * the definition names. */
static bool must_commit(const struct recorder *self)
{
    return !self->in_turn && (self->uncommitted >= group_size(self) ||
                              (self->uncommitted && self->holding && is_swap(&self->held)));
}

/* At most one burst. 1: there may be more; 0: the inbox is empty. */
static int hear(struct recorder *self, struct error *error)
{
    for (unsigned i = 0; i < RECORDER_BURST && !self->faulted; i++) {
        if (!self->holding) {
            if (must_commit(self))
                return 1;
            if (!bus_receive(self->context->bus, RECORDER, &self->held))
                return 0;
            self->holding = true;
            self->yields = 0;
        }
        if (must_commit(self))
            return 1;
        int result = take(self, error);
        if (result < 0)
            return result;
    }
    return 1;
}

/* --- committing --- */

/* Others who are about to run may say more that belongs into the same commit. */
static bool others_go_first(struct recorder *self)
{
    if (self->context->env->ready.n == 0 || self->yields >= YIELDS_PER_COMMIT)
        return false;
    self->yields++;
    return true;
}

/* A step to the next version of the definition: taken when all before it is committed. */
static void change(struct recorder *self)
{
    struct error error = {0};
    bool settle = holder_is_due(&self->holder, STEP_SETTLE);
    if (settle)
        (void)holder_next(&self->holder, &error);
    if (settle || holder_is_due(&self->holder, STEP_SWAP))
        holder_done(&self->holder, &error);
}

/* A turn's part of it. 1: there is more. */
static int commit(struct recorder *self, struct error *error)
{
    int result = db_write(self->context->db, WRITES_PER_TURN, error);
    self->writing = result > 0;
    if (result == 0)
        result = db_commit(self->context->db, error);
    if (result != 0)
        return result;
    if (self->uncommitted)
        say_recorded(self);
    say_kept(self);
    change(self);
    self->retries = 0;
    return 0;
}

/* One turn. 0: nothing to do; 1: come again; negative: the database refused. */
static int take_turn(struct recorder *self, struct error *error)
{
    if (self->writing) {
        int result = commit(self, error);
        return result < 0 ? result : 1;
    }
    int more = hear(self, error);
    if (more < 0 || self->faulted)
        return more;
    if (self->in_turn)
        return more; /* the rest is on its way */
    if (!must_commit(self) && (more || (self->uncommitted && others_go_first(self))))
        return 1;
    int result = commit(self, error);
    return result != 0 ? result : more;
}

static void start_retry(struct recorder *self, const struct error *error)
{
    uint64_t delay = RETRY_DELAY_FIRST;
    for (unsigned i = 0; i < self->retries && delay < RETRY_DELAY_MAX; i++)
        delay *= 2;
    if (delay > RETRY_DELAY_MAX)
        delay = RETRY_DELAY_MAX;
    if (self->retries == 0)
        env_logf(self->context->env, LOG_WARNING_LEVEL, "%s; trying again", error->text);
    self->retries++;
    struct env *env = self->context->env;
    env->ops->timer_start(env, &self->timer, &self->co, delay);
}

/* What to do next. */
enum recorder_next { NEXT_AGAIN, NEXT_SLEEP, NEXT_RETRY, NEXT_END };

static enum recorder_next turn(struct recorder *self)
{
    struct error error = {0};
    int result = take_turn(self, &error);
    if (result == -EBUSY && self->retries < RETRIES_MAX) {
        start_retry(self, &error);
        return NEXT_RETRY;
    }
    if (result < 0)
        fault(self, &error);
    if (self->faulted)
        return NEXT_END;
    if (result > 0)
        return NEXT_AGAIN;
    return bus_drained(self->context->bus, RECORDER, 0) ? NEXT_END : NEXT_SLEEP;
}

static enum co_result recorder_step(struct co *co)
{
    struct recorder *self = (struct recorder *)co;
    CO_BEGIN(co, recorder_state, RECORDER_LISTENING);
    for (;;) {
        switch (turn(self)) {
        case NEXT_AGAIN:
            return CO_READY;
        case NEXT_SLEEP:
            return CO_ASLEEP;
        case NEXT_END:
            goto end;
        case NEXT_RETRY:
            break;
        }
        CO_AWAIT(co, RECORDER_RETRYING, self->timer.fired);
        self->timer.fired = false;
        co_enter(co, RECORDER_LISTENING);
    }
end:
    bus_close(self->context->bus, RECORDER);
    CO_END(co, RECORDER_ENDED);
}

static void recorder_done(struct co *co)
{
    struct recorder *self = (struct recorder *)co;
    self->done = true;
    self->context->member_done(self->context->context, RECORDER);
}

static const struct co_type recorder_type = {"recorder", recorder_step, state_names,
                                             RECORDER_ENDED + 1, recorder_done};

static void *recorder_create(const struct cast_context *context, struct error *error)
{
    (void)error;
    PRE(context->db);
    struct recorder *self = NEW(struct recorder);
    co_init(&self->co, &recorder_type, &context->env->ready);
    self->context = context;
    holder_init(&self->holder, RECORDER, context, &self->co);
    bus_attach(context->bus, RECORDER, &self->co);
    co_wake(&self->co); /* what the start wrote is to be committed */
    return self;
}

static void recorder_destroy(void *member)
{
    struct recorder *self = member;
    if (!self)
        return;
    if (!self->done) {
        co_cancel(&self->co);
        struct env *env = self->context->env;
        env->ops->timer_stop(env, &self->timer);
    }
    VEC_EACH (char *, signature, &self->results)
        free(*signature);
    vec_release(&self->results);
    free(self);
}

const struct cast_entry cast_recorder = {recorder_create, recorder_destroy};

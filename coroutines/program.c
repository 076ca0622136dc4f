/* See program.h. A coroutine sleeps until the program may have been silent for too long, looks when
 * it was heard last, and sleeps on. */
#include "coroutines/program.h"
#include "coroutines/streams.h"
#include <stdlib.h>

#include "base/banned.h"

enum program_state { PROGRAM_BEGINS, PROGRAM_SERVES, PROGRAM_ENDED };
static const char *const program_states[] = {"begins", "serves", "ended"};

static struct env *env_of(const struct program *program)
{
    return program->actor->context->env;
}

static uint64_t now(const struct program *program)
{
    struct env *env = env_of(program);
    return env->ops->monotonic(env);
}

static void say(struct program *program, enum reply_kind kind, const char *text)
{
    actor_say(program->actor,
              &(struct message){
                  .topic = TOPIC_REPLY, .id = program->id, .number = kind, .text = slice_of(text)});
}

/* --- telling it --- */

static void forget_unsent(struct program *program)
{
    for (size_t i = program->first_unsent; i < program->unsent.n; i++)
        free(program->unsent.at[i]);
    vec_clear(&program->unsent);
    program->first_unsent = program->unsent_bytes = 0;
}

void program_tell(struct program *program, const char *message)
{
    if (program->why)
        return;
    if (program->room) {
        program->room--;
        say(program, REPLY_CHUNK, message);
        return;
    }
    program->unsent_bytes += strlen(message);
    *vec_push(&program->unsent) = str_copy(message);
    if (program->unsent_bytes > PROGRAM_UNSENT_MAX)
        program_lose(program, true, "has not taken what it was told (%d MiB)",
                     PROGRAM_UNSENT_MAX / (1024 * 1024));
}

void program_check(struct program *program, uint64_t number, const struct xtrigger_def *def)
{
    struct call call;
    struct error error = {0};
    struct text message = {0};
    char *text = str_format("%s(%s)", def->function, def->args);
    if (call_init(&call, text, NULL, &error) == 0) {
        char *where =
            str_format("%s:%d: [scheduling][xtriggers]%s", def->file, def->line, def->label);
        *vec_push(&program->checks) = (struct program_check){number, where};
        host_say_check(&message, number, &call);
        program_tell(program, text_string(&message));
        call_release(&call);
    }
    text_release(&message);
    free(text);
}

bool program_checked(struct program *program, const struct host_message *said)
{
    struct program_check *check = program->checks.at;
    struct program_check *end = check + program->checks.n;
    while (check < end && check->number != said->number)
        check++;
    if (check == end)
        return false;
    if (said->error && program_may_log(program))
        actor_log(program->actor, LOG_WARNING_LEVEL, "%s: %s", check->where, said->error);
    free(check->where);
    *check = *vec_last(&program->checks);
    program->checks.n--;
    return true;
}

void program_taken(struct program *program, uint32_t n)
{
    if (!n) {
        program->left = true;
        program_lose(program, false, "has left");
        return;
    }
    program->room = n < STREAM_WINDOW - program->room ? program->room + n : STREAM_WINDOW;
    while (program->room && program->first_unsent < program->unsent.n) {
        char *message = program->unsent.at[program->first_unsent++];
        program->unsent_bytes -= strlen(message);
        program->room--;
        say(program, REPLY_CHUNK, message);
        free(message);
    }
    if (program->first_unsent == program->unsent.n)
        forget_unsent(program);
}

void program_say_end(struct program *program, const char *why, bool again, bool complete)
{
    json_t *end = json_pack("{s:s, s:b, s:b}", "end", why, "again", again, "complete", complete);
    char *text = json_dumps(end, JSON_COMPACT);
    say(program, REPLY_DONE, text);
    free(text);
    json_decref(end);
}

/* --- its life --- */

static void listen_for(struct program *program, uint64_t microseconds)
{
    struct env *env = env_of(program);
    env->ops->timer_start(env, &program->silence, &program->co, microseconds);
}

static bool is_silent(struct program *program)
{
    uint64_t patience = (uint64_t)(program->heartbeat * 1e6) * PROGRAM_BEATS_MISSED;
    uint64_t since = now(program) - program->heard;
    if (!program->silence.fired)
        return false;
    program->silence.fired = false;
    if (since >= patience)
        return true;
    listen_for(program, patience - since);
    return false;
}

static bool is_over(struct program *program)
{
    if (!program->why && is_silent(program))
        program_lose(program, true, "was silent for %g s",
                     program->heartbeat * PROGRAM_BEATS_MISSED);
    return program->why;
}

static enum co_result program_step(struct co *co)
{
    struct program *program = (struct program *)co;
    CO_BEGIN(co, program_state, PROGRAM_BEGINS);
    listen_for(program, (uint64_t)(program->heartbeat * 1e6) * PROGRAM_BEATS_MISSED);
    CO_AWAIT(co, PROGRAM_SERVES, is_over(program));
    CO_END(co, PROGRAM_ENDED);
}

static void program_done(struct co *co)
{
    struct program *program = (struct program *)co;
    program->lost(program);
    program_destroy(program);
}

static const struct co_type program_type = {"xtrigger program", program_step, program_states,
                                            PROGRAM_ENDED + 1, program_done};

struct program *program_create(struct actor *actor, uint64_t id, double heartbeat,
                               void (*lost)(struct program *program), void *owner)
{
    struct program *program = NEW(struct program);
    program->actor = actor;
    program->id = id;
    program->heartbeat = heartbeat;
    program->room = STREAM_WINDOW;
    program->lost = lost;
    program->owner = owner;
    co_init(&program->co, &program_type, &actor->context->env->ready);
    program->heard = now(program);
    co_wake(&program->co);
    return program;
}

void program_destroy(struct program *program)
{
    struct env *env = env_of(program);
    env->ops->timer_stop(env, &program->silence);
    co_cancel(&program->co);
    forget_unsent(program);
    vec_release(&program->unsent);
    VEC_EACH (struct program_check, check, &program->checks)
        free(check->where);
    vec_release(&program->checks);
    free(program->why);
    free(program);
}

void program_heard(struct program *program)
{
    program->heard = now(program);
}

void program_lose(struct program *program, bool again, const char *format, ...)
{
    if (program->why)
        return;
    struct text why = {0};
    va_list args;
    va_start(args, format);
    text_vaddf(&why, format, args);
    va_end(args);
    program->why = text_take(&why);
    program->again = again;
    co_wake(&program->co);
}

bool program_may_log(struct program *program)
{
    uint64_t when = now(program);
    if (when - program->lines_since >= PROGRAM_LINES_PERIOD * UINT64_C(1000000)) {
        program->lines_since = when;
        program->lines = 0;
    }
    return program->lines < PROGRAM_LINES_MAX && ++program->lines;
}

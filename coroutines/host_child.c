/* See host_child.h. States: not needed; living; backing off after a death; gone. */
#include "coroutines/host_child.h"
#include "base/memory.h"
#include "base/vec.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { READ_AT_ONCE = 16 * 1024, SECOND = 1000000, MEBIBYTE = 1024 * 1024 };
enum { CHILD_GRACE = SECOND / 2 }; /* between its last word and its exit */

enum child_state { CHILD_IDLE, CHILD_LIVING, CHILD_BACKING_OFF, CHILD_GONE };
static const char *const child_states[] = {"not needed", "living", "backing off", "gone"};

struct host_child {
    struct host host; /* first */
    struct co co;
    struct host_calls calls;
    struct actor *actor;
    char *name, *err;
    VEC(char *) argv; /* NULL ended */
    void (*changed)(void *context);
    void *context;
    unsigned memory_max; /* MiB */
    bool registers, known, retired;
    VEC(char *) names;      /* it serves */
    struct text last_words; /* how it ended the last time */
    struct env_process process;
    struct env_stream stream;
    struct text in; /* what was read of a line */
    bool skipping;  /* the rest of a line that is too long */
    bool ended;     /* its stream is at its end */
    struct env_timer timer, ping, pause;
    uint64_t pinged;  /* when the ping that was not answered was sent; 0: none */
    uint64_t pings;   /* sent */
    uint64_t second;  /* that `lines` are of */
    unsigned lines;   /* read in it */
    unsigned deaths;  /* one after the other */
    uint64_t born_at; /* microseconds */
};

static struct env *env_of(const struct host_child *self)
{
    return self->actor->context->env;
}

static uint64_t now(const struct host_child *self)
{
    struct env *env = env_of(self);
    return env->ops->monotonic(env);
}

static struct host_child *of(struct co *co)
{
    return (struct host_child *)((char *)co - offsetof(struct host_child, co));
}

static void spoil(struct host_child *self, const char *why)
{
    if (!self->calls.spoiled.n)
        text_add(&self->calls.spoiled, why);
}

/* --- hearing --- */

static void take_names(struct host_child *self, const json_t *names)
{
    size_t i;
    json_t *each;
    if (self->known)
        return;
    json_array_foreach(names, i, each)
    {
        *vec_push(&self->names) = str_copy(json_string_value(each));
    }
    self->known = true;
    self->changed(self->context);
}

static void hear(struct host_child *self, const char *line, size_t n)
{
    struct host_message message;
    if (!host_calls_hear(&self->calls, line, n, &message))
        return;
    if (message.verb == HOST_PONG && message.number == self->pings)
        self->pinged = 0;
    else if (message.verb == HOST_REGISTER && self->registers)
        take_names(self, message.names);
    host_message_release(&message);
}

/* The whole lines of what was read; what is left is the beginning of one. */
static void hear_lines(struct host_child *self)
{
    char *at = self->in.at, *last = at + self->in.n;
    for (char *newline; (newline = memchr(at, '\n', (size_t)(last - at))); at = newline + 1) {
        if (!self->skipping)
            hear(self, at, (size_t)(newline - at));
        self->skipping = false;
        self->lines++;
    }
    text_cut(&self->in, (size_t)(at - self->in.at));
    if (!self->skipping && self->in.n >= HOST_LINE_MAX) {
        host_calls_rubbish(&self->calls, "a line is too long", self->in.at, self->in.n);
        self->skipping = true;
    }
    if (self->skipping)
        text_clear(&self->in);
}

/* Whether it has said more than is read in a second: the rest waits in its socket. */
static bool is_flooding(struct host_child *self)
{
    uint64_t second = now(self) / SECOND;
    if (second != self->second) {
        self->second = second;
        self->lines = 0;
    }
    if (self->lines < HOST_LINES_MAX)
        return false;
    struct env *env = env_of(self);
    env->ops->timer_start(env, &self->pause, &self->co, SECOND - now(self) % SECOND);
    return true;
}

/* True: there may be more. */
static bool read_some(struct host_child *self)
{
    struct env *env = env_of(self);
    char bytes[READ_AT_ONCE];
    if (self->ended || !self->stream.readable || is_flooding(self))
        return false;
    int64_t n = env->ops->stream_read(env, &self->stream, bytes, sizeof bytes);
    if (n > 0) {
        text_add_n(&self->in, bytes, (size_t)n);
        hear_lines(self);
        return true;
    }
    self->ended = n != -EAGAIN;
    return false;
}

/* --- saying --- */

static void flush(struct host_child *self)
{
    struct env *env = env_of(self);
    struct text *out = &self->calls.out;
    if (!out->n || self->ended)
        return;
    int64_t n = env->ops->stream_write(env, &self->stream, out->at, out->n);
    if (n < 0)
        return; /* it is dying, and that will be told */
    text_cut(out, (size_t)n);
    if (out->n > (size_t)HOST_OUT_MAX * MEBIBYTE)
        spoil(self, "did not read what it was told");
}

/* --- signs of life --- */

/* MiB the process has in memory; 0: not known. */
static unsigned memory_of(const struct host_child *self)
{
    struct env *env = env_of(self);
    char path[64];
    struct text status = {0};
    unsigned long kilobytes = 0;
    (void)snprintf(path, sizeof path, "/proc/%lld/status", (long long)self->process.pid);
    const char *line = env->ops->file_read(env, path, 0, &status) == 0
                           ? strstr(text_string(&status), "\nVmRSS:")
                           : NULL;
    if (line)
        kilobytes = strtoul(line + strlen("\nVmRSS:"), NULL, 10);
    text_release(&status);
    return (unsigned)(kilobytes / 1024);
}

static void examine(struct host_child *self)
{
    struct env *env = env_of(self);
    uint64_t size = 0;
    if (memory_of(self) > self->memory_max)
        spoil(self, "used too much memory");
    if (env->ops->file_size(env, self->err, &size) == 0 && size > (uint64_t)HOST_ERR_MAX * MEBIBYTE)
        spoil(self, "wrote too much to its stderr");
    if (self->pinged && now(self) - self->pinged >= (uint64_t)HOST_SILENCE * SECOND)
        spoil(self, "gave no sign of life");
    host_calls_tend(&self->calls);
}

static void send_ping(struct host_child *self)
{
    struct env *env = env_of(self);
    if (!self->pinged) {
        host_say(&self->calls.out, HOST_PING, ++self->pings);
        self->pinged = now(self);
    }
    self->ping.fired = false;
    env->ops->timer_start(env, &self->ping, &self->co, (uint64_t)HOST_PING_SECONDS * SECOND);
}

/* While it has something to do. One that has not is left in peace. */
static void watch_over(struct host_child *self)
{
    bool busy = host_calls_busy(&self->calls) || self->pinged;
    if (self->ping.fired) {
        examine(self);
        self->ping.fired = false;
        if (busy)
            send_ping(self);
    } else if (busy && !self->ping.index)
        send_ping(self);
}

/* --- its process --- */

static int spawn(struct host_child *self)
{
    struct env *env = env_of(self);
    const struct env_spawn options = {.argv = (const char *const *)self->argv.at,
                                      .out = self->err,
                                      .err = self->err,
                                      .session = true,
                                      .stream = &self->stream};
    memset(&self->process, 0, sizeof self->process);
    self->born_at = now(self);
    memset(&self->stream, 0, sizeof self->stream);
    int result = env->ops->spawn(env, &self->process, &self->co, &options);
    if (result < 0)
        return result;
    const struct cast_context *context = self->actor->context;
    struct text hello = {0};
    host_say_hello(&hello, context->workflow_id, context->run_dir);
    text_add_n(&hello, text_string(&self->calls.out), self->calls.out.n);
    text_release(&self->calls.out);
    self->calls.out = hello;
    self->ended = self->skipping = false;
    self->pings = self->pinged = 0;
    send_ping(self);
    return 0;
}

/* The end of the process and of all it forked. */
static void end_process(struct host_child *self)
{
    struct env *env = env_of(self);
    if (self->process.pid > 1)
        (void)env->ops->process_kill(env, self->process.pid, SIGKILL);
    env->ops->process_close(env, &self->process);
    env->ops->stream_close(env, &self->stream);
    env->ops->timer_stop(env, &self->ping);
    env->ops->timer_stop(env, &self->pause);
    text_release(&self->in);
    self->process.pid = 0;
    self->ping.fired = self->pause.fired = false;
}

/* "the Python host ended by SIGSEGV" */
static char *how_it_died(const struct host_child *self)
{
    const struct env_process *process = &self->process;
    if (self->calls.spoiled.n)
        return str_format("%s %s: killed", self->name, text_string(&self->calls.spoiled));
    if (!process->exited)
        return str_format("%s closed its connection: killed", self->name);
    if (!process->signal)
        return str_format("%s ended with exit status %d", self->name, process->status);
    const char *signal = sigabbrev_np(process->signal);
    return signal ? str_format("%s ended by SIG%s", self->name, signal)
                  : str_format("%s ended by signal %d", self->name, process->signal);
}

/* Seconds until it may be started again. Where a call is to blame the others need not wait. */
static double delay_after(struct host_child *self, bool blamed)
{
    if (now(self) - self->born_at > (uint64_t)HOST_HEALTHY * SECOND)
        self->deaths = 0;
    self->deaths += !blamed;
    return host_back_off(self->deaths);
}

static void back_off(struct host_child *self, const char *how, bool blamed)
{
    struct env *env = env_of(self);
    double delay = delay_after(self, blamed);
    actor_log(self->actor, LOG_ERROR_LEVEL, "xtriggers: %s; it may be started again in %.1f s", how,
              delay);
    env->ops->timer_start(env, &self->timer, &self->co, (uint64_t)(delay * SECOND));
    text_clear(&self->last_words);
    text_add(&self->last_words, how);
    if (self->known)
        return;
    self->known = true;
    self->changed(self->context);
}

static void bury(struct host_child *self)
{
    char *how = how_it_died(self);
    end_process(self);
    back_off(self, how, host_calls_died(&self->calls, how));
    free(how);
}

static void lament(struct host_child *self, int code)
{
    char *how =
        str_format("%s cannot be started: %s: %s", self->name, self->argv.at[0], strerror(-code));
    host_calls_problem(&self->calls, how);
    back_off(self, how, false);
    free(how);
}

/* --- the coroutine --- */

static bool is_finished(const struct host_child *self)
{
    return self->retired && host_calls_empty(&self->calls);
}

static bool is_wanted(const struct host_child *self)
{
    return host_calls_busy(&self->calls) || (self->registers && !self->known);
}

/* Whether it has ended: it has exited and all it said is read, or it said the last word and does
 * not exit. `more`: there may be more to read. */
static bool is_over(struct host_child *self, bool more)
{
    struct env *env = env_of(self);
    if (self->process.exited || !self->ended)
        return self->process.exited && !more;
    if (!self->pause.index && !self->pause.fired)
        env->ops->timer_start(env, &self->pause, &self->co, CHILD_GRACE);
    return self->pause.fired;
}

/* False: it is to be buried. */
static bool live(struct host_child *self)
{
    self->pause.fired = self->pause.fired && self->ended;
    bool more = read_some(self);
    if (is_over(self, more) || self->calls.spoiled.n || is_finished(self))
        return false;
    watch_over(self);
    self->calls.silent = self->pinged != 0;
    host_calls_start(&self->calls);
    flush(self);
    if (more)
        co_wake(&self->co);
    return !self->calls.spoiled.n;
}

/* True: it lives. */
static bool give_birth(struct host_child *self)
{
    self->timer.fired = false;
    int result = spawn(self);
    if (result < 0)
        lament(self, result);
    return result == 0;
}

static enum co_result child_step(struct co *co)
{
    struct host_child *self = of(co);
    CO_BEGIN(co, child_state, CHILD_IDLE);
    if (!is_wanted(self) && !is_finished(self))
        return CO_ASLEEP;
    if (!is_finished(self)) {
        if (give_birth(self)) {
            CO_AWAIT(co, CHILD_LIVING, !live(self));
            if (!is_finished(self))
                bury(self);
        }
        CO_AWAIT(co, CHILD_BACKING_OFF, self->timer.fired || is_finished(self));
        co_enter(co, CHILD_IDLE);
        return CO_READY;
    }
    end_process(self);
    CO_END(co, CHILD_GONE);
}

static const struct co_type child_co = {"xtrigger host", child_step, child_states, CHILD_GONE + 1,
                                        NULL};

/* --- as a host --- */

static struct host_calls *calls_of(struct host *host)
{
    return &((struct host_child *)host)->calls;
}

static void ask(struct host *host, struct host_call *call)
{
    host_calls_ask(calls_of(host), call);
}

static bool cancel(struct host *host, struct host_call *call)
{
    host_calls_cancel(calls_of(host), call);
    co_wake(&((struct host_child *)host)->co);
    return true;
}

static void kept(struct host *host, struct host_call *call)
{
    host_calls_kept(calls_of(host), call);
}

static void late(struct host *host, struct host_call *call)
{
    host_calls_late(calls_of(host), call);
}

static const struct host_type child_type = {
    .ask = ask, .cancel = cancel, .kept = kept, .late = late};

/* --- its life --- */

static void ignore_change(void *context)
{
    (void)context;
}

struct host_child *host_child_create(struct actor *actor, const struct host_child_options *options)
{
    struct host_child *self = NEW(struct host_child);
    self->host.type = &child_type;
    self->actor = actor;
    self->name = str_copy(options->name);
    self->err = str_copy(options->err);
    for (size_t i = 0; options->argv[i]; i++)
        *vec_push(&self->argv) = str_copy(options->argv[i]);
    *vec_push(&self->argv) = NULL;
    self->memory_max = options->memory_max ? options->memory_max : HOST_MEMORY_MAX;
    self->registers = options->registers;
    self->changed = options->changed ? options->changed : ignore_change;
    self->context = options->context;
    co_init(&self->co, &child_co, &env_of(self)->ready);
    host_calls_init(&self->calls, actor, &self->co, self->name, options->at_once);
    co_wake(&self->co);
    return self;
}

struct host *host_child_host(struct host_child *self)
{
    return &self->host;
}

bool host_child_is_known(const struct host_child *self)
{
    return self->known;
}

bool host_child_serves(const struct host_child *self, const char *function)
{
    VEC_EACH (char *, name, &self->names)
        if (strcmp(*name, function) == 0)
            return true;
    return false;
}

bool host_child_is_nameless(const struct host_child *self)
{
    return self->known && !self->names.n;
}

const char *host_child_last_words(const struct host_child *self)
{
    return text_string(&self->last_words);
}

void host_child_look_again(struct host_child *self)
{
    self->known = false;
    co_wake(&self->co);
}

void host_child_retire(struct host_child *self)
{
    self->retired = true;
    co_wake(&self->co);
}

bool host_child_is_gone(const struct host_child *self)
{
    return self->co.state == CHILD_GONE && !self->co.queued;
}

void host_child_destroy(struct host_child *self)
{
    if (!self)
        return;
    struct env *env = env_of(self);
    if (self->co.state == CHILD_LIVING)
        end_process(self);
    env->ops->timer_stop(env, &self->timer);
    host_calls_release(&self->calls);
    co_cancel(&self->co);
    VEC_EACH (char *, word, &self->argv)
        free(*word);
    vec_release(&self->argv);
    VEC_EACH (char *, name, &self->names)
        free(*name);
    vec_release(&self->names);
    text_release(&self->last_words);
    free(self->name);
    free(self->err);
    free(self);
}

/* See reload.h. */
#include "coroutines/reload.h"
#include "base/memory.h"
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { READING_MAX = 600 }; /* seconds that reading a definition may take */

enum reload_state { RELOAD_IDLE, RELOAD_READING, RELOAD_ENDED };
static const char *const state_names[] = {"idle", "reading", "ended"};

struct reload {
    struct co co;
    const struct cast_context *context;
    void (*over)(void *owner, const struct reload_news *news);
    void *owner;
    uint64_t id;
    bool wanted, killed;
    char *out, *err;
    const char *argv[5];
    struct env_process process;
    struct env_timer timer;
    int refused; /* the process could not be started: negative errno */
};

static struct env *env_of(const struct reload *self)
{
    return self->context->env;
}

static void start(struct reload *self)
{
    const struct env_spawn options = {
        .argv = self->argv, .out = self->out, .err = self->err, .session = true};
    self->wanted = self->killed = false;
    memset(&self->process, 0, sizeof self->process);
    self->refused = env_of(self)->ops->spawn(env_of(self), &self->process, &self->co, &options);
    env_of(self)->ops->timer_start(env_of(self), &self->timer, &self->co,
                                   (uint64_t)READING_MAX * 1000000);
}

static void enforce_limit(struct reload *self)
{
    if (!self->timer.fired || self->process.exited || self->killed)
        return;
    self->killed = true;
    env_of(self)->ops->process_kill(env_of(self), self->process.pid, SIGKILL);
}

/* Nothing but what it says counts: a process may come to its end in many ways. */
static void tell(struct reload *self)
{
    struct env *env = env_of(self);
    struct text said = {0}, why = {0};
    json_error_t bad;
    if (self->refused < 0)
        text_addf(&why, "the definition cannot be read: %s", strerror(-self->refused));
    (void)env->ops->file_read(env, self->out, 0, &said);
    json_t *json = self->refused < 0 ? NULL : json_loadb(text_string(&said), said.n, 0, &bad);
    const char *file = json_string_value(json_object_get(json, "file"));
    const char *error = json_string_value(json_object_get(json, "error"));
    char *options = json_dumps(json_object_get(json, "options"), JSON_COMPACT);
    if (self->killed)
        text_addf(&why, "reading the definition took longer than %d seconds", READING_MAX);
    else if (!why.n && (!file || !options))
        text_add(&why, error ? error : "the process that read the definition broke down");
    size_t i;
    json_t *warning;
    json_array_foreach(json_object_get(json, "warnings"), i, warning)
        env_logf(env, LOG_WARNING_LEVEL, "%s", json_string_value(warning));
    const struct reload_news news = {.id = self->id,
                                     .failed = why.n > 0,
                                     .text = why.n ? (struct slice){why.at, why.n} : slice_of(file),
                                     .detail = slice_of(options)};
    self->over(self->owner, &news);
    free(options);
    json_decref(json);
    text_release(&said);
    text_release(&why);
    (void)env->ops->file_remove(env, self->out);
    (void)env->ops->file_remove(env, self->err);
}

static enum co_result reload_step(struct co *co)
{
    struct reload *self = (struct reload *)co;
    if (co->state == RELOAD_READING && self->refused == 0)
        enforce_limit(self);
    CO_BEGIN(co, reload_state, RELOAD_IDLE);
    if (!self->wanted)
        return CO_ASLEEP;
    start(self);
    CO_AWAIT(co, RELOAD_READING, self->refused < 0 || self->process.exited);
    env_of(self)->ops->timer_stop(env_of(self), &self->timer);
    self->timer.fired = false;
    if (self->refused == 0)
        env_of(self)->ops->process_close(env_of(self), &self->process);
    co_enter(co, RELOAD_IDLE);
    tell(self);
    return CO_READY;
    CO_END(co, RELOAD_ENDED);
}

static const struct co_type reload_type = {"reload", reload_step, state_names, RELOAD_ENDED + 1,
                                           NULL};

int reload_begin(struct reload *self, uint64_t id, bool global, struct error *error)
{
    if (self->wanted || self->co.state == RELOAD_READING)
        return error_set(error, -EBUSY, "a reload is under way already");
    if (!self->context->program || !self->context->definitions)
        return error_set(error, -ENOTSUP, "there is no program to read the definition");
    self->id = id;
    self->argv[2] = global ? "--global" : "--";
    self->wanted = true;
    co_wake(&self->co);
    return 0;
}

struct reload *reload_create(const struct cast_context *context,
                             void (*over)(void *owner, const struct reload_news *news), void *owner)
{
    struct reload *self = NEW(struct reload);
    self->context = context;
    self->over = over;
    self->owner = owner;
    self->out = str_format("%s/log/scheduler/reload.json", context->run_dir);
    self->err = str_format("%s/log/scheduler/reload.err", context->run_dir);
    self->argv[0] = context->program;
    self->argv[1] = "reread";
    self->argv[3] = context->run_dir;
    co_init(&self->co, &reload_type, &context->env->ready);
    return self;
}

void reload_destroy(struct reload *self)
{
    if (!self)
        return;
    struct env *env = env_of(self);
    co_cancel(&self->co);
    if (self->co.state == RELOAD_READING && self->refused == 0) {
        env->ops->timer_stop(env, &self->timer);
        env->ops->process_kill(env, self->process.pid, SIGKILL);
        env->ops->process_close(env, &self->process);
    }
    free(self->out);
    free(self->err);
    free(self);
}

/* See definitions.h. */
#include "coroutines/definitions.h"
#include "base/memory.h"
#include "base/vec.h"
#include "coroutines/site.h"
#include "db/db.h"
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/banned.h"

struct restart_read { /* on the thread pool */
    struct env_work work;
    const struct workflow *workflow;
    char *path;
    struct restart *restart;
    struct error error;
    bool begun;
};

struct definitions {
    struct co co; /* awaits the thread pool */
    struct cast_context *context;
    const struct workflow *first;    /* not ours */
    VEC(struct workflow *) versions; /* ours, ascending */
    VEC(struct co *) waiting;
    struct env_work work;
    bool loading;
    uint64_t version; /* being loaded, or loaded last */
    /* for the thread */
    const struct workflow *previous;
    char *file;
    struct text text;
    json_t *options;
    struct workflow *loaded;
    struct error error;
    struct global_config *read_global;   /* with the version; NULL: stays as it is */
    struct global_config *global_before; /* somebody may still look at it in this turn */
    struct global_config *global;        /* the context's, if it is not the first one */
    struct restart_read read;
};

/* --- loading --- */

static const char *text_of(const json_t *json, const char *key)
{
    return json_string_value(json_object_get(json, key));
}

static struct definitions *of_work(struct env_work *work)
{
    return (struct definitions *)((char *)work - offsetof(struct definitions, work));
}

/* On the thread pool. */
static void parse(struct env_work *work)
{
    struct definitions *self = of_work(work);
    struct workflow_options options = {
        .initial = text_of(self->options, "initial"),
        .final = text_of(self->options, "final"),
        .start = text_of(self->options, "start"),
        .stop = text_of(self->options, "stop"),
        .hold_after = text_of(self->options, "hold_after"),
        .sequential = text_of(self->options, "sequential"),
        .now = json_integer_value(json_object_get(self->options, "now")),
        .previous = self->previous,
        .version = self->version};
    struct error error = {0};
    if (json_is_true(json_object_get(self->options, "global")))
        self->read_global = site_load(NULL, &error);
    if (error.code < 0) {
        self->error = error;
        return;
    }
    options.global = self->read_global ? self->read_global : self->context->global;
    self->loaded = workflow_parse(self->file, text_string(&self->text), self->text.n, &options,
                                  NULL, NULL, &self->error);
    if (self->loaded)
        workflow_forget_tree(self->loaded);
}

static void wake_all(struct definitions *self)
{
    VEC_EACH (struct co *, co, &self->waiting)
        co_wake(*co);
    vec_clear(&self->waiting);
}

static void take(struct definitions *self)
{
    self->loading = false;
    if (self->loaded)
        *vec_push(&self->versions) = self->loaded;
    self->loaded = NULL;
    text_release(&self->text);
    json_decref(self->options);
    self->options = NULL;
    wake_all(self);
}

enum definitions_state { DEFINITIONS_IDLE };
static const char *const state_names[] = {"idle"};

static enum co_result definitions_step(struct co *co)
{
    struct definitions *self = (struct definitions *)co;
    if (self->loading && self->work.done)
        take(self);
    if (self->read.begun && self->read.work.done)
        wake_all(self);
    return CO_ASLEEP;
}

static const struct co_type definitions_type = {"definitions", definitions_step, state_names,
                                                DEFINITIONS_IDLE + 1, NULL};

/* What neither the cast's version is nor what that one has settings from. */
static void forget_old(struct definitions *self)
{
    size_t n = 0;
    for (size_t i = 0; i < self->versions.n; i++) {
        struct workflow *version = self->versions.at[i];
        if (version == self->context->workflow ||
            workflow_uses(self->context->workflow, version->version))
            self->versions.at[n++] = version;
        else
            workflow_destroy(version);
    }
    self->versions.n = n;
}

static void forget_read(struct definitions *self)
{
    restart_destroy(self->read.restart);
    free(self->read.path);
    self->read = (struct restart_read){0};
}

static void start(struct definitions *self, const struct message *message)
{
    struct env *env = self->context->env;
    struct slice options = message->detail.n ? message->detail : slice_of("{}");
    json_error_t bad;
    forget_old(self);
    forget_read(self);
    global_destroy(self->read_global);
    self->read_global = NULL;
    self->version = (uint64_t)message->value;
    self->previous = self->context->workflow;
    free(self->file);
    self->file = slice_copy(message->text);
    self->options = json_loadb(options.at, options.n, 0, &bad);
    self->error = (struct error){0};
    self->loading = true;
    int code = env->ops->file_read(env, self->file, 0, &self->text);
    if (code < 0) {
        error_set(&self->error, code, "cannot read %s: %s", self->file, strerror(-code));
        take(self);
        return;
    }
    self->work = (struct env_work){.run = parse};
    env->ops->work_start(env, &self->work, &self->co);
}

void definitions_load(struct definitions *self, const struct message *message, struct co *co)
{
    PRE(self && message->value > 0);
    *vec_push(&self->waiting) = co;
    if (self->loading || definitions_find(self, (uint64_t)message->value))
        co_wake(co);
    else
        start(self, message);
}

int definitions_ready(const struct definitions *self, uint64_t version, struct error *error)
{
    if (definitions_find(self, version))
        return 0;
    if (self->loading)
        return -EINPROGRESS;
    *error = self->error;
    return error->code < 0 ? error->code
                           : error_set(error, -ENOENT, "version %llu was not loaded",
                                       (unsigned long long)version);
}

const struct workflow *definitions_find(const struct definitions *self, uint64_t version)
{
    for (size_t i = 0; i < self->versions.n; i++)
        if (self->versions.at[i]->version == version)
            return self->versions.at[i];
    return self->first->version == version ? self->first : NULL;
}

/* --- reading the database --- */

/* On the thread pool, with a connection of its own. */
static void read_database(struct env_work *work)
{
    struct restart_read *read = (struct restart_read *)work;
    read->restart = db_read(read->path, read->workflow, &read->error);
}

static void begin_read(struct definitions *self, uint64_t version)
{
    const struct cast_context *context = self->context;
    self->read.begun = true;
    self->read.workflow = definitions_find(self, version);
    PRE(self->read.workflow);
    self->read.path =
        context->db_path ? str_copy(context->db_path) : str_format("%s/log/db", context->run_dir);
    self->read.work.run = read_database;
    context->env->ops->work_start(context->env, &self->read.work, &self->co);
}

int definitions_restart(struct definitions *self, uint64_t version, struct co *co,
                        const struct restart **ret_restart, struct error *error)
{
    if (!self->read.begun)
        begin_read(self, version);
    PRE(self->read.workflow->version == version);
    if (!self->read.work.done) {
        *vec_push(&self->waiting) = co;
        return -EINPROGRESS;
    }
    if (!self->read.restart) {
        *error = self->read.error;
        return error->code;
    }
    *ret_restart = self->read.restart;
    return 0;
}

void definitions_swap(struct definitions *self, uint64_t version)
{
    const struct workflow *next = definitions_find(self, version);
    if (!next || next == self->context->workflow)
        return;
    self->context->workflow = next;
    if (self->read_global) {
        global_destroy(self->global_before);
        self->global_before = self->global;
        self->context->global = self->global = self->read_global;
        self->read_global = NULL;
    }
}

struct definitions *definitions_create(struct cast_context *context)
{
    struct definitions *self = NEW(struct definitions);
    self->context = context;
    self->first = context->workflow;
    co_init(&self->co, &definitions_type, &context->env->ready);
    return self;
}

void definitions_destroy(struct definitions *self)
{
    if (!self)
        return;
    forget_read(self);
    global_destroy(self->read_global);
    global_destroy(self->global);
    global_destroy(self->global_before);
    workflow_destroy(self->loaded);
    for (size_t i = self->versions.n; i > 0; i--)
        workflow_destroy(self->versions.at[i - 1]);
    vec_release(&self->versions);
    vec_release(&self->waiting);
    text_release(&self->text);
    json_decref(self->options);
    free(self->file);
    free(self);
}

/* --- one member's part --- */

void holder_init(struct holder *holder, enum member member, const struct cast_context *context,
                 struct co *co)
{
    *holder = (struct holder){.context = context, .member = member, .co = co};
}

void holder_hear(struct holder *holder, const struct message *message)
{
    struct definitions *definitions = holder->context->definitions;
    if (message->topic == TOPIC_DEFINITION_NEXT)
        definitions_load(definitions, message, holder->co);
    if (message->topic != TOPIC_DEFINITION_STEP)
        return;
    holder->version = (uint64_t)message->value;
    holder->step = (enum definition_step)message->number;
    holder->due = holder->step != STEP_STAY;
    if (holder->step == STEP_SWAP)
        definitions_swap(definitions, holder->version);
}

bool holder_is_due(const struct holder *holder, enum definition_step step)
{
    struct error error;
    return holder->due && holder->step == step &&
           (step != STEP_SETTLE || definitions_ready(holder->context->definitions, holder->version,
                                                     &error) != -EINPROGRESS);
}

const struct workflow *holder_next(const struct holder *holder, struct error *error)
{
    const struct definitions *definitions = holder->context->definitions;
    return definitions_ready(definitions, holder->version, error) < 0
               ? NULL
               : definitions_find(definitions, holder->version);
}

void holder_done(struct holder *holder, const struct error *error)
{
    char why[ERROR_TEXT_MAX + ERROR_FILE_MAX + ERROR_ITEM_MAX + 64] = "";
    if (error->code < 0)
        error_format(error, why, sizeof why);
    holder->due = false;
    bus_publish(holder->context->bus, holder->member,
                &(struct message){.topic = TOPIC_DEFINITION_DONE,
                                  .number = holder->step,
                                  .value = (int64_t)holder->version,
                                  .text = slice_of(why)});
}

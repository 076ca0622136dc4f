/* See xtrigger_hosts.h. Which names a plugin serves it says itself, in its process. Until all have
 * said so, calls wait at the router, a host that only hands them on. */
#include "coroutines/xtrigger_hosts.h"
#include "base/memory.h"
#include "base/vec.h"
#include "coroutines/host_builtin.h"
#include "coroutines/host_child.h"
#include "coroutines/host_program.h"
#include "coroutines/xtrigger_check.h"
#include "scheduler/run/python.h"
#include "xtriggers/loader.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/banned.h"

enum {
    PLUGIN_CALLS_MAX = 1, /* at once: it has one thread, and the one that hangs is known */
    PYTHON_CALLS_MAX = 32 /* at once, each on a thread of its own */
};

/* A call that waits at the router. */
struct waiting {
    struct host_call *call;
    struct waiting *prev, *next;
};

struct xtrigger_hosts {
    struct host router; /* first */
    struct actor *actor;
    struct host_builtin *builtin;
    struct programs *programs;
    VEC(struct host_child *) plugins;
    struct host_child *python; /* NULL: not needed yet */
    VEC(struct host_child *) retired;
    struct waiting *waiting;
    bool scanned; /* for plugins */
};

/* --- starting --- */

/* What it writes to stdout and stderr is in log/scheduler/xtrigger-NAME.err. */
static char *err_path(const struct xtrigger_hosts *self, const char *name)
{
    struct env *env = self->actor->context->env;
    const char *run_dir = self->actor->context->run_dir;
    char *directory = str_format("%s/log/scheduler", run_dir);
    (void)env->ops->directory_make(env, directory);
    free(directory);
    return str_format("%s/log/scheduler/xtrigger-%s.err", run_dir, name);
}

static void route_waiting(void *context);

static struct host_child *create_plugin(struct xtrigger_hosts *self, const char *path)
{
    const char *program = self->actor->context->program, *slash = strrchr(path, '/');
    const char *const argv[] = {program ? program : "rouse", "xtrigger-child", path, NULL};
    char *name = str_format("the plugin lib/xtriggers/%s", slash + 1);
    char *file = str_copy_n(slash + 1, strlen(slash + 1) - strlen(".so"));
    char *err = err_path(self, file);
    const struct host_child_options options = {.name = name,
                                               .argv = argv,
                                               .err = err,
                                               .at_once = PLUGIN_CALLS_MAX,
                                               .registers = true,
                                               .changed = route_waiting,
                                               .context = self};
    struct host_child *child = host_child_create(self->actor, &options);
    free(err);
    free(file);
    free(name);
    return child;
}

/* It ends itself, and knows who is to blame, at HOST_MEMORY_MAX. */
static struct host_child *create_python(struct xtrigger_hosts *self)
{
    char *program = python_file(self->actor->context->program, "rouse/xtrigger_host.py");
    const char *const argv[] = {"python3", program, NULL};
    char *err = err_path(self, "python");
    const struct host_child_options options = {.name = "the Python host",
                                               .argv = argv,
                                               .err = err,
                                               .memory_max = 2 * HOST_MEMORY_MAX,
                                               .at_once = PYTHON_CALLS_MAX};
    struct host_child *child = host_child_create(self->actor, &options);
    free(err);
    free(program);
    return child;
}

static void scan(struct xtrigger_hosts *self)
{
    if (self->scanned)
        return;
    self->scanned = true;
    struct plugin_paths paths;
    plugin_paths_find(self->actor->context->run_dir, &paths);
    for (size_t i = 0; i < paths.found.gl_pathc; i++)
        *vec_push(&self->plugins) = create_plugin(self, paths.found.gl_pathv[i]);
    plugin_paths_release(&paths);
}

/* --- routing --- */

static void hand_on(struct host_call *call, struct host *host)
{
    call->host = host;
    call->seat = NULL;
    host->type->ask(host, call);
}

static bool all_known(const struct xtrigger_hosts *self)
{
    VEC_EACH (struct host_child *, plugin, &self->plugins)
        if (!host_child_is_known(*plugin))
            return false;
    return true;
}

static struct host_child *find_plugin(const struct xtrigger_hosts *self, const char *function)
{
    VEC_EACH (struct host_child *, plugin, &self->plugins)
        if (host_child_serves(*plugin, function))
            return *plugin;
    return NULL;
}

/* A plugin that could not be loaded may be the one: it is looked at again with the next call. */
static bool fail_for_want_of_plugin(struct xtrigger_hosts *self, struct host_call *call)
{
    struct text *failure = &call->call.failure;
    call_clear_answer(&call->call);
    VEC_EACH (struct host_child *, plugin, &self->plugins) {
        if (!host_child_is_nameless(*plugin))
            continue;
        if (!failure->n)
            text_addf(failure, "no such xtrigger: %s", call->call.function);
        text_addf(failure, "; %s", host_child_last_words(*plugin));
        host_child_look_again(*plugin);
    }
    if (!failure->n)
        return false;
    call->call.verdict = ROUSE_ERROR;
    watch_answered(call);
    return true;
}

static void route(struct xtrigger_hosts *self, struct host_call *call)
{
    const struct cast_context *context = self->actor->context;
    const char *function = call->call.function;
    struct host_child *plugin = find_plugin(self, function);
    struct error error = {0};
    if (plugin) {
        hand_on(call, host_child_host(plugin));
    } else if (workflow_has_xtrigger_program(context->workflow, function)) {
        hand_on(call, programs_host(self->programs, function));
    } else if (python_function_find(context->run_dir, function, &error) == 0 ||
               !fail_for_want_of_plugin(self, call)) {
        if (!self->python)
            self->python = create_python(self);
        hand_on(call, host_child_host(self->python));
    }
}

static void forget(struct xtrigger_hosts *self, struct waiting *waiting)
{
    DL_DELETE(self->waiting, waiting);
    waiting->call->seat = NULL;
    free(waiting);
}

/* Some plugin has said its names, or died before it could. */
static void route_waiting(void *context)
{
    struct xtrigger_hosts *self = context;
    while (self->waiting && all_known(self)) {
        struct host_call *call = self->waiting->call;
        forget(self, self->waiting);
        route(self, call);
    }
}

static void ask(struct host *host, struct host_call *call)
{
    struct xtrigger_hosts *self = (struct xtrigger_hosts *)host;
    struct waiting *waiting = NEW(struct waiting);
    scan(self);
    waiting->call = call;
    call->seat = waiting;
    DL_APPEND(self->waiting, waiting);
    route_waiting(self);
}

static bool cancel(struct host *host, struct host_call *call)
{
    if (call->seat)
        forget((struct xtrigger_hosts *)host, call->seat);
    return true;
}

static const struct host_type router_type = {.ask = ask, .cancel = cancel};

/* --- their life --- */

struct xtrigger_hosts *xtrigger_hosts_create(struct actor *actor, struct programs *programs)
{
    struct xtrigger_hosts *self = NEW(struct xtrigger_hosts);
    self->router.type = &router_type;
    self->actor = actor;
    self->programs = programs;
    self->builtin = host_builtin_create(actor);
    return self;
}

struct host *xtrigger_hosts_find(struct xtrigger_hosts *self, const char *function)
{
    const char *run_dir = self->actor->context->run_dir;
    return xtrigger_builtin(function, run_dir) ? host_builtin_host(self->builtin) : &self->router;
}

static void retire(struct xtrigger_hosts *self, struct host_child *child)
{
    host_child_retire(child);
    *vec_push(&self->retired) = child;
}

static void destroy_gone(struct xtrigger_hosts *self)
{
    size_t kept = 0;
    VEC_EACH (struct host_child *, child, &self->retired) {
        if (host_child_is_gone(*child))
            host_child_destroy(*child);
        else
            self->retired.at[kept++] = *child;
    }
    self->retired.n = kept;
}

void xtrigger_hosts_renew(struct xtrigger_hosts *self)
{
    PRE(!self->waiting);
    destroy_gone(self);
    VEC_EACH (struct host_child *, plugin, &self->plugins)
        retire(self, *plugin);
    vec_clear(&self->plugins);
    if (self->python)
        retire(self, self->python);
    self->python = NULL;
    self->scanned = false;
}

void xtrigger_hosts_end(struct xtrigger_hosts *self)
{
    host_builtin_end(self->builtin);
}

void xtrigger_hosts_destroy(struct xtrigger_hosts *self)
{
    if (!self)
        return;
    xtrigger_hosts_renew(self);
    VEC_EACH (struct host_child *, child, &self->retired)
        host_child_destroy(*child);
    vec_release(&self->retired);
    vec_release(&self->plugins);
    host_builtin_destroy(self->builtin);
    free(self);
}

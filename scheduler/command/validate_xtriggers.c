/* The xtriggers of a definition: whether there are such functions, and take their arguments. */
#include "base/memory.h"
#include "base/vec.h"
#include "coroutines/xtrigger_check.h"
#include "scheduler/command/check_host.h"
#include "scheduler/command/validate.h"
#include "scheduler/run/process.h"
#include "scheduler/run/python.h"
#include "xtriggers/loader.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Seconds to import a module and check a call: this, or [scheduler]process pool timeout if that is
 * less. */
enum { CHECK_SECONDS_MAX = 60 };

struct checking {
    const struct workflow *workflow;
    const char *directory;
    double seconds;
    char *program;
    bool plugins_started;
    struct plugin_paths paths;
    VEC(struct check_host *) plugins; /* a process for each, as for the scheduler */
    struct check_host *python;        /* NULL: not needed so far */
    struct text *sequential;
};

/* --- plugins --- */

static struct check_host *find_plugin(const struct checking *self, const char *function)
{
    VEC_EACH (struct check_host *, plugin, &self->plugins) {
        const char *name;
        for (size_t i = 0; (name = check_host_serves(*plugin, i)); i++)
            if (strcmp(name, function) == 0)
                return *plugin;
    }
    return NULL;
}

static int start_plugin(struct checking *self, const char *path, struct error *error)
{
    const char *const argv[] = {self->program ? self->program : "rouse", "xtrigger-child", path,
                                NULL};
    struct error why = {0};
    struct check_host *plugin = check_host_start(path, argv, self->directory, self->seconds, &why);
    const char *name = NULL;
    if (plugin && check_host_meet(plugin, &why) == 0)
        for (size_t i = 0; (name = check_host_serves(plugin, i)) && !why.code; i++)
            if (find_plugin(self, name))
                error_set(&why, -EEXIST, "%s: there is already an xtrigger \"%s\"", path, name);
    if (plugin)
        *vec_push(&self->plugins) = plugin;
    return why.code ? error_set(error, why.code, "%s", why.text) : 0;
}

static int start_plugins(struct checking *self, struct error *error)
{
    int code = 0;
    if (self->plugins_started)
        return 0;
    self->plugins_started = true;
    plugin_paths_find(self->directory, &self->paths);
    for (size_t i = 0; i < self->paths.found.gl_pathc && code == 0; i++)
        code = start_plugin(self, self->paths.found.gl_pathv[i], error);
    return code;
}

/* --- Python --- */

static int start_python(struct checking *self, struct error *error)
{
    if (self->python)
        return 0;
    char *file = python_file(self->program, "rouse/xtrigger_host.py");
    const char *const argv[] = {"python3", file, NULL};
    self->python = check_host_start("the Python host", argv, self->directory, self->seconds, error);
    free(file);
    return self->python ? 0 : error->code;
}

/* --- both --- */

static int ask(const struct xtrigger_def *def, struct check_host *host,
               enum own_sequential *ret_sequential, struct error *error)
{
    struct call call;
    char *signature = str_format("%s(%s)", def->function, def->args);
    int code = call_init(&call, signature, NULL, error);
    if (code == 0) {
        call.call.interval = def->interval;
        code = check_host_ask(host, &call, ret_sequential, error);
        call_release(&call);
    }
    free(signature);
    return code;
}

static int check_python(struct checking *self, const struct xtrigger_def *def, struct error *error)
{
    enum own_sequential sequential = OWN_SEQUENTIAL_UNSAID;
    struct error why = {0};
    int code = start_python(self, &why);
    if (code == 0)
        code = ask(def, self->python, &sequential, &why);
    if (sequential != OWN_SEQUENTIAL_UNSAID)
        text_addf(self->sequential, "%s=%s ", def->label,
                  sequential == OWN_SEQUENTIAL_TRUE ? "True" : "False");
    if (code == -ENOENT) {
        struct text names = {0};
        builtin_names(&names);
        error_set(error, code, "%s; there is no such plugin in lib/xtriggers; built in are %s",
                  why.text, text_string(&names));
        text_release(&names);
        return code;
    }
    return code < 0 ? error_set(error, code, "%s", why.text) : 0;
}

/* What is neither a plugin nor served by a program is in Python. */
static int check_elsewhere(struct checking *self, const struct xtrigger_def *def,
                           struct error *error)
{
    enum own_sequential ignored;
    int code = start_plugins(self, error);
    struct check_host *plugin = code ? NULL : find_plugin(self, def->function);
    if (plugin)
        return ask(def, plugin, &ignored, error);
    if (code || workflow_has_xtrigger_program(self->workflow, def->function))
        return code;
    return check_python(self, def, error);
}

static int check(struct checking *self, const struct xtrigger_def *def, struct error *error)
{
    struct error why = {0};
    if (xtrigger_builtin(def->function, self->directory))
        return xtrigger_check(def, self->directory, error);
    if (check_elsewhere(self, def, &why) == 0)
        return 0;
    char *item = str_format("[scheduling][xtriggers]%s", def->label);
    if (def->file)
        error_where(error, def->file, def->line, item);
    free(item);
    return error_set(error, why.code, "xtrigger @%s: %s", def->label, why.text);
}

static void release(struct checking *self)
{
    VEC_EACH (struct check_host *, plugin, &self->plugins)
        check_host_end(*plugin);
    vec_release(&self->plugins);
    if (self->plugins_started)
        plugin_paths_release(&self->paths);
    check_host_end(self->python);
    free(self->program);
}

int validate_xtriggers(const struct workflow *workflow, const char *directory,
                       struct text *ret_sequential, struct error *error)
{
    double limit = workflow->process_pool_timeout;
    struct checking self = {.workflow = workflow,
                            .directory = directory,
                            .seconds = limit < CHECK_SECONDS_MAX ? limit : CHECK_SECONDS_MAX,
                            .program = process_program(),
                            .sequential = ret_sequential};
    int code = 0;
    bool *called = xtriggers_called(workflow);
    for (uint32_t i = 0; i < workflow->n_xtriggers && code == 0; i++)
        if (called[i])
            code = check(&self, &workflow->xtriggers[i], error);
    free(called);
    release(&self);
    return code;
}

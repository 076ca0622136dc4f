/* The xtriggers of a definition: whether there are such functions, and take their arguments. */
#include "base/memory.h"
#include "coroutines/xtrigger_check.h"
#include "scheduler/command/check_host.h"
#include "scheduler/command/validate.h"
#include "scheduler/run/process.h"
#include "scheduler/run/python.h"
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
    struct loader *loader;
    struct check_host *python; /* NULL: not needed so far */
    struct text *sequential;
};

static int start_python(struct checking *self, struct error *error)
{
    if (self->python)
        return 0;
    char *program = process_program();
    char *file = python_file(program, "rouse/xtrigger_host.py");
    const char *const argv[] = {"python3", file, NULL};
    double limit = self->workflow->process_pool_timeout;
    self->python = check_host_start("the Python host", argv, self->directory,
                                    limit < CHECK_SECONDS_MAX ? limit : CHECK_SECONDS_MAX, error);
    free(file);
    free(program);
    return self->python ? 0 : error->code;
}

static int check_python(struct checking *self, const struct xtrigger_def *def, struct error *error)
{
    enum own_sequential sequential = OWN_SEQUENTIAL_UNSAID;
    struct call call;
    int code = start_python(self, error);
    if (code < 0)
        return code;
    char *signature = str_format("%s(%s)", def->function, def->args);
    code = call_init(&call, signature, NULL, error);
    free(signature);
    if (code < 0)
        return code;
    code = check_host_ask(self->python, &call, &sequential, error);
    call_release(&call);
    if (sequential != OWN_SEQUENTIAL_UNSAID)
        text_addf(self->sequential, "%s=%s ", def->label,
                  sequential == OWN_SEQUENTIAL_TRUE ? "True" : "False");
    return code;
}

/* What is neither built in nor a plugin is in Python. */
static int check(struct checking *self, const struct xtrigger_def *def, struct error *error)
{
    struct error why = {0};
    int code = xtrigger_check(self->workflow, def, self->loader, self->directory, error);
    if (code != -ENOENT)
        return code;
    code = check_python(self, def, &why);
    if (code == -ENOENT)
        return error_set(error, code,
                         "xtrigger @%s: %s; built in or in lib/xtriggers of the workflow are %s",
                         def->label, why.text, loader_names(self->loader));
    if (code < 0)
        return error_set(error, code, "xtrigger @%s: %s", def->label, why.text);
    *error = (struct error){0};
    return 0;
}

int validate_xtriggers(const struct workflow *workflow, const char *directory,
                       struct text *ret_sequential, struct error *error)
{
    struct checking self = {.workflow = workflow,
                            .directory = directory,
                            .loader = loader_create(directory, error),
                            .sequential = ret_sequential};
    int code = self.loader ? 0 : error->code;
    bool *called = xtriggers_called(workflow);
    for (uint32_t i = 0; i < workflow->n_xtriggers && code == 0; i++)
        if (called[i])
            code = check(&self, &workflow->xtriggers[i], error);
    check_host_end(self.python);
    loader_destroy(self.loader);
    free(called);
    return code;
}

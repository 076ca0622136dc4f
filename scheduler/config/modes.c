/* Run modes: of the workflow and of single tasks, and what a task in skip mode completes. */
#include "scheduler/config/expression.h"
#include "scheduler/config/load.h"
#include <errno.h>

#include "base/banned.h"

/* Names that are no outputs of the task mean nothing: families set them for all members. */
int skip_outputs_read(const struct settings *settings, struct task_def *task, struct error *error)
{
    static const uint64_t both = UINT64_C(1) << OUTPUT_SUCCEEDED | UINT64_C(1) << OUTPUT_FAILED;
    const struct item *item = settings->skip_outputs;
    uint64_t outputs = 0;
    for (uint32_t i = 0; item && i < item->value.strings.n; i++) {
        uint32_t output = settings_output(settings, item->value.strings.at[i]);
        if (output != NO_INDEX)
            outputs |= UINT64_C(1) << output;
    }
    if (item)
        task->skip_outputs = outputs;
    if ((outputs & both) != both)
        return 0;
    return item_error(
        error, item, -EINVAL,
        "task %s cannot both succeed and fail in skip mode: expected one of succeeded "
        "and failed",
        task->name);
}

int load_skip_mode(struct loading *self, struct task_def *tasks)
{
    struct text names = {0};
    int result = 0;
    for (uint32_t i = 0; i < self->tasks.n && result == 0; i++) {
        if (tasks[i].runtime.run_mode == RUN_SKIP)
            text_addf(&names, "\n    * %s", tasks[i].name);
        result = skip_outputs_read(self->tasks.at[i]->settings, &tasks[i], self->error);
    }
    if (names.n && result == 0)
        warner_say(&self->warner, "The following tasks are set to run in skip mode:%s",
                   text_string(&names));
    text_release(&names);
    return result;
}

const char *const run_mode_names[RUN_MODES] = {[RUN_AS_WORKFLOW] = "",
                                               [RUN_LIVE] = "live",
                                               [RUN_SKIP] = "skip",
                                               [RUN_SIMULATION] = "simulation",
                                               [RUN_DUMMY] = "dummy"};

enum run_mode task_run_mode(const struct runtime *runtime, enum run_mode of_workflow)
{
    bool for_all = of_workflow == RUN_SIMULATION || of_workflow == RUN_DUMMY;
    return for_all || runtime->run_mode == RUN_AS_WORKFLOW ? of_workflow : runtime->run_mode;
}

/* Without it, and everything else there, the task would not be complete. */
static bool is_required(const struct completion *completion, uint32_t output)
{
    static const uint64_t never = UINT64_C(1) << OUTPUT_EXPIRED |
                                  UINT64_C(1) << OUTPUT_SUBMIT_FAILED |
                                  UINT64_C(1) << OUTPUT_FAILED;
    return completion->n_terms && !expression_holds(completion, ~never & ~(UINT64_C(1) << output));
}

uint64_t task_skip_outputs(const struct workflow *workflow, const struct task_def *task)
{
    uint64_t outputs = UINT64_C(1) << OUTPUT_SUBMITTED | UINT64_C(1) << OUTPUT_STARTED;
    for (uint32_t i = OUTPUT_CUSTOM; i < task->n_outputs; i++)
        if (task->skip_outputs ? task->skip_outputs >> i & 1
                               : is_required(&workflow->completions[task->index], i))
            outputs |= UINT64_C(1) << i;
    bool fails = task->skip_outputs >> OUTPUT_FAILED & 1;
    return outputs | UINT64_C(1) << (fails ? OUTPUT_FAILED : OUTPUT_SUCCEEDED);
}

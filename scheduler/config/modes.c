/* Run modes of single tasks: what a task in skip mode completes. */
#include "scheduler/config/load.h"
#include <errno.h>

#include "base/banned.h"

/* Names that are no outputs of the task mean nothing: families set them for all members. */
static int read_outputs(struct loading *self, const struct settings *settings,
                        struct task_def *task)
{
    static const uint64_t both = UINT64_C(1) << OUTPUT_SUCCEEDED | UINT64_C(1) << OUTPUT_FAILED;
    const struct item *item = settings->skip_outputs;
    for (uint32_t i = 0; item && i < item->value.strings.n; i++) {
        uint32_t output = settings_output(settings, item->value.strings.at[i]);
        if (output != NO_INDEX)
            task->skip_outputs |= UINT64_C(1) << output;
    }
    if ((task->skip_outputs & both) != both)
        return 0;
    return item_error(
        self->error, item, -EINVAL,
        "task %s cannot both succeed and fail in skip mode: expected one of succeeded "
        "and failed",
        task->name);
}

int load_skip_mode(struct loading *self, struct task_def *tasks)
{
    struct text names = {0};
    int result = 0;
    for (uint32_t i = 0; i < self->tasks.n && result == 0; i++) {
        if (tasks[i].runtime.skip)
            text_addf(&names, "\n    * %s", tasks[i].name);
        result = read_outputs(self, self->tasks.at[i]->settings, &tasks[i]);
    }
    if (names.n && result == 0)
        warner_say(&self->warner, "The following tasks are set to run in skip mode:%s",
                   text_string(&names));
    text_release(&names);
    return result;
}

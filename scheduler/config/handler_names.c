/* The %(names)s in [events]handlers: each must be one that will be filled in. What a name stands
 * for is known to coroutines/event_values.c. */
#include "scheduler/config/load.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static const char *const names[] = {"event",
                                    "message",
                                    "workflow",
                                    "suite",
                                    "workflow_uuid",
                                    "suite_uuid",
                                    "point",
                                    "name",
                                    "id",
                                    "submit_num",
                                    "try_num",
                                    "job_id",
                                    "batch_sys_job_id",
                                    "job_runner_name",
                                    "batch_sys_name",
                                    "submit_time",
                                    "start_time",
                                    "finish_time",
                                    "platform_name",
                                    "user@host",
                                    "title",
                                    "description",
                                    "URL",
                                    "task_url",
                                    "workflow_url",
                                    "suite_url"};

static bool is_key(struct slice name, const struct key_value *pairs, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (slice_equal(name, pairs[i].key))
            return true;
    return false;
}

static struct slice after(struct slice name, const char *prefix)
{
    size_t n = strlen(prefix);
    bool has = name.n > n && memcmp(name.at, prefix, n) == 0;
    return has ? (struct slice){name.at + n, name.n - n} : (struct slice){0};
}

static bool is_known(const struct workflow *workflow, const struct task_def *task,
                     struct slice name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_equal(name, names[i]))
            return true;
    return is_key(name, task->runtime.meta, task->runtime.n_meta) ||
           is_key(after(name, "workflow_"), workflow->meta, workflow->n_meta) ||
           is_key(after(name, "suite_"), workflow->meta, workflow->n_meta);
}

static int check_handler(struct loading *self, const struct task_def *task, const char *handler)
{
    for (const char *at = strstr(handler, "%("); at; at = strstr(at + 2, "%(")) {
        struct slice name = {at + 2, strcspn(at + 2, ")")};
        bool escaped = at > handler && at[-1] == '%';
        if (escaped || is_known(self->workflow, task, name))
            continue;
        const struct name_space *space = self->tasks.at[task->index];
        const struct heading *heading = space->headings;
        char *item = str_format("[runtime][%s][events]handlers", task->name);
        error_set(self->error, -EINVAL,
                  "bad template %%(%.*s)s in the event handler \"%.200s\" of task %s: expected one "
                  "such as %%(event)s, %%(id)s, %%(message)s or an item of [meta]",
                  (int)name.n, name.at, handler, task->name);
        error_where(self->error, heading ? heading->section->file : self->workflow->source,
                    heading ? heading->section->line : 0, item);
        free(item);
        return self->error->code;
    }
    return 0;
}

/* Tasks of the graph only: what others say is never used. */
int load_handler_names(struct loading *self, const struct task_def *tasks)
{
    int result = 0;
    for (uint32_t i = 0; i < self->tasks.n && result == 0; i++)
        for (uint32_t h = 0; h < tasks[i].runtime.n_handlers && result == 0; h++)
            if (self->graph->tasks[i].n_sequences)
                result = check_handler(self, &tasks[i], tasks[i].runtime.handlers[h]);
    return result;
}

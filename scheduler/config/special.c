/* Queues, special tasks and the clock triggers that come of them. */
#include "base/check.h"
#include "scheduler/config/parameters.h"
#include <errno.h>
#include <string.h>

#include "base/banned.h"

static const uint32_t default_queue_limit = 100;

/* The tasks `name` means, implicit ones defined as allowed. */
static int members_of(struct loading *self, const struct item *item, const char *name,
                      const uint32_t **ret_members, uint32_t *ret_n)
{
    if (load_members(self, name, ret_members, ret_n))
        return 0;
    if (load_task(self, name, self->error) == NO_INDEX)
        return item_error_where(self->error, item);
    load_members(self, name, ret_members, ret_n);
    return 0;
}

/* The special task `name` of `item`, parameters filled in. */
typedef int special_name_handler(struct loading *self, const struct item *item, const char *name,
                                 void *context);

struct special {
    struct loading *loading;
    const struct item *item;
    special_name_handler *handler;
    void *context;
};

static int take_special(void *context, const char *name)
{
    const struct special *special = context;
    return special->handler(special->loading, special->item, name, special->context);
}

static int each_special(struct loading *self, const struct item *item, const char *name,
                        special_name_handler *handler, void *context)
{
    struct special special = {self, item, handler, context};
    return parameters_expand(self, item, name, take_special, &special);
}

/* "name" or "name(offset)" */
static int parse_clock(struct loading *self, const struct item *item, const char *spec,
                       const char **ret_name, const char **ret_offset)
{
    size_t n = strcspn(spec, "(");
    struct slice name = slice_trim((struct slice){spec, n}), rest = slice_of(spec + n);
    struct slice offset = slice_of("PT0S");
    if (rest.n) {
        if (rest.n < 2 || rest.at[rest.n - 1] != ')')
            name.n = 0;
        else if (rest.n > 2)
            offset = slice_trim((struct slice){rest.at + 1, rest.n - 2});
    }
    struct interval interval;
    *ret_name = arena_text(&self->scratch, name);
    *ret_offset = arena_text(&self->scratch, offset);
    if (!name.n || interval_parse(self->workflow->cycling, *ret_offset, &interval, self->error) < 0)
        return item_error(self->error, item, -EINVAL,
                          "expected clock triggers such as \"foo(PT1H)\", not \"%s\"", spec);
    return 0;
}

static int add_clock_trigger(struct loading *self, const struct item *item, const char *name,
                             void *context)
{
    const uint32_t *clock = context, *members;
    uint32_t n;
    if (members_of(self, item, name, &members, &n) < 0)
        return self->error->code;
    for (uint32_t m = 0; m < n; m++)
        *vec_push(&self->clock_triggers) = (struct clock_trigger){members[m], *clock};
    return 0;
}

static int read_clock_triggers(struct loading *self)
{
    const struct item *item = load_setting(self, "scheduling", "special tasks", "clock-trigger");
    if (!item)
        return 0;
    if (cycling_mode(self->workflow->cycling) == CYCLING_INTEGER)
        return item_error(self->error, item, -EINVAL,
                          "clock-trigger tasks require date-time cycling");
    for (uint32_t i = 0; i < item->value.strings.n; i++) {
        const char *name, *offset;
        if (parse_clock(self, item, item->value.strings.at[i], &name, &offset) < 0)
            return self->error->code;
        uint32_t clock = load_clock(self, offset);
        if (each_special(self, item, name, add_clock_trigger, &clock) < 0)
            return self->error->code;
    }
    return 0;
}

static int define_special(struct loading *self, const struct item *item, const char *name,
                          void *context)
{
    const uint32_t *members;
    uint32_t n;
    (void)context;
    return members_of(self, item, name, &members, &n);
}

int load_special_names(struct loading *self)
{
    const struct item *item = load_setting(self, "scheduling", "special tasks", "sequential");
    for (uint32_t i = 0; item && i < item->value.strings.n; i++)
        if (each_special(self, item, item->value.strings.at[i], define_special, NULL) < 0)
            return self->error->code;
    return read_clock_triggers(self);
}

static int set_sequential(struct loading *self, const struct item *item, const char *name,
                          void *context)
{
    struct task_def *tasks = context;
    const uint32_t *members = NULL;
    uint32_t n = 0;
    (void)item;
    load_members(self, name, &members, &n);
    for (uint32_t m = 0; m < n; m++)
        tasks[members[m]].sequential = true;
    return 0;
}

void load_sequential(struct loading *self, struct task_def *tasks)
{
    const struct item *item = load_setting(self, "scheduling", "special tasks", "sequential");
    for (uint32_t i = 0; item && i < item->value.strings.n; i++) {
        int result = each_special(self, item, item->value.strings.at[i], set_sequential, tasks);
        POST(result == 0); /* load_special_names has been through them */
    }
}

/* A task's xtriggers with a clock for each of its sequences. */
static void add_clock(struct loading *self, struct graph_task *task, uint32_t clock)
{
    uint32_t n = task->n_xtriggers + task->n_sequences;
    struct graph_xtrigger *xtriggers = arena_new_array(self->keep, n, sizeof *xtriggers);
    if (task->n_xtriggers)
        memcpy(xtriggers, task->xtriggers, task->n_xtriggers * sizeof *xtriggers);
    for (uint32_t i = 0; i < task->n_sequences; i++)
        xtriggers[task->n_xtriggers + i] = (struct graph_xtrigger){task->sequences[i], clock};
    task->xtriggers = xtriggers;
    task->n_xtriggers = n;
}

const struct graph *load_clock_triggers(struct loading *self)
{
    if (!self->clock_triggers.n)
        return self->graph;
    struct graph *graph = arena_new(self->keep, sizeof *graph);
    *graph = *self->graph;
    struct graph_task *tasks = arena_new_array(self->keep, graph->n_tasks, sizeof *tasks);
    memcpy(tasks, graph->tasks, graph->n_tasks * sizeof *tasks);
    VEC_EACH (struct clock_trigger, trigger, &self->clock_triggers)
        add_clock(self, &tasks[trigger->task], trigger->xtrigger);
    graph->tasks = tasks;
    return graph;
}

static int read_limit(struct loading *self, const struct item *queue, uint32_t *ret_limit)
{
    const struct item *item = item_find(&self->tree, queue, "limit");
    if (!item || item->value.empty)
        return 0;
    if (item->value.integer < 0 || item->value.integer >= UINT32_MAX)
        return item_error(self->error, item, -EINVAL,
                          "expected a number of tasks, or 0 for no limit");
    *ret_limit = (uint32_t)item->value.integer;
    return 0;
}

struct queue_members {
    const struct item *queue;
    uint32_t index;
    struct task_def *tasks;
};

static int set_queue(struct loading *self, const struct item *item, const char *name, void *context)
{
    const struct queue_members *to = context;
    const uint32_t *members = NULL;
    uint32_t n = 0;
    (void)item;
    if (!load_members(self, name, &members, &n))
        warner_say(&self->warner,
                   "Queues contain tasks not defined in runtime:\n"
                   "     * task '%s' in queue '%s'",
                   name, to->queue->name);
    for (uint32_t m = 0; m < n; m++)
        to->tasks[members[m]].queue = to->index;
    return 0;
}

static int read_members(struct loading *self, const struct item *queue, uint32_t index,
                        struct task_def *tasks)
{
    const struct item *item = item_find(&self->tree, queue, "members");
    struct queue_members to = {queue, index, tasks};
    for (uint32_t i = 0; item && i < item->value.strings.n; i++)
        if (each_special(self, item, item->value.strings.at[i], set_queue, &to) < 0)
            return self->error->code;
    return 0;
}

int load_queues(struct loading *self, struct task_def *tasks)
{
    const struct item *section = load_section(self, "scheduling", "queues");
    uint32_t n = 1;
    for (const struct item *item = section ? section->first : NULL; item; item = item->next)
        n++;
    struct queue_def *queues = arena_new_array(self->keep, n, sizeof *queues);
    queues[0] = (struct queue_def){"default", default_queue_limit};
    n = 1;
    for (const struct item *item = section ? section->first : NULL; item; item = item->next) {
        uint32_t index = strcmp(item->name, "default") == 0 ? 0 : n++;
        if (index)
            queues[index].name = arena_text(self->keep, slice_of(item->name));
        if (read_limit(self, item, &queues[index].limit) < 0)
            return self->error->code;
        if (index && read_members(self, item, index, tasks) < 0)
            return self->error->code;
    }
    self->workflow->queues = queues;
    self->workflow->n_queues = n;
    return 0;
}

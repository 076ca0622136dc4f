/* Queues, special tasks and the clock triggers that come of them. */
#include "base/check.h"
#include "base/table.h"
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

/* Each name of a list with what stands in brackets behind it, parameters filled in. */
typedef int special_name_handler(struct loading *self, const struct item *item, const char *name,
                                 void *context);

struct special_name {
    struct loading *loading;
    const struct item *item;
    special_name_handler *handler;
    void *context;
};

static int take_name(void *context, const char *name)
{
    const struct special_name *special = context;
    return special->handler(special->loading, special->item, name, special->context);
}

static int each_name(struct loading *self, const struct item *item, const char *name,
                     special_name_handler *handler, void *context)
{
    struct special_name special = {self, item, handler, context};
    return parameters_expand(self, item, name, take_name, &special);
}

/* One entry of a list under [special tasks]: "name" or "name(argument)". */
struct special {
    const struct special_kind *kind;
    const char *name, *argument; /* argument: empty if there are no brackets or nothing in them */
    bool brackets;
    uint32_t clock;
    struct interval offset;
};

/* `read` looks at the argument (-EINVAL: it is none), `add` is called for each task meant. */
struct special_kind {
    const char *item, *example;
    bool needs_dates;
    int (*read)(struct loading *self, struct special *special);
    void (*add)(struct loading *self, const struct item *item, const struct special *special,
                uint32_t task);
};

static int read_offset(struct loading *self, struct special *special)
{
    if (!*special->argument)
        special->argument = "PT0S";
    return interval_parse(self->workflow->cycling, special->argument, &special->offset,
                          self->error);
}

static int read_clock_trigger(struct loading *self, struct special *special)
{
    int result = read_offset(self, special);
    if (result == 0)
        special->clock = load_clock(self, special->argument);
    return result;
}

static void add_clock_trigger(struct loading *self, const struct item *item,
                              const struct special *special, uint32_t task)
{
    (void)item;
    *vec_push(&self->clock_triggers) = (struct clock_trigger){task, special->clock};
}

static void add_clock_expire(struct loading *self, const struct item *item,
                             const struct special *special, uint32_t task)
{
    (void)item;
    *vec_push(&self->clock_expires) = (struct clock_expire){task, special->offset};
}

static int read_message(struct loading *self, struct special *special)
{
    struct slice text = slice_of(special->argument);
    if (text.n >= 2 && (text.at[0] == '"' || text.at[0] == '\'') &&
        text.at[text.n - 1] == text.at[0])
        text = (struct slice){text.at + 1, text.n - 2};
    special->argument = arena_text(self->keep, text);
    return text.n ? 0 : -EINVAL;
}

static void add_external_trigger(struct loading *self, const struct item *item,
                                 const struct special *special, uint32_t task)
{
    (void)item;
    *vec_push(&self->external_triggers) = (struct external_trigger){task, special->argument};
}

static int read_nothing(struct loading *self, struct special *special)
{
    (void)self;
    return special->brackets ? -EINVAL : 0;
}

static void add_sequential(struct loading *self, const struct item *item,
                           const struct special *special, uint32_t task)
{
    (void)item;
    (void)special;
    *vec_push(&self->sequential_tasks) = task;
}

static const struct special_kind special_kinds[] = {
    {"sequential", "foo", false, read_nothing, add_sequential},
    {"clock-trigger", "foo(PT1H)", true, read_clock_trigger, add_clock_trigger},
    {"clock-expire", "foo(PT1H)", true, read_offset, add_clock_expire},
    {"external-trigger", "foo(\"message\")", false, read_message, add_external_trigger},
};

static int parse_special(struct loading *self, const struct item *item, const char *entry,
                         struct special *special)
{
    size_t n = strcspn(entry, "(");
    struct slice name = slice_trim((struct slice){entry, n}), rest = slice_of(entry + n);
    special->brackets = rest.n > 0;
    if (rest.n && (rest.n < 2 || rest.at[rest.n - 1] != ')'))
        name.n = 0;
    else if (rest.n)
        rest = slice_trim((struct slice){rest.at + 1, rest.n - 2});
    special->name = arena_text(&self->scratch, name);
    special->argument = arena_text(&self->scratch, rest);
    if (!name.n || special->kind->read(self, special) < 0)
        return item_error(self->error, item, -EINVAL, "expected %s tasks such as %s, not '%s'",
                          special->kind->item, special->kind->example, entry);
    return 0;
}

static int add_special(struct loading *self, const struct item *item, const char *name,
                       void *context)
{
    const struct special *special = context;
    const uint32_t *members;
    uint32_t n;
    if (members_of(self, item, name, &members, &n) < 0)
        return self->error->code;
    for (uint32_t m = 0; m < n; m++)
        special->kind->add(self, item, special, members[m]);
    return 0;
}

static int read_kind(struct loading *self, const struct special_kind *kind)
{
    const struct item *item = load_setting(self, "scheduling", "special tasks", kind->item);
    if (!item)
        return 0;
    if (kind->needs_dates && cycling_mode(self->workflow->cycling) == CYCLING_INTEGER)
        return item_error(self->error, item, -EINVAL,
                          "%s tasks require date-time cycling, and the cycling mode is integer",
                          kind->item);
    int result = 0;
    for (uint32_t i = 0; i < item->value.strings.n && result == 0; i++) {
        struct special special = {.kind = kind};
        result = parse_special(self, item, item->value.strings.at[i], &special);
        if (result == 0)
            result = each_name(self, item, special.name, add_special, &special);
    }
    return result;
}

int load_special_names(struct loading *self)
{
    int result = 0;
    for (size_t i = 0; i < sizeof special_kinds / sizeof *special_kinds && result == 0; i++)
        result = read_kind(self, &special_kinds[i]);
    return result;
}

/* A message has one xtrigger, for all the tasks that name it. */
static void set_external_triggers(struct loading *self)
{
    VEC_EACH (struct external_trigger, trigger, &self->external_triggers)
        *vec_push(&self->clock_triggers) =
            (struct clock_trigger){trigger->task, load_external(self, trigger->message)};
}
void load_special_tasks(struct loading *self, struct task_def *tasks)
{
    VEC_EACH (uint32_t, task, &self->sequential_tasks)
        tasks[*task].sequential = true;
    VEC_EACH (struct clock_expire, expire, &self->clock_expires) {
        tasks[expire->task].expires = true;
        tasks[expire->task].expire_offset = expire->offset;
    }
    set_external_triggers(self);
}

/* A task's xtriggers with a clock for each of its sequences. */
static void add_clock(struct loading *self, struct graph_task *task, uint32_t clock)
{
    for (uint32_t i = 0; i < task->n_xtriggers; i++)
        if (task->xtriggers[i].xtrigger == clock && !task->xtriggers[i].alternative &&
            self->xtriggers.at[clock].external)
            return; /* the same message twice */
    uint32_t n = task->n_xtriggers + task->n_sequences;
    struct graph_xtrigger *xtriggers = arena_new_array(self->keep, n, sizeof *xtriggers);
    if (task->n_xtriggers)
        memcpy(xtriggers, task->xtriggers, task->n_xtriggers * sizeof *xtriggers);
    for (uint32_t i = 0; i < task->n_sequences; i++)
        xtriggers[task->n_xtriggers + i] =
            (struct graph_xtrigger){.sequence = task->sequences[i], .xtrigger = clock};
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
        if (each_name(self, item, item->value.strings.at[i], set_queue, &to) < 0)
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

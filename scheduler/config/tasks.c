/* Tasks: every namespace that nothing inherits, in order of the file, and those only the graph
 * names where that is allowed. Answers what the graph's builder asks about names. */
#include "base/check.h"
#include "scheduler/config/load.h"
#include <errno.h>
#include <string.h>

#include "base/banned.h"

enum { TASKS_MAX = 10000000 };

/* A task of the version before has its place already. */
static void add_task(struct loading *self, struct name_space *space)
{
    const struct workflow *previous = self->options->previous;
    space->task = previous ? workflow_task(previous, space->name) : NO_INDEX;
    if (space->task == NO_INDEX) {
        space->task = (uint32_t)self->tasks.n;
        vec_push(&self->tasks);
    }
    self->tasks.at[space->task] = space;
}

static void keep_places(struct loading *self)
{
    const struct workflow *previous = self->options->previous;
    for (uint32_t i = 0; previous && i < previous->n_tasks; i++)
        *vec_push(&self->tasks) = NULL;
}

/* They have no namespace that anybody could find: a family may have taken the name. */
void load_removed(struct loading *self)
{
    const struct workflow *previous = self->options->previous;
    for (uint32_t i = 0; i < self->tasks.n; i++) {
        if (self->tasks.at[i])
            continue;
        struct name_space *space = arena_new(&self->scratch, sizeof *space);
        space->name = arena_text(self->keep, slice_of(previous->tasks[i].name));
        space->task = i;
        space->implicit = space->removed = true;
        runtime_settle_implicit(&self->namespaces, space);
        self->tasks.at[i] = space;
    }
}

/* Tell every family but root which tasks are below it; root's are all. */
static void find_members(struct loading *self)
{
    for (size_t t = 0; t < self->tasks.n; t++)
        for (uint32_t i = 1; self->tasks.at[t] && i < self->tasks.at[t]->n_order; i++)
            self->tasks.at[t]->order[i]->n_members++;
    for (size_t i = 1; i < self->namespaces.all.n; i++) {
        struct name_space *space = self->namespaces.all.at[i];
        space->members = arena_new_array(&self->scratch, space->n_members, sizeof *space->members);
        space->n_members = 0;
    }
    for (uint32_t t = 0; t < self->tasks.n; t++) {
        const struct name_space *task = self->tasks.at[t];
        for (uint32_t i = 1; task && i + 1 < task->n_order; i++)
            task->order[i]->members[task->order[i]->n_members++] = t;
    }
}

int load_namespaces(struct loading *self)
{
    struct namespaces *namespaces = &self->namespaces;
    struct item *runtime = item_find(&self->tree, &self->tree.root, "runtime");
    namespaces->params = self->params;
    int result = namespaces_read(namespaces, runtime, self->error);
    if (result == 0)
        result = namespaces_linearise(namespaces, &self->tree, self->error);
    if (result == 0)
        result =
            runtime_settle(namespaces, &(const struct settling){self->keep, self->options->global,
                                                                self->workflow->cycling,
                                                                &self->warner, self->error});
    if (result < 0)
        return result;
    keep_places(self);
    for (size_t i = 0; i < namespaces->all.n; i++)
        if (!namespaces->all.at[i]->family)
            add_task(self, namespaces->all.at[i]);
    if (self->tasks.n > TASKS_MAX)
        return error_set(self->error, -E2BIG, "more than %d tasks", TASKS_MAX);
    find_members(self);
    return 0;
}

uint32_t load_task(struct loading *self, const char *name, struct error *error)
{
    struct slice slice = slice_of(name);
    struct name_space *space = namespace_find(&self->namespaces, slice);
    if (space && space->task != NO_INDEX)
        return space->task;
    if (space == namespace_root(&self->namespaces))
        error_set(error, -EINVAL, "invalid task name \"root\"");
    else if (space)
        error_set(error, -EINVAL, "\"%s\" is a family, not a task", name);
    else if (namespace_check_name(slice, error) < 0)
        return NO_INDEX;
    else if (!self->workflow->allow_implicit_tasks)
        error_set(error, -EINVAL,
                  "implicit task \"%s\": it has no section under [runtime] (to allow this, set "
                  "[scheduler]allow implicit tasks = True)",
                  name);
    else if (self->tasks.n >= TASKS_MAX)
        error_set(error, -E2BIG, "more than %d tasks", TASKS_MAX);
    else {
        space = namespace_get(&self->namespaces, slice);
        runtime_settle_implicit(&self->namespaces, space);
        add_task(self, space);
        return space->task;
    }
    return NO_INDEX;
}

bool load_members(struct loading *self, const char *name, const uint32_t **ret_members,
                  uint32_t *ret_n)
{
    struct name_space *space = namespace_find(&self->namespaces, slice_of(name));
    struct name_space *root = namespace_root(&self->namespaces);
    if (!space)
        return false;
    if (space == root) {
        root->members = arena_new_array(&self->scratch, self->tasks.n, sizeof *root->members);
        root->n_members = 0;
    }
    for (uint32_t i = 0; space == root && i < self->tasks.n; i++)
        if (self->tasks.at[i] && !self->tasks.at[i]->removed)
            root->members[root->n_members++] = i;
    *ret_members = space->family ? space->members : &space->task;
    *ret_n = space->family ? space->n_members : 1;
    return true;
}

static uint32_t ask_task(void *context, const char *name, struct error *error)
{
    return load_task(context, name, error);
}

static bool ask_family(void *context, const char *name, const uint32_t **ret_members,
                       uint32_t *ret_n)
{
    struct loading *self = context;
    struct name_space *space = namespace_find(&self->namespaces, slice_of(name));
    if (!space || !space->family || space == namespace_root(&self->namespaces))
        return false;
    *ret_members = space->members;
    *ret_n = space->n_members;
    return true;
}

static uint32_t ask_output(void *context, uint32_t task, const char *name)
{
    struct loading *self = context;
    return settings_output(self->tasks.at[task]->settings, name);
}

static uint32_t ask_n_outputs(void *context, uint32_t task)
{
    struct loading *self = context;
    const struct name_space *space = self->tasks.at[task];
    return space ? space->settings->n_outputs : self->options->previous->tasks[task].n_outputs;
}

static const char *ask_task_name(void *context, uint32_t task)
{
    struct loading *self = context;
    const struct name_space *space = self->tasks.at[task];
    return space ? space->name : self->options->previous->tasks[task].name;
}

static uint32_t ask_xtrigger(void *context, const char *name)
{
    return load_xtrigger(context, name);
}

static int take_polling(void *context, uint32_t task, const char *workflow, const char *polled,
                        const char *output, struct error *error)
{
    struct loading *self = context;
    (void)error;
    *vec_push(&self->pollings) =
        (struct polling){task, arena_text(&self->scratch, slice_of(workflow)),
                         arena_text(&self->scratch, slice_of(polled)),
                         output ? arena_text(&self->scratch, slice_of(output)) : NULL};
    return 0;
}

static int fail_in(struct loading *self, const struct item *item)
{
    char path[ITEM_PATH_MAX];
    if (!self->error->line)
        return item_error_where(self->error, item);
    return error_where(self->error, NULL, 0, item_path(item, path));
}

const char *load_recurrence(const struct item *item)
{
    return strcmp(item->name, "graph") ? item->name : "R1";
}

/* One piece of a graph item; items of the same name add up. */
static int add_text(struct loading *self, struct graph_builder *builder, const struct item *item,
                    const struct raw_value *raw, bool *any)
{
    const char *text;
    if (raw->block)
        text = arena_text(&self->scratch, raw->text);
    else if (value_string(&self->scratch, raw, &text, self->error) < 0)
        return item_error_where(self->error, item);
    if (!slice_trim(slice_of(text)).n)
        return 0;
    *any = true;
    if (graph_builder_add(builder, load_recurrence(item), text, raw->file, raw->line, self->error) <
        0)
        return fail_in(self, item);
    return 0;
}

static int fail_empty(struct loading *self, const struct item *section, const char *text)
{
    error_where(self->error, section ? section->file : self->workflow->source,
                section ? section->line : 0, "[scheduling][graph]");
    return error_set(self->error, -EINVAL, "%s", text);
}

static bool has_tasks(const struct graph *graph)
{
    for (uint32_t i = 0; i < graph->n_tasks; i++)
        if (graph->tasks[i].n_sequences)
            return true;
    return false;
}

static int build(struct loading *self, struct graph_builder *builder, const struct item *section)
{
    bool any = false;
    for (const struct item *item = section->first; item; item = item->next)
        for (const struct raw_value *raw = item->values; raw; raw = raw->next)
            if (add_text(self, builder, item, raw, &any) < 0)
                return self->error->code;
    if (!any)
        return fail_empty(self, section, "no workflow dependency graph defined");
    self->graph = graph_build(builder, (uint32_t)self->tasks.n, self->error);
    if (!self->graph)
        return self->error->code;
    if (!has_tasks(self->graph))
        return fail_empty(self, section, "no workflow dependency graph defined");
    if (graph_check_circular(self->graph, self->workflow->cycling, ask_task_name, self,
                             self->error) < 0)
        return fail_in(self, section);
    return 0;
}

int load_graph_exists(struct loading *self)
{
    const struct item *section = load_section(self, "scheduling", "graph");
    if (!section || !section->first)
        return fail_empty(self, section, "missing: the graph of the workflow");
    return 0;
}

int load_graph(struct loading *self)
{
    const struct item *section = load_section(self, "scheduling", "graph");
    struct graph_names names = {.context = self,
                                .task = ask_task,
                                .family = ask_family,
                                .output = ask_output,
                                .n_outputs = ask_n_outputs,
                                .xtrigger = ask_xtrigger,
                                .task_name = ask_task_name,
                                .polling = take_polling};
    const struct workflow *workflow = self->workflow;
    struct graph_builder *builder =
        graph_builder_create(workflow->cycling, workflow->initial, workflow->final, &names);
    graph_builder_parameters(builder, self->params);
    int result = build(self, builder, section);
    graph_builder_destroy(builder);
    return result;
}

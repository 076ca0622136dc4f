/* From a file to struct workflow: read, parse, check against the schema, then part by part in the
 * order in which they need each other. What the workflow holds is one arena; what only loading
 * needs is another. */
#include "base/check.h"
#include "base/table.h"
#include "scheduler/config/load.h"
#include "scheduler/config/merged.h"
#include "scheduler/config/parameters.h"
#include "scheduler/config/parse.h"
#include "scheduler/config/platform.h"
#include "scheduler/config/template.h"
#include "scheduler/config/upgrade.h"
#include <errno.h>
#include <string.h>

#include "base/banned.h"

/* Settings of a removed task are kept for so many versions: a job that is still active after them
 * has the defaults. */
enum { VERSIONS_KEPT_MAX = 8 };

struct task_name {
    UT_hash_handle hh;
    uint32_t index;
};

struct loaded {
    struct workflow workflow; /* first: what the user sees */
    struct arena arena;
    struct task_name *names;
    struct graph *graph;   /* as built; workflow.graph may have clock triggers added */
    struct item_tree tree; /* for workflow_tree */
    struct arena tree_arena;
};

/* The last one with parameters, or NULL. */
static const struct heading *parameters_heading(const struct name_space *space)
{
    const struct heading *last = NULL;
    for (const struct heading *h = space->headings; h; h = h->next)
        if (h->n_parameters)
            last = h;
    return last;
}

/* A task the graph alone names has root for a parent, and no heading that says so. */
static void define_parents(struct loading *self, const struct name_space *space,
                           struct task_def *def)
{
    static const char *const only_root[] = {"root"};
    const char **parents = arena_new_array(self->keep, space->n_parents, sizeof *parents);
    for (uint32_t i = 0; i < space->n_parents; i++)
        parents[i] = space->parents[i]->name;
    def->parents = space->n_parents ? parents : only_root;
    def->n_parents = space->n_parents ? space->n_parents : space->n_order > 1;
    if (def->n_parents)
        def->first_parent = space->none_first ? only_root[0] : def->parents[0];
}

/* `submission retry delays` of the platform, or of the first of a group. One that a command names
 * is not known yet: none. */
static struct delays platform_retries(struct loading *self, const char *name)
{
    struct error error = {0};
    if (strpbrk(name, "$`"))
        return (struct delays){0};
    const struct platform_group *group = platforms_group(self->platforms, name);
    const struct platform *platform =
        platforms_get(self->platforms, group ? group->platforms.at[0] : name, &error);
    if (!platform || !platform->submission_retry_delays.n)
        return (struct delays){0};
    const struct number_list *from = &platform->submission_retry_delays;
    double *at = arena_new_array(self->keep, from->n, sizeof *at);
    memcpy(at, from->at, from->n * sizeof *at);
    return (struct delays){at, from->n};
}

static void define_task(struct loading *self, const struct name_space *space, uint32_t index,
                        struct task_def *def)
{
    const char **ancestors = arena_new_array(self->keep, space->n_order, sizeof *ancestors);
    for (uint32_t i = 0; i < space->n_order; i++)
        ancestors[i] = space->order[i]->name;
    const struct heading *own = parameters_heading(space);
    struct key_value *parameters =
        arena_new_array(self->keep, own ? own->n_parameters : 0, sizeof *parameters);
    for (uint32_t i = 0; own && i < own->n_parameters; i++)
        parameters[i] =
            (struct key_value){arena_text(self->keep, slice_of(own->parameters[i].name)),
                               arena_text(self->keep, slice_of(own->parameters[i].value))};
    *def = (struct task_def){.name = space->name,
                             .index = index,
                             .ancestors = ancestors,
                             .n_ancestors = space->n_order,
                             .outputs = space->settings->outputs,
                             .n_outputs = space->settings->n_outputs,
                             .parameters = parameters,
                             .n_parameters = own ? own->n_parameters : 0,
                             .runtime = space->settings->runtime};
    if (!def->runtime.submission_retries.n)
        def->runtime.submission_retries = platform_retries(self, def->runtime.platform);
    define_parents(self, space, def);
}

/* What the last version that defined it says of it. One that too many versions have gone by since
 * has root's settings. */
static void define_removed(struct loading *self, uint32_t index, struct task_def *def)
{
    const struct task_def *last = &self->options->previous->tasks[index];
    uint64_t version = last->removed ? last->removed : self->options->previous->version;
    if (version + VERSIONS_KEPT_MAX <= self->workflow->version) {
        def->removed = self->workflow->version;
        return;
    }
    const char *name = def->name;
    *def = *last;
    def->name = name;
    def->removed = version;
    def->queue = 0;
    def->sequential = def->expires = false;
}

static void define_families(struct loading *self)
{
    struct workflow *workflow = self->workflow;
    const struct namespaces *all = &self->namespaces;
    for (size_t i = 0; i < all->all.n; i++)
        workflow->n_families += all->all.at[i]->family;
    struct task_def *families = arena_new_array(self->keep, workflow->n_families, sizeof *families);
    uint32_t n = 0;
    for (size_t i = 0; i < all->all.n; i++)
        if (all->all.at[i]->family)
            define_task(self, all->all.at[i], NO_INDEX, &families[n++]);
    workflow->families = families;
}

static void define_names(struct loading *self, const struct task_def *tasks)
{
    struct loaded *loaded = (struct loaded *)self->workflow;
    struct task_name *names = arena_new_array(self->keep, self->tasks.n, sizeof *names);
    for (uint32_t i = 0; i < self->tasks.n; i++) {
        struct task_name *name = &names[i];
        name->index = i;
        HASH_ADD_KEYPTR(hh, loaded->names, tasks[i].name, strlen(tasks[i].name), name);
    }
}

static int define_tasks(struct loading *self)
{
    struct workflow *workflow = self->workflow;
    struct task_def *tasks = arena_new_array(self->keep, self->tasks.n, sizeof *tasks);
    for (uint32_t i = 0; i < self->tasks.n; i++) {
        define_task(self, self->tasks.at[i], i, &tasks[i]);
        if (self->tasks.at[i]->removed)
            define_removed(self, i, &tasks[i]);
    }
    load_special_tasks(self, tasks);
    int result = load_queues(self, tasks);
    if (result == 0)
        result = load_skip_mode(self, tasks);
    if (result == 0)
        result = load_pollings(self, tasks);
    if (result == 0)
        result = load_handler_names(self, tasks);
    if (result == 0)
        result = load_completions(self, tasks);
    if (result < 0)
        return result;
    define_families(self);
    define_names(self, tasks);
    workflow->tasks = tasks;
    workflow->n_tasks = (uint32_t)self->tasks.n;
    return 0;
}

static void define_xtriggers(struct loading *self)
{
    struct xtrigger_def *xtriggers =
        arena_new_array(self->keep, self->xtriggers.n, sizeof *xtriggers);
    if (self->xtriggers.n)
        memcpy(xtriggers, self->xtriggers.at, self->xtriggers.n * sizeof *xtriggers);
    self->workflow->xtriggers = xtriggers;
    self->workflow->n_xtriggers = (uint32_t)self->xtriggers.n;
}

static void find_future_offset(struct workflow *workflow)
{
    int64_t furthest = 0;
    for (uint32_t t = 0; t < workflow->graph->n_tasks; t++) {
        const struct graph_task *task = &workflow->graph->tasks[t];
        for (uint32_t i = 0; i < task->n_atoms; i++) {
            struct interval ahead;
            int64_t far =
                offset_ahead(workflow->cycling, task->atoms[i].offset, workflow->initial, &ahead);
            if (far <= furthest)
                continue;
            furthest = far;
            workflow->future_offset_max = ahead;
        }
    }
}

static int load_parts(struct loading *self)
{
    int result = load_scheduler(self);
    if (result == 0)
        result = load_graph_exists(self);
    if (result == 0)
        result = load_cycling(self);
    if (result == 0)
        result = load_xtriggers(self);
    if (result == 0)
        result = load_parameters(self);
    if (result == 0)
        result = load_namespaces(self);
    if (result == 0)
        result = load_special_names(self);
    if (result == 0)
        result = load_graph(self);
    ((struct loaded *)self->workflow)->graph = self->graph;
    if (result < 0)
        return result;
    load_removed(self);
    result = define_tasks(self);
    if (result < 0)
        return result;
    define_xtriggers(self);
    workflow_make_sequential(self->workflow, self->options->sequential);
    self->workflow->graph = load_clock_triggers(self);
    find_future_offset(self->workflow);
    return 0;
}

/* The directory of the workflow's file. */
static const char *directory_of(const struct loading *self)
{
    const char *name = self->workflow->source, *slash = strrchr(name, '/');
    if (!slash)
        return ".";
    return arena_text(self->keep, (struct slice){name, (size_t)(slash - name) + 1});
}

/* Templates are expanded here, between including files and parsing. The lines that come of one have
 * numbers of their own. */
static int expand_templates(struct loading *self, struct source *source)
{
    struct workflow *workflow = self->workflow;
    struct template_result result;
    int code = template_process(source, directory_of(self), &self->options->templates, self->keep,
                                &result, self->error);
    if (code < 0)
        return code;
    workflow->template_variables = result.variables;
    workflow->n_template_variables = result.n_variables;
    if (!result.processed)
        return 0;
    workflow->processed = result.text.at;
    workflow->processed_size = result.text.n;
    struct text name = {0};
    text_addf(&name, "%s (processed by Jinja2)", workflow->source);
    const char *file = arena_text(&self->scratch, slice_of(text_string(&name)));
    text_release(&name);
    source_release(source);
    return source_add(source, &self->scratch, file, result.text, NULL, self->error);
}

static int load_text(struct loading *self, struct slice text, const struct source_reader *reader)
{
    struct source source = {0};
    const char *name = self->workflow->source;
    item_tree_init(&self->tree, &self->scratch, name);
    int result = source_add(&source, &self->scratch, name, text, reader, self->error);
    if (result == 0)
        result = expand_templates(self, &source);
    if (result == 0)
        result = parse_lines(&source, &self->tree, self->error);
    source_release(&source);
    if (result == 0)
        result = upgrade_items(&self->tree, &self->warner, self->error);
    if (result == 0)
        result = schema_check(&schema_flow, &self->tree, self->keep, &self->warner, self->error);
    return result < 0 ? result : load_parts(self);
}

static void loading_release(struct loading *self)
{
    item_tree_release(&self->tree);
    namespaces_release(&self->namespaces);
    params_destroy(self->params);
    platforms_destroy(self->platforms);
    vec_release(&self->tasks);
    vec_release(&self->xtriggers);
    index_set_release(&self->xtrigger_labels);
    vec_release(&self->clock_triggers);
    vec_release(&self->clock_expires);
    vec_release(&self->sequential_tasks);
    vec_release(&self->external_triggers);
    vec_release(&self->pollings);
    arena_release(&self->scratch);
}

static struct workflow *load(const char *name, struct slice text,
                             const struct source_reader *reader,
                             const struct workflow_options *options, struct warner warner,
                             struct error *error)
{
    static const struct workflow_options no_options;
    struct loaded *loaded = NEW(struct loaded);
    struct loading self = {.workflow = &loaded->workflow,
                           .keep = &loaded->arena,
                           .options = options ? options : &no_options,
                           .warner = warner,
                           .error = error};
    loaded->workflow.source = arena_text(&loaded->arena, slice_of(name));
    loaded->workflow.version = self.options->version    ? self.options->version
                               : self.options->previous ? self.options->previous->version + 1
                                                        : 1;
    *error = (struct error){0};
    self.platforms = platforms_create(self.options->global);
    namespaces_init(&self.namespaces, &self.scratch, &loaded->arena);
    int result = load_text(&self, text, reader);
    if (result == 0 && self.options->keep_tree) {
        item_tree_init(&loaded->tree, &loaded->tree_arena, loaded->workflow.source);
        merged_make(&self, &loaded->tree);
    }
    loading_release(&self);
    if (result == 0)
        return &loaded->workflow;
    if (!*error->file)
        error_where(error, loaded->workflow.source, 0, NULL);
    workflow_destroy(&loaded->workflow);
    return NULL;
}

struct workflow *workflow_parse(const char *name, const char *text, size_t size,
                                const struct workflow_options *options,
                                void (*warn)(void *context, const char *text), void *context,
                                struct error *error)
{
    return load(name, (struct slice){text, size}, NULL, options, (struct warner){warn, context},
                error);
}

struct workflow *workflow_load(const char *path, const struct workflow_options *options,
                               void (*warn)(void *context, const char *text), void *context,
                               struct error *error)
{
    const struct source_reader reader = source_file_reader(path);
    struct text text = {0};
    struct workflow *workflow = NULL;
    *error = (struct error){0};
    if (source_read_file(path, &text, error) == 0)
        workflow = load(path, (struct slice){text_string(&text), text.n}, &reader, options,
                        (struct warner){warn, context}, error);
    text_release(&text);
    return workflow;
}

void workflow_forget_tree(struct workflow *workflow)
{
    struct loaded *loaded = (struct loaded *)workflow;
    item_tree_release(&loaded->tree);
    arena_release(&loaded->tree_arena);
}

void workflow_destroy(struct workflow *workflow)
{
    if (!workflow)
        return;
    struct loaded *loaded = (struct loaded *)workflow;
    HASH_CLEAR(hh, loaded->names);
    workflow_forget_tree(workflow);
    graph_destroy(loaded->graph);
    cycling_destroy(workflow->cycling);
    arena_release(&loaded->arena);
    free(loaded);
}

const struct item_tree *workflow_tree(struct workflow *workflow, bool defaults)
{
    struct loaded *loaded = (struct loaded *)workflow;
    if (!loaded->tree.table)
        return NULL;
    if (defaults)
        tree_fill_defaults(&loaded->tree, &schema_flow);
    return &loaded->tree;
}

int workflow_point(const struct workflow *workflow, const char *text, cycle_point *ret_point,
                   struct error *error)
{
    if (strcmp(text, "^") == 0) {
        *ret_point = workflow->initial;
    } else if (strcmp(text, "$") == 0) {
        if (workflow->final == POINT_MAX)
            return error_set(error, -EINVAL, "\"$\": the workflow has no final cycle point");
        *ret_point = workflow->final;
    } else {
        return point_parse(workflow->cycling, text, ret_point, error);
    }
    return 0;
}

uint32_t workflow_task(const struct workflow *workflow, const char *name)
{
    const struct loaded *loaded = (const struct loaded *)workflow;
    struct task_name *found = NULL;
    HASH_FIND_STR(loaded->names, name, found);
    return found ? found->index : NO_INDEX;
}

bool workflow_uses(const struct workflow *workflow, uint64_t version)
{
    for (uint32_t i = 0; i < workflow->n_tasks; i++)
        if (workflow->tasks[i].removed == version)
            return true;
    return false;
}

bool simulated_job_fails(const struct simulated_failures *failures, cycle_point point,
                         unsigned try_number)
{
    bool fails = failures->everywhere;
    for (uint32_t i = 0; i < failures->n_points && !fails; i++)
        fails = failures->points[i] == point;
    return fails && (try_number <= 1 || failures->every_try);
}

bool workflow_task_is_a(const struct workflow *workflow, uint32_t task, const char *name)
{
    PRE(task < workflow->n_tasks);
    const struct task_def *def = &workflow->tasks[task];
    for (uint32_t i = 0; i < def->n_ancestors; i++)
        if (strcmp(def->ancestors[i], name) == 0)
            return true;
    return false;
}

bool workflow_has_xtrigger_program(const struct workflow *workflow, const char *function)
{
    for (uint32_t i = 0; i < workflow->n_xtrigger_programs; i++)
        if (strcmp(workflow->xtrigger_programs[i], function) == 0)
            return true;
    return false;
}

uint32_t task_output_by_message(const struct task_def *task, const char *message, size_t n)
{
    for (uint32_t i = 0; i < task->n_outputs; i++)
        if (slice_equal((struct slice){message, n}, task->outputs[i].message))
            return i;
    return NO_INDEX;
}

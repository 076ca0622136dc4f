/* See merged.h. A namespace is what its ancestors set, from root down, with its own items over it:
 * an item keeps the place where it was set first. What Cylc itself fills in comes last: how a task
 * is complete, and the points of a workflow that does not cycle. */
#include "scheduler/config/merged.h"
#include "base/check.h"
#include "scheduler/config/parameters.h"
#include "scheduler/graph/params.h"
#include <string.h>

#include "base/banned.h"

struct merging {
    struct loading *loading;
    struct item_tree *tree;
};

/* --- copying --- */

static struct item *put(struct merging *self, struct item *section, const char *name,
                        bool is_section)
{
    struct item *item = item_get(self->tree, section, slice_of(name), is_section,
                                 self->loading->workflow->source, 0);
    INVARIANT(item->section == is_section);
    return item;
}

static void put_string(struct merging *self, struct item *section, const char *name,
                       const char *string)
{
    const char *copy = arena_text(self->tree->arena, slice_of(string));
    put(self, section, name, false)->value =
        (struct value){.type = VALUE_STRING, .string = copy, .empty = !*copy};
}

static void put_over(struct merging *self, struct item *into, const struct item *from)
{
    for (const struct item *item = from->first; item; item = item->next) {
        struct item *there = put(self, into, item->name, item->section);
        if (item->section)
            put_over(self, there, item);
        else
            there->value = item->value;
    }
}

/* --- [scheduling] --- */

/* Pieces of the same name add up, a line each. */
static void put_graph(struct merging *self, struct item *graph)
{
    const struct item *from = load_section(self->loading, "scheduling", "graph");
    struct error error;
    for (const struct item *item = from ? from->first : NULL; item; item = item->next) {
        struct text all = {0};
        for (const struct raw_value *raw = item->values; raw; raw = raw->next) {
            const char *piece = "";
            int result = value_string(&self->loading->scratch, raw, &piece, &error);
            INVARIANT(result == 0); /* the graph has been read */
            text_addf(&all, "%s%s", raw == item->values ? "" : "\n", piece);
        }
        put_string(self, graph, item->name, text_string(&all));
        text_release(&all);
    }
}

struct expanded {
    struct merging *merging;
    const char *tail;
    VEC(const char *) names;
};

static int take_name(void *context, const char *name)
{
    struct expanded *expanded = context;
    struct text full = {0};
    text_addf(&full, "%s%s", name, expanded->tail);
    *vec_push(&expanded->names) =
        arena_text(expanded->merging->tree->arena, slice_of(text_string(&full)));
    text_release(&full);
    return 0;
}

/* A list of tasks, parameters filled in: "foo<m>(PT1H)" is "foo_1(PT1H)", ... */
static void expand_list(struct merging *self, struct item *section, const char *name)
{
    struct item *item = item_find(self->tree, section, name);
    if (!item || item->value.empty)
        return;
    struct expanded expanded = {.merging = self};
    for (uint32_t i = 0; i < item->value.strings.n; i++) {
        const char *text = item->value.strings.at[i];
        size_t n = strcspn(text, "(");
        expanded.tail = text + n;
        const char *task = arena_text(&self->loading->scratch, (struct slice){text, n});
        if (parameters_expand(self->loading, item, task, take_name, &expanded) < 0)
            *vec_push(&expanded.names) = text; /* members of the default queue may be anything */
    }
    *self->loading->error = (struct error){0};
    const char **at = arena_new_array(self->tree->arena, expanded.names.n, sizeof *at);
    if (expanded.names.n)
        memcpy(at, expanded.names.at, expanded.names.n * sizeof *at);
    item->value.strings = (struct string_list){at, (uint32_t)expanded.names.n};
    vec_release(&expanded.names);
}

static void put_xtriggers(struct merging *self, const struct item *section)
{
    const struct workflow *workflow = self->loading->workflow;
    for (struct item *item = section ? section->first : NULL; item; item = item->next)
        for (uint32_t i = 0; i < workflow->n_xtriggers; i++)
            if (!strcmp(workflow->xtriggers[i].label, item->name))
                item->value.xtrigger = &workflow->xtriggers[i];
}

static void finish_scheduling(struct merging *self)
{
    struct item *scheduling = put(self, &self->tree->root, "scheduling", true);
    struct item *special = item_find(self->tree, scheduling, "special tasks");
    struct item *queues = item_find(self->tree, scheduling, "queues");
    const struct workflow *workflow = self->loading->workflow;
    put_graph(self, put(self, scheduling, "graph", true));
    for (struct item *queue = queues ? queues->first : NULL; queue; queue = queue->next)
        expand_list(self, queue, "members");
    for (struct item *item = special ? special->first : NULL; item; item = item->next)
        expand_list(self, special, item->name);
    put_xtriggers(self, item_find(self->tree, scheduling, "xtriggers"));
    if (self->loading->acyclic) {
        put_string(self, scheduling, "cycling mode", "integer");
        put_string(self, scheduling, "initial cycle point", "1");
        put_string(self, scheduling, "final cycle point", "1");
    }
    if (self->loading->options->initial)
        put_string(self, scheduling, "initial cycle point", self->loading->options->initial);
    if (self->loading->options->final)
        put_string(self, scheduling, "final cycle point", self->loading->options->final);
    POST(workflow->graph);
}

/* --- [task parameters] --- */

static void finish_parameters(struct merging *self)
{
    struct item *section = item_find(self->tree, &self->tree->root, "task parameters");
    for (struct item *item = section ? section->first : NULL; item; item = item->next) {
        size_t n = 0;
        bool integers = false;
        const char *const *values =
            item->section ? NULL : params_values(self->loading->params, item->name, &n, &integers);
        if (!values)
            continue;
        struct value value = {.type = VALUE_STRING_LIST};
        const char **texts = arena_new_array(self->tree->arena, n, sizeof *texts);
        int64_t *numbers = arena_new_array(self->tree->arena, n, sizeof *numbers);
        for (size_t i = 0; i < n; i++) {
            texts[i] = arena_text(self->tree->arena, slice_of(values[i]));
            numbers[i] = strtoll(values[i], NULL, 10);
        }
        value.strings = (struct string_list){texts, (uint32_t)n};
        if (integers)
            value = (struct value){.type = VALUE_INTEGER_LIST, .integers = {numbers, (uint32_t)n}};
        item->value = value;
    }
}

/* --- [runtime] --- */

/* What the headings of one namespace say. One with parameters has an environment, for them. */
static void put_headings(struct merging *self, struct item *into, const struct name_space *space)
{
    for (const struct heading *heading = space->headings; heading; heading = heading->next) {
        put_over(self, into, heading->section);
        if (heading->n_parameters)
            put(self, into, "environment", true);
    }
}

static bool is_kept(const struct pairs *pairs, uint32_t n, const char *key)
{
    for (uint32_t i = 0; i < n; i++)
        if (!strcmp(pairs->at[i].key, key))
            return true;
    return false;
}

/* Leave only what the environment filter lets through. */
static void filter_environment(struct merging *self, struct item *into,
                               const struct runtime *runtime)
{
    struct item *environment = item_find(self->tree, into, "environment");
    struct pairs kept = {runtime->environment, runtime->n_environment};
    if (!environment || !item_find(self->tree, into, "environment filter"))
        return;
    for (struct item *item = environment->first, *next; item; item = next) {
        next = item->next;
        if (!is_kept(&kept, kept.n, item->name))
            item_detach(self->tree, item);
    }
}

/* Parents by their names, parameters filled in. */
static void put_parents(struct merging *self, struct item *into, const struct name_space *space)
{
    struct item *inherit = item_find(self->tree, into, "inherit");
    if (!inherit || inherit->value.empty)
        return;
    const char **names =
        arena_new_array(self->tree->arena, (size_t)space->n_parents + 1, sizeof *names);
    uint32_t n = 0;
    if (space->none_first)
        names[n++] = "None";
    for (uint32_t i = 0; i < space->n_parents; i++)
        names[n++] = space->parents[i]->name;
    inherit->value.strings = (struct string_list){names, n};
}

static void put_completion(struct merging *self, struct item *into, const struct name_space *space)
{
    const struct workflow *workflow = self->loading->workflow;
    const struct item *own = item_find(self->tree, into, "completion");
    if (space->task == NO_INDEX || !workflow->graph->tasks[space->task].n_sequences ||
        (own && !own->value.empty))
        return;
    put_string(self, into, "completion", workflow->completions[space->task].text);
}

static void put_runtime(struct merging *self)
{
    const struct namespaces *namespaces = &self->loading->namespaces;
    struct item *runtime = put(self, &self->tree->root, "runtime", true);
    for (size_t i = 0; i < namespaces->all.n; i++) {
        const struct name_space *space = namespaces->all.at[i];
        struct item *into = put(self, runtime, space->name, true);
        for (uint32_t k = space->implicit ? 0 : space->n_order; k-- > 0;)
            put_headings(self, into, space->order[k]);
        put_parents(self, into, space);
        filter_environment(self, into, &space->settings->runtime);
        put_completion(self, into, space);
    }
}

void merged_make(struct loading *self, struct item_tree *tree)
{
    struct merging merging = {self, tree};
    const struct item *root = &self->tree.root;
    for (const struct item *item = root->first; item; item = item->next) {
        struct item *section = put(&merging, &tree->root, item->name, true);
        if (strcmp(item->name, "runtime") != 0)
            put_over(&merging, section, item);
    }
    finish_parameters(&merging);
    finish_scheduling(&merging);
    put_runtime(&merging);
}

/* --- defaults --- */

static void fill(struct item_tree *tree, struct item *section, struct schema_family family)
{
    for (struct item *item = section->first; item; item = item->next) {
        const struct schema_entry *row = schema_child(&family, item->name, item->section);
        if (item->section && row)
            fill(tree, item, schema_children(&family, row));
    }
    for (const struct schema_entry *row = family.first; row < family.end; row++) {
        if (row->level != family.level || !strcmp(row->name, "*") ||
            item_find(tree, section, row->name))
            continue;
        struct item *item =
            item_get(tree, section, slice_of(row->name), row->section, section->file, 0);
        item->value = (struct value){.type = row->type, .string = "", .empty = true, .unset = true};
        if (row->section)
            fill(tree, item, schema_children(&family, row));
        else
            schema_entry_default(tree->arena, row, &item->value);
    }
}

void tree_fill_defaults(struct item_tree *tree, const struct schema *schema)
{
    fill(tree, &tree->root, schema_top(schema));
}

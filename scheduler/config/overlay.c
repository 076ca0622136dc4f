/* See overlay.h. A setting becomes a tree like that of a flow.cylc with one item under
 * [runtime][NAME], so that it is held against the same schema and read by the same code. */
#include "scheduler/config/overlay.h"
#include "base/memory.h"
#include "scheduler/config/load.h"
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct overlay {
    struct arena arena;
    struct task_def task;
};

/* --- one setting as a tree --- */

struct parsed {
    struct item_tree tree;
    struct item *space; /* [runtime][NAME] */
};

static int refuse_key(struct error *error, const char *key)
{
    return error_set(error, -EINVAL, "\"%s\" is no setting: expected [SECTION]ITEM or ITEM", key);
}

/* A value in quotes loses them: it is no longer within a file. */
static struct slice without_quotes(struct slice text)
{
    static const char *const quotes[] = {"\"\"\"", "'''", "\"", "'"};
    text = slice_trim(text);
    for (size_t i = 0; i < sizeof quotes / sizeof *quotes; i++) {
        size_t n = strlen(quotes[i]);
        if (text.n >= 2 * n && memcmp(text.at, quotes[i], n) == 0 &&
            memcmp(text.at + text.n - n, quotes[i], n) == 0)
            return (struct slice){text.at + n, text.n - 2 * n};
    }
    return text;
}

static void add_value(struct arena *arena, struct item *item, const char *value)
{
    struct raw_value *raw = arena_new(arena, sizeof *raw);
    struct slice text = slice_of(arena_text(arena, slice_of(value)));
    *raw = (struct raw_value){.text = without_quotes(text), .block = true, .file = item->file};
    if (!slice_trim(raw->text).n)
        *raw = (struct raw_value){.text = slice_of(""), .file = item->file};
    item->values = item->last_value = raw;
}

static int add_item(struct parsed *parsed, struct arena *arena, const char *key, const char *value,
                    struct error *error)
{
    struct item *at = parsed->space;
    struct slice rest = slice_trim(slice_of(key));
    for (int depth = 0; rest.n && rest.at[0] == '['; depth++) {
        const char *end = memchr(rest.at, ']', rest.n);
        if (!end || depth == OVERLAY_DEPTH_MAX)
            return refuse_key(error, key);
        struct slice name = slice_trim((struct slice){rest.at + 1, (size_t)(end - rest.at) - 1});
        if (!name.n)
            return refuse_key(error, key);
        at = item_get(&parsed->tree, at, name, true, "broadcast", 0);
        rest = slice_trim((struct slice){end + 1, rest.n - (size_t)(end + 1 - rest.at)});
    }
    if (!rest.n)
        return refuse_key(error, key);
    if (at == parsed->space && slice_equal(rest, "inherit"))
        return error_set(error, -EINVAL, "Inheritance cannot be changed by broadcast");
    add_value(arena, item_get(&parsed->tree, at, rest, false, "broadcast", 0), value);
    return 0;
}

static int parse(struct parsed *parsed, struct arena *arena, const char *key, const char *value,
                 struct error *error)
{
    item_tree_init(&parsed->tree, arena, "broadcast");
    struct item *runtime =
        item_get(&parsed->tree, &parsed->tree.root, slice_of("runtime"), true, "broadcast", 0);
    parsed->space = item_get(&parsed->tree, runtime, slice_of("root"), true, "broadcast", 0);
    struct error found = {0};
    int result = add_item(parsed, arena, key, value, &found);
    if (result == 0)
        result = schema_check(&schema_flow, &parsed->tree, arena, NULL, &found);
    if (result < 0) {
        item_tree_release(&parsed->tree);
        error_set(error, result, "%s: %s", key, found.text);
    }
    return result;
}

/* --- what it makes of a task --- */

static struct settings settings_of(const struct task_def *task)
{
    return (struct settings){
        .runtime = task->runtime,
        .environment = {task->runtime.environment, task->runtime.n_environment},
        .outputs = task->outputs,
        .n_outputs = task->n_outputs,
    };
}

/* [[[outputs]]] are part of the graph: no job changes them. */
static bool is_fixed(const struct parsed *parsed)
{
    const struct item *first = parsed->space->first;
    return first->section && strcmp(first->name, "outputs") == 0;
}

static int apply(struct arena *arena, const struct cycling *cycling, struct task_def *task,
                 const struct parsed *parsed, struct error *error)
{
    if (is_fixed(parsed))
        return 0;
    struct settings settings = settings_of(task);
    int result = runtime_override(arena, cycling, parsed->space, &settings, error);
    if (result == 0)
        result = skip_outputs_read(&settings, task, error);
    if (result == 0)
        task->runtime = settings.runtime;
    return result;
}

static int override(struct arena *arena, const struct cycling *cycling, struct task_def *task,
                    const char *key, const char *value, struct error *error)
{
    struct parsed parsed;
    int result = parse(&parsed, arena, key, value, error);
    if (result < 0)
        return result;
    struct error found = {0};
    result = apply(arena, cycling, task, &parsed, &found);
    if (result < 0)
        error_set(error, result, "%s: %s", key, found.text);
    item_tree_release(&parsed.tree);
    return result;
}

int overlay_check(const struct cycling *cycling, const char *key, const char *value,
                  struct error *error)
{
    struct arena arena = {0};
    struct task_def nobody = {.name = "root"};
    int result = override(&arena, cycling, &nobody, key, value, error);
    arena_release(&arena);
    return result;
}

int overlay_check_key(const char *key, struct error *error)
{
    struct arena arena = {0};
    struct parsed parsed;
    int result = parse(&parsed, &arena, key, "", error);
    if (result == 0)
        item_tree_release(&parsed.tree);
    arena_release(&arena);
    return result;
}

struct overlay *overlay_create(const struct cycling *cycling, const struct task_def *task,
                               const struct key_value *settings, size_t n)
{
    struct overlay *overlay = NEW(struct overlay);
    overlay->task = *task;
    for (size_t i = 0; i < n; i++) {
        struct error error = {0};
        override(&overlay->arena, cycling, &overlay->task, settings[i].key, settings[i].value,
                 &error);
    }
    return overlay;
}

struct overlay *overlay_from_json(const struct cycling *cycling, const struct task_def *task,
                                  struct slice settings)
{
    json_t *list = settings.n ? json_loadb(settings.at, settings.n, 0, NULL) : NULL;
    struct overlay *overlay = NULL;
    VEC(struct key_value) pairs = {0};
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *key, *value;
        if (json_unpack(json_array_get(list, i), "[s, s]", &key, &value) == 0)
            *vec_push(&pairs) = (struct key_value){key, value};
    }
    if (pairs.n)
        overlay = overlay_create(cycling, task, pairs.at, pairs.n);
    vec_release(&pairs);
    json_decref(list);
    return overlay;
}

void overlay_destroy(struct overlay *overlay)
{
    if (!overlay)
        return;
    arena_release(&overlay->arena);
    free(overlay);
}

void overlay_make_dummy(struct overlay *overlay, const char *script)
{
    struct runtime *runtime = &overlay->task.runtime;
    runtime->init_script = runtime->env_script = runtime->pre_script = runtime->post_script =
        runtime->exit_script = runtime->err_script = "";
    runtime->script = arena_text(&overlay->arena, slice_of(script));
    runtime->platform = "localhost";
    runtime->n_environment = runtime->n_directives = 0;
    if (runtime->execution_time_limit > 0)
        runtime->execution_time_limit = runtime->simulation_run_length + runtime->time_limit_buffer;
}

const struct task_def *overlay_task(const struct overlay *overlay)
{
    return &overlay->task;
}

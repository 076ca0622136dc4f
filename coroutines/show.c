/* See show.h. Prerequisites are in prerequisites.c. */
#include "coroutines/show.h"
#include "coroutines/prerequisites.h"
#include "coroutines/show_xtrigger.h"
#include <inttypes.h>
#include <string.h>

#include "base/banned.h"

struct instance_view instance_view_of(const struct view_task *task)
{
    return (struct instance_view){
        .point = task->key.point,
        .task = (uint32_t)task->key.index,
        .live = task,
        .status = task->status,
        .flows = task->flows,
        .submit = task->submit,
        .outputs = task->outputs,
    };
}

char *show_name(const struct view *view, cycle_point point, uint32_t task)
{
    char text[POINT_TEXT_MAX];
    return str_format("%s/%s", point_format(view->workflow->cycling, point, text),
                      view->workflow->tasks[task].name);
}

char *show_flows(const struct flow_list *flows)
{
    struct text out = {0};
    text_add_char(&out, '[');
    for (uint32_t i = 0; i < flows->n; i++)
        text_addf(&out, "%s%" PRIu32, i ? ", " : "", flows->at[i]);
    text_add_char(&out, ']');
    return text_take(&out);
}

static void set_text(json_t *object, const char *key, const char *text)
{
    json_t *value = json_string(text);
    json_object_set_new(object, key, value ? value : json_string("(not UTF-8)"));
}

static void set_owned(json_t *object, const char *key, char *text)
{
    set_text(object, key, text);
    free(text);
}

static void set_point(json_t *object, const char *key, const struct view *view, cycle_point point)
{
    char text[POINT_TEXT_MAX];
    set_text(object, key, point_format(view->workflow->cycling, point, text));
}

static uint32_t flags_of(const struct instance_view *instance)
{
    return instance->live ? instance->live->flags : 0;
}

/* What every form has. */
static json_t *begin(const struct view *view, const struct instance_view *instance)
{
    json_t *object = json_object();
    set_text(object, "name", view->workflow->tasks[instance->task].name);
    set_point(object, "cyclePoint", view, instance->point);
    set_text(object, "state", task_status_names[instance->status]);
    uint32_t flags = flags_of(instance);
    json_object_set_new(object, "isHeld", json_boolean(flags & TASK_HELD));
    json_object_set_new(object, "isQueued", json_boolean(flags & TASK_QUEUED));
    json_object_set_new(object, "isRunahead", json_boolean(flags & TASK_RUNAHEAD));
    set_owned(object, "flowNums", show_flows(&instance->flows));
    return object;
}

json_t *show_summary(const struct view *view, const struct instance_view *instance)
{
    const struct task_def *def = &view->workflow->tasks[instance->task];
    json_t *object = begin(view, instance), *outputs = json_array();
    json_object_set_new(object, "submitNum", json_integer(instance->submit));
    for (uint32_t o = 0; o < def->n_outputs; o++)
        if (instance->outputs >> o & 1)
            json_array_append_new(outputs, json_string(def->outputs[o].name));
    json_object_set_new(object, "outputs", outputs);
    return object;
}

json_t *show_meta(const struct key_value *meta, uint32_t n)
{
    static const char *const standard[] = {"title", "description", "URL"};
    json_t *object = json_object(), *others = json_object();
    for (size_t s = 0; s < 3; s++) {
        set_text(object, standard[s], "");
        for (uint32_t i = 0; i < n; i++)
            if (strcmp(meta[i].key, standard[s]) == 0)
                set_text(object, standard[s], meta[i].value);
    }
    for (uint32_t i = 0; i < n; i++)
        if (!json_object_get(object, meta[i].key))
            set_text(others, meta[i].key, meta[i].value);
    json_object_set_new(object, "userDefined", others);
    return object;
}

static json_t *outputs_of(const struct view *view, const struct instance_view *instance)
{
    const struct task_def *def = &view->workflow->tasks[instance->task];
    json_t *list = json_array();
    for (uint32_t o = 0; o < def->n_outputs; o++) {
        json_t *output = json_object();
        set_text(output, "label", def->outputs[o].name);
        set_text(output, "message", def->outputs[o].message);
        json_object_set_new(output, "satisfied", json_boolean(instance->outputs >> o & 1));
        json_array_append_new(list, output);
    }
    return list;
}

/* External triggers, by their messages. */
static json_t *externals_of(const struct view *view, const struct instance_view *instance)
{
    json_t *list = json_array();
    for (size_t i = 0; instance->live && i < instance->live->xtriggers.n; i++) {
        const struct view_xtrigger *xtrigger = &instance->live->xtriggers.at[i];
        if (!view_message(view, xtrigger))
            continue;
        json_t *item = json_object();
        set_text(item, "id", xtrigger->signature);
        set_owned(item, "label",
                  str_format("external trigger \"%s\"", view_message(view, xtrigger)));
        json_object_set_new(item, "satisfied", json_boolean(xtrigger->satisfied));
        json_array_append_new(list, item);
    }
    return list;
}

static json_t *xtriggers_of(const struct view *view, const struct instance_view *instance)
{
    json_t *list = json_array();
    if (!instance->live)
        return list;
    VEC_EACH (const struct view_xtrigger, xtrigger, &instance->live->xtriggers) {
        if (view_message(view, xtrigger))
            continue;
        json_t *item = json_object();
        bool retry = xtrigger->xtrigger == NO_INDEX;
        set_text(item, "id", xtrigger->signature);
        set_text(item, "label",
                 retry ? "retry" : view->workflow->xtriggers[xtrigger->xtrigger].label);
        json_object_set_new(item, "satisfied", json_boolean(xtrigger->satisfied));
        if (!xtrigger->satisfied)
            show_asked_json(view, xtrigger->signature, item);
        json_array_append_new(list, item);
    }
    return list;
}

json_t *show_instance(const struct show_context *context, const struct instance_view *instance)
{
    const struct view *view = context->view;
    const struct task_def *def = &view->workflow->tasks[instance->task];
    json_t *object = begin(view, instance);
    char *name = show_name(view, instance->point, instance->task);
    set_owned(object, "id", str_format("~%s/%s//%s", context->owner, context->workflow_id, name));
    free(name);
    json_object_set_new(
        object, "task",
        json_pack("{s:o}", "meta", show_meta(def->runtime.meta, def->runtime.n_meta)));
    json_object_set_new(
        object, "runtime",
        json_pack("{s:s}", "completion", view->workflow->completions[instance->task].text));
    json_object_set_new(object, "prerequisites", prerequisites_of(view, instance));
    json_object_set_new(object, "outputs", outputs_of(view, instance));
    json_object_set_new(object, "externalTriggers", externals_of(view, instance));
    json_object_set_new(object, "xtriggers", xtriggers_of(view, instance));
    return object;
}

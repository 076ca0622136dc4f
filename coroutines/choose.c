/* See choose.h. An exact id costs a look into a table; a pattern goes through the pool once. */
#include "coroutines/choose.h"
#include "base/id.h"
#include "coroutines/past.h"
#include "coroutines/window.h"
#include "pool/select.h"
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "base/banned.h"

struct wanted { /* one id */
    struct slice text;
    char *cycle, *task;
    cycle_point point;       /* POINT_NONE: the cycle is a pattern */
    enum task_status status; /* STATUSES: any */
};

struct choosing {
    const struct view *view;
    enum choose_range range;
    const char *database;
    const struct candidates *candidates;
    struct chosen *chosen;
    struct error *error;
};

void chosen_release(struct chosen *chosen)
{
    vec_release(&chosen->found);
    text_release(&chosen->unmatched);
}

static bool has_pattern(const char *text)
{
    return strpbrk(text, "*?[") != NULL;
}

static void add_unmatched(struct choosing *self, const struct wanted *wanted)
{
    text_addf(&self->chosen->unmatched, "%s%.*s", self->chosen->unmatched.n ? ", " : "",
              (int)wanted->text.n, wanted->text.at);
}

static int read_point(struct choosing *self, struct wanted *wanted)
{
    if (has_pattern(wanted->cycle))
        return 0;
    return workflow_point(self->view->workflow, wanted->cycle, &wanted->point, self->error);
}

static int read_status(struct choosing *self, const struct id *id, struct wanted *wanted)
{
    struct slice text = id->task_state.n ? id->task_state : id->cycle_state;
    if (!text.n)
        return 0;
    char *name = slice_copy(text);
    wanted->status = task_status_of(name);
    free(name);
    return wanted->status == STATUSES
               ? error_set(self->error, -EINVAL, "\"%.*s\" is no task state", (int)text.n, text.at)
               : 0;
}

static int read_wanted(struct choosing *self, const char *text, struct wanted *wanted)
{
    struct id id = {0};
    *wanted = (struct wanted){.text = slice_of(text), .point = POINT_NONE, .status = STATUSES};
    int result = id_parse_relative(wanted->text, &id, self->error);
    if (result < 0)
        return result;
    if (!id.task.n && self->range == CHOOSE_ANY)
        return error_set(self->error, -EINVAL, "\"%.200s\" names no task: expected CYCLE/TASK",
                         text);
    wanted->cycle = slice_copy(id.cycle);
    wanted->task = id.task.n ? slice_copy(id.task) : str_copy("*");
    result = read_status(self, &id, wanted);
    return result < 0 ? result : read_point(self, wanted);
}

/* --- exactly --- */

static bool find_outside(struct choosing *self, const struct wanted *wanted, uint32_t task,
                         struct instance_view *ret)
{
    struct instance_view instance = {
        .point = wanted->point, .task = task, .status = STATUS_WAITING};
    const struct view_task *neighbour =
        self->range == CHOOSE_WINDOW ? window_neighbour(self->view, wanted->point, task) : NULL;
    bool valid = graph_task_valid_at(self->view->workflow->graph, task, wanted->point);
    if (self->range == CHOOSE_POOL || (self->range == CHOOSE_WINDOW && (!neighbour || !valid)))
        return false;
    if (neighbour)
        instance.flows = neighbour->flows;
    if (valid && self->database)
        past_find(self->view, self->database, &instance);
    *ret = instance;
    return true;
}

static void choose_exact(struct choosing *self, const struct wanted *wanted, uint32_t task)
{
    const struct view_task *live = view_find(self->view, wanted->point, task);
    struct instance_view instance;
    if (live)
        instance = instance_view_of(live);
    else if (!find_outside(self, wanted, task, &instance)) {
        add_unmatched(self, wanted);
        return;
    }
    if (wanted->status == STATUSES || wanted->status == instance.status)
        *vec_push(&self->chosen->found) = instance;
    else
        add_unmatched(self, wanted);
}

/* --- by pattern --- */

static bool matches(const struct view *view, const struct wanted *wanted,
                    const struct view_task *task)
{
    if (wanted->status != STATUSES && wanted->status != task->status)
        return false;
    char cycle[POINT_TEXT_MAX];
    if (wanted->point != POINT_NONE
            ? wanted->point != task->key.point
            : fnmatch(wanted->cycle, point_format(view->workflow->cycling, task->key.point, cycle),
                      0) != 0)
        return false;
    return select_names_task(&view->workflow->tasks[task->key.index], wanted->task);
}

static void choose_pattern(struct choosing *self, const struct wanted *wanted)
{
    size_t before = self->chosen->found.n;
    const struct candidates *candidates = self->candidates;
    const struct view_task *task;
    for (size_t i = 0; candidates && i < candidates->n; i++)
        if ((task = view_find(self->view, candidates->at[i].point,
                              (uint32_t)candidates->at[i].index)) &&
            matches(self->view, wanted, task))
            *vec_push(&self->chosen->found) = instance_view_of(task);
    for (task = candidates ? NULL : self->view->tasks; task; task = task->hh.next)
        if (matches(self->view, wanted, task))
            *vec_push(&self->chosen->found) = instance_view_of(task);
    if (self->chosen->found.n == before)
        add_unmatched(self, wanted);
}

static bool is_family(const struct workflow *workflow, const char *name)
{
    for (uint32_t i = 0; i < workflow->n_families; i++)
        if (strcmp(workflow->families[i].name, name) == 0)
            return true;
    return false;
}

static int choose_one(struct choosing *self, const char *text)
{
    struct wanted wanted;
    int result = read_wanted(self, text, &wanted);
    if (result == 0) {
        const struct workflow *workflow = self->view->workflow;
        uint32_t task = workflow_task(workflow, wanted.task);
        if (task != NO_INDEX && wanted.point != POINT_NONE)
            choose_exact(self, &wanted, task);
        else if (task == NO_INDEX && self->range == CHOOSE_ANY && !has_pattern(wanted.task) &&
                 !is_family(workflow, wanted.task))
            result = error_set(self->error, -ENOENT, "no such task in this workflow: \"%s\"",
                               wanted.task);
        else
            choose_pattern(self, &wanted);
    }
    free(wanted.cycle);
    free(wanted.task);
    return result;
}

int choose_instances(const struct view *view, const json_t *ids, enum choose_range range,
                     const char *database, const struct candidates *candidates,
                     struct chosen *ret_chosen, struct error *error)
{
    struct choosing self = {view, range, database, candidates, ret_chosen, error};
    if (ids && !json_is_array(ids))
        return error_set(error, -EINVAL, "\"ids\" must be a list of texts");
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const char *text = json_string_value(json_array_get(ids, i));
        if (!text)
            return error_set(error, -EINVAL, "\"ids\" must be a list of texts");
        int result = choose_one(&self, text);
        if (result < 0)
            return result;
    }
    return 0;
}

/* --- patterns alone --- */

struct patterns {
    const struct view *view;
    VEC(struct wanted) wanted;
};

/* Whether choose_one would look through the pool for it. */
static bool is_scanned(const struct view *view, const struct wanted *wanted)
{
    return workflow_task(view->workflow, wanted->task) == NO_INDEX || wanted->point == POINT_NONE;
}

struct patterns *patterns_create(const struct view *view, const json_t *ids)
{
    struct patterns *patterns = NEW(struct patterns);
    struct error ignored = {0};
    struct chosen none = {0};
    struct choosing self = {view, CHOOSE_WINDOW, NULL, NULL, &none, &ignored};
    patterns->view = view;
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const char *text = json_string_value(json_array_get(ids, i));
        struct wanted wanted = {0};
        if (text && read_wanted(&self, text, &wanted) == 0 && is_scanned(view, &wanted)) {
            wanted.text = (struct slice){0};
            *vec_push(&patterns->wanted) = wanted;
        } else {
            free(wanted.cycle);
            free(wanted.task);
        }
    }
    return patterns;
}

void patterns_destroy(struct patterns *patterns)
{
    VEC_EACH (struct wanted, wanted, &patterns->wanted) {
        free(wanted->cycle);
        free(wanted->task);
    }
    vec_release(&patterns->wanted);
    free(patterns);
}

bool patterns_any(const struct view *view, const json_t *ids)
{
    struct patterns *patterns = patterns_create(view, ids);
    bool any = patterns->wanted.n > 0;
    patterns_destroy(patterns);
    return any;
}

bool patterns_match(const struct patterns *patterns, const struct view_task *task)
{
    VEC_EACH (const struct wanted, wanted, &patterns->wanted)
        if (matches(patterns->view, wanted, task))
            return true;
    return false;
}

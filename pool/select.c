/* See select.h. */
#include "pool/select.h"
#include "base/id.h"
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "base/banned.h"

struct wanted { /* one id */
    char *cycle, *task;
    cycle_point point;       /* POINT_NONE: the cycle is a pattern */
    enum task_status status; /* STATUSES: any */
};

static void found(struct selection *selection, const struct wanted *wanted,
                  struct instance *instance, size_t *n)
{
    if (wanted->status != STATUSES && instance->status != wanted->status)
        return;
    if (instance->class_ == CLASS_FINISHED)
        return;
    (*n)++;
    if (instance->selected)
        return;
    instance->selected = true;
    *vec_push(&selection->found) = instance;
}

static bool names_task(const struct task_def *task, const char *pattern)
{
    for (uint32_t i = 0; i < task->n_ancestors; i++)
        if (fnmatch(pattern, task->ancestors[i], 0) == 0)
            return true;
    return fnmatch(pattern, task->name, 0) == 0;
}

static void match_task(struct pool *pool, struct selection *selection, const struct wanted *wanted,
                       uint32_t task, size_t *n)
{
    if (wanted->point != POINT_NONE) {
        struct instance *instance = instances_find(&pool->instances, wanted->point, task);
        if (instance)
            found(selection, wanted, instance, n);
        return;
    }
    struct link *list = &pool->instances.of_task[task];
    for (struct link *link = list->next; link != list; link = link->next) {
        struct instance *instance = LINK_OWNER(link, struct instance, of_task);
        char cycle[POINT_TEXT_MAX];
        point_format(pool->workflow->cycling, instance->point, cycle);
        if (fnmatch(wanted->cycle, cycle, 0) == 0)
            found(selection, wanted, instance, n);
    }
}

static void match(struct pool *pool, struct selection *selection, const struct wanted *wanted,
                  struct slice id)
{
    size_t n = 0;
    uint32_t exact = workflow_task(pool->workflow, wanted->task);
    if (exact != NO_INDEX) {
        match_task(pool, selection, wanted, exact, &n);
    } else {
        for (uint32_t task = 0; task < pool->workflow->n_tasks; task++)
            if (names_task(&pool->workflow->tasks[task], wanted->task))
                match_task(pool, selection, wanted, task, &n);
    }
    if (n)
        return;
    if (exact != NO_INDEX && wanted->point != POINT_NONE && wanted->status == STATUSES &&
        spawn_is_possible(pool, wanted->point, exact))
        *vec_push(&selection->absent) = (struct target){wanted->point, exact};
    else
        text_addf(&selection->unmatched, "%s%.*s", selection->unmatched.n ? ", " : "", (int)id.n,
                  id.at);
}

static bool read_status(struct slice text, enum task_status *ret_status)
{
    *ret_status = STATUSES;
    if (!text.n)
        return true;
    char *name = slice_copy(text);
    *ret_status = task_status_of(name);
    free(name);
    return *ret_status != STATUSES;
}

static void select_one(struct pool *pool, struct selection *selection, struct slice text)
{
    struct id id = {0};
    struct error error = {0};
    struct wanted wanted = {.point = POINT_NONE};
    if (id_parse_relative(text, &id, &error) < 0 ||
        !read_status(id.task_state.n ? id.task_state : id.cycle_state, &wanted.status)) {
        text_addf(&selection->unmatched, "%s%.*s", selection->unmatched.n ? ", " : "", (int)text.n,
                  text.at);
        return;
    }
    wanted.cycle = slice_copy(id.cycle);
    wanted.task = id.task.n ? slice_copy(id.task) : str_copy("*");
    cycle_point point;
    if (!strpbrk(wanted.cycle, "*?[") &&
        point_parse(pool->workflow->cycling, wanted.cycle, &point, &error) == 0)
        wanted.point = point;
    match(pool, selection, &wanted, text);
    free(wanted.task);
    free(wanted.cycle);
}

void select_tasks(struct pool *pool, struct slice ids, struct selection *ret_selection)
{
    while (ids.n) {
        const char *end = memchr(ids.at, '\n', ids.n);
        size_t n = end ? (size_t)(end - ids.at) : ids.n;
        struct slice id = slice_trim((struct slice){ids.at, n});
        if (id.n)
            select_one(pool, ret_selection, id);
        size_t skip = end ? n + 1 : n;
        ids = (struct slice){ids.at + skip, ids.n - skip};
    }
    VEC_EACH (struct instance *, instance, &ret_selection->found)
        (*instance)->selected = false;
}

void selection_release(struct selection *selection)
{
    vec_release(&selection->found);
    vec_release(&selection->absent);
    text_release(&selection->unmatched);
}

int selection_refuse_unmatched(const struct selection *selection, struct error *error)
{
    if (!selection->unmatched.n)
        return 0;
    return error_set(error, -ENOENT, "no task matches: %s", text_string(&selection->unmatched));
}

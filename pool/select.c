/* See select.h. */
#include "pool/select.h"
#include "base/id.h"
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct wanted { /* one id */
    char *cycle, *task;
    cycle_point point;       /* POINT_NONE: the cycle is a pattern */
    enum task_status status; /* STATUSES: any */
    uint32_t submit;         /* of its job; 0: any */
};

/* Whether it asks for more than a place in the workflow. */
static bool is_particular(const struct wanted *wanted)
{
    return wanted->status != STATUSES || wanted->submit;
}

static void found(struct selection *selection, const struct wanted *wanted,
                  struct instance *instance, size_t *n)
{
    if (wanted->status != STATUSES && instance->status != wanted->status)
        return;
    if (instance->class_ == CLASS_FINISHED ||
        (wanted->submit && wanted->submit != instance->submit))
        return;
    (*n)++;
    if (instance->selected)
        return;
    instance->selected = true;
    *vec_push(&selection->found) = instance;
}

bool select_names_task(const struct task_def *task, const char *pattern)
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

/* A task that is not in the pool, but might be. */
static void match_absent(struct pool *pool, struct selection *selection,
                         const struct wanted *wanted, uint32_t task, size_t *n)
{
    if (!spawn_is_possible(pool, wanted->point, task))
        return;
    (*n)++;
    *vec_push(&selection->absent) = (struct target){wanted->point, task};
}

/* A whole cycle point means what is there of it. */
static bool means_absent(const struct wanted *wanted)
{
    return wanted->point != POINT_NONE && !is_particular(wanted) && strcmp(wanted->task, "*") != 0;
}

/* `act` for each task that the name, family or pattern means. */
static void each_task(struct pool *pool, struct selection *selection, const struct wanted *wanted,
                      void (*act)(struct pool *, struct selection *, const struct wanted *,
                                  uint32_t, size_t *),
                      size_t *n)
{
    uint32_t exact = workflow_task(pool->workflow, wanted->task);
    if (exact != NO_INDEX) {
        act(pool, selection, wanted, exact, n);
        return;
    }
    for (uint32_t task = 0; task < pool->workflow->n_tasks; task++)
        if (select_names_task(&pool->workflow->tasks[task], wanted->task))
            act(pool, selection, wanted, task, n);
}

static void match(struct pool *pool, struct selection *selection, const struct wanted *wanted,
                  struct slice id)
{
    size_t n = 0;
    selection->any_pattern |=
        wanted->point == POINT_NONE || workflow_task(pool->workflow, wanted->task) == NO_INDEX;
    each_task(pool, selection, wanted, match_task, &n);
    if (!n && means_absent(wanted))
        each_task(pool, selection, wanted, match_absent, &n);
    if (!n)
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

/* "01", "NN": the newest. */
static bool read_job(struct slice text, uint32_t *ret_submit)
{
    uint32_t submit = 0;
    *ret_submit = 0;
    if (!text.n || slice_equal(text, "NN"))
        return true;
    for (size_t i = 0; i < text.n; i++) {
        if (text.at[i] < '0' || text.at[i] > '9' || submit > UINT32_MAX / 10 - 1)
            return false;
        submit = submit * 10 + (uint32_t)(text.at[i] - '0');
    }
    *ret_submit = submit;
    return submit > 0;
}

static void select_one(struct pool *pool, struct selection *selection, struct slice text)
{
    struct id id = {0};
    struct error error = {0};
    struct wanted wanted = {.point = POINT_NONE};
    bool is_id = id_parse_relative(text, &id, &error) == 0;
    struct slice state = id.task_state.n ? id.task_state : id.cycle_state;
    if (is_id && !read_status(state, &wanted.status)) {
        text_addf(&selection->wrong, "%s\"%.*s\" is no task state (%.*s)",
                  selection->wrong.n ? "; " : "", (int)state.n, state.at, (int)text.n, text.at);
        return;
    }
    if (!is_id || !read_job(id.job, &wanted.submit)) {
        text_addf(&selection->unmatched, "%s%.*s", selection->unmatched.n ? ", " : "", (int)text.n,
                  text.at);
        return;
    }
    wanted.cycle = slice_copy(id.cycle);
    wanted.task = id.task.n ? slice_copy(id.task) : str_copy("*");
    cycle_point point;
    if (!strpbrk(wanted.cycle, "*?[") &&
        workflow_point(pool->workflow, wanted.cycle, &point, &error) == 0)
        wanted.point = point;
    match(pool, selection, &wanted, text);
    free(wanted.task);
    free(wanted.cycle);
}

static int compare_targets(const void *a, const void *b)
{
    const struct target *x = *(const struct target *const *)a,
                        *y = *(const struct target *const *)b;
    if (x->point != y->point)
        return x->point < y->point ? -1 : 1;
    if (x->task != y->task)
        return x->task < y->task ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* Of the same absent task only the first is kept, in its place. */
static void drop_doubles(struct selection *selection)
{
    size_t n = selection->absent.n, kept = 0;
    if (n < 2)
        return;
    struct target *all = selection->absent.at, **sorted = NEW_ARRAY(struct target *, n);
    bool *is_double = NEW_ARRAY(bool, n);
    for (size_t i = 0; i < n; i++)
        sorted[i] = &all[i];
    qsort(sorted, n, sizeof *sorted, compare_targets);
    for (size_t i = 1; i < n; i++)
        is_double[sorted[i] - all] =
            sorted[i]->point == sorted[i - 1]->point && sorted[i]->task == sorted[i - 1]->task;
    for (size_t i = 0; i < n; i++)
        if (!is_double[i])
            all[kept++] = all[i];
    selection->absent.n = kept;
    free(is_double);
    free(sorted);
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
    drop_doubles(ret_selection);
}

void selection_release(struct selection *selection)
{
    vec_release(&selection->found);
    vec_release(&selection->absent);
    text_release(&selection->unmatched);
    text_release(&selection->wrong);
}

int selection_refuse_unmatched(const struct selection *selection, struct error *error)
{
    if (selection->wrong.n)
        return error_set(error, -EINVAL, "%s", text_string(&selection->wrong));
    if (!selection->unmatched.n)
        return 0;
    return error_set(error, -ENOENT, "no task matches: %s", text_string(&selection->unmatched));
}

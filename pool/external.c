/* See external.h. */
#include "pool/external.h"
#include "db/restart.h"
#include "pool/command.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static void add_task(struct externals *externals, uint32_t xtrigger, uint32_t task)
{
    VEC_EACH (struct external_task, known, &externals->tasks)
        if (known->xtrigger == xtrigger && known->task == task)
            return;
    *vec_push(&externals->tasks) = (struct external_task){xtrigger, task};
}

void externals_init(struct pool *pool)
{
    const struct workflow *workflow = pool->workflow;
    for (uint32_t task = 0; task < workflow->n_tasks; task++)
        for (uint32_t i = 0; i < workflow->graph->tasks[task].n_xtriggers; i++) {
            uint32_t xtrigger = workflow->graph->tasks[task].xtriggers[i].xtrigger;
            if (workflow->xtriggers[xtrigger].external)
                add_task(&pool->externals, xtrigger, task);
        }
}

void externals_release(struct externals *externals)
{
    VEC_EACH (struct external_message, message, &externals->kept)
        free(message->id);
    vec_release(&externals->kept);
    vec_release(&externals->tasks);
}

/* --- what is kept is recorded as "TASK: LABEL" --- */

static bool is_for(const struct pool *pool, const struct external_task *task, struct slice message)
{
    return slice_equal(message, pool->workflow->xtriggers[task->xtrigger].external);
}

static char *recorded_name(const struct pool *pool, uint32_t xtrigger, uint32_t task)
{
    return str_format("%s: %s", pool->workflow->tasks[task].name,
                      pool->workflow->xtriggers[xtrigger].label);
}

/* One that was recorded by its message alone had a task for itself. */
static const struct external_task *find_recorded(const struct pool *pool, const char *text)
{
    const struct external_task *found = NULL;
    VEC_EACH (struct external_task, each, &pool->externals.tasks) {
        char *name = recorded_name(pool, each->xtrigger, each->task);
        bool same = strcmp(name, text) == 0;
        free(name);
        if (same)
            return each;
        if (!found && is_for(pool, each, slice_of(text)))
            found = each;
    }
    return found;
}

static void keep(struct pool *pool, uint64_t number, const struct external_task *task,
                 struct slice id)
{
    *vec_push(&pool->externals.kept) =
        (struct external_message){number, task->xtrigger, task->task, slice_copy(id)};
}

void externals_restore(struct pool *pool, const struct restart *restart)
{
    for (size_t i = 0; i < restart->n_externals; i++) {
        const struct restart_external *from = &restart->externals[i];
        const struct external_task *task = find_recorded(pool, from->message);
        if (from->number > pool->externals.last)
            pool->externals.last = from->number;
        if (task)
            keep(pool, from->number, task, slice_of(from->id));
    }
}

static void say(struct pool *pool, const struct external_message *message, bool kept)
{
    char *name = recorded_name(pool, message->xtrigger, message->task);
    pool_say(pool, &(struct message){.topic = TOPIC_WORKFLOW_EXTERNAL,
                                     .id = message->number,
                                     .value = kept,
                                     .text = slice_of(name),
                                     .detail = slice_of(message->id)});
    free(name);
}

/* --- use --- */

/* Its job gets the id as others of its cycle do: as a broadcast. */
static void tell_id(struct pool *pool, cycle_point point, struct slice id)
{
    char *text = slice_copy(id);
    if (*text)
        broadcast_put(pool, point, "root", "[environment]CYLC_EXT_TRIGGER_ID", text, 0);
    free(text);
}

void external_await(struct pool *pool, struct dependence *dependence)
{
    struct externals *externals = &pool->externals;
    for (size_t i = 0; i < externals->kept.n; i++) {
        struct external_message message = externals->kept.at[i];
        if (message.xtrigger != dependence->xtrigger || message.task != dependence->instance->task)
            continue;
        externals->kept.n--;
        memmove(externals->kept.at + i, externals->kept.at + i + 1,
                (externals->kept.n - i) * sizeof *externals->kept.at);
        say(pool, &message, false);
        tell_id(pool, dependence->instance->point, slice_of(message.id));
        dependence->signature->satisfied = true;
        dependence_satisfy(pool, dependence);
        look_later(pool, dependence->instance);
        free(message.id);
        return;
    }
}

/* Of the task's instances that wait for it, that at the lowest point. */
static const struct dependence *find_waiting(const struct pool *pool,
                                             const struct external_task *task)
{
    const struct link *list = &pool->instances.of_task[task->task];
    const struct dependence *best = NULL;
    for (const struct link *link = list->next; link != list; link = link->next) {
        const struct instance *instance = LINK_OWNER(link, struct instance, of_task);
        const struct dependence *d = dependence_find(instance, task->xtrigger);
        if (instance->status == STATUS_WAITING && !(instance->flags & TASK_RUNAHEAD) && d &&
            dependence_is_awaited(pool, d) && (!best || instance->point < best->instance->point))
            best = d;
    }
    return best;
}

/* One task gets the message: its instance goes, or the next one that waits for it will. told: the
 * point that was told the id last. */
static void tell(struct pool *pool, const struct external_task *task, struct slice id,
                 cycle_point *told)
{
    const struct dependence *waiting = find_waiting(pool, task);
    if (waiting) {
        char *signature = str_copy(waiting->signature->text);
        if (*told != waiting->instance->point)
            tell_id(pool, waiting->instance->point, id);
        *told = waiting->instance->point;
        handle_xtrigger(pool, &(struct message){.topic = TOPIC_XTRIGGER_SATISFIED,
                                                .text = slice_of(signature)});
        free(signature);
        return;
    }
    keep(pool, ++pool->externals.last, task, id);
    say(pool, vec_last(&pool->externals.kept), true);
}

int pool_ext_trigger(struct pool *pool, const struct message *message, struct error *error)
{
    bool any = false;
    cycle_point told = POINT_NONE;
    VEC_EACH (struct external_task, task, &pool->externals.tasks)
        if (is_for(pool, task, message->text)) {
            tell(pool, task, message->detail, &told);
            any = true;
        }
    return any ? 0
               : error_set(error, -ENOENT, "no task waits for the external trigger \"%.*s\"",
                           (int)message->text.n, message->text.at);
}

/* Holds: of instances there are, of tasks that will come, and of everything after a point. */
#include "pool/command.h"
#include "pool/select.h"
#include <stdlib.h>

#include "base/banned.h"

struct hold *hold_find(const struct pool *pool, cycle_point point, uint32_t task)
{
    struct hold key = {.point = point, .task = task};
    struct hold *hold;
    HASH_FIND(hh, pool->holds, &key, offsetof(struct hold, task) + sizeof key.task, hold);
    return hold;
}

bool is_to_be_held(const struct pool *pool, cycle_point point, uint32_t task)
{
    return hold_find(pool, point, task) ||
           (pool->hold_point != POINT_NONE && point > pool->hold_point);
}

static void say_hold(struct pool *pool, cycle_point point, uint32_t task, bool held)
{
    pool_say(pool, &(struct message){
                       .topic = TOPIC_TASK_HOLD, .point = point, .task = task, .value = held});
}

void hold_restore(struct pool *pool, cycle_point point, uint32_t task)
{
    if (hold_find(pool, point, task))
        return;
    struct hold *hold = NEW(struct hold);
    hold->point = point;
    hold->task = task;
    HASH_ADD(hh, pool->holds, point, offsetof(struct hold, task) + sizeof hold->task, hold);
}

void hold_add(struct pool *pool, cycle_point point, uint32_t task)
{
    if (hold_find(pool, point, task))
        return;
    hold_restore(pool, point, task);
    say_hold(pool, point, task, true);
}

static void hold_drop(struct pool *pool, struct hold *hold)
{
    if (!hold)
        return;
    say_hold(pool, hold->point, hold->task, false);
    HASH_DEL(pool->holds, hold);
    free(hold);
}

void hold_instance(struct pool *pool, struct instance *instance)
{
    queue_leave(pool, instance);
    instance_flag(pool, instance, TASK_HELD, TASK_QUEUED);
    hold_add(pool, instance->point, instance->task);
}

static void release_instance(struct pool *pool, struct instance *instance)
{
    hold_drop(pool, hold_find(pool, instance->point, instance->task));
    if (!(instance->flags & TASK_HELD))
        return;
    instance_flag(pool, instance, 0, TASK_HELD);
    awaken(pool, instance);
}

/* Hold after a point: all there are beyond it, and all that come. */
static int hold_after(struct pool *pool, struct slice text, struct error *error)
{
    cycle_point point;
    int result = pool_read_point(pool, text, &point, error);
    if (result < 0)
        return result;
    pool->hold_point = point;
    char buffer[POINT_TEXT_MAX];
    say_param(pool, "holdcp", point_format(pool->workflow->cycling, point, buffer));
    for (struct instance *i = pool->instances.table; i; i = i->hh.next)
        if (i->point > point && i->class_ != CLASS_FINISHED)
            hold_instance(pool, i);
    return 0;
}

int pool_hold(struct pool *pool, const struct message *message, struct error *error)
{
    if (message->detail.n)
        return hold_after(pool, message->detail, error);
    struct selection selection = {0};
    select_tasks(pool, message->text, &selection);
    VEC_EACH (struct instance *, instance, &selection.found)
        hold_instance(pool, *instance);
    VEC_EACH (struct target, target, &selection.absent)
        hold_add(pool, target->point, target->task);
    int result = selection_refuse_unmatched(&selection, error);
    selection_release(&selection);
    return result;
}

int pool_release(struct pool *pool, const struct message *message, struct error *error)
{
    struct selection selection = {0};
    select_tasks(pool, message->text, &selection);
    VEC_EACH (struct instance *, instance, &selection.found)
        release_instance(pool, *instance);
    VEC_EACH (struct target, target, &selection.absent)
        hold_drop(pool, hold_find(pool, target->point, target->task));
    int result = selection_refuse_unmatched(&selection, error);
    selection_release(&selection);
    return result;
}

int pool_release_all(struct pool *pool, const struct message *message, struct error *error)
{
    (void)message;
    (void)error;
    if (pool->hold_point != POINT_NONE) {
        pool->hold_point = POINT_NONE;
        say_param(pool, "holdcp", "");
    }
    struct hold *hold, *next;
    HASH_ITER(hh, pool->holds, hold, next)
    {
        struct instance *instance = instances_find(&pool->instances, hold->point, hold->task);
        if (instance)
            release_instance(pool, instance);
        else
            hold_drop(pool, hold);
    }
    VEC(struct instance *) held = {0}; /* because their jobs were killed */
    for (struct instance *i = pool->instances.table; i; i = i->hh.next)
        if (i->flags & TASK_HELD)
            *vec_push(&held) = i;
    VEC_EACH (struct instance *, instance, &held)
        release_instance(pool, *instance);
    vec_release(&held);
    return 0;
}

/* stop and abort: at once, when jobs are done, after a point, after a task. */
#include "pool/command.h"
#include "pool/select.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static void kill_all(struct pool *pool)
{
    struct link *list = &pool->classes[CLASS_ACTIVE];
    for (struct link *link = list->next; link != list; link = link->next)
        kill_instance(pool, LINK_OWNER(link, struct instance, of_class));
}

/* Tasks beyond a stop point that comes nearer are no longer released. */
static void stop_after_point(struct pool *pool, cycle_point point)
{
    char buffer[POINT_TEXT_MAX];
    say_param(pool, "stopcp", point_format(pool->workflow->cycling, point, buffer));
    pool->stop_point = point;
    if (pool->limit == POINT_NONE || pool->limit <= point) {
        pool->base = POINT_NONE; /* the limit may rise now */
        return;
    }
    pool->limit = point;
    VEC(struct instance *) beyond = {0};
    for (struct instance *i = pool->instances.table; i; i = i->hh.next)
        if (i->point > point && i->status == STATUS_WAITING && !(i->flags & TASK_RUNAHEAD))
            *vec_push(&beyond) = i;
    VEC_EACH (struct instance *, instance, &beyond) {
        queue_leave(pool, *instance);
        instance_flag(pool, *instance, TASK_RUNAHEAD, TASK_QUEUED);
    }
    vec_release(&beyond);
    pool->runahead_in_flight++;
    pool_say(pool, &(struct message){.topic = TOPIC_POOL_RUNAHEAD, .point = point});
}

void stop_after_task(struct pool *pool, cycle_point point, uint32_t task)
{
    pool->stop_task.point = point;
    pool->stop_task.task = task;
}

static int stop_after(struct pool *pool, struct slice detail, struct error *error)
{
    if (!memchr(detail.at, '/', detail.n)) {
        cycle_point point;
        int result = pool_read_point(pool, detail, &point, error);
        if (result < 0)
            return result;
        stop_after_point(pool, point);
        return 0;
    }
    struct selection selection = {0};
    select_tasks(pool, detail, &selection);
    int result = selection_refuse_unmatched(&selection, error);
    if (!result && selection.found.n + selection.absent.n != 1)
        result = error_set(error, -EINVAL, "stop: one task at a time, not \"%.*s\"", (int)detail.n,
                           detail.at);
    if (!result) {
        if (selection.found.n)
            stop_after_task(pool, selection.found.at[0]->point, selection.found.at[0]->task);
        else
            stop_after_task(pool, selection.absent.at[0].point, selection.absent.at[0].task);
        char *id = slice_copy(detail);
        say_param(pool, "stop_task", id);
        free(id);
    }
    selection_release(&selection);
    return result;
}

static void begin_to_stop(struct pool *pool, enum stop_mode mode)
{
    if (pool->stopping && pool->stop_mode == STOP_KILL)
        return; /* it is no less than what is asked for */
    pool->stop_mode = mode;
    pool->stopping = true;
    if (mode == STOP_KILL)
        kill_all(pool);
    say_workflow_state(pool, "");
}

int64_t pool_stop_time(const struct pool *pool)
{
    return pool->stop_time;
}

/* The first time it is heard the time is set; when it has come, it is said again. */
static int stop_at(struct pool *pool, struct slice detail, struct error *error)
{
    char *text = slice_copy(detail), *end;
    int64_t when = strtoll(text, &end, 10);
    int result = 0;
    if (!*text || *end || when < 0) {
        result = error_set(error, -EINVAL, "stop: \"%.64s\" is no time", text);
    } else if (when * 1000000 > pool->now) {
        pool->stop_time = when;
        say_param(pool, "stop_clock_time", text);
    } else {
        pool->stop_time = -1;
        say_param(pool, "stop_clock_time", "");
        begin_to_stop(pool, STOP_AUTOMATIC);
    }
    free(text);
    return result;
}

int pool_stop(struct pool *pool, const struct message *message, struct error *error)
{
    if (message->flags == STOP_AT)
        return stop_at(pool, message->detail, error);
    if (message->detail.n)
        return stop_after(pool, message->detail, error);
    if (message->flags == STOP_AUTOMATIC)
        pool->complete_at_start = false;
    else if (message->flags == STOP_CLEAN || message->flags == STOP_KILL)
        begin_to_stop(pool, (enum stop_mode)message->flags);
    else if (message->flags == STOP_NOW)
        end_now(pool, STOP_NOW, "REQUEST(NOW)");
    else if (message->flags == STOP_NOW_NOW)
        end_now(pool, STOP_NOW_NOW, "REQUEST(NOW-NOW)");
    else
        return error_set(error, -EINVAL, "stop: there is no mode %u", message->flags);
    return 0;
}

/* --- one flow --- */

static void leave_stopped(struct pool *pool, struct instance *instance,
                          const struct flow_list *flows)
{
    struct flow_list rest = flow_minus(&instance->flows->list, flows);
    if (!rest.n && !status_is_active(instance_status(instance))) {
        instance_remove(pool, instance, REMOVED_NOT_NEEDED);
        return;
    }
    instance_set_flows(pool, instance, &rest);
    say_state(pool, instance, instance_status(instance));
}

/* Spawns that wait behind a gate. */
static void leave_gates(struct pool *pool, const struct flow_list *flows)
{
    for (uint32_t task = 0; task < pool->workflow->n_tasks; task++)
        VEC_EACH (struct message, message, &pool->gates[task].put_off)
            message->flows = flow_minus(&message->flows, flows);
}

/* Cylc 8: tasks leave the flow, and the pool if they are in no other; active ones go on alone. */
int pool_stop_flow(struct pool *pool, const struct message *message, struct error *error)
{
    if (put_off_until_quiet(pool, message))
        return COMMAND_DEFERRED;
    VEC(struct instance *) members = {0};
    for (struct instance *i = pool->instances.table; i; i = i->hh.next)
        if (flow_overlap(&i->flows->list, &message->flows))
            *vec_push(&members) = i;
    int result = 0;
    if (!members.n)
        result = error_set(error, -ENOENT, "there is no task in flow %u",
                           message->flows.n ? message->flows.at[0] : 0);
    leave_gates(pool, &message->flows);
    VEC_EACH (struct instance *, instance, &members)
        leave_stopped(pool, *instance, &message->flows);
    pool_say(pool, &(struct message){.topic = TOPIC_POOL_CURSOR, .flows = message->flows});
    vec_release(&members);
    return result;
}

int pool_abort(struct pool *pool, const struct message *message, struct error *error)
{
    (void)error;
    char *reason = slice_copy(message->text);
    end_now(pool, STOP_ABORT, reason);
    free(reason);
    return 0;
}

/* The commands of users: pause, resume, hold, release, trigger, stop, abort. Each says its effects;
 * its outcome comes after everything that follows from them. */
#include "pool/inside.h"
#include "pool/select.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

enum { DEFERRED = 1 }; /* the database was asked first */

/* --- holds --- */

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

static void hold_instance(struct pool *pool, struct instance *instance)
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

/* --- helpers --- */

static int unmatched(const struct selection *selection, struct error *error)
{
    if (!selection->unmatched.n)
        return 0;
    return error_set(error, -ENOENT, "no task matches: %s", text_string(&selection->unmatched));
}

static int read_point(const struct pool *pool, struct slice text, cycle_point *ret_point,
                      struct error *error)
{
    char *copy = slice_copy(text);
    int result = point_parse(pool->workflow->cycling, copy, ret_point, error);
    free(copy);
    return result;
}

static void say_param(struct pool *pool, const char *key, const char *value)
{
    pool_say(pool, &(struct message){.topic = TOPIC_WORKFLOW_PARAM,
                                     .text = slice_of(key),
                                     .detail = slice_of(value)});
}

/* --- pause, hold, release --- */

static int command_pause(struct pool *pool, const struct message *message, struct error *error)
{
    (void)message;
    (void)error;
    if (!pool->paused) {
        pool->paused = true;
        say_workflow_state(pool, "");
    }
    return 0;
}

static int command_resume(struct pool *pool, const struct message *message, struct error *error)
{
    (void)message;
    (void)error;
    if (pool->paused) {
        pool->paused = false;
        say_workflow_state(pool, "Workflow resumed");
        for (uint32_t i = 0; i < pool->workflow->n_queues; i++)
            pool->queues[i].open_again = true;
    }
    return 0;
}

/* Hold after a point: all there are beyond it, and all that come. */
static int hold_after(struct pool *pool, struct slice text, struct error *error)
{
    cycle_point point;
    int result = read_point(pool, text, &point, error);
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

static int command_hold(struct pool *pool, const struct message *message, struct error *error)
{
    if (message->detail.n)
        return hold_after(pool, message->detail, error);
    struct selection selection = {0};
    select_tasks(pool, message->text, &selection);
    VEC_EACH (struct instance *, instance, &selection.found)
        hold_instance(pool, *instance);
    VEC_EACH (struct target, target, &selection.absent)
        hold_add(pool, target->point, target->task);
    int result = unmatched(&selection, error);
    selection_release(&selection);
    return result;
}

static int command_release(struct pool *pool, const struct message *message, struct error *error)
{
    struct selection selection = {0};
    select_tasks(pool, message->text, &selection);
    VEC_EACH (struct instance *, instance, &selection.found)
        release_instance(pool, *instance);
    VEC_EACH (struct target, target, &selection.absent)
        hold_drop(pool, hold_find(pool, target->point, target->task));
    int result = unmatched(&selection, error);
    selection_release(&selection);
    return result;
}

static int command_release_all(struct pool *pool, const struct message *message,
                               struct error *error)
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
    return 0;
}

/* --- trigger --- */

static bool is_named(const struct pool *pool, uint32_t flow)
{
    for (size_t i = 0; i < pool->flows_named.n; i++)
        if (pool->flows_named.at[i] == flow)
            return true;
    return false;
}

static void say_flow(struct pool *pool, uint32_t flow, struct slice description)
{
    char key[32];
    snprintf(key, sizeof key, "flow %u", flow);
    pool_say(pool,
             &(struct message){.topic = TOPIC_WORKFLOW_PARAM,
                               .text = slice_of(key),
                               .detail = description.n ? description : slice_of("no description")});
}

/* Cylc 8: all active flows; with none, those of the instance that left last. */
static struct flow_list flows_wanted(struct pool *pool, const struct message *message)
{
    struct flow_list flows = {0};
    if (message->flags & POOL_FLOW_NONE)
        return flows;
    if (message->flags & POOL_FLOW_NEW) {
        do
            pool->flow_last++;
        while (is_named(pool, pool->flow_last));
        flow_add(&flows, pool->flow_last);
        say_flow(pool, pool->flow_last, message->detail);
        return flows;
    }
    for (uint32_t i = 0; i < message->flows.n; i++)
        if (message->flows.at[i] > pool->flow_last && !is_named(pool, message->flows.at[i])) {
            *vec_push(&pool->flows_named) = message->flows.at[i];
            say_flow(pool, message->flows.at[i], message->detail);
        }
    if (message->flows.n)
        return message->flows;
    flows = flow_sets_active(&pool->flows);
    return flows.n ? flows : pool->flows_recent;
}

static void run_now(struct pool *pool, struct instance *instance)
{
    if (status_is_final(instance_status(instance)))
        instance_move(pool, instance, STATUS_WAITING, instance->flags & ~(uint32_t)TASK_INCOMPLETE);
    instance->flags |= TASK_MANUAL;
    instance_submit(pool, instance);
}

static void trigger_instance(struct pool *pool, struct instance *instance,
                             const struct flow_list *flows, struct text *problems)
{
    if (status_is_active(instance_status(instance))) {
        text_add(problems, problems->n ? ", " : "already active: ");
        add_name(pool, instance->point, instance->task, problems);
        return;
    }
    merge_flows(pool, instance, flows);
    if (!status_is_active(instance_status(instance)))
        run_now(pool, instance);
}

/* It runs whatever its history says; only the submit number goes on from there, and the outputs of
 * a run that still waits for its flow. */
static void trigger_absent(struct pool *pool, const struct target *target,
                           const struct flow_list *flows, bool wait)
{
    struct instance *leaving = instances_find(&pool->instances, target->point, target->task);
    if (leaving)
        instance_remove(pool, leaving, REMOVED_COMPLETE);
    const struct past *past = history_find(&pool->history, target->point, target->task);
    const struct past *before = past_in(past, flows);
    struct instance *instance = spawn(pool, target->point, target->task, flows,
                                      wait ? TASK_FLOW_WAIT : 0u, past_submit(past));
    if (before && before->flow_wait)
        instance->outputs = before->outputs;
    run_now(pool, instance);
}

static bool history_is_missing_for(struct pool *pool, const struct selection *selection)
{
    bool missing = false;
    for (size_t i = 0; i < selection->absent.n; i++)
        missing |=
            history_is_missing(pool, selection->absent.at[i].point, selection->absent.at[i].task);
    return missing;
}

static int command_trigger(struct pool *pool, const struct message *message, struct error *error)
{
    if (pool->stopping)
        return error_set(error, -ESHUTDOWN, "the workflow is stopping");
    struct selection selection = {0};
    struct text problems = {0};
    select_tasks(pool, message->text, &selection);
    if (history_is_missing_for(pool, &selection)) {
        defer_event(pool, message);
        selection_release(&selection);
        return DEFERRED;
    }
    struct flow_list flows = {0};
    if (selection.found.n || selection.absent.n)
        flows = flows_wanted(pool, message);
    VEC_EACH (struct instance *, instance, &selection.found)
        trigger_instance(pool, *instance, &flows, &problems);
    VEC_EACH (struct target, target, &selection.absent)
        if (!instances_find(&pool->instances, target->point, target->task) ||
            instances_find(&pool->instances, target->point, target->task)->class_ == CLASS_FINISHED)
            trigger_absent(pool, target, &flows, message->flags & POOL_FLOW_WAIT);
    int result = unmatched(&selection, error);
    if (!result && problems.n)
        result = error_set(error, -EALREADY, "%s", text_string(&problems));
    text_release(&problems);
    selection_release(&selection);
    return result;
}

/* --- stop --- */

static void kill_all(struct pool *pool)
{
    struct link *list = &pool->classes[CLASS_ACTIVE];
    for (struct link *link = list->next; link != list; link = link->next) {
        struct instance *instance = LINK_OWNER(link, struct instance, of_class);
        hold_instance(pool, instance); /* a retry must not start it again */
        pool_say(pool, &(struct message){.topic = TOPIC_JOB_KILL,
                                         .point = instance->point,
                                         .task = instance->task,
                                         .submit = instance->submit,
                                         .try_ = instance->try_});
    }
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
    pool->runahead_in_flight = true;
    pool_say(pool, &(struct message){.topic = TOPIC_POOL_RUNAHEAD, .point = point});
}

static int stop_after(struct pool *pool, struct slice detail, struct error *error)
{
    if (!memchr(detail.at, '/', detail.n)) {
        cycle_point point;
        int result = read_point(pool, detail, &point, error);
        if (result < 0)
            return result;
        stop_after_point(pool, point);
        return 0;
    }
    struct selection selection = {0};
    select_tasks(pool, detail, &selection);
    int result = unmatched(&selection, error);
    if (!result && selection.found.n + selection.absent.n != 1)
        result = error_set(error, -EINVAL, "stop: one task at a time, not \"%.*s\"", (int)detail.n,
                           detail.at);
    if (!result) {
        pool->stop_task.point =
            selection.found.n ? selection.found.at[0]->point : selection.absent.at[0].point;
        pool->stop_task.task =
            selection.found.n ? selection.found.at[0]->task : selection.absent.at[0].task;
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

static int command_stop(struct pool *pool, const struct message *message, struct error *error)
{
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

static int command_abort(struct pool *pool, const struct message *message, struct error *error)
{
    (void)error;
    char *reason = slice_copy(message->text);
    end_now(pool, STOP_ABORT, reason);
    free(reason);
    return 0;
}

static int (*const commands[POOL_COMMANDS])(struct pool *, const struct message *,
                                            struct error *) = {
    [POOL_PAUSE] = command_pause,     [POOL_RESUME] = command_resume,
    [POOL_HOLD] = command_hold,       [POOL_RELEASE] = command_release,
    [POOL_TRIGGER] = command_trigger, [POOL_RELEASE_ALL] = command_release_all,
    [POOL_STOP] = command_stop,       [POOL_ABORT] = command_abort,
};

void handle_command(struct pool *pool, const struct message *message)
{
    struct error error = {0};
    int result =
        message->number < POOL_COMMANDS
            ? commands[message->number](pool, message, &error)
            : error_set(&error, -ENOTSUP, "command number %u is not implemented", message->number);
    if (result == DEFERRED || !message->id)
        return;
    answer_later(pool, &(struct message){.topic = TOPIC_POOL_OUTCOME,
                                         .id = message->id,
                                         .number = (uint32_t)-result,
                                         .text = slice_of(result < 0 ? error.text : "{}")});
}

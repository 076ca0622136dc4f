/* trigger: run tasks now, whatever holds them back. */
#include "pool/command.h"
#include "pool/select.h"
#include <errno.h>

#include "base/banned.h"

/* Whether it waits for nothing but its queue (or for that, once it is released from hold). */
static bool has_come_to_its_queue(const struct instance *instance)
{
    if (instance->flags & TASK_QUEUED)
        return true;
    return instance->status == STATUS_WAITING && instance->flags & TASK_HELD &&
           !(instance->flags & (TASK_RUNAHEAD | TASK_RETRYING)) && instance->satisfied &&
           !instance->n_waited_for;
}

/* Into its queue if that is full and it was not there yet, else at once, past the limit.
 * on_resume: a paused workflow lets it go when it is resumed. */
static void run_now(struct pool *pool, struct instance *instance, bool on_resume)
{
    bool past_limit = has_come_to_its_queue(instance) || !queue_is_full(pool, instance);
    if (status_is_final(instance_status(instance)))
        instance_move(pool, instance, STATUS_WAITING, instance->flags & ~(uint32_t)TASK_INCOMPLETE);
    if ((pool->paused && on_resume) || !past_limit) {
        queue_leave(pool, instance);
        instance_flag(pool, instance, TASK_MANUAL, TASK_QUEUED | TASK_RUNAHEAD);
        xtriggers_watch(pool, instance); /* as whoever waits below the runahead limit */
        instance_try(pool, instance);
        return;
    }
    instance->flags |= TASK_MANUAL;
    instance_submit(pool, instance);
}

static void trigger_instance(struct pool *pool, struct instance *instance,
                             const struct flow_list *flows, bool on_resume, struct text *problems)
{
    if (status_is_active(instance_status(instance))) {
        text_add(problems, problems->n ? ", " : "already active: ");
        add_name(pool, instance->point, instance->task, problems);
        return;
    }
    merge_flows(pool, instance, flows);
    if (instance->flags & TASK_RUNAHEAD)
        next_comes(pool, instance->point, instance->task, &instance->flows->list);
    if (!status_is_active(instance_status(instance)))
        run_now(pool, instance, on_resume);
}

/* It runs whatever its history says; only the submit number goes on from there, and the outputs of
 * a run that still waits for its flow. */
static void trigger_absent(struct pool *pool, const struct target *target,
                           const struct flow_list *flows, bool wait, bool on_resume)
{
    struct instance *leaving = instances_find(&pool->instances, target->point, target->task);
    if (leaving)
        instance_remove(pool, leaving, REMOVED_COMPLETE);
    const struct past *past = history_find(&pool->history, target->point, target->task);
    const struct past *before = past_in(past, flows);
    struct instance *instance =
        spawn(pool, target->point, target->task, flows, wait ? TASK_FLOW_WAIT : 0u,
              past_submit(past), before && before->flow_wait ? before->outputs : 0);
    flow_goes_on(pool, instance->point, instance->task, &instance->flows->list);
    run_now(pool, instance, on_resume);
}

bool history_is_missing_for(struct pool *pool, const struct selection *selection)
{
    bool missing = false;
    for (size_t i = 0; i < selection->absent.n; i++)
        missing |=
            history_is_missing(pool, selection->absent.at[i].point, selection->absent.at[i].task);
    return missing;
}

int pool_trigger(struct pool *pool, const struct message *message, struct error *error)
{
    if (pool->stopping)
        return error_set(error, -ESHUTDOWN, "the workflow is stopping");
    struct selection selection = {0};
    struct text problems = {0};
    select_tasks(pool, message->text, &selection);
    bool missing = history_is_missing_for(pool, &selection);
    VEC_EACH (struct instance *, instance, &selection.found)
        missing |= next_is_missing(pool, *instance);
    if (missing) {
        defer_event(pool, message);
        selection_release(&selection);
        return COMMAND_DEFERRED;
    }
    struct flow_list flows = {0};
    bool on_resume = message->flags & POOL_ON_RESUME;
    bool any = selection.found.n || selection.absent.n;
    int result = any ? flows_wanted(pool, message, &flows, error) : 0;
    if (result < 0) {
        selection_release(&selection);
        return result;
    }
    VEC_EACH (struct instance *, instance, &selection.found)
        trigger_instance(pool, *instance, &flows, on_resume, &problems);
    VEC_EACH (struct target, target, &selection.absent)
        if (!instances_find(&pool->instances, target->point, target->task) ||
            instances_find(&pool->instances, target->point, target->task)->class_ == CLASS_FINISHED)
            trigger_absent(pool, target, &flows, message->flags & POOL_FLOW_WAIT, on_resume);
    result = selection_refuse_unmatched(&selection, error);
    if (!result && problems.n)
        result = error_set(error, -EALREADY, "%s", text_string(&problems));
    text_release(&problems);
    selection_release(&selection);
    return result;
}

/* trigger: run tasks now, whatever holds them back. */
#include "pool/command.h"
#include "pool/select.h"
#include <errno.h>
#include <stdio.h>

#include "base/banned.h"

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

int pool_trigger(struct pool *pool, const struct message *message, struct error *error)
{
    if (pool->stopping)
        return error_set(error, -ESHUTDOWN, "the workflow is stopping");
    struct selection selection = {0};
    struct text problems = {0};
    select_tasks(pool, message->text, &selection);
    if (history_is_missing_for(pool, &selection)) {
        defer_event(pool, message);
        selection_release(&selection);
        return COMMAND_DEFERRED;
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
    int result = selection_refuse_unmatched(&selection, error);
    if (!result && problems.n)
        result = error_set(error, -EALREADY, "%s", text_string(&problems));
    text_release(&problems);
    selection_release(&selection);
    return result;
}

/* The pool as the database left it. What was recorded is put back silently; then what the others
 * need to go on is said again: unsettled outputs, jobs to follow, signatures to watch. */
#include "db/restart.h"
#include "pool/command.h"
#include <string.h>

#include "base/banned.h"

static void restore_history(struct pool *pool, const struct restart *restart)
{
    for (size_t i = 0; i < restart->n_history; i++) {
        const struct restart_history *from = &restart->history[i];
        history_add(&pool->history, cycles_get(&pool->cycles, from->point),
                    &(struct past){.point = from->point,
                                   .task = from->task,
                                   .submit = from->submit,
                                   .outputs = from->outputs,
                                   .flows = &flow_sets_get(&pool->flows, &from->flows)->list,
                                   .status = from->status,
                                   .flow_wait = from->flow_wait});
    }
}

static void restore_groups(struct pool *pool, const struct restart *restart)
{
    for (size_t i = 0; i < restart->n_groups; i++) {
        const struct restart_group *from = &restart->groups[i];
        groups_restore(&pool->groups, cycles_get(&pool->cycles, from->point), from->group,
                       from->member, &from->flows);
    }
}

static void restore_holds(struct pool *pool, const struct restart *restart)
{
    for (size_t i = 0; i < restart->n_holds; i++)
        hold_restore(pool, restart->holds[i].point, restart->holds[i].task);
}

/* What a command set; the command line of this start wins. */
static void restore_points(struct pool *pool, const struct restart *restart)
{
    struct error error = {0};
    cycle_point point;
    if (restart->hold_point && pool->hold_point == POINT_NONE &&
        pool_read_point(pool, slice_of(restart->hold_point), &point, &error) == 0)
        pool->hold_point = point;
    pool->stop_time = restart->stop_clock_time ? strtoll(restart->stop_clock_time, NULL, 10) : -1;
    struct selection selection = {0};
    if (restart->stop_task)
        select_tasks(pool, slice_of(restart->stop_task), &selection);
    if (selection.found.n == 1)
        stop_after_task(pool, selection.found.at[0]->point, selection.found.at[0]->task);
    else if (selection.absent.n == 1)
        stop_after_task(pool, selection.absent.at[0].point, selection.absent.at[0].task);
    selection_release(&selection);
}

static void restore_absolute(struct pool *pool, cycle_point point, uint32_t task, uint64_t outputs)
{
    for (struct absolute *a = pool->absolutes[task]; a; a = a->next)
        if (a->point == point && outputs >> a->output & 1)
            a->done = true;
}

/* Absolute outputs that were completed before. */
static void restore_absolutes(struct pool *pool, const struct restart *restart)
{
    for (size_t i = 0; i < restart->n_absolute; i++)
        restore_absolute(pool, restart->absolute[i].point, restart->absolute[i].task,
                         UINT64_C(1) << restart->absolute[i].output);
    for (size_t i = 0; i < restart->n_tasks; i++)
        restore_absolute(pool, restart->tasks[i].point, restart->tasks[i].task,
                         restart->tasks[i].outputs);
}

enum {
    RESTORED = TASK_HELD | TASK_FLOW_WAIT | TASK_MANUAL | TASK_FROM_CURSOR | TASK_INCOMPLETE |
               TASK_RETRYING | TASK_RUNAHEAD | TASK_LATE | TASK_JOINED
};

static void restore_task(struct pool *pool, const struct restart *restart,
                         const struct restart_task *from)
{
    struct instance *instance = instances_add(&pool->instances, from->point, from->task);
    instance->serial = ++pool->last_serial;
    instance->restored = true;
    instance->cycle = cycles_get(&pool->cycles, from->point);
    cycle_enter(&pool->cycles, instance->cycle);
    instance_set_flows(pool, instance, &from->flows);
    instance->submit = from->submit;
    instance->try_ = from->try_ ? from->try_ : 1;
    instance->submit_try = ((from->flags & TASK_SUBMIT_RETRIES) >> TASK_SUBMIT_RETRIES_SHIFT) + 1;
    instance->outputs = from->outputs;
    instance->settled = from->settled;
    instance->status = (uint8_t)from->status;
    instance->flags = (uint16_t)(restart_flags(restart, from) & RESTORED);
    uint32_t words = bit_words(pool->workflow->graph->tasks[from->task].n_atoms);
    if (words && from->prerequisites)
        memcpy(instance_atoms(&pool->instances, instance), from->prerequisites,
               words * sizeof *from->prerequisites);
    instance->forced = marks_copy(from->forced);
    family_watch(pool, instance);
    if (instance->flags & TASK_RETRYING)
        instance->flags |= TASK_JOINED; /* see retry */
    if (!graph_task_valid_at(pool->workflow->graph, from->task, from->point))
        pool->conditions.strays = true; /* Cylc 8: it waits for nobody any more */
    if (status_is_final(from->status)) {
        if (instance_is_complete(pool, instance))
            instance->flags &= (uint16_t)~TASK_INCOMPLETE;
    }
}

bool previous_succeeded(const struct pool *pool, const struct instance *instance)
{
    cycle_point point = previous_point(pool, instance);
    if (point == POINT_NONE ||
        (point < pool->workflow->start && instance->point >= pool->workflow->start))
        return true;
    const struct instance *previous = instances_find(&pool->instances, point, instance->task);
    if (previous && previous->outputs >> OUTPUT_SUCCEEDED & 1)
        return true;
    for (const struct past *past = history_find(&pool->history, point, instance->task); past;
         past = past->older)
        if (past->outputs >> OUTPUT_SUCCEEDED & 1 &&
            flow_overlap(past->flows, &instance->flows->list))
            return true;
    return false;
}

/* What is derived; all instances are there. */
static void complete_task(struct pool *pool, struct instance *instance)
{
    satisfy_known(pool, instance, false);
    instance->previous_done = previous_succeeded(pool, instance);
    instance->satisfied = instance->flags & TASK_RETRYING || prerequisites_hold(pool, instance);
    xtriggers_depend(pool, instance, false);
    if (status_is_active(instance_status(instance)))
        queue_of(pool, instance)->n_active++;
    instance_classify(pool, instance);
}

static void restore_xtrigger(struct pool *pool, const struct restart_xtrigger *from)
{
    struct instance *instance = instances_find(&pool->instances, from->point, from->task);
    if (!instance)
        return;
    if (from->xtrigger == NO_INDEX) {
        bool waits = instance->status == STATUS_WAITING && instance->flags & TASK_RETRYING;
        if (waits && !from->satisfied)
            signatures_depend(&pool->signatures, instance, NO_INDEX, ROLE_REQUIRED,
                              from->signature);
        return;
    }
    window_restore(pool, instance, from->xtrigger, from->signature);
    struct dependence *d = dependence_find(instance, from->xtrigger);
    if (!d || !from->satisfied)
        return;
    instance->n_waited_for -= dependence_holds_back(d);
    d->satisfied = true; /* perhaps by force: the others ask anew */
}

/* A satisfied signature satisfies all that depend on it. */
static void spread_satisfaction(struct pool *pool)
{
    for (struct signature *s = pool->signatures.table; s; s = s->hh.next) {
        if (!s->satisfied)
            continue;
        for (struct link *l = s->dependants.next; l != &s->dependants; l = l->next) {
            struct dependence *dependence = LINK_OWNER(l, struct dependence, of_signature);
            if (dependence->lost)
                continue;
            dependence->instance->n_waited_for -= dependence_holds_back(dependence);
            dependence->satisfied = true;
        }
    }
}

/* What its xtriggers mean for an instance, now that they are as they were. */
static void look_at_xtriggers(struct pool *pool, struct instance *instance)
{
    windows_settle(pool, instance);
    if (instance->status != STATUS_WAITING || instance->flags & TASK_RETRYING)
        xtriggers_undepend(pool, instance, UNDEPEND_ALTERNATIVES);
    prerequisites_look(pool, instance);
}

static void restore_xtriggers(struct pool *pool, const struct restart *restart)
{
    for (size_t i = 0; i < restart->n_results; i++) {
        struct signature *signature =
            signatures_find(&pool->signatures, slice_of(restart->results[i].signature));
        if (!signature)
            continue;
        signature->satisfied = true;
        free(signature->results);
        signature->results = str_copy(restart->results[i].results);
    }
    for (size_t i = 0; i < restart->n_xtriggers; i++)
        restore_xtrigger(pool, &restart->xtriggers[i]);
    for (struct instance *i = pool->instances.table; i; i = i->hh.next)
        windows_settle(pool, i);
    spread_satisfaction(pool);
    for (struct instance *i = pool->instances.table; i; i = i->hh.next)
        if (i->dependences)
            look_at_xtriggers(pool, i);
}

/* What was broadcast to a job by its submission counts, whatever has been since. */
static void restore_definitions(struct pool *pool, const struct restart *restart)
{
    for (size_t i = 0; i < restart->n_jobs; i++) {
        const struct restart_job *from = &restart->jobs[i];
        instance_define(pool, instances_find(&pool->instances, from->point, from->task),
                        slice_of(from->settings));
    }
}

/* --- what is said again --- */

static void follow_jobs(struct pool *pool, const struct restart *restart)
{
    for (size_t i = 0; i < restart->n_jobs; i++) {
        const struct restart_job *from = &restart->jobs[i];
        const struct instance *instance = instances_find(&pool->instances, from->point, from->task);
        struct text environment = {0};
        xtrigger_environment(pool->workflow, instance, &environment);
        pool_say(pool, &(struct message){.topic = TOPIC_JOB_FOLLOW,
                                         .point = instance->point,
                                         .task = instance->task,
                                         .flows = instance->flows->list,
                                         .submit = instance->submit,
                                         .try_ = instance->try_,
                                         .status = instance_status(instance),
                                         .value = instance->settled,
                                         .number = instance_mode(pool, instance),
                                         .text = {environment.at, environment.n},
                                         .settings = slice_of(from->settings),
                                         .when = from->submitted,
                                         .id = (uint64_t)from->timeout});
        text_release(&environment);
    }
}

/* Outputs whose consequences may not all be recorded. Theirs in the pool itself are done again
 * too: nothing happens twice. */
static void say_unsettled(struct pool *pool, const struct restart *restart)
{
    for (size_t i = 0; i < restart->n_unsettled; i++) {
        const struct restart_output *from = &restart->unsettled[i];
        struct instance *instance = instances_find(&pool->instances, from->point, from->task);
        unsigned value = from->forced ? OUTPUT_FORCED : OUTPUT_NATURAL;
        if (instance && flow_is_part(&from->flows, &instance->flows->list) &&
            instance->outputs >> from->output & 1) {
            bool waits = instance->flags & TASK_FLOW_WAIT;
            say_output(pool, from->point, from->task, from->output, &from->flows, instance->submit,
                       (enum output_value)(value | (waits ? OUTPUT_WAITS : 0u)));
            if (!waits)
                output_effects(pool, instance->point, instance->task, from->output, &from->flows);
        } else {
            const struct past *past =
                past_in(history_find(&pool->history, from->point, from->task), &from->flows);
            say_output(pool, from->point, from->task, from->output, &from->flows,
                       past ? past->submit : 0, (enum output_value)value);
            output_effects(pool, from->point, from->task, from->output, &from->flows);
        }
    }
}

/* Events that nobody has been told of yet. */
static void say_events(struct pool *pool, const struct restart *restart)
{
    for (size_t i = 0; i < restart->n_events; i++) {
        const struct restart_event *from = &restart->events[i];
        if (from->id > pool->last_event)
            pool->last_event = from->id;
        pool_say(pool, &(struct message){.topic = TOPIC_TASK_EVENT,
                                         .id = from->id,
                                         .point = from->point,
                                         .task = from->task,
                                         .submit = from->submit,
                                         .try_ = from->try_,
                                         .text = slice_of(from->event),
                                         .detail = slice_of(from->message),
                                         .settings = slice_of(from->settings),
                                         .value = 1});
    }
}

/* Whether the instance before it succeeded a sequential task's instance has to be told; the
 * database may know. */
static void ask_for_previous(struct pool *pool)
{
    for (const struct instance *i = pool->instances.table; i; i = i->hh.next)
        if (pool->workflow->tasks[i->task].sequential && !i->previous_done)
            history_is_missing(pool, previous_point(pool, i), i->task);
}

/* Instances that can go on by themselves; those that were complete go. */
static void wake_all(struct pool *pool)
{
    VEC(struct instance *) all = {0};
    for (struct instance *i = pool->instances.table; i; i = i->hh.next)
        *vec_push(&all) = i;
    VEC_EACH (struct instance *, instance, &all) {
        gate_update(pool, *instance);
        awaken(pool, *instance);
        instance_remove_if_done(pool, *instance);
    }
    vec_release(&all);
}

void restore_silently(struct pool *pool, const struct restart *restart)
{
    PRE(!pool->limit_said && !pool_size(pool));
    pool->past_in_database = true;
    pool->limit = restart->runahead;
    pool->flow_last = restart->flow_last ? restart->flow_last : 1;
    restore_holds(pool, restart);
    broadcasts_restore(pool, restart);
    externals_restore(pool, restart);
    restore_history(pool, restart);
    restore_groups(pool, restart);
    restore_absolutes(pool, restart);
    for (size_t i = 0; i < restart->n_tasks; i++)
        restore_task(pool, restart, &restart->tasks[i]);
    for (struct instance *i = pool->instances.table; i; i = i->hh.next)
        complete_task(pool, i);
    restore_definitions(pool, restart);
    restore_xtriggers(pool, restart);
}

void restore_wake(struct pool *pool)
{
    ask_for_previous(pool);
    wake_all(pool);
}

void pool_restore(struct pool *pool, const struct restart *restart, int64_t now)
{
    pool->now = now;
    pool->is_restart = pool->is_fresh = true;
    pool->paused |= restart->paused;
    restore_silently(pool, restart);
    restore_points(pool, restart);
    if (restart->flows_recent.n)
        pool->flows_recent = restart->flows_recent;
    say_workflow_state(pool, "");
    say_events(pool, restart);
    follow_jobs(pool, restart);
    say_unsettled(pool, restart);
    restore_wake(pool);
    finish_event(pool);
}

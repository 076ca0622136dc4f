/* What instances wait for besides other tasks: xtriggers, retry delays, and the gate of sequential
 * xtriggers, which lets one instance of a task wait at a time. */
#include "pool/inside.h"
#include <inttypes.h>
#include <math.h>

#include "base/banned.h"

/* --- dependences on signatures --- */

static void say_dependence(struct pool *pool, const struct dependence *dependence, bool satisfied)
{
    pool_say(pool, &(struct message){.topic = TOPIC_TASK_XTRIGGER,
                                     .point = dependence->instance->point,
                                     .task = dependence->instance->task,
                                     .number = dependence->xtrigger,
                                     .value = satisfied,
                                     .text = slice_of(dependence->signature->text)});
}

static void depend(struct pool *pool, struct instance *instance, uint32_t xtrigger,
                   const char *text, bool say)
{
    const struct dependence *dependence =
        signatures_depend(&pool->signatures, instance, xtrigger, text);
    if (!say)
        return;
    say_dependence(pool, dependence, false);
    if (dependence->satisfied)
        say_dependence(pool, dependence, true);
}

static bool has_dependence(const struct instance *instance, uint32_t xtrigger)
{
    for (const struct dependence *d = instance->dependences; d; d = d->next)
        if (d->xtrigger == xtrigger)
            return true;
    return false;
}

/* Not said: it follows from the definition. */
static void expiry_depend(struct pool *pool, struct instance *instance)
{
    if (!expiry_applies(pool, instance) || has_dependence(instance, XTRIGGER_EXPIRY))
        return;
    char *text = expiry_signature(pool, instance);
    depend(pool, instance, XTRIGGER_EXPIRY, text, false);
    free(text);
}

/* The same for the time from which it is late: told once, after a restart too, and not of a retry
 * when it is past. */
static void late_depend(struct pool *pool, struct instance *instance, bool again)
{
    if (!late_applies(pool, instance) || instance->flags & TASK_LATE ||
        has_dependence(instance, XTRIGGER_LATE) ||
        (again && late_time(pool, instance) * INT64_C(1000000) <= pool->now))
        return;
    char *text = str_format("wall_clock(trigger_time=%" PRId64 ")", late_time(pool, instance));
    depend(pool, instance, XTRIGGER_LATE, text, false);
    free(text);
}

void xtriggers_depend(struct pool *pool, struct instance *instance, bool say)
{
    const struct graph *graph = pool->workflow->graph;
    const struct graph_task *task = &graph->tasks[instance->task];
    for (uint32_t i = 0; i < task->n_xtriggers; i++) {
        const struct graph_xtrigger *of = &task->xtriggers[i];
        if (has_dependence(instance, of->xtrigger) ||
            !sequence_contains(graph->sequences[of->sequence].sequence, instance->point))
            continue;
        char *text = xtrigger_signature(pool->workflow, &pool->names, of->xtrigger, instance->point,
                                        instance->task);
        depend(pool, instance, of->xtrigger, text, say);
        free(text);
    }
    expiry_depend(pool, instance);
    late_depend(pool, instance, false);
}

static void say_watch(struct pool *pool, const struct dependence *d)
{
    const struct instance *instance = d->instance;
    char *call = !dependence_is_xtrigger(d)
                     ? NULL
                     : xtrigger_call(pool->workflow, &pool->names, d->xtrigger, instance->point,
                                     instance->task);
    pool_say(pool, &(struct message){.topic = TOPIC_XTRIGGER_WATCH,
                                     .point = instance->point,
                                     .task = instance->task,
                                     .number = d->xtrigger,
                                     .text = slice_of(d->signature->text),
                                     .detail = slice_of(call)});
    free(call);
}

void xtriggers_watch(struct pool *pool, struct instance *instance)
{
    for (struct dependence *d = instance->dependences; d; d = d->next) {
        if (d->satisfied || d->signature->watched)
            continue;
        d->signature->watched = true;
        if (dependence_is_xtrigger(d) && pool->workflow->xtriggers[d->xtrigger].external) {
            external_await(pool, d);
            continue;
        }
        say_watch(pool, d);
    }
}

static void undepend(struct pool *pool, struct dependence *dependence)
{
    char *text = NULL;
    bool watched = false;
    bool is_external = dependence_is_xtrigger(dependence) &&
                       pool->workflow->xtriggers[dependence->xtrigger].external;
    if (!signatures_undepend(&pool->signatures, dependence, &text, &watched))
        return;
    if (watched && !is_external)
        pool_say(pool, &(struct message){.topic = TOPIC_XTRIGGER_DROP, .text = slice_of(text)});
    free(text);
}

void xtriggers_undepend(struct pool *pool, struct instance *instance, bool retries_only)
{
    struct dependence *next;
    for (struct dependence *d = instance->dependences; d; d = next) {
        next = d->next;
        if (!retries_only || !dependence_is_xtrigger(d))
            undepend(pool, d);
    }
}

void retry_wait(struct pool *pool, struct instance *instance, double delay)
{
    double due = (double)pool->now / 1e6 + delay;
    int64_t seconds = (int64_t)(delay > 0 ? ceil(due) : floor(due));
    char *text = str_format("wall_clock(trigger_time=%" PRId64 ")", seconds);
    depend(pool, instance, NO_INDEX, text, true);
    free(text);
    expiry_depend(pool, instance);
    late_depend(pool, instance, true);
    awaken(pool, instance);
}

void handle_xtrigger(struct pool *pool, const struct message *message)
{
    struct signature *signature = signatures_find(&pool->signatures, message->text);
    if (!signature || signature->satisfied)
        return;
    signature->satisfied = true;
    signature->results = message->detail.n ? slice_copy(message->detail) : NULL;
    VEC(struct instance *) waiting = {0}, expired = {0}, late = {0};
    struct link *list = &signature->dependants;
    for (struct link *link = list->next; link != list; link = link->next) {
        struct dependence *dependence = LINK_OWNER(link, struct dependence, of_signature);
        if (dependence->satisfied) /* by force */
            continue;
        dependence->satisfied = true;
        if (dependence->xtrigger == XTRIGGER_EXPIRY) {
            *vec_push(&expired) = dependence->instance;
            continue;
        }
        if (dependence->xtrigger == XTRIGGER_LATE) {
            *vec_push(&late) = dependence->instance;
            continue;
        }
        dependence->instance->n_waited_for--;
        say_dependence(pool, dependence, true);
        *vec_push(&waiting) = dependence->instance;
    }
    VEC_EACH (struct instance *, instance, &late)
        if (late_applies(pool, *instance))
            instance_say_late(pool, *instance);
    VEC_EACH (struct instance *, instance, &expired)
        if (expiry_applies(pool, *instance))
            instance_expire(pool, *instance);
    /* From here on the signature may go: who submits no longer needs its retry delay. */
    VEC_EACH (struct instance *, instance, &waiting) {
        awaken(pool, *instance);
        gate_update(pool, *instance);
    }
    vec_release(&waiting);
    vec_release(&expired);
    vec_release(&late);
}

/* Nobody waits for it any more. */
static void unwatch(struct pool *pool, struct signature *signature)
{
    const struct link *list = &signature->dependants;
    for (const struct link *link = list->next; link != list; link = link->next)
        if (!LINK_OWNER(link, struct dependence, of_signature)->satisfied)
            return;
    if (signature->watched && !signature->satisfied)
        pool_say(pool, &(struct message){.topic = TOPIC_XTRIGGER_DROP,
                                         .text = slice_of(signature->text)});
    signature->watched = signature->watched && signature->satisfied;
}

bool xtriggers_force(struct pool *pool, struct instance *instance, uint32_t xtrigger)
{
    bool any = false;
    for (struct dependence *d = instance->dependences; d; d = d->next) {
        if (!dependence_is_xtrigger(d) || (xtrigger != NO_INDEX && d->xtrigger != xtrigger))
            continue;
        any = true;
        if (d->satisfied)
            continue;
        d->satisfied = true;
        instance->n_waited_for--;
        say_dependence(pool, d, true);
        unwatch(pool, d->signature);
    }
    if (any) {
        gate_update(pool, instance);
        awaken(pool, instance);
    }
    return any;
}

/* The xtriggers begin (again): they know nothing of what was watched before. */
void handle_xtriggers_ready(struct pool *pool)
{
    for (struct signature *s = pool->signatures.table; s; s = s->hh.next) {
        if (!s->watched || s->satisfied)
            continue;
        const struct dependence *d =
            LINK_OWNER(s->dependants.next, struct dependence, of_signature);
        if (dependence_is_xtrigger(d) && pool->workflow->xtriggers[d->xtrigger].external)
            continue;
        say_watch(pool, d);
    }
}

/* --- gates --- */

static bool waits_in_sequence(const struct pool *pool, const struct instance *instance)
{
    if (instance->status != STATUS_WAITING)
        return false;
    for (const struct dependence *d = instance->dependences; d; d = d->next)
        if (dependence_is_xtrigger(d) && !d->satisfied &&
            pool->workflow->xtriggers[d->xtrigger].sequential)
            return true;
    return false;
}

bool gate_is_closed(const struct pool *pool, uint32_t task, cycle_point point)
{
    return pool->gates[task].instance && !instances_find(&pool->instances, point, task);
}

void gate_open(struct pool *pool, struct instance *instance)
{
    struct gate *gate = &pool->gates[instance->task];
    if (gate->instance != instance)
        return;
    gate->instance = NULL;
    while (gate->put_off.n && !gate->instance) {
        struct message message = gate->put_off.at[0];
        gate->put_off.n--;
        memmove(gate->put_off.at, gate->put_off.at + 1, gate->put_off.n * sizeof *gate->put_off.at);
        handle_spawn(pool, &message);
    }
}

void gate_update(struct pool *pool, struct instance *instance)
{
    struct gate *gate = &pool->gates[instance->task];
    bool waits = waits_in_sequence(pool, instance);
    if (waits && !gate->instance)
        gate->instance = instance;
    else if (!waits)
        gate_open(pool, instance);
}

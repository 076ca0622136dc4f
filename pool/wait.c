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

void xtrigger_depend(struct pool *pool, struct instance *instance, uint32_t xtrigger,
                     enum dependence_role role, const char *text, bool say)
{
    const struct dependence *dependence =
        signatures_depend(&pool->signatures, instance, xtrigger, role, text);
    if (!say)
        return;
    say_dependence(pool, dependence, false);
    if (dependence->satisfied)
        say_dependence(pool, dependence, true);
}

void dependence_satisfy(struct pool *pool, struct dependence *dependence)
{
    dependence->instance->n_waited_for -= dependence_holds_back(dependence);
    dependence->satisfied = true;
    say_dependence(pool, dependence, true);
}

/* Not said: it follows from the definition. */
static void expiry_depend(struct pool *pool, struct instance *instance)
{
    if (!expiry_applies(pool, instance) || dependence_find(instance, XTRIGGER_EXPIRY))
        return;
    char *text = expiry_signature(pool, instance);
    xtrigger_depend(pool, instance, XTRIGGER_EXPIRY, ROLE_REQUIRED, text, false);
    free(text);
}

/* The same for the time from which it is late: told once, after a restart too, and not of a retry
 * when it is past. */
static void late_depend(struct pool *pool, struct instance *instance, bool again)
{
    if (!late_applies(pool, instance) || instance->flags & TASK_LATE ||
        dependence_find(instance, XTRIGGER_LATE) ||
        (again && late_time(pool, instance) * INT64_C(1000000) <= pool->now))
        return;
    char *text = str_format("wall_clock(trigger_time=%" PRId64 ")", late_time(pool, instance));
    xtrigger_depend(pool, instance, XTRIGGER_LATE, ROLE_REQUIRED, text, false);
    free(text);
}

enum dependence_role xtrigger_role(const struct pool *pool, const struct instance *instance,
                                   uint32_t xtrigger)
{
    const struct graph *graph = pool->workflow->graph;
    const struct graph_task *task = &graph->tasks[instance->task];
    enum dependence_role role = ROLE_COMPANION;
    for (uint32_t i = 0; i < task->n_xtriggers && role != ROLE_REQUIRED; i++) {
        const struct graph_xtrigger *of = &task->xtriggers[i];
        if (of->xtrigger == xtrigger &&
            sequence_contains(graph->sequences[of->sequence].sequence, instance->point))
            role = of->alternative ? ROLE_ALTERNATIVE : ROLE_REQUIRED;
    }
    return role;
}

void xtriggers_depend(struct pool *pool, struct instance *instance, bool say)
{
    const struct graph_task *task = &pool->workflow->graph->tasks[instance->task];
    for (uint32_t i = 0; i < task->n_xtriggers; i++) {
        uint32_t xtrigger = task->xtriggers[i].xtrigger;
        enum dependence_role role = xtrigger_role(pool, instance, xtrigger);
        if (role == ROLE_COMPANION || dependence_find(instance, xtrigger) ||
            xtrigger_is_clock(pool->workflow, xtrigger))
            continue;
        char *text = xtrigger_signature(pool->workflow, &pool->names, xtrigger, instance->point,
                                        instance->task);
        xtrigger_depend(pool, instance, xtrigger, role, text, say);
        free(text);
    }
    expiry_depend(pool, instance);
    late_depend(pool, instance, false);
}

static void say_watch(struct pool *pool, const struct dependence *d)
{
    const struct instance *instance = d->instance;
    char *call = !dependence_is_xtrigger(d) || xtrigger_is_clock(pool->workflow, d->xtrigger)
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
    windows_begin(pool, instance);
    for (struct dependence *d = instance->dependences; d; d = d->next) {
        if (!dependence_is_awaited(pool, d) || d->signature->watched)
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

/* Its job gets the results of what was satisfied. What the graph demands stays so for its tries,
 * but for windows: a user let it go without. */
static bool is_kept(const struct pool *pool, const struct dependence *d)
{
    if (!dependence_is_xtrigger(d) || d->role == ROLE_COMPANION)
        return false;
    return d->satisfied ||
           (d->role == ROLE_REQUIRED && !pool->workflow->xtriggers[d->xtrigger].window);
}

void xtriggers_undepend(struct pool *pool, struct instance *instance, enum undepend what)
{
    struct dependence *next;
    for (struct dependence *d = instance->dependences; d; d = next) {
        next = d->next;
        if (what == UNDEPEND_ALL ||
            (!is_kept(pool, d) && (what == UNDEPEND_WAITS || dependence_is_xtrigger(d))))
            undepend(pool, d);
    }
}

void retry_wait(struct pool *pool, struct instance *instance, double delay)
{
    double due = (double)pool->now / 1e6 + delay;
    int64_t seconds = (int64_t)(delay > 0 ? ceil(due) : floor(due));
    char *text = str_format("wall_clock(trigger_time=%" PRId64 ")", seconds);
    xtrigger_depend(pool, instance, NO_INDEX, ROLE_REQUIRED, text, true);
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
    VEC(struct instance *) expired = {0}, late = {0};
    VEC(struct look) waiting = {0}; /* one that has two xtriggers of this signature stands twice */
    struct link *list = &signature->dependants;
    for (struct link *link = list->next; link != list; link = link->next) {
        struct dependence *dependence = LINK_OWNER(link, struct dependence, of_signature);
        if (dependence->satisfied || dependence->lost) /* by force, or it is too late */
            continue;
        if (dependence->xtrigger == XTRIGGER_EXPIRY) {
            dependence->satisfied = true;
            *vec_push(&expired) = dependence->instance;
        } else if (dependence->xtrigger == XTRIGGER_LATE) {
            dependence->satisfied = true;
            *vec_push(&late) = dependence->instance;
        } else {
            dependence_satisfy(pool, dependence);
            *vec_push(&waiting) = look_at(dependence->instance);
        }
    }
    VEC_EACH (struct instance *, instance, &late)
        if (late_applies(pool, *instance))
            instance_say_late(pool, *instance);
    VEC_EACH (struct instance *, instance, &expired)
        if (expiry_applies(pool, *instance))
            instance_expire(pool, *instance);
    /* From here on the signature may go: who submits no longer needs its retry delay. */
    VEC_EACH (struct look, look, &waiting) {
        struct instance *instance = look_find(pool, look);
        if (!instance)
            continue;
        windows_settle(pool, instance);
        if (!prerequisites_changed(pool, instance))
            gate_update(pool, instance);
    }
    vec_release(&waiting);
    vec_release(&expired);
    vec_release(&late);
}

/* One of those who wait for it now; NULL: nobody does. */
static const struct dependence *first_awaiting(const struct pool *pool,
                                               const struct signature *signature)
{
    const struct link *list = &signature->dependants;
    for (const struct link *link = list->next; link != list; link = link->next) {
        const struct dependence *d = LINK_OWNER(link, struct dependence, of_signature);
        if (dependence_is_awaited(pool, d))
            return d;
    }
    return NULL;
}

void signature_unwatch(struct pool *pool, struct signature *signature)
{
    if (first_awaiting(pool, signature))
        return;
    if (signature->watched && !signature->satisfied)
        pool_say(pool, &(struct message){.topic = TOPIC_XTRIGGER_DROP,
                                         .text = slice_of(signature->text)});
    signature->watched = signature->watched && signature->satisfied;
}

bool xtriggers_force(struct pool *pool, struct instance *instance, uint32_t xtrigger)
{
    bool any = false;
    windows_begin(pool, instance);
    for (struct dependence *d = instance->dependences; d; d = d->next) {
        if (!dependence_is_xtrigger(d) || d->role == ROLE_COMPANION ||
            (xtrigger != NO_INDEX && d->xtrigger != xtrigger))
            continue;
        any = true;
        if (d->satisfied)
            continue;
        dependence_satisfy(pool, d);
        signature_unwatch(pool, d->signature);
    }
    if (any) {
        windows_settle(pool, instance);
        instance_classify(pool, instance);
        gate_update(pool, instance);
        awaken(pool, instance);
    }
    return any;
}

/* The xtriggers begin (again): they know nothing of what was watched before. */
void handle_xtriggers_ready(struct pool *pool)
{
    for (struct signature *s = pool->signatures.table; s; s = s->hh.next) {
        const struct dependence *d = s->watched && !s->satisfied ? first_awaiting(pool, s) : NULL;
        if (!d)
            continue;
        if (dependence_is_xtrigger(d) && pool->workflow->xtriggers[d->xtrigger].external)
            continue;
        say_watch(pool, d);
    }
    pool_say(pool, &(struct message){.topic = TOPIC_XTRIGGER_TOLD});
}

/* --- gates --- */

/* What a parent brings is not of the sequence. */
static bool waits_in_sequence(const struct pool *pool, const struct instance *instance)
{
    if (instance->status != STATUS_WAITING ||
        !spawns_without_parents(pool, instance->task, instance->point))
        return false;
    for (const struct dependence *d = instance->dependences; d; d = d->next)
        if (dependence_is_xtrigger(d) && !d->satisfied && !d->lost &&
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

/* What follows from the pool as a whole, after each event: who leaves the queues, how far ahead
 * tasks may run, whether the workflow is stalled, complete or may stop. Nothing that rests on
 * emptiness is decided while anything is in flight. */
#include "pool/inside.h"
#include "pool/runahead.h"

#include "base/banned.h"

enum { NAMES_MAX = 16 }; /* tasks named in a stall's reason */

/* --- queues and runahead --- */

static void release_queues(struct pool *pool)
{
    for (uint32_t i = 0; i < pool->workflow->n_queues; i++)
        if (pool->queues[i].open_again)
            queue_release(pool, &pool->queues[i]);
}

static void release_beyond(struct pool *pool)
{
    struct cycle *cycle;
    while ((cycle = cycles_first_beyond(&pool->cycles)) && cycle->point <= pool->limit) {
        struct instance *instance = LINK_OWNER(cycle->beyond.next, struct instance, of_class);
        instance_flag(pool, instance, 0, TASK_RUNAHEAD);
        awaken(pool, instance);
        gate_update(pool, instance);
    }
}

static bool is_pinned(const struct pool *pool, cycle_point point)
{
    for (size_t i = 0; i < pool->pinned.n; i++)
        if (pool->pinned.at[i] == point)
            return true;
    return false;
}

/* Forget what no instance from the base on can ask for. */
static void prune(struct pool *pool)
{
    const struct cycling *cycling = pool->workflow->cycling;
    cycle_point horizon = pool->base;
    if (!interval_is_null(&pool->workflow->future_offset_max))
        horizon = point_add(cycling, horizon, &pool->workflow->future_offset_max, -1);
    VEC_EACH (struct offset, offset, &pool->reach) {
        cycle_point point = offset_apply(cycling, offset, pool->base);
        horizon = point < horizon ? point : horizon;
    }
    if (horizon <= pool->history.horizon)
        return;
    pool->history.horizon = horizon;
    struct cycle *cycle;
    while ((cycle = cycles_first_known(&pool->cycles)) && cycle->point < horizon && !cycle->n) {
        history_forget(&pool->history, cycle);
        if (cycle->groups && !is_pinned(pool, cycle->point))
            pool_say(pool,
                     &(struct message){.topic = TOPIC_TASK_GROUPS_PAST, .point = cycle->point});
        if (is_pinned(pool, cycle->point)) {
            heap_remove(&pool->cycles.known, cycle);
        } else {
            groups_forget(&pool->groups, cycle);
            cycles_forget(&pool->cycles, cycle);
        }
    }
}

static void say_limit(struct pool *pool)
{
    pool->limit_said = true;
    pool->runahead_in_flight++;
    pool_say(pool, &(struct message){.topic = TOPIC_POOL_RUNAHEAD, .point = pool->limit});
}

/* True if the limit moved: more may follow from that. */
static bool advance_runahead(struct pool *pool)
{
    if (pool_in_flight(pool) || pool->stopping || pool->ending)
        return false;
    cycle_point base = cycles_lowest(&pool->cycles);
    if (base == POINT_NONE && pool->limit_said)
        return false; /* empty: it ends, or somebody triggers something */
    if (base == POINT_NONE)
        base = runahead_first(pool->workflow);
    if (base == pool->base && pool->limit_said)
        return false;
    pool->base = base;
    cycle_point limit =
        base == POINT_NONE ? POINT_NONE : runahead_limit(pool->workflow, base, pool->stop_point);
    if (limit == pool->limit && pool->limit_said)
        return false;
    pool->limit = limit;
    say_limit(pool);
    if (base != POINT_NONE)
        prune(pool);
    release_beyond(pool);
    return true;
}

/* --- stall --- */

static void add_atom(const struct pool *pool, const struct atom *atom, cycle_point parent,
                     struct text *out)
{
    if (atom->kind == ATOM_GROUP) {
        char cycle[POINT_TEXT_MAX];
        text_addf(out, " %s/%s", point_format(pool->workflow->cycling, parent, cycle),
                  pool->workflow->graph->groups[atom->index].name);
        return;
    }
    text_add_char(out, ' ');
    add_name(pool, parent, atom->index, out);
    const struct task_def *task = &pool->workflow->tasks[atom->index];
    text_addf(out, ":%s", task->outputs[atom->output].name);
}

static cycle_point parent_of(const struct pool *pool, const struct atom *atom, cycle_point child)
{
    return offset_apply(pool->workflow->cycling, atom->offset, child);
}

/* Xtriggers in its conditions that would not be enough. */
static bool add_alternatives(const struct pool *pool, const struct instance *instance,
                             struct text *out)
{
    bool any = false;
    for (const struct dependence *d = instance->dependences; d; d = d->next)
        if (d->role == ROLE_ALTERNATIVE && !d->satisfied && !d->lost) {
            text_addf(out, " @%s", pool->workflow->xtriggers[d->xtrigger].label);
            any = true;
        }
    return any;
}

/* The atoms an instance waits for, those beyond the stop point apart. True if there are any. */
static bool add_unsatisfied(const struct pool *pool, const struct instance *instance,
                            struct text *out)
{
    if (instance->point > pool->stop_point || instance->satisfied)
        return false;
    const struct graph_task *task = &pool->workflow->graph->tasks[instance->task];
    const uint64_t *bits = instance_atoms_of(&pool->instances, instance);
    bool any = false;
    for (uint32_t a = 0; a < task->n_atoms; a++) {
        cycle_point parent = parent_of(pool, &task->atoms[a], instance->point);
        if (bit_get(bits, a) || parent > pool->stop_point ||
            !conditions_mention(&pool->conditions, instance->task, instance->point, a))
            continue;
        any = true;
        if (out->n < ERROR_TEXT_MAX)
            add_atom(pool, &task->atoms[a], parent, out);
    }
    if (pool->workflow->tasks[instance->task].sequential && !instance->previous_done) {
        any = true;
        text_add(out, " its previous instance");
    }
    return add_alternatives(pool, instance, out) || any;
}

/* Where none is required by itself: what would do. */
static void add_missing_outputs(const struct pool *pool, const struct instance *instance,
                                struct text *out)
{
    const struct graph_task *task = &pool->workflow->graph->tasks[instance->task];
    size_t before = out->n;
    for (uint32_t o = 0; o < task->n_outputs; o++)
        if (task->needs[o] == NEED_REQUIRED && !(instance->outputs >> o & 1))
            text_addf(out, " %s", pool->workflow->tasks[instance->task].outputs[o].name);
    if (out->n == before)
        text_addf(out, " %s", pool->workflow->completions[instance->task].text);
}

static size_t add_incomplete(const struct pool *pool, struct text *out)
{
    size_t n = 0;
    const struct link *list = &pool->classes[CLASS_INCOMPLETE];
    for (struct link *link = list->next; link != list && n < NAMES_MAX; link = link->next, n++) {
        const struct instance *instance = LINK_OWNER(link, struct instance, of_class);
        text_add(out, n ? ", " : "incomplete: ");
        add_name(pool, instance->point, instance->task, out);
        text_addf(out, " (%s; missing:", task_status_names[instance->status]);
        add_missing_outputs(pool, instance, out);
        text_add_char(out, ')');
    }
    if (pool->n_class[CLASS_INCOMPLETE] > n)
        text_addf(out, " and %zu more", pool->n_class[CLASS_INCOMPLETE] - n);
    return n;
}

static size_t add_partial(const struct pool *pool, struct text *out)
{
    size_t n = 0;
    const struct link *list = &pool->classes[CLASS_UNSATISFIED];
    for (struct link *link = list->next; link != list && n <= NAMES_MAX; link = link->next) {
        const struct instance *instance = LINK_OWNER(link, struct instance, of_class);
        struct text waits = {0}, lost = {0};
        bool any = add_unsatisfied(pool, instance, &waits);
        any |= instance->point <= pool->stop_point && windows_describe(pool, instance, &lost);
        if (any && n++ < NAMES_MAX) {
            text_add(out, n > 1 ? ", " : out->n ? "; unsatisfied: " : "unsatisfied: ");
            add_name(pool, instance->point, instance->task, out);
            text_addf(out, " (%s%s%s%s)", waits.n ? "waits for" : "", text_string(&waits),
                      waits.n && lost.n ? "; " : "", text_string(&lost));
        }
        text_release(&waits);
        text_release(&lost);
    }
    if (n > NAMES_MAX)
        text_add(out, " and more");
    return n;
}

/* Nothing can happen by itself, and something has not happened that should. */
static bool is_stalled(const struct pool *pool, struct text *reason)
{
    if (pool->n_class[CLASS_ACTIVE] || pool->n_class[CLASS_READY] || pool->n_class[CLASS_FINISHED])
        return false;
    size_t n = add_incomplete(pool, reason);
    return n + add_partial(pool, reason) > 0;
}

static void update_stall(struct pool *pool)
{
    struct text reason = {0};
    bool stalled = is_stalled(pool, &reason);
    if (stalled != pool->stalled) {
        pool->stalled = stalled;
        say_workflow_state(pool, stalled ? text_string(&reason) : "no longer stalled");
    }
    text_release(&reason);
}

/* --- the end --- */

void end_now(struct pool *pool, enum stop_mode mode, const char *reason)
{
    if (pool->ending && pool->stop_mode == STOP_ABORT)
        return;
    pool->ending = true;
    pool->stop_mode = mode;
    free(pool->stop_reason);
    pool->stop_reason = str_copy(reason);
}

static bool is_complete(const struct pool *pool)
{
    return !pool->n_class[CLASS_ACTIVE] && !pool->n_class[CLASS_READY] &&
           !pool->n_class[CLASS_UNSATISFIED] && !pool->n_class[CLASS_INCOMPLETE] &&
           !pool->n_class[CLASS_FINISHED];
}

/* A restart that finds nothing to do does not end at once. True while it waits. */
static bool waits_at_start(struct pool *pool)
{
    bool empty = !pool_size(pool);
    if (pool->is_fresh) {
        pool->is_fresh = false;
        if (empty) {
            pool->complete_at_start = true;
            say_workflow_state(pool, "nothing left to do: waiting for a command");
        }
    } else if (pool->complete_at_start && !empty) {
        pool->complete_at_start = false;
        say_workflow_state(pool, "");
    }
    return pool->complete_at_start;
}

static void complete(struct pool *pool)
{
    if (pool->stop_point != pool->workflow->final)
        pool_say(pool,
                 &(struct message){.topic = TOPIC_WORKFLOW_PARAM, .text = slice_of("stopcp")});
    end_now(pool, STOP_AUTOMATIC, "AUTOMATIC");
}

static void decide_end(struct pool *pool)
{
    if (pool->ending || pool_in_flight(pool))
        return;
    if (pool->stopping) {
        if (!pool->n_class[CLASS_ACTIVE] && !pool->orphans.n)
            end_now(pool, pool->stop_mode,
                    pool->stop_mode == STOP_KILL        ? "REQUEST(KILL)"
                    : pool->stop_mode == STOP_AUTOMATIC ? "AUTOMATIC"
                                                        : "REQUEST(CLEAN)");
        return;
    }
    if (pool->stop_task.done) {
        say_param(pool, "stop_task", "");
        end_now(pool, STOP_AUTOMATIC, "AUTOMATIC");
        return;
    }
    if (waits_at_start(pool) || pool->paused)
        return;
    update_stall(pool);
    if (!pool->stalled && is_complete(pool) && !pool->orphans.n)
        complete(pool);
}

void pool_decide(struct pool *pool)
{
    do
        release_queues(pool);
    while (advance_runahead(pool));
    broadcasts_expire(pool);
    decide_end(pool);
}

/* Windows of xtriggers, for each instance by itself: an xtrigger is not asked before `start` and is
 * given up at `until`. Both are clocks, dependences like any other; whichever of the xtrigger and
 * its timeout comes first, the other is lost. What depends on either depends on all three, if only
 * as companions, so that a timeout is one for it, too, when the graph does not name the xtrigger.
 *
 * An instance whose conditions cannot hold any more, since what they speak of is lost, goes at the
 * end of the event; but only for the sake of timeouts that the graph names: where it does not, a
 * user may still satisfy the xtrigger, and the instance waits for that. */
#include "pool/inside.h"
#include <inttypes.h>
#include <math.h>

#include "base/banned.h"

static const struct xtrigger_window *window_of(const struct pool *pool, const struct dependence *d)
{
    return dependence_is_xtrigger(d) ? pool->workflow->xtriggers[d->xtrigger].window : NULL;
}

bool dependence_is_awaited(const struct pool *pool, const struct dependence *d)
{
    const struct xtrigger_window *window = window_of(pool, d);
    if (d->satisfied || d->lost)
        return false;
    if (!window || window->xtrigger != d->xtrigger || window->start == NO_INDEX)
        return true;
    const struct dependence *start = dependence_find(d->instance, window->start);
    return start && start->satisfied;
}

/* --- it begins --- */

static int64_t edge_time(const struct pool *pool, const struct instance *instance,
                         const struct window_edge *edge)
{
    if (edge->base == WINDOW_FROM_POINT)
        return time_from_point(pool, instance, &edge->interval);
    if (edge->base == WINDOW_AT)
        return edge->seconds;
    return time_within_reach((int64_t)ceil((double)pool->now / 1e6) + edge->seconds);
}

static void begin_clock(struct pool *pool, struct instance *instance, uint32_t clock,
                        const struct window_edge *edge)
{
    if (clock == NO_INDEX || dependence_find(instance, clock))
        return;
    const struct xtrigger_window *window = pool->workflow->xtriggers[clock].window;
    int64_t time = edge_time(pool, instance, edge);
    char *text = str_format("wall_clock(trigger_time=%" PRId64 ")", time);
    xtrigger_depend(pool, instance, clock, xtrigger_role(pool, instance, clock), text, true);
    free(text);
    if (time * INT64_C(1000000) <= pool->now &&
        !dependence_find(instance, window->xtrigger)->satisfied)
        dependence_satisfy(pool, dependence_find(instance, clock));
}

static void begin(struct pool *pool, struct instance *instance,
                  const struct xtrigger_window *window)
{
    uint32_t xtrigger = window->xtrigger;
    if (!dependence_find(instance, xtrigger)) {
        char *text = xtrigger_signature(pool->workflow, &pool->names, xtrigger, instance->point,
                                        instance->task);
        xtrigger_depend(pool, instance, xtrigger, xtrigger_role(pool, instance, xtrigger), text,
                        true);
        free(text);
    }
    begin_clock(pool, instance, window->start, &window->opens);
    begin_clock(pool, instance, window->timeout, &window->closes);
}

void windows_begin(struct pool *pool, struct instance *instance)
{
    const struct graph_task *task = &pool->workflow->graph->tasks[instance->task];
    bool any = false;
    for (uint32_t i = 0; i < task->n_xtriggers && !(instance->flags & TASK_RETRYING); i++) {
        uint32_t xtrigger = task->xtriggers[i].xtrigger;
        const struct xtrigger_window *window = pool->workflow->xtriggers[xtrigger].window;
        if (!window || xtrigger_role(pool, instance, xtrigger) == ROLE_COMPANION)
            continue;
        begin(pool, instance, window);
        any = true;
    }
    if (any)
        windows_settle(pool, instance);
}

void window_restore(struct pool *pool, struct instance *instance, uint32_t xtrigger,
                    const char *signature)
{
    const struct xtrigger_window *window = pool->workflow->xtriggers[xtrigger].window;
    if (!window || dependence_find(instance, xtrigger))
        return;
    const struct window_edge *edge = xtrigger == window->start ? &window->opens : &window->closes;
    char *text = NULL;
    if (xtrigger == window->xtrigger)
        text = xtrigger_signature(pool->workflow, &pool->names, xtrigger, instance->point,
                                  instance->task);
    else if (edge->base != WINDOW_FROM_WAIT)
        text = str_format("wall_clock(trigger_time=%" PRId64 ")", edge_time(pool, instance, edge));
    xtrigger_depend(pool, instance, xtrigger, xtrigger_role(pool, instance, xtrigger),
                    text ? text : signature, false);
    free(text);
}

/* --- what is lost --- */

/* To the end of those who depend on the signature: who still waits for it stands in front. */
static void lose(struct pool *pool, struct dependence *d)
{
    if (d->lost)
        return;
    d->lost = true;
    list_remove(&d->of_signature);
    list_append(&d->signature->dependants, &d->of_signature);
    signature_unwatch(pool, d->signature);
}

static struct dependence *find_clock(const struct instance *instance, uint32_t clock)
{
    return clock == NO_INDEX ? NULL : dependence_find(instance, clock);
}

static void settle(struct pool *pool, struct dependence *d, const struct xtrigger_window *window)
{
    struct dependence *start = find_clock(d->instance, window->start);
    struct dependence *timeout = find_clock(d->instance, window->timeout);
    if (timeout && d->satisfied && !timeout->satisfied)
        lose(pool, timeout);
    else if (timeout && timeout->satisfied && !d->satisfied)
        lose(pool, d);
    if (start && !start->satisfied && (d->satisfied || d->lost))
        lose(pool, start);
}

void windows_settle(struct pool *pool, struct instance *instance)
{
    bool any = false;
    for (struct dependence *d = instance->dependences; d; d = d->next) {
        const struct xtrigger_window *window = window_of(pool, d);
        if (window && window->xtrigger == d->xtrigger)
            settle(pool, d, window);
        any = any || window;
    }
    if (any && instance_is_doomed(pool, instance))
        look_later(pool, instance);
}

/* --- what may still come --- */

/* Nobody but a user could satisfy it, and the graph says what is to happen then. */
static bool is_gone(const struct pool *pool, const struct dependence *d)
{
    const struct xtrigger_window *window = window_of(pool, d);
    return window && dependence_is_lost(d) && window->timeout_named;
}

uint64_t instance_alternatives(const struct pool *pool, const struct instance *instance,
                               enum alternatives_wanted wanted)
{
    const struct graph_task *task = &pool->workflow->graph->tasks[instance->task];
    uint64_t bits = 0;
    for (uint32_t i = 0; i < task->n_alternatives; i++) {
        const struct dependence *d = dependence_find(instance, task->alternatives[i]);
        bool holds = wanted == NOT_GONE ? !d || !is_gone(pool, d)
                                        : d && (d->satisfied || (wanted == HOPED_FOR && !d->lost));
        bits |= (uint64_t)holds << i;
    }
    return bits;
}

bool instance_is_stuck(const struct instance *instance)
{
    for (const struct dependence *d = instance->dependences; d; d = d->next)
        if (d->role == ROLE_REQUIRED && dependence_is_lost(d))
            return true;
    return false;
}

bool instance_is_doomed(const struct pool *pool, const struct instance *instance)
{
    if (instance->status != STATUS_WAITING || instance->flags & (TASK_MANUAL | TASK_RETRYING))
        return false;
    for (const struct dependence *d = instance->dependences; d; d = d->next)
        if (d->role == ROLE_REQUIRED && is_gone(pool, d))
            return true;
    const struct truth truth = {.alternatives = instance_alternatives(pool, instance, NOT_GONE)};
    return !instance->satisfied &&
           !conditions_hold(&pool->conditions, instance->task, instance->point, &truth);
}

/* --- words --- */

bool windows_describe(const struct pool *pool, const struct instance *instance, struct text *out)
{
    bool any = false;
    for (const struct dependence *d = instance->dependences; d; d = d->next) {
        const struct xtrigger_window *window = window_of(pool, d);
        if (!window || d->role == ROLE_COMPANION || !dependence_is_lost(d))
            continue;
        text_add(out, any ? ", " : "");
        text_addf(out, "xtrigger @%s", pool->workflow->xtriggers[window->xtrigger].label);
        if (d->xtrigger == window->xtrigger) {
            text_add(out, " timed out at");
            signature_add_time(find_clock(instance, window->timeout)->signature->text, out);
        } else {
            text_add(out, " was satisfied in time");
        }
        any = true;
    }
    return any;
}

struct look look_at(const struct instance *instance)
{
    return (struct look){instance->point, instance->task, instance->serial};
}

struct instance *look_find(const struct pool *pool, const struct look *look)
{
    struct instance *instance = instances_find(&pool->instances, look->point, look->task);
    return instance && instance->serial == look->serial ? instance : NULL;
}

void look_later(struct pool *pool, const struct instance *instance)
{
    *vec_push(&pool->looks) = look_at(instance);
}

static void take_look(struct pool *pool, struct instance *instance)
{
    if (prerequisites_changed(pool, instance))
        return;
    gate_update(pool, instance);
    if (!instance_is_doomed(pool, instance))
        return;
    struct text reason = {0};
    windows_describe(pool, instance, &reason);
    instance_remove_because(pool, instance, REMOVED_IMPOSSIBLE, text_string(&reason));
    text_release(&reason);
}

void take_looks(struct pool *pool)
{
    for (size_t i = 0; i < pool->looks.n; i++) { /* one that goes may make room for others */
        const struct look look = pool->looks.at[i];
        struct instance *instance = look_find(pool, &look);
        if (instance && instance->status == STATUS_WAITING)
            take_look(pool, instance);
    }
    vec_clear(&pool->looks);
}

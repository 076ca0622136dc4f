/* A new pool for a new version of the definition: what the database holds of the old one, which is
 * all that it has said; beside that the few things which are nobody else's. */
#include "db/restart.h"
#include "pool/inside.h"

#include "base/banned.h"

static cycle_point last_point(const struct workflow *workflow)
{
    return workflow->stop == POINT_NONE ? workflow->final : workflow->stop;
}

/* Points that a command has set stay; the others are as defined. */
static void take_over_points(struct pool *pool, const struct pool *old)
{
    if (old->stop_point != last_point(old->workflow))
        pool->stop_point = old->stop_point;
    if (old->hold_point != old->workflow->hold_after)
        pool->hold_point = old->hold_point;
    pool->stop_task.point = old->stop_task.point;
    pool->stop_task.task = old->stop_task.task;
    pool->stop_task.done = old->stop_task.done;
}

static void take_over(struct pool *pool, struct pool *old)
{
    take_over_points(pool, old);
    pool->now = old->now;
    pool->stop_time = old->stop_time;
    pool->last_serial = old->last_serial;
    pool->last_ask = old->last_ask;
    pool->last_event = old->last_event;
    pool->flows_recent = old->flows_recent;
    VEC_EACH (uint32_t, flow, &old->flows_named)
        *vec_push(&pool->flows_named) = *flow;
    pool->is_restart = old->is_restart;
    pool->is_fresh = old->is_fresh;
    pool->complete_at_start = old->complete_at_start;
    pool->stopping = old->stopping;
    pool->stop_mode = old->stop_mode;
    pool->stalled = old->stalled;
}

/* What is no longer in the graph and not active. */
static void drop_removed(struct pool *pool)
{
    VEC(struct instance *) removed = {0};
    for (struct instance *i = pool->instances.table; i; i = i->hh.next)
        if (!pool->workflow->graph->tasks[i->task].n_sequences && i->status == STATUS_WAITING)
            *vec_push(&removed) = i;
    VEC_EACH (struct instance *, instance, &removed)
        instance_remove(pool, *instance, REMOVED_NOT_NEEDED);
    vec_release(&removed);
}

/* They wait until a sequential xtrigger has been satisfied. */
static void spawn_put_off(struct pool *pool, const struct pool *old)
{
    for (uint32_t task = 0; task < old->workflow->n_tasks; task++)
        VEC_EACH (struct message, message, &old->gates[task].put_off)
            handle_spawn(pool, message);
}

struct pool *pool_reload(struct pool *old, const struct workflow *workflow,
                         const struct restart *restart)
{
    PRE(!pool_in_flight(old) && !old->shut_down && !old->answers.n);
    const struct pool_options options = {.start_paused = old->paused,
                                         .abort_on_failure = old->abort_on_failure,
                                         .mode = old->mode,
                                         .workflow = old->names.workflow,
                                         .owner = old->names.owner,
                                         .run_dir = old->names.run_dir};
    struct pool *pool = pool_create(workflow, &options, &old->sink);
    take_over(pool, old);
    restore_silently(pool, restart);
    if (pool->flow_last < old->flow_last)
        pool->flow_last = old->flow_last;
    drop_removed(pool);
    restore_wake(pool);
    spawn_put_off(pool, old);
    finish_event(pool);
    pool_destroy(old);
    return pool;
}

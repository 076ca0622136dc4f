/* Everything the pool derives, counted again from the instances: pool_check aborts on a
 * difference. */
#include "pool/inside.h"

#include "base/banned.h"

struct recount {
    size_t n_class[CLASSES];
    size_t n_active; /* sum over queues */
    size_t n_waiting;
};

static void check_instance(const struct pool *pool, const struct instance *i, struct recount *c)
{
    enum task_status status = instance_status(i);
    INVARIANT(instances_find(&pool->instances, i->point, i->task) == i);
    INVARIANT(cycles_find(&pool->cycles, i->point) == i->cycle);
    INVARIANT(!list_is_empty(&i->of_class) && !list_is_empty(&i->of_task));
    c->n_class[i->class_]++;
    c->n_active += status_is_active(status);
    c->n_waiting += !list_is_empty(&i->of_queue);

    INVARIANT(i->class_ == instance_class(pool, i));
    INVARIANT((i->class_ == CLASS_ACTIVE) == status_is_active(status));
    INVARIANT((i->class_ == CLASS_INCOMPLETE || i->class_ == CLASS_FINISHED) ==
              status_is_final(status));
    INVARIANT((i->class_ == CLASS_BEYOND) == !!(i->flags & TASK_RUNAHEAD));
    INVARIANT(!list_is_empty(&i->of_queue) == !!(i->flags & TASK_QUEUED));
    INVARIANT(!(i->flags & TASK_QUEUED) || status == STATUS_WAITING);
    INVARIANT(!(i->flags & TASK_RUNAHEAD) || status == STATUS_WAITING);
    INVARIANT(status_is_final(status) || !(i->flags & TASK_INCOMPLETE));
    if (status_is_final(status)) {
        INVARIANT(instance_is_complete(pool, i) == !(i->flags & TASK_INCOMPLETE));
        INVARIANT(i->class_ != CLASS_FINISHED || i->in_flight);
    }
    if (status_is_active(status))
        INVARIANT(i->submit > 0);
    /* Whoever is ready and free to go has gone, or stands in its queue. */
    bool free_to_go = status == STATUS_WAITING && i->satisfied && !i->n_waited_for &&
                      !(i->flags & (TASK_HELD | TASK_RUNAHEAD));
    INVARIANT(!free_to_go || i->flags & TASK_QUEUED);
}

static void check_satisfaction(const struct pool *pool, const struct instance *i)
{
    size_t n = 0;
    for (const struct dependence *d = i->dependences; d; d = d->next) {
        INVARIANT(d->instance == i &&
                  signatures_find(&pool->signatures, slice_of(d->signature->text)) == d->signature);
        INVARIANT(!d->signature->satisfied || d->satisfied || d->lost);
        n += dependence_holds_back(d);
        bool waits = i->status == STATUS_WAITING && !(i->flags & TASK_RUNAHEAD);
        INVARIANT(!dependence_is_awaited(pool, d) || d->signature->watched || !waits);
    }
    INVARIANT(n == i->n_waited_for);
    bool holds = prerequisites_hold(pool, i);
    if (i->status == STATUS_WAITING)
        INVARIANT(!holds || i->satisfied);
}

static void check_flights(const struct pool *pool)
{
    size_t mine = 0, theirs = 0;
    for (const struct flight *f = pool->flights; f; f = f->hh.next) {
        const struct instance *i = instances_find(&pool->instances, f->key.point, f->key.task);
        theirs += i && i->serial == f->serial;
    }
    for (const struct instance *i = pool->instances.table; i; i = i->hh.next)
        mine += i->in_flight;
    INVARIANT(mine == theirs);
}

static void check_cycles(const struct pool *pool)
{
    size_t n = 0, n_beyond = 0, n_active = 0;
    for (const struct cycle *cycle = pool->cycles.table; cycle; cycle = cycle->hh.next) {
        INVARIANT(list_count(&cycle->beyond) == cycle->n_beyond);
        INVARIANT((cycle->n > 0) == (cycle->active_index > 0));
        INVARIANT((cycle->n_beyond > 0) == (cycle->beyond_index > 0));
        INVARIANT(!cycle->n || cycle->point >= cycles_lowest(&pool->cycles));
        INVARIANT(!cycle->n_beyond || pool->limit == POINT_NONE || cycle->point > pool->limit);
        n += cycle->n;
        n_beyond += cycle->n_beyond;
        n_active += cycle->n > 0;
    }
    INVARIANT(n == pool_size(pool));
    INVARIANT(n_beyond == pool->n_class[CLASS_BEYOND]);
    INVARIANT(n_active == pool->cycles.active.n);
}

static void check_queues(const struct pool *pool, const struct recount *c)
{
    size_t n_active = 0, n_waiting = 0;
    for (uint32_t q = 0; q < pool->workflow->n_queues; q++) {
        const struct queue *queue = &pool->queues[q];
        INVARIANT(list_count(&queue->waiting) == queue->n_waiting);
        bool releases = !pool->paused && !pool->stopping && !pool->ending;
        INVARIANT(!releases || !queue->n_waiting ||
                  (queue->limit && queue->n_active >= queue->limit));
        n_active += queue->n_active;
        n_waiting += queue->n_waiting;
    }
    INVARIANT(n_active == c->n_active && n_waiting == c->n_waiting);
}

void pool_check(const struct pool *pool)
{
    struct recount c = {0};
    size_t of_task = 0;
    for (const struct instance *i = pool->instances.table; i; i = i->hh.next) {
        check_instance(pool, i, &c);
        check_satisfaction(pool, i);
    }
    for (uint32_t task = 0; task < pool->workflow->n_tasks; task++)
        of_task += list_count(&pool->instances.of_task[task]);
    INVARIANT(of_task == pool_size(pool));
    for (int class = 0; class < CLASSES; class ++) {
        INVARIANT(c.n_class[class] == pool->n_class[class]);
        INVARIANT(class == CLASS_BEYOND || list_count(&pool->classes[class]) == c.n_class[class]);
    }
    size_t of_flows = 0;
    for (const struct flow_set *set = pool->flows.table; set; set = set->hh.next)
        of_flows += set->n_instances;
    INVARIANT(of_flows == pool_size(pool));
    check_flights(pool);
    check_cycles(pool);
    check_queues(pool, &c);
    INVARIANT(!pool->answers.n);
}

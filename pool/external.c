/* See external.h. */
#include "pool/external.h"
#include "db/restart.h"
#include "pool/command.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

void externals_release(struct externals *externals)
{
    VEC_EACH (struct external_message, message, &externals->kept)
        free(message->id);
    vec_release(&externals->kept);
}

static uint32_t find_xtrigger(const struct workflow *workflow, struct slice message)
{
    for (uint32_t i = 0; i < workflow->n_xtriggers; i++)
        if (workflow->xtriggers[i].external &&
            slice_equal(message, workflow->xtriggers[i].external))
            return i;
    return NO_INDEX;
}

static void keep(struct pool *pool, uint64_t number, uint32_t xtrigger, struct slice id)
{
    *vec_push(&pool->externals.kept) = (struct external_message){number, xtrigger, slice_copy(id)};
}

void externals_restore(struct pool *pool, const struct restart *restart)
{
    for (size_t i = 0; i < restart->n_externals; i++) {
        const struct restart_external *from = &restart->externals[i];
        uint32_t xtrigger = find_xtrigger(pool->workflow, slice_of(from->message));
        if (from->number > pool->externals.last)
            pool->externals.last = from->number;
        if (xtrigger != NO_INDEX)
            keep(pool, from->number, xtrigger, slice_of(from->id));
    }
}

static void say(struct pool *pool, uint64_t number, uint32_t xtrigger, struct slice id, bool kept)
{
    pool_say(pool, &(struct message){.topic = TOPIC_WORKFLOW_EXTERNAL,
                                     .id = number,
                                     .value = kept,
                                     .text = slice_of(pool->workflow->xtriggers[xtrigger].external),
                                     .detail = id});
}

/* Its job gets the id as others of its cycle do: as a broadcast. */
static void use(struct pool *pool, const struct dependence *dependence, struct slice id)
{
    char *text = slice_copy(id);
    if (*text)
        broadcast_put(pool, dependence->instance->point, "root", "[environment]CYLC_EXT_TRIGGER_ID",
                      text, 0);
    free(text);
    text = str_copy(dependence->signature->text);
    handle_xtrigger(pool,
                    &(struct message){.topic = TOPIC_XTRIGGER_SATISFIED, .text = slice_of(text)});
    free(text);
}

void external_await(struct pool *pool, const struct dependence *dependence)
{
    struct externals *externals = &pool->externals;
    for (size_t i = 0; i < externals->kept.n; i++) {
        struct external_message message = externals->kept.at[i];
        if (message.xtrigger != dependence->xtrigger)
            continue;
        externals->kept.n--;
        memmove(externals->kept.at + i, externals->kept.at + i + 1,
                (externals->kept.n - i) * sizeof *externals->kept.at);
        say(pool, message.number, message.xtrigger, slice_of(message.id), false);
        use(pool, dependence, slice_of(message.id));
        free(message.id);
        return;
    }
}

/* Of the instances that wait for it, that at the lowest point. */
static const struct dependence *find_waiting(const struct pool *pool, uint32_t xtrigger)
{
    const struct link *list =
        &pool->instances.of_task[pool->workflow->xtriggers[xtrigger].external_task];
    const struct dependence *best = NULL;
    for (const struct link *link = list->next; link != list; link = link->next) {
        const struct instance *instance = LINK_OWNER(link, struct instance, of_task);
        if (instance->status != STATUS_WAITING || instance->flags & TASK_RUNAHEAD)
            continue;
        for (const struct dependence *d = instance->dependences; d; d = d->next)
            if (d->xtrigger == xtrigger && !d->satisfied &&
                (!best || instance->point < best->instance->point))
                best = d;
    }
    return best;
}

int pool_ext_trigger(struct pool *pool, const struct message *message, struct error *error)
{
    uint32_t xtrigger = find_xtrigger(pool->workflow, message->text);
    if (xtrigger == NO_INDEX)
        return error_set(error, -ENOENT, "no task waits for the external trigger \"%.*s\"",
                         (int)message->text.n, message->text.at);
    const struct dependence *waiting = find_waiting(pool, xtrigger);
    if (waiting) {
        use(pool, waiting, message->detail);
        return 0;
    }
    uint64_t number = ++pool->externals.last;
    keep(pool, number, xtrigger, message->detail);
    say(pool, number, xtrigger, message->detail, true);
    return 0;
}

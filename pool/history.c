/* See history.h. */
#include "pool/history.h"
#include "base/memory.h"
#include <stddef.h>
#include <stdlib.h>

#include "base/banned.h"

enum { KEY_SIZE = offsetof(struct past, task) + sizeof(uint32_t) };

void history_init(struct history *history)
{
    *history = (struct history){.horizon = POINT_NONE};
}

void history_release(struct history *history)
{
    struct past *past, *next;
    HASH_ITER(hh, history->table, past, next)
    {
        HASH_DEL(history->table, past);
        while (past) {
            struct past *older = past->older;
            free(past);
            past = older;
        }
    }
}

struct past *history_find(const struct history *history, cycle_point point, uint32_t task)
{
    struct past key = {.point = point, .task = task};
    struct past *past;
    HASH_FIND(hh, history->table, &key, KEY_SIZE, past);
    return past;
}

static void renew(struct past *past, const struct past *newer)
{
    past->submit = newer->submit > past->submit ? newer->submit : past->submit;
    past->outputs |= newer->outputs;
    past->status = newer->status;
    past->flow_wait = newer->flow_wait;
}

void history_add(struct history *history, struct cycle *cycle, const struct past *past)
{
    struct past *first = history_find(history, past->point, past->task);
    for (struct past *p = first; p; p = p->older)
        if (p->flows == past->flows) {
            renew(p, past);
            return;
        }
    struct past *copy = mem_copy(past, sizeof *past);
    copy->older = NULL;
    copy->next_in_cycle = NULL;
    if (first) { /* the first stays the one in the table */
        copy->older = first->older;
        first->older = copy;
        return;
    }
    copy->next_in_cycle = cycle->past;
    cycle->past = copy;
    HASH_ADD(hh, history->table, point, KEY_SIZE, copy);
}

void history_forget(struct history *history, struct cycle *cycle)
{
    while (cycle->past) {
        struct past *past = cycle->past;
        cycle->past = past->next_in_cycle;
        HASH_DEL(history->table, past);
        while (past) {
            struct past *older = past->older;
            free(past);
            past = older;
        }
    }
}

void history_leave(struct history *history, struct flow_sets *sets, cycle_point point,
                   uint32_t task, const struct flow_list *flows)
{
    for (struct past *past = history_find(history, point, task); past; past = past->older) {
        const struct flow_list none = {0};
        struct flow_list rest = flows->n ? flow_minus(past->flows, flows) : none;
        past->flows = &flow_sets_get(sets, &rest)->list;
    }
}

uint32_t past_submit(const struct past *past)
{
    uint32_t submit = 0;
    for (; past; past = past->older)
        submit = past->submit > submit ? past->submit : submit;
    return submit;
}

const struct past *past_in(const struct past *past, const struct flow_list *flows)
{
    const struct past *found = NULL;
    for (; past; past = past->older) {
        if (!flow_overlap(past->flows, flows))
            continue;
        if (status_is_final(past->status))
            return past;
        found = past;
    }
    return found;
}

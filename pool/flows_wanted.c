/* Which flows a command means: those given, a new one, none, or all that go on. */
#include "pool/command.h"
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

/* --- the limit: any two instances may meet, so that all flows together must fit one task --- */

typedef VEC(uint32_t) numbers;

static void count_in(numbers *live, const struct flow_list *flows)
{
    for (uint32_t i = 0; i < flows->n; i++) {
        bool known = false;
        for (size_t k = 0; k < live->n && !known; k++)
            known = live->at[k] == flows->at[i];
        if (!known)
            *vec_push(live) = flows->at[i];
    }
}

/* Whether these can go on beside all that go on in the pool or are on their way to it. */
static bool is_room_for(const struct pool *pool, const struct flow_list *flows)
{
    numbers live = {0};
    count_in(&live, flows);
    for (const struct flow_set *set = pool->flows.table; set; set = set->hh.next)
        if (set->n_instances)
            count_in(&live, &set->list);
    for (const struct flight *flight = pool->flights; flight; flight = flight->hh.next)
        count_in(&live, &flight->key.flows);
    VEC_EACH (struct deferred, deferred, &pool->deferred)
        count_in(&live, &deferred->message.flows);
    VEC_EACH (struct deferred, put_off, &pool->put_off)
        count_in(&live, &put_off->message.flows);
    for (uint32_t task = 0; task < pool->workflow->n_tasks; task++)
        VEC_EACH (struct message, message, &pool->gates[task].put_off)
            count_in(&live, &message->flows);
    bool room = live.n <= FLOWS_PER_TASK_MAX;
    vec_release(&live);
    return room;
}

static uint32_t next_number(const struct pool *pool)
{
    uint32_t flow = pool->flow_last;
    do
        flow++;
    while (is_named(pool, flow));
    return flow;
}

/* Cylc 8: all active flows; with none, those of the instance that left last. */
int flows_wanted(struct pool *pool, const struct message *message, struct flow_list *ret_flows,
                 struct error *error)
{
    struct flow_list flows = message->flows;
    if (message->flags & POOL_FLOW_NEW)
        flow_add(&flows, next_number(pool));
    if (!flows.n && !(message->flags & POOL_FLOW_NONE)) {
        flows = flow_sets_active(&pool->flows);
        flows = flows.n ? flows : pool->flows_recent;
    }
    if (!is_room_for(pool, &flows))
        return error_set(error, -E2BIG, "more than %d flows at a time", FLOWS_PER_TASK_MAX);
    if (message->flags & POOL_FLOW_NEW) {
        pool->flow_last = flows.at[0];
        say_flow(pool, flows.at[0], message->detail);
    }
    for (uint32_t i = 0; i < message->flows.n; i++)
        if (message->flows.at[i] > pool->flow_last && !is_named(pool, message->flows.at[i])) {
            *vec_push(&pool->flows_named) = message->flows.at[i];
            say_flow(pool, message->flows.at[i], message->detail);
        }
    *ret_flows = flows;
    return 0;
}

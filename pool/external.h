/* External triggers: messages that somebody outside sends (the ext-trigger command). Each is told
 * to every task that names it, and lets one instance of the task go, that at the lowest cycle point
 * that waits; until one does, it is kept for that task, over restarts too. The instance waits for a
 * signature of its own, like for an xtrigger. */
#ifndef ROUSE_POOL_EXTERNAL_H
#define ROUSE_POOL_EXTERNAL_H

#include "base/text.h"
#include "base/vec.h"
#include <stdint.h>

struct pool;
struct instance;
struct dependence;
struct restart;

struct external_message { /* that a task has not used yet */
    uint64_t number;
    uint32_t xtrigger, task;
    char *id;
};

struct external_task { /* that waits for an external trigger */
    uint32_t xtrigger, task;
};

struct externals {                     /* all zero: none */
    VEC(struct external_message) kept; /* in the order they came */
    VEC(struct external_task) tasks;   /* by the definition */
    uint64_t last;
};

void externals_init(struct pool *pool);
void externals_release(struct externals *externals);
void externals_restore(struct pool *pool, const struct restart *restart);
/* The instance begins to wait for an external trigger: satisfied at once if a message was kept. */
void external_await(struct pool *pool, struct dependence *dependence);

#endif

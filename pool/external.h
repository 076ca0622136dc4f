/* External triggers: messages that somebody outside sends (the ext-trigger command). Each lets one
 * instance of its task go, the one at the lowest cycle point that waits; until one does, it is
 * kept, over restarts too. The instance waits for a signature of its own, like for an xtrigger. */
#ifndef ROUSE_POOL_EXTERNAL_H
#define ROUSE_POOL_EXTERNAL_H

#include "base/text.h"
#include "base/vec.h"
#include <stdint.h>

struct pool;
struct instance;
struct dependence;
struct restart;

struct external_message { /* not used yet */
    uint64_t number;
    uint32_t xtrigger;
    char *id;
};

struct externals {                     /* all zero: none */
    VEC(struct external_message) kept; /* in the order they came */
    uint64_t last;
};

void externals_release(struct externals *externals);
void externals_restore(struct pool *pool, const struct restart *restart);
/* The instance begins to wait for an external trigger: satisfied at once if a message was kept. */
void external_await(struct pool *pool, const struct dependence *dependence);

#endif

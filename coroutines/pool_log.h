/* What the scheduler log says of the pool, in Cylc's line shapes. */
#ifndef ROUSE_POOL_LOG_H
#define ROUSE_POOL_LOG_H

#include "coroutines/cast.h"
#include "pool/pool.h"

struct pool_log {
    const struct cast_context *context;
    const struct pool *pool;
};

void pool_log_init(struct pool_log *log, const struct cast_context *context,
                   const struct pool *pool);
/* A message the pool says, before it is published. */
void pool_log_message(struct pool_log *log, const struct message *message);
/* A message the pool heard (job failures, commands). */
void pool_log_heard(struct pool_log *log, const struct message *message);

#endif

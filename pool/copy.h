/* A copy of a pool, to see what a command would do to it. */
#ifndef ROUSE_POOL_COPY_H
#define ROUSE_POOL_COPY_H

#include "pool/inside.h"

/* Everything that decides what happens next, in the same order: of queues, instances, holds. It
 * says nothing while it is made. O(pool). PRE: nothing is in flight but what is put off (which is
 * not copied). pool_destroy it. */
struct pool *pool_copy(const struct pool *pool, const struct pool_sink *sink);

#endif

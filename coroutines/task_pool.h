/* For tests: the pure pool inside the task_pool member. */
#ifndef ROUSE_TASK_POOL_H
#define ROUSE_TASK_POOL_H

#include "pool/pool.h"

const struct pool *task_pool_inside(const void *member);

#endif

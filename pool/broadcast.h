/* Broadcasts: settings of [runtime] changed while the workflow runs, for cycle points and
 * namespaces. Small: looked up when a job is submitted, by the ancestors of its task. */
#ifndef ROUSE_POOL_BROADCAST_H
#define ROUSE_POOL_BROADCAST_H

#include "base/table.h"
#include "base/text.h"
#include "base/vec.h"
#include "scheduler/cycling/cycling.h"

struct pool;
struct instance;
struct restart;
struct task_def;

struct setting {
    char *key, *value; /* "[environment]X" */
};

/* What is set for one namespace at one point. */
struct broadcast {
    char *name;        /* "POINT/NAMESPACE": the key */
    size_t n_point;    /* bytes of POINT */
    cycle_point point; /* POINT_NONE: `*`, all points */
    UT_hash_handle hh;
    VEC(struct setting) settings; /* in the order they were set */
};

struct broadcasts { /* all zero: none */
    struct broadcast *table;
    cycle_point first; /* lowest point with settings; POINT_NONE: none, or not known */
};

void broadcasts_init(struct broadcasts *broadcasts);
void broadcasts_release(struct broadcasts *broadcasts);
void broadcasts_restore(struct pool *pool, const struct restart *restart);

/* Set KEY=VALUE for a namespace at a point (POINT_NONE: all) and say so. number: how many of the
 * same change were said before. PRE: key, value and namespace are good. */
void broadcast_put(struct pool *pool, cycle_point point, const char *name_space, const char *key,
                   const char *value, uint32_t number);
/* Those for points before the pool's lowest are cancelled. O(1) if there are none. */
void broadcasts_expire(struct pool *pool);
/* What is set by now for a task's jobs, as a JSON list of ["KEY", "VALUE"], the later over the
 * earlier; nothing is added to out if there is none. */
void broadcasts_for(const struct pool *pool, cycle_point point, uint32_t task, struct text *out);
/* The instance's definition (instance_task) is from now on its task's with these settings over it.
 */
void instance_define(const struct pool *pool, struct instance *instance, struct slice settings);
/* What is set by now for how events of this task are told of, as such a list; nothing is added if
 * there is none. */
void broadcasts_about_events(const struct pool *pool, cycle_point point, uint32_t task,
                             struct text *out);
/* The definition that its job was submitted with. */
const struct task_def *instance_task(const struct pool *pool, const struct instance *instance);

#endif

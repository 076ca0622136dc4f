/* Windows of xtriggers, and what an instance may still hope for. See window.c. */
#ifndef ROUSE_POOL_WINDOW_H
#define ROUSE_POOL_WINDOW_H

#include "pool/xtrigger.h"

struct pool;

/* An instance to be looked at when something else, or all of the event under way, has had its
 * effects: it may go until then. */
struct look {
    cycle_point point;
    uint32_t task, serial;
};
struct look look_at(const struct instance *instance);
/* The instance; NULL: it is gone, or another one by that name is there. */
struct instance *look_find(const struct pool *pool, const struct look *look);
void look_later(struct pool *pool, const struct instance *instance);
/* The end of an event: those go that cannot run any more. */
void take_looks(struct pool *pool);

/* Somebody asks for it now: neither satisfied, nor lost, nor before its window. */
bool dependence_is_awaited(const struct pool *pool, const struct dependence *dependence);
/* The instance waits from now on: the windows of its xtriggers are reckoned. Again: nothing. */
void windows_begin(struct pool *pool, struct instance *instance);
/* Something of it was satisfied: what is lost by that is dropped; it may be doomed. */
void windows_settle(struct pool *pool, struct instance *instance);
/* Silently: a part of a window, as it was recorded. */
void window_restore(struct pool *pool, struct instance *instance, uint32_t xtrigger,
                    const char *signature);

/* The xtriggers in its conditions: those satisfied; those that are or may yet be; all but those
 * that never will. A bit for each of the task's alternatives. */
enum alternatives_wanted { SATISFIED_NOW, HOPED_FOR, NOT_GONE };
uint64_t instance_alternatives(const struct pool *pool, const struct instance *instance,
                               enum alternatives_wanted wanted);
/* It waits in any case for what timed out. */
bool instance_is_stuck(const struct instance *instance);
/* Its conditions cannot hold any more. */
bool instance_is_doomed(const struct pool *pool, const struct instance *instance);
/* "xtrigger @x timed out at TIME", for all it has lost; false: nothing. */
bool windows_describe(const struct pool *pool, const struct instance *instance, struct text *out);

#endif

/* One loop of the house: an env, a bus and the members that live on it. The main loop is one; each
 * member in a thread or a process of its own has another. */
#ifndef ROUSE_LOOP_H
#define ROUSE_LOOP_H

#include "coroutines/cast.h"
#include <stdatomic.h>

struct loop {
    struct co porter;            /* awaits the start barrier, then lets the members in */
    struct cast_context context; /* env and bus are this loop's */
    unsigned local;              /* MEMBER_BITs */
    unsigned living;
    void *members[MEMBERS];
    struct env_bell news; /* rung when `lost` or `stop` changed */
    atomic_uint lost;     /* members in processes that died */
    atomic_bool stop;     /* another loop could not start: give up */
    bool failed;
    struct error error;
    void (*opened)(void *context); /* every member is in; may be NULL */
    /* A member is done: the end has begun. It stops the loop when all is over; NULL: the loop stops
     * when its own members are done. */
    void (*ending)(void *context);
    void *house;
};

/* Make env and bus. context: env, bus, member_done and context are filled here. */
int loop_open(struct loop *loop, const struct cast_context *context, unsigned local,
              const struct env_uv_options *env_options, const struct bus_zmq_options *bus_options,
              struct error *error);
/* Until every local member is done. Negative and loop->error if one could not start. */
int loop_run(struct loop *loop);
/* After every other loop has run, too: what was said is delivered by then. */
void loop_close(struct loop *loop);
/* From any thread: `member`, which lived in a process, is gone; nobody waits for its last word. */
void loop_lost(struct loop *loop, enum member member);
/* From any thread: end at once. */
void loop_give_up(struct loop *loop);

#endif

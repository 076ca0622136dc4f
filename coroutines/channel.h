/* A closable queue between a thread and the loop, in either direction: what a blocking plugin or a
 * helper thread hears from and says to its coroutine. Items are pointers that change owner.
 *
 * The side on the loop never waits: it is told -EAGAIN, and its coroutine is woken when it is worth
 * trying again. The side in a thread may wait (in no other place does a thread of ours wait).
 *
 * Closing says "nothing more will be put": what is in the queue can still be got, then getting is
 * -EPIPE. Putting after close is -EPIPE, and the item stays the caller's. */
#ifndef ROUSE_CHANNEL_H
#define ROUSE_CHANNEL_H

#include "coroutines/env.h"

struct channel;

/* capacity: items it holds before a put has to wait; 0: no limit, so that a producer never waits
 * for a busy loop. drop: what becomes of items nobody got; may be NULL. */
struct channel *channel_create(size_t capacity, void (*drop)(void *item));
/* PRE: no thread is in a call, and the loop is detached. Takes NULL. */
void channel_destroy(struct channel *channel);

/* The loop's side is `co` (one for each channel): woken when something can be got or, in the other
 * direction, when there is room again, and when the channel is closed; once at first. 0, or
 * negative errno if the loop has no bell to give. */
int channel_attach(struct channel *channel, struct env *env, struct co *co);
/* From the loop. The threads' side goes on; twice is fine. */
void channel_detach(struct channel *channel);

/* From anywhere, at once: 0; -EAGAIN if full; -EPIPE if closed. */
int channel_try_put(struct channel *channel, void *item);
/* From anywhere, at once: 0 and the oldest item; -EAGAIN if there is none; -EPIPE if there is none
 * and there will be none. */
int channel_try_get(struct channel *channel, void **ret_item);

/* In a thread: as above, but wait instead of -EAGAIN; -ECANCELED after channel_cancel. */
int channel_put(struct channel *channel, void *item);
int channel_get(struct channel *channel, void **ret_item);

/* Nothing more will be put. From either side; twice is fine. */
void channel_close(struct channel *channel);
/* The waiting call of a thread, or if there is none its next one that would have to wait, returns
 * -ECANCELED. No item is lost by it. */
void channel_cancel(struct channel *channel);
size_t channel_count(struct channel *channel);

#endif

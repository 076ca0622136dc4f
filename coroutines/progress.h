/* A summary of a run for people, kept at the end of the terminal of `play --no-detach`: states,
 * cycles, what is running. Drawn again some times a second at most, and only when something has
 * changed. The viewer's. */
#ifndef ROUSE_COROUTINES_PROGRESS_H
#define ROUSE_COROUTINES_PROGRESS_H

#include "coroutines/cast.h"
#include "coroutines/view.h"

struct progress {
    const struct cast_context *context;
    const struct view *view;
    struct progress_task *running; /* in the order they began */
    struct progress_cycle *cycles; /* with tasks in the pool */
    uint64_t finished[STATUSES];   /* since this start */
    struct env_timer timer;        /* runs from a change to the next drawing */
    bool changed;
};

void progress_init(struct progress *progress, const struct cast_context *context,
                   const struct view *view);
void progress_release(struct progress *progress);
/* A message that the view has taken. `co` is woken when it is time to draw. */
void progress_note(struct progress *progress, const struct message *message, struct co *co);
/* Draw if it is time to. */
void progress_work(struct progress *progress);

#endif

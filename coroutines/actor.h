/* The coroutine that most members of the cast are: hear a message, act, go back to sleep; and the
 * shutdown protocol of cast.h, in one place. Embed it first in the member's struct. */
#ifndef ROUSE_ACTOR_H
#define ROUSE_ACTOR_H

#include "coroutines/definitions.h"

enum { ACTOR_BURST = 256 }; /* messages heard in one turn */

struct actor;

struct actor_type {
    enum member member;
    /* Once, before the first message; may be NULL. */
    void (*start)(struct actor *actor);
    void (*hear)(struct actor *actor, const struct message *message);
    /* After every message and every other wake (timers); does bounded work. True: there is more to
     * do, come again next turn and hear nothing before that. May be NULL. */
    bool (*work)(struct actor *actor);
    /* A reload, see definitions.h: can this member go on with `next`, and has all that the pool
     * said had its effect? 0; -EINPROGRESS: ask again at the next wake; or why not, as error. NULL:
     * always. It may be asked and nothing come of it. */
    int (*settle)(struct actor *actor, const struct workflow *next, struct error *error);
    /* The context has the new version: make anew what came of the old one. NULL: nothing did. */
    void (*swap)(struct actor *actor);
    /* The workflow is shutting down: may the outbox be closed? NULL: yes. Asked after each burst.
     */
    bool (*may_close)(struct actor *actor);
    /* Nothing more is heard: stop timers and watches. May be NULL. */
    void (*end)(struct actor *actor);
};

struct actor {
    struct co co;
    const struct actor_type *type;
    const struct cast_context *context;
    struct holder holder;
    bool shutting_down; /* workflow.shutdown was heard, or said by this member */
    bool faulted;
    bool started;
    bool done;
};

/* Attach to the bus and wake it for the first time. */
void actor_init(struct actor *actor, const struct actor_type *type,
                const struct cast_context *context);
/* Take it off the ready queue, for a member that is destroyed before it is done. */
void actor_release(struct actor *actor);

/* Say `message` as this member, stamped with the wall clock. */
void actor_say(struct actor *actor, struct message *message);
void actor_log(struct actor *actor, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

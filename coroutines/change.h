/* The pool's part in a reload: it leads the cast from one version of the definition to the next
 * (definitions.h).
 *
 *   idle -> loading -> draining -> settling -> reading -> swapping -> idle
 *
 * loading   the pool works on while the new version is read and parsed;
 * draining  what is in flight between pool, triggers and database comes to its end; every other
 *           event is kept for later;
 * settling  until every holder is at rest; one that cannot go on: all stay, the request fails;
 * reading   what the database holds, by the new names;
 * swapping  until every holder has changed; the new pool is made, the kept events happen.
 *
 * Nothing of this is recorded: killed at any point, the next start reads what the file says then.
 */
#ifndef ROUSE_CHANGE_H
#define ROUSE_CHANGE_H

#include "base/vec.h"
#include "coroutines/cast.h"
#include "pool/pool.h"

enum change_state {
    CHANGE_IDLE,
    CHANGE_LOADING,
    CHANGE_DRAINING,
    CHANGE_SETTLING,
    CHANGE_READING,
    CHANGE_SWAPPING
};

struct kept_event {
    struct message message;
    char *text, *detail;
};

struct change {
    const struct cast_context *context;
    struct co *co;
    struct pool_sink sink;
    enum change_state state;
    uint64_t id; /* the request */
    uint64_t version;
    unsigned waiting;    /* MEMBER_BITs whose answer is not there */
    struct text refused; /* why one of them cannot */
    const struct workflow *before;
    const struct restart *restart;
    VEC(struct kept_event) kept;
    size_t first; /* of them; those before have happened */
    bool held;    /* the first one has been handed out */
};

/* `sink`: how the pool's member says something. */
void change_init(struct change *change, const struct cast_context *context, struct co *co,
                 const struct pool_sink *sink);
void change_release(struct change *change);
/* Whether the event is none of the pool's now: it concerns the change, or has been kept. */
bool change_takes(struct change *change, const struct message *message);
/* After each event and each wake: the next step, if it is time. May replace *pool. PRE: the pool
 * has not shut down. */
void change_go(struct change *change, struct pool **pool);
/* The oldest kept event if it may happen now, valid until the next call; else NULL. It comes before
 * everything that has not been heard yet. */
const struct message *change_kept(struct change *change);

#endif

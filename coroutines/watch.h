/* A watch: the small coroutine of one xtrigger signature somebody waits for. It has its function
 * called by a host (xtrigger_host.h), sleeps until the earliest of what the answer asked for (some
 * seconds, a time, a changed file, a wake), and has it called again, until it is satisfied. */
#ifndef ROUSE_WATCH_H
#define ROUSE_WATCH_H

#include "base/table.h"
#include "coroutines/actor.h"
#include "coroutines/xtrigger_host.h"

struct watch {
    struct co co;
    struct host_call call;
    struct actor *actor; /* says and logs for it */
    double interval;
    struct env_timer timer; /* interval or again_after */
    struct env_timer clock; /* again_at */
    struct env_timer limit; /* the deadline of a call */
    struct env_watch file;  /* again_when_changed */
    char *followed;         /* the path `file` is watching; NULL: none */
    unsigned changes_seen;  /* of it, before the last question */
    uint64_t asked_at;      /* microseconds, monotonic: the last call */
    uint64_t n_asked;       /* how often, not counting when it asked for it by a wake */
    int64_t next;           /* the next call, microseconds since 1970-01-01T00Z; -1: when told */
    bool asked_twice; /* a path is new: asked again at once, for what came before we watched */
    bool unwatchable; /* the watch broke: the interval holds */
    bool asked;       /* the host has the call */
    bool told;        /* the host has answered without being asked */
    bool woken, woke; /* heeded, see heed_wake */
    bool dropped;     /* nobody waits any more */
    bool cancelled;   /* the host knows, and has forgotten the call */
    bool kept;        /* the results are committed */
    /* The watch is over; its owner unlinks it and calls watch_destroy. */
    void (*gone)(struct watch *watch);
    UT_hash_handle hh; /* its owner's */
};

/* Takes over `call`, which was made by call_init and is allowed by its host. It begins at its first
 * turn. */
struct watch *watch_create(struct actor *actor, struct host *host, struct call *call,
                           double interval, void (*gone)(struct watch *watch));
/* Nobody waits any more: it ends when its host has given the call back. What is satisfied waits
 * until that is committed, where its host wants to know. */
void watch_drop(struct watch *watch);
/* Its results are committed. */
void watch_keep(struct watch *watch);
bool watch_is_satisfied(const struct watch *watch);
/* Say its results (again). PRE: satisfied. */
void watch_say_satisfied(struct watch *watch);
/* False: its host hangs in the call, so that only the timers could be stopped; the rest is left to
 * it. */
bool watch_destroy(struct watch *watch);

const char *watch_signature(const struct watch *watch);

#endif

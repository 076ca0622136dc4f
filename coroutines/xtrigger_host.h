/* Where the function of an xtrigger lives: the one interface between a watch (watch.h) and its
 * host. A host is built in (host_builtin.h), a child process (host_child.h) or a program that
 * registered with the server. The watch owns every timer; the host has calls made and says what
 * came of them. */
#ifndef ROUSE_XTRIGGER_HOST_H
#define ROUSE_XTRIGGER_HOST_H

#include "xtriggers/call.h"

struct host;

/* What a host knows of a watch. */
struct host_call {
    struct call call; /* the arguments; the host fills in the answer */
    struct host *host;
    double deadline; /* seconds a call may take once it has begun */
    double retry;    /* set by the host with an error: seconds before which it is not asked again */
    bool wants_kept; /* set by the host: `kept` is to be called, also when nobody waits any more */
    void *seat;      /* the host's own */
};

struct host_type {
    /* Call the function: later watch_answered or watch_watching. May be asked again after an answer
     * that is not ROUSE_SATISFIED. */
    void (*ask)(struct host *host, struct host_call *call);
    /* Nobody waits any more. True: forgotten, the host does not touch the call again. False: it is
     * in use; watch_answered follows, then this is called once more. */
    bool (*cancel)(struct host *host, struct host_call *call);
    /* The results are committed: what rests on them may be acknowledged. NULL: nothing wants it. */
    void (*kept)(struct host *host, struct host_call *call);
    /* The call has begun and was not over within its deadline: it is over now, with an error. NULL:
     * it never says watch_begun. */
    void (*late)(struct host *host, struct host_call *call);
};

struct host {
    const struct host_type *type;
};

/* --- what a host says; the watch acts when it runs next --- */

/* The deadline of the call runs from now. Said again it runs anew. */
void watch_begun(struct host_call *call);
/* The function was called and call->call holds its answer. A host may also say it unasked, of a
 * watch that waits for its next call. */
void watch_answered(struct host_call *call);
/* The function has taken the call and says by itself when it is satisfied: no deadline any more. */
void watch_watching(struct host_call *call);
/* What served it is gone: it waits to be called anew, without a deadline. */
void watch_queued(struct host_call *call);
/* It wants to be asked (again) now. */
void watch_woken(struct host_call *call);
/* Something is wrong that people should know; the call goes on. The host has logged it. */
void watch_problem(struct host_call *call, const char *why);
/* What was wrong is not any more. */
void watch_well(struct host_call *call);
/* A line of the function for the scheduler's log. */
void watch_log(struct host_call *call, const char *line);

#endif

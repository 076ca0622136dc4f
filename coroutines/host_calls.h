/* The calls of one host that speaks the language of xtriggers/host_wire.h, however its lines get
 * there: which call has which number, how many are under way at once, who is suspected.
 *
 * A call that was under way when its host died is a suspect. Suspects are called one at a time, and
 * nothing else meanwhile, until each has answered once; one that is alone when the host dies is the
 * culprit: it gets the error, and is called again, alone, later and later. */
#ifndef ROUSE_HOST_CALLS_H
#define ROUSE_HOST_CALLS_H

#include "coroutines/actor.h"
#include "coroutines/xtrigger_host.h"
#include "xtriggers/host_wire.h"

enum {
    HOST_LOST_MAX = 16,    /* calls nobody waits for any more that are not over, before the end */
    HOST_RUBBISH_MAX = 64, /* lines of rubbish before the end */
    HOST_LOG_LINES = 100,  /* logged in HOST_LOG_SECONDS */
    HOST_LOG_SECONDS = 10,
    HOST_QUARANTINE = 15 /* seconds a suspect is alone, if its host gives signs of life */
};
/* Seconds between starts of what crashes: the first, doubled each time, and the longest. */
#define HOST_BACK_OFF_MIN 0.1
#define HOST_BACK_OFF_MAX 60.0
double host_back_off(unsigned crashes);

struct seat; /* of a call */

struct host_calls {
    struct actor *actor;
    struct co *co;    /* its owner: woken when there is something to send, or `spoiled` */
    const char *name; /* "the Python host", for messages */
    unsigned at_once; /* calls under way at most */
    struct text out;  /* lines to send: whoever sends takes them */
    /* Why its owner has to end the host, since it goes on no further: empty, or a reason. */
    struct text spoiled;
    uint64_t last;                 /* number given */
    struct seat *seats;            /* by number */
    struct seat *queue, *suspects; /* to be started */
    unsigned n_flying, n_watching, n_lost;
    uint64_t alone_since; /* microseconds: when a suspect was started */
    bool silent;          /* set by its owner: a sign of life is awaited */
    struct env_timer quarantine;
    unsigned rubbish; /* lines */
    struct {
        uint64_t since;
        unsigned lines, left_out;
    } log;
};

void host_calls_init(struct host_calls *calls, struct actor *actor, struct co *co, const char *name,
                     unsigned at_once);
/* Every call gets `why` as its answer: an error. */
void host_calls_release(struct host_calls *calls);

/* What host_type wants of a host. cancel always forgets. */
void host_calls_ask(struct host_calls *calls, struct host_call *call);
void host_calls_cancel(struct host_calls *calls, struct host_call *call);
void host_calls_kept(struct host_calls *calls, struct host_call *call);
void host_calls_late(struct host_calls *calls, struct host_call *call);

/* Whether somebody waits for an answer, or to be told. */
bool host_calls_busy(const struct host_calls *calls);
/* Whether there is no call at all, between answers neither. */
bool host_calls_empty(const struct host_calls *calls);
/* The host can hear: start what may be started now. */
void host_calls_start(struct host_calls *calls);
/* A line, without its end. True: it is not about calls (register, checked, pong, heartbeat), and
 * the caller's to act on and release. */
bool host_calls_hear(struct host_calls *calls, const char *line, size_t n,
                     struct host_message *ret_message);
/* What the host said makes no sense. */
void host_calls_rubbish(struct host_calls *calls, const char *why, const char *line, size_t n);
/* Look after calls that are lost, and the log: every few seconds. */
void host_calls_tend(struct host_calls *calls);
/* The host is gone and has forgotten everything. True: one call is to blame, and has been told. */
bool host_calls_died(struct host_calls *calls, const char *how);
/* It cannot be started: told to all who wait. */
void host_calls_problem(struct host_calls *calls, const char *why);

#endif

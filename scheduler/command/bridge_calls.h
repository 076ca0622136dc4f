/* The calls of xtriggers that a program was given, over as many connections as it takes. The
 * program knows a call by our number, which stays when the scheduler is started again and gives it
 * another one: what the program does goes on, and what it has said already is said once more. */
#ifndef ROUSE_BRIDGE_CALLS_H
#define ROUSE_BRIDGE_CALLS_H

#include "base/table.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct bridge_call {
    uint64_t number; /* the program's */
    uint64_t remote; /* the scheduler's on this connection; 0: not told yet */
    char *signature;
    json_t *said; /* "watching" or "satisfied": to be said again; NULL: nothing */
    UT_hash_handle by_number, by_remote, by_signature;
};

struct bridge_calls {
    struct bridge_call *by_number, *by_remote, *by_signature;
    uint64_t last;
};

void bridge_calls_release(struct bridge_calls *calls);
/* NULL: there is none. */
struct bridge_call *bridge_calls_number(const struct bridge_calls *calls, uint64_t number);
struct bridge_call *bridge_calls_remote(const struct bridge_calls *calls, uint64_t remote);
/* The scheduler starts this: *ret_known tells that the program has been told before. */
struct bridge_call *bridge_calls_start(struct bridge_calls *calls, const char *signature,
                                       uint64_t remote, bool *ret_known);
void bridge_calls_end(struct bridge_calls *calls, struct bridge_call *call);
/* The connection is lost: no call has a number of the scheduler any more. */
void bridge_calls_lose(struct bridge_calls *calls);
/* A call that the scheduler has not started again; NULL: none. */
struct bridge_call *bridge_calls_lost(const struct bridge_calls *calls);
bool bridge_call_is_satisfied(const struct bridge_call *call);

#endif

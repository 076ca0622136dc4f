/* Between a scheduler and a program that serves xtriggers: the program gets the scheduler's
 * messages as lines of JSON and answers in lines; the bridge keeps the connection, says that it is
 * alive, and comes back when the scheduler was started again, of which the program notices nothing.
 * docs/protocol.md lists the messages. */
#ifndef ROUSE_BRIDGE_H
#define ROUSE_BRIDGE_H

#include "scheduler/command/command.h"
#include "scheduler/run/resolve.h"
#include <jansson.h>

enum {
    BRIDGE_SAYS_MAX = 64,        /* messages of the program that wait for an answer */
    BRIDGE_COMPLAINTS_MAX = 100, /* what is told of the program's faults; then no more */
    BRIDGE_PATIENCE_MS = 5000    /* for the scheduler's last answers */
};

struct bridge_options {
    const struct workflow_place *place;
    json_t *names;          /* functions that it serves; empty: it registers them itself */
    double heartbeat;       /* seconds */
    const char *title;      /* of the program, for messages */
    char *const *arguments; /* the program, NULL ended; NULL: who has started us */
    bool channel;           /* it speaks on descriptor 3, not on stdin and stdout */
};

/* Until the workflow is complete, the program ends, or we are told to end. An exit status. */
int bridge_run(const struct invocation *invocation, const struct bridge_options *options);

#endif

/* Webhooks: an HTTP server whose paths are what xtriggers wait for. One listener for each address
 * and port, however many hooks wait there. A message is acknowledged once the results are
 * committed. */
#ifndef ROUSE_XTRIGGERS_HTTP_HOOK_H
#define ROUSE_XTRIGGERS_HTTP_HOOK_H

#include "base/error.h"
#include "xtriggers/rouse_xtrigger.h"
#include <jansson.h>

enum {
    HOOK_BODY_MAX = 64 * 1024, /* bytes of a message */
    HOOK_CONNECTIONS_MAX = 64, /* of one listener; more are refused */
    HOOK_TIMEOUT = 30          /* seconds a connection may be silent */
};

struct hook;

struct hook_place {
    const char *name;    /* "data": POST /data satisfies it */
    const char *address; /* numeric */
    unsigned port;       /* 0: any that is free; the same as before if it can be had */
    const char *secret;  /* NULL: none */
};

/* Wait for a message; the call is woken when it is there. The URL to post to stands in the file
 * .service/hooks-PORT of the run directory. NULL and error: the address cannot be listened to, or
 * somebody else waits there for this name. */
struct hook *hook_open(const struct rouse_call *call, const struct hook_place *place,
                       struct error *error);
/* "http://127.0.0.1:8080/data" */
const char *hook_url(const struct hook *hook);
/* What was posted, an object that belongs to the hook; NULL: nothing yet. */
const json_t *hook_message(struct hook *hook);
/* The results are committed: whoever posted them is told so. */
void hook_kept(struct hook *hook);
/* Takes NULL. Nobody is woken once it has returned. */
void hook_drop(struct hook *hook);

#endif

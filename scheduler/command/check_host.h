/* A host of xtriggers that a command starts, to ask it whether arguments are right. It waits for
 * the answers, so this is nothing for a scheduler that runs. */
#ifndef ROUSE_CHECK_HOST_H
#define ROUSE_CHECK_HOST_H

#include "xtriggers/call.h"

/* What a function says of `sequential` where it is defined. */
enum own_sequential { OWN_SEQUENTIAL_UNSAID, OWN_SEQUENTIAL_FALSE, OWN_SEQUENTIAL_TRUE };

struct check_host;

/* Start argv[0], which is looked for on the PATH, and greet it. `name`, which outlives it, is for
 * messages: "the Python host". An answer may take `seconds`. NULL and an error if it cannot be
 * started. */
struct check_host *check_host_start(const char *name, const char *const argv[], const char *run_dir,
                                    double seconds, struct error *error);
/* Wait until it has said which functions it serves. -ECANCELED if it ends instead, and what it said
 * of that; -ETIMEDOUT. */
int check_host_meet(struct check_host *host, struct error *error);
/* What it has said it serves, or NULL: number 0, 1, ... */
const char *check_host_serves(const struct check_host *host, size_t number);
/* Whether there is such a function (else -ENOENT) and it accepts these arguments (else -EINVAL, and
 * why). -ETIMEDOUT, -ECANCELED: it hangs or has ended; no more is to be asked then. */
int check_host_ask(struct check_host *host, const struct call *call,
                   enum own_sequential *ret_sequential, struct error *error);
/* End it and all it has started. Takes NULL. */
void check_host_end(struct check_host *host);

#endif

/* A member of the cast in a process of its own, seen from the house: started, awaited, and if it
 * `returns` started again with back-off when it crashes. */
#ifndef ROUSE_TENANT_H
#define ROUSE_TENANT_H

#include "coroutines/env.h"
#include "coroutines/topics.h"

/* Exit status of one that could not start for a reason that will not go away; its stderr says why.
 * If it has not lived before, it is not started again. */
enum { TENANT_REFUSES = 3 };

struct tenant {
    struct co co;
    struct env *env;
    enum member member;
    const char *const *argv; /* how to start it */
    const char *err;         /* file for its stderr: what a crash leaves behind */
    int log_fd;              /* handed on as descriptor 3 */
    int terminal_fd;         /* 0: none */
    struct env_process process;
    struct env_timer timer;
    bool returns; /* what it knew can be told again; with another its death is the end */
    unsigned crashes;
    bool ending; /* the workflow is ending: do not start it again */
    bool gone;
    void (*lost)(void *house, enum member member); /* it died; its last word will not come */
    /* The same, and it does not return; `left` follows. `how` it ended: "signal 9". */
    void (*fatal)(void *house, enum member member, const char *how);
    void (*refused)(void *house, enum member member); /* see TENANT_REFUSES; `left` follows */
    void (*left)(void *house);                        /* it is over for good */
    void *house;
};

void tenant_start(struct tenant *tenant);
/* The end has begun: it has TENANT_GRACE to finish. */
void tenant_end(struct tenant *tenant);
/* The loop will not run again: a process that is still there is killed. */
void tenant_release(struct tenant *tenant);

#endif

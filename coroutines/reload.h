/* The first part of a reload: a process of its own reads the definition, templates and all, checks
 * it and writes down what it came to (scheduler/command/reread.c). Nothing of the scheduler waits
 * for it, and a definition that would crash or hang a reader harms nobody. */
#ifndef ROUSE_RELOAD_H
#define ROUSE_RELOAD_H

#include "coroutines/cast.h"

struct reload;

struct reload_news {
    uint64_t id; /* the request */
    bool failed;
    struct slice text;   /* the file to load; or why not */
    struct slice detail; /* its options, a JSON object */
};

/* One after the other; `over` is called, in a turn of its own, when one has been read. */
struct reload *reload_create(const struct cast_context *context,
                             void (*over)(void *owner, const struct reload_news *news),
                             void *owner);
/* Takes NULL. A process under way is killed. */
void reload_destroy(struct reload *reload);
/* global: global.cylc is taken up, too. -EBUSY and error if one is under way. */
int reload_begin(struct reload *reload, uint64_t id, bool global, struct error *error);

#endif

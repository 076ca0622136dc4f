/* The host of one plugin in C: it hears what the scheduler says (host_wire.h), calls the plugin's
 * functions and gives the lines to answer with. Knows no thread, clock or socket: host_c_main.c has
 * these. */
#ifndef ROUSE_XTRIGGERS_HOST_C_H
#define ROUSE_XTRIGGERS_HOST_C_H

#include "xtriggers/host_wire.h"

struct host_c;

struct host_c_world {
    double (*now)(void *context); /* seconds since 1970-01-01T00Z */
    uint64_t (*random)(void *context);
    void (*woken)(void *context); /* from any thread: host_c_ask_woken has something to do */
    void *context;
};

/* Loads the shared object `path` and says what it serves. NULL and error if that is no plugin. */
struct host_c *host_c_create(const char *path, const struct host_c_world *world, struct text *out,
                             struct error *error);
/* Takes NULL. */
void host_c_destroy(struct host_c *host);
/* What the scheduler says; answers are added to `out`. -EBADMSG and error for what makes no sense.
 */
int host_c_hear(struct host_c *host, const struct host_message *message, struct text *out,
                struct error *error);
/* Ask those that woke the host. */
void host_c_ask_woken(struct host_c *host, struct text *out);

#endif

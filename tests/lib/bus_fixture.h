/* What the tests of both buses need. */
#ifndef ROUSE_TEST_BUS_FIXTURE_H
#define ROUSE_TEST_BUS_FIXTURE_H

#include "coroutines/bus.h"

/* A bus over ZMQ for the members of `cast`, `local` of them here, with endpoints SCHEME + name. */
struct bus *bus_fixture_zmq(struct env *env, void *context, const char *scheme, unsigned cast,
                            unsigned local);
/* Receive all there is for the listener. */
void bus_fixture_read(struct bus *bus, enum member listener);
/* A bug must end the process: `doing` is done in a child, which must die of SIGABRT. */
void bus_fixture_must_abort(struct bus *bus, void (*doing)(struct bus *));

#endif

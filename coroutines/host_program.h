/* The host of functions that programs serve over the network, see docs/protocol.md. A function has
 * no program, or one: the newest that registered its name. Its watches wait while there is none,
 * and are started (again) in the next one. */
#ifndef ROUSE_HOST_PROGRAM_H
#define ROUSE_HOST_PROGRAM_H

#include "coroutines/actor.h"
#include "coroutines/xtrigger_host.h"

enum {
    PROGRAMS_MAX = 100,      /* connected at once */
    PROGRAM_NAMES_MAX = 100, /* names of one of them */
    PROGRAM_HEARTBEAT = 10   /* seconds, if it does not say */
};

struct programs;

struct programs *programs_create(struct actor *actor);
/* The host of a function; made when it is first asked for, and there until the end. */
struct host *programs_host(struct programs *programs, const char *function);
/* All is being watched that is to be: programs that come are told at once what there is for them.
 * Those that came before have waited for it. */
void programs_begin(struct programs *programs);
/* xtrigger.program and reply.taken. */
void programs_hear(struct programs *programs, const struct message *message);
/* Nobody waits any more: tell the programs why, if anything can still be said. They are told
 * nothing after that. */
void programs_end(struct programs *programs, bool complete);
/* Takes NULL. PRE: no watch has one of the hosts any more. */
void programs_destroy(struct programs *programs);

#endif

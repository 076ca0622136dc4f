/* All hosts of the xtriggers, and which function lives where: built in; in a plugin of
 * lib/xtriggers, each in a process of its own; in a program the workflow declares; else in Python.
 * Processes are started when somebody needs them. */
#ifndef ROUSE_XTRIGGER_HOSTS_H
#define ROUSE_XTRIGGER_HOSTS_H

#include "coroutines/actor.h"
#include "coroutines/xtrigger_host.h"

struct xtrigger_hosts;
struct programs; /* host_program.h */

/* The programs are the caller's and outlive it. */
struct xtrigger_hosts *xtrigger_hosts_create(struct actor *actor, struct programs *programs);
/* The host to ask for a function of that name; it may hand the call on to another one. */
struct host *xtrigger_hosts_find(struct xtrigger_hosts *hosts, const char *function);
/* Whatever is asked from now on meets new processes, which read new files. The old ones end when
 * they have no call. PRE: nobody asks any more. */
void xtrigger_hosts_renew(struct xtrigger_hosts *hosts);
/* Threads of built-in functions end, or are left behind. */
void xtrigger_hosts_end(struct xtrigger_hosts *hosts);
/* Ends all processes. PRE: ended. Takes NULL. */
void xtrigger_hosts_destroy(struct xtrigger_hosts *hosts);

#endif

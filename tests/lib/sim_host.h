/* Processes that call xtriggers, in the simulated world: those of plugins in C are the real code
 * (xtriggers/host_c.h) in the test's own process; what others do a test scripts. */
#ifndef ROUSE_TESTS_SIM_HOST_H
#define ROUSE_TESTS_SIM_HOST_H

#include "tests/lib/env_sim.h"
#include "xtriggers/host_wire.h"

struct sim_hosts;

/* Takes the world's spawns and streams. A process that is no plugin's answers each start with
 * "no such xtrigger: NAME", unless a script is set. */
struct sim_hosts *sim_hosts_create(struct sim *sim);
/* Before the world is destroyed. Takes NULL. */
void sim_hosts_destroy(struct sim_hosts *hosts);
/* `heard` is called for each message to a process that is no plugin's; it answers with
 * sim_hosts_say. NULL: as above. `born`, if not NULL, when such a process starts. */
void sim_hosts_script(struct sim_hosts *hosts,
                      void (*heard)(void *context, int64_t pid, const struct host_message *message),
                      void (*born)(void *context, int64_t pid), void *context);
/* One line, without its end. */
void sim_hosts_say(struct sim_hosts *hosts, int64_t pid, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

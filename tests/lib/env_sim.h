/* A simulated world for the cast: virtual time, seeded chance, a file system in memory, processes
 * that follow a script. The world outlives the scheduler: after a simulated kill -9 (sim_reboot)
 * files and processes are still there, timers, watches and coroutines are not.
 *
 * One seed, one run: nothing in it depends on addresses, the real clock or the real file system. */
#ifndef ROUSE_TESTS_ENV_SIM_H
#define ROUSE_TESTS_ENV_SIM_H

#include "coroutines/env.h"

struct sim;

struct sim_options {
    uint64_t seed;
    bool shuffle;           /* the ready queue is taken in an order the seed decides */
    unsigned watch_loss;    /* of 1000 file changes, how many are not told */
    unsigned spawn_failure; /* of 1000 spawns, how many fail with EAGAIN */
    int log_fd;             /* 0: log lines are dropped */
    int64_t wall;           /* microseconds since 1970-01-01T00Z at the start; 0: 2026-01-01 */
};

struct sim *sim_create(const struct sim_options *options);
void sim_destroy(struct sim *sim);
struct env *sim_env(struct sim *sim);

/* While it is calm no spawn fails. */
void sim_calm(struct sim *sim, bool calm);

/* A number in [0, n). */
uint64_t sim_chance(struct sim *sim, uint64_t n);
/* True `per_mille` times of 1000. */
bool sim_happens(struct sim *sim, unsigned per_mille);
uint64_t sim_now(const struct sim *sim); /* microseconds since the start */

/* Resume one coroutine; if none is ready, move the clock to the next event. False: nothing is left.
 */
bool sim_turn(struct sim *sim);
/* Resume one coroutine if one is ready. False: none is, the loop would sleep now. */
bool sim_turn_ready(struct sim *sim);
/* Let `run` happen in the world after `delay` microseconds. It survives reboots. `run` frees the
 * argument, a heap block; an event that never comes is freed with the world. */
void sim_after(struct sim *sim, uint64_t delay, void (*run)(void *argument), void *argument);
/* The wall clock is set: timers that wait for a wall-clock time notice. */
void sim_jump_clock(struct sim *sim, int64_t microseconds);
/* kill -9 of the scheduler: what it waited for is forgotten. */
void sim_reboot(struct sim *sim);
/* Coroutines resumed so far. */
uint64_t sim_turns(const struct sim *sim);

/* Called for each spawn that does not fail: schedules what the process will do, with sim_after. */
void sim_on_spawn(struct sim *sim,
                  void (*script)(void *context, int64_t pid, const struct env_spawn *options),
                  void *context);
/* Called for a signal; NULL: the process ends by it after a moment. */
void sim_on_kill(struct sim *sim, void (*killed)(void *context, int64_t pid, int signal),
                 void *context);
void sim_process_exit(struct sim *sim, int64_t pid, int status, int signal);
bool sim_process_alive(const struct sim *sim, int64_t pid);

/* A process that was given a stream. Called with what the scheduler writes to it; answers are best
 * said later, with sim_after. */
void sim_on_stream(struct sim *sim,
                   void (*heard)(void *context, int64_t pid, const char *bytes, size_t n),
                   void *context);
/* The process writes to the scheduler; if it has exited nothing happens. */
void sim_stream_say(struct sim *sim, int64_t pid, const char *bytes, size_t n);
size_t sim_stream_unread(const struct sim *sim, int64_t pid); /* bytes it said and nobody read */
/* From now on it does not read what the scheduler writes. */
void sim_stream_deaf(struct sim *sim, int64_t pid);

/* The file system, as the world (a job) uses it. */
int sim_write(struct sim *sim, const char *path, const void *bytes, size_t n, unsigned flags);
/* NULL if it is not there; valid until the next write. */
const struct text *sim_file(const struct sim *sim, const char *path);

#endif

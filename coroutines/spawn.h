/* Starting a process at a cost that does not depend on how much memory we use, and following one
 * through a pidfd. Knows no loop: env_uv.c waits for the descriptor. */
#ifndef ROUSE_SPAWN_H
#define ROUSE_SPAWN_H

#include "coroutines/env.h"

/* Start it as the leader of a process group of its own (of a session with options->session), with
 * default signals and, apart from 0 to 2 and pass_fd as 3, none of our descriptors. Relative paths
 * of files are seen from our own directory. 0, the pid and a descriptor that turns readable when it
 * exits and which the caller closes; or a negative errno, and nothing has been started. */
int spawn_process(const struct env_spawn *options, int64_t *ret_pid, int *ret_pidfd);
/* The same for a process that is there already: -ESRCH if it is not. */
int spawn_follow(int64_t pid, int *ret_pidfd);
/* Our child `pid` has exited: reap it. Status -1 if it was none of ours. */
void spawn_reap(int64_t pid, int *ret_status, int *ret_signal);
/* Signal the process group that pid leads. */
int spawn_kill(int64_t pid, int signal);

#endif

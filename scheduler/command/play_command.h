/* Playing: what `play` and `vip` share, and the scheduler process that they start. */
#ifndef ROUSE_PLAY_COMMAND_H
#define ROUSE_PLAY_COMMAND_H

#include "scheduler/command/template_lists.h"
#include "scheduler/config/workflow.h"
#include "scheduler/run/daemon.h"
#include "scheduler/run/resolve.h"

struct play_options {
    const char *initial, *final, *start, *stop, *hold_after; /* NULL: not given */
    const char *mode, *placement, *ports, *speed, *host, *format;
    struct option_list start_tasks, plugins;
    struct template_lists templates;
    char *directory; /* the caller's, where --set-file begins; heap */
    int no_detach, paused, reference_log, upgrade, downgrade, abort_on_failure;
    int reference_test, profile;
};

enum { PLAY_OPTIONS = 36 };
/* The options into defs (room for PLAY_OPTIONS). Returns how many. */
size_t play_option_defs(struct play_options *options, struct option_def *defs);
/* OPTIONS_GO_ON, or the exit status after telling what cannot be. */
int play_options_check(const struct command *command, const struct invocation *invocation,
                       const struct play_options *options);
/* "43001-43101", or one port; false for anything else. */
bool play_ports(const char *text, int *ret_first, int *ret_last);
void play_options_release(struct play_options *options);

/* Start, restart or resume the workflow at `place`. Returns in the process that was called; the
 * exit status. */
int play_workflow(const struct invocation *invocation, const struct workflow_place *place,
                  const struct play_options *options);

/* start.c: be the scheduler, from the first line of the log to the last. Exit status. */
int start_scheduler(const struct invocation *invocation, const struct workflow_place *place,
                    const struct play_options *options, struct daemon *daemon);

#endif

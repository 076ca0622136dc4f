/* Reinstalling from the command line: what `reinstall` and `vr` share. */
#ifndef ROUSE_REINSTALL_COMMAND_H
#define ROUSE_REINSTALL_COMMAND_H

#include "scheduler/command/command.h"
#include "scheduler/run/resolve.h"

/* The workflow of the argument; without one, that of the run directory we are in. */
int reinstall_place(const char *argument, struct workflow_place *ret_place, struct error *error);
/* Reinstall and say so. With a person at the terminal who has not said --yes, show the changes
 * first and ask. EXIT_OK and whether something was changed, or the exit status. */
int reinstall_and_tell(const struct invocation *invocation, const struct workflow_place *place,
                       bool sure, bool *ret_changed);

#endif

/* Installing from the command line: what `install` and `vip` share. */
#ifndef ROUSE_INSTALL_COMMAND_H
#define ROUSE_INSTALL_COMMAND_H

#include "scheduler/command/option.h"
#include "scheduler/run/install.h"

/* The options of installing, into defs (room for INSTALL_OPTIONS). Returns how many. */
enum { INSTALL_OPTIONS = 4 };
size_t install_option_defs(struct install_options *options, int *no_run_name,
                           struct option_def *defs);
/* Install and say so. EXIT_OK and ret_installed, or the exit status. */
int install_and_tell(const struct invocation *invocation, const struct install_options *options,
                     struct installed *ret_installed);

#endif

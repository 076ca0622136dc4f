/* Installing from the command line: what `install` and `vip` share. */
#ifndef ROUSE_INSTALL_COMMAND_H
#define ROUSE_INSTALL_COMMAND_H

#include "scheduler/command/option.h"
#include "scheduler/config/global.h"
#include "scheduler/run/install.h"

/* The options of installing, into defs (room for INSTALL_OPTIONS). Returns how many. */
enum { INSTALL_OPTIONS = 5 };
struct install_wishes {
    struct install_options options;
    const char *symlink_dirs; /* --symlink-dirs; NULL: what global.cylc says */
    int no_run_name;
    struct global_config *global; /* what options point into, and the next, too */
    struct arena arena;
    char *symlink_text;
};
size_t install_option_defs(struct install_wishes *wishes, struct option_def *defs);
/* All that is to be known for installing `source` (NULL: this directory): global.cylc is read. */
int install_wishes_complete(struct install_wishes *wishes, const char *source, struct error *error);
void install_wishes_release(struct install_wishes *wishes);
/* Install and say so. EXIT_OK and ret_installed, or the exit status. */
int install_and_tell(const struct invocation *invocation, const struct install_options *options,
                     struct installed *ret_installed);

#endif

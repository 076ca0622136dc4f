/* Installing: a source directory becomes a run directory below ~/cylc-run, as Cylc 8 does it. */
#ifndef ROUSE_INSTALL_H
#define ROUSE_INSTALL_H

#include "base/error.h"
#include "scheduler/run/symlinks.h"
#include <stdbool.h>

struct install_options {
    const char *source;        /* a directory, or a name in source_dirs; NULL: the current one */
    const char *workflow_name; /* NULL: the source directory's name */
    const char *run_name;      /* NULL: the next of run1, run2, ... */
    bool no_run_name;          /* straight into ~/cylc-run/NAME */
    const char *const *source_dirs; /* `~` and variables are expanded; n 0: ~/cylc-src */
    size_t n_source_dirs;
    struct symlink_dirs symlinks;
};

struct installed {
    char *id;     /* "flow/run1" */
    char *source; /* absolute */
    char *run_dir;
};

/* Copies everything but .git, .svn, log, share, work, _cylc-install, .service and what
 * .cylcignore names. -EEXIST: the run directory is there already; -ENOENT: no flow.cylc in the
 * source; -EINVAL: a name or a combination that cannot be. What a failed copy left is removed. */
int install_workflow(const struct install_options *options, struct installed *ret_installed,
                     struct error *error);
/* The source directory that the options mean; heap. -ENOENT, -EINVAL. */
int install_find_source(const struct install_options *options, char **ret_source,
                        struct error *error);
/* The source that run_dir was installed from; heap, NULL if it was not installed or the source is
 * gone. */
char *install_source_of(const char *run_dir);
void installed_release(struct installed *installed);

#endif

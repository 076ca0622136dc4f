/* Directories of a run that lie elsewhere: [install][symlink dirs] of global.cylc. */
#ifndef ROUSE_SYMLINKS_H
#define ROUSE_SYMLINKS_H

#include "base/error.h"
#include <stddef.h>

/* What may be moved; "run" is the run directory itself. */
#define SYMLINK_DIRS(X) X("run") X("log") X("share") X("work") X("log/job") X("share/cycle")
enum { SYMLINK_DIRS_N = 6 };
extern const char *const symlink_names[SYMLINK_DIRS_N]; /* those above others first */

/* By place in symlink_names: the directory below which it is to lie, or NULL or "": where it always
 * does. `~` and variables are expanded. */
struct symlink_dirs {
    const char *at[SYMLINK_DIRS_N];
};

/* "run=DIR, log=DIR": -EINVAL for another name, or for one without `=`. Points into `text`, which
 * it changes. */
int symlink_dirs_parse(char *text, struct symlink_dirs *ret_dirs, struct error *error);

/* Make run_dir, which must not be there, and the links: ~/cylc-run/ID/log -> DIR/cylc-run/ID/log
 * and so on. `made` is told of each. -EEXIST if something is at a target, -EINVAL for a variable
 * that is not set. All or nothing. */
int symlinks_make(const char *id, const char *run_dir, const struct symlink_dirs *dirs,
                  void (*made)(void *context, const char *path, const char *target), void *context,
                  struct error *error);

#endif

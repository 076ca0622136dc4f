/* Copying and removing trees of files. */
#ifndef ROUSE_COPY_H
#define ROUSE_COPY_H

#include "base/error.h"

enum { TREE_DEPTH_MAX = 64 };

/* Copy what is in directory `from` into the existing directory `to`, with modes, times and symbolic
 * links as they are, leaving out what a run directory makes itself (log, share, work, runN,
 * _cylc-install, .service at the top), .git, .svn and what FROM/.cylcignore names. */
int copy_source(const char *from, const char *to, struct error *error);
/* Remove it and everything below; links are removed, not followed. What is not there is fine. */
int tree_remove(const char *path, struct error *error);

#endif

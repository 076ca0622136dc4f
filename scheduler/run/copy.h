/* Copying and removing trees of files. */
#ifndef ROUSE_COPY_H
#define ROUSE_COPY_H

#include "base/error.h"

enum { TREE_DEPTH_MAX = 64 };

/* Copy what is in directory `from` into the existing directory `to`, with modes, times and symbolic
 * links as they are, leaving out what source_rules.h says. */
int copy_source(const char *from, const char *to, struct error *error);
/* Copy a file or a symbolic link; what is at `to` is replaced at once or not at all. */
int copy_replace(const char *from, const char *to, struct error *error);
/* Remove it and everything below; links are removed, not followed. What is not there is fine. */
int tree_remove(const char *path, struct error *error);

#endif

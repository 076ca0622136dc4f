/* Whether a run may go on in another version of Cylc than the one it ran in last. */
#ifndef ROUSE_VERSION_CHECK_H
#define ROUSE_VERSION_CHECK_H

#include "base/error.h"
#include <stdbool.h>

/* `last`: cylc_version of the run ("8.3.6", "8.4.0.dev"); NULL: not known. `level`: the one this
 * program stands for. Another minor version needs the user's leave (--upgrade, --downgrade),
 * another maintenance release does not. -ENOTSUP and error: it may not. */
int version_check(const char *last, const char *level, bool upgrade, bool downgrade,
                  struct error *error);

#endif

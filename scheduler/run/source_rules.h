/* What of a source directory does not go into a run directory: what a run makes itself (log, share,
 * work, runN, _cylc-install, .service at the top), .git, .svn, and what .cylcignore names. */
#ifndef ROUSE_SOURCE_RULES_H
#define ROUSE_SOURCE_RULES_H

#include "base/vec.h"
#include <stdbool.h>

struct source_rules {
    VEC(char *) ignored; /* patterns of .cylcignore */
};

void source_rules_read(const char *source, struct source_rules *rules);
/* relative: path below the source, depth its number of slashes; a pattern with a slash is matched
 * against all of it. */
bool source_rules_leave_out(const struct source_rules *rules, const char *relative, unsigned depth);
void source_rules_release(struct source_rules *rules);

#endif

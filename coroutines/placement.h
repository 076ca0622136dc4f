/* Where each member of the cast lives: `--placement recorder=thread,xtriggers=process`. */
#ifndef ROUSE_PLACEMENT_H
#define ROUSE_PLACEMENT_H

#include "base/error.h"
#include "coroutines/topics.h"

enum place { PLACE_LOOP, PLACE_THREAD, PLACE_PROCESS, PLACES };
extern const char *const place_names[PLACES]; /* "loop", "thread", "process" */

struct placement {
    enum place of[MEMBERS];
};

/* text: comma separated MEMBER=PLACE; NULL or empty: all on one loop. The server holds the bound
 * port: it cannot be put in a process; health stays on the main loop. */
int placement_parse(const char *text, struct placement *ret_placement, struct error *error);
/* MEMBER_BITs of the members at `place`. */
unsigned placement_members(const struct placement *placement, enum place place);

#endif

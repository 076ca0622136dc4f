/* Which instances the ids of a query mean: in the pool by patterns, families and states; exactly
 * also outside it. */
#ifndef ROUSE_CHOOSE_H
#define ROUSE_CHOOSE_H

#include "coroutines/show.h"

struct chosen { /* all zero: nothing */
    VEC(struct instance_view) found;
    struct text unmatched; /* ids that mean nothing here: "1/x, 2/y" */
};

/* Where an instance may be that is not in the pool. */
enum choose_range {
    CHOOSE_POOL,   /* nowhere */
    CHOOSE_WINDOW, /* next to one in the pool */
    CHOOSE_ANY     /* anywhere, also where the task does not run */
};

/* ids: a list of "CYCLE/TASK[:STATE]" with *, ?, [...], families, ^ and $. -EINVAL for what is no
 * list of ids; with CHOOSE_ANY also -ENOENT for names that are not defined. database: of the run,
 * to look up what is not in the pool; NULL: none. */
int choose_instances(const struct view *view, const json_t *ids, enum choose_range range,
                     const char *database, struct chosen *ret_chosen, struct error *error);
void chosen_release(struct chosen *chosen);

#endif

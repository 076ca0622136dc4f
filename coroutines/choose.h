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

/* Tasks that were found to match some id; what has changed since is looked at again. */
struct candidates {
    struct view_key *at;
    size_t n, capacity;
};

/* ids: a list of "CYCLE/TASK[:STATE]" with *, ?, [...], families, ^ and $. -EINVAL for what is no
 * list of ids; with CHOOSE_ANY also -ENOENT for names that are not defined. database: of the run,
 * to look up what is not in the pool; NULL: none. candidates: where what matches a pattern is to be
 * found; NULL: in the whole pool. */
int choose_instances(const struct view *view, const json_t *ids, enum choose_range range,
                     const char *database, const struct candidates *candidates,
                     struct chosen *ret_chosen, struct error *error);
void chosen_release(struct chosen *chosen);

/* The ids of a list that are patterns, families or of a state: those for which the pool has to be
 * looked through. What is wrong with the others choose_instances will say. */
struct patterns;
bool patterns_any(const struct view *view, const json_t *ids);
struct patterns *patterns_create(const struct view *view, const json_t *ids);
void patterns_destroy(struct patterns *patterns);
/* Whether one of them means the task. */
bool patterns_match(const struct patterns *patterns, const struct view_task *task);

#endif

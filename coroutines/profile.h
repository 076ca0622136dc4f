/* What a loop's time goes to (play --profile): how often and how long each kind of coroutine ran.
 */
#ifndef ROUSE_PROFILE_H
#define ROUSE_PROFILE_H

#include "coroutines/env.h"

enum { PROFILE_ROWS_MAX = 64 }; /* kinds of coroutines; what comes after counts as the last */

struct profile_row {
    const struct co_type *type;
    uint64_t n, microseconds, longest;
};

struct profile {
    struct env *env; /* its clock */
    unsigned n_rows;
    struct profile_row rows[PROFILE_ROWS_MAX];
};

uint64_t profile_now(const struct profile *profile);
/* A coroutine of this kind has run since `began`. */
void profile_add(struct profile *profile, const struct co_type *type, uint64_t began);
/* A line for each kind, the most expensive first. */
void profile_log(struct profile *profile);

#endif

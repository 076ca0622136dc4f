/* See profile.h. */
#include "coroutines/profile.h"
#include <inttypes.h>
#include <stdlib.h>

#include "base/banned.h"

uint64_t profile_now(const struct profile *profile)
{
    return profile->env->ops->monotonic(profile->env);
}

void profile_add(struct profile *profile, const struct co_type *type, uint64_t began)
{
    uint64_t took = profile_now(profile) - began;
    unsigned i = 0;
    while (i < profile->n_rows && profile->rows[i].type != type)
        i++;
    if (i == PROFILE_ROWS_MAX)
        i--;
    if (i == profile->n_rows)
        profile->rows[profile->n_rows++].type = type;
    struct profile_row *row = &profile->rows[i];
    row->n++;
    row->microseconds += took;
    row->longest = took > row->longest ? took : row->longest;
}

static int by_time(const void *a, const void *b)
{
    const struct profile_row *x = a, *y = b;
    return (x->microseconds < y->microseconds) - (x->microseconds > y->microseconds);
}

void profile_log(struct profile *profile)
{
    qsort(profile->rows, profile->n_rows, sizeof *profile->rows, by_time);
    for (unsigned i = 0; i < profile->n_rows; i++) {
        const struct profile_row *row = &profile->rows[i];
        env_logf(profile->env, LOG_INFO_LEVEL,
                 "Profile: %s ran %" PRIu64 " times, %.3f s in all, %.3f s at most",
                 row->type->name, row->n, (double)row->microseconds / 1e6,
                 (double)row->longest / 1e6);
    }
}

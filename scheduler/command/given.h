/* What an earlier run of a workflow, or the one that is running, was given: it counts again for a
 * restart and a reload. */
#ifndef ROUSE_GIVEN_H
#define ROUSE_GIVEN_H

#include "db/db.h"
#include "scheduler/config/workflow.h"

struct given { /* texts NULL: not given */
    char *initial, *final, *start, *stop, *hold_after, *mode;
    char *version;               /* of Cylc */
    struct key_value *variables; /* of templates */
    size_t n_variables;
};

/* Negative and error if the database cannot be read. */
int given_read(struct db *db, struct given *ret_given, struct error *error);
void given_release(struct given *given);

/* Load the definition with `options`. The initial point of the first start is kept, also where the
 * file leaves it to the command line or to the clock: then options->initial is set. NULL and error.
 */
struct workflow *given_load(const char *definition, const struct given *given,
                            struct workflow_options *options,
                            void (*warn)(void *context, const char *text), void *context,
                            struct error *error);

#endif

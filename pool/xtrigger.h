/* Xtriggers as the pool sees them: signatures, and which instances wait for each. A retry delay is
 * the signature wall_clock(trigger_time=...) without an xtrigger definition. */
#ifndef ROUSE_POOL_XTRIGGER_H
#define ROUSE_POOL_XTRIGGER_H

#include "base/text.h"
#include "pool/instance.h"

struct signature {
    char *text;
    char *results;          /* JSON object, or NULL */
    struct link dependants; /* struct dependence.of_signature */
    bool watched, satisfied;
    UT_hash_handle hh;
};

/* The xtrigger of a dependence that is the time at which the instance expires: nobody waits for it.
 */
#define XTRIGGER_EXPIRY (NO_INDEX - 1)
/* The time from which it is late, for which nobody waits either. */
#define XTRIGGER_LATE (NO_INDEX - 2)

enum dependence_role {
    ROLE_REQUIRED,    /* the instance waits for it in any case */
    ROLE_ALTERNATIVE, /* it stands in a condition with | */
    ROLE_COMPANION    /* the graph does not name it here: it decides about another one (window.c) */
};

struct dependence {
    struct instance *instance;
    struct signature *signature;
    struct dependence *next; /* of the instance */
    struct link of_signature;
    uint32_t xtrigger; /* NO_INDEX: retry delay; or XTRIGGER_EXPIRY, _LATE */
    uint8_t role;      /* enum dependence_role */
    bool satisfied;
    bool lost; /* its window has closed, or (a clock) was not needed: it is not watched any more */
};

/* Whether the instance does not go before it is satisfied. */
static inline bool dependence_holds_back(const struct dependence *dependence)
{
    return !dependence->satisfied && dependence->role == ROLE_REQUIRED &&
           dependence->xtrigger != XTRIGGER_EXPIRY && dependence->xtrigger != XTRIGGER_LATE;
}

/* It can only be satisfied by a user now. */
static inline bool dependence_is_lost(const struct dependence *dependence)
{
    return dependence->lost && !dependence->satisfied;
}

/* Whether it is one the user knows: neither a retry delay nor an expiry or lateness. */
static inline bool dependence_is_xtrigger(const struct dependence *dependence)
{
    return dependence->xtrigger < XTRIGGER_LATE;
}

struct signatures { /* all zero: empty */
    struct signature *table;
};

/* Names of the workflow for %(workflow)s and its like; NULL: that template is left as it is. */
struct xtrigger_names {
    const char *workflow, *owner, *run_dir;
};

/* "function(args)" of an xtrigger for one instance: templates filled, without the quotes of the
 * definition, as Cylc 8.4 writes it; wall_clock with its time. Heap. */
char *xtrigger_signature(const struct workflow *workflow, const struct xtrigger_names *names,
                         uint32_t xtrigger, cycle_point point, uint32_t task);
/* The same as a call that can be read again: what is a text stands in quotes. Heap. */
char *xtrigger_call(const struct workflow *workflow, const struct xtrigger_names *names,
                    uint32_t xtrigger, cycle_point point, uint32_t task);

/* The time in "wall_clock(trigger_time=N)", as " 2030-01-01T00:00:00Z"; nothing if there is none.
 */
void signature_add_time(const char *signature, struct text *out);

struct signature *signatures_find(const struct signatures *signatures, struct slice text);
void signatures_release(struct signatures *signatures);
/* Adds a dependence of the instance on the signature, made if need be. */
struct dependence *signatures_depend(struct signatures *signatures, struct instance *instance,
                                     uint32_t xtrigger, enum dependence_role role,
                                     const char *text);
/* The instance's dependence on an xtrigger; NULL: none. */
struct dependence *dependence_find(const struct instance *instance, uint32_t xtrigger);
/* Frees a dependence; true if it was the signature's last: then ret_text is the heap text of what
 * nobody needs any more, and whether it was watched. */
bool signatures_undepend(struct signatures *signatures, struct dependence *dependence,
                         char **ret_text, bool *ret_watched);

/* The environment the results give a job: a JSON object {"LABEL_KEY": "value"}, "" if there is
 * nothing. */
void xtrigger_environment(const struct workflow *workflow, const struct instance *instance,
                          struct text *out);

#endif

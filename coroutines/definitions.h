/* The versions of the definition on one loop, and how its members change from one to the next.
 *
 * The cast's version is the context's `workflow`; who reads it there whenever it is needed has
 * nothing to do for a reload. A task's index means the same in all versions (workflow.h), so what
 * is under way then names the right task; whatever else is an index (atoms, groups, xtriggers,
 * queues, outputs) is only ever said by the pool and the triggers, which are at rest:
 *
 *   definition.next   from the pool: the file is read here, parsed on the thread pool
 *   definition.step   SETTLE: answered when it is loaded and all the pool said before has had its
 *                     effect. If somebody could not load it, STAY follows, else
 *                     SWAP: the loop's context points to the new version; a member that made
 *                     something out of the old one makes it anew, then answers.
 *   definition.done   the answer of a holder to a step
 *
 * The pool says nothing between a step and the last answer, and goes on after it. */
#ifndef ROUSE_DEFINITIONS_H
#define ROUSE_DEFINITIONS_H

#include "coroutines/cast.h"

struct definitions;

/* For the members of the loop with this context; it is the definitions' to change its `workflow`,
 * which is the first version and stays the caller's. */
struct definitions *definitions_create(struct cast_context *context);
/* After the loop's env is destroyed, so that nothing is being loaded. Takes NULL. */
void definitions_destroy(struct definitions *definitions);

/* Have version message->value ready, from a definition.next; the first of the loop's members to ask
 * begins. co is woken when it is there or cannot be. */
void definitions_load(struct definitions *definitions, const struct message *message,
                      struct co *co);
/* 0: it is there; -EINPROGRESS; or why it cannot be, as error. */
int definitions_ready(const struct definitions *definitions, uint64_t version, struct error *error);
/* The version there is, or NULL. */
const struct workflow *definitions_find(const struct definitions *definitions, uint64_t version);
/* What the database holds, by the names of that version; read once for the loop. PRE: the version
 * is there, and what the pool has said is committed. 0; -EINPROGRESS: co is woken when it is over;
 * or an error. *ret_restart lives until the next version is loaded. */
int definitions_restart(struct definitions *definitions, uint64_t version, struct co *co,
                        const struct restart **ret_restart, struct error *error);
/* From now on it is the context's workflow. The one before stays until another is loaded. Nothing
 * happens if it is not there: a process that was started anew meanwhile has read the new file. */
void definitions_swap(struct definitions *definitions, uint64_t version);

/* One member's part in a change. Zero it, then holder_init. */
struct holder {
    const struct cast_context *context;
    enum member member;
    struct co *co;
    uint64_t version;
    enum definition_step step;
    bool due; /* a step is to be taken */
};

void holder_init(struct holder *holder, enum member member, const struct cast_context *context,
                 struct co *co);
/* definition.next and definition.step; other topics change nothing. */
void holder_hear(struct holder *holder, const struct message *message);
/* Whether that step is to be taken now: STEP_SETTLE when the version is loaded (or cannot be),
 * STEP_SWAP when the context has the new one. */
bool holder_is_due(const struct holder *holder, enum definition_step step);
/* The version that is to come; NULL and error if it could not be loaded. */
const struct workflow *holder_next(const struct holder *holder, struct error *error);
/* The step has been taken, or cannot be: error->code. */
void holder_done(struct holder *holder, const struct error *error);

#endif

/* A task instance of the pool, and the table of them. Kept small: a million fit a laptop. */
#ifndef ROUSE_POOL_INSTANCE_H
#define ROUSE_POOL_INSTANCE_H

#include "base/bits.h"
#include "pool/cycle.h"
#include "pool/flow.h"
#include "pool/list.h"
#include "scheduler/config/workflow.h"

/* What an instance means for the question whether anything can still happen. */
enum instance_class {
    CLASS_BEYOND,      /* waits for the runahead limit; the list is its cycle's */
    CLASS_UNSATISFIED, /* waits for other tasks */
    CLASS_READY,       /* waits for anything else: queue, xtrigger, retry delay, release */
    CLASS_ACTIVE,
    CLASS_FINISHED,   /* complete: goes when its outputs have had their effect */
    CLASS_INCOMPLETE, /* finished without its required outputs */
    CLASSES
};

struct dependence; /* xtrigger.h */
struct overlay;    /* scheduler/config/overlay.h */

struct instance {
    cycle_point point; /* point and task: the key */
    uint32_t task;
    uint32_t submit;
    uint32_t try_;       /* of execution, from 1 */
    uint32_t submit_try; /* of submission, from 1 */
    uint64_t outputs;    /* completed */
    union {              /* satisfied atoms */
        uint64_t few;
        uint64_t *many;
    } atoms;
    struct marks *forced; /* what a user satisfied: see family.c */
    int64_t settled; /* offset in the job's status file up to which messages had their effect */
    struct flow_set *flows;
    struct cycle *cycle;
    struct dependence *dependences;
    struct overlay *overlay; /* what was broadcast to its job; NULL: nothing */
    uint32_t serial;         /* tells it from one that had the same name before */
    uint32_t n_waited_for;   /* dependences not satisfied */
    uint16_t in_flight;      /* outputs whose consequences are not all known */
    uint16_t flags;          /* enum task_flag */
    uint8_t status;          /* enum task_status */
    uint8_t class_;          /* enum instance_class */
    bool satisfied;          /* all prerequisites */
    bool previous_done;      /* of a sequential task: the instance before it succeeded */
    bool restored;           /* its history in other flows was not asked for */
    bool selected;           /* by the command under way */
    struct link of_task, of_class, of_queue;
    UT_hash_handle hh;
};

struct instances {
    const struct workflow *workflow;
    struct instance *table;
    struct link *of_task; /* by task */
};

void instances_init(struct instances *instances, const struct workflow *workflow);
void instances_release(struct instances *instances);
struct instance *instances_find(const struct instances *instances, cycle_point point,
                                uint32_t task);
/* A new one in the table: waiting, nothing satisfied, in no other list. PRE: there is none. */
struct instance *instances_add(struct instances *instances, cycle_point point, uint32_t task);
/* Takes it out and frees it. PRE: it is in no list but its task's. */
void instances_remove(struct instances *instances, struct instance *instance);

/* Satisfied atoms, as many words as the task's atoms need. */
uint64_t *instance_atoms(const struct instances *instances, struct instance *instance);
const uint64_t *instance_atoms_of(const struct instances *instances,
                                  const struct instance *instance);

static inline enum task_status instance_status(const struct instance *instance)
{
    return (enum task_status)instance->status;
}

#endif

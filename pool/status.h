/* The states of a task instance and what qualifies them: Cylc 8's, by the same names. */
#ifndef ROUSE_POOL_STATUS_H
#define ROUSE_POOL_STATUS_H

#include <stdbool.h>
#include <stdint.h>

enum task_status {
    STATUS_WAITING,
    STATUS_PREPARING,
    STATUS_SUBMITTED,
    STATUS_RUNNING,
    STATUS_SUCCEEDED,
    STATUS_FAILED,
    STATUS_SUBMIT_FAILED,
    STATUS_EXPIRED,
    STATUSES
};

/* "waiting", ..., "submit-failed", "expired" */
extern const char *const task_status_names[STATUSES];
/* STATUSES if the name is none. */
enum task_status task_status_of(const char *name);

static inline bool status_is_active(enum task_status status)
{
    return status == STATUS_PREPARING || status == STATUS_SUBMITTED || status == STATUS_RUNNING;
}

static inline bool status_is_final(enum task_status status)
{
    return status >= STATUS_SUCCEEDED;
}

enum task_flag {
    TASK_HELD = 1 << 0,
    TASK_QUEUED = 1 << 1,   /* ready, waits for its queue's limit */
    TASK_RUNAHEAD = 1 << 2, /* beyond the runahead limit */
    TASK_FLOW_WAIT = 1 << 3,
    TASK_MANUAL = 1 << 4,      /* submitted by the trigger command */
    TASK_FROM_CURSOR = 1 << 5, /* spawned by its sequence, not by a parent */
    TASK_INCOMPLETE = 1 << 6,  /* finished without its required outputs */
    TASK_RETRYING = 1 << 7,    /* waits for a retry delay */
    TASK_LATE = 1 << 8,        /* that has been told, and is not told again */
    TASK_JOINED = 1 << 9 /* runs again since flows have met, or a retry where others may be its
                          * children than were: its outputs trigger once more */
};
/* Above the flags: how many submission retries are used up, so that a restart goes on counting. */
enum { TASK_SUBMIT_RETRIES_SHIFT = 16, TASK_SUBMIT_RETRIES = 0x7FFF0000 };

/* What users satisfied for an instance is a list of sets (base/bits.h): this one of whole atoms;
 * and of the family trigger that atom A is, the set A of members. */
#define FORCED_ATOMS UINT32_MAX

#endif

/* When a job is asked how it does: Cylc's polling intervals as a sequence of delays. Pure. */
#ifndef ROUSE_JOB_POLLING_H
#define ROUSE_JOB_POLLING_H

#include "scheduler/config/workflow.h"

/* Zero, then the settings, then polling_next as often as wanted. */
struct polling {
    struct delays intervals;   /* the last one is used again and again; none: never */
    double limit;              /* execution time limit, seconds; 0 = none */
    struct delays after_limit; /* counted from the limit */
    /* where it stands */
    uint32_t next;
    double elapsed; /* since the beginning, seconds */
    bool beyond;    /* the limit */
};

/* Seconds from the poll before (the first time: from the beginning) to the next; negative: there is
 * none. With a limit the intervals hold up to it, and after_limit beyond it. */
double polling_next(struct polling *polling);

#endif

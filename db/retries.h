/* task_action_timers: how many retries of its delays a task has used. Rows only of tasks that have
 * retry delays (Cylc writes them for every task). */
#ifndef ROUSE_DB_RETRIES_H
#define ROUSE_DB_RETRIES_H

#include "db/store.h"

/* A job is submitted, or waits for a retry: `try_` of its execution, `submissions` that failed. */
void retries_note(struct db *db, cycle_point point, uint32_t task, uint32_t try_,
                  uint32_t submissions);
/* A job was submitted: it is polled from now on. */
void retries_note_polling(struct db *db, cycle_point point, uint32_t task);

#endif

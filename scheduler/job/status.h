/* What a job says of itself: the lines of its job.status, read as they are appended.
 *
 *     CYLC_JOB_RUNNER_NAME=background     the claim: the first five lines, at once, by the process
 *     CYLC_JOB_ID=4711                    that has created the file
 *     CYLC_JOB_RUNNER_SUBMIT_TIME=2026-01-01T00:00:00Z
 *     CYLC_JOB_PID=4711
 *     CYLC_JOB_INIT_TIME=2026-01-01T00:00:00Z
 *     CYLC_MESSAGE=2026-01-01T00:00:05Z|INFO|half way
 *     CYLC_JOB_EXIT=SUCCEEDED             or ERR, EXIT, TERM, ..., or aborted/"reason"
 *     CYLC_JOB_EXIT_TIME=2026-01-01T00:00:09Z
 *
 * Names and meaning are Cylc 8's. Lines that mean nothing to us are passed over. Pure. */
#ifndef ROUSE_JOB_STATUS_H
#define ROUSE_JOB_STATUS_H

#include "base/text.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    JOB_RUNNER_MAX = 64,
    JOB_ID_MAX = 128,
    JOB_EXIT_MAX = 512,
    JOB_STATUS_LINE_MAX = 256 * 1024 /* what is longer is no line: it is passed over */
};

struct job_status {
    uint64_t offset; /* bytes understood so far: whole lines */
    char runner[JOB_RUNNER_MAX];
    char id[JOB_ID_MAX];     /* CYLC_JOB_ID; empty: not claimed yet */
    int64_t pid;             /* CYLC_JOB_PID, or 0 */
    int64_t submit_time;     /* microseconds since 1970-01-01T00Z, 0: not said */
    int64_t init_time;       /* 0: not started */
    char exit[JOB_EXIT_MAX]; /* empty: not ended; cut to size */
    int64_t exit_time;       /* 0: has not ended, or is busy with its exit script */
    bool passing_over;       /* inside a line that is too long */
};

struct job_status_message {
    struct slice text;
    struct slice severity; /* "INFO", as the job wrote it */
    int64_t when;          /* microseconds, 0 if it is unreadable */
    uint64_t offset;       /* just after the line */
};

/* Zero is the state before the first byte. `rest`: bytes of the file from status->offset on.
 * Takes whole lines off it up to and including the next message: true and the message; or false
 * when no whole line is left. */
bool job_status_next(struct job_status *status, struct slice *rest,
                     struct job_status_message *ret_message);

/* "2026-01-01T00:00:00Z", also with "+hh:mm", "+hhmm", "+hh"; without a zone: UTC. Microseconds
 * since 1970-01-01T00Z, or 0 if it is none. */
int64_t job_time_parse(struct slice text);

/* "TERM" for 15; "SIG" and the number for one without a name. buffer: JOB_SIGNAL_MAX. */
enum { JOB_SIGNAL_MAX = 16 };
const char *job_signal_name(int signal, char *buffer);

#endif

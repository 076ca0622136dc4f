/* A ring of the last TRACE_SIZE events of this thread, always on. It is written to stderr when an
 * assertion fails. One event costs a few nanoseconds. */
#ifndef ROUSE_BASE_TRACE_H
#define ROUSE_BASE_TRACE_H

#include <stdint.h>

enum { TRACE_SIZE = 256 };

/* Remember `event` (a string literal: only the pointer is kept) with two numbers. */
void trace(const char *event, int64_t a, int64_t b);

/* Write the ring, oldest first, to file descriptor `fd`. */
void trace_dump(int fd);

/* A running hash of everything traced by this thread since trace_reset: the simulator compares it
 * between two runs of one seed. */
uint64_t trace_hash(void);
void trace_reset(void);

#endif

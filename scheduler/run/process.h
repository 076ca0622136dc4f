/* What only the machine can tell: who and where we are, and whether a process is alive. */
#ifndef ROUSE_PROCESS_H
#define ROUSE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

/* This host's name; heap. */
char *process_host(void);
/* Whether `host` names this machine. */
bool process_host_is_here(const char *host);
/* User name; heap. */
char *process_user(void);
/* This process's, or another's, command line, joined by blanks; heap, NULL if there is no such
 * process. pid 0: this one. */
char *process_command(int64_t pid);
/* Path of the running program; heap, NULL if it cannot be told. */
char *process_program(void);
bool process_is_alive(int64_t pid);
/* A new random UUID (version 4); heap. */
char *process_uuid(void);
/* Microseconds since 1970-01-01T00Z. */
int64_t process_now(void);
struct process_usage { /* of this process, so far */
    double user_seconds, system_seconds;
    int64_t memory_max;         /* bytes */
    int64_t waits, preemptions; /* how often it gave the processor up, and lost it */
};
void process_usage(struct process_usage *ret_usage);
/* Do nothing for so long. */
void process_wait(double seconds);
/* An ISO 8601 date and time, "20260101T0600Z", "2026-01-01T06:00+01:00", in local time without a
 * time zone, to seconds since 1970-01-01T00Z. -EINVAL. */
int process_read_time(const char *text, int64_t *ret_seconds);

#endif

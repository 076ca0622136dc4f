/* Becoming a daemon: the program that was called waits until the scheduler says that it has
 * started, or why it has not. */
#ifndef ROUSE_DAEMON_H
#define ROUSE_DAEMON_H

#include "base/error.h"
#include <stdbool.h>

struct daemon {
    int fd;    /* the scheduler writes its report here, the caller reads it; -1: no daemon */
    bool told; /* the report has been written */
};

/* Fork twice: the scheduler gets a session of its own, with /dev/null as stdin and stdout. Returns
 * in both processes; *ret_is_scheduler tells which. PRE: no thread has been started. */
int daemon_begin(struct daemon *ret_daemon, bool *ret_is_scheduler, struct error *error);
/* The scheduler's report, once: exit status for the caller, and what it should print. Without a
 * daemon (fd -1) it has no effect. */
void daemon_report(struct daemon *daemon, int status, const char *text);
/* The caller waits for it: the status and the text (heap). A scheduler that died without a report
 * gives -1. */
int daemon_wait(struct daemon *daemon, char **ret_text);

#endif

/* A program that speaks in lines, on its stdin and stdout or both ways on its descriptor 3: how
 * `xtrigger-host` runs what it serves. Nothing here waits but bridge_child_end. */
#ifndef ROUSE_BRIDGE_CHILD_H
#define ROUSE_BRIDGE_CHILD_H

#include "base/error.h"
#include "base/text.h"
#include "xtriggers/host_wire.h"
#include <stdbool.h>
#include <sys/types.h>

enum {
    BRIDGE_CHILD_UNREAD_MAX = 16 * 1024 * 1024, /* bytes it has not read */
    BRIDGE_CHILD_PATIENCE_MS = 5000             /* to end by itself; from SIGTERM to SIGKILL */
};

struct bridge_child {
    pid_t pid;             /* of its process group, too; 0: none */
    int in, out;           /* where it reads and where it writes, seen from us; may be the same */
    struct text unread;    /* what it said, from `taken` on not looked at */
    struct text unwritten; /* what it is to be told */
    size_t taken;
    bool silent; /* it has closed its output */
};

/* Start `arguments` (NULL ended, searched on PATH). channel: it speaks on descriptor 3, its stdin
 * and stdout are closed. Signals are not blocked in it. */
int bridge_child_start(struct bridge_child *child, char *const *arguments, bool channel,
                       struct error *error);
/* It is who has started us: it writes on our stdin and reads our stdout. */
int bridge_child_is_parent(struct bridge_child *child, struct error *error);
/* Tell it a line. -ENOBUFS: it does not read. */
int bridge_child_tell(struct bridge_child *child, const char *line, struct error *error);
/* Write what it has room for. */
void bridge_child_write(struct bridge_child *child);
/* Read what is there. -EMSGSIZE: a line that is too long. */
int bridge_child_read(struct bridge_child *child, struct error *error);
/* Whether there is something to read now. */
bool bridge_child_is_readable(const struct bridge_child *child);
bool bridge_child_has_line(const struct bridge_child *child);
/* The next whole line, without its end, valid until the next read; NULL: none. */
char *bridge_child_line(struct bridge_child *child);
/* Whether it has ended, and how, as waitpid tells. */
bool bridge_child_has_ended(struct bridge_child *child, int *ret_status);
/* Let it read what it was told and its end, and end by itself, for a while. */
void bridge_child_finish(struct bridge_child *child);
/* End it with all that it started: SIGTERM, and SIGKILL after a while. */
void bridge_child_end(struct bridge_child *child);

#endif

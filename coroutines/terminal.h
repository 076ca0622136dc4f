/* A terminal that lines are written to, with a few lines at its end that change: what is going on
 * now. One owner; nobody else writes to it meanwhile. */
#ifndef ROUSE_COROUTINES_TERMINAL_H
#define ROUSE_COROUTINES_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

enum { TERMINAL_ROWS_MAX = 8 }; /* of the lines at the end */

struct terminal {
    int fd;         /* 0: there is none, and nothing has any effect */
    bool live;      /* it can show lines that change; else they are not shown */
    unsigned shown; /* rows at the end now */
    char *block;    /* the lines wanted there; NULL: none */
};

/* Whether fd is a terminal that can move its cursor. */
bool terminal_is_capable(int fd);
/* A line (with its end) above the lines at the end. */
void terminal_write(struct terminal *terminal, const char *bytes, size_t n);
/* From now on these lines stand at the end, cut to the width; "": none. */
void terminal_show(struct terminal *terminal, const char *lines);
/* Takes the lines at the end away. */
void terminal_release(struct terminal *terminal);

#endif

/* What a subcommand is: one file with one entry, listed in table.c. */
#ifndef ROUSE_COMMAND_H
#define ROUSE_COMMAND_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>

/* Exit statuses, as Cylc 8 has them. */
enum exit_status {
    EXIT_OK = 0,
    EXIT_FAILED = 1,  /* it could not be done; also: the workflow ended by an abort */
    EXIT_USAGE = 2,   /* options or arguments that cannot be; not implemented */
    EXIT_NO_START = 3 /* the scheduler could not start */
};

/* How the program was called. */
struct invocation {
    const char *program; /* "rouse" or "cylc" */
    bool as_cylc;        /* answer as Cylc 8 does where that is less helpful */
    bool verbose, quiet, debug;
    unsigned timeout_ms; /* --comms-timeout; 0: not given */
};

struct command {
    const char *name;
    const char *summary;  /* one line, for the list of commands */
    const char *synopsis; /* "[OPTIONS] WORKFLOW..." */
    const char *help;     /* what it does, with an example */
    /* argv[0] is the command's name. Returns the exit status. */
    int (*run)(const struct command *command, struct invocation *invocation, int argc, char **argv);
};

extern const struct command *const commands[]; /* sorted by name, NULL ended */
/* NULL if there is none of that name. */
const struct command *command_find(const char *name);
/* The name most like it, or NULL if nothing is near. */
const char *command_nearest(const char *name);

/* "rouse: error: TEXT" on stderr; returns status. */
int command_fail(const struct invocation *invocation, int status, const struct error *error);
int command_failf(const struct invocation *invocation, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "rouse: error: 'WHAT' is not implemented" on stderr; returns EXIT_USAGE. */
int command_not_implemented(const struct invocation *invocation, const char *what);

#endif

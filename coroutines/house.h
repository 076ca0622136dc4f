/* The house: makes the loops, the bus and the cast of one workflow by a placement, runs them to the
 * end, takes them down. */
#ifndef ROUSE_HOUSE_H
#define ROUSE_HOUSE_H

#include "coroutines/cast.h"

struct house_options {
    struct cast_context context; /* env, bus, member_done: filled by the house */
    const char *placement;       /* "recorder=thread,xtriggers=process"; NULL: all on one loop */
    int log_fd;
    int terminal_fd; /* a copy of each log line goes here; 0: nowhere */
    enum log_level log_level;
    bool log_utc;
    bool profile;     /* log at the end what the main loop's time went to */
    bool clock_jumps; /* env_uv_options.jumps; with everything on one loop only */
    /* After each line that the main loop has logged; with started_context. May be NULL. */
    void (*logged)(void *context);
    const char *workflow_file; /* what a member in another process loads */
    const struct workflow_options *workflow_options;
    const char *program; /* this executable, for members in processes */
    /* Called once everything runs: commands are answered from now on. May be NULL. */
    void (*started)(void *context);
    void *started_context;
};

/* Runs the workflow to its end. Returns the scheduler's exit status (0: ended as it should; 1:
 * aborted, stalled, database fault), or a negative errno and an error if it could not start. */
int house_run(const struct house_options *options, struct error *error);

/* `rouse cast MEMBER`: the other side of a member in a process. Exit status. */
int house_member_main(int argc, char **argv);

#endif

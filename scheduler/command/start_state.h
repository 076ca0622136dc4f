/* One start of a scheduler: what its steps (start*.c) hand on to each other. Each step is 0, or
 * negative with an error; failure_class is then what Cylc calls such an error. */
#ifndef ROUSE_START_STATE_H
#define ROUSE_START_STATE_H

#include "coroutines/topics.h"
#include "db/db.h"
#include "scheduler/command/command.h"
#include "scheduler/command/given.h"
#include "scheduler/command/play_command.h"
#include "scheduler/run/start_files.h"

struct listener;
struct global_config;

struct start {
    const struct invocation *invocation;
    const struct workflow_place *place;
    const struct play_options *options;
    struct daemon *daemon;
    struct start_files files;
    int lock_fd;
    bool utc, contact_written;
    bool has_run;     /* the cast began: the database is worth keeping */
    bool was_private; /* its database was Cylc's private one until now */
    char *definition, *db_path;
    char *host, *owner, *uuid, *program;
    struct given earlier;
    struct text start_tasks; /* ids, one a line */
    struct text sequential;  /* see workflow_make_sequential */
    char *processed; /* what a template came to; what else reads the definition reads this */
    const char *failure_class;
    struct workflow_options workflow_options;
    struct global_config *global;
    char *placement; /* of the command line, or else of global.cylc; NULL: all on one loop */
    size_t log_size_max;
    unsigned logs_max;
    struct workflow *workflow;
    struct db *db;
    struct restart *restart;
    struct listener *listener;
};

/* A line in the log, and on the terminal if the scheduler stays there. */
void start_say(const struct start *s, const char *level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* start_database.c */
/* Cylc's private database, if there is one, becomes log/db. Before the log is there. */
int start_take_private(struct start *s, struct error *error);
/* What an earlier run was given. */
int start_read_earlier(struct start *s, struct error *error);
/* What it left; and the rows that tell of this start. */
int start_open_database(struct start *s, struct error *error);

/* start_definition.c */
int start_load_definition(struct start *s, struct error *error);
void start_say_points(const struct start *s);
/* "live", ... */
const char *start_mode(const struct start *s);
bool start_clock_jumps(const struct start *s);

#endif

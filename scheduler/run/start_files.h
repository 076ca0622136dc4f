/* The files of one start: log/scheduler/NN-start-MM.log, log/config/NN-start-MM.cylc, named as Cylc
 * 8 names them. NN counts the files in their directory, MM the (re)starts. */
#ifndef ROUSE_START_FILES_H
#define ROUSE_START_FILES_H

#include "scheduler/run/rundir.h"

struct start_files {
    bool is_restart; /* a database was there */
    unsigned number; /* NN */
    unsigned start;  /* MM */
    char *log;       /* .../log/scheduler/NN-start-MM.log */
    char *config;    /* .../log/config/NN-start-MM.cylc */
    int log_fd;
};
/* Choose the names, create the log file and point the link `log` at it. */
int start_files_open(const char *run_dir, struct start_files *ret_files, struct error *error);
/* .../log/config/NN-reload-MM.cylc: where the definition of a reload belongs. Heap. */
char *start_files_reload(const char *run_dir);
void start_files_release(struct start_files *files);
/* The log goes on in the next file, log/scheduler/NN+1-start-MM.log, by the same descriptor; of all
 * log files the `keep` newest are kept. On an error it goes on in the old one. */
int start_files_roll(struct start_files *files, unsigned keep, struct error *error);

/* One line as the scheduler writes it: "2026-01-01T00:00:00Z INFO - text"; with `terminal_fd` > 0
 * also there, without the time. For what is logged before the house stands and after. */
void rundir_log(int log_fd, int terminal_fd, bool utc, const char *level, const char *text);

#endif

/* Run directories: ~/cylc-run/WORKFLOW, laid out as Cylc 8 does.
 *
 *   flow.cylc  share/ work/ .service/{contact,keys}
 *   log/db  log/job/  log/scheduler/NN-start-MM.log (and a link `log`)
 *   log/config/flow-processed.cylc  log/config/NN-start-MM.cylc
 *
 * The files of one start are in start_files.h. */
#ifndef ROUSE_RUNDIR_H
#define ROUSE_RUNDIR_H

#include "base/error.h"
#include "base/text.h"
#include <stdbool.h>

enum { RUNDIR_DEPTH_MAX = 4 }; /* how deep below ~/cylc-run a run directory may lie, as in Cylc */

/* ~/cylc-run; heap. -ENOENT-like NULL never: without HOME the user's entry in passwd is used. */
char *rundir_root(void);
/* rundir_root/ID; heap. */
char *rundir_of(const char *workflow_id);
/* Whether it holds a flow.cylc (or suite.rc), or the traces of a run. */
bool rundir_is_one(const char *path);
/* Make a directory and its parents; existing ones are fine. */
int directory_make(const char *path, struct error *error);
/* Replace (or make) the symbolic link at path, atomically. */
int link_replace(const char *target, const char *path, struct error *error);

/* Make what a start needs below run_dir (which must exist). */
int rundir_prepare(const char *run_dir, struct error *error);

/* Held by a scheduler (the calling process) as long as it runs: two cannot run in one directory,
 * however they race. Once in a process: closing any descriptor of that file gives it up. A
 * descriptor, or -EWOULDBLOCK if it is held. -ENOTSUP where the file system has no locks: the
 * contact file decides alone. */
int rundir_lock(const char *run_dir, struct error *error);

#endif

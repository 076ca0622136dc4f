/* From what a user types to a workflow: ids, runN, paths, lists of tasks. */
#ifndef ROUSE_RESOLVE_H
#define ROUSE_RESOLVE_H

#include "base/error.h"
#include "base/vec.h"
#include <stdbool.h>

struct workflow_place {
    char *id;      /* "flow/run1" */
    char *run_dir; /* ~/cylc-run/flow/run1 */
};
void workflow_place_release(struct workflow_place *place);

/* "flow" (its latest run, if its runs are numbered), "flow/runN", "flow/run1", "~me/flow"; also a
 * path to a run directory ("." , "./x", "/..."). The directory must exist: else -ENOENT. -EINVAL
 * for what is no workflow id. Another user's workflow is refused. */
int resolve_workflow(const char *text, struct workflow_place *ret_place, struct error *error);
/* The same without asking that it exists; for names that will be made. -EINVAL if it is none. */
int workflow_name_check(const char *name, struct error *error);

/* "flow" or "flow/runN": the latest run's own name where there is one ("flow/run2"), else a copy.
 * Heap. */
char *resolve_run_n(const char *id);

/* A flow.cylc: a file, a source directory, or a workflow id. Heap path. */
int resolve_definition(const char *text, char **ret_path, struct error *error);

/* The tasks of one workflow among a command's arguments. */
struct target {
    struct workflow_place place;
    VEC(char *) ids; /* "1/a", relative */
    bool is_last;    /* named by the last argument that names workflows */
};
struct targets {
    struct target *at;
    size_t n;
};
/* "flow//1/a", "flow" "//1/a" "//2/b", several workflows; a pattern: those that run. With
 * `need_ids` each workflow must have at least one id; without `allow_ids` none may have any. */
int resolve_targets(int n, char *const *arguments, bool allow_ids, bool need_ids,
                    struct targets *ret_targets, struct error *error);
void targets_release(struct targets *targets);

/* Ids of all workflows below ~/cylc-run, sorted. Directories without runs are not listed; links
 * (runN) are not followed. */
struct resolve_names {
    char **at;
    size_t n, capacity;
};
void resolve_list(struct resolve_names *ret_names);
void resolve_names_release(struct resolve_names *names);

#endif

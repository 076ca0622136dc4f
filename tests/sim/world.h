/* The jobs and clients of a simulated run: scripted by the spec and the seed, with faults. */
#ifndef ROUSE_SIM_WORLD_H
#define ROUSE_SIM_WORLD_H

#include "base/table.h"
#include "coroutines/actor.h"
#include "tests/lib/env_sim.h"
#include "tests/sim/plan.h"
#include "tests/sim/spec.h"
#include <sqlite3.h>

struct faults { /* per mille */
    unsigned die_before_commit, die_after_commit, busy_commit, fatal_commit;
    unsigned dies_at_once; /* a job's process ends before it does anything */
    unsigned report_lost, report_twice, report_late, report_contradicts;
    unsigned command; /* a client interferes, at each job's start */
    unsigned clock_jump;
};

struct body_run { /* a job's script ran: must happen once for each submit number */
    char *id;
    unsigned times;
    UT_hash_handle hh;
};

struct report {
    char *job, *text;
    int64_t offset;
    struct report *next;
};

struct world {
    struct sim *sim;
    const struct spec *spec;
    struct faults faults;
    uint64_t heals_at; /* from then on no faults */
    const struct plan *plan;
    const char *directory;   /* of the run, in the real world */
    char stop[16];           /* point, as the database had it when this life began; empty: none */
    int step;                /* of the plan: answered so far */
    uint64_t asked;          /* id of the request under way; 0: none */
    bool taken;              /* the world is already as the step will have it */
    uint64_t since;          /* the step before was due then */
    bool quiet;              /* no faults before the next one is due */
    const struct rules *now; /* of a story: what must come of the steps so far */
    int ran[SPEC_TASKS_MAX][SPEC_POINTS_MAX + 1]; /* scripts of jobs */
    bool ghosts[SPEC_TASKS_MAX][SPEC_POINTS_MAX + 1], any_ghost;
    int in_queue; /* of them under way, of the small queue */
    struct body *bodies;
    unsigned lives;
    unsigned ends; /* lives of the scheduler that came to an end by themselves */
    struct body_run *runs;
    sqlite3 *reader;      /* sees what is committed, as an outsider does */
    struct actor *server; /* the scheduler that lives now, or NULL */
    struct report *reports;
    uint64_t next_id;
    unsigned replies, commits, kills;
    unsigned reloads; /* definitions read */
    bool verbose;
    bool kill;         /* the scheduler dies after this turn */
    char problem[512]; /* what was found wrong; empty = nothing */
};

/* Faults happen in the first FAULTY seconds after each step. */
enum { FAULTY = 300 };
void world_init(struct world *world, struct sim *sim, const struct spec *spec,
                const struct plan *plan, const struct faults *faults);
void world_release(struct world *world);
/* In the real run directory. */
void world_forget_files(const struct world *world);
void world_problem(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool world_fault(struct world *world, unsigned per_mille);

/* The simulated server: a member of the cast. */
void *world_server_create(struct world *world, const struct cast_context *context);
void world_server_destroy(struct world *world, void *member);

/* For struct db_faults. */
int world_before_commit(void *context);
int world_after_commit(void *context);

#endif

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
    int step;       /* of the plan: answered so far */
    uint64_t asked; /* id of the request under way; 0: none */
    struct body_run *runs;
    sqlite3 *reader;      /* sees what is committed, as an outsider does */
    struct actor *server; /* the scheduler that lives now, or NULL */
    struct report *reports;
    uint64_t next_id;
    unsigned replies, commits, kills;
    unsigned reloads;  /* definitions read */
    bool kill;         /* the scheduler dies after this turn */
    char problem[512]; /* what was found wrong; empty = nothing */
};

/* A step of the plan is taken every PLAN_PAUSE seconds, which is time enough for everything that
 * follows from it; faults happen in the first FAULTY of them. */
enum { PLAN_PAUSE = 4 * 3600, FAULTY = 300 };
void world_init(struct world *world, struct sim *sim, const struct spec *spec,
                const struct plan *plan, const struct faults *faults);
void world_release(struct world *world);
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

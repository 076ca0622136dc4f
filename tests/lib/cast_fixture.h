/* One member of the cast over the bus in memory, in the simulated world or the real one. The test
 * speaks as all the others and reads what the member says. */
#ifndef ROUSE_TESTS_CAST_FIXTURE_H
#define ROUSE_TESTS_CAST_FIXTURE_H

#include "base/vec.h"
#include "coroutines/cast.h"
#include "tests/lib/env_sim.h"
#include "tests/lib/sim_host.h"

struct cast_fixture;

struct cast_ears {
    struct co co;
    struct cast_fixture *fixture;
    enum member member;
};

struct cast_fixture {
    enum member subject;
    struct sim *sim; /* NULL: the real world */
    struct sim_hosts *hosts;
    struct env *env;
    struct env_ops world; /* the env's own */
    struct env_ops ops;   /* with the log caught; a test may change more */
    struct bus *bus;
    struct workflow *workflow;
    struct cast_context context;
    atomic_int exit_status;
    void *member;
    unsigned done; /* how often it said that it is done */
    struct cast_ears ears[MEMBERS];
    VEC(char *) heard; /* see cast_expect */
    bool hears_asked;  /* xtrigger.asked, which is passed over otherwise */
    size_t seen;
    const char *awaited;
    bool met;
    VEC(struct env_watch *) watches; /* of files, under way */
    struct env_timer patience;
    struct text log;
    char run_dir[64]; /* a new directory of the real world, with nothing in it */
};

/* The member is created and has taken its first turns. `flow`: text of a flow.cylc;
 * implicit tasks are allowed. */
void cast_open(struct cast_fixture *fixture, enum member member, const char *flow,
               const struct restart *restart);
/* The same in the real world. */
void cast_open_real(struct cast_fixture *fixture, enum member member, const char *flow,
                    const struct restart *restart);
/* From now on, worlds that are simulated have this seed, and shuffle who runs next; 0: as before.
 */
void cast_use_seed(uint64_t seed);
/* In two steps, for what has to be made ready before the member is. */
void cast_prepare(struct cast_fixture *fixture, enum member member, const char *flow, bool real);
void cast_begin(struct cast_fixture *fixture, const struct restart *restart);
/* Before it begins: tests/lib/plugins/NAME.c is in the workflow's lib/xtriggers. */
void cast_add_plugin(struct cast_fixture *fixture, const char *name);
/* Destroys the member, done or not, and everything else. */
void cast_close(struct cast_fixture *fixture);

/* Say it as `member`, and let the subject hear it. */
void cast_say(struct cast_fixture *fixture, enum member member, struct message *message);
/* Without letting it. */
void cast_say_only(struct cast_fixture *fixture, enum member member, struct message *message);
/* Everything that `member` said is committed. */
void cast_say_recorded(struct cast_fixture *fixture);
void cast_say_recorded_to(struct cast_fixture *fixture, enum member member, uint64_t seq);
/* workflow.shutdown, then every other outbox but that of `except` (MEMBERS: none) is closed. */
void cast_say_shutdown(struct cast_fixture *fixture);
void cast_close_others(struct cast_fixture *fixture, unsigned except);

/* Simulated: every watch of a file is told that it does not work any more. */
void cast_break_watches(struct cast_fixture *fixture);

/* Until nobody is ready (simulated), or for a moment (real). */
void cast_settle(struct cast_fixture *fixture);
/* Let time pass. */
void cast_pass(struct cast_fixture *fixture, double seconds);
/* Until a line that begins so is heard, after those awaited before; the test fails if none is. */
void cast_await(struct cast_fixture *fixture, const char *beginning);

/* What was heard since the last time: "TOPIC POINT/TASK number=N ..." one a line. */
void cast_expect(struct cast_fixture *fixture, const char *lines);
/* Forget what was heard. */
void cast_forget(struct cast_fixture *fixture);
/* How many lines that begin so were heard and not forgotten. */
unsigned cast_count(const struct cast_fixture *fixture, const char *beginning);
void cast_expect_log(const struct cast_fixture *fixture, const char *part);

/* Index of a task of the workflow. */
uint32_t cast_task(const struct cast_fixture *fixture, const char *name);

#endif

/* The jobs coroutine in the real world, over the bus in memory. The test is the task pool, the
 * recorder and the server: it says what they would say, and reads what the jobs tell them. */
#ifndef ROUSE_TESTS_JOBS_FIXTURE_H
#define ROUSE_TESTS_JOBS_FIXTURE_H

#include "base/vec.h"
#include "coroutines/cast.h"
#include <stdatomic.h>

enum { JOBS_HURRY = 50 };

struct jobs_ears {
    struct co co;
    struct jobs_fixture *fixture;
    enum member member;
};

struct jobs_fixture {
    struct env *env;
    struct env_ops ops; /* the real ones, with some changed */
    struct bus *bus;
    char run_dir[64];
    struct workflow *workflow;
    struct task_def *task; /* `a` */
    struct cast_context context;
    atomic_int exit_status;
    void *jobs;
    bool done;
    struct jobs_ears pool, server, recorder;
    VEC(char *) heard; /* "job.started a/1" ... */
    size_t seen;
    const char *awaited; /* the run stops when a line begins with it */
    bool met;
    struct env_timer patience;
    uint64_t last_said; /* sequence number of the last thing the pool said */
};

/* cmocka's setup and teardown: *state is the fixture, a started jobs coroutine with one task `a`
 * at point 1. */
int jobs_setup(void **state);
int jobs_teardown(void **state);

/* Run until something that begins with `awaited` is heard, after what was awaited before. */
void jobs_await(struct jobs_fixture *fixture, const char *awaited);
/* Run for a while. */
void jobs_linger(struct jobs_fixture *fixture, unsigned milliseconds);
unsigned jobs_count_heard(const struct jobs_fixture *fixture, const char *beginning);
/* Everything heard so far, one a line. */
void jobs_expect_heard(struct jobs_fixture *fixture, const char *expected);
/* Say it as `member`. */
void jobs_say(struct jobs_fixture *fixture, enum member member, struct message *message);
/* job.submit of 1/a by this submit number; environment: JSON or NULL. */
void jobs_ask_submit(struct jobs_fixture *fixture, uint32_t submit, const char *environment);
/* All that the pool has said is committed. */
void jobs_say_recorded(struct jobs_fixture *fixture);
/* Both, for submit number 1 and a task with this script. */
void jobs_submit(struct jobs_fixture *fixture, const char *script);
/* job.kill or job.poll of 1/a/01, and recorded. */
void jobs_ask(struct jobs_fixture *fixture, enum topic topic);
void jobs_follow(struct jobs_fixture *fixture, enum task_status status, int64_t settled);
void jobs_report(struct jobs_fixture *fixture, uint64_t id, const char *job, const char *text,
                 int64_t offset);
void jobs_say_outcome(struct jobs_fixture *fixture, uint64_t id);
/* The scheduler stops and is started again; what was heard is forgotten. */
void jobs_restart(struct jobs_fixture *fixture);
/* "" if it is not there. */
char *jobs_contents(struct jobs_fixture *fixture, const char *name);
void jobs_expect_in(struct jobs_fixture *fixture, const char *name, const char *part);
void jobs_put_file(struct jobs_fixture *fixture, const char *name, const char *text,
                   unsigned flags);
bool jobs_exists(const struct jobs_fixture *fixture, const char *name);
int64_t jobs_pid(struct jobs_fixture *fixture);
/* Lets the job with jobs_message_script go on to its last message. */
void jobs_let_go(struct jobs_fixture *fixture);
int64_t jobs_end_of_file(struct jobs_fixture *fixture, const char *name);
/* For fixture->ops: time passes JOBS_HURRY times faster; no file can be watched. */
void jobs_hurried_timer(struct env *env, struct env_timer *timer, struct co *co, uint64_t delay);
int jobs_refuse_watch(struct env *env, struct env_watch *watch, struct co *co, const char *path);

/* Sends "one" and "two", waits for jobs_let_go, sends "last". */
extern const char jobs_message_script[];
/* Where a test keeps the operations it has replaced in fixture->ops. */
extern struct env_ops jobs_real_ops;

#endif

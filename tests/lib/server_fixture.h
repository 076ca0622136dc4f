/* The server alone, in a thread, over a real socket; stand-ins answer as the cast would:
 *   "refuse": an error; "chunks": 1 and 2, then 3; "later": after the next "now", newest first;
 *   "after" with {"ms": N}: after so long; "never"; "stop": the workflow shuts down; "fault"; the
 * query "dump": an endless stream, a chunk and one more for each that is taken; other queries:
 * "pong"; anything else: its arguments. */
#ifndef ROUSE_TESTS_SERVER_FIXTURE_H
#define ROUSE_TESTS_SERVER_FIXTURE_H

#include "coroutines/cast.h"
#include "scheduler/net/client.h"
#include <pthread.h>

enum { PORT_FIRST = 43801, PORT_LAST = 43899, LATER_MAX = 16 };

struct delayed;

/* Answers as a member of the cast would. */
struct stand_in {
    struct co co;
    enum member member;
    struct fixture *fixture;
    unsigned heard;
    struct {
        uint64_t id;
        char *args;
    } later[LATER_MAX]; /* not answered yet */
    unsigned n_later;
    struct delayed *delayed[LATER_MAX];
    unsigned n_delayed;
};

/* A command that takes its time: "after" with {"ms": N}. */
struct delayed {
    struct co co;
    struct env_timer timer;
    struct stand_in *stand_in;
    uint64_t id;
    bool done;
};

struct fixture {
    char *home, *run_dir;
    struct env *env;
    struct bus *bus;
    struct listener *listener;
    struct cast_context context;
    void *server;
    struct stand_in commands, viewer, jobs;
    pthread_t thread;
    int64_t acknowledged; /* offset of the message that was answered */
    int cancelled;
    bool done, ended;
};

int server_set_up(void **state);
int server_tear_down(void **state);
struct client *open_client(struct fixture *f, unsigned timeout_ms, struct error *error);
/* Over a connection of its own; args is taken over, ret_data may be NULL. */
int request(struct fixture *f, const char *command, json_t *args, unsigned timeout_ms,
            json_t **ret_data, struct error *error);
void assert_serves(struct fixture *f);

#endif

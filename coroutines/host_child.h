/* A host in a child process of ours, which speaks the language of xtriggers/host_wire.h over its
 * descriptor 3. It is started when it is needed, asked for a sign of life while it works, ended
 * when it goes wrong, and started again, later and later. What it forked ends with it. */
#ifndef ROUSE_HOST_CHILD_H
#define ROUSE_HOST_CHILD_H

#include "coroutines/host_calls.h"

enum {
    HOST_PING_SECONDS = 10, /* seconds between pings while it has something to do */
    HOST_SILENCE = 30,      /* seconds in which a ping must be answered */
    HOST_MEMORY_MAX = 1024, /* MiB it may use */
    HOST_ERR_MAX = 16,      /* MiB it may write to stdout and stderr */
    HOST_LINES_MAX = 10000, /* lines that are read in a second; the others wait */
    HOST_OUT_MAX = 16,      /* MiB that wait to be read by it */
    HOST_HEALTHY = 60       /* seconds it has to live for its past to be forgotten */
};

struct host_child;

struct host_child_options {
    const char *name; /* "the Python host", for messages */
    const char *const *argv;
    const char *err;     /* file for its stdout and stderr */
    unsigned memory_max; /* MiB; 0: HOST_MEMORY_MAX */
    unsigned at_once;    /* calls under way at most */
    bool registers;      /* is started at once, to say what it serves */
    /* It has registered, or could not. */
    void (*changed)(void *context);
    void *context;
};

/* Everything is copied. */
struct host_child *host_child_create(struct actor *actor, const struct host_child_options *options);
struct host *host_child_host(struct host_child *child);
/* It has said what it serves, or has died before. */
bool host_child_is_known(const struct host_child *child);
/* It is known and serves nothing: why, and start it once more to see. */
bool host_child_is_nameless(const struct host_child *child);
const char *host_child_last_words(const struct host_child *child);
void host_child_look_again(struct host_child *child);
bool host_child_serves(const struct host_child *child, const char *function);
/* It is asked no more, and ends when it has no call. */
void host_child_retire(struct host_child *child);
bool host_child_is_gone(const struct host_child *child);
/* Ends it at once. Calls it still has are forgotten. Takes NULL. */
void host_child_destroy(struct host_child *child);

#endif

/* One command run for events: the child coroutine of `handlers`. It waits until what it tells of is
 * recorded, runs the command, and again after a failure as long as there are delays; each try has a
 * deadline. Used by handlers.c and mail.c only. */
#ifndef ROUSE_COROUTINES_HANDLER_H
#define ROUSE_COROUTINES_HANDLER_H

#include "base/vec.h"
#include "coroutines/cast.h"
#include "pool/list.h"

struct handler;

/* What all handlers of a workflow have in common. */
struct handler_host {
    const struct cast_context *context;
    struct link handlers;  /* all, in the order they came */
    struct link recording; /* those whose events are not recorded, by seq */
    struct link queued;    /* for their turn */
    unsigned n_running;
    uint64_t recorded; /* of the task pool's outbox */
    bool closing;      /* the workflow shuts down: no more delays */
    char *prelude;     /* what each command begins with: the environment of handlers */
    /* All tries are over, or it was put off to the next start (settled false). */
    void (*over)(struct handler_host *host, struct handler *handler, bool settled);
};

/* What to run. Texts and delays are copied. */
struct handler_order {
    const char *name;     /* for logs: "1/a/01 succeeded handler" */
    const char *label;    /* for the activity log: "(('event-handler-00', 'succeeded'), 1)" */
    const char *command;  /* for the shell */
    const char *activity; /* file that gets the command's output */
    const struct delays *delays; /* before each try, seconds; none: one try at once */
    uint64_t seq;                /* of the task pool, to be recorded first; 0: nothing */
    const uint64_t *events;      /* ids of the events it tells of */
    size_t n_events;
};

struct handler {
    struct co co;
    struct handler_host *host;
    struct link of_host, of_list;
    char *name, *label, *command, *activity;
    VEC(double) delays;
    VEC(uint64_t) events;
    uint64_t seq;
    size_t tries;
    bool may_run, timed_out, settled;
    struct env_process process;
    struct env_timer timer; /* a delay, or the deadline */
};

void handler_host_init(struct handler_host *host, const struct cast_context *context);
void handler_host_release(struct handler_host *host); /* with the handlers there are */
void handler_start(struct handler_host *host, const struct handler_order *order);
/* Everything of the task pool up to `seq` is committed. */
void handler_host_recorded(struct handler_host *host, uint64_t seq);
/* Nothing is put off any longer but to the next start. */
void handler_host_shut(struct handler_host *host);
bool handler_host_is_idle(const struct handler_host *host);

#endif

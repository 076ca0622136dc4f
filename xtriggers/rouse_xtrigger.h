/* The xtrigger plugin interface, version 1: the one header a plugin includes.
 *
 * An xtrigger is a function that may say "satisfied", with results. A plugin is a shared object in
 * the workflow's lib/xtriggers/ that exports
 *
 *     const struct rouse_xtrigger *rouse_xtrigger_v1(void);
 *
 * The scheduler asks once when a task begins to wait and then whenever the plugin said it wants to
 * be asked again: after some seconds, at a time, when a file changes, or when it wakes the
 * scheduler itself. If it says nothing, the interval of the flow.cylc definition holds. One
 * signature (function and arguments) is asked once however many tasks wait for it, and never again
 * after it was satisfied.
 *
 * Everything a plugin is given belongs to the scheduler and is valid during the call. Texts are
 * UTF-8 and ended by NUL. C and C++. */
#ifndef ROUSE_XTRIGGER_H
#define ROUSE_XTRIGGER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { ROUSE_XTRIGGER_ABI = 1 };

enum rouse_verdict {
    ROUSE_ERROR = -1, /* say why with call->fail; it is asked again */
    ROUSE_NOT_YET = 0,
    ROUSE_SATISFIED = 1
};

/* What an argument is, as Python would read it. */
enum rouse_type { ROUSE_TEXT, ROUSE_INTEGER, ROUSE_NUMBER, ROUSE_BOOLEAN, ROUSE_NONE };

/* What a plugin keeps to be asked again, see `wake`. */
struct rouse_waker;

struct rouse_call {
    const char *signature; /* "my_trigger(a, n=2)" */
    const char *run_dir;   /* ~/cylc-run/WORKFLOW, absolute */
    /* Arguments, unquoted, in the order written; names[i] is NULL for a positional one. */
    const char *const *names;
    const char *const *values;
    const enum rouse_type *types; /* of the values; a boolean is "True" or "False" */
    size_t n;
    double now;      /* seconds since 1970-01-01T00Z */
    double interval; /* seconds between calls, as the workflow says */
    uint64_t dice;   /* a fresh random number for each call */
    void **state;    /* the plugin's own for this signature; NULL before the first call */

    /* A result: KEY becomes the variable LABEL_KEY in the environment of the tasks' jobs. */
    void (*result)(struct rouse_call *call, const char *key, const char *value);
    /* The same with a value that is no text. One that is not of the type is a text. */
    void (*typed_result)(struct rouse_call *call, const char *key, enum rouse_type type,
                         const char *value);
    /* Why this call failed. */
    void (*fail)(struct rouse_call *call, const char *reason);
    /* When to ask again; the earliest one counts. */
    void (*again_after)(struct rouse_call *call, double seconds);
    void (*again_at)(struct rouse_call *call, double time);
    void (*again_when_changed)(struct rouse_call *call, const char *path);
    /* A line for the scheduler's log. */
    void (*log)(struct rouse_call *call, const char *text);

    /* Push: a plugin that learns by itself of what it waits for keeps `wake` and `waker`, and calls
     * wake(waker) from any of its threads, at any time until its `drop` has returned: it is asked
     * again at once. `again_when_woken` says that nothing else is needed: no interval. */
    struct rouse_waker *waker;
    void (*wake)(struct rouse_waker *waker);
    void (*again_when_woken)(struct rouse_call *call);
};

enum rouse_flag {
    ROUSE_BLOCKS = 1 /* `ask` may take its time: it runs on a thread of the plugin's own */
};

struct rouse_xtrigger {
    uint32_t abi;      /* ROUSE_XTRIGGER_ABI */
    uint32_t flags;    /* enum rouse_flag */
    const char *name;  /* as flow.cylc calls it */
    const char *usage; /* "my_trigger(file, n=1)", for messages */
    /* Are these arguments right? 0, or -1 and call->fail. May be NULL. Called before the workflow
     * runs; arguments may still hold %(point)s and the like. */
    int (*validate)(struct rouse_call *call);
    enum rouse_verdict (*ask)(struct rouse_call *call);
    /* Nobody waits any more: free *call->state. May be NULL. */
    void (*drop)(struct rouse_call *call);
    /* The results are committed to the workflow's database: what they came from (a message of a
     * queue) may be acknowledged. Before `drop`; not called if the scheduler ends before that. May
     * be NULL. */
    void (*kept)(struct rouse_call *call);
};

#ifdef __cplusplus
}
#endif

#endif

/* Queries with patterns, families or states in a large pool: it is looked through a part a turn,
 * and everybody else is heard in between. */
#ifndef ROUSE_SEARCH_H
#define ROUSE_SEARCH_H

#include "coroutines/choose.h"

enum {
    SEARCH_TASKS_PER_TURN = 500,
    SEARCH_FOUND_MAX = 10000 /* tasks; more would be an answer too large for one message */
};

struct search;

struct searches {
    struct view *view;
    struct search *first; /* the oldest: they are dealt with one after the other */
    void *context;
    /* It is over: candidates are the tasks that match. NULL: nothing was found out, `why` says so.
     */
    void (*done)(void *context, uint64_t id, struct slice name, const json_t *args,
                 const struct candidates *candidates, const char *why);
};

/* Whether the query is for ids that the whole pool has to be looked through for, and that is large.
 */
bool search_is_needed(const struct view *view, const json_t *args);
void search_begin(struct searches *searches, uint64_t id, struct slice name, const json_t *args);
/* A part of the oldest one. True: there is more to do. */
bool searches_work(struct searches *searches);
/* All end without a result. */
void searches_end(struct searches *searches, const char *why);
/* The same without a word. */
void searches_release(struct searches *searches);

#endif

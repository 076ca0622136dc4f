/* Answers that do not fit into one message: `dump` and `subscribe`.
 *
 * A stream is a place in the read model. It makes a chunk when its reader has taken the ones
 * before: at most STREAM_WINDOW chunks are under way, so that a reader who does not read costs
 * nothing and an answer never stands in memory whole. The streams take turns, a chunk at a time,
 * and everybody else is heard in between. */
#ifndef ROUSE_STREAMS_H
#define ROUSE_STREAMS_H

#include "coroutines/cast.h"
#include "coroutines/journal.h"
#include <jansson.h>

enum {
    STREAM_WINDOW = 32,             /* chunks sent and not taken */
    STREAM_CHUNK_BYTES = 32 * 1024, /* a chunk ends with the item that passes this */
    STREAMS_MAX = 256               /* at once; then the one whose reader is slowest is cut off */
};

struct stream;

struct streams {
    struct view *view;
    const struct cast_context *cast;
    struct journal journal;
    struct stream *first;
    unsigned n, n_subscribers;
    uint64_t n_opened;
    /* How to answer. */
    void (*say)(void *context, uint64_t id, enum reply_kind kind, const char *text);
    void *context;
};

void streams_release(struct streams *streams);
/* Whether this query is answered by a stream. */
bool streams_takes(struct slice name);
int streams_open(struct streams *streams, uint64_t id, struct slice name, const json_t *args,
                 struct error *error);
/* Its reader has taken n chunks; 0: nobody wants the rest. */
void streams_taken(struct streams *streams, uint64_t id, uint32_t n);
/* The view has been made anew, for another version of the definition: subscribers get a snapshot of
 * it, dumps that are under way end with an error. */
void streams_renew(struct streams *streams);
/* A message that has just been applied to the view. */
void streams_note(struct streams *streams, const struct message *message);
/* One chunk, of the stream whose turn it is. */
void streams_work(struct streams *streams);
/* Whether some stream has something to say and room for it. */
bool streams_have_work(const struct streams *streams);
/* The workflow is over: say what is left, and the end. */
void streams_end(struct streams *streams);

#endif

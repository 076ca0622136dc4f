/* See streams.h.
 *
 *   dump       chunk: [task, ...]                    ...  data: the workflow
 *   subscribe  chunk: {"snapshot": [task, ...]}      ...  {"sentinel": the workflow}
 *              chunk: {"deltas": [change, ...]}      ...  data: {"end": why}
 *
 * A snapshot is not of one instant: what changes while it is on its way is in it or not, and in the
 * deltas in any case, which begin at the instant of the subscription. */
#include "coroutines/streams.h"
#include "coroutines/queries.h"
#include "coroutines/show.h"
#include <errno.h>
#include <string.h>

#include "base/banned.h"

enum stream_phase { PHASE_TASKS, PHASE_DELTAS };

struct stream {
    uint64_t id;
    bool subscriber, full;
    bool anew; /* what was told before is void: the next chunk says so */
    enum stream_phase phase;
    unsigned room; /* chunks that may be sent */
    struct view_cursor cursor;
    uint64_t at;     /* next change to tell */
    uint64_t opened; /* which of all streams it is */
    struct stream *next;
};

bool streams_takes(struct slice name)
{
    return slice_equal(name, "dump") || slice_equal(name, "subscribe");
}

/* --- opening and closing --- */

static void stream_close(struct streams *self, struct stream *stream)
{
    struct stream **at = &self->first;
    while (*at != stream)
        at = &(*at)->next;
    *at = stream->next;
    view_cursor_close(self->view, &stream->cursor);
    self->n--;
    self->n_subscribers -= stream->subscriber;
    free(stream);
    if (!self->n_subscribers)
        journal_forget(&self->journal, journal_end(&self->journal));
}

void streams_release(struct streams *self)
{
    while (self->first)
        stream_close(self, self->first);
    journal_release(&self->journal);
}

/* The oldest of those that wait for their readers. */
static struct stream *slowest(struct streams *self)
{
    struct stream *found = NULL;
    for (struct stream *stream = self->first; stream; stream = stream->next)
        if (!stream->room && (!found || stream->opened < found->opened))
            found = stream;
    return found;
}

static int make_place(struct streams *self, struct error *error)
{
    if (self->n < STREAMS_MAX)
        return 0;
    struct stream *victim = slowest(self);
    if (!victim)
        return error_set(error, -EAGAIN, "the scheduler is busy: %d streams are open (the limit)",
                         STREAMS_MAX);
    self->say(self->context, victim->id, REPLY_ERROR,
              "cut off: you have not taken what was sent, and another client needs the place");
    stream_close(self, victim);
    return 0;
}

int streams_open(struct streams *self, uint64_t id, struct slice name, const json_t *args,
                 struct error *error)
{
    int result = make_place(self, error);
    if (result < 0)
        return result;
    struct stream *stream = NEW(struct stream);
    stream->id = id;
    stream->subscriber = slice_equal(name, "subscribe");
    stream->full = json_is_true(json_object_get(args, "full"));
    stream->room = STREAM_WINDOW;
    stream->opened = ++self->n_opened;
    stream->at = journal_end(&self->journal);
    view_cursor_open(self->view, &stream->cursor);
    stream->next = self->first;
    self->first = stream;
    self->n++;
    self->n_subscribers += stream->subscriber;
    return 0;
}

static struct stream *find(struct streams *self, uint64_t id)
{
    struct stream *stream = self->first;
    while (stream && stream->id != id)
        stream = stream->next;
    return stream;
}

void streams_taken(struct streams *self, uint64_t id, uint32_t n)
{
    struct stream *stream = find(self, id);
    if (!stream)
        return;
    if (n)
        stream->room = n < STREAM_WINDOW - stream->room ? stream->room + n : STREAM_WINDOW;
    else
        stream_close(self, stream);
}

void streams_renew(struct streams *self)
{
    for (struct stream *stream = self->first, *next; stream; stream = next) {
        next = stream->next;
        if (!stream->subscriber) {
            self->say(self->context, stream->id, REPLY_ERROR,
                      "the workflow was reloaded meanwhile: ask again");
            stream_close(self, stream);
            continue;
        }
        view_cursor_close(self->view, &stream->cursor);
        view_cursor_open(self->view, &stream->cursor);
        stream->phase = PHASE_TASKS;
        stream->at = journal_end(&self->journal);
        stream->anew = true;
    }
}

void streams_note(struct streams *self, const struct message *message)
{
    if (self->n_subscribers)
        journal_note(&self->journal, self->view, message);
}

/* --- making chunks --- */

static void send_chunk(struct streams *self, struct stream *stream, struct text *chunk)
{
    stream->room--;
    self->say(self->context, stream->id, REPLY_CHUNK, text_string(chunk));
}

static void add_json(struct text *out, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    json_decref(value);
    PRE(text);
    text_add(out, text);
    free(text);
}

static json_t *task_json(struct streams *self, const struct stream *stream,
                         const struct view_task *task)
{
    const struct instance_view instance = instance_view_of(task);
    const struct show_context context = {self->view, self->cast->owner, self->cast->workflow_id};
    return stream->full ? show_instance(&context, &instance) : show_summary(self->view, &instance);
}

/* A chunk of tasks. False: there is none left. */
static bool send_tasks(struct streams *self, struct stream *stream)
{
    struct text chunk = {0};
    text_add(&chunk, stream->subscriber ? "{\"snapshot\":[" : "[");
    size_t empty = chunk.n;
    const struct view_task *task = NULL;
    while (chunk.n < STREAM_CHUNK_BYTES && (task = view_cursor_next(&stream->cursor))) {
        text_add(&chunk, chunk.n == empty ? "" : ",");
        add_json(&chunk, task_json(self, stream, task));
    }
    bool any = chunk.n > empty;
    text_add(&chunk, !stream->subscriber ? "]" : stream->anew ? "],\"anew\":true}" : "]}");
    if (any) {
        send_chunk(self, stream, &chunk);
        stream->anew = false;
    }
    text_release(&chunk);
    return any;
}

static void send_sentinel(struct streams *self, struct stream *stream)
{
    struct text chunk = {0};
    json_t *sentinel = json_pack("{s:o}", "sentinel", query_workflow(self->view, self->cast));
    if (stream->anew)
        json_object_set_new(sentinel, "anew", json_true());
    stream->anew = false;
    add_json(&chunk, sentinel);
    send_chunk(self, stream, &chunk);
    text_release(&chunk);
    stream->phase = PHASE_DELTAS;
}

/* A chunk of changes, if there are any. */
static void send_deltas(struct streams *self, struct stream *stream)
{
    struct text chunk = {0};
    const struct text *change;
    text_add(&chunk, "{\"deltas\":[");
    size_t empty = chunk.n;
    while (chunk.n < STREAM_CHUNK_BYTES && (change = journal_get(&self->journal, stream->at))) {
        text_add(&chunk, chunk.n == empty ? "" : ",");
        text_add_n(&chunk, change->at, change->n);
        stream->at++;
    }
    bool any = chunk.n > empty;
    text_add(&chunk, "]}");
    if (any)
        send_chunk(self, stream, &chunk);
    text_release(&chunk);
}

static bool has_lost_its_place(const struct streams *self, const struct stream *stream)
{
    return stream->subscriber && stream->at < self->journal.first;
}

static void cut_off(struct streams *self, struct stream *stream)
{
    char *text = str_format("cut off: more than %d changes (or %d MiB) behind; subscribe again",
                            JOURNAL_CHANGES_MAX, JOURNAL_BYTES_MAX / (1024 * 1024));
    self->say(self->context, stream->id, REPLY_ERROR, text);
    free(text);
    stream_close(self, stream);
}

static void end_dump(struct streams *self, struct stream *stream)
{
    struct text data = {0};
    add_json(&data, query_workflow(self->view, self->cast));
    self->say(self->context, stream->id, REPLY_DONE, text_string(&data));
    text_release(&data);
    stream_close(self, stream);
}

/* One chunk. The stream may be gone afterwards. */
static void advance(struct streams *self, struct stream *stream)
{
    if (stream->phase == PHASE_TASKS && send_tasks(self, stream))
        return;
    if (!stream->subscriber)
        end_dump(self, stream);
    else if (stream->phase == PHASE_TASKS)
        send_sentinel(self, stream);
    else
        send_deltas(self, stream);
}

static bool can_go_on(const struct streams *self, const struct stream *stream)
{
    return stream->room &&
           (stream->phase == PHASE_TASKS || stream->at < journal_end(&self->journal));
}

/* What all subscribers have been told. */
static void tidy_journal(struct streams *self)
{
    uint64_t needed = journal_end(&self->journal);
    for (const struct stream *stream = self->first; stream; stream = stream->next)
        if (stream->subscriber && stream->at < needed)
            needed = stream->at;
    journal_forget(&self->journal, needed);
}

/* The one that has waited longest for its turn goes to the end of the row. */
static struct stream *whose_turn(struct streams *self)
{
    struct stream **at = &self->first;
    while (*at && !can_go_on(self, *at))
        at = &(*at)->next;
    struct stream *stream = *at;
    if (!stream)
        return NULL;
    *at = stream->next;
    while (*at)
        at = &(*at)->next;
    *at = stream;
    stream->next = NULL;
    return stream;
}

void streams_work(struct streams *self)
{
    for (struct stream *stream = self->first, *next; stream; stream = next) {
        next = stream->next;
        if (has_lost_its_place(self, stream))
            cut_off(self, stream);
    }
    struct stream *stream = whose_turn(self);
    if (stream)
        advance(self, stream);
    if (self->n_subscribers)
        tidy_journal(self);
}

bool streams_have_work(const struct streams *self)
{
    for (const struct stream *stream = self->first; stream; stream = stream->next)
        if (can_go_on(self, stream) || has_lost_its_place(self, stream))
            return true;
    return false;
}

void streams_end(struct streams *self)
{
    while (self->first) {
        struct stream *stream = self->first;
        bool told = stream->subscriber && stream->phase == PHASE_DELTAS;
        if (told && stream->room)
            send_deltas(self, stream);
        if (told)
            self->say(self->context, stream->id, REPLY_DONE,
                      "{\"end\":\"the workflow has shut down\"}");
        else
            self->say(self->context, stream->id, REPLY_ERROR, "the workflow has shut down");
        stream_close(self, stream);
    }
}

/* The bus over ZMQ: members in loops of other threads (inproc) or processes (ipc).
 *
 * Each member has an outbox (XPUB, bound) and an inbox (SUB, connected to the outboxes it hears).
 * Each loop with strangers around has one SUB more, for notes from member to member: a WELCOME, and
 * CREDIT, by which a listener tells a speaker of another loop how much of its outbox it has read,
 * every CREDIT_EVERY messages and at the END, so that the speaker knows its depth and when all was
 * heard. What stays inside the loop needs none of it, nor any descriptor: publishing wakes the
 * listeners here directly.
 *
 * Start: an XPUB drops what nobody has subscribed to, so nothing may be said before all listeners
 * have. A SUB sends its subscriptions in the order of their bytes, also when it reconnects; the
 * last is its hello (HELLO and its member), so an outbox that sees the hello (XPUB_VERBOSE reports
 * every single one) has all its subscriptions, and answers strangers with a welcome. A loop has
 * started when its outboxes have seen all hellos and its inboxes all welcomes. Until then receive
 * says "nothing" and nobody is woken.
 *
 * What stays inside the loop goes by inproc, also where strangers use ipc: what was said can be
 * received at once. On the way through a socket of the system it would come after the wake.
 *
 * Wake-ups: ZMQ_FD is edge triggered behind a level triggered eventfd. Each time it is readable,
 * ZMQ_EVENTS is asked, which empties the eventfd (or the loop would spin) and tells whether there
 * is something to read. From then on nothing is signalled until the inbox has been read until
 * EAGAIN: that is why a member reads until bus_receive says false, or comes back by itself. No
 * prepare or idle handle of the bus's own is needed for that, since whoever has unread messages is
 * awake.
 *
 * Loss: each loop marks what it says with a random number. A member whose process died and was
 * started again is known by its new one, says its hello again and is welcomed again; the welcome
 * tells it that it came late, so that it takes the first number of each topic as it is.
 *
 * End: the handles keep the loop alive while a speaker elsewhere has not ended or a listener
 * elsewhere has not acknowledged the END of an outbox of ours. */
#include "base/memory.h"
#include "base/trace.h"
#include "coroutines/bus_parts.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>
#include <zmq.h>

#define ROUSE_TOUCHES_THE_WORLD
#include "base/banned.h"

enum {
    CREDIT_EVERY = 1024,
    /* How long a closed outbox goes on sending its last words to another process. */
    LINGER_MS = 1000,
    RECONNECT_MS = 10, /* until the other side has bound its endpoint */
    RECONNECT_MAX_MS = 1000
};

/* First bytes of what is no topic. A member's number follows. */
static const char to_member = '\x01'; /* a note to it */
static const char hello = '\xff';     /* sorts after everything else */

enum note_kind { NOTE_WELCOME, NOTE_CREDIT };

/* All bytes: goes over the wire as it is. */
struct note {
    char prefix;
    uint8_t to, from, kind;
    uint8_t late;      /* welcome: I have said something before */
    uint8_t ended;     /* welcome: I have closed; credit: I have read your END */
    uint8_t number[8]; /* little endian; welcome: my mark; credit: how much of yours I have read */
};

enum { MARK_SIZE = sizeof(uint32_t) }; /* at the end of each message */

/* A socket and its descriptor in the loop. */
struct line {
    void *socket;
    uv_poll_t poll;
    bool polled;
    enum member member; /* whose it is */
};

struct bus_zmq {
    struct bus bus;
    uv_loop_t *loop;
    void *context;
    const char *endpoints[MEMBERS];
    struct line out[MEMBERS], in[MEMBERS], notes;
    unsigned open_handles;
    bool started, destroyed;
    struct co *starting;
    uint32_t mark;                    /* of what this loop says */
    uint32_t marks[MEMBERS][MEMBERS]; /* by whom heard, of whom */
    unsigned replaced[MEMBERS];       /* heard a new one before the old one was reported lost */
    /* The start barrier. */
    unsigned hellos[MEMBERS];   /* to each outbox */
    unsigned noted[MEMBERS];    /* who takes notes from each outbox */
    unsigned welcomes[MEMBERS]; /* to each inbox */
    /* As a listener: of speakers elsewhere, read and told to them. */
    uint64_t read[MEMBERS][MEMBERS], told[MEMBERS][MEMBERS];
    unsigned ended[MEMBERS];
    /* As a speaker: what listeners elsewhere have told. */
    uint64_t credited[MEMBERS][MEMBERS];
    unsigned acknowledged[MEMBERS];
    struct text encoded;
    zmq_msg_t held[MEMBERS];
};

static struct bus_zmq *of(struct bus *bus)
{
    return (struct bus_zmq *)bus;
}

static unsigned elsewhere(const struct bus_zmq *self)
{
    return self->bus.cast & ~self->bus.local;
}

/* --- ZMQ --- */

static bool readable(void *socket)
{
    int events = 0;
    size_t size = sizeof events;
    while (zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size) < 0)
        INVARIANT(errno == EINTR);
    return (events & ZMQ_POLLIN) != 0;
}

static bool take(void *socket, zmq_msg_t *message)
{
    while (zmq_msg_recv(message, socket, ZMQ_DONTWAIT) < 0) {
        if (errno == EAGAIN)
            return false;
        INVARIANT(errno == EINTR);
    }
    return true;
}

static void say(void *socket, const void *bytes, size_t n)
{
    while (zmq_send(socket, bytes, n, ZMQ_DONTWAIT) < 0)
        INVARIANT(errno == EINTR); /* EAGAIN would mean a limit, and we set none */
}

static void set(void *socket, int option, int value)
{
    int result = zmq_setsockopt(socket, option, &value, sizeof value);
    INVARIANT(result == 0);
}

static void subscribe(void *socket, const void *prefix, size_t n)
{
    int result = zmq_setsockopt(socket, ZMQ_SUBSCRIBE, prefix, n);
    INVARIANT(result == 0);
}

/* --- the wiring: what follows from the table, alike in every loop --- */

/* A topic `listener` subscribes to: somebody of the cast says it to it. */
static bool hears_topic(const struct bus_zmq *self, enum member listener, enum topic topic)
{
    if (topic == TOPIC_END)
        return self->bus.in[listener].hears != 0;
    return (topics[topic].hears & MEMBER_BIT(listener)) &&
           (topics[topic].says & self->bus.cast & ~MEMBER_BIT(listener));
}

/* Who of another loop says something to `me` or hears something from it. */
static unsigned strangers_of(const struct bus_zmq *self, enum member me)
{
    return (self->bus.in[me].hears | self->bus.out[me].audience) & elsewhere(self);
}

/* --- staying alive --- */

static void keep_alive(struct line *line, bool alive)
{
    if (!line->polled)
        return;
    if (alive)
        uv_ref((uv_handle_t *)&line->poll);
    else
        uv_unref((uv_handle_t *)&line->poll);
}

static void settle_inbox(struct bus_zmq *self, enum member me)
{
    unsigned open = self->bus.in[me].hears & elsewhere(self) & ~self->ended[me];
    keep_alive(&self->in[me], open != 0);
}

static void settle_outboxes(struct bus_zmq *self)
{
    unsigned open = 0;
    BUS_EACH(speaker, self->bus.local)
    {
        open |= self->bus.out[speaker].audience & elsewhere(self) & ~self->acknowledged[speaker];
    }
    keep_alive(&self->notes, open != 0);
}

static void settle(struct bus_zmq *self)
{
    BUS_EACH(me, self->bus.local)
    {
        settle_inbox(self, me);
    }
    settle_outboxes(self);
}

/* --- notes --- */

static void put_u64(uint8_t *out, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get_u64(const uint8_t *in)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value |= (uint64_t)in[i] << (8 * i);
    return value;
}

static void tell(struct bus_zmq *self, enum member from, enum member to, struct note note)
{
    note.prefix = to_member;
    note.to = (uint8_t)to;
    note.from = (uint8_t)from;
    say(self->out[from].socket, &note, sizeof note);
}

static void tell_welcome(struct bus_zmq *self, enum member from, enum member to)
{
    struct note note = {.kind = NOTE_WELCOME,
                        .late = self->bus.out[from].seq > 0,
                        .ended = self->bus.out[from].closed};
    put_u64(note.number, self->mark);
    tell(self, from, to, note);
}

static void tell_credit(struct bus_zmq *self, enum member from, enum member to)
{
    struct note note = {.kind = NOTE_CREDIT, .ended = (self->ended[from] & MEMBER_BIT(to)) != 0};
    self->told[from][to] = self->read[from][to];
    put_u64(note.number, self->read[from][to]);
    tell(self, from, to, note);
}

/* The first of each speaker counts: when one that was lost is back, its messages tell. */
static void take_welcome(struct bus_zmq *self, enum member me, enum member from,
                         const struct note *note)
{
    unsigned bit = MEMBER_BIT(from);
    if (self->welcomes[me] & bit)
        return;
    self->welcomes[me] |= bit;
    self->marks[me][from] = (uint32_t)get_u64(note->number);
    if (note->late)
        self->bus.in[me].late |= bit;
    if (note->ended) {
        self->bus.in[me].ended |= bit;
        self->ended[me] |= bit;
    }
}

static void take_credit(struct bus_zmq *self, enum member me, enum member from,
                        const struct note *note)
{
    uint64_t read = get_u64(note->number), *credited = &self->credited[me][from];
    if ((self->bus.deaf & MEMBER_BIT(from)) || read < *credited)
        return; /* the last word of one that was lost */
    uint64_t more = read - *credited, depth = self->bus.in[from].depth;
    /* One that came back may have read what was said before it was counted again. */
    bus_consumed(&self->bus, from, more < depth ? more : depth);
    *credited = read;
    if (note->ended)
        self->acknowledged[me] |= MEMBER_BIT(from);
}

static void take_note(struct bus_zmq *self, const struct note *note)
{
    INVARIANT(note->to < MEMBERS && note->from < MEMBERS);
    enum member me = (enum member)note->to, from = (enum member)note->from;
    INVARIANT(self->bus.local & MEMBER_BIT(me));
    if (note->kind == NOTE_WELCOME)
        take_welcome(self, me, from, note);
    else
        take_credit(self, me, from, note);
}

/* --- starting --- */

static bool outbox_started(const struct bus_zmq *self, enum member me)
{
    return (self->bus.out[me].audience & ~self->hellos[me]) == 0 &&
           (strangers_of(self, me) & ~self->noted[me]) == 0;
}

static bool inbox_started(const struct bus_zmq *self, enum member me)
{
    return (self->bus.in[me].hears & elsewhere(self) & ~self->welcomes[me]) == 0;
}

static void start_if_ready(struct bus_zmq *self)
{
    if (self->started)
        return;
    BUS_EACH(me, self->bus.local)
    {
        if (!outbox_started(self, me) || !inbox_started(self, me))
            return;
    }
    self->started = true;
    trace("bus started", self->bus.local, self->bus.cast);
    BUS_EACH(me, self->bus.local)
    {
        keep_alive(&self->out[me], false);
    }
    settle(self);
    bus_wake(&self->bus, self->bus.local);
    if (self->starting)
        co_wake(self->starting);
    self->starting = NULL;
}

/* `member` has subscribed to all it wants from the outbox of `me`, perhaps not for the first time.
 */
static void welcome(struct bus_zmq *self, enum member me, enum member member)
{
    unsigned bit = MEMBER_BIT(member);
    if (!(self->hellos[me] & self->noted[me] & elsewhere(self) & bit))
        return;
    if (self->bus.deaf & bit) {
        self->bus.deaf &= ~bit;
        settle(self);
    }
    tell_welcome(self, me, member);
}

static void take_subscription(struct bus_zmq *self, enum member me, const char *at, size_t n)
{
    if (n != 3 || at[0] != 1 || (at[1] != hello && at[1] != to_member))
        return;
    INVARIANT(at[2] >= 0 && at[2] < MEMBERS);
    enum member member = (enum member)at[2];
    unsigned bit = MEMBER_BIT(member);
    if (at[1] == hello)
        self->hellos[me] |= bit;
    else
        self->noted[me] |= bit;
    if (self->bus.out[me].audience & bit)
        welcome(self, me, member);
}

static void look_at_outbox(struct bus_zmq *self, enum member me)
{
    zmq_msg_t message;
    zmq_msg_init(&message);
    while (take(self->out[me].socket, &message))
        take_subscription(self, me, zmq_msg_data(&message), zmq_msg_size(&message));
    zmq_msg_close(&message);
}

/* --- what the loop says of descriptors --- */

static struct line *line_of(uv_poll_t *poll, int status)
{
    INVARIANT(status == 0);
    return (struct line *)((char *)poll - offsetof(struct line, poll));
}

static void on_outbox(uv_poll_t *poll, int status, int events)
{
    (void)events;
    look_at_outbox(poll->data, line_of(poll, status)->member);
    start_if_ready(poll->data);
}

static void on_inbox(uv_poll_t *poll, int status, int events)
{
    struct line *line = line_of(poll, status);
    struct bus_zmq *self = poll->data;
    (void)events;
    if (readable(line->socket) && self->started)
        bus_wake(&self->bus, MEMBER_BIT(line->member));
}

static void on_notes(uv_poll_t *poll, int status, int events)
{
    struct line *line = line_of(poll, status);
    struct bus_zmq *self = poll->data;
    (void)events;
    zmq_msg_t message;
    zmq_msg_init(&message);
    while (take(line->socket, &message)) {
        struct note note;
        INVARIANT(zmq_msg_size(&message) == sizeof note);
        memcpy(&note, zmq_msg_data(&message), sizeof note);
        take_note(self, &note);
    }
    zmq_msg_close(&message);
    settle(self);
    start_if_ready(self);
}

/* --- running --- */

/* A mark that is new is that of a new process of this member. */
static void note_mark(struct bus_zmq *self, enum member me, enum member sender, uint32_t mark)
{
    uint32_t *known = &self->marks[me][sender];
    if (*known == mark)
        return;
    *known = mark;
    if (!(self->bus.in[me].lost & MEMBER_BIT(sender)))
        self->replaced[me] |= MEMBER_BIT(sender);
    bus_heard_again(&self->bus, me, sender);
    self->ended[me] &= ~MEMBER_BIT(sender);
    self->read[me][sender] = self->told[me][sender] = 0;
    settle_inbox(self, me);
}

static void count_read(struct bus_zmq *self, enum member me, enum member sender, bool end)
{
    uint64_t read = ++self->read[me][sender];
    if (end)
        self->ended[me] |= MEMBER_BIT(sender);
    if (end || read - self->told[me][sender] >= CREDIT_EVERY)
        tell_credit(self, me, sender);
    if (end)
        settle_inbox(self, me);
}

/* Known without the socket where all speakers are of this loop: to ask a socket that has nothing
 * takes several system calls, and so does waking it again. */
static bool is_empty(const struct bus_zmq *self, enum member me)
{
    return !strangers_of(self, me) && self->bus.in[me].depth == 0;
}

static bool receive(struct bus *bus, enum member me, struct message *ret_message)
{
    struct bus_zmq *self = of(bus);
    zmq_msg_t *held = &self->held[me];
    if (!self->started || is_empty(self, me) || !take(self->in[me].socket, held))
        return false;
    size_t n = zmq_msg_size(held);
    INVARIANT(n > MARK_SIZE);
    const char *bytes = zmq_msg_data(held);
    struct error error;
    int result = message_decode(bytes, n - MARK_SIZE, ret_message, &error);
    INVARIANT(result == 0);
    enum member sender = ret_message->sender;
    if (elsewhere(self) & MEMBER_BIT(sender)) {
        uint32_t mark;
        memcpy(&mark, bytes + n - MARK_SIZE, MARK_SIZE);
        note_mark(self, me, sender, mark);
        count_read(self, me, sender, ret_message->topic == TOPIC_END);
    }
    return true;
}

static void publish(struct bus *bus, enum member from, struct message *message)
{
    struct bus_zmq *self = of(bus);
    PRE(self->started);
    text_clear(&self->encoded);
    message_encode(message, &self->encoded);
    text_add_n(&self->encoded, (const char *)&self->mark, MARK_SIZE);
    say(self->out[from].socket, self->encoded.at, self->encoded.n);
    bus_wake(bus, bus_audience(bus, from, message->topic));
}

/* What listeners here have heard of its successor already is not undone. */
static void lost(struct bus *bus, enum member member)
{
    struct bus_zmq *self = of(bus);
    unsigned bit = MEMBER_BIT(member);
    BUS_EACH(me, bus->local)
    {
        if (self->replaced[me] & bit) {
            self->replaced[me] &= ~bit;
            bus->in[me].ended &= ~bit;
            bus->in[me].lost &= ~bit;
        } else
            self->ended[me] |= bit;
        self->acknowledged[me] |= bit;
        self->credited[me][member] = 0;
        self->hellos[me] &= ~bit;
        self->noted[me] &= ~bit;
    }
    settle(self);
}

/* --- where outboxes are bound --- */

static bool is_inproc(const char *endpoint)
{
    return strncmp(endpoint, "inproc:", strlen("inproc:")) == 0;
}

/* For listeners in the speaker's own loop; heap. */
static char *endpoint_inside(const struct bus_zmq *self, enum member speaker)
{
    const char *endpoint = self->endpoints[speaker];
    return is_inproc(endpoint) ? str_copy(endpoint) : str_format("inproc://%s", endpoint);
}

static int bind_to(struct bus_zmq *self, enum member me, const char *endpoint, struct error *error)
{
    if (zmq_bind(self->out[me].socket, endpoint) < 0)
        return error_set(error, -errno, "the bus: cannot bind the outbox of %s to %s: %s",
                         member_names[me], endpoint, zmq_strerror(errno));
    return 0;
}

static int bind_outbox(struct bus_zmq *self, enum member me, struct error *error)
{
    int result = bind_to(self, me, self->endpoints[me], error);
    if (result || is_inproc(self->endpoints[me]))
        return result;
    char *inside = endpoint_inside(self, me);
    result = bind_to(self, me, inside, error);
    free(inside);
    return result;
}

/* --- making and ending --- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct bus_zmq *self = handle->data;
    if (--self->open_handles == 0 && self->destroyed)
        free(self);
}

static void line_close(struct line *line)
{
    if (line->polled) {
        uv_poll_stop(&line->poll);
        uv_close((uv_handle_t *)&line->poll, on_handle_closed);
    }
    line->polled = false;
    if (line->socket)
        zmq_close(line->socket);
    line->socket = NULL;
}

static void destroy(struct bus *bus)
{
    struct bus_zmq *self = of(bus);
    line_close(&self->notes);
    for (int me = 0; me < MEMBERS; me++) {
        line_close(&self->in[me]);
        line_close(&self->out[me]);
        zmq_msg_close(&self->held[me]);
    }
    text_release(&self->encoded);
    self->destroyed = true;
    if (self->open_handles == 0)
        free(self);
}

static void line_poll(struct bus_zmq *self, struct line *line, uv_poll_cb callback)
{
    int fd;
    size_t size = sizeof fd;
    int result = zmq_getsockopt(line->socket, ZMQ_FD, &fd, &size);
    INVARIANT(result == 0);
    result = uv_poll_init(self->loop, &line->poll, fd);
    INVARIANT(result == 0);
    line->poll.data = self;
    line->polled = true;
    self->open_handles++;
    result = uv_poll_start(&line->poll, UV_READABLE, callback);
    INVARIANT(result == 0);
    /* What was signalled before is not signalled again. */
    callback(&line->poll, 0, UV_READABLE);
}

static int line_open(struct bus_zmq *self, struct line *line, enum member member, int type,
                     struct error *error)
{
    line->member = member;
    line->socket = zmq_socket(self->context, type);
    if (!line->socket)
        return error_set(error, -errno, "the bus: no socket for %s: %s", member_names[member],
                         zmq_strerror(errno));
    set(line->socket, ZMQ_SNDHWM, 0);
    set(line->socket, ZMQ_RCVHWM, 0);
    set(line->socket, ZMQ_LINGER, 0);
    set(line->socket, ZMQ_RECONNECT_IVL, RECONNECT_MS);
    set(line->socket, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS);
    return 0;
}

static int open_outbox(struct bus_zmq *self, enum member me, struct error *error)
{
    int result = line_open(self, &self->out[me], me, ZMQ_XPUB, error);
    if (result)
        return result;
    void *socket = self->out[me].socket;
    set(socket, ZMQ_XPUB_VERBOSE, 1);
    set(socket, ZMQ_XPUB_NODROP, 1);
    /* Everything has been read when the bus goes, but for the last acknowledgement. */
    if (self->bus.out[me].audience & elsewhere(self))
        set(socket, ZMQ_LINGER, LINGER_MS);
    return bind_outbox(self, me, error);
}

static int connect_to(struct bus_zmq *self, struct line *line, unsigned speakers,
                      struct error *error)
{
    int result = 0;
    BUS_EACH(speaker, speakers)
    {
        char *endpoint = self->bus.local & MEMBER_BIT(speaker) ? endpoint_inside(self, speaker)
                                                               : str_copy(self->endpoints[speaker]);
        if (!result && zmq_connect(line->socket, endpoint) < 0)
            result =
                error_set(error, -errno, "the bus: cannot connect to the outbox of %s at %s: %s",
                          member_names[speaker], endpoint, zmq_strerror(errno));
        free(endpoint);
    }
    return result;
}

static int open_inbox(struct bus_zmq *self, enum member me, struct error *error)
{
    int result = line_open(self, &self->in[me], me, ZMQ_SUB, error);
    if (result)
        return result;
    for (int topic = 0; topic < TOPICS_N; topic++)
        if (hears_topic(self, me, (enum topic)topic))
            subscribe(self->in[me].socket, topics[topic].name, strlen(topics[topic].name) + 1);
    subscribe(self->in[me].socket, (const char[]){hello, (char)me}, 2);
    return connect_to(self, &self->in[me], self->bus.in[me].hears, error);
}

static int open_notes(struct bus_zmq *self, struct error *error)
{
    int result = line_open(self, &self->notes, (enum member)0, ZMQ_SUB, error);
    if (result)
        return result;
    unsigned strangers = 0;
    BUS_EACH(me, self->bus.local)
    {
        subscribe(self->notes.socket, (const char[]){to_member, (char)me}, 2);
        strangers |= strangers_of(self, me);
    }
    return connect_to(self, &self->notes, strangers, error);
}

static int open_all(struct bus_zmq *self, struct error *error)
{
    int result = 0;
    BUS_EACH(me, self->bus.local)
    {
        if (!result)
            result = open_outbox(self, me, error);
    }
    BUS_EACH(me, self->bus.local)
    {
        if (!result)
            result = open_inbox(self, me, error);
    }
    if (!result && elsewhere(self))
        result = open_notes(self, error);
    return result;
}

static void poll_all(struct bus_zmq *self)
{
    BUS_EACH(me, self->bus.local)
    {
        if (elsewhere(self))
            line_poll(self, &self->out[me], on_outbox);
        else
            look_at_outbox(self, me);
    }
    BUS_EACH(me, self->bus.local)
    {
        if (self->bus.in[me].hears & elsewhere(self))
            line_poll(self, &self->in[me], on_inbox);
    }
    if (elsewhere(self))
        line_poll(self, &self->notes, on_notes);
    start_if_ready(self);
    if (!self->started)
        return;
    BUS_EACH(me, self->bus.local)
    {
        keep_alive(&self->out[me], false);
    }
    settle(self);
}

struct bus *bus_zmq_create(struct env *env, const struct bus_zmq_options *options,
                           struct error *error)
{
    static const struct bus_ops ops = {publish, receive, lost, destroy};
    struct bus_zmq *self = NEW(struct bus_zmq);
    bus_init(&self->bus, &ops, options->cast, options->local);
    self->loop = env_uv_loop(env);
    self->context = options->context;
    self->mark = (uint32_t)env->ops->random(env) | 1;
    BUS_EACH(member, options->cast)
    {
        PRE(options->endpoints[member]);
    }
    memcpy(self->endpoints, options->endpoints, sizeof self->endpoints);
    for (int me = 0; me < MEMBERS; me++)
        zmq_msg_init(&self->held[me]);
    if (open_all(self, error) < 0) {
        destroy(&self->bus);
        return NULL;
    }
    poll_all(self);
    return &self->bus;
}

bool bus_zmq_started(struct bus *bus)
{
    return of(bus)->started;
}

void bus_zmq_when_started(struct bus *bus, struct co *co)
{
    if (of(bus)->started)
        co_wake(co);
    else
        of(bus)->starting = co;
}

void *bus_zmq_context(void)
{
    void *context = zmq_ctx_new();
    INVARIANT(context);
    zmq_ctx_set(context, ZMQ_BLOCKY, 0);
    return context;
}

void bus_zmq_context_destroy(void *context)
{
    if (!context)
        return;
    while (zmq_ctx_term(context) < 0)
        INVARIANT(errno == EINTR);
}

/* The bus over ZMQ: members in loops of other threads (inproc) or processes (ipc).
 *
 * Each member has an outbox (XPUB, bound) and an inbox (SUB, connected to the outboxes it hears).
 * Each loop with strangers around has one socket more, for credits: a listener tells a speaker of
 * another loop how much of its outbox it has read, every CREDIT_EVERY messages and at the END, so
 * that the speaker knows its depth and when all was heard. What stays inside the loop needs none of
 * it, nor any descriptor: publishing wakes the listeners here directly.
 *
 * Start: an XPUB drops what nobody has subscribed to, so nothing may be said before all listeners
 * have. A SUB sends all its subscriptions to every XPUB it is connected to; how many that makes for
 * each outbox follows from the topic table, and XPUB_VERBOSE reports every single one. Until they
 * have all come, receive says "nothing" and nobody is woken.
 *
 * Wake-ups: ZMQ_FD is edge triggered behind a level triggered eventfd. Each time it is readable,
 * ZMQ_EVENTS is asked, which empties the eventfd (or the loop would spin) and tells whether there
 * is something to read. From then on nothing is signalled until the inbox has been read until
 * EAGAIN: that is why a member reads until bus_receive says false, or comes back by itself. No
 * prepare or idle handle of the bus's own is needed for that, since whoever has unread messages is
 * awake.
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

static const char credit_topic[] = "credit"; /* with its NUL; then one byte: the speaker */

struct credit {
    char topic[sizeof credit_topic];
    uint8_t speaker, listener, ended;
    uint8_t read[8]; /* little endian: how many messages of `speaker` `listener` has read */
};

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
    struct line out[MEMBERS], in[MEMBERS], credits;
    unsigned open_handles;
    bool started, destroyed;
    struct co *starting;
    /* The start barrier of each outbox. */
    unsigned subscriptions[MEMBERS], subscriptions_due[MEMBERS];
    unsigned creditors[MEMBERS]; /* who has subscribed to credits */
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

static unsigned subscriptions_of(const struct bus_zmq *self, enum member listener)
{
    unsigned n = 0;
    for (int topic = 0; topic < TOPICS_N; topic++)
        n += hears_topic(self, listener, (enum topic)topic);
    return n;
}

static unsigned subscriptions_due(const struct bus_zmq *self, enum member speaker)
{
    unsigned n = 0;
    BUS_EACH(listener, self->bus.out[speaker].audience)
    {
        n += subscriptions_of(self, listener);
    }
    return n;
}

/* Who is told credits by `listener`: the speakers elsewhere. */
static unsigned creditors_due(const struct bus_zmq *self, enum member listener)
{
    return self->bus.in[listener].hears & elsewhere(self);
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

static void settle_credits(struct bus_zmq *self)
{
    unsigned open = 0;
    BUS_EACH(speaker, self->bus.local)
    {
        open |= self->bus.out[speaker].audience & elsewhere(self) & ~self->acknowledged[speaker];
    }
    keep_alive(&self->credits, open != 0);
}

/* --- starting --- */

static void note_subscription(struct bus_zmq *self, enum member me, const zmq_msg_t *message)
{
    const char *at = zmq_msg_data((zmq_msg_t *)(uintptr_t)message);
    size_t n = zmq_msg_size(message);
    INVARIANT(n >= 1);
    if (at[0] != 1)
        return;
    if (n == 2 + sizeof credit_topic && memcmp(at + 1, credit_topic, sizeof credit_topic) == 0) {
        unsigned char speaker = (unsigned char)at[1 + sizeof credit_topic];
        INVARIANT(speaker < MEMBERS);
        self->creditors[me] |= 1u << speaker;
    } else
        self->subscriptions[me]++;
}

static bool outbox_started(const struct bus_zmq *self, enum member me)
{
    INVARIANT(self->subscriptions[me] <= self->subscriptions_due[me]);
    return self->subscriptions[me] == self->subscriptions_due[me] &&
           (creditors_due(self, me) & ~self->creditors[me]) == 0;
}

static void look_at_outbox(struct bus_zmq *self, enum member me)
{
    zmq_msg_t message;
    zmq_msg_init(&message);
    while (take(self->out[me].socket, &message))
        note_subscription(self, me, &message);
    zmq_msg_close(&message);
}

/* Nobody listens to the outboxes' descriptors any more: all that could come are farewells. */
static void start_if_ready(struct bus_zmq *self)
{
    BUS_EACH(me, self->bus.local)
    {
        if (!outbox_started(self, me))
            return;
    }
    self->started = true;
    trace("bus started", self->bus.local, self->bus.cast);
    BUS_EACH(me, self->bus.local)
    {
        if (self->out[me].polled)
            uv_poll_stop(&self->out[me].poll);
        settle_inbox(self, me);
    }
    settle_credits(self);
    bus_wake(&self->bus, self->bus.local);
    if (self->starting)
        co_wake(self->starting);
    self->starting = NULL;
}

static void on_outbox(uv_poll_t *poll, int status, int events)
{
    struct line *line = (struct line *)((char *)poll - offsetof(struct line, poll));
    struct bus_zmq *self = poll->data;
    (void)events;
    INVARIANT(status == 0);
    look_at_outbox(self, line->member);
    if (!self->started)
        start_if_ready(self);
}

/* --- running --- */

static void on_inbox(uv_poll_t *poll, int status, int events)
{
    struct line *line = (struct line *)((char *)poll - offsetof(struct line, poll));
    struct bus_zmq *self = poll->data;
    (void)events;
    INVARIANT(status == 0);
    if (readable(line->socket) && self->started)
        bus_wake(&self->bus, MEMBER_BIT(line->member));
}

static void note_credit(struct bus_zmq *self, const struct credit *credit)
{
    INVARIANT(credit->speaker < MEMBERS && credit->listener < MEMBERS);
    enum member speaker = (enum member)credit->speaker, listener = (enum member)credit->listener;
    uint64_t read = 0;
    for (int i = 0; i < 8; i++)
        read |= (uint64_t)credit->read[i] << (8 * i);
    uint64_t *credited = &self->credited[speaker][listener];
    INVARIANT(read >= *credited);
    bus_consumed(&self->bus, listener, read - *credited);
    *credited = read;
    if (credit->ended)
        self->acknowledged[speaker] |= MEMBER_BIT(listener);
}

static void on_credits(uv_poll_t *poll, int status, int events)
{
    struct bus_zmq *self = poll->data;
    (void)events;
    INVARIANT(status == 0);
    zmq_msg_t message;
    zmq_msg_init(&message);
    while (take(self->credits.socket, &message)) {
        struct credit credit;
        INVARIANT(zmq_msg_size(&message) == sizeof credit);
        memcpy(&credit, zmq_msg_data(&message), sizeof credit);
        note_credit(self, &credit);
    }
    zmq_msg_close(&message);
    settle_credits(self);
}

static void tell_credit(struct bus_zmq *self, enum member me, enum member speaker)
{
    uint64_t read = self->read[me][speaker];
    struct credit credit = {.speaker = (uint8_t)speaker,
                            .listener = (uint8_t)me,
                            .ended = (self->ended[me] & MEMBER_BIT(speaker)) != 0};
    memcpy(credit.topic, credit_topic, sizeof credit_topic);
    /* The one subscribed to is the speaker: its byte follows the topic. */
    for (int i = 0; i < 8; i++)
        credit.read[i] = (uint8_t)(read >> (8 * i));
    self->told[me][speaker] = read;
    say(self->out[me].socket, &credit, sizeof credit);
}

static void count_read(struct bus_zmq *self, enum member me, const struct message *message)
{
    enum member speaker = message->sender;
    if (!(elsewhere(self) & MEMBER_BIT(speaker)))
        return;
    uint64_t read = ++self->read[me][speaker];
    bool ended = message->topic == TOPIC_END;
    if (ended)
        self->ended[me] |= MEMBER_BIT(speaker);
    if (ended || read - self->told[me][speaker] >= CREDIT_EVERY)
        tell_credit(self, me, speaker);
    if (ended)
        settle_inbox(self, me);
}

static bool receive(struct bus *bus, enum member me, struct message *ret_message)
{
    struct bus_zmq *self = of(bus);
    if (!self->started || !take(self->in[me].socket, &self->held[me]))
        return false;
    struct error error;
    int result = message_decode(zmq_msg_data(&self->held[me]), zmq_msg_size(&self->held[me]),
                                ret_message, &error);
    INVARIANT(result == 0);
    count_read(self, me, ret_message);
    return true;
}

static void publish(struct bus *bus, enum member from, struct message *message)
{
    struct bus_zmq *self = of(bus);
    PRE(self->started);
    text_clear(&self->encoded);
    message_encode(message, &self->encoded);
    say(self->out[from].socket, self->encoded.at, self->encoded.n);
    bus_wake(bus, bus_audience(bus, from, message->topic));
}

static void close_outbox(struct bus *bus, enum member me)
{
    (void)bus;
    (void)me; /* END has been said; credits still go out this way */
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
    line_close(&self->credits);
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
    self->subscriptions_due[me] = subscriptions_due(self, me);
    if (zmq_bind(socket, self->endpoints[me]) < 0)
        return error_set(error, -errno, "the bus: cannot bind the outbox of %s to %s: %s",
                         member_names[me], self->endpoints[me], zmq_strerror(errno));
    return 0;
}

static int connect_to(struct bus_zmq *self, struct line *line, unsigned speakers,
                      struct error *error)
{
    BUS_EACH(speaker, speakers)
    {
        if (zmq_connect(line->socket, self->endpoints[speaker]) < 0)
            return error_set(error, -errno, "the bus: cannot connect to the outbox of %s at %s: %s",
                             member_names[speaker], self->endpoints[speaker], zmq_strerror(errno));
    }
    return 0;
}

static int open_inbox(struct bus_zmq *self, enum member me, struct error *error)
{
    int result = line_open(self, &self->in[me], me, ZMQ_SUB, error);
    if (result)
        return result;
    for (int topic = 0; topic < TOPICS_N; topic++)
        if (hears_topic(self, me, (enum topic)topic))
            subscribe(self->in[me].socket, topics[topic].name, strlen(topics[topic].name) + 1);
    return connect_to(self, &self->in[me], self->bus.in[me].hears, error);
}

static int open_credits(struct bus_zmq *self, struct error *error)
{
    int result = line_open(self, &self->credits, (enum member)0, ZMQ_SUB, error);
    if (result)
        return result;
    unsigned listeners = 0;
    BUS_EACH(speaker, self->bus.local)
    {
        char prefix[sizeof credit_topic + 1];
        memcpy(prefix, credit_topic, sizeof credit_topic);
        prefix[sizeof credit_topic] = (char)speaker;
        subscribe(self->credits.socket, prefix, sizeof prefix);
        listeners |= self->bus.out[speaker].audience;
    }
    return connect_to(self, &self->credits, listeners & elsewhere(self), error);
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
        result = open_credits(self, error);
    return result;
}

static void poll_all(struct bus_zmq *self)
{
    BUS_EACH(me, self->bus.local)
    {
        look_at_outbox(self, me);
    }
    start_if_ready(self);
    BUS_EACH(me, self->bus.local)
    {
        if (!self->started)
            line_poll(self, &self->out[me], on_outbox);
    }
    BUS_EACH(me, self->bus.local)
    {
        if (self->bus.in[me].hears & elsewhere(self))
            line_poll(self, &self->in[me], on_inbox);
        settle_inbox(self, me);
    }
    if (elsewhere(self))
        line_poll(self, &self->credits, on_credits);
}

struct bus *bus_zmq_create(struct env *env, const struct bus_zmq_options *options,
                           struct error *error)
{
    static const struct bus_ops ops = {publish, receive, close_outbox, destroy};
    struct bus_zmq *self = NEW(struct bus_zmq);
    bus_init(&self->bus, &ops, options->cast, options->local);
    self->loop = env_uv_loop(env);
    self->context = options->context;
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

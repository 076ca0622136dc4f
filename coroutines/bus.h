/* The bus: every member of the cast has one outbox and one inbox.
 *
 * Two backends behind one interface: bus_mem.c (one loop, simulation) and bus_zmq.c (PUB/SUB over
 * inproc or ipc, so that members may live in threads and processes). One contract test
 * (tests/unit/test_bus.c) runs on both. Promises:
 * - each listener gets every message of the topics it hears, from one sender in the order said;
 * - nothing is lost between start and end; a gap in a sequence aborts;
 * - publishing never calls anybody: listeners are woken and run later;
 * - a closed outbox is read to its END by every listener. */
#ifndef ROUSE_BUS_H
#define ROUSE_BUS_H

#include "coroutines/env.h"
#include "coroutines/topics.h"

/* Unread messages of one listener at which its producers should stop taking on new work. */
enum { BUS_DEPTH_LIMIT = 100000 };

struct bus;

struct bus_ops {
    void (*publish)(struct bus *bus, enum member from, struct message *message);
    bool (*receive)(struct bus *bus, enum member me, struct message *ret_message);
    void (*lost)(struct bus *bus, enum member member); /* NULL: nobody can be */
    void (*destroy)(struct bus *bus);
};

/* Say something. Fills sender, seq and topic_seq of *message. PRE: `from` says this topic and has
 * not closed its outbox. */
void bus_publish(struct bus *bus, enum member from, struct message *message);
/* The next message for `me`, or false. Its texts are valid until the next receive by `me`.
 * TOPIC_END is counted and never returned. */
bool bus_receive(struct bus *bus, enum member me, struct message *ret_message);
/* `me` lives here: co (NULL: nobody any more) is woken when its inbox gets something and when a
 * congestion that held it up is over. Once woken it reads until bus_receive says false, or comes
 * back by itself: what it leaves unread does not wake it again. */
void bus_attach(struct bus *bus, enum member me, struct co *co);
/* Nothing more will be said by `me`. Twice is fine. */
void bus_close(struct bus *bus, enum member me);
bool bus_closed(const struct bus *bus, enum member me);
/* All outboxes `me` hears (its own and those in `except`, MEMBER_BITs, apart) are closed and read
 * to the end. */
bool bus_drained(const struct bus *bus, enum member me, unsigned except);
/* `member`, which lived in another process, died: its outbox counts as closed and read, and nothing
 * is owed to it, until it is heard again (its sequences begin anew then). */
void bus_lost(struct bus *bus, enum member member);
/* Some listener of `me` has BUS_DEPTH_LIMIT or more unread: take on no new work. */
bool bus_congested(const struct bus *bus, enum member me);
/* Unread messages of `listener` as far as known here. */
uint64_t bus_depth(const struct bus *bus, enum member listener);
/* Last sequence number said by `me`. */
uint64_t bus_seq(const struct bus *bus, enum member me);
void bus_destroy(struct bus *bus);

/* All members in one loop. `cast`: MEMBER_BITs of those that exist (the others neither say nor
 * hear). */
struct bus *bus_mem_create(unsigned cast);

/* The members `local` of `cast` live in this loop; the others in other threads (same `context`) or
 * processes. endpoints[m]: where m's outbox is bound ("inproc://..." or "ipc://..."). */
struct bus_zmq_options {
    unsigned cast, local;
    const char *endpoints[MEMBERS];
    void *context; /* a ZMQ context shared by the loops of this process; from bus_zmq_context */
};
struct bus *bus_zmq_create(struct env *env, const struct bus_zmq_options *options,
                           struct error *error);
/* True once every listener of every local outbox has subscribed: the start barrier. `co` given to
 * bus_zmq_when_started is woken then. */
bool bus_zmq_started(struct bus *bus);
void bus_zmq_when_started(struct bus *bus, struct co *co);
void *bus_zmq_context(void);
void bus_zmq_context_destroy(void *context);

#endif

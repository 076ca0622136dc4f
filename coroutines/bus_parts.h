/* What the two backends of the bus share; for bus*.c only.
 *
 * The common part (bus.c) wires the cast from the topic table, numbers what is said, checks the
 * numbers of what is heard, and counts the unread. A backend moves bytes. */
#ifndef ROUSE_BUS_PARTS_H
#define ROUSE_BUS_PARTS_H

#include "coroutines/bus.h"

struct bus_outbox {
    uint64_t seq;
    uint64_t topic_seq[TOPICS_N];
    unsigned audience; /* who hears anything of it, MEMBER_BITs */
    bool closed;
};

struct bus_inbox {
    struct co *co;
    unsigned hears; /* whose outboxes, MEMBER_BITs */
    unsigned ended; /* of those: read to the end, or lost */
    unsigned lost;  /* of those: died, and not heard again */
    unsigned late;  /* of those: had said something before we listened (we were started again) */
    uint64_t seq[MEMBERS];
    uint64_t topic_seq[MEMBERS][TOPICS_N];
    uint64_t depth; /* said here, not yet known to be read */
};

struct bus {
    const struct bus_ops *ops;
    unsigned cast, local; /* who exists; who lives in this loop */
    unsigned congested;   /* listeners with BUS_DEPTH_LIMIT or more unread */
    unsigned deaf;        /* lost listeners: nothing is owed to them */
    struct bus_outbox out[MEMBERS];
    struct bus_inbox in[MEMBERS];
};

void bus_init(struct bus *bus, const struct bus_ops *ops, unsigned cast, unsigned local);
/* Who gets a message of this topic from this sender. */
unsigned bus_audience(const struct bus *bus, enum member from, enum topic topic);
/* `n` messages from a member of this loop have been read by `listener`. Wakes the producers of this
 * loop when that ends a congestion. */
void bus_consumed(struct bus *bus, enum member listener, uint64_t n);
/* The next message to `me` is from a new `sender`, started in place of one that was lost. */
void bus_heard_again(struct bus *bus, enum member me, enum member sender);
/* Wake those of `members` who live here. */
void bus_wake(struct bus *bus, unsigned members);

#define BUS_EACH(member_, members_)                                                                \
    for (enum member member_ = (enum member)0; member_ < MEMBERS; member_++)                       \
        if ((members_)&MEMBER_BIT(member_))

#endif

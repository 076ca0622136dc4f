/* The common part of the bus: who hears whom, sequence numbers, depths.
 *
 * Every message carries its number in the outbox and its number among the sender's messages of that
 * topic. A listener hears only some topics of an outbox, so it checks that the former rises and
 * that the latter has no gap. */
#include "coroutines/bus.h"
#include "base/trace.h"
#include "coroutines/bus_parts.h"
#include <string.h>

#include "base/banned.h"

unsigned bus_audience(const struct bus *bus, enum member from, enum topic topic)
{
    if (topic == TOPIC_END)
        return bus->out[from].audience;
    return topics[topic].hears & bus->cast & ~MEMBER_BIT(from);
}

void bus_init(struct bus *bus, const struct bus_ops *ops, unsigned cast, unsigned local)
{
    PRE((cast & ~(unsigned)EVERY_MEMBER) == 0 && (local & ~cast) == 0);
    bus->ops = ops;
    bus->cast = cast;
    bus->local = local;
    BUS_EACH(speaker, cast)
    {
        BUS_EACH(listener, cast)
        {
            if (!member_hears(listener, speaker))
                continue;
            bus->in[listener].hears |= MEMBER_BIT(speaker);
            bus->out[speaker].audience |= MEMBER_BIT(listener);
        }
    }
}

void bus_wake(struct bus *bus, unsigned members)
{
    BUS_EACH(member, members & bus->local)
    {
        if (bus->in[member].co)
            co_wake(bus->in[member].co);
    }
}

void bus_publish(struct bus *bus, enum member from, struct message *message)
{
    PRE(from < MEMBERS && (bus->local & MEMBER_BIT(from)));
    PRE(message->topic < TOPICS_N && (topics[message->topic].says & MEMBER_BIT(from)));
    struct bus_outbox *out = &bus->out[from];
    PRE(!out->closed);
    message->sender = from;
    message->seq = ++out->seq;
    message->topic_seq = ++out->topic_seq[message->topic];
    trace(topics[message->topic].name, (int64_t)from, (int64_t)message->seq);
    BUS_EACH(listener, bus_audience(bus, from, message->topic) & ~bus->deaf)
    {
        if (++bus->in[listener].depth >= BUS_DEPTH_LIMIT)
            bus->congested |= MEMBER_BIT(listener);
    }
    bus->ops->publish(bus, from, message);
}

void bus_consumed(struct bus *bus, enum member listener, uint64_t n)
{
    struct bus_inbox *in = &bus->in[listener];
    INVARIANT(n <= in->depth);
    in->depth -= n;
    if (in->depth < BUS_DEPTH_LIMIT && (bus->congested & MEMBER_BIT(listener))) {
        bus->congested &= ~MEMBER_BIT(listener);
        bus_wake(bus, in->hears);
    }
}

static void check_sequence(struct bus_inbox *in, const struct message *message)
{
    enum member sender = message->sender;
    INVARIANT(in->hears & MEMBER_BIT(sender));
    /* Of a lost sender there may be messages on the way that it said before it died. */
    INVARIANT(!(in->ended & ~in->lost & MEMBER_BIT(sender)));
    INVARIANT(message->seq > in->seq[sender]);
    uint64_t *last = &in->topic_seq[sender][message->topic];
    if (*last == 0 && (in->late & MEMBER_BIT(sender)))
        *last = message->topic_seq - 1;
    uint64_t expected = ++*last;
    if (message->topic_seq != expected) {
        trace(topics[message->topic].name, (int64_t)expected, (int64_t)message->topic_seq);
        IMPOSSIBLE("a gap in the sequence of an outbox: a message was lost or doubled");
    }
    in->seq[sender] = message->seq;
}

bool bus_receive(struct bus *bus, enum member me, struct message *ret_message)
{
    PRE(me < MEMBERS && (bus->local & MEMBER_BIT(me)));
    struct bus_inbox *in = &bus->in[me];
    struct message message;
    while (bus->ops->receive(bus, me, &message)) {
        check_sequence(in, &message);
        if (bus->local & MEMBER_BIT(message.sender))
            bus_consumed(bus, me, 1);
        if (message.topic != TOPIC_END) {
            *ret_message = message;
            return true;
        }
        in->ended |= MEMBER_BIT(message.sender);
    }
    return false;
}

void bus_attach(struct bus *bus, enum member me, struct co *co)
{
    PRE(me < MEMBERS && (bus->local & MEMBER_BIT(me)));
    bus->in[me].co = co;
    bus_wake(bus, MEMBER_BIT(me)); /* for what has come before */
}

void bus_close(struct bus *bus, enum member me)
{
    PRE(me < MEMBERS && (bus->local & MEMBER_BIT(me)));
    if (bus->out[me].closed)
        return;
    bus_publish(bus, me, &(struct message){.topic = TOPIC_END});
    bus->out[me].closed = true;
}

bool bus_closed(const struct bus *bus, enum member me)
{
    PRE(me < MEMBERS && (bus->local & MEMBER_BIT(me)));
    return bus->out[me].closed;
}

bool bus_drained(const struct bus *bus, enum member me, unsigned except)
{
    const struct bus_inbox *in = &bus->in[me];
    return (in->hears & ~in->ended & ~except) == 0;
}

void bus_lost(struct bus *bus, enum member member)
{
    PRE(member < MEMBERS && (bus->cast & ~bus->local & MEMBER_BIT(member)));
    trace("bus lost", (int64_t)member, 0);
    BUS_EACH(listener, bus->out[member].audience)
    {
        bus->in[listener].ended |= MEMBER_BIT(member);
        bus->in[listener].lost |= MEMBER_BIT(member);
    }
    bus->deaf |= MEMBER_BIT(member);
    bus_consumed(bus, member, bus->in[member].depth);
    bus->ops->lost(bus, member);
    bus_wake(bus, bus->out[member].audience);
}

void bus_heard_again(struct bus *bus, enum member me, enum member sender)
{
    struct bus_inbox *in = &bus->in[me];
    in->ended &= ~MEMBER_BIT(sender);
    in->lost &= ~MEMBER_BIT(sender);
    in->seq[sender] = 0;
    memset(in->topic_seq[sender], 0, sizeof in->topic_seq[sender]);
}

bool bus_congested(const struct bus *bus, enum member me)
{
    return (bus->congested & bus->out[me].audience) != 0;
}

uint64_t bus_depth(const struct bus *bus, enum member listener)
{
    return bus->in[listener].depth;
}

uint64_t bus_seq(const struct bus *bus, enum member me)
{
    return bus->out[me].seq;
}

void bus_destroy(struct bus *bus)
{
    if (bus)
        bus->ops->destroy(bus);
}

/* The bus inside one loop, without any library: what simulation runs on. Messages take the same way
 * through bytes as between processes; one packet is shared by all its listeners. */
#include "base/memory.h"
#include "coroutines/bus_parts.h"
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct packet {
    unsigned readers;
    size_t n;
    char bytes[];
};

/* A ring of packets: `n` of them from `first` on. */
struct queue {
    struct packet **at;
    size_t first, n, capacity; /* capacity: a power of two */
    struct packet *held;       /* the one last received: its texts are still in use */
};

struct bus_mem {
    struct bus bus;
    struct text encoded;
    struct queue queues[MEMBERS];
};

static void queue_grow(struct queue *queue)
{
    size_t capacity = queue->capacity ? queue->capacity * 2 : 16;
    struct packet **at = NEW_ARRAY(struct packet *, capacity);
    for (size_t i = 0; i < queue->n; i++)
        at[i] = queue->at[(queue->first + i) & (queue->capacity - 1)];
    free(queue->at);
    queue->at = at;
    queue->first = 0;
    queue->capacity = capacity;
}

static void queue_add(struct queue *queue, struct packet *packet)
{
    if (queue->n == queue->capacity)
        queue_grow(queue);
    queue->at[(queue->first + queue->n++) & (queue->capacity - 1)] = packet;
}

static struct packet *queue_take(struct queue *queue)
{
    if (!queue->n)
        return NULL;
    struct packet *packet = queue->at[queue->first];
    queue->first = (queue->first + 1) & (queue->capacity - 1);
    queue->n--;
    return packet;
}

static void packet_drop(struct packet *packet)
{
    if (packet && --packet->readers == 0)
        free(packet);
}

static void publish(struct bus *bus, enum member from, struct message *message)
{
    struct bus_mem *self = (struct bus_mem *)bus;
    unsigned audience = bus_audience(bus, from, message->topic);
    text_clear(&self->encoded);
    message_encode(message, &self->encoded);
    if (!audience)
        return;
    struct packet *packet = mem_new(sizeof *packet + self->encoded.n);
    packet->n = self->encoded.n;
    memcpy(packet->bytes, self->encoded.at, packet->n);
    BUS_EACH(listener, audience)
    {
        packet->readers++;
        queue_add(&self->queues[listener], packet);
    }
    bus_wake(bus, audience);
}

static bool receive(struct bus *bus, enum member me, struct message *ret_message)
{
    struct queue *queue = &((struct bus_mem *)bus)->queues[me];
    packet_drop(queue->held);
    queue->held = queue_take(queue);
    if (!queue->held)
        return false;
    struct error error;
    int result = message_decode(queue->held->bytes, queue->held->n, ret_message, &error);
    INVARIANT(result == 0);
    return true;
}

static void destroy(struct bus *bus)
{
    struct bus_mem *self = (struct bus_mem *)bus;
    for (int member = 0; member < MEMBERS; member++) {
        struct queue *queue = &self->queues[member];
        packet_drop(queue->held);
        for (struct packet *packet; (packet = queue_take(queue));)
            packet_drop(packet);
        free(queue->at);
    }
    text_release(&self->encoded);
    free(self);
}

struct bus *bus_mem_create(unsigned cast)
{
    static const struct bus_ops ops = {publish, receive, NULL, destroy};
    struct bus_mem *self = NEW(struct bus_mem);
    bus_init(&self->bus, &ops, cast, cast);
    return &self->bus;
}

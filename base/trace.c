/* The ring is one of the few things that belongs to a thread rather than to an owner: it has to be
 * reachable from an assertion anywhere. Nothing ever decides by it. */
#include "base/trace.h"
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"

struct trace_event {
    const char *event;
    int64_t a, b;
};

static _Thread_local struct {
    struct trace_event ring[TRACE_SIZE];
    uint64_t n;
    uint64_t hash;
} tracer;

/* One round of FNV-1a over a 64-bit word, with a finishing shift so that high bits matter. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x100000001b3);
    return hash ^ (hash >> 29);
}

void trace(const char *event, int64_t a, int64_t b)
{
    struct trace_event *entry = &tracer.ring[tracer.n++ % TRACE_SIZE];
    *entry = (struct trace_event){event, a, b};
    uint64_t hash = tracer.hash;
    for (const char *c = event; *c; c++)
        hash = mix(hash, (uint64_t)(unsigned char)*c);
    tracer.hash = mix(mix(hash, (uint64_t)a), (uint64_t)b);
}

void trace_dump(int fd)
{
    uint64_t first = tracer.n > TRACE_SIZE ? tracer.n - TRACE_SIZE : 0;
    for (uint64_t i = first; i < tracer.n; i++) {
        const struct trace_event *entry = &tracer.ring[i % TRACE_SIZE];
        char line[256];
        int n = snprintf(line, sizeof line, "  %" PRIu64 " %s %" PRId64 " %" PRId64 "\n", i,
                         entry->event, entry->a, entry->b);
        if (n > 0)
            (void)!write(fd, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
    }
}

uint64_t trace_hash(void)
{
    return tracer.hash;
}

void trace_reset(void)
{
    tracer.n = 0;
    tracer.hash = UINT64_C(0xcbf29ce484222325);
}

/* A program that serves xtriggers over the network: the stream by which it is told what to do, and
 * whether it is still alive. What it serves is host_program.h's. */
#ifndef ROUSE_PROGRAM_H
#define ROUSE_PROGRAM_H

#include "base/vec.h"
#include "coroutines/actor.h"
#include "xtriggers/host_wire.h"

enum {
    PROGRAM_BEATS_MISSED = 3,              /* it is dead after so many heartbeats of silence */
    PROGRAM_UNSENT_MAX = 16 * 1024 * 1024, /* bytes that wait for it to take what was sent */
    PROGRAM_LINES_MAX = 100,               /* lines in the log because of it, in a period */
    PROGRAM_LINES_PERIOD = 60              /* seconds */
};

struct program_check { /* of arguments, not answered yet */
    uint64_t number;
    char *where; /* "flow.cylc:7: [scheduling][xtriggers]x" */
};

struct program {
    struct co co;
    struct actor *actor;
    uint64_t id; /* of the request whose answer is its stream */
    double heartbeat;
    struct env_timer silence;
    uint64_t heard; /* microseconds, monotonic: its last sign of life */
    unsigned room;  /* chunks that may be sent */
    VEC(char *) unsent;
    size_t first_unsent, unsent_bytes;
    VEC(struct program_check) checks;
    unsigned lines; /* in the log in this period */
    uint64_t lines_since;
    /* It serves no more: "was silent for 30 s". NULL: it does. */
    char *why;
    bool again, left; /* it makes sense that it comes back; it does not listen any more */
    /* Its end, once: why is set. The owner forgets it, then it is freed. */
    void (*lost)(struct program *program);
    void *owner;
    struct program *next; /* the owner's */
};

struct program *program_create(struct actor *actor, uint64_t id, double heartbeat,
                               void (*lost)(struct program *program), void *owner);
/* Only as its owner ends: else program_lose. */
void program_destroy(struct program *program);
/* A JSON text for it; sent when it has taken what was sent before. */
void program_tell(struct program *program, const char *message);
/* Ask it whether the arguments of this definition are right; if it says that they are not, the log
 * tells. */
void program_check(struct program *program, uint64_t number, const struct xtrigger_def *def);
/* HOST_CHECKED. False: nothing was asked under that number. */
bool program_checked(struct program *program, const struct host_message *said);
/* It has taken n chunks; 0: it goes. */
void program_taken(struct program *program, uint32_t n);
void program_heard(struct program *program);
/* It serves no more: `lost` follows at its next turn. */
void program_lose(struct program *program, bool again, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Say the end of its stream, which is not said otherwise when the workflow ends. */
void program_say_end(struct program *program, const char *why, bool again, bool complete);
/* Whether the log may have one more line because of it. */
bool program_may_log(struct program *program);

#endif

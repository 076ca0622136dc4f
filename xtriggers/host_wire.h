/* The language of xtrigger hosts: JSON objects, one a line, between the scheduler and a process
 * that calls functions for it. docs/xtriggers.md lists them. Both sides are here. */
#ifndef ROUSE_XTRIGGERS_HOST_WIRE_H
#define ROUSE_XTRIGGERS_HOST_WIRE_H

#include "xtriggers/call.h"
#include <jansson.h>

/* Bytes of a line with its end, in both directions: the largest results and what is around them. */
enum { HOST_LINE_MAX = CALL_RESULTS_MAX + 4096 };
enum { HOST_WIRE_VERSION = 1 };

/* What a message is: the member of the object that names it, whose value is its number unless the
 * list says otherwise. */
enum host_verb {
    /* to a host */
    HOST_HELLO,  /* number: HOST_WIRE_VERSION; workflow, run_dir, version */
    HOST_START,  /* signature, function, args, kwargs, interval, deadline */
    HOST_CANCEL, /* nobody waits any more */
    HOST_KEPT,   /* its results are committed */
    HOST_CHECK,  /* are these arguments right? function, args, kwargs */
    HOST_PING,   /* answer at once */
    /* from a host */
    HOST_REGISTER,  /* a list of names it serves; heartbeat: seconds between its signs of life */
    HOST_WATCHING,  /* taken: it says by itself when it is satisfied */
    HOST_SATISFIED, /* results */
    HOST_NOT_YET,   /* after, at, file: when to start it again */
    HOST_FAIL,      /* error */
    HOST_CHECKED,   /* error, if they are wrong */
    HOST_LOG,       /* text */
    HOST_PONG,
    HOST_HEARTBEAT, /* true */
    HOST_VERBS
};
extern const char *const host_verbs[HOST_VERBS]; /* "hello", "start", ... */

/* A message as it was read. Texts and lists are the object's and live until it is released; what
 * the message does not hold is NULL, -1 for after and at. */
struct host_message {
    enum host_verb verb;
    uint64_t number;
    const char *signature, *function, *workflow, *run_dir, *version; /* to a host */
    const char *error, *text, *file;                                 /* from a host */
    double after, at, interval, deadline, heartbeat;
    json_t *names; /* HOST_REGISTER: a list of texts */
    json_t *args, *kwargs;
    json_t *results; /* HOST_SATISFIED: an object; NULL: none */
    json_t *json;
};

/* One line, without its end. -EBADMSG and why if it is no such message; nothing is to be released
 * then. */
int host_message_read(const char *line, size_t n, struct host_message *ret_message,
                      struct error *error);
/* The same of an object that was read elsewhere; takes a reference of its own. */
int host_message_of(json_t *json, struct host_message *ret_message, struct error *error);
void host_message_release(struct host_message *message);

/* --- writing: each appends one line with its end --- */

void host_say_hello(struct text *out, const char *workflow, const char *run_dir);
/* HOST_START; HOST_CHECK if `check`: the same without signature and times. */
void host_say_start(struct text *out, uint64_t number, const struct call *call, double deadline);
void host_say_check(struct text *out, uint64_t number, const struct call *call);
/* Those that are nothing but a number: cancel, kept, ping, watching, checked, pong. */
void host_say(struct text *out, enum host_verb verb, uint64_t number);
/* fail, checked (with an error), log. */
void host_say_text(struct text *out, enum host_verb verb, uint64_t number, const char *text);
void host_say_register(struct text *out, const char *name);
/* The answer in `call` is that it waits for nothing but its own wake. */
bool host_answer_is_watching(const struct call *call);
/* The answer in `call`: satisfied, not_yet, watching or fail. */
void host_say_answer(struct text *out, uint64_t number, const struct call *call);

/* --- between messages and calls --- */

/* The call that a HOST_START or HOST_CHECK asks for, to be released. */
int host_message_call(const struct host_message *message, struct call *ret_call,
                      struct error *error);
/* Put the answer (satisfied, not_yet, fail) into `call`. Results that are too large are an error
 * there. */
void host_message_answer(const struct host_message *message, struct call *call);

#endif

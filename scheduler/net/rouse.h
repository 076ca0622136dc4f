/* librouse: commanding and watching a running workflow from a program of your own.
 *
 *     struct rouse *flow = rouse_open("forecast", "my-program");
 *     struct rouse_answer answer;
 *     if (rouse_ask(flow, "trigger", "{\"ids\": [\"4/prepare\"]}", &answer))
 *         fprintf(stderr, "%s\n", rouse_message(flow));
 *     rouse_close(flow);
 *
 * Arguments and answers are JSON texts; docs/protocol.md lists the commands. Requests can be sent
 * without waiting, any number of them, and waited for in any order. Link with -lrouse. A connection
 * belongs to one thread at a time.
 *
 * Functions return 0, or a negative errno value; then rouse_message says what went wrong:
 *   -ENOENT        the workflow is not running, or there is none of that name
 *   -ESTALE        it is not running: its scheduler died and left its contact file behind
 *   -EACCES        the keys cannot be read, or the scheduler refused them
 *   -ECONNREFUSED  nobody listens where it should be
 *   -ECONNRESET    the scheduler went away
 *   -ETIMEDOUT     no answer within the time; the request is still under way
 *   -EREMOTEIO     the scheduler answered with an error
 *   -EINVAL        bad arguments: no JSON object, no such request
 *   -EMSGSIZE      the request is too large */
#ifndef ROUSE_H
#define ROUSE_H

#ifdef __cplusplus
extern "C" {
#endif

struct rouse;

/* Connect to a workflow, by its name or the path of its run directory. Never NULL: when it did not
 * work, rouse_code and every other call say why. program: who you are, for the scheduler's log. */
struct rouse *rouse_open(const char *workflow, const char *program);
/* Requests still under way are forgotten; what has been sent is carried out. Takes NULL. */
void rouse_close(struct rouse *rouse);
/* Of the last call: 0 or its negative errno value, and the text of the error ("" if none). */
int rouse_code(const struct rouse *rouse);
const char *rouse_message(const struct rouse *rouse);

enum rouse_kind {
    ROUSE_DATA,  /* the answer; nothing follows */
    ROUSE_CHUNK, /* a part of it: wait again */
    ROUSE_ERROR  /* an error; nothing follows */
};

struct rouse_answer {
    enum rouse_kind kind;
    unsigned long long request;
    const char *text; /* JSON, of an error its message; valid until the next call */
};

enum rouse_flag {
    ROUSE_STREAM = 1 /* a long answer may come in chunks */
};

/* Send a request and return at once. args: a JSON object, or NULL. *ret_request names it. */
int rouse_send(struct rouse *rouse, const char *command, const char *args, int flags,
               unsigned long long *ret_request);
/* Wait for the next answer to this request, or to any (request 0). timeout_ms: 0 means five
 * seconds, a negative one for ever. */
int rouse_wait(struct rouse *rouse, unsigned long long request, int timeout_ms,
               struct rouse_answer *ret_answer);
/* Send, and wait for the answer. */
int rouse_ask(struct rouse *rouse, const char *command, const char *args,
              struct rouse_answer *ret_answer);
/* Nothing more is wanted of this answer. */
int rouse_cancel(struct rouse *rouse, unsigned long long request);
/* A descriptor for poll(): when it becomes readable, rouse_wait with a short time until it times
 * out (it is edge triggered). */
int rouse_descriptor(struct rouse *rouse);

/* --- serving xtriggers: docs/protocol.md lists what is heard and said --- */

/* message: a JSON object, as {"start":7,"function":"mine","args":[1],...}; NULL: nothing has come
 * for a second. What it needs is copied; it may call rouse_say, and no other function. */
typedef void rouse_hear(struct rouse *rouse, const char *message, void *context);
/* Be the program that serves these functions (NULL ended), until the workflow is complete (0),
 * another program takes over or the scheduler refuses (-EREMOTEIO). While the scheduler is not
 * there it is waited for; the next one says `hello` and starts everything again, under new numbers.
 */
int rouse_serve(struct rouse *rouse, const char *const *names, rouse_hear *hear, void *context);
/* From within rouse_hear: {"satisfied": 7, "results": {...}} and the like. It does not wait; errors
 * of the scheduler are not told. */
int rouse_say(struct rouse *rouse, const char *message);

#ifdef __cplusplus
}
#endif

#endif

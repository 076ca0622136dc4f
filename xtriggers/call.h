/* One call of an xtrigger: its signature taken apart, and the answer it gives. */
#ifndef ROUSE_XTRIGGERS_CALL_H
#define ROUSE_XTRIGGERS_CALL_H

#include "base/error.h"
#include "base/text.h"
#include "base/vec.h"
#include "xtriggers/rouse_xtrigger.h"
#include <stdbool.h>

enum { CALL_ARGUMENTS_MAX = 64 };
#define CALL_TIME_MAX 1e12 /* seconds: later never comes */
/* Bytes of what one call may say. Larger results are an error, the others are cut. */
enum {
    CALL_RESULTS_MAX = 1024 * 1024,
    CALL_REASON_MAX = 4096,
    CALL_LOG_MAX = 64 * 1024,
    CALL_NOTE_MAX = 256
};

struct call {
    struct rouse_call call; /* first: what a plugin is given */
    char *function;         /* "my_trigger" */
    char *texts;            /* what names and values point into */
    const char *names[CALL_ARGUMENTS_MAX], *values[CALL_ARGUMENTS_MAX];
    enum rouse_type types[CALL_ARGUMENTS_MAX];
    void *state;
    /* The answer of the last ask; cleared by call_clear_answer. */
    enum rouse_verdict verdict;
    struct text results; /* a JSON object's members, without braces */
    struct text failure;
    struct text path; /* ask again when it changes; empty: none */
    bool deaf;        /* no path can be watched for it: not cleared */
    double after, at; /* seconds; negative: not said */
    bool when_woken;  /* it says by itself when to ask again */
    struct text log;  /* lines */
    struct text note; /* what it found, for people; of built-in ones */
};

/* Take apart "function(arg, name='value')". It is known by `signature`, or by itself if that is
 * NULL. */
int call_init(struct call *call, const char *text, const char *signature, struct error *error);
/* What a value that stands without quotes is. */
enum rouse_type call_type(const char *value);
void call_release(struct call *call);
/* `from` is nothing any more; `to` need not have been anything. */
void call_move(struct call *to, struct call *from);
void call_clear_answer(struct call *call);
/* The value of argument `name` (or number `position` if it is not named), or NULL. */
const char *call_argument(const struct rouse_call *call, const char *name, size_t position);
/* Ask the plugin; fills the answer. */
void call_ask(struct call *call, const struct rouse_xtrigger *xtrigger);
/* 0, or negative and what is wrong with the arguments. */
int call_validate(struct call *call, const struct rouse_xtrigger *xtrigger, struct error *error);
/* The next line it logged, or NULL; *at is 0 at first. The lines are used up by it. */
const char *call_log_line(struct call *call, size_t *at);
/* The results as a JSON object. */
void call_results(const struct call *call, struct text *out);

/* Whether the arguments are among these parameters (NULL ended, in order) and given once; if not,
 * false and call->fail. */
bool call_knows_arguments(struct rouse_call *call, const char *const *parameters);
/* Say what was found, for people who ask what a task waits for: for built-in ones. */
void call_note(struct rouse_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Whether a path said with again_when_changed could not be watched: for built-in ones. */
bool call_is_deaf(const struct rouse_call *call);
/* JSON: a text with its quotes, what is no UTF-8 as "?"; a number that is read back as the same
 * one. */
void json_add_text(struct text *out, const char *value);
void json_add_real(struct text *out, double number);

/* Whether an argument means true: True, true, 1; or false: False, false, 0. */
bool argument_is_true(const char *value);
bool argument_is_false(const char *value);

#endif

/* How an xtrigger that a task waits for stands, for `show` and `why`. */
#ifndef ROUSE_SHOW_XTRIGGER_H
#define ROUSE_SHOW_XTRIGGER_H

#include "coroutines/view.h"
#include <jansson.h>

enum { SHOW_TIME_MAX = 32 };

/* "2026-01-31T12:00:00Z", of microseconds since 1970-01-01T00Z. Returns buffer. */
const char *show_time(int64_t when, char *buffer);
/* Lines, each after `indent`: how often and when it was asked, what came of it, when it is asked
 * next, the last error. Nothing if nothing is known. */
void show_asked(const struct view *view, const char *signature, const char *indent,
                struct text *out);
/* The same as items of a task's xtrigger in JSON: calls, lastCall, verdict, found, nextCall,
 * lastError, lastErrorTime, and the lines as text. */
void show_asked_json(const struct view *view, const char *signature, json_t *xtrigger);

#endif

/* JSON and forms of the http xtrigger: members become results. */
#ifndef ROUSE_XTRIGGERS_HTTP_JSON_H
#define ROUSE_XTRIGGERS_HTTP_JSON_H

#include "base/error.h"
#include "xtriggers/rouse_xtrigger.h"
#include <jansson.h>

enum { HTTP_CONTENT_MAX = 4096 }; /* bytes of the result `content`; the rest is cut off */

/* A value as a result: what is no text, number, boolean or null is written as JSON. */
void http_result(struct rouse_call *call, const char *key, const json_t *value);
/* The first HTTP_CONTENT_MAX bytes, not cut within a character. */
void http_content(struct rouse_call *call, const char *bytes, size_t n);
/* The member "a.b.0": of objects by name, of arrays by number. NULL: there is none. */
const json_t *http_member(const json_t *value, const char *path);
/* A value as Python's str() would have it, texts without quotes; heap. */
char *http_text(const json_t *value);
/* What was posted, as an object: the members of a JSON object, the fields of a form, or "content"
 * for anything else; empty for no bytes. NULL and error if `type` (NULL: none is given) says it is
 * JSON and it is not. New reference. */
json_t *http_posted(const char *type, const char *bytes, size_t n, struct error *error);

#endif

/* Asking URLs: one thread of its own has all requests of this process under way at once; whoever
 * asked is woken when an answer is there. */
#ifndef ROUSE_XTRIGGERS_HTTP_ASK_H
#define ROUSE_XTRIGGERS_HTTP_ASK_H

#include "base/error.h"
#include "base/text.h"
#include "xtriggers/rouse_xtrigger.h"

enum {
    HTTP_ANSWER_MAX = 1024 * 1024,  /* bytes; a longer answer is an error */
    HTTP_REDIRECTS_MAX = 5,         /* that are followed */
    HTTP_AT_ONCE_MAX = 64,          /* connections; more requests wait for one */
    HTTP_AT_ONCE_OF_A_HOST_MAX = 8, /* connections to one host */
    HTTP_HEADERS_MAX = 32           /* of one request */
};

struct http_request;

struct http_question {
    const char *url, *method;
    const char *body;                      /* NULL: none */
    const char *headers[HTTP_HEADERS_MAX]; /* "Name: value" */
    size_t n_headers;
    double timeout; /* seconds, for everything */
};

struct http_answer {
    long status;       /* 200 */
    const char *error; /* why there is none; NULL: there is */
    const char *content;
    size_t n;
};

enum http_progress { HTTP_IDLE, HTTP_UNDER_WAY, HTTP_ANSWERED };

/* Wakes with the call's wake and waker, until http_request_drop. */
struct http_request *http_request_create(const struct rouse_call *call);
/* Begin to ask; returns at once. PRE: not under way. Negative and error: it cannot be begun. */
int http_request_start(struct http_request *request, const struct http_question *question,
                       struct error *error);
/* How it is going; HTTP_ANSWERED: ret_answer, valid until it is started again or dropped. */
enum http_progress http_request_look(struct http_request *request, struct http_answer *ret_answer);
/* The answer has been looked at: it is idle. The answer stays as long. */
void http_request_done(struct http_request *request);
/* Takes NULL. Nobody is woken once it has returned. */
void http_request_drop(struct http_request *request);

#endif

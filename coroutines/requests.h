/* What a client's command.request asks of the pool. */
#ifndef ROUSE_REQUESTS_H
#define ROUSE_REQUESTS_H

#include "coroutines/topics.h"
#include <jansson.h>

struct request {
    struct message command; /* pool.command; its texts point into the members below */
    struct text ids;        /* one a line; after an empty line the items */
    struct text items;      /* outputs or prerequisites to set, one a line */
    json_t *args;
    char *detail; /* heap text that the command's detail points to; NULL: none */
};

/* Check a command.request and translate it. -ENOTSUP for a command that is not there, -EINVAL or
 * -E2BIG with error for arguments that cannot be. The caller releases. */
int request_read(const struct message *asked, struct request *ret_request, struct error *error);
void request_release(struct request *request);

#endif

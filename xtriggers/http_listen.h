/* Listening for webhooks: the socket, and where its address is told. */
#ifndef ROUSE_XTRIGGERS_HTTP_LISTEN_H
#define ROUSE_XTRIGGERS_HTTP_LISTEN_H

#include "base/error.h"

/* A socket that listens at a numeric address, or negative and error. Its URL ("http://[::1]:8080/",
 * ret_url, heap) is written to .service/hooks-PORT of the run directory, PORT as it was asked for;
 * port 0 is one that is free: the one in that file if it still is. */
int http_listen(const char *run_dir, const char *address, unsigned port, char **ret_url,
                struct error *error);

#endif

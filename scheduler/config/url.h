/* The template variables of [meta]URL. */
#ifndef ROUSE_CONFIG_URL_H
#define ROUSE_CONFIG_URL_H

#include "base/error.h"
#include <stdbool.h>

/* Whether every "%(name)s" of the URL names something that will be known: `workflow`, and for a
 * task also `task`. *ret_old: one of the names of Cylc 7 is among them. */
int url_check(const char *url, bool of_task, bool *ret_old, struct error *error);

#endif

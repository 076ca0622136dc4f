/* The arguments of an xtrigger's signature, one by one. */
#ifndef ROUSE_CONFIG_XTRIGGER_ARGS_H
#define ROUSE_CONFIG_XTRIGGER_ARGS_H

#include "base/text.h"
#include <stdbool.h>

struct xtrigger_argument {
    struct slice name;  /* empty: by position */
    struct slice value; /* quotes taken off */
    bool quoted;
};

/* Take the next argument off "1, 'a, b', key=%(point)s"; false at the end. */
bool xtrigger_next_argument(struct slice *rest, struct xtrigger_argument *ret_argument);

#endif

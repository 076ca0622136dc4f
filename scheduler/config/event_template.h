/* Command lines of event handlers and footers of mail: "%(name)s" stands for a value; "%%" is a
 * per cent sign. Names and quoting are Cylc 8.4's. Pure. */
#ifndef ROUSE_EVENT_TEMPLATE_H
#define ROUSE_EVENT_TEMPLATE_H

#include "base/error.h"
#include "base/text.h"
#include <stdbool.h>

struct event_value {
    const char *name, *text;
};

/* Append `template` with its values filled in, each one word of a shell command with `quote`.
 * -EINVAL and error for a name that is not among them or a per cent sign that means nothing; out is
 * as before then. *ret_filled (may be NULL): whether there was anything to fill in. */
int event_template_fill(const char *template, bool quote, const struct event_value *values,
                        size_t n, struct text *out, bool *ret_filled, struct error *error);

/* One word of a shell command: as it is if it needs no quotes, else between single ones. */
void shell_word_add(struct text *out, const char *word);

#endif

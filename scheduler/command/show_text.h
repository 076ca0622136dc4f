/* What `show` prints of an answer, in Cylc 8.4's form. */
#ifndef ROUSE_SHOW_TEXT_H
#define ROUSE_SHOW_TEXT_H

#include "base/text.h"
#include <jansson.h>

/* Append title, description, items of the user's own and URL. */
void show_text_meta(const json_t *meta, struct text *out);
/* Append everything about an instance. */
void show_text_task(const char *id, const json_t *task, struct text *out);
/* Append its conditions only, one a line. */
void show_text_conditions(const json_t *task, struct text *out);

#endif

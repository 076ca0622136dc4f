/* What `broadcast` prints. Pure. */
#ifndef ROUSE_BROADCAST_TEXT_H
#define ROUSE_BROADCAST_TEXT_H

#include "base/text.h"
#include <jansson.h>
#include <stdbool.h>

/* "Broadcast set:", and a line for each of `modified`; nothing if there is none. */
void broadcast_text_changes(const json_t *modified, bool set, struct text *out);
/* What of a command had no effect; nothing if all had. */
void broadcast_text_bad(const json_t *bad, bool set, struct text *out);
/* A tree of objects, sorted, drawn with lines; box: of Unicode. */
void broadcast_text_tree(const json_t *tree, bool box, struct text *out);
/* As Python writes it. */
void broadcast_text_python(const json_t *value, struct text *out);

#endif

/* What clients may ask, and the answers that fit into one message. Those that do not are streams.h.
 */
#ifndef ROUSE_QUERIES_H
#define ROUSE_QUERIES_H

#include "coroutines/cast.h"
#include "coroutines/choose.h"
#include "coroutines/view.h"
#include <jansson.h>

/* New reference: name, owner, host, status, how many tasks are in which state. */
json_t *query_workflow(const struct view *view, const struct cast_context *context);

/* candidates: see choose.h. 0 and ret_data (a new reference); -ENOSYS: there is no such query; else
 * what is wrong with it. */
int query_answer(const struct view *view, const struct cast_context *context, struct slice name,
                 const json_t *args, const struct candidates *candidates, json_t **ret_data,
                 struct error *error);

#endif

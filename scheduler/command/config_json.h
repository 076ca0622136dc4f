/* A configuration as JSON. */
#ifndef ROUSE_CONFIG_JSON_H
#define ROUSE_CONFIG_JSON_H

#include "scheduler/config/item.h"
#include <jansson.h>

/* An item's value, or a section as an object in the order of definition. Intervals are texts in
 * normal form, xtriggers objects. `null` stands for what is empty; NULL: null, "" or []. */
json_t *item_json(const struct item *item, const char *null);

#endif

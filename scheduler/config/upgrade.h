/* Names of Cylc 7 that Cylc 8 still reads: moved to the new name with a warning, or dropped where
 * they mean nothing any more. Comes before the schema's check, which knows only today's names. */
#ifndef ROUSE_CONFIG_UPGRADE_H
#define ROUSE_CONFIG_UPGRADE_H

#include "scheduler/config/schema.h"

int upgrade_items(struct item_tree *tree, const struct warner *warner, struct error *error);

#endif

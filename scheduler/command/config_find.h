/* From what a user writes after --item to a section or an item. */
#ifndef ROUSE_CONFIG_FIND_H
#define ROUSE_CONFIG_FIND_H

#include "scheduler/config/schema.h"

/* "[section][subsection]item", "[section]", "section". NULL and an error whose text begins with the
 * name that Cylc has for it: ItemNotFoundError for what is not set, InvalidConfigError for what the
 * table does not know. */
const struct item *config_find(const struct item_tree *tree, const struct schema *schema,
                               const char *name, struct error *error);

#endif

/* The whole configuration as it counts, for printing and comparing: what the file sets after
 * include-files, templates, old names, parameters and inheritance. */
#ifndef ROUSE_CONFIG_MERGED_H
#define ROUSE_CONFIG_MERGED_H

#include "scheduler/config/load.h"

/* Fill `tree` (initialised, empty; its arena lives as long as the workflow). PRE: everything is
 * loaded. */
void merged_make(struct loading *self, struct item_tree *tree);

/* Put in everything else that the table knows, with its default; what is set comes first. */
void tree_fill_defaults(struct item_tree *tree, const struct schema *schema);

#endif

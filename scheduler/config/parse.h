/* From lines to the tree of sections and items: headings, items, comments, continued lines, quoted
 * text over several lines, sections and items that repeat. Knows no item by name. */
#ifndef ROUSE_CONFIG_PARSE_H
#define ROUSE_CONFIG_PARSE_H

#include "scheduler/config/item.h"
#include "scheduler/config/source.h"

enum { SECTION_DEPTH_MAX = 8, PARSE_QUOTED_MAX = 80 };

/* Read all lines into `tree` (initialised, empty). Negative and error with file and line. The tree
 * points into the source's text. */
int parse_lines(const struct source *source, struct item_tree *tree, struct error *error);

#endif

/* The namespaces of a workflow in a tree of first parents, drawn with lines. Pure. */
#ifndef ROUSE_TREE_H
#define ROUSE_TREE_H

#include "base/text.h"
#include "scheduler/config/workflow.h"

/* Families above and the tasks of the graph as leaves, sorted by name, one a line. box: lines of
 * Unicode instead of ASCII. titles: the titles of tasks in a column. */
void tree_write(const struct workflow *workflow, bool box, bool titles, struct text *out);
/* Columns that UTF-8 text takes (one for each character). */
size_t text_columns(const char *text);

#endif

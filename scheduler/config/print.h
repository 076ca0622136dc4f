/* A configuration as text, in the form of the .cylc file format: what `config` prints. */
#ifndef ROUSE_CONFIG_PRINT_H
#define ROUSE_CONFIG_PRINT_H

#include "scheduler/config/item.h"

/* One value as it stands behind `=`: intervals in normal form, items of lists quoted where they
 * need it. `null` stands for one that is empty. */
void value_print(const struct value *value, const char *null, struct text *out);
/* What the section holds, items before sections; `level` is the depth of the items (1 for those of
 * a top section's heading). null NULL: what is set to nothing is left out, but for strings, and
 * sections that hold nothing are, too. */
void section_print(const struct item *section, int level, const char *null, struct text *out);

/* Seconds as an ISO 8601 duration in days and less: "PT1H30M", "P7D", "PT0,5S", "P0Y" for none. */
void duration_print(double seconds, struct text *out);
/* As Python writes a float: "10.0", "1.5". */
void number_print(double number, struct text *out);

#endif

/* How `scan` prints a workflow, in each of its formats. */
#ifndef ROUSE_SCAN_PRINT_H
#define ROUSE_SCAN_PRINT_H

#include "base/vec.h"
#include "scheduler/net/contact.h"
#include "scheduler/run/resolve.h"
#include <jansson.h>
#include <stdbool.h>

enum scan_format { SCAN_PLAIN, SCAN_NAME, SCAN_RICH, SCAN_TREE, SCAN_JSON };

struct scan_printer {
    enum scan_format format;
    json_t *list;         /* JSON: printed at the end */
    VEC(char *) branches; /* a tree: names, printed at the end */
};

bool scan_read_format(const char *text, enum scan_format *ret_format);
void scan_print_begin(struct scan_printer *printer, enum scan_format format);
/* contact NULL: it is stopped. workflow, meta: the scheduler's answers to "workflow" and "show",
 * NULL if it was not asked or did not answer. */
void scan_print(struct scan_printer *printer, const struct workflow_place *place,
                const struct contact *contact, const json_t *workflow, const json_t *meta);
void scan_print_end(struct scan_printer *printer);

#endif

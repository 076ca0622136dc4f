/* `report-timings --web-summary`: a page that needs nothing but itself. */
#ifndef ROUSE_TIMINGS_PAGE_H
#define ROUSE_TIMINGS_PAGE_H

#include "base/text.h"

struct task_timings { /* in seconds, sorted; jobs of one task */
    const char *name;
    size_t n;
    const double *queued, *run, *total;
};

/* The page for these tasks: a table and, for each, a drawing of how its jobs' times are spread.
 * Names may hold anything. */
void timings_page(const char *workflow, const struct task_timings *tasks, size_t n,
                  struct text *out);
/* Of n sorted values the one below which `part` (0 to 1) of them lie. */
double timings_quantile(const double *sorted, size_t n, double part);

#endif

/* What rules.c and rules_users.c share. */
#ifndef ROUSE_SIM_RULES_INSIDE_H
#define ROUSE_SIM_RULES_INSIDE_H

#include "tests/sim/rules.h"

/* The outputs of a parent (0 or 1 points back) that the prerequisites of a task name. */
unsigned rules_mentioned(const struct spec *spec, int task, int point, int parent, int back);
/* At this point nobody spawns it but its sequence. */
bool rules_has_no_parents(const struct spec *spec, int task, int point);
/* Beyond the last: none. */
int rules_next_point(const struct spec *spec, int task, int point);
bool rules_is_complete(const struct rules *rules, int task, const struct rules_place *place);
/* Into the pool, whatever was before. */
struct rules_place *rules_spawn(struct rules *rules, int task, int point, unsigned flows);
/* NULL: it does not come (again). One that is there is in these flows, too, from now on. */
struct rules_place *rules_find_or_spawn(struct rules *rules, int task, int point, unsigned flows);
void rules_merge(struct rules *rules, struct rules_place *place, unsigned flows);
/* That it was in the pool in its flows is remembered. */
void rules_be_in(struct rules_place *place);
void rules_add_cursor(struct rules *rules, int task, unsigned flows, int next);
void rules_end_job(struct rules *rules, int task, int point, bool killed);

#endif

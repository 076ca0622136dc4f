/* From what the cast says to the rows in memory. */
#ifndef ROUSE_DB_APPLY_H
#define ROUSE_DB_APPLY_H

#include "db/store.h"

typedef int applier(struct db *db, const struct message *m, struct error *error);
/* apply_workflow.c: of topics about no instance. NULL: the topic is none. */
extern applier *const workflow_appliers[TOPICS_N];

/* Whether the topic changes anything in the database. */
bool apply_changes(enum topic topic);
int apply_message(struct db *db, const struct message *message, struct error *error);

/* A member of a family trigger is satisfied: number, value, point and flows of `message`. */
void apply_group_member(struct db *db, const struct message *message);

#endif

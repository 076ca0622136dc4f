/* From what the cast says to the rows in memory. */
#ifndef ROUSE_DB_APPLY_H
#define ROUSE_DB_APPLY_H

#include "db/store.h"

/* Whether the topic changes anything in the database. */
bool apply_changes(enum topic topic);
int apply_message(struct db *db, const struct message *message, struct error *error);

/* A member of a family trigger is satisfied: number, value, point and flows of `message`. */
void apply_group_member(struct db *db, const struct message *message);

#endif

/* A database that Cylc wrote: what rouse keeps in tables of its own is derived from Cylc's, once,
 * so that everything after that is a restart like any other. */
#ifndef ROUSE_DB_ADOPT_H
#define ROUSE_DB_ADOPT_H

#include "db/store.h"

/* Does nothing to a database that rouse has begun or adopted already. In one transaction, committed
 * at once. PRE: the workflow is set, nothing is dirty. Negative and error. */
int adopt_database(struct db *db, struct error *error);

#endif

/* The tables of the run database. */
#ifndef ROUSE_DB_SCHEMA_H
#define ROUSE_DB_SCHEMA_H

#include "base/error.h"
#include <sqlite3.h>

/* Make what is missing, tables and columns, in one transaction; a database that Cylc wrote is noted
 * as such (rouse_state: foreign). -ENOTSUP: a newer version wrote it. */
int schema_create(sqlite3 *connection, struct error *error);

#endif

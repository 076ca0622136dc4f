/* The tables of the run database. */
#ifndef ROUSE_DB_SCHEMA_H
#define ROUSE_DB_SCHEMA_H

#include "base/error.h"
#include <sqlite3.h>

/* Make what is missing; tables that exist are left alone. In one transaction. */
int schema_create(sqlite3 *connection, struct error *error);

#endif

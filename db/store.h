/* The run database as the files of db/ see it. */
#ifndef ROUSE_DB_STORE_H
#define ROUSE_DB_STORE_H

#include "db/db.h"
#include "db/later.h"
#include "db/rows.h"
#include "db/statement.h"

/* A family trigger with more members or children than this has no rows in task_prerequisites:
 * keeping them would cost members times children. rouse_groups has it all. */
enum { GROUP_ROWS_MAX = 16 };

/* Instances kept in memory between commits (about 100 MB): those beyond are read again. */
enum { INSTANCES_KEPT_MAX = 250000 };

struct db {
    char *path;
    struct statements sql;
    struct db_faults faults;
    const struct workflow *workflow;
    uint64_t *absolute; /* by task: outputs that absolute triggers refer to */
    struct forms forms;
    struct instance *instances; /* hash */
    unsigned instances_max;
    VEC(struct instance *) dirty;
    struct later later;
    size_t rows_written, instances_written; /* of `later` and `dirty`, in the open transaction */
    bool in_transaction;
    bool changed;       /* since the last commit */
    bool guest;         /* another connection writes: leave the file as it is */
    int64_t now;        /* latest time heard */
    uint32_t flow_last; /* highest flow known to workflow_flows */
};

/* Begin a transaction if none is open (so that reads see one state). */
int db_begin(struct db *db, struct error *error);

/* The tasks' names and ancestors; new ones are known to be new. In the open transaction. */
int db_put_names(struct db *db, struct error *error);

/* flush.c: write what is dirty and not yet written in the open transaction, at most n rows of
 * `later` or instances; changes nothing that is kept. 1: there is more. */
int flush(struct db *db, size_t n, struct error *error);
/* flush.c: what was written is rolled back. */
void flush_undone(struct db *db);
/* flush.c: what was written is durable; it was all. */
void flush_done(struct db *db);

#endif

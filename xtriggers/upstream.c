/* See upstream.h. rouse's scheduler appends each commit to its write-ahead log, which is there as
 * long as it runs. Without one, the database is there (a Cylc scheduler writes into it; or nobody
 * does, until a scheduler is started) or not yet: that may change without the file that is followed
 * saying so, and the interval holds besides. A look changes none of the files that are followed. */
#define ROUSE_TOUCHES_THE_WORLD
#include "xtriggers/upstream.h"
#include "base/memory.h"
#include "xtriggers/follow.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

const char *upstream_argument(const struct rouse_call *call, const char *name, size_t position)
{
    const char *value = call_argument(call, name, position);
    return value && *value && strcmp(value, "None") != 0 ? value : NULL;
}

int upstream_fail(struct rouse_call *call, const char *reason)
{
    call->fail(call, reason);
    return -1;
}

static void wait_for_commit(struct rouse_call *call, const char *database)
{
    char *log = str_format("%s-wal", database);
    bool running = access(log, R_OK) == 0, there = access(database, R_OK) == 0;
    char *path = running ? str_copy(log) : there ? str_copy(database) : follow_directory(database);
    bool told = follow_is_told(call, path);
    if (told)
        call->again_when_changed(call, path);
    if (!told || !running)
        call->again_after(call, call->interval);
    free(path);
    free(log);
}

enum rouse_verdict upstream_verdict(struct rouse_call *call, const char *database, int found,
                                    const struct error *error)
{
    if (found > 0)
        return ROUSE_SATISFIED;
    if (found < 0 && found != -ENOENT && found != -EBUSY) {
        call->fail(call, error->text);
        return ROUSE_ERROR;
    }
    if (found == -ENOENT)
        call_note(call, "there is no %s", database);
    if (found == 0)
        call_note(call, "no such state in %s", database);
    wait_for_commit(call, database);
    return ROUSE_NOT_YET;
}

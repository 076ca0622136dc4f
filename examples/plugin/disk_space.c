/* disk_space(path, megabytes): satisfied when the file system that holds `path` has that much free.
 * Result: free, in megabytes. An example of a rouse xtrigger plugin. */
#include "rouse_xtrigger.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

/* The argument called `name`, or else the one at `position`. */
static const char *argument(const struct rouse_call *call, const char *name, size_t position)
{
    for (size_t i = 0; i < call->n; i++)
        if (call->names[i] ? strcmp(call->names[i], name) == 0 : i == position)
            return call->values[i];
    return NULL;
}

static int validate(struct rouse_call *call)
{
    const char *path = argument(call, "path", 0), *wanted = argument(call, "megabytes", 1);
    char *end = NULL;
    if (path && *path && wanted && strtod(wanted, &end) >= 0 && end != wanted && !*end)
        return 0;
    call->fail(call, "a path and a number of megabytes are needed");
    return -1;
}

static enum rouse_verdict ask(struct rouse_call *call)
{
    struct statvfs info;
    if (statvfs(argument(call, "path", 0), &info) != 0) {
        call->fail(call, "cannot look at the file system of that path");
        return ROUSE_ERROR;
    }
    double megabytes = (double)info.f_bavail * (double)info.f_frsize / 1e6;
    if (megabytes < strtod(argument(call, "megabytes", 1), NULL))
        return ROUSE_NOT_YET; /* asked again at the workflow's interval */
    char text[32];
    snprintf(text, sizeof text, "%.0f", megabytes);
    call->result(call, "free", text);
    return ROUSE_SATISFIED;
}

const struct rouse_xtrigger *rouse_xtrigger_v1(void);

const struct rouse_xtrigger *rouse_xtrigger_v1(void)
{
    static const struct rouse_xtrigger disk_space = {.abi = ROUSE_XTRIGGER_ABI,
                                                     .flags = ROUSE_BLOCKS, /* NFS may hang */
                                                     .name = "disk_space",
                                                     .usage = "disk_space(path, megabytes)",
                                                     .validate = validate,
                                                     .ask = ask};
    return &disk_space;
}

/* See version_check.h. */
#include "scheduler/command/version_check.h"
#include <errno.h>
#include <stdio.h>

#include "base/banned.h"

enum { OLDEST_MAJOR = 8 }; /* before that, databases were different */

struct version {
    int major, minor;
};

static bool version_read(const char *text, struct version *ret_version)
{
    return sscanf(text, "%d.%d", &ret_version->major, &ret_version->minor) == 2;
}

int version_check(const char *last, const char *level, bool upgrade, bool downgrade,
                  struct error *error)
{
    struct version then, now;
    if (!last || !version_read(last, &then) || !version_read(level, &now))
        return 0;
    if (then.major < OLDEST_MAJOR)
        return error_set(error, -ENOTSUP,
                         "this workflow was last run with Cylc %s: it cannot be restarted with "
                         "Cylc %s",
                         last, level);
    int newer = now.major != then.major ? now.major - then.major : now.minor - then.minor;
    if (newer > 0 && !upgrade)
        return error_set(error, -ENOTSUP,
                         "this workflow was last run with Cylc %s, this is %s: use --upgrade to "
                         "restart it with the newer version",
                         last, level);
    if (newer < 0 && !downgrade)
        return error_set(error, -ENOTSUP,
                         "this workflow was last run with Cylc %s, this is %s: it is not advisable "
                         "to go back to an older version (use --downgrade to do so all the same)",
                         last, level);
    return 0;
}

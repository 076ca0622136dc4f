/* Checking URL templates, which are filled in much later, when somebody asks. */
#include "scheduler/config/url.h"
#include "base/text.h"
#include <errno.h>
#include <string.h>

#include "base/banned.h"

int url_check(const char *url, bool of_task, bool *ret_old, struct error *error)
{
    *ret_old = false;
    for (const char *at = strstr(url, "%("); at; at = strstr(at, "%(")) {
        const char *end = strchr(at, ')');
        struct slice name = {at + 2, end ? (size_t)(end - at) - 2 : 0};
        bool old = slice_equal(name, "suite_name") || (of_task && slice_equal(name, "task_name"));
        bool known = old || slice_equal(name, "workflow") || (of_task && slice_equal(name, "task"));
        if (!end || end[1] != 's' || !known)
            return error_set(error, -EINVAL, "invalid template %s: expected %%(workflow)s%s", url,
                             of_task ? " or %(task)s" : "");
        *ret_old |= old;
        at = end;
    }
    return 0;
}

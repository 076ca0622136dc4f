/* The names of the task states. */
#include "pool/status.h"
#include <string.h>

#include "base/banned.h"

const char *const task_status_names[STATUSES] = {
    [STATUS_WAITING] = "waiting",     [STATUS_PREPARING] = "preparing",
    [STATUS_SUBMITTED] = "submitted", [STATUS_RUNNING] = "running",
    [STATUS_SUCCEEDED] = "succeeded", [STATUS_FAILED] = "failed",
    [STATUS_EXPIRED] = "expired",     [STATUS_SUBMIT_FAILED] = "submit-failed",
};

enum task_status task_status_of(const char *name)
{
    for (int status = 0; status < STATUSES; status++)
        if (strcmp(task_status_names[status], name) == 0)
            return (enum task_status)status;
    return STATUSES;
}
